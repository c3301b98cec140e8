"""What another deploy has done meanwhile, told from what is there."""

from __future__ import annotations

from dataclasses import replace

import pytest

from framework.deploy.mark import mark_of, under_way
from framework.deploy.plan import diff, expected
from framework.deploy.rivals import interfered, refuse_moved
from framework.errors import BackendError
from framework.pipeline.compiled import CompiledPipeline

OLD = CompiledPipeline("churn", {"Version": "2020-12-01", "Steps": []}, role="arn:aws:iam::1:role/a", description="a")
NEW = replace(OLD, definition={"Version": "2020-12-01", "Steps": [{"Name": "stop", "Type": "Fail", "Arguments": {}}]})
THERE = replace(expected(OLD, None), arn="arn", mark=mark_of(OLD, None), modified="yesterday")
PLAN = diff(NEW, THERE)
CLAIM = under_way(mark_of(NEW, THERE), THERE)
OTHERWISE = {
    "arn": "another",
    "definition": {"Version": "2020-12-01", "Steps": [{"Name": "theirs", "Type": "Fail", "Arguments": {}}]},
    "role": "arn:aws:iam::1:role/b",
    "description": "b",
    "display_name": "B",
    "parallelism": 7,
    "tags": ({"Key": "team", "Value": "b"},),
}


@pytest.mark.parametrize("part", OTHERWISE)
def test_each_part_that_has_moved_is_a_reason_to_refuse(part: str) -> None:
    with pytest.raises(BackendError, match="since then it was changed at today"):
        refuse_moved(PLAN, THERE, replace(THERE, modified="today", **{part: OTHERWISE[part]}))


def test_what_has_not_moved_is_none() -> None:
    refuse_moved(PLAN, THERE, THERE)
    refuse_moved(PLAN, THERE, replace(THERE, mark=CLAIM), CLAIM)
    refuse_moved(PLAN, THERE, replace(THERE, modified="today"))


def test_the_claim_of_another_is_a_reason_to_refuse() -> None:
    theirs = under_way("1:0.0.0.0.0.0", THERE)
    with pytest.raises(BackendError, match="another deploy of it has begun since the plan was made"):
        refuse_moved(PLAN, THERE, replace(THERE, mark=theirs), CLAIM)


def test_a_pipeline_that_is_gone() -> None:
    with pytest.raises(BackendError, match="since then it is gone"):
        refuse_moved(PLAN, THERE, None)
    assert interfered(PLAN, THERE, None) == ["pipeline"]


@pytest.mark.parametrize("part", sorted(OTHERWISE.keys() - {"arn"}))
def test_what_is_neither_as_before_nor_as_planned_is_somebody_elses(part: str) -> None:
    planned = replace(expected(NEW, THERE), mark=CLAIM)
    names = {"display_name": "display name", "tags": "tag team"}

    assert interfered(PLAN, THERE, planned) == interfered(PLAN, THERE, THERE) == []
    left = part in {"display_name", "parallelism"}  # the configuration leaves them to anybody
    expected_parts = [] if left else [names.get(part, part)]
    assert interfered(PLAN, THERE, replace(planned, **{part: OTHERWISE[part]})) == expected_parts
