"""What a Condition step decides.

In: its Conditions and a way to resolve functions. Out: whether all of them hold. A value that cannot be found makes the step
fail, not the condition false: that is what the SDK's local mode does with a JsonGet that leads nowhere, and the service's guide
(page "build-and-manage-steps-types", Condition step; "build-and-manage-propertyfile") knows no default for one.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from framework.local.functions import UnresolvedError

ORDER: Mapping[str, Callable[[Any, Any], bool]] = {
    "GreaterThan": operator.gt,
    "GreaterThanOrEqualTo": operator.ge,
    "LessThan": operator.lt,
    "LessThanOrEqualTo": operator.le,
}
TYPES = frozenset({*ORDER, "Equals", "In", "Not", "Or", "And"})


def holds(conditions: Sequence[Mapping[str, Any]], resolve: Callable[[Any], Any]) -> bool:
    """Whether all conditions hold; those after the first that does not are not looked at.

    Raises:
        UnresolvedError: a value is nowhere, two values have no order, or a condition is of an unknown type.
    """
    return all(_holds(condition, resolve) for condition in conditions)


def _holds(condition: Mapping[str, Any], resolve: Callable[[Any], Any]) -> bool:
    kind = str(condition.get("Type"))
    if kind == "Not":
        return not _holds(condition.get("Condition") or condition.get("Expression") or {}, resolve)
    if kind in ("Or", "And"):
        results = (_holds(inner, resolve) for inner in condition.get("Conditions") or ())
        return any(results) if kind == "Or" else all(results)
    if kind == "In":
        value = resolve(condition.get("QueryValue"))
        return any(equal(value, resolve(other)) for other in condition.get("Values") or ())
    if kind not in TYPES:
        raise UnresolvedError(f"there is no condition of type {kind}")
    left, right = resolve(condition.get("LeftValue")), resolve(condition.get("RightValue"))
    return equal(left, right) if kind == "Equals" else _ordered(kind, left, right)


def equal(left: Any, right: Any) -> bool:
    """Whether two values are the same: 1 and 1.0 are, 1 and "1" are not, nor are 1 and true."""
    return _class(left) == _class(right) and bool(left == right)


def _ordered(kind: str, left: Any, right: Any) -> bool:
    if _class(left) != _class(right) or _class(left) not in ("number", "string"):
        raise UnresolvedError(f"{kind} cannot compare {left!r} with {right!r}: it takes two numbers or two strings")
    return ORDER[kind](left, right)


def _class(value: Any) -> str:
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, (int, float)):
        return "number"
    return "string" if isinstance(value, str) else type(value).__name__
