"""Whether the steps of a definition are what steps are made of, before anything looks into them.

In: the Steps of any JSON file. Out: sentences about what is of another type, or too deep, and what to do.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from framework.pipeline.step_graph import INNER_STEPS

OBJECT, LIST, TEXT = "an object", "a list", "a text"
TYPES: Mapping[str, Any] = {OBJECT: Mapping, LIST: list, TEXT: str}
MEMBERS = {
    "Name": TEXT,
    "Type": TEXT,
    "Arguments": OBJECT,
    "CacheConfig": OBJECT,
    "DependsOn": LIST,
    "RetryPolicies": LIST,
    "PropertyFiles": LIST,
    "OutputParameters": LIST,
}
OF_OBJECTS = ("RetryPolicies", "PropertyFiles", "OutputParameters")


MAX_DEPTH = 200
"""How many lists and objects may stand in one another: what reads them calls itself for each."""


def too_deep(value: Any) -> bool:
    """Whether more than MAX_DEPTH lists and objects stand in one another."""
    level = [value]
    for _ in range(MAX_DEPTH + 1):
        level = [inner for each in level for inner in _inside(each)]
    return bool(level)


def _inside(value: Any) -> Iterable[Any]:
    if isinstance(value, Mapping):
        return value.values()
    return value if isinstance(value, list) else ()


def object_at(value: Any, *path: str) -> Mapping[str, Any]:
    """The object at a path of objects; an empty one where something else stands."""
    for key in path:
        value = value.get(key) if isinstance(value, Mapping) else None
    return value if isinstance(value, Mapping) else {}


def misshapen(steps: Any) -> Iterator[tuple[str, str]]:
    """What is wrong with the types of steps and their members, those inside of conditions and loops too."""
    if not isinstance(steps, list):
        yield "Steps is not a list", "make it one"
        return
    for number, step in enumerate(steps):
        if not isinstance(step, Mapping):
            yield f"the step at place {number} is not an object", "make it one, with a Name and a Type"
        else:
            yield from _step(step)


def _step(step: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    name = f"step {step.get('Name')}"
    for member, wanted in MEMBERS.items():
        value = step.get(member)
        if value is not None and not isinstance(value, TYPES[wanted]):
            yield f"{member} of {name} is not {wanted}", "make it one"
        elif member in OF_OBJECTS and not all(isinstance(each, Mapping) for each in value or ()):
            yield f"{member} of {name} is not a list of objects", "make each an object"
    arguments = step.get("Arguments")
    if isinstance(arguments, Mapping):
        yield from _inner(name, arguments, str(step.get("Type")))


def _inner(name: str, arguments: Mapping[str, Any], kind: str) -> Iterator[tuple[str, str]]:
    for branch in INNER_STEPS.get(kind, ()):
        if arguments.get(branch) is not None:
            for message, cure in misshapen(arguments[branch]):
                yield message.replace("Steps is", f"{branch} of {name} is"), cure
    if kind == "Condition" and not _conditions(arguments.get("Conditions") or []):
        yield f"Conditions of {name} is not a list of objects, each with what its Type needs", "write each as an object"


def _conditions(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(each, Mapping) and _conditions(_below(each)) for each in value)


def _below(condition: Mapping[str, Any]) -> Any:
    """The conditions inside of a condition."""
    return [condition["Condition"]] if "Condition" in condition else condition.get("Conditions") or []
