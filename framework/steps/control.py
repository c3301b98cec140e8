"""Step classes Condition, ForEach and Fail: which steps run, how often, and where the pipeline ends."""

from __future__ import annotations

import json
from typing import Any

from framework.config.expressions import Expression, Iteration, Parameter, bracketed, written
from framework.config.model import CALLBACK, LAMBDA
from framework.findings import Finding, nearest
from framework.steps.base import Arguments, Origins, Step, StepSpec, Surroundings, as_text
from framework.steps.condition_forms import problems
from framework.steps.conditions import ConditionError, read_conditions


def condition(spec: StepSpec, around: Surroundings) -> Step:
    """The Condition step of `spec`; the steps of its branches are put in when the definition is written."""
    given = spec.values.get("conditions") or ()
    conditions = [read for index, value in enumerate(given) for read in _conditions(spec, index, value, around)]
    arguments: Arguments = {"Conditions": conditions, "IfSteps": [], "ElseSteps": []}
    return Step(spec.name, "Condition", arguments, spec, {("Conditions",): ("conditions",)})


def _conditions(spec: StepSpec, index: int, value: Any, around: Surroundings) -> list[Arguments]:
    place = spec.place_of("conditions", index)
    conditions = [value]
    if not isinstance(value, dict):
        try:
            conditions = read_conditions(value)
        except ConditionError as error:
            hint = "write it as ${steps.evaluate.report.f1} >= 0.8"
            around.report(Finding("SMP307", place, f"a condition of {spec.name} cannot be read: {error}", hint))
            return []
    for message, hint in (problem for each in conditions for problem in problems(each)):
        around.report(Finding("SMP307", place, f"a condition of {spec.name} {message}", hint))
    return conditions


def for_each(spec: StepSpec, around: Surroundings) -> Step:
    """The ForEach step of `spec`; the steps of its body are put in when the definition is written."""
    values = spec.values
    arguments: Arguments = {"IterableItems": values.get("items"), "MaxConcurrency": values["max_concurrency"]}
    selector = values.get("selector")
    _check_items(spec, around)
    if selector:
        _check_selector(spec, selector["field"], around)
        arguments["Selector"] = {"Pick": selector["pick"], "Field": selector["field"]}
    arguments["ForEachBody"] = []
    origins: Origins = {("IterableItems",): ("items",), ("MaxConcurrency",): ("max_concurrency",), ("Selector",): ("selector",)}
    return Step(spec.name, "ForEach", arguments, spec, origins)


def _check_items(spec: StepSpec, around: Surroundings) -> None:
    """Report items that the loop cannot go over, or that two iterations could not be told apart by."""
    items, place = spec.values.get("items"), ("items",)
    if isinstance(items, Parameter):
        declared = around.config.pipeline.parameters if around.config.pipeline else ()
        default = next((parameter.default for parameter in declared if parameter.name == items.name), None)
        if items.kind != "String" or (default is not None and not _is_json_list(default)):
            message = f"{spec.name} goes over {written(items)}, which is not the text of a JSON list"
            around.missing(spec, place, message, """give it the type String and a default such as '["a", "b"]'""", "SMP308")
    elif isinstance(items, list):
        for index, item in enumerate(items):
            if any(type(other) is type(item) and other == item for other in items[:index]):
                message = f"{spec.name} has the item {written(item)} twice, and both iterations would put out to one place"
                around.missing(spec, (*place, index), message, "keep one of the two", "SMP308")
        if "item_key" in spec.values and not any(isinstance(item, Expression) for item in items):
            message = f"the items of {spec.name} are single values, which have no {spec.values['item_key']}"
            around.missing(spec, ("item_key",), message, "remove it", "SMP308")


def _is_json_list(text: Any) -> bool:
    try:
        return isinstance(json.loads(text), list)
    except (TypeError, ValueError, RecursionError):
        return False


def _check_selector(spec: StepSpec, field: Any, around: Surroundings) -> None:
    """Report a field that is nothing a step of the loop tells."""
    keys = ("selector", "field")
    if not isinstance(field, Iteration):
        message = f"the selector of {spec.name} looks at {written(field)}, which no iteration tells"
        around.missing(spec, keys, message, "write ${iteration.STEP.outputs.NAME}", "SMP308")
        return
    body = [name for names in spec.config.branches.values() for name in names]
    inner = around.specs.get(field.step)
    if field.step not in body:
        message = f"{written(field)} names nothing: {field.step} is no step of {spec.name}"
        around.missing(spec, keys, message, nearest(field.step, body), "SMP308")
    elif inner is not None and inner.step_class in {LAMBDA, CALLBACK} and field.path.startswith("OutputParameters["):
        outputs = inner.values.get("outputs") or {}
        if field.path not in {f"OutputParameters{bracketed(name)}" for name in outputs}:
            message = f"{written(field)} names nothing: {field.step} puts out {', '.join(outputs) or 'nothing'}"
            around.missing(spec, keys, message, nearest(field.path[18:-2], outputs), "SMP308")


def fail(spec: StepSpec, around: Surroundings) -> Step:
    """The Fail step of `spec`."""
    arguments = {"ErrorMessage": as_text(spec.values["error_message"])}
    return Step(spec.name, "Fail", arguments, spec, {("ErrorMessage",): ("error_message",)})
