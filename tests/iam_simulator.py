"""IAM in small: a policy and a call in, whether it is allowed out, and by which statements.

What it knows is what policies here are made of: Effect, Action and NotAction, Resource and NotResource with wildcards, and the
operators StringEquals, StringLike and ForAnyValue:StringEquals. An explicit deny overrules every allow, and what no statement
allows is denied.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Call:
    """One thing that is asked for: the action, the ARN of the resource, and the context keys that come with it."""

    action: str
    resource: str
    context: Mapping[str, str | list[str]] = field(default_factory=dict)


def allowed(policy: Mapping[str, Any], call: Call) -> bool:
    effects = [statement["Effect"] for statement in matching(policy, call)]
    return "Deny" not in effects and "Allow" in effects


def matching(policy: Mapping[str, Any], call: Call) -> Iterator[Mapping[str, Any]]:
    for statement in policy["Statement"]:
        if (
            _covers(statement, "Action", call.action, ignore_case=True)
            and _covers(statement, "Resource", call.resource)
            and _holds(statement.get("Condition") or {}, call.context)
        ):
            yield statement


def _covers(statement: Mapping[str, Any], key: str, value: str, ignore_case: bool = False) -> bool:
    if f"Not{key}" in statement:
        return not any(like(pattern, value, ignore_case) for pattern in _list(statement[f"Not{key}"]))
    return any(like(pattern, value, ignore_case) for pattern in _list(statement[key]))


def _holds(conditions: Mapping[str, Mapping[str, Any]], context: Mapping[str, Any]) -> bool:
    return all(
        _test(operator, _list(wanted), context.get(key)) for operator, tests in conditions.items() for key, wanted in tests.items()
    )


def _test(operator: str, wanted: list[str], given: str | list[str] | None) -> bool:
    if given is None:
        return False
    if operator == "StringEquals":
        return given in wanted
    if operator == "StringLike":
        return any(like(pattern, str(given)) for pattern in wanted)
    assert operator == "ForAnyValue:StringEquals", operator
    return bool(set(wanted) & set(given))


def like(pattern: str, text: str, ignore_case: bool = False) -> bool:
    words = re.escape(pattern).replace(r"\*", ".*").replace(r"\?", ".")
    return bool(re.fullmatch(words, text, re.DOTALL | (re.IGNORECASE if ignore_case else 0)))


def overlap(one: str, other: str) -> bool:
    """Whether there is a text that fits both patterns."""
    if not one or not other:
        return not (one or other).strip("*")
    if one[0] == "*":
        return overlap(one[1:], other) or overlap(one, other[1:])
    if other[0] == "*":
        return overlap(other, one)
    return one[0] == other[0] and overlap(one[1:], other[1:])


def _list(value: Any) -> list[str]:
    return value if isinstance(value, list) else [value]
