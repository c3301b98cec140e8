"""A plan as text: the plan's data in, lines out."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, TextIO

from framework.findings import printable

SIGNS = {"add": "+", "change": "~", "move": ">", "remove": "-"}


def print_plan(data: Mapping[str, Any], out: TextIO) -> None:
    """The plan: a line for each change, and one for each of its fields."""
    out.writelines(f"{printable(line)}\n" for change in data["changes"] for line in _lines(change))


def _lines(change: Mapping[str, Any]) -> Iterator[str]:
    yield f"{SIGNS[change['action']]} {change['what']} {change['name']}"
    for field in change["fields"]:
        yield f"    {field['path']}: {_value(field, 'before')} → {_value(field, 'after')}"


def _value(field: Mapping[str, Any], side: str) -> str:
    return json.dumps(field[side], ensure_ascii=False) if side in field else "(absent)"
