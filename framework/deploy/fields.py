"""Two JSON values in, what differs between them out: field by field, in an order that depends on nothing but the values."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

FieldChange = tuple[str, Any, Any]
"""A path, the value before and the value after; `ABSENT` stands for a field that is not there."""

IDENTITIES = ("Name", "InputName", "OutputName", "ChannelName", "PropertyFileName", "ParameterName", "Key")
"""Members by which the SageMaker API tells the elements of a list apart, as in `Outputs['model']`."""


class _Absent(str):
    """Prints and serialises like text, but is told apart from any text by identity (null is a value of its own in JSON)."""

    __slots__ = ()

    def __reduce__(self) -> str:
        return "ABSENT"  # a copy of it is itself


ABSENT = _Absent("(absent)")


def canonical(value: Any) -> str:
    """The value as text that is equal exactly where the JSON is: 1, 1.0 and true differ, the order of keys does not matter."""
    return json.dumps(value, sort_keys=True, ensure_ascii=False)


def field_changes(before: Any, after: Any, path: str = "") -> Iterator[FieldChange]:
    """What differs between two values.

    Args:
        before, after: JSON values; `ABSENT` where there is none.
        path: where the two stand; the paths that come out begin with it.

    Yields:
        One triple per differing leaf, depth first, keys in alphabetical order. Lists are compared element by element where
        their elements have names or the lengths agree, and as a whole otherwise.
    """
    if before is ABSENT or after is ABSENT:
        yield path, before, after
    elif canonical(before) == canonical(after):
        return
    elif isinstance(before, Mapping) and isinstance(after, Mapping):
        yield from _object_changes(before, after, path)
    elif isinstance(before, list) and isinstance(after, list):
        yield from _list_changes(before, after, path)
    else:
        yield path, before, after


def _object_changes(before: Mapping[str, Any], after: Mapping[str, Any], path: str) -> Iterator[FieldChange]:
    for key in sorted(before.keys() | after.keys()):
        yield from field_changes(before.get(key, ABSENT), after.get(key, ABSENT), _member(path, key))


def _list_changes(before: list[Any], after: list[Any], path: str) -> Iterator[FieldChange]:
    identity = next((key for key in IDENTITIES if _names(before, key) and _names(after, key)), None)
    if identity:
        yield from _named_changes(_by(identity, before), _by(identity, after), path)
    elif len(before) == len(after):
        for index, (left, right) in enumerate(zip(before, after, strict=True)):
            yield from field_changes(left, right, f"{path}[{index}]")
    else:
        yield path, before, after


def _named_changes(before: dict[str, Any], after: dict[str, Any], path: str) -> Iterator[FieldChange]:
    if [name for name in before if name in after] != [name for name in after if name in before]:
        yield f"{path} (order)", list(before), list(after)
    for name in sorted(before.keys() | after.keys()):
        yield from field_changes(before.get(name, ABSENT), after.get(name, ABSENT), f"{path}['{name}']")


def _by(identity: str, elements: list[Any]) -> dict[str, Any]:
    return {element[identity]: element for element in elements}


def _names(elements: list[Any], identity: str) -> bool:
    """Whether every element has such a name of its own."""
    names = [element.get(identity) if isinstance(element, Mapping) else None for element in elements]
    return bool(names) and all(isinstance(name, str) for name in names) and len(set(names)) == len(names)


def _member(path: str, key: str) -> str:
    if not re.fullmatch(r"\w+", key):
        return f"{path}['{key}']"
    return f"{path}.{key}" if path else key
