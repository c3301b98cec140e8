from __future__ import annotations

from typing import Any

import pytest

from framework.findings import FindingsError, Place
from framework.pipeline.compiled import ParameterRule
from framework.pipeline.parameters import resolve_parameters, typed

DEFINITION = {
    "Parameters": [
        {"Name": "Text", "Type": "String", "DefaultValue": "x"},
        {"Name": "Kind", "Type": "String", "DefaultValue": "a", "EnumValues": ["a", "b"]},
        {"Name": "Count", "Type": "Integer"},
        {"Name": "Rate", "Type": "Float", "DefaultValue": 0.5},
        {"Name": "Flag", "Type": "Boolean", "DefaultValue": True},
    ]
}


def test_defaults_and_typed_values() -> None:
    assert resolve_parameters(DEFINITION, {"Count": "-7", "Flag": "False", "Kind": "b"}) == {
        "Text": "x",
        "Kind": "b",
        "Count": -7,
        "Rate": 0.5,
        "Flag": False,
    }


@pytest.mark.parametrize(
    ("given", "messages"),
    [
        ({}, ["parameters SMP303 parameter Count has no value and no default. Try: Count=…, a value of type Integer."]),
        (
            {"Count": "1.5"},
            ["parameters SMP303 parameter Count is '1.5', which is not of type Integer. Try: a value of type Integer."],
        ),
        ({"Count": "1", "Kind": "c"}, ["parameters SMP303 parameter Kind is 'c', which is not allowed. Try: one of a, b."]),
        ({"Count": "1", "Cuont": "1"}, ["parameters SMP303 the pipeline has no parameter Cuont. Try: Count."]),
        (
            {"Rate": "nan", "Flag": "yes", "Count": "2"},
            [
                "parameters SMP303 parameter Flag is 'yes', which is not of type Boolean. Try: a value of type Boolean.",
                "parameters SMP303 parameter Rate is 'nan', which is not of type Float. Try: a value of type Float.",
            ],
        ),
    ],
)
def test_every_problem_at_once(given: dict[str, str], messages: list[str]) -> None:
    with pytest.raises(FindingsError) as caught:
        resolve_parameters(DEFINITION, given)
    assert [str(finding) for finding in caught.value.findings] == messages
    assert {finding.place for finding in caught.value.findings} == {Place("parameters")}


@pytest.mark.parametrize(
    ("declared", "messages"),
    [
        ("Count", ["Parameters is not a list"]),
        (
            ["Count", {"Type": "String"}, {"Name": 5}],
            [f"the parameter at place {at} is not an object with a Name" for at in range(3)],
        ),
        ([{"Name": "Count", "EnumValues": 5, "DefaultValue": 1}], ["EnumValues of parameter Count is not a list"]),
        (
            [{"Name": "A", "DefaultValue": {}}, {"Name": "B", "EnumValues": [[]]}, {"Name": "C", "Type": []}],
            [f"a value of parameter {name} is a list or an object" for name in "ABC"],
        ),
    ],
)
def test_declarations_of_other_types(declared: Any, messages: list[str]) -> None:
    with pytest.raises(FindingsError) as caught:
        resolve_parameters({"Parameters": declared}, {"A": "1"})
    assert [finding.message for finding in caught.value.findings] == messages


RULES = (ParameterRule("Count", 1, 3), ParameterRule("Rate", enum=(0.5, 0.7)), ParameterRule("Gone", 1))


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"Count": "0"}, "parameters SMP303 parameter Count is 0, below its minimum. Try: at least 1."),
        ({"Count": "4"}, "parameters SMP303 parameter Count is 4, above its maximum. Try: at most 3."),
        ({"Count": "2", "Rate": "0.6"}, "parameters SMP303 parameter Rate is 0.6, which is not allowed. Try: one of 0.5, 0.7."),
    ],
)
def test_the_limits_of_the_configuration_hold_too(given: dict[str, str], message: str) -> None:
    with pytest.raises(FindingsError) as caught:
        resolve_parameters(DEFINITION, given, RULES)
    assert [str(finding) for finding in caught.value.findings] == [message]


def test_a_value_within_its_limits() -> None:
    assert resolve_parameters(DEFINITION, {"Count": "3", "Rate": "0.7"}, RULES)["Count"] == 3


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [("Integer", "+12", 12), ("Float", "1e3", 1000.0), ("Boolean", "TRUE", True), ("String", "1", "1")],
)
def test_types(kind: str, text: str, value: Any) -> None:
    assert typed(kind, text) == value
    assert type(typed(kind, text)) is type(value)


@pytest.mark.parametrize(
    ("kind", "text"), [("Integer", "1_000"), ("Integer", ""), ("Float", "inf"), ("Float", "x"), ("Boolean", "1")]
)
def test_other_types(kind: str, text: str) -> None:
    with pytest.raises(ValueError, match=f"not of type {kind}"):
        typed(kind, text)
