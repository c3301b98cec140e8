"""Definitions that did not come from a configuration and may hold anything: what is found, and that nothing ends in a traceback."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from framework.checks import check_definition, violations
from framework.checks.rules.scripts import parsed
from framework.checks.subject import Subject
from framework.config.model import Clause, Network
from framework.findings import ERROR, Place
from framework.pipeline.compiled import CompiledPipeline


def fail(name: str, **members: Any) -> dict[str, Any]:
    return {"Name": name, "Type": "Fail", "Arguments": {"ErrorMessage": "no"}, **members}


def said(definition: dict[str, Any], **compiled: Any) -> list[tuple[str, tuple[str | int, ...], str]]:
    definition = {"Version": "2020-12-01", "Parameters": [], **definition}
    found = check_definition(CompiledPipeline(**{"name": "x", **compiled}, definition=definition))
    return [(each.rule, each.path, each.message) for each in found]


def of_steps(*steps: Any) -> list[tuple[str, tuple[str | int, ...], str]]:
    return said({"Steps": list(steps)})


def of_parameters(*parameters: Any) -> list[tuple[str, tuple[str | int, ...], str]]:
    read = fail("stop", Arguments={"ErrorMessage": {"Std:Join": {"On": "", "Values": [
        {"Get": f"Parameters.{each.get('Name')}"} for each in parameters if isinstance(each, dict)
    ]}}})  # fmt: skip
    return said({"Parameters": list(parameters), "Steps": [read]})


def test_a_step_that_waits_for_itself() -> None:
    assert of_steps(fail("a", DependsOn=["a"])) == [
        ("SMP203", ("Steps", 0, "DependsOn", 0), "the steps wait for each other in a cycle: a >> a")
    ]


def test_a_cycle_of_names_and_references() -> None:
    refers = fail("a", Arguments={"ErrorMessage": {"Get": "Steps.b.Outcome"}})
    branch = {"Name": "b", "Type": "Condition", "Arguments": {"Conditions": [], "IfSteps": [], "ElseSteps": []}, "DependsOn": ["a"]}
    assert of_steps(refers, branch) == [
        ("SMP203", ("Steps", 1, "DependsOn", 0), "the steps wait for each other in a cycle: a >> b >> a")
    ]


def test_one_mistake_in_the_graph_is_one_finding() -> None:
    loop = {
        "Name": "loop",
        "Type": "ForEach",
        "Arguments": {"IterableItems": ["a"], "ForEachBody": [fail("a", DependsOn=["loop"])]},
    }
    assert [rule for rule, _, _ in of_steps(loop)] == ["SMP209"]
    assert [rule for rule, _, _ in of_steps(fail("a", DependsOn=["b"]), fail("a"), fail("b", DependsOn=["a"]))] == ["SMP202"]
    assert [rule for rule, _, _ in of_steps(fail("a", DependsOn=["b"]))] == ["SMP201"]


def test_what_is_no_list_and_no_step_is_passed_over() -> None:
    assert said({"Steps": None}) == [("SMP403", ("Steps",), "the definition lacks a list of Steps")]
    assert said({"Parameters": "x", "Steps": []}) == []
    assert [(rule, path) for rule, path, _ in of_steps("a", None)] == [("SMP402", ("Steps", 0)), ("SMP402", ("Steps", 1))]
    assert of_steps(fail("b", DependsOn="a", RetryPolicies={}, PropertyFiles=3, CacheConfig=True)) == []
    assert of_steps(fail("a", Arguments=[1, 2])) == []


@pytest.mark.parametrize(
    ("parameter", "expected"),
    [
        ({"Name": "A", "Type": "Text"}, "the parameter A has no known type"),
        ({"Name": "A", "Type": ["String"]}, "the parameter A has no known type"),
        ({"Name": "A"}, "the parameter A has no known type"),
        ({"Name": "A", "Type": "String", "DefaultValue": 3}, "the default of the parameter A is not of its type, String"),
        ({"Name": "A", "Type": "Integer", "DefaultValue": 3.5}, "the default of the parameter A is not of its type, Integer"),
        ({"Name": "A", "Type": "Integer", "DefaultValue": True}, "the default of the parameter A is not of its type, Integer"),
        ({"Name": "A", "Type": "Boolean", "DefaultValue": "true"}, "the default of the parameter A is not of its type, Boolean"),
        ({"Name": "A", "Type": "String", "DefaultValue": "c", "EnumValues": ["a", "b"]},
         "the default of the parameter A is none of its choices"),
        ({"Name": "A", "Type": "Float", "DefaultValue": 3}, ""),
        ({"Name": "A", "Type": "String", "DefaultValue": "a", "EnumValues": ["a", "b"]}, ""),
        ({"Name": "A", "Type": "Boolean", "DefaultValue": False}, ""),
        ({"Name": "two words", "Type": "String"}, 'a parameter cannot be called "two words"'),
        ({"Name": "x" * 257, "Type": "String"}, f'a parameter cannot be called "{"x" * 80}"'),
    ],
)  # fmt: skip
def test_parameters(parameter: dict[str, Any], expected: str) -> None:
    assert [message for _, _, message in of_parameters(parameter)] == ([expected] if expected else [])


def test_what_is_sent_beside_the_definition() -> None:
    tags = tuple({"Key": f"k{number}", "Value": "v"} for number in range(51))
    assert said({"Steps": []}, name="two words", tags=tags, parallelism=51) == [
        ("SMP504", ("PipelineName",), 'a pipeline cannot be called "two words"'),
        ("SMP503", ("Tags",), "the pipeline has 51 tags; it takes 50, 1 set by deploying"),
        ("SMP512", ("ParallelismConfiguration",),
         "51 steps at a time are more than the default quota of 50 (developer guide, build-and-manage-pipeline)"),
    ]  # fmt: skip


@pytest.mark.parametrize("name", ["a", "A1", "a-b--c", "x" * 256])
def test_names_of_pipelines(name: str) -> None:
    assert said({"Steps": []}, name=name) == []


@pytest.mark.parametrize("name", ["-a", "a-", "a_b", "a b", "x" * 257, "a\n"])
def test_what_a_pipeline_cannot_be_called(name: str) -> None:
    assert [rule for rule, _, _ in said({"Steps": []}, name=name)] == ["SMP504"]


def test_a_conditions_depth_is_no_danger() -> None:
    condition: Any = {"Type": "Equals", "LeftValue": 1, "RightValue": "a"}
    for _ in range(20):
        condition = {"Type": "Not", "Condition": condition}
    deep = condition
    for _ in range(5_000):
        deep = {"Type": "Not", "Condition": deep}

    def check(inner: Any) -> dict[str, Any]:
        return {"Name": "c", "Type": "Condition", "Arguments": {"Conditions": [inner], "IfSteps": [], "ElseSteps": []}}

    assert [rule for rule, _, _ in of_steps(check(condition))] == ["SMP307"]
    assert of_steps(check({"Type": "Equals", "LeftValue": {"Get": "ForEach.CurrentItem"}, "RightValue": 3})) == []
    wrong = {"Type": "Equals", "LeftValue": {"Get": ["Steps"]}, "RightValue": 3}
    assert [rule for rule, _, _ in of_steps(check(wrong))] == ["SMP313"]
    assert of_steps(check(deep)) == []


def test_outputs_that_are_declared_badly() -> None:
    ask = {"Name": "ask", "Type": "Lambda", "FunctionArn": "x", "Arguments": {}, "OutputParameters": [
        {"OutputName": "a", "OutputType": {}}, {"OutputName": ["b"]}, "c",
    ]}  # fmt: skip
    refers = fail("stop", Arguments={"ErrorMessage": {"Get": "Steps.ask.OutputParameters['a']"}})
    assert of_steps(ask, refers) == []


@pytest.mark.parametrize(("path", "message"), [
    ("Id", ""),
    ("Status.State", ""),
    ("Status.Sate", "Steps.cluster.Status.Sate names nothing: Status has no Sate"),
    ("ClusterConfig.Anything[0]", ""),
])  # fmt: skip
def test_what_a_step_of_a_cluster_tells(path: str, message: str) -> None:
    cluster = {"Name": "cluster", "Type": "EMR", "Arguments": {}}
    refers = fail("stop", Arguments={"ErrorMessage": {"Get": f"Steps.cluster.{path}"}})
    assert [each for _, _, each in of_steps(cluster, refers)] == ([message] if message else [])


def test_what_a_serverless_job_tells() -> None:
    job = {"Name": "job", "Type": "EMRServerless", "Arguments": {}}
    refers = fail("stop", Arguments={"ErrorMessage": {"Get": "Steps.job.jobRun.stateDetials"}})
    [(rule, _, message)] = of_steps(job, refers)
    assert (rule, message) == ("SMP408", "Steps.job.jobRun.stateDetials names nothing: jobRun has no stateDetials")


KEYS = [
    "Name", "Type", "Arguments", "Get", "Std:Join", "Std:JsonGet", "Values", "On", "PropertyFile", "S3Uri", "DependsOn", "IfSteps",
    "ForEachBody", "Conditions", "CacheConfig", "RetryPolicies", "PropertyFiles", "OutputParameters", "Environment", "Tags", "Key",
    "Value", "DefaultValue", "EnumValues", "ResourceConfig", "InstanceType", "ContainerArguments", "ExceptionType", "IterableItems",
]  # fmt: skip
TEXTS = st.text(max_size=8) | st.sampled_from(["a", "Parameters.a", "Steps.a.b", "Steps.c"])
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=5),
    max_leaves=25,
)
TYPES = ["Training", "Condition", "ForEach", "Lambda", "Processing", "Tuning", "EndpointConfig", "EMR", "QualityCheck", "Quantum"]


NETWORK = Network("r", ("subnet-1",), ("sg-1",), "key")
POLICY = tuple(Clause(key, value, True, Place("policy.yaml", 1, 1)) for key, value in {
    "required_tags": ["a"], "kms_keys": ["a"], "subnets": ["a"], "network_isolation": True, "instance_types": ["a"],
    "max_instance_count": 1, "regions": ["a"], "registries": ["a"], "roles": ["a"],
}.items())  # fmt: skip


@settings(max_examples=400)
@given(
    st.lists(st.tuples(st.sampled_from(TYPES), st.dictionaries(st.sampled_from(["Name", "Arguments", "DependsOn", "CacheConfig",
        "RetryPolicies", "PropertyFiles", "OutputParameters"]), ANYTHING, max_size=5)), max_size=4),
    ANYTHING,
)  # fmt: skip
def test_any_definition_is_answered(steps: list[tuple[str, dict[str, Any]]], parameters: Any) -> None:
    definition = {"Parameters": parameters, "Steps": [{"Type": kind, **members} for kind, members in steps], "More": parameters}
    subject = Subject(CompiledPipeline(name="x", definition=definition), NETWORK, POLICY)
    for violation in violations(subject):
        assert violation.message
        assert violation.severity in {ERROR, "warning"}


@pytest.mark.parametrize(("content", "readable"), [
    (b"", True),
    (b"\xef\xbb\xbfx = 1\r\n", True),
    (b"# -*- coding: latin-1 -*-\nx = '\xe4'\n", True),
    (b"x = '\xe4'\n", False),
    (b"# coding: quantum\n", False),
    (b"x = 1\x00\n", False),
    (b"await f()\n", False),
    (b"def f(a, a): pass\n", False),
    (b"nonlocal x\n", False),
    (b"x = 'invalid \\d escape'\n", True),
    (b"assert (1, 'always true')\n", True),
])  # fmt: skip
def test_which_scripts_can_be_read(tmp_path: Path, content: bytes, readable: bool) -> None:
    path = tmp_path / "script.py"
    path.write_bytes(content)
    assert isinstance(parsed(path), SyntaxError) != readable


def test_what_cannot_be_looked_at_is_no_mistake(tmp_path: Path) -> None:
    assert parsed(tmp_path / "gone.py") is None
    (tmp_path / "deep.py").write_text("x = " + "-" * 100_000 + "1\n")
    assert not isinstance(parsed(tmp_path / "deep.py"), SyntaxError)
