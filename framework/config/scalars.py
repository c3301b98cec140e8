"""Texts that stand for a value of a parameter's type: one way to read them, wherever they come from.

In: a type's name and a text. Out: the value. Only what JSON can hold is read: ASCII digits, finite numbers.
"""

from __future__ import annotations

import math
import re
from typing import Any

BOOLEANS = {"true": True, "false": False}
NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")
_LONGEST = 1000
_WHOLE = re.compile(r"[+-]?[0-9]+")


def typed(kind: str, text: str) -> Any:
    """The value that a string stands for.

    Args:
        kind: String, Integer, Float or Boolean.
        text: the string.

    Raises:
        ValueError: it does not stand for such a value.
    """
    if kind == "Integer" and _WHOLE.fullmatch(text):
        return int(text)
    if kind == "Float" and NUMBER.fullmatch(text) and math.isfinite(float(text)):
        return float(text)
    if kind == "Boolean" and text.lower() in BOOLEANS:
        return BOOLEANS[text.lower()]
    if kind == "String":
        return text
    raise ValueError(f"is {text!r}, which is not of type {kind}")


def as_number(text: str) -> Any:
    """The number that a text stands for, whole where it is written so; the text where it stands for none."""
    word = text.strip()
    if _WHOLE.fullmatch(word) and len(word) <= _LONGEST:
        return int(word)
    return float(word) if NUMBER.fullmatch(word) and math.isfinite(float(word)) else text
