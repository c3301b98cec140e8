"""How much a definition may hold: the limits themselves are no violation, one more is."""

from __future__ import annotations

from typing import Any

import pytest

from framework.checks import check_definition
from framework.checks.rules import limits
from framework.findings import WARNING
from framework.pipeline.compiled import CompiledPipeline, Schedule


def stop(name: str = "stop", message: str = "x") -> dict[str, Any]:
    return {"Name": name, "Type": "Fail", "Arguments": {"ErrorMessage": message}}


def found(*steps: dict[str, Any], parameters: int = 0, **more: Any) -> list[tuple[str, tuple[str | int, ...], str, str]]:
    declared = [{"Name": f"p{number}", "Type": "String"} for number in range(parameters)]
    used = [
        stop("uses", "")
        | {"Description": {"Std:Join": {"On": "", "Values": [{"Get": f"Parameters.{p['Name']}"} for p in declared]}}}
    ]
    definition = {"Version": "2020-12-01", "Parameters": declared, "Steps": [*steps, *used]}
    compiled = CompiledPipeline(more.pop("name", "x"), definition, **more)
    told = [each for each in check_definition(compiled) if each.rule.startswith("SMP50")]
    return [(each.rule, each.path, each.message, each.severity) for each in told]


def of_size(characters: int) -> list[dict[str, Any]]:
    """Steps of a definition that has so many characters in all."""
    steps = [stop(f"s{number}") for number in range(30)]
    empty = len(
        CompiledPipeline(
            "x", {"Version": "2020-12-01", "Parameters": [], "Steps": [*steps, stop("uses", "") | _NOTHING]}
        ).definition_body()
    )
    steps[0]["Arguments"]["ErrorMessage"] += "y" * (characters - empty)
    return steps


_NOTHING = {"Description": {"Std:Join": {"On": "", "Values": []}}}


def test_a_definition_as_large_as_one_sent_inline_may_be() -> None:
    assert found(*of_size(limits.MAX_INLINE)) == []


def test_a_larger_definition_goes_by_way_of_s3() -> None:
    message = "the definition has 1,048,577 characters; one sent inline holds 1,048,576, so it goes by way of S3"
    assert found(*of_size(limits.MAX_INLINE + 1)) == [("SMP502", (), message, WARNING)]


def test_parameters() -> None:
    assert found(parameters=200) == []
    assert found(parameters=201) == [
        ("SMP503", ("Parameters", 200), "the pipeline has 201 parameters; an execution takes 200", "error")
    ]


def test_tags() -> None:
    tags = tuple({"Key": f"k{number}", "Value": "v"} for number in range(51))
    assert found(tags=tags[:49]) == []
    said = "the pipeline has 50 tags; it takes 50, 1 set by deploying"
    assert found(tags=tags[:50]) == [("SMP503", ("Tags",), said, "error")]


def test_tags_beside_triggers() -> None:
    tags = tuple({"Key": f"k{number}", "Value": "v"} for number in range(49))
    nightly = Schedule("nightly", "group", {})
    assert found(tags=tags[:48], triggers=(nightly,)) == []
    said = "the pipeline has 49 tags; it takes 50, 2 set by deploying"
    assert found(tags=tags, triggers=(nightly,)) == [("SMP503", ("Tags",), said, "error")]


@pytest.mark.parametrize(("name", "legal"), [("a" * 64, True), ("a" * 65, False), ("a_b-C1", True), ("a b", False), ("ä", False)])
def test_names_of_steps(name: str, legal: bool) -> None:
    told = found(stop(name))
    assert told == ([] if legal else [("SMP504", ("Steps", 0, "Name"), f'a step cannot be called "{name}"', "error")])


@pytest.mark.parametrize(("name", "legal"), [("a" * 256, True), ("a" * 257, False), ("a-b", True), ("-a", False), ("a_b", False)])
def test_names_of_pipelines(name: str, legal: bool) -> None:
    assert [each[0] for each in found(name=name)] == ([] if legal else ["SMP504"])
