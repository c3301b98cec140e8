"""OutputParameters of Lambda and Callback steps: what is declared, and values of the declared types.

In: a step, and what a function returned or somebody answered. Out: typed values, or why a value is none of its type.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from framework.pipeline.parameters import typed

STRING, INTEGER, FLOAT, BOOLEAN = "String", "Integer", "Float", "Boolean"
EMPTY: Mapping[str, Any] = {STRING: "", INTEGER: 0, FLOAT: 0.0, BOOLEAN: False}
LONGEST_VALUE = 1024
"""Of OutputParameter.Value in the API."""


def declared(step: Mapping[str, Any]) -> dict[str, str]:
    """The names of a step's output parameters, and their types."""
    return {str(entry["OutputName"]): str(entry.get("OutputType", STRING)) for entry in step.get("OutputParameters") or ()}


def placeholders(types: Mapping[str, str]) -> dict[str, Any]:
    """An empty value of each type."""
    return {name: EMPTY.get(kind, "") for name, kind in types.items()}


def from_json(kind: str, value: Any) -> Any:
    """What a function returned, as a value of a type.

    A String takes more than strings: numbers, as in the developer guide's own example, and nested values as their JSON text
    (page "Pipelines steps", on inputs and outputs of the Lambda step).

    Raises:
        ValueError: it is not of the type; the message goes on after the parameter's name.
    """
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    fits = {STRING: value is not None, INTEGER: number and isinstance(value, int), FLOAT: number, BOOLEAN: isinstance(value, bool)}
    if not fits.get(kind, False):
        raise ValueError(f"is {text[:100]}, which is not of type {kind}")
    _refuse_long(text)
    if kind == STRING:
        return text
    return float(value) if kind == FLOAT else value


def from_text(kind: str, text: str) -> Any:
    """A string, as the API carries every output parameter, as a value of a type.

    Raises:
        ValueError: it does not stand for one; the message goes on after the parameter's name.
    """
    _refuse_long(text)
    return typed(kind, text)


def _refuse_long(text: str) -> None:
    if len(text) > LONGEST_VALUE:
        raise ValueError(f"has {len(text)} characters, and at most {LONGEST_VALUE} are allowed")
