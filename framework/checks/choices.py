"""What a value may be when the pipeline runs, as far as that is chosen before: a value of a step in, the choices out."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from itertools import islice, product
from typing import Any

from framework.checks.paths import Key, Member, parts_of
from framework.checks.subject import JOIN, PlacedStep, Subject

ANYTHING = "\0anything\0"
"""Stands, in a choice, for what whoever starts an execution may give."""

_MOST = 200
_LOOP, _ITEM = "ForEach", "ForEach.CurrentItem"


def choices(subject: Subject, step: PlacedStep, value: Any) -> Sequence[Any]:
    """All that a value may be; none where another step, or the execution, tells it: nobody chooses that."""
    if not isinstance(value, Mapping):
        return [value]
    if isinstance(value.get(JOIN), Mapping):
        return _joined(subject, step, value[JOIN])
    target = value.get("Get")
    if not isinstance(target, str):
        return []
    if target.startswith(_ITEM):
        return _items(subject, step, target.removeprefix(_ITEM).removeprefix("."))
    return of_parameter(subject, target.removeprefix("Parameters."))


def of_parameter(subject: Subject, name: str) -> Sequence[Any]:
    """All that a parameter may be: its choices, or its default and anything up to its limit."""
    if name not in subject.parameters:
        return []
    parameter = subject.parameters[name][1]
    rule = next((rule for rule in subject.compiled.rules if rule.name == name), None)
    listed = parameter.get("EnumValues") or (list(rule.enum) if rule is not None else [])
    if listed and isinstance(listed, list):
        return listed
    default = parameter.get("DefaultValue")
    most = ANYTHING if rule is None or rule.maximum is None else rule.maximum
    return [most] if default is None else [default, most]


def _joined(subject: Subject, step: PlacedStep, join: Mapping[str, Any]) -> Sequence[Any]:
    parts = [choices(subject, step, part) for part in join.get("Values") or ()]
    return [str(join.get("On", "")).join(map(str, chosen)) for chosen in islice(product(*parts), _MOST)]


def _items(subject: Subject, step: PlacedStep, path: str) -> Sequence[Any]:
    """What a part of an item may be, in the loop that the step stands in."""
    loop = next((holder for holder in reversed(step.holders) if holder.type == _LOOP), None)
    items = loop.arguments.get("IterableItems") if loop is not None else None
    if isinstance(items, Mapping):
        texts = choices(subject, step, items)
        return [part for text in texts for part in ([ANYTHING] if text == ANYTHING else _parts(_list_in(text), path))]
    return _parts(items, path) if isinstance(items, list) else []


def _list_in(text: Any) -> list[Any]:
    try:
        listed = json.loads(text) if isinstance(text, str) else []
    except (ValueError, RecursionError):
        return []
    return listed if isinstance(listed, list) else []


def _parts(items: list[Any], path: str) -> list[Any]:
    for part in parts_of(path) or ():
        name = part.name if isinstance(part, Member) else part.key if isinstance(part, Key) else ""
        items = [item[name] for item in items if isinstance(item, Mapping) and name in item]
    return items
