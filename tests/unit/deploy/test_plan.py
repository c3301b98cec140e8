from __future__ import annotations

import copy
import dataclasses
import hashlib
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from framework.deploy.fields import ABSENT, FieldChange, canonical
from framework.deploy.plan import MARK, Change, diff, expected, placed
from framework.findings import Place
from framework.pipeline.compiled import Upload

OTHER_ROLE = "arn:aws:iam::123456789012:role/other"


def step(name, depth="6", **keys):
    return {"Name": name, "Type": "Training", "Arguments": {"HyperParameters": {"max_depth": depth}}, **keys}


def condition(name, then=(), otherwise=()):
    arguments = {"Conditions": [], "IfSteps": list(then), "ElseSteps": list(otherwise)}
    return {"Name": name, "Type": "Condition", "Arguments": arguments}


def parameter(name, value):
    return {"Name": name, "Type": "Integer", "DefaultValue": value}


def tag(key, value="1"):
    return {"Key": key, "Value": value}


def of_step(action, name, fields=(), kind="Training", **more):
    return Change(action, "step", name, tuple(FieldChange(*field) for field in fields), kind, **more)


def of(action, what, name, *fields):
    return Change(action, what, name, tuple(FieldChange(*field) for field in fields))


DEEPER = (("Arguments.HyperParameters.max_depth", "6", "8"),)

CASES = {
    "the same": (([step("a")], {}), ([step("a")], {}), []),
    "a step changed": (([step("a")], {}), ([step("a", "8")], {}), [of_step("change", "a", DEEPER)]),
    "a step added and one removed": (
        ([step("a"), step("b", "7")], {}),
        ([step("a"), step("c")], {}),
        [of_step("add", "c"), of_step("remove", "b")],
    ),
    "a step renamed": (
        ([step("a"), step("b", DependsOn=["a"])], {}),
        ([step("a"), step("c", DependsOn=["a"])], {}),
        [of_step("add", "c", renamed="b"), of_step("remove", "b", renamed="c")],
    ),
    "two steps renamed, of which one reads the other": (
        ([step("prep"), step("fit", "${prep}", DependsOn=["prep"])], {}),
        ([step("prep-2"), step("fit-2", "${prep-2}", DependsOn=["prep-2"])], {}),
        [
            of_step("add", "prep-2", renamed="prep"),
            of_step("add", "fit-2", renamed="fit"),
            of_step("remove", "prep", renamed="prep-2"),
            of_step("remove", "fit", renamed="fit-2"),
        ],
    ),
    "of two that are alike, each is renamed once": (
        ([step("a")], {}),
        ([step("b"), step("c")], {}),
        [of_step("add", "b", renamed="a"), of_step("add", "c"), of_step("remove", "a", renamed="b")],
    ),
    "steps moved": (([step("a"), step("b"), step("c")], {}), ([step("c"), step("a"), step("b")], {}), []),
    "dependencies moved": (
        ([step("a", DependsOn=["b", {"Step": "c", "Trigger": "Any"}])], {}),
        ([step("a", DependsOn=[{"Step": "c", "Trigger": "Any"}, "b"])], {}),
        [],
    ),
    "a dependency more": (
        ([step("a", DependsOn=["b"])], {}),
        ([step("a", DependsOn=["b", "c"])], {}),
        [of_step("change", "a", [("DependsOn.c", ABSENT, "c")])],
    ),
    "another trigger of a dependency": (
        ([step("a", DependsOn=["b"])], {}),
        ([step("a", DependsOn=[{"Step": "b", "Trigger": "Failed"}])], {}),
        [of_step("change", "a", [("DependsOn.b", "b", {"Step": "b", "Trigger": "Failed"})])],
    ),
    "a dependency named twice": (
        ([step("a", DependsOn=["b", "b"])], {}),
        ([step("a", DependsOn=["b"])], {}),
        [of_step("change", "a", [("DependsOn", ["b", "b"], {"b": "b"})])],
    ),
    "a step inside a branch changed": (
        ([condition("if", [condition("inner", [step("a")])])], {}),
        ([condition("if", [condition("inner", [step("a", "8")])])], {}),
        [of_step("change", "a", DEEPER, within="inner.IfSteps")],
    ),
    "a step moved into a branch": (
        ([step("a"), condition("if")], {}),
        ([condition("if", [step("a")])], {}),
        [of_step("move", "a", within="if.IfSteps", moved_from="")],
    ),
    "a step moved to the other branch and changed": (
        ([condition("if", [step("a")])], {}),
        ([condition("if", [], [step("a", "8")])], {}),
        [of_step("change", "a", DEEPER, within="if.ElseSteps", moved_from="if.IfSteps")],
    ),
    "a step moved out of a loop": (
        ([{"Name": "each", "Type": "ForEach", "Arguments": {"IterableItems": [1], "ForEachBody": [step("a")]}}], {}),
        ([{"Name": "each", "Type": "ForEach", "Arguments": {"IterableItems": [1], "ForEachBody": []}}, step("a")], {}),
        [of_step("move", "a", moved_from="each.ForEachBody")],
    ),
    "a step added to a branch": (
        ([condition("if")], {}),
        ([condition("if", [step("a")])], {}),
        [of_step("add", "a", within="if.IfSteps")],
    ),
    "steps moved within a branch": (
        ([condition("if", [step("a"), step("b")])], {}),
        ([condition("if", [step("b"), step("a")])], {}),
        [],
    ),
    "IfSteps of a step that is no condition": (
        ([{"Name": "a", "Type": "Lambda", "Arguments": {"IfSteps": ["x", "y"]}}], {}),
        ([{"Name": "a", "Type": "Lambda", "Arguments": {"IfSteps": ["y", "x"]}}], {}),
        [of_step("change", "a", [("Arguments.IfSteps[0]", "x", "y"), ("Arguments.IfSteps[1]", "y", "x")], "Lambda")],
    ),
    "two steps of one name": (
        ([step("a"), step("a")], {}),
        ([step("a"), step("a", "8")], {}),
        [of_step("change", "a#2", DEEPER)],
    ),
    "parameters": (
        ([], {"parameters": [parameter("a", 1), parameter("b", 1), parameter("c", 1)]}),
        ([], {"parameters": [parameter("d", 1), parameter("c", 1), parameter("a", True)]}),
        [
            of("add", "parameter", "d", *(("DefaultValue", ABSENT, 1), ("Name", ABSENT, "d"), ("Type", ABSENT, "Integer"))),
            of("change", "parameter", "a", ("DefaultValue", 1, True)),
            of("remove", "parameter", "b", *(("DefaultValue", 1, ABSENT), ("Name", "b", ABSENT), ("Type", "Integer", ABSENT))),
        ],
    ),
    "the root": (
        ([], {"root": {"PipelineExperimentConfig": {"TrialName": "t"}}}),
        ([], {"root": {"PipelineExperimentConfig": None, "MlflowConfig": None}}),
        [
            of("add", "definition", "MlflowConfig", ("MlflowConfig", ABSENT, None)),
            of("change", "definition", "PipelineExperimentConfig", ("PipelineExperimentConfig", {"TrialName": "t"}, None)),
        ],
    ),
    "the role": (
        ([], {}),
        ([], {"role": OTHER_ROLE}),
        [of("change", "role", "RoleArn", ("RoleArn", "arn:aws:iam::123456789012:role/pipelines", OTHER_ROLE))],
    ),
    "no role says nothing": (([], {}), ([], {"role": ""}), []),
    "a description": (
        ([], {"description": "old"}),
        ([], {"description": "new"}),
        [of("change", "description", "Description", ("Description", "old", "new"))],
    ),
    "a first description": (
        ([], {}),
        ([], {"description": "new"}),
        [of("add", "description", "Description", ("Description", ABSENT, "new"))],
    ),
    "an empty description": (
        ([], {"description": "old"}),
        ([], {"description": ""}),
        [of("remove", "description", "Description", ("Description", "old", ABSENT))],
    ),
    "no description says nothing": (([], {"description": "old"}), ([], {}), []),
    "a display name": (
        ([], {"display_name": "Old"}),
        ([], {"display_name": "New"}),
        [of("change", "display name", "DisplayName", ("DisplayName", "Old", "New"))],
    ),
    "no display name and no parallelism say nothing": (([], {"display_name": "Old", "parallelism": 2}), ([], {}), []),
    "parallelism": (
        ([], {"parallelism": 2}),
        ([], {"parallelism": 3}),
        [of("change", "parallelism", "MaxParallelExecutionSteps", ("MaxParallelExecutionSteps", 2, 3))],
    ),
    "tags": (
        ([], {"tags": (tag("b"), tag("c"), tag("d"))}),
        ([], {"tags": (tag("d"), tag("c", "2"), tag("a"))}),
        [
            of("add", "tag", "a", ("Value", ABSENT, "1")),
            of("change", "tag", "c", ("Value", "1", "2")),
            of("remove", "tag", "b", ("Value", "1", ABSENT)),
        ],
    ),
    "the mark is no tag": (
        ([], {"tags": (tag(MARK, "old"), tag("a"))}),
        ([], {"tags": (tag(MARK, "of a user"), tag("a"))}),
        [],
    ),
    "tags of the service": (
        ([], {"tags": (tag("aws:cloudformation:stack-name"), tag("sagemaker:domain-arn"), tag("sagemaker:ours"))}),
        ([], {"tags": (tag("sagemaker:ours", "2"),)}),
        [of("change", "tag", "sagemaker:ours", ("Value", "1", "2"))],
    ),
}


@pytest.mark.parametrize(("before", "after", "expected"), CASES.values(), ids=CASES)
def test_diff(compiled, as_deployed, before, after, expected):
    deployed = as_deployed(compiled(*before[0], **before[1]))
    pipeline = compiled(*after[0], **after[1])

    plan = diff(pipeline, deployed)

    assert plan.changes == tuple(expected)
    assert canonical(plan.to_json()["changes"]) == canonical([change.to_json() for change in expected])
    assert plan.action == ("update" if expected else "unchanged")
    assert (plan.pipeline, plan.deployed) == (pipeline, deployed)


def test_everything_is_new_in_a_create(compiled):
    pipeline = compiled(condition("if", [step("a")]), parameters=[parameter("p", 1)], description="d", tags=(tag("z"), tag("y")))

    plan = diff(pipeline, None)

    assert (plan.action, plan.deployed) == ("create", None)
    assert [(change.action, change.what, change.name, change.within, len(change.fields)) for change in plan.changes] == [
        ("add", "role", "RoleArn", "", 1),
        ("add", "description", "Description", "", 1),
        ("add", "tag", "y", "", 1),
        ("add", "tag", "z", "", 1),
        ("add", "parameter", "p", "", 3),
        ("add", "step", "if", "", 0),
        ("add", "step", "a", "if.IfSteps", 0),
    ]


def test_the_plan_as_json(compiled, as_deployed):
    upload = Upload("s3://models/churn/code/x.tar.gz", "0" * 64, b"four")
    pipeline = compiled(step("a", Extra=None), tags=(tag("t"),), uploads=(upload,))

    written = diff(pipeline, as_deployed(compiled(step("a", "8"), tags=(tag("t"),)))).to_json()

    assert json.loads(json.dumps(written)) == {
        "action": "update",
        "pipeline": "churn",
        "arn": "arn:aws:sagemaker:eu-west-1:123456789012:pipeline/churn",
        "modified": "2026-01-02T03:04:05+00:00",
        "role": "arn:aws:iam::123456789012:role/pipelines",
        "description": None,
        "displayName": None,
        "parallelism": None,
        "tags": {"t": "1"},
        "definition": hashlib.sha256(pipeline.definition_body().encode()).hexdigest(),
        "uploads": [{"uri": "s3://models/churn/code/x.tar.gz", "sha256": "0" * 64, "bytes": 4}],
        "modelPackages": {},
        "nextRun": [
            {"name": "a", "type": "Training", "verdict": "run", "why": "enable_cache is off", "attributes": [], "fields": []}
        ],
        "notes": [],
        "changes": [
            {
                "action": "change",
                "what": "step",
                "name": "a",
                "type": "Training",
                "fields": [
                    {"path": "Arguments.HyperParameters.max_depth", "before": "8", "after": "6"},
                    {"path": "Extra", "after": None},
                ],
            }
        ],
    }
    assert diff(pipeline, None).to_json()["arn"] is None


def test_places_are_attached_to_what_is_new(compiled, as_deployed):
    before = compiled(step("a", Extra=1, CacheConfig={"Enabled": True}), step("gone"), step("moved"), condition("if"))
    after = compiled(step("a", "8"), step("new", "1"), condition("if", [step("moved")]), tags=(tag("t"),))
    asked = []

    def where(what, name, keys):
        asked.append((what, name, keys))
        return Place("conf.yaml", len(asked), 1)

    plan = placed(diff(after, as_deployed(before)), where)

    assert asked == [
        ("tag", "t", ()),
        ("step", "a", ("Steps", 0, "Arguments", "HyperParameters", "max_depth")),
        ("step", "a", ("Steps", 0, "CacheConfig", "Enabled")),
        ("step", "new", ("Steps", 1)),
        ("step", "moved", ("Steps", 2, "Arguments", "IfSteps", 0)),
    ]
    lines = {
        (change.action, change.name): (change.place.line, [each.place.line for each in change.fields]) for change in plan.changes
    }
    assert lines == {
        ("add", "t"): (1, [0]),
        ("change", "a"): (0, [2, 3, 0]),
        ("add", "new"): (4, []),
        ("move", "moved"): (5, []),
        ("remove", "gone"): (0, []),
    }


def test_changes_beside_the_pipeline_make_an_update(compiled, as_deployed):
    plan = diff(compiled(), as_deployed(compiled()))
    more = Change("add", "trigger", "nightly")

    assert (plan.action, plan.is_empty) == ("unchanged", True)
    assert (plan.with_changes([more]).action, plan.with_changes([more]).changes) == ("update", (more,))
    assert plan.with_changes([]) == plan
    assert not dataclasses.replace(plan, missing=(Upload("s3://b/k", "0" * 64, b"x"),)).is_empty


def test_a_definition_that_is_no_definition(compiled, as_deployed):
    odd = dataclasses.replace(as_deployed(compiled()), definition={"Steps": "none", "Parameters": [1, {"Name": "p"}]})

    plan = diff(compiled(step("a")), odd)

    assert ("add", "step", "a") in [(change.action, change.what, change.name) for change in plan.changes]
    assert of("remove", "definition", "Steps", ("Steps", "none", ABSENT)) in plan.changes


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.floats(allow_nan=False) | st.sampled_from(["", "x", "(absent)", "é"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["Name", "Key", "a", "b c"]), inner, max_size=3),
    max_leaves=8,
)
NAMES = st.sampled_from(["prep", "train", "eval", "register"])


def steps_of(inner):
    plain = st.fixed_dictionaries(
        {"Name": NAMES, "Arguments": st.dictionaries(st.sampled_from(["a", "IfSteps"]), VALUES, max_size=2)},
        optional={"Type": st.sampled_from(["Training", "Condition"]), "DependsOn": st.lists(NAMES, max_size=2)},
    )
    branching = st.builds(lambda name, then: condition(name, then), NAMES, inner)
    return st.lists(plain | branching, max_size=4)


STEPS = steps_of(steps_of(st.just([])))
TAGS = st.dictionaries(st.sampled_from(["a", "b", "aws:c"]), st.text(max_size=2), max_size=3)
ROOTS = st.dictionaries(st.sampled_from(["MlflowConfig", "Metadata"]), VALUES, max_size=2)
PARAMETERS = st.lists(st.fixed_dictionaries({"Name": NAMES, "DefaultValue": VALUES}), max_size=3)


@st.composite
def members(draw):
    tags = tuple(tag(key, value) for key, value in draw(TAGS).items())
    description = draw(st.none() | st.sampled_from(["", "d"]))
    return draw(STEPS), {"parameters": draw(PARAMETERS), "root": draw(ROOTS), "tags": tags, "description": description}


@given(members())
@settings(max_examples=150, deadline=None)
def test_what_was_just_deployed_is_unchanged(compiled, as_deployed, parts):
    pipeline = compiled(*parts[0], **parts[1])

    plan = diff(pipeline, as_deployed(pipeline))

    assert (plan.action, plan.changes) == ("unchanged", ())


@given(members(), members())
@settings(max_examples=150, deadline=None)
def test_after_a_deploy_the_plan_is_empty(compiled, as_deployed, before, after):
    pipeline = compiled(*after[0], **after[1])

    then = expected(pipeline, as_deployed(compiled(*before[0], **before[1])))

    assert (diff(pipeline, then).action, diff(pipeline, then).changes) == ("unchanged", ())


def flat(names_and_arguments):
    return [{"Name": name, "Type": "Training", "Arguments": {"a": value}} for name, value in names_and_arguments.items()]


@given(st.dictionaries(NAMES, VALUES), st.dictionaries(NAMES, VALUES), st.randoms(use_true_random=False))
@settings(max_examples=150, deadline=None)
def test_unchanged_exactly_where_the_steps_are_equal(compiled, as_deployed, before, after, random):
    moved = flat(after)
    random.shuffle(moved)

    plan = diff(compiled(*moved), as_deployed(compiled(*flat(before))))

    assert (plan.action == "unchanged") == (canonical(before) == canonical(after))
    named = {change.name for change in plan.changes}
    assert named == {
        name for name in before.keys() | after.keys() if canonical(before.get(name, ABSENT)) != canonical(after.get(name, ABSENT))
    } | set(before.keys() ^ after.keys())


@given(members(), members())
@settings(max_examples=100, deadline=None)
def test_plans_are_pure_and_serialise(compiled, as_deployed, before, after):
    deployed = as_deployed(compiled(*before[0], **before[1]))
    kept = copy.deepcopy(deployed)
    pipeline = compiled(*after[0], **after[1])

    assert json.dumps(diff(pipeline, deployed).to_json()) == json.dumps(diff(pipeline, kept).to_json())
    assert deployed == kept
