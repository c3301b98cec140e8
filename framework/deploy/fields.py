"""Two JSON values in, what differs between them out: field by field, in an order that depends on nothing but the values."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from framework.findings import NOWHERE, Place

Keys = tuple[str | int, ...]
"""Where a value stands: the keys and indices that lead to it."""

_TAG = "Key"
"""The name of a tag, or of a property of an EMR step: their order means nothing."""

IDENTITIES = ("Name", "InputName", "OutputName", "ChannelName", "PropertyFileName", "ParameterName", _TAG)
"""Members by which the SageMaker API tells the elements of a list apart, as in `Outputs['model']`."""

_PART = re.compile(r"(?:^|\.)(?P<member>[\w-]+)|\[(?P<index>\d+)\]|\[(?P<quote>['\"])(?P<key>.+?)(?P=quote)\]")


class _Absent(str):
    """Prints and serialises like text, but is told apart from any text by identity (null is a value of its own in JSON)."""

    __slots__ = ()

    def __reduce__(self) -> str:
        return "ABSENT"  # a copy of it is itself


ABSENT = _Absent("(absent)")


@dataclass(frozen=True, slots=True)
class FieldChange:
    """A field that differs.

    Attributes:
        path: as people read it.
        before, after: its values; `ABSENT` stands for a field that is not there.
        old, new: where it stands in the whole that was compared, before and after; what is nearest to it where it is not there.
        place: the line of the configuration that says so; nowhere for a field that is removed, or while that is not known.
    """

    path: str
    before: Any
    after: Any
    old: Keys = field(default=(), compare=False)
    new: Keys = field(default=(), compare=False)
    place: Place = NOWHERE

    def to_json(self) -> dict[str, Any]:
        """In JSON types; a field that is absent has no `before` or no `after`."""
        result = {"path": self.path}
        result |= {} if self.before is ABSENT else {"before": self.before}
        result |= {} if self.after is ABSENT else {"after": self.after}
        return {**result, **place_data(self.place)}


def place_data(place: Place) -> dict[str, Any]:
    """A place in JSON types; nothing for nowhere."""
    return {"file": place.file, "line": place.line, "column": place.column} if place != NOWHERE else {}


def canonical(value: Any) -> str:
    """The value as text that is equal exactly where the JSON is: 1, 1.0 and true differ, the order of keys does not matter."""
    return json.dumps(value, sort_keys=True, ensure_ascii=False)


def in_order(value: Any) -> Any:
    """The value with its tags by their names: two that `field_changes` tells no difference of are the same."""
    if isinstance(value, Mapping):
        return {key: in_order(item) for key, item in value.items()}
    if isinstance(value, list):
        items = [in_order(item) for item in value]
        return sorted(items, key=lambda item: str(item[_TAG])) if _names(items, _TAG) else items
    return value


def field_changes(before: Any, after: Any, path: str = "", old: Keys = (), new: Keys = ()) -> Iterator[FieldChange]:
    """What differs between two values.

    Args:
        before, after: JSON values; `ABSENT` where there is none.
        path, old, new: where the two stand; what comes out begins with that.

    Yields:
        One change per differing leaf, depth first, keys in alphabetical order. Lists are compared element by element where
        their elements have names or the lengths agree, and as a whole otherwise.
    """
    if before is ABSENT or after is ABSENT:
        yield FieldChange(path, before, after, old, new)
    elif canonical(before) == canonical(after):
        return
    elif isinstance(before, Mapping) and isinstance(after, Mapping):
        for key in sorted(before.keys() | after.keys()):
            values = before.get(key, ABSENT), after.get(key, ABSENT)
            yield from field_changes(*values, _member(path, key), (*old, key), (*new, key))
    elif isinstance(before, list) and isinstance(after, list):
        yield from _list_changes(before, after, path, old, new)
    else:
        yield FieldChange(path, before, after, old, new)


def below(change: FieldChange, old: Keys, new: Keys) -> FieldChange:
    """The change as it is seen from further out: where what was compared stands is put before its keys."""
    return replace(change, old=(*old, *change.old), new=(*new, *change.new))


def value_at(value: Any, path: str) -> Any:
    """What stands at a path as the definition's references write it, `Outputs['model'].S3Output.S3Uri`; ABSENT for nothing."""
    end = 0
    for match in _PART.finditer(path):
        if match.start() != end:
            return ABSENT
        end = match.end()
        value = _step(value, match)
    return value if end == len(path) else ABSENT


def at(value: Any, keys: Sequence[str | int]) -> Any:
    """What stands at the end of keys and indices; ABSENT for nothing."""
    for key in keys:
        known = isinstance(value, Mapping) and key in value
        if not known and not (isinstance(value, list) and isinstance(key, int) and key < len(value)):
            return ABSENT
        value = value[key]
    return value


def _step(value: Any, match: re.Match[str]) -> Any:
    if match["index"] is not None:
        return at(value, [int(match["index"])])
    key = match["member"] or match["key"]
    if isinstance(value, list):
        identity = next((name for name in IDENTITIES if _names(value, name)), "")
        return _by(identity, value).get(key, (0, ABSENT))[1] if identity else ABSENT
    return at(value, [key])


def _list_changes(before: list[Any], after: list[Any], path: str, old: Keys, new: Keys) -> Iterator[FieldChange]:
    identity = next((key for key in IDENTITIES if _names(before, key) and _names(after, key)), None)
    if identity:
        left, right = _by(identity, before), _by(identity, after)
        if identity != _TAG and [name for name in left if name in right] != [name for name in right if name in left]:
            yield FieldChange(f"{path} (order)", list(left), list(right), old, new)
        yield from _named_changes(left, right, path, old, new)
    elif len(before) == len(after):
        for index, (left, right) in enumerate(zip(before, after, strict=True)):
            yield from field_changes(left, right, f"{path}[{index}]", (*old, index), (*new, index))
    else:
        yield FieldChange(path, before, after, old, new)


Elements = dict[str, tuple[int, Any]]


def _named_changes(before: Elements, after: Elements, path: str, old: Keys, new: Keys) -> Iterator[FieldChange]:
    for name in sorted(before.keys() | after.keys()):
        (left, was), (right, now) = before.get(name, (None, ABSENT)), after.get(name, (None, ABSENT))
        ends = (old if left is None else (*old, left)), (new if right is None else (*new, right))
        yield from field_changes(was, now, f"{path}['{name}']", *ends)


def _by(identity: str, elements: list[Any]) -> Elements:
    return {element[identity]: (index, element) for index, element in enumerate(elements)}


def _names(elements: list[Any], identity: str) -> bool:
    """Whether every element has such a name of its own."""
    names = [element.get(identity) if isinstance(element, Mapping) else None for element in elements]
    return bool(names) and all(isinstance(name, str) for name in names) and len(set(names)) == len(names)


def _member(path: str, key: str) -> str:
    if not re.fullmatch(r"\w+", key):
        return f"{path}['{key}']"
    return f"{path}.{key}" if path else key
