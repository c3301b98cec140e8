"""A plan on disk: what it holds, and what has moved since."""

from __future__ import annotations

import dataclasses
import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from framework import __version__
from framework.deploy.beside import Beside
from framework.deploy.identity import Identity
from framework.deploy.plan import diff, expected
from framework.deploy.saved import Circumstances, is_saved, moved, saved
from framework.pipeline.compiled import PackageRequest, Upload

HERE = Circumstances(Identity("123456789012", "eu-west-1"), {"conf.yaml": "a", "train.py": "b"}, {"overrides": []})
STEP = {"Name": "a", "Type": "Training", "Arguments": {"HyperParameters": {"depth": "6"}}}
DEEPER = {**STEP, "Arguments": {"HyperParameters": {"depth": "8"}}}
TAGS = ({"Key": "kept", "Value": "1"}, {"Key": "changed", "Value": "1"}, {"Key": "removed", "Value": "1"})
WANTED = ({"Key": "added", "Value": "1"}, {"Key": "kept", "Value": "1"}, {"Key": "changed", "Value": "2"})


@pytest.fixture
def old(compiled, as_deployed):
    return as_deployed(compiled(STEP, tags=TAGS, description="old"))


@pytest.fixture
def new(compiled):
    def build(**members):
        given = {"tags": WANTED, "description": "new", "uploads": (Upload("s3://models/x", "1" * 64, b"x"),), **members}
        return compiled(DEEPER, **given)

    return build


def since(plan, again, around=HERE, now=HERE):
    data = json.loads(json.dumps(saved(plan, around)))
    assert is_saved(data)
    return moved(data, again, now)


def test_nothing_moved(old, new):
    assert since(diff(new(), old), diff(new(), old)) == []
    assert since(diff(new(), None), diff(new(), None)) == []


def test_what_the_plan_itself_did_before_it_was_interrupted_is_no_move(old, new):
    plan = diff(new(), old)
    then = expected(new(), old)
    halves = [
        dataclasses.replace(old, definition=then.definition, description=then.description),
        dataclasses.replace(then, tags=old.tags),
        dataclasses.replace(then, tags=tuple(tag for tag in old.tags if tag["Key"] != "removed")),
        then,
    ]

    assert [since(plan, diff(new(), half)) for half in halves] == [[]] * 4
    assert since(diff(new(), None), diff(new(), expected(new(), None))) == []


def test_each_change_in_the_account_is_named(old, new):
    plan = diff(new(), old)
    changes = {
        "the definition of the pipeline was changed": {"definition": {}},
        "the role of the pipeline was changed": {"role": "other"},
        "the description of the pipeline was changed": {"description": "other"},
        "the display name of the pipeline was changed": {"display_name": "other"},
        "the parallelism of the pipeline was changed": {"parallelism": 7},
        "the tag kept of the pipeline was changed": {"tags": ({"Key": "kept", "Value": "9"}, *TAGS[1:])},
        "the tag more of the pipeline was changed": {"tags": (*TAGS, {"Key": "more", "Value": "9"})},
    }

    for reason, members in changes.items():
        assert since(plan, diff(new(), dataclasses.replace(old, **members))) == [reason]
    assert since(plan, diff(new(), None)) == ["the pipeline is gone"]
    assert since(diff(new(), None), diff(new(), old)) == ["there is a pipeline of this name now"]


def test_elsewhere(old, new):
    plan = diff(new(), old)

    def now(account, region):
        return dataclasses.replace(HERE, identity=Identity(account, region))

    assert since(plan, plan, now=now("999999999999", "eu-west-1")) == [
        "it was made in account 123456789012, and this is 999999999999"
    ]
    assert since(plan, plan, now=now("123456789012", "us-east-1")) == ["it was made in region eu-west-1, and this is us-east-1"]
    assert since(plan, plan, now=now("", "eu-west-1")) == []
    assert since(plan, plan, around=now("", "eu-west-1")) == []


def test_another_version_of_the_tool(old, new):
    plan = diff(new(), old)

    assert moved({**saved(plan, HERE), "framework": "0.0.1"}, plan, HERE) == [
        f"it was made by smp 0.0.1, and this is {__version__}"
    ]


def test_another_pipeline(old, new):
    plan = diff(new(), old)
    other = diff(dataclasses.replace(new(), name="other"), old)

    assert since(plan, other) == ["it is for pipeline churn, and the configuration is that of other"]


def test_files(old, new):
    plan = diff(new(), old)
    now = dataclasses.replace(HERE, inputs={"conf.yaml": "z", "more.yaml": "c"})

    assert since(plan, plan, now=now) == ["conf.yaml was changed", "more.yaml is new", "train.py is gone"]


def test_the_same_files_come_to_something_else(old, new):
    plan = diff(new(), old)
    others = {"overrides": ["a=b"]}
    variable = "an environment variable is not what it was"

    assert since(plan, diff(new(description="x"), old)) == [f"the same files make another description: {variable}"]
    assert since(plan, diff(new(kms_key="k"), old)) == [f"the same files make another KMS key: {variable}"]
    assert since(plan, diff(new(tags=(), role="r"), old)) == [f"the same files make another role and list of tags: {variable}"]
    assert since(plan, diff(new(parallelism=2), old), now=dataclasses.replace(HERE, options=others)) == [
        "the same files make another parallelism: the options are not those that it was made with"
    ]
    bundle = (Upload("s3://models/x", "2" * 64, b"y"),)
    assert since(plan, diff(new(uploads=bundle), old)) == ["the code bundles are other ones"]


def test_another_version_of_a_registered_model(old, new):
    requests = (PackageRequest("ChurnModelPackage", "churn"),)

    def found(arn):
        return dataclasses.replace(diff(new(model_packages=requests), old), packages=(("ChurnModelPackage", arn),))

    assert since(found("arn:1"), found("arn:2")) == [
        "another version of a registered model is found: ChurnModelPackage is now arn:2"
    ]


def test_what_stands_beside_the_pipeline(old, new):
    def plan(*states):
        things = (("trigger", "nightly", "schedule smp-churn/nightly"), ("trigger", "more", "schedule smp-churn/more"))
        beside = tuple(Beside(*thing, *state) for thing, state in zip(things, states, strict=False))
        return dataclasses.replace(diff(new(), old), beside=beside)

    planned = plan(("a", "b"), ("", "c"))
    for now in (("a", "b"), ("", "c")), (("b", "b"), ("", "c")), (("b", "b"), ("c", "c")):
        assert since(planned, plan(*now)) == []
    assert since(planned, plan(("x", "b"), ("y", "c"))) == [
        "there is a schedule smp-churn/more now",
        "the schedule smp-churn/nightly was changed",
    ]
    assert since(planned, plan(("", "b"), ("", "c"))) == ["the schedule smp-churn/nightly is gone"]
    variable = "an environment variable is not what it was"
    assert since(planned, plan(("a", "z"), ("", "c"))) == [f"the same files make another trigger nightly: {variable}"]
    assert since(planned, plan(("a", "b"))) == [f"the same files make another trigger more: {variable}"]
    assert since(plan(("a", ""), ("", "")), plan(("", ""), ("", ""))) == []


def test_an_account_that_the_pipeline_alone_tells(old, new):
    silent = dataclasses.replace(HERE, identity=Identity("", "eu-west-1"))
    other = dataclasses.replace(old, arn=old.arn.replace("123456789012", "999999999999"))
    reason = ["it was made in account 123456789012, and this is 999999999999"]

    assert since(diff(new(), old), diff(new(), other), around=silent, now=silent) == reason
    assert since(diff(new(), old), diff(new(), other), now=silent) == reason
    assert since(diff(new(), old), diff(new(), other), around=silent) == reason
    assert since(diff(new(), None), diff(new(), None), around=silent) == []
    elsewhere = dataclasses.replace(HERE, identity=Identity("999999999999", "eu-west-1"))
    assert since(diff(new(), old), diff(new(), None), around=silent, now=elsewhere) == [*reason, "the pipeline is gone"]


def _within(value, path=()):
    """The paths of all that is in a value."""
    yield path
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        yield from _within(item, (*path, key))


def _edited(value, path, new):
    if not path:
        return new
    copy = dict(value) if isinstance(value, dict) else list(value)
    copy[path[0]] = _edited(value[path[0]], path[1:], new)
    return copy


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=4,
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(data=st.data())
def test_whatever_somebody_edits_it_is_no_plan_or_one_that_can_be_held_to_what_is_there(old, new, data):
    things = (Beside("trigger", "nightly", "schedule smp-churn/nightly", "a", "b"),)
    plan = dataclasses.replace(diff(new(), old), beside=things, packages=(("ChurnModelPackage", "arn:1"),))
    options = {"patterns": ["a.yaml"], "overrides": ["a=b"], "env_file": "env.env"}
    whole = json.loads(json.dumps(saved(plan, dataclasses.replace(HERE, options=options))))
    path = data.draw(st.sampled_from(list(_within(whole))))
    edited = _edited(whole, path, data.draw(JSON))

    if is_saved(edited):
        assert all(isinstance(reason, str) for reason in moved(edited, plan, HERE))
        assert all(isinstance(each, str) for value in edited["options"].values() for each in value)


def test_everything_is_told_at_once(old, new):
    plan = diff(new(), old)
    now = Circumstances(Identity("1", "x"), {**HERE.inputs, "train.py": "z"}, HERE.options)

    assert since(plan, diff(new(), None), now=now) == [
        "it was made in region eu-west-1, and this is x",
        "it was made in account 123456789012, and this is 1",
        "train.py was changed",
        "the pipeline is gone",
    ]


@pytest.mark.parametrize(
    "data", [None, [], {}, {"format": "smp plan 1"}, {"format": "smp plan 2"}, {"format": "smp plan 2", "inputs": []}]
)
def test_what_is_no_saved_plan(data):
    assert not is_saved(data)


@pytest.mark.parametrize("key", ["framework", "inputs", "before", "after", "uploads", "beside", "options"])
def test_a_saved_plan_without_one_of_its_members_is_none(old, new, key):
    data = saved(diff(new(), old), HERE)

    assert not is_saved({name: value for name, value in data.items() if name != key})
    assert not is_saved({**data, key: 7})
