"""What a value may be when the pipeline runs, and what a policy makes of it."""

from __future__ import annotations

from typing import Any

import pytest

from framework.checks import violations
from framework.checks.choices import ANYTHING, choices
from framework.checks.subject import Subject
from framework.config.model import Clause
from framework.findings import Place
from framework.pipeline.compiled import CompiledPipeline, ParameterRule

PARAMETERS = [
    {"Name": "Open", "Type": "String", "DefaultValue": "a"},
    {"Name": "Given", "Type": "String"},
    {"Name": "Listed", "Type": "String", "DefaultValue": "a", "EnumValues": ["a", "b"]},
    {"Name": "Count", "Type": "Integer", "DefaultValue": 1},
    {"Name": "Few", "Type": "Integer"},
    {"Name": "Items", "Type": "String", "DefaultValue": '["a", {"k": "b"}, 3]'},
    {"Name": "Broken", "Type": "String", "DefaultValue": "[a", "EnumValues": ["[a", "{}", "[1]"]},
]
RULES = (ParameterRule("Few", enum=(1, 2)), ParameterRule("Count", maximum=4))


def get(target: Any) -> dict[str, Any]:
    return {"Get": target}


def join(*values: Any, on: str = "") -> dict[str, Any]:
    return {"Std:Join": {"On": on, "Values": list(values)}}


def subject(value: Any, items: Any = None, policy: tuple[Clause, ...] = ()) -> Subject:
    step = {"Name": "it", "Type": "Training", "Arguments": {"ResourceConfig": {"InstanceType": value, "InstanceCount": value}}}
    loop = {"Name": "loop", "Type": "ForEach", "Arguments": {"IterableItems": items, "ForEachBody": [step]}}
    definition = {"Parameters": PARAMETERS, "Steps": [step if items is None else loop]}
    return Subject(CompiledPipeline(name="x", definition=definition, rules=RULES), policy=policy)


@pytest.mark.parametrize(
    ("value", "items", "expected"),
    [
        ("a", None, ["a"]),
        (3, None, [3]),
        (None, None, [None]),
        (get("Parameters.Open"), None, ["a", ANYTHING]),
        (get("Parameters.Given"), None, [ANYTHING]),
        (get("Parameters.Listed"), None, ["a", "b"]),
        (get("Parameters.Count"), None, [1, 4]),
        (get("Parameters.Few"), None, [1, 2]),
        (get("Parameters.Nobody"), None, []),
        (get("Steps.a.b"), None, []),
        (get("Execution.PipelineName"), None, []),
        (get(["Parameters.Open"]), None, []),
        ({"Std:JsonGet": {"PropertyFile": get("Steps.a.PropertyFiles.f"), "Path": "x"}}, None, []),
        (join("x", "y", on="-"), None, ["x-y"]),
        (join("x-", get("Parameters.Listed")), None, ["x-a", "x-b"]),
        (join("x-", get("Parameters.Given"), "-y"), None, [f"x-{ANYTHING}-y"]),
        (join("x-", get("Steps.a.b")), None, []),
        (join(*[get("Parameters.Listed")] * 10), None, 200),
        ({"Std:Join": {"On": "", "Values": None}}, None, [""]),
        (get("ForEach.CurrentItem"), None, []),
        (get("ForEach.CurrentItem"), ["a", "b"], ["a", "b"]),
        (get("ForEach.CurrentItem.k"), [{"k": "a"}, {"k": "b"}, {"l": "c"}, "d"], ["a", "b"]),
        (get("ForEach.CurrentItem['k'].l"), [{"k": {"l": "a"}}], ["a"]),
        (get("ForEach.CurrentItem[0]"), [["a"]], []),
        (get("ForEach.CurrentItem"), get("Parameters.Items"), ["a", {"k": "b"}, 3, ANYTHING]),
        (get("ForEach.CurrentItem.k"), get("Parameters.Items"), ["b", ANYTHING]),
        (get("ForEach.CurrentItem"), get("Parameters.Broken"), [1]),
        (get("ForEach.CurrentItem"), get("Steps.a.b"), []),
        (get("ForEach.CurrentItem"), "a", []),
    ],
)
def test_what_a_value_may_be(value: Any, items: Any, expected: Any) -> None:
    found = subject(value, items)
    got = list(choices(found, found.steps[-1], value))
    assert got == expected if isinstance(expected, list) else len(got) == expected


def said(value: Any, key: str, listed: Any, items: Any = None) -> list[str]:
    clause = Clause(key, listed, True, Place("policy.yaml", 1, 1))
    return [each.message for each in violations(subject(value, items, (clause,))) if each.rule.startswith("SMP61")]


WHATEVER = "it runs on whatever an execution is started with; the policy denies it at policy.yaml:1:1"


@pytest.mark.parametrize(
    ("value", "globs", "expected"),
    [
        ("a", ["a"], []),
        ("a", ["b", "a*"], []),
        ("A", ["a"], ["it runs on A; the policy denies it at policy.yaml:1:1"]),
        ("ab", ["a?"], []),
        ("a", ["[ab]"], []),
        ("a", ["[!a]"], ["it runs on a; the policy denies it at policy.yaml:1:1"]),
        ("a", [], ["it runs on a; the policy denies it at policy.yaml:1:1"]),
        (get("Parameters.Open"), ["*"], []),
        (get("Parameters.Open"), ["a"], [WHATEVER]),
        (get("Parameters.Open"), ["b"], ["it runs on a; the policy denies it at policy.yaml:1:1"]),
        (get("Parameters.Given"), ["?*"], []),
        (get("Parameters.Given"), ["a*"], [WHATEVER]),
        (join("a-", get("Parameters.Given")), ["a-*"], []),
        (join("a-", get("Parameters.Given")), ["a-b*"], [WHATEVER]),
        (get("Steps.a.b"), ["a"], []),
        (3, ["a"], ["it runs on 3; the policy denies it at policy.yaml:1:1"]),
    ],
)
def test_which_values_a_policy_names(value: Any, globs: list[str], expected: list[str]) -> None:
    assert said(value, "instance_types", globs) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (2, []),
        (3, ["it asks for 3 instances, more than 2; the policy denies it at policy.yaml:1:1"]),
        (get("Parameters.Few"), []),
        (get("Parameters.Count"), ["it asks for 4 instances, more than 2; the policy denies it at policy.yaml:1:1"]),
        (get("Parameters.Given"), [
            "it takes any number of instances that an execution is started with; the policy denies it at policy.yaml:1:1"
        ]),
        (get("Steps.a.b"), []),
    ],
)  # fmt: skip
def test_how_many_instances_a_policy_allows(value: Any, expected: list[str]) -> None:
    assert said(value, "max_instance_count", 2) == expected
