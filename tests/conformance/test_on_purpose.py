"""docs/conformance.md is the table of what differs on purpose from the SDK, row by row, and each row shows in a test."""

from __future__ import annotations

import re
from pathlib import Path

from tests.conformance import test_oracle, test_sdk_infrastructure
from tests.conformance.on_purpose import ON_PURPOSE, explained

PAGE = Path(__file__).resolve().parents[2] / "docs" / "conformance.md"
_ROW = re.compile(r"^\| ([^|]+) \| ([^|]+) \| ([^|]+) \| ([^|]+) \| ([^|]+) \|$", re.MULTILINE)


IN_STEPS = {"compression of models", "outputs of notebooks"}
"""Differences that show in test_sdk_steps.py only, which fails where one of its own does not show."""


def rows() -> list[tuple[str, ...]]:
    """The rows of the page's table, in its order."""
    found = [match.groups() for match in _ROW.finditer(PAGE.read_text(encoding="utf-8"))]
    assert found[0] == ("name", "where", "ours", "the SDK's", "why")
    return found[1:]


def test_the_page_has_the_differences_of_the_tests_and_no_others() -> None:
    told = [
        (name, ", ".join(f"`{where}`" for where in about.where), about.ours, about.theirs, about.reason)
        for name, about in ON_PURPOSE.items()
    ]
    assert rows() == told


def test_every_difference_shows_in_a_case() -> None:
    shown: set[str] = set().union(*test_oracle.CASES.values(), *(names for *_, names in test_sdk_infrastructure.CASES.values()))
    assert shown | IN_STEPS == set(ON_PURPOSE)


def test_what_no_difference_explains_is_told() -> None:
    paths = ["Steps.A.Arguments.StoppingCondition", "Steps.A.Arguments.RoleArn", "Steps.A.Arguments.StoppingConditions"]
    assert explained(paths) == ({"time limit"}, {"Steps.A.Arguments.RoleArn", "Steps.A.Arguments.StoppingConditions"})


def test_the_page_names_every_case() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert [name for name in test_oracle.CASES if f"`{name}`" not in text] == []
