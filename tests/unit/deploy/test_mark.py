"""The mark: what a pipeline's tag tells of its last deploy."""

from __future__ import annotations

import dataclasses

import pytest

from framework.deploy.beside import Beside
from framework.deploy.mark import PARTS, Drift, drift, is_of, mark_of, under_way, without_mark
from framework.deploy.plan import MARK, expected

GIVEN = {"description": "d", "display_name": "n", "parallelism": 2, "tags": ({"Key": "team", "Value": "risk"},)}
OTHERS = {
    "definition": {"definition": {"Steps": []}},
    "role": {"role": "arn:aws:iam::123456789012:role/other"},
    "description": {"description": "other"},
    "display name": {"display_name": "other"},
    "parallelism": {"parallelism": 3},
    "tags": {"tags": ({"Key": "team", "Value": "other"},)},
}


@pytest.fixture
def there(compiled, as_deployed):
    def build(**members):
        pipeline = compiled(**members)
        return pipeline, dataclasses.replace(as_deployed(pipeline), mark=mark_of(pipeline, None))

    return build


def test_a_mark_is_a_legal_value_of_a_tag(there):
    pipeline, deployed = there(**GIVEN)
    mark = mark_of(pipeline, None, (NIGHTLY,))
    longest = under_way(mark, dataclasses.replace(deployed, mark=mark))

    assert len(longest) <= 256
    assert set(longest) <= set("0123456789abcdef.:/-")


def test_as_it_was_deployed(there):
    pipeline, deployed = there(**GIVEN)

    assert drift(deployed) == Drift("same")
    assert is_of(pipeline, deployed)
    assert drift(dataclasses.replace(deployed, modified="later")) == Drift("same")


@pytest.mark.parametrize("part", PARTS)
def test_each_part_that_somebody_changed_is_named(there, part):
    _, deployed = there(**GIVEN)

    assert drift(dataclasses.replace(deployed, **OTHERS[part])) == Drift("changed", (part,))


def test_all_parts_at_once(there):
    _, deployed = there(**GIVEN)
    members = {name: value for part in OTHERS.values() for name, value in part.items()}

    assert drift(dataclasses.replace(deployed, **members)) == Drift("changed", PARTS)


@pytest.mark.parametrize("part", ["description", "display name", "parallelism"])
def test_what_the_configuration_leaves_may_be_anything(there, part):
    _, deployed = there()

    assert drift(dataclasses.replace(deployed, **OTHERS[part])) == Drift("same")


def test_tags_of_the_service_are_nobodys_change(there):
    _, deployed = there(**GIVEN)
    tags = (*deployed.tags, {"Key": "sagemaker:domain-arn", "Value": "x"})

    assert drift(dataclasses.replace(deployed, tags=tags)) == Drift("same")


def test_an_update_that_is_not_finished(there, compiled):
    _, before = there(**GIVEN)
    pipeline = compiled(**{**GIVEN, "description": "new", "tags": ()}, root={"Metadata": {"x": "1"}})
    begun = dataclasses.replace(before, mark=under_way(mark_of(pipeline, before), before))
    half = dataclasses.replace(begun, definition=dict(pipeline.definition), description="new")
    whole = dataclasses.replace(expected(pipeline, half), mark=begun.mark)

    assert drift(begun) == drift(half) == drift(whole) == Drift("unfinished")
    assert drift(dataclasses.replace(half, tags=({"Key": "team", "Value": "half"},))) == Drift("unfinished")
    assert drift(dataclasses.replace(half, role="arn:aws:iam::123456789012:role/other")) == Drift("changed", ("role",))
    assert drift(dataclasses.replace(whole, mark=mark_of(pipeline, begun))) == Drift("same")


@pytest.mark.parametrize("mark", ["", "2:abc", "1:zz", "1:" + ".".join(["-"] * 5), "1:" + ".".join(["0" * 15] * 6)])
def test_what_is_no_mark_says_nothing(there, mark):
    _, deployed = there()

    assert drift(dataclasses.replace(deployed, mark=mark)) == Drift("unknown")


NIGHTLY = Beside("trigger", "nightly", "schedule smp-churn/nightly", "a", "a")
OTHER_THINGS = (Beside("bucket", "lake", "bucket lake", "silent", "tells"), Beside("model package group", "g", "g", "", "x"))


def test_what_starts_the_pipeline(there):
    pipeline, deployed = there(**GIVEN)
    marked = dataclasses.replace(deployed, mark=mark_of(pipeline, None, (NIGHTLY, *OTHER_THINGS)))
    changed, gone = dataclasses.replace(NIGHTLY, found="x"), dataclasses.replace(NIGHTLY, found="")

    assert drift(marked, (NIGHTLY,)) == drift(marked) == Drift("same")
    assert drift(marked, (dataclasses.replace(NIGHTLY, wanted="x"),)) == Drift("same")
    for found in ((changed,), (gone,), (), (NIGHTLY, dataclasses.replace(NIGHTLY, thing="schedule smp-churn/more"))):
        assert drift(marked, found) == Drift("changed", ("triggers and notifications",))
    assert drift(dataclasses.replace(marked, role="x"), (changed,)) == Drift("changed", ("role", "triggers and notifications"))
    assert is_of(pipeline, marked, (changed,))
    assert not is_of(pipeline, marked, (dataclasses.replace(NIGHTLY, wanted="x"),))
    assert not is_of(pipeline, marked, ())


def test_the_mark_of_a_pipeline_without_triggers_is_as_it_always_was(there):
    pipeline, deployed = there(**GIVEN)

    assert mark_of(pipeline, deployed, OTHER_THINGS) == mark_of(pipeline, deployed, ()) == mark_of(pipeline, deployed)
    assert drift(deployed, (NIGHTLY,)) == Drift("same")


def test_what_leaves_triggers_alone_keeps_what_the_mark_says_of_them(there, compiled):
    pipeline, deployed = there(**GIVEN)
    marked = dataclasses.replace(deployed, mark=mark_of(pipeline, None, (NIGHTLY,)))
    begun = dataclasses.replace(marked, mark=under_way(marked.mark, marked))

    assert mark_of(pipeline, marked) == marked.mark
    assert mark_of(pipeline, begun) == marked.mark
    assert drift(begun, ()) == Drift("unfinished")


def test_what_a_deploy_that_did_not_end_made_of_triggers_is_not_known(there):
    pipeline, deployed = there(**GIVEN)
    begun = dataclasses.replace(deployed, mark=under_way(mark_of(pipeline, deployed, (NIGHTLY,)), deployed))

    assert mark_of(pipeline, begun) == deployed.mark


def test_no_pipeline(compiled):
    assert drift(None) == Drift("missing")
    assert not is_of(compiled(), None)


def test_another_configuration_was_deployed(there, compiled):
    _, deployed = there(**GIVEN)

    assert not is_of(compiled(**{**GIVEN, "description": "new"}), deployed)


def test_the_mark_is_taken_out_of_the_tags(there):
    _, deployed = there()
    tagged = dataclasses.replace(deployed, tags=({"Key": MARK, "Value": "x"}, {"Key": "a", "Value": "b"}), mark="")

    assert (without_mark(tagged).mark, without_mark(tagged).tags) == ("x", ({"Key": "a", "Value": "b"},))
