"""What a definition says of its parameters, and decides by: rules SMP120 and SMP307 once more.

A definition that this tool compiled has been checked for them already; this finds them in one that came from elsewhere, and in what
Raw and Custom steps hold.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from framework.checks.paths import step_and_path
from framework.checks.shapes import Violation, path_of
from framework.checks.subject import JOIN, JSON_GET, PlacedStep, Subject
from framework.config.expressions import Expression, Item, Join, JsonGet, Parameter, Ref, Variable
from framework.findings import nearest
from framework.steps.condition_forms import problems

PARAMETER, CONDITION = "SMP120", "SMP307"

_TYPES: Mapping[str, tuple[type, ...]] = {"Boolean": (bool,), "Float": (int, float), "Integer": (int,), "String": (str,)}
_DEEPEST = 50
"""Conditions in one another; deeper ones are not looked at."""


def violations(subject: Subject) -> Iterator[Violation]:
    """What is wrong with parameters and conditions."""
    for name, (at, parameter) in subject.parameters.items():
        yield from _parameter(name, ("Parameters", at), parameter)
    for step in subject.steps:
        if step.type == "Condition":
            yield from _conditions(subject, step)


def _parameter(name: str, path: tuple[str, int], parameter: Mapping[str, Any]) -> Iterator[Violation]:
    kind, default, choices = parameter.get("Type"), parameter.get("DefaultValue"), parameter.get("EnumValues")
    if not isinstance(kind, str) or kind not in _TYPES:
        message = f"the parameter {name} has no known type"
        yield Violation(PARAMETER, (*path, "Type"), message, nearest(kind, _TYPES))
    elif default is not None and not _is_of(default, kind):
        message = f"the default of the parameter {name} is not of its type, {kind}"
        yield Violation(PARAMETER, (*path, "DefaultValue"), message, f"a value of type {kind}")
    elif default is not None and isinstance(choices, list) and default not in choices:
        message = f"the default of the parameter {name} is none of its choices"
        yield Violation(PARAMETER, (*path, "DefaultValue"), message, "one of " + ", ".join(map(str, choices)))


def _is_of(value: Any, kind: str) -> bool:
    return isinstance(value, _TYPES[kind]) and isinstance(value, bool) == (kind == "Boolean")


def _conditions(subject: Subject, step: PlacedStep) -> Iterator[Violation]:
    listed = step.arguments.get("Conditions")
    for at, condition in enumerate(listed if isinstance(listed, list) else ()):
        if _depth(condition) > _DEEPEST:
            continue
        for message, hint in problems(_read(subject, condition)):
            path = path_of(step.at("Arguments", "Conditions", at))
            yield Violation(CONDITION, path, f"{step.name}: a condition {message}", hint)


def _depth(value: Any) -> int:
    """How deep a value is; no more than is looked at, however deep it is."""
    deepest, todo = 0, [(value, 1)]
    while todo and deepest <= _DEEPEST:
        value, depth = todo.pop()
        deepest = max(deepest, depth)
        items = value.values() if isinstance(value, Mapping) else value if isinstance(value, list) else ()
        todo += [(item, depth + 1) for item in items]
    return deepest


def _read(subject: Subject, value: Any) -> Any:
    """A condition with its references as the configuration has them."""
    if isinstance(value, list):
        return [_read(subject, item) for item in value]
    if not isinstance(value, dict):
        return value
    if len(value) == 1:
        [(key, item)] = value.items()
        if key in {"Get", JOIN, JSON_GET}:
            return _expression(subject, key, item)
    return {key: _read(subject, item) for key, item in value.items()}


def _expression(subject: Subject, function: str, given: Any) -> Expression:
    if function == JOIN and isinstance(given, Mapping):
        parts = given.get("Values")
        return Join(str(given.get("On", "")), tuple(_read(subject, parts) if isinstance(parts, list) else ()))
    if function == JSON_GET and isinstance(given, Mapping):
        file = given.get("PropertyFile")
        named = step_and_path(str(file.get("Get"))) if isinstance(file, Mapping) else None
        step, path = named or ("", "")
        return JsonGet(step, path.removeprefix("PropertyFiles."), str(given.get("Path", "")))
    if not isinstance(given, str):
        return Item("")
    root, _, name = given.partition(".")
    if root == "Parameters":
        declared = subject.parameters.get(name, (0, {}))[1].get("Type")
        return Parameter(name, declared if isinstance(declared, str) else "")
    if root == "Execution":
        return Variable(name)
    named = step_and_path(given)
    return Ref(*named) if named is not None else Item("")
