"""Step classes Condition, ForEach and Fail: which steps run, how often, and where the pipeline ends."""

from __future__ import annotations

from typing import Any

from framework.findings import Finding, nearest
from framework.steps.base import Arguments, Origins, Step, StepSpec, Surroundings, as_text
from framework.steps.conditions import TYPES, ConditionError, read_conditions

_TYPES = frozenset({*TYPES.values(), "In", "Not", "Or"})


def condition(spec: StepSpec, around: Surroundings) -> Step:
    """The Condition step of `spec`; the steps of its branches are put in when the definition is written."""
    given = spec.values.get("conditions") or ()
    conditions = [read for index, value in enumerate(given) for read in _conditions(spec, index, value, around)]
    arguments: Arguments = {"Conditions": conditions, "IfSteps": [], "ElseSteps": []}
    return Step(spec.name, "Condition", arguments, spec, {("Conditions",): ("conditions",)})


def _conditions(spec: StepSpec, index: int, value: Any, around: Surroundings) -> list[Arguments]:
    place = spec.place_of("conditions", index)
    if isinstance(value, dict):
        if not isinstance(value.get("Type"), str) or value["Type"] not in _TYPES:
            message = f"{spec.name} has a condition of no known type"
            around.report(Finding("SMP307", place, message, nearest(value.get("Type"), _TYPES)))
        return [value]
    try:
        return read_conditions(value)
    except ConditionError as error:
        hint = "write it as ${steps.evaluate.report.f1} >= 0.8"
        around.report(Finding("SMP307", place, f"a condition of {spec.name} cannot be read: {error}", hint))
        return []


def for_each(spec: StepSpec, around: Surroundings) -> Step:
    """The ForEach step of `spec`; the steps of its body are put in when the definition is written."""
    values = spec.values
    arguments: Arguments = {"IterableItems": values.get("items"), "MaxConcurrency": values["max_concurrency"]}
    selector = values.get("selector")
    if selector:
        arguments["Selector"] = {"Pick": selector["pick"], "Field": selector["field"]}
    arguments["ForEachBody"] = []
    origins: Origins = {("IterableItems",): ("items",), ("MaxConcurrency",): ("max_concurrency",), ("Selector",): ("selector",)}
    return Step(spec.name, "ForEach", arguments, spec, origins)


def fail(spec: StepSpec, around: Surroundings) -> Step:
    """The Fail step of `spec`."""
    arguments = {"ErrorMessage": as_text(spec.values["error_message"])}
    return Step(spec.name, "Fail", arguments, spec, {("ErrorMessage",): ("error_message",)})
