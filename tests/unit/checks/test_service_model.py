"""Which steps are checked, where, and against what; over an API of one operation, so that nothing depends on botocore."""

import pytest

from framework.checks.botocore_model import ServiceModel
from framework.checks.service_model import ArgumentCheck, Operation, Violation

SHAPES = {
    "Request": {
        "type": "structure",
        "required": ["JobName", "Role"],
        "members": {"JobName": "Name", "Marketplace": "Name", "Role": "Role"},
    },
    "Name": {"type": "string"},
    "Role": {"type": "string", "min": 5, "max": 99},
}
OPERATION = Operation("CreateJob", filled="JobName", refused="Marketplace")
CHECK = ArgumentCheck(ServiceModel({"CreateJob": "Request"}, {}, SHAPES), {"Job": OPERATION})
ROLE = {"Role": "arn:role"}


def run(arguments: object) -> list[Violation]:
    return CHECK.run({"Steps": [{"Name": "J", "Type": "Job", "Arguments": arguments}]})


@pytest.mark.parametrize("arguments", ["text", None, [], 3])
def test_arguments_that_are_no_mapping(arguments: object) -> None:
    (found,) = run(arguments)
    assert (found.rule, found.path) == ("SMP402", ("Steps", 0, "Arguments"))
    assert found.hint.endswith("write a mapping with Role")


def test_a_step_without_arguments() -> None:
    assert CHECK.run({"Steps": [{"Name": "J", "Type": "Job"}]}) == [
        Violation(
            "SMP403",
            ("Steps", 0),
            "Steps[0] lacks Arguments, which a step of type Job requires",
            "add Arguments, the request of CreateJob",
            lacks="Arguments",
        )
    ]


def test_the_name_that_the_service_fills_in_may_stand_there() -> None:
    assert run(ROLE) == run(ROLE | {"JobName": "prefix"}) == []


def test_a_member_that_a_definition_must_not_have() -> None:
    assert run(ROLE | {"Marketplace": "x"}) == [
        Violation(
            "SMP401", ("Steps", 0, "Arguments", "Marketplace"), "Request has no member Marketplace", "use one of JobName, Role"
        )
    ]


def test_steps_inside_steps_are_checked_in_the_order_of_the_definition() -> None:
    bad = {"Name": "J", "Type": "Job", "Arguments": {}}
    loop = {"Name": "L", "Type": "ForEach", "Arguments": {"ForEachBody": [bad]}}
    inner = {"Name": "I", "Type": "Condition", "Arguments": {"ElseSteps": [bad], "IfSteps": []}}
    outer = {"Name": "C", "Type": "Condition", "Arguments": {"Conditions": [], "IfSteps": [bad, inner], "ElseSteps": [loop]}}
    found = CHECK.run({"Steps": [bad, outer, bad]})
    assert [v.path for v in found] == [
        ("Steps", 0, "Arguments"),
        ("Steps", 1, "Arguments", "IfSteps", 0, "Arguments"),
        ("Steps", 1, "Arguments", "IfSteps", 1, "Arguments", "ElseSteps", 0, "Arguments"),
        ("Steps", 1, "Arguments", "ElseSteps", 0, "Arguments", "ForEachBody", 0, "Arguments"),
        ("Steps", 2, "Arguments"),
    ]
    assert {v.message for v in found} == {"Arguments lacks Role, which Request requires"}
    assert {v.hint for v in found} == {"add Role, a string of 5 to 99 characters"}


@pytest.mark.parametrize(
    "definition",
    [
        {},
        {"Steps": None},
        {"Steps": {"Type": "Job"}},
        {"Steps": [None, 3, [], {"Type": ["Job"]}, {"Type": "Lambda", "Arguments": 3}]},
    ],
)
def test_what_is_not_shaped_like_a_checked_step_is_passed_over(definition: dict[str, object]) -> None:
    assert CHECK.run(definition) == []
