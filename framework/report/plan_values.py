"""The values of a plan as people read them: before and after in, two short texts on one line out."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from framework.findings import printable

LONGEST = 72
AROUND = 12
"""Of a value that is cut where it begins to differ, what is kept before that."""


def readable(value: Any) -> str:
    """A value as text: JSON, in which references stand as in the configuration, `${Steps.prep.…}`."""
    function = _function(value)
    return printable(json.dumps(value, ensure_ascii=False, default=str) if function is None else function)


def pair(before: Any, after: Any) -> tuple[str, str]:
    """Two values as texts that are short, and yet show where they differ."""
    left, right = readable(before), readable(after)
    if len(left) <= LONGEST and len(right) <= LONGEST:
        return left, right
    same = next((i for i, (one, other) in enumerate(zip(left, right, strict=False)) if one != other), min(len(left), len(right)))
    start = same - AROUND if same > LONGEST // 2 else 0
    return _cut(left, start), _cut(right, start)


def short(value: Any) -> str:
    """A value as a short text."""
    return _cut(readable(value), 0)


def _cut(text: str, start: int) -> str:
    shown = text[start:] if start else text
    shown = shown if len(shown) <= LONGEST else f"{shown[: LONGEST - 1]}…"
    return f"…{shown}" if start else shown


def _function(value: Any) -> str | None:
    """A reference as the configuration writes it; None for what is none."""
    if not isinstance(value, Mapping) or len(value) != 1:
        return None
    ((name, inside),) = value.items()
    if name == "Get" and isinstance(inside, str):
        return f"${{{inside}}}"
    if name == "Std:Join" and isinstance(inside, Mapping) and isinstance(inside.get("Values"), list):
        return json.dumps(_joined(inside), ensure_ascii=False)
    if name == "Std:JsonGet" and isinstance(inside, Mapping):
        file = _function(inside.get("PropertyFile")) or readable(inside.get("PropertyFile", inside.get("S3Uri")))
        return f"{file} at {inside.get('Path')}"
    return None


def _joined(join: Mapping[str, Any]) -> str:
    parts = (each if isinstance(each, str) else _function(each) or json.dumps(each, ensure_ascii=False) for each in join["Values"])
    return str(join.get("On", "")).join(parts)
