"""What the local engine copies from the service: a table with one row per rule, each with where the rule is written, run for real.

A source is a page of the SageMaker developer guide (docs.aws.amazon.com/sagemaker/latest/dg/<page>.html), of its API reference
("API …"), the SDK ("sdk: module", the installed sagemaker package), or "ours" where nothing says what the service does and a
choice had to be made.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from framework.errors import BackendError
from framework.findings import FindingsError
from framework.local.backend import LocalBackend
from framework.local.isolation import choose_runner
from framework.pipeline.compiled import CompiledPipeline
from framework.pipeline.execution import Execution

Steps = list[dict[str, Any]]
Check = Callable[[Execution, LocalBackend], bool]


def get(path: str) -> dict[str, str]:
    return {"Get": path}


def join(*values: Any, on: str = "") -> dict[str, Any]:
    return {"Std:Join": {"On": on, "Values": list(values)}}


def step(name: str, kind: str, arguments: Any, *after: Any, **keys: Any) -> dict[str, Any]:
    return {"Name": name, "Type": kind, "Arguments": arguments, **({"DependsOn": list(after)} if after else {}), **keys}


def good(name: str, *after: Any, **seen: Any) -> dict[str, Any]:
    """A step that succeeds without a process; what it sees can be asked for."""
    return step(name, "Model", {"PrimaryContainer": {"Image": "image", "Environment": seen}}, *after)


def bad(name: str, *after: Any, **keys: Any) -> dict[str, Any]:
    return step(name, "Model", {}, *after, **keys)


def shell(name: str, script: str, *after: Any, **keys: Any) -> dict[str, Any]:
    outputs = [{"OutputName": "o", "S3Output": {"S3Uri": f"s3://b/{name}", "LocalPath": "/opt/ml/processing/o"}}]
    application = {"ImageUri": "image", "ContainerEntrypoint": ["/bin/sh", "-c", script]}
    arguments = {"AppSpecification": application, "ProcessingOutputConfig": {"Outputs": outputs}}
    return step(name, "Processing", arguments, *after, **keys)


def report(name: str, content: Any) -> dict[str, Any]:
    files = [{"PropertyFileName": "R", "OutputName": "o", "FilePath": "r.json"}]
    return shell(name, f"echo '{json.dumps(content)}' > /opt/ml/processing/o/r.json", PropertyFiles=files)


def json_get(name: str, path: str) -> dict[str, Any]:
    return {"Std:JsonGet": {"PropertyFile": get(f"Steps.{name}.PropertyFiles.R"), "Path": path}}


def compare(kind: str, left: Any, right: Any) -> dict[str, Any]:
    return {"Type": kind, "LeftValue": left, "RightValue": right}


def condition(name: str, conditions: Any, yes: Steps, no: Steps, *after: Any) -> dict[str, Any]:
    found = conditions if isinstance(conditions, list) else [conditions]
    return step(name, "Condition", {"Conditions": found, "IfSteps": yes, "ElseSteps": no}, *after)


def loop(name: str, items: Any, body: Steps, limit: int = 2, **more: Any) -> dict[str, Any]:
    return step(name, "ForEach", {"IterableItems": items, "MaxConcurrency": limit, "ForEachBody": body, **more})


def state(execution: Execution, name: str) -> Any:
    return next(each for each in execution.steps if each["StepName"] == name)


def told(backend: LocalBackend, execution: Execution, name: str) -> Any:
    return json.loads((backend.log_path(execution, name).parent / "description.json").read_text())


def sees(name: str, **expected: Any) -> Check:
    """What a `good` step has seen."""
    return lambda execution, backend: told(backend, execution, name)["PrimaryContainer"]["Environment"] == expected


def reason(name: str, part: str) -> Check:
    return lambda execution, _: part in state(execution, name)["FailureReason"]


def decided(outcome: str) -> Check:
    return lambda execution, _: state(execution, "C")["Metadata"] == {"Condition": {"Outcome": outcome}}


YES, NO = compare("Equals", 1, 1), compare("Equals", 1, 2)
MISSING = compare("Equals", get("Parameters.None"), 1)


@dataclass(frozen=True)
class Row:
    rule: str
    source: str
    steps: Steps
    listed: str
    ended: str = "Succeeded"
    check: Check = field(default=lambda *_: True)
    parameters: dict[str, str] = field(default_factory=dict)
    declared: Steps = field(default_factory=list)
    how: dict[str, Any] = field(default_factory=dict)


def decision(rule: str, conditions: Any, outcome: str, source: str = "build-and-manage-steps-types", **more: Any) -> Row:
    listed = f"C+ {'Yes' if outcome == 'True' else 'No'}+"
    return Row(rule, source, [condition("C", conditions, [good("Yes")], [good("No")])], listed, check=decided(outcome), **more)


NUMBER = [{"Name": "N", "Type": "Integer", "DefaultValue": 3}, {"Name": "S", "Type": "String", "DefaultValue": "a"}]
SDK_LOOP = "sdk: sagemaker.mlops.workflow.for_each_step"
SDK_LOCAL = "sdk: sagemaker.mlops.local.pipeline"
FIELD = "A.PrimaryContainer.Environment.v"
TRIGGER = "sdk: sagemaker.mlops.workflow.step_dependency"
ROWS = [
    # parameters, execution variables, functions
    Row(
        "a parameter has its default, or the value given at the start, in its type",
        "build-and-manage-parameters",
        [good("A", n=get("Parameters.N"), s=get("Parameters.S"))],
        "A+",
        check=sees("A", n=3, s="b"),
        declared=NUMBER,
        parameters={"S": "b"},
    ),
    Row(
        "Std:Join makes text of numbers",
        "sdk: sagemaker.core.workflow (to_string)",
        [good("A", n=join(get("Parameters.N"), True, 0.5, on="-"))],
        "A+",
        check=sees("A", n="3-true-0.5"),
        declared=NUMBER,
    ),
    Row(
        "execution variables name the pipeline and the execution",
        "build-and-manage-properties",
        [good("A", p=get("Execution.PipelineName"), i=get("Execution.PipelineExecutionId"))],
        "A+",
        check=sees("A", p="pipe", i="local0000001"),
    ),
    Row(
        "a step's property is known to the steps after it",
        "build-and-manage-properties",
        [good("B", m=get("Steps.A.PrimaryContainer.Environment.x")), good("A", x="1")],
        "A+ B+",
        check=sees("B", m="1"),
    ),
    Row(
        "JsonGet reads a property file",
        "build-and-manage-propertyfile",
        [report("R", {"a": {"b": [1, 2.5]}}), good("A", x=json_get("R", "a.b[1]"))],
        "R+ A+",
        check=sees("A", x=2.5),
    ),
    Row(
        "JsonGet reads an object of S3, after a step that it depends on",
        "build-and-manage-propertyfile",
        [
            report("R", {"Output": [5, 10]}),
            good("A", "R", x={"Std:JsonGet": {"S3Uri": join("s3:/", "b/R/r.json", on="/"), "Path": "Output[1]"}}),
        ],
        "R+ A+",
        check=sees("A", x=10),
    ),
    Row(
        "a JsonGet that leads nowhere fails the step",
        SDK_LOCAL,
        [report("R", {"a": 1}), good("A", x=json_get("R", "b"))],
        "R+ A-",
        "Failed",
        reason("A", "Std:JsonGet finds no b in"),
    ),
    Row(
        "a JsonGet that leads nowhere fails a condition, it does not make it false",
        SDK_LOCAL,
        [report("R", {"a": 1}), condition("C", compare("Equals", json_get("R", "b"), 1), [good("Yes")], [good("No")])],
        "R+ C-",
        "Failed",
        reason("C", "Std:JsonGet finds no b in"),
    ),
    Row(
        "a property file that was not written cannot be read",
        SDK_LOCAL,
        [
            shell("R", "true", PropertyFiles=[{"PropertyFileName": "R", "OutputName": "o", "FilePath": "r.json"}]),
            good("A", x=json_get("R", "a")),
        ],
        "R+ A-",
        "Failed",
        reason("A", "there is no R at PropertyFiles"),
    ),
    Row(
        "a property that a step does not have fails the step that asks",
        "build-and-manage-properties",
        [good("A"), good("B", x=get("Steps.A.Nothing"))],
        "A+ B-",
        "Failed",
        reason("B", "{'Get': 'Steps.A.Nothing'} leads nowhere: there is no Nothing at the top"),
    ),
    Row(
        "what is given at the start has the parameter's type",
        "build-and-manage-parameters",
        [good("A", f=get("Parameters.F"), b=get("Parameters.B"), i=get("Parameters.I"))],
        "A+",
        check=sees("A", f=2.0, b=True, i=-3),
        declared=[{"Name": name, "Type": kind} for name, kind in (("F", "Float"), ("B", "Boolean"), ("I", "Integer"))],
        parameters={"F": "2", "B": "True", "I": "-3"},
    ),
    Row(
        "execution variables: ARNs and the start",
        "build-and-manage-properties",
        [good("A", a=get("Execution.PipelineArn"), e=get("Execution.PipelineExecutionArn"), t=get("Execution.StartDateTime"))],
        "A+",
        check=lambda execution, backend: sees(
            "A",
            a=execution.description["PipelineArn"],
            e=execution.description["PipelineExecutionArn"],
            t=execution.description["CreationTime"],
        )(execution, backend),
    ),
    # retries
    Row(
        "what a script does wrong is not retried",
        "pipelines-retry-policy",
        [shell("A", "exit 1", RetryPolicies=[{"ExceptionType": ["SageMaker.JOB_INTERNAL_ERROR"], "MaxAttempts": 3}])],
        "A-",
        "Failed",
        lambda execution, _: state(execution, "A")["AttemptCount"] == 1,
    ),
    Row(
        "a request that the service refuses is not retried",
        "pipelines-retry-policy",
        [bad("A", RetryPolicies=[{"ExceptionType": ["Step.SERVICE_FAULT", "Step.THROTTLING"], "MaxAttempts": 3}])],
        "A-",
        "Failed",
        lambda execution, _: state(execution, "A")["AttemptCount"] == 1,
    ),
    # order
    Row("DependsOn orders steps", "build-and-manage-steps", [good("B", "A"), good("A")], "A+ B+"),
    Row("of ready steps the first of the definition starts first", "ours", [good("Z"), good("A")], "Z+ A+", how={"parallelism": 1}),
    # conditions
    decision("Equals holds of equal numbers", compare("Equals", 1, 1.0), "True"),
    decision("Equals does not hold of a number and a text", compare("Equals", 1, "1"), "False", "ours"),
    decision(
        "Equals compares booleans",
        compare("Equals", get("Parameters.B"), True),
        "True",
        declared=[{"Name": "B", "Type": "Boolean", "DefaultValue": True}],
    ),
    decision("GreaterThan", compare("GreaterThan", 2, 2), "False"),
    decision("GreaterThanOrEqualTo", compare("GreaterThanOrEqualTo", 2, 2), "True"),
    decision("LessThan", compare("LessThan", 1.5, 2), "True"),
    decision("LessThanOrEqualTo", compare("LessThanOrEqualTo", 3, 2), "False"),
    decision("In", {"Type": "In", "QueryValue": get("Parameters.S"), "Values": ["b", "a"]}, "True", declared=NUMBER),
    decision("Not", {"Type": "Not", "Condition": YES}, "False"),
    decision("Or", {"Type": "Or", "Conditions": [NO, {"Type": "Not", "Condition": NO}]}, "True"),
    decision("all conditions of a step must hold", [YES, NO], "False"),
    decision("In does not hold of a value that is not among them", {"Type": "In", "QueryValue": 4, "Values": [1, 2]}, "False"),
    decision("Equals compares text", compare("Equals", get("Parameters.S"), "a"), "True", declared=NUMBER),
    decision("after a condition that does not hold no other is looked at", [NO, MISSING], "False", "ours"),
    decision("after one of Or that holds no other is looked at", {"Type": "Or", "Conditions": [YES, MISSING]}, "True", "ours"),
    Row(
        "a condition on a property that is missing fails, it is not false",
        SDK_LOCAL,
        [good("A"), condition("C", compare("Equals", get("Steps.A.Nothing"), 1), [good("Yes")], [good("No")])],
        "A+ C-",
        "Failed",
        reason("C", "there is no Nothing at the top"),
    ),
    Row(
        "nor is Not of a missing value true",
        SDK_LOCAL,
        [good("A"), condition("C", {"Type": "Not", "Condition": compare("Equals", get("Steps.A.Nothing"), 1)}, [good("Yes")], [])],
        "A+ C-",
        "Failed",
        reason("C", "there is no Nothing at the top"),
    ),
    Row(
        "a condition on a step that is not reached is not reached either",
        "ours",
        [
            condition("C", NO, [good("B", x="1")], []),
            condition("D", compare("Equals", get("Steps.B.PrimaryContainer.Environment.x"), "1"), [good("Yes")], [good("No")]),
        ],
        "C+",
    ),
    Row(
        "text and numbers have no order: the step fails",
        "ours",
        [condition("C", compare("LessThan", "1", 2), [good("Yes")], [])],
        "C-",
        "Failed",
        reason("C", "LessThan cannot compare '1' with 2"),
    ),
    Row(
        "a branch may be empty",
        "build-and-manage-steps-types",
        [condition("C", YES, [], [good("No")])],
        "C+",
        check=decided("True"),
    ),
    Row(
        "a condition may stand in a branch",
        "sdk: sagemaker.mlops.workflow.condition_step",
        [condition("C", YES, [condition("D", NO, [good("A")], [good("B")])], [condition("E", YES, [], [])])],
        "C+ D+ B+",
    ),
    Row(
        "the outcome of a condition can be asked for",
        "sdk: sagemaker.mlops.workflow.condition_step",
        [condition("C", NO, [], []), good("A", o=get("Steps.C.Outcome"))],
        "C+ A+",
        check=sees("A", o="False"),
    ),
    Row(
        "a step after a condition waits for its decision, whichever that is",
        "sdk: sagemaker.mlops.workflow.pipeline (PipelineGraph)",
        [good("A", "C"), condition("C", NO, [good("B")], [])],
        "C+ A+",
    ),
    Row(
        "a step after one of a branch that is not taken does not run, nor what comes after it",
        "ours",
        [condition("C", NO, [good("B")], []), good("A", "B"), good("Z", "A"), good("Y")],
        "C+ Y+",
    ),
    Row(
        "steps of a branch see steps outside",
        "build-and-manage-properties",
        [good("A", x="1"), condition("C", YES, [good("B", y=get("Steps.A.PrimaryContainer.Environment.x"))], [])],
        "A+ C+ B+",
        check=sees("B", y="1"),
    ),
    # failure
    Row(
        "after a failure nothing new starts", "ours", [bad("A"), good("B", "A"), good("C")], "A-", "Failed", how={"parallelism": 1}
    ),
    Row(
        "steps that are never reached are not listed; the reason names the step",
        "API ListPipelineExecutionSteps",
        [bad("A"), good("B", "A")],
        "A-",
        "Failed",
        lambda execution, _: execution.description["FailureReason"].startswith("Step failure: A: ClientError"),
    ),
    Row(
        "what runs beside a failing step goes on to its end",
        "ours",
        [shell("A", "sleep 0.6"), bad("B"), good("C", "A")],
        "A+ B-",
        "Failed",
        how={"parallelism": 2},
    ),
    Row(
        "keep_going runs what does not depend on the failure",
        "ours",
        [bad("A"), good("B", "A"), good("C"), good("D", "C")],
        "A- C+ D+",
        "Failed",
        how={"keep_going": True},
    ),
    Row(
        "Fail ends the execution with its message",
        "build-and-manage-steps-types",
        [condition("C", YES, [step("F", "Fail", {"ErrorMessage": join("N is ", get("Parameters.N"))})], []), good("A", "F")],
        "C+ F-",
        "Failed",
        lambda execution, _: (
            state(execution, "F")["Metadata"] == {"Fail": {"ErrorMessage": "N is 3"}}
            and execution.description["FailureReason"] == "Step failure: F: N is 3"
        ),
        declared=NUMBER,
    ),
    Row(
        "a failure that a step waits for: CompletedWithFailures",
        TRIGGER,
        [bad("A"), good("B", {"Step": "A", "Trigger": "Failed"}), good("C", "A")],
        "A- B+",
        "CompletedWithFailures",
    ),
    Row(
        "a DependsOn entry without a Trigger waits for success, like a plain name",
        TRIGGER,
        [good("A"), good("B", {"Step": "A"}), bad("C"), good("D", {"Step": "C"})],
        "A+ B+ C-",
        "Failed",
        how={"parallelism": 1},
    ),
    Row(
        "Trigger Completed waits for success",
        TRIGGER,
        [good("A"), good("B", {"Step": "A", "Trigger": "Completed"})],
        "A+ B+",
    ),
    Row(
        "Trigger Stopped runs neither after a success nor after a failure",
        TRIGGER,
        [good("A"), bad("B"), good("C", {"Step": "A", "Trigger": "Stopped"}), good("D", {"Step": "B", "Trigger": "Stopped"})],
        "A+ B-",
        "Failed",
        how={"parallelism": 1},
    ),
    Row(
        "all entries of DependsOn are awaited, each with its own Trigger",
        TRIGGER,
        [good("A"), bad("B"), good("C", "A", {"Step": "B", "Trigger": "Failed"}), good("D", "B", {"Step": "A", "Trigger": "Any"})],
        "A+ B- C+",
        "CompletedWithFailures",
        how={"parallelism": 1},
    ),
    Row(
        "what comes after the step that waited for a failure runs too",
        "ours",
        [bad("A"), good("B", {"Step": "A", "Trigger": "Failed"}), good("C", "B"), good("D", {"Step": "C", "Trigger": "Any"})],
        "A- B+ C+ D+",
        "CompletedWithFailures",
    ),
    Row(
        "a failed step inside of a branch can be waited for from outside",
        TRIGGER,
        [condition("C", YES, [bad("A")], []), good("B", {"Step": "A", "Trigger": "Failed"})],
        "C+ A- B+",
        "CompletedWithFailures",
    ),
    Row(
        "a failed loop can be waited for",
        TRIGGER,
        [loop("L", ["1"], [bad("A")]), good("B", {"Step": "L", "Trigger": "Any"})],
        "L- A-0- B+",
        "CompletedWithFailures",
    ),
    Row(
        "a step that waits for a failure does not run after a success",
        TRIGGER,
        [good("A"), good("B", {"Step": "A", "Trigger": "Failed"})],
        "A+",
    ),
    Row(
        "Trigger Any runs after a success and after a failure",
        TRIGGER,
        [good("A"), bad("B"), good("C", {"Step": "A", "Trigger": "Any"}, {"Step": "B", "Trigger": "Any"})],
        "A+ B- C+",
        "CompletedWithFailures",
        how={"parallelism": 1},
    ),
    # loops
    Row(
        "a loop runs its body for each item of a JSON text, and children are named <body>-<index>",
        SDK_LOOP,
        [loop("L", get("Parameters.I"), [good("A", i=get("ForEach.CurrentItem"))])],
        "L+ A-0+ A-1+",
        check=lambda execution, backend: (
            sees("A-1", i="y")(execution, backend)
            and state(execution, "A-1")["IterationContext"] == {"ParentStepName": "L", "Index": 1, "Item": "y"}
        ),
        declared=[{"Name": "I", "Type": "String", "DefaultValue": '["x", "y"]'}],
    ),
    Row(
        "the members of an item are reached by a path; body steps see their own iteration",
        SDK_LOOP,
        [
            loop(
                "L",
                ['{"a": {"b": 1}}', '{"a": {"b": 2}}'],
                [good("B", x=get("Steps.A.PrimaryContainer.Environment.v")), good("A", v=get("ForEach.CurrentItem.a['b']"))],
            )
        ],
        "L+ A-0+ A-1+ B-0+ B-1+",
        check=sees("B-1", x=2),
        how={"parallelism": 2},
    ),
    Row(
        "what a loop tells: counts, outputs in the order of the items",
        SDK_LOOP,
        [
            loop("L", [5, 7], [good("A", i=get("ForEach.CurrentItem"))]),
            good(
                "Z",
                n=get("Steps.L.TotalStepCount"),
                s=get("Steps.L.Status"),
                o=get("Steps.L.IterationOutputs[1].A.PrimaryContainer.Environment.i"),
            ),
        ],
        "L+ A-0+ A-1+ Z+",
        check=sees("Z", n=2, s="Succeeded", o=7),
    ),
    Row(
        "the selector MaxBy picks the iteration with the largest field",
        SDK_LOOP,
        [
            loop(
                "L",
                [5, 9, 7],
                [good("A", i=get("ForEach.CurrentItem"))],
                Selector={"Pick": "MaxBy", "Field": get("IterationOutput.A.PrimaryContainer.Environment.i")},
            ),
            good("Z", o=get("Steps.L.Selected.PrimaryContainer.Environment.i")),
        ],
        "L+ A-0+ A-1+ A-2+ Z+",
        check=sees("Z", o=9),
    ),
    Row(
        "the selector MinBy picks the smallest",
        SDK_LOOP,
        [
            loop(
                "L",
                [5, 9],
                [good("A", i=get("ForEach.CurrentItem"))],
                Selector={"Pick": "MinBy", "Field": get("IterationOutput.A.PrimaryContainer.Environment.i")},
            ),
            good("Z", o=get("Steps.L.Selected.PrimaryContainer.Environment.i")),
        ],
        "L+ A-0+ A-1+ Z+",
        check=sees("Z", o=5),
    ),
    Row(
        "a loop with a failed step fails",
        SDK_LOOP,
        [loop("L", ["1", "2"], [bad("A")], 1), good("Z", "L")],
        "L- A-0-",
        "Failed",
        lambda execution, _: (
            state(execution, "L")["Metadata"]["ForEach"]
            == {
                "Status": "Failed",
                "InputItemCount": 2,
                "TotalStepCount": 2,
                "SucceededStepCount": 0,
                "FailedStepCount": 1,
                "StoppedStepCount": 1,
            }
        ),
    ),
    Row(
        "of equal fields the selector picks the first",
        SDK_LOOP,
        [
            loop(
                "L",
                ['{"v": 3, "n": "a"}', '{"v": 3, "n": "b"}'],
                [good("A", v=get("ForEach.CurrentItem.v"), n=get("ForEach.CurrentItem.n"))],
                Selector={"Pick": "MaxBy", "Field": get("IterationOutput.A.PrimaryContainer.Environment.v")},
            ),
            good("Z", o=get("Steps.L.Selected.PrimaryContainer.Environment.n")),
        ],
        "L+ A-0+ A-1+ Z+",
        check=sees("Z", o="a"),
    ),
    Row(
        "a selector over nothing, or over what is no number, fails the loop",
        SDK_LOOP,
        [
            loop("L", ["x"], [good("A", v="x")], Selector={"Pick": "MaxBy", "Field": get(f"IterationOutput.{FIELD}")}),
            loop("M", "[]", [good("B")], Selector={"Pick": "MinBy", "Field": get("IterationOutput.B.ModelName")}),
        ],
        "L- A-0+ M-",
        "Failed",
        lambda execution, backend: (
            reason("L", "the Selector compares numbers")(execution, backend)
            and reason("M", "the Selector has no iteration to pick from")(execution, backend)
        ),
        how={"keep_going": True},
    ),
    Row(
        "body steps wait for each other by DependsOn, in their own iteration",
        SDK_LOOP,
        [loop("L", ["1", "2"], [good("B", "A"), good("A")])],
        "L+ A-0+ B-0+ A-1+ B-1+",
        how={"parallelism": 1},
    ),
    Row("a loop over nothing succeeds", "ours", [loop("L", "[]", [good("A")]), good("Z", "L")], "L+ Z+"),
    Row(
        "items that are no list fail the loop",
        SDK_LOOP,
        [loop("L", "{}", [good("A")])],
        "L-",
        "Failed",
        reason("L", "IterableItems is not a list"),
    ),
    # caching of types that are never reused
    Row(
        "a Model step is never reused",
        "pipelines-caching",
        [{**good("A"), "CacheConfig": {"Enabled": True, "ExpireAfter": "P1D"}}],
        "A+",
        check=lambda execution, _: "CacheHitResult" not in state(execution, "A"),
    ),
]


REFUSED = [
    ("a parameter without a value", {"Name": "N", "Type": "Integer"}, {}, "parameter N has no value and no default"),
    (
        "a value of another type",
        {"Name": "N", "Type": "Integer"},
        {"N": "1.5"},
        "parameter N is '1.5', which is not of type Integer",
    ),
    (
        "a number with a comma in it",
        {"Name": "F", "Type": "Float"},
        {"F": "1_0"},
        "parameter F is '1_0', which is not of type Float",
    ),
    ("no number at all", {"Name": "F", "Type": "Float"}, {"F": "nan"}, "parameter F is 'nan', which is not of type Float"),
    (
        "a default of another type",
        {"Name": "N", "Type": "Integer", "DefaultValue": "1"},
        {},
        "parameter N has the default '1', which is not of type Integer",
    ),
    (
        "a truth as a number",
        {"Name": "N", "Type": "Integer", "DefaultValue": True},
        {},
        "parameter N has the default True, which is not of type Integer",
    ),
    (
        "a value that is not among the legal ones",
        {"Name": "S", "Type": "String", "EnumValues": ["a", "b"]},
        {"S": "c"},
        "parameter S is 'c', which is not allowed",
    ),
    (
        "a value that is too long",
        {"Name": "S", "Type": "String"},
        {"S": "x" * 1025},
        "parameter S has 1025 characters, and at most 1024 are allowed",
    ),
    ("an unknown parameter", {"Name": "S", "Type": "String", "DefaultValue": ""}, {"T": "1"}, "the pipeline has no parameter T"),
]
"""What does not start at all; the page is "build-and-manage-parameters", for the length API Parameter."""


@pytest.fixture
def backend(tmp_path: Path) -> LocalBackend:
    try:
        choose_runner(tmp_path / "probe")
    except BackendError as error:
        pytest.skip(str(error))
    return LocalBackend(tmp_path / ".smp")


SIGNS = {"Succeeded": "+", "Failed": "-", "Stopped": "!"}


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.rule)
def test_rule(row: Row, backend: LocalBackend) -> None:
    assert row.source
    compiled = CompiledPipeline("pipe", {"Parameters": row.declared, "Steps": row.steps})
    execution = backend.run(compiled, row.parameters, **row.how)
    listed = [each["StepName"] + SIGNS[each["StepStatus"]] for each in execution.steps]
    assert sorted(listed) == sorted(row.listed.split()), execution.description
    if row.how.get("parallelism") == 1:
        assert listed == row.listed.split()
    assert execution.status == row.ended
    assert row.check(execution, backend), execution.steps
    kept = backend.execution(execution.id)
    assert kept.description == execution.description
    assert list(kept.steps) == list(execution.steps)


@pytest.mark.parametrize(("declared", "given", "message"), [row[1:] for row in REFUSED], ids=[row[0] for row in REFUSED])
def test_parameters_that_do_not_fit(backend: LocalBackend, declared: dict[str, Any], given: dict[str, str], message: str) -> None:
    with pytest.raises(FindingsError) as caught:
        backend.run(CompiledPipeline("pipe", {"Parameters": [declared], "Steps": [good("A")]}), given)
    assert [finding.message for finding in caught.value.findings] == [message]
    assert not backend.executions()
