"""Conditions in the definition's own form: one in, what is wrong with it out. What texts were read as is looked at the same way."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from framework.config.expressions import Expression, Join, Parameter, Variable, written
from framework.findings import nearest

_MEMBERS: Mapping[str, tuple[str, ...]] = {
    **dict.fromkeys(
        ("Equals", "GreaterThan", "GreaterThanOrEqualTo", "LessThan", "LessThanOrEqualTo"), ("LeftValue", "RightValue")
    ),
    "In": ("QueryValue", "Values"),
    "Not": ("Condition",),
    "Or": ("Conditions",),
}
"""The types of conditions, and the members that each has beside its type."""

_KINDS: tuple[tuple[type, str], ...] = ((bool, "a truth value"), (int, "a number"), (float, "a number"), (str, "a text"))
_PARAMETERS = {"Boolean": "a truth value", "Integer": "a number", "Float": "a number", "String": "a text"}

Problem = tuple[str, str]
"""What is wrong, and what to do."""


def problems(condition: Any) -> Iterator[Problem]:
    """What is wrong with a condition, and with those inside it."""
    kind = condition.get("Type") if isinstance(condition, dict) else None
    if not isinstance(kind, str) or kind not in _MEMBERS:
        yield "has no known type", nearest(kind, _MEMBERS)
        return
    members = _MEMBERS[kind]
    found = False
    for problem in _of_members(condition, kind, members):
        found = True
        yield problem
    if found:
        return
    if kind in {"Not", "Or"}:
        for inner in condition["Conditions"] if kind == "Or" else (condition["Condition"],):
            yield from problems(inner)
    elif kind == "In":
        for choice in condition["Values"]:
            yield from _apart(condition["QueryValue"], choice)
    else:
        yield from _apart(condition["LeftValue"], condition["RightValue"], kind)


def _of_members(condition: Mapping[str, Any], kind: str, members: tuple[str, ...]) -> Iterator[Problem]:
    for member in members:
        if member not in condition:
            yield f"of type {kind} has no {member}", f"add {member}"
        elif member in {"Values", "Conditions"} and not (isinstance(condition[member], list) and condition[member]):
            yield f"of type {kind} needs a list as its {member}", "a list of one or more"
        elif member.endswith("Value") and isinstance(condition[member], (dict, list)):
            yield f"of type {kind} has a {member} that is no single value", "a number, a text, true, false, or an expression"
    for key in condition:
        if key not in {"Type", *members}:
            yield f"of type {kind} has no member {key}", nearest(key, members)


def _apart(left: Any, right: Any, kind: str = "Equals") -> Iterator[Problem]:
    """What two values have against being compared, as far as it is known what they are."""
    one, other = _kind(left), _kind(right)
    shown = f"{_shown(left)} with {_shown(right)}"
    if one and other and one != other:
        yield f"compares {shown}: {one} and {other}", "two values of one kind"
    elif kind != "Equals" and "a truth value" in (one, other):
        yield f"compares {shown}: truth values have no order", "compare them by =="


def _kind(value: Any) -> str:
    """What is known of a value; "" for one that is known only when the pipeline runs."""
    if isinstance(value, Parameter):
        return _PARAMETERS.get(value.kind, "")
    if isinstance(value, Expression):
        return "a text" if isinstance(value, (Join, Variable)) else ""
    return next((kind for known, kind in _KINDS if isinstance(value, known)), "")


def _shown(value: Any) -> str:
    return written(value) if isinstance(value, Expression) else repr(value)
