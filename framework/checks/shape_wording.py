"""How a value that does not fit its shape is put into words: shape and value in, parts of a message or a hint out."""

from __future__ import annotations

import json
from functools import lru_cache
from typing import Any

from framework.checks.botocore_model import Shape
from framework.findings import nearest

FEW = 8
_SHOWN = 60
_WHOLE = ("integer", "long")
_KINDS = {
    "boolean": "true or false",
    "double": "a number",
    "float": "a number",
    "integer": "a whole number",
    "list": "a list",
    "long": "a whole number",
    "map": "a mapping",
    "string": "a string",
    "structure": "a mapping",
}
_UNITS = {"string": "character", "list": "element", "map": "entry"}


def kind(shape: Shape) -> str:
    """What a value of the shape is, as in "a whole number"."""
    return _KINDS.get(shape["type"]) or str(shape["type"])


def wanted(name: str, shape: Shape) -> str:
    """What a value of the shape is, with its limits, as in "a list of 1 to 10 elements" or "one of File, Pipe"."""
    if shape.get("enum"):
        return f"one of {', '.join(shape['enum'])}" if len(shape["enum"]) <= FEW else f"a value of {name}"
    if shape.get("required"):
        return f"a mapping with {', '.join(shape['required'])}"
    limits = bounds(shape)
    if not limits:
        return kind(shape)
    return f"{kind(shape)} {'from' if ' to ' in limits and shape['type'] not in _UNITS else 'of'} {limits}"


def bounds(shape: Shape) -> str:
    """The limits of a length, size or number, as in "1 to 63 characters", "at least 1"; empty when there are none."""
    low, high, unit = shape.get("min"), shape.get("max"), _UNITS.get(shape["type"], "")
    if unit and not low:
        low = None
    if low is None and high is None:
        return ""
    if low is None or high is None:
        return f"at least {counted(low, unit)}" if high is None else f"at most {counted(high, unit)}"
    return counted(high, unit) if low == high else f"{low} to {counted(high, unit)}"


def size(shape: Shape, value: Any) -> str:
    """A value against its limits, as in "has 11 elements" or "is -1"."""
    unit = _UNITS.get(shape["type"], "")
    return f"has {counted(len(value), unit)}" if unit else f"is {shown(shape, value)}"


def counted(number: Any, unit: str) -> str:
    """A number with its unit, as in "1 entry", "2 entries"; without a unit the number alone."""
    if not unit or number == 1:
        return f"{number} {unit}".rstrip()
    return f"{number} {unit[:-1]}ies" if unit.endswith("y") else f"{number} {unit}s"


def label(path: tuple[str | int, ...]) -> str:
    """The end of a path that tells where one is, as in "ContainerArguments[3]"."""
    start = max((at for at, part in enumerate(path) if isinstance(part, str)), default=0)
    return "".join(f"[{part}]" if isinstance(part, int) else _shortened(str(part)) for part in path[start:])


def shown(shape: Shape, value: Any) -> str:
    """A value as JSON, shortened; a sensitive one is not shown."""
    if shape.get("sensitive"):
        return "a value that is not shown"
    if isinstance(value, list | tuple | dict):
        return "a mapping" if isinstance(value, dict) else "a list"
    if isinstance(value, str):
        return json.dumps(_shortened(value), ensure_ascii=False)
    huge = isinstance(value, int) and abs(value) >= 10**_SHOWN
    return "a huge number" if huge else json.dumps(value)


def typed(shape: Shape, value: Any) -> str:
    """A value with its type, as in 'the string "1"'."""
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if shape.get("sensitive") or not (number or isinstance(value, str)):
        return shown(shape, value)
    return f"the {'number' if number else 'string'} {shown(shape, value)}"


def type_cure(name: str, shape: Shape, value: Any) -> str:
    """What to write in place of a value of the wrong type."""
    if value is None:
        return f"leave it out, or write {wanted(name, shape)}"
    if isinstance(value, str) and _unquoted(shape["type"], value):
        return f"write {value.strip().lower()} without quotes"
    if shape["type"] == "string" and not shape.get("enum") and isinstance(value, int | float) and not shape.get("sensitive"):
        return f'write "{shown(shape, value)}" with quotes'
    if shape["type"] in _WHOLE and isinstance(value, float) and value.is_integer():
        return f"write {value:.0f}"
    return f"write {wanted(name, shape)}"


def _shortened(text: str) -> str:
    return text if len(text) <= _SHOWN else text[:_SHOWN] + "…"


def _unquoted(wanted_type: str, value: str) -> bool:
    """Whether the text of a string is a value of the type, so that only its quotes are wrong."""
    text = value.strip().lower()
    if wanted_type == "boolean":
        return text in ("true", "false")
    digits = text.removeprefix("-")
    whole = digits.isascii() and digits.isdigit()
    if wanted_type in ("float", "double"):
        return whole or digits.replace(".", "", 1).isdigit()
    return wanted_type in _WHOLE and whole


@lru_cache(maxsize=4096)
def closest(name: str, legal: tuple[str, ...]) -> str:
    """`nearest`, remembered: the same mistake stands in many steps, and comparing it with hundreds of names takes milliseconds."""
    return nearest(name, legal)


def enum_cure(name: str, legal: tuple[str, ...], value: str) -> str:
    """What to write in place of a value that is not in an enumeration."""
    near = closest(value, legal)
    if len(legal) > FEW:
        found = f"use {near}" if near else f"look up the values of {name} in the API reference"
        return f"{found}; a value newer than the installed boto3 needs a newer boto3"
    return f"use {near}" if near.startswith("one of ") else f"use {near} (legal: {', '.join(legal)})"


def member_cure(name: str, legal: tuple[str, ...], member: str) -> str:
    """What to do about a member that the shape does not have."""
    near = closest(member, legal)
    return f"use {near}" if near else f"leave it out, or look up the members of {name} in the API reference"


def pattern_cure(pattern: Any, value: str) -> str:
    """What to write in place of a value that does not match."""
    if pattern.fullmatch(" ".join(value.splitlines())):
        return "write it without line breaks"
    return f"write it so that all of it matches {pattern.pattern}"
