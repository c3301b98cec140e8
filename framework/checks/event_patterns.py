"""Event patterns, read as EventBridge reads them: every value is a list of what may stand there.

In: a pattern. Out: every place of it that EventBridge refuses, with what is wrong and what to write.
"""

from __future__ import annotations

import ipaddress
import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from framework.findings import nearest

Path = tuple[str | int, ...]
Fault = tuple[Path, str, str]
"""Where in the pattern, what is wrong, and a hint."""

LONGEST = 4096
"""Characters of a pattern as JSON."""

_COMPARISONS = ("<", "<=", "=", ">", ">=")
_OF_TEXTS = ("prefix", "suffix", "equals-ignore-case", "wildcard")


def pattern_faults(pattern: Mapping[str, Any]) -> Iterator[Fault]:
    """All that is wrong with a pattern."""
    yield from _members(pattern, ())
    size = len(json.dumps(pattern, ensure_ascii=False, separators=(",", ":")))
    if size > LONGEST:
        yield (), f"has {size:,} characters", f"at most {LONGEST:,}: make several triggers of it"


def _members(pattern: Mapping[str, Any], path: Path) -> Iterator[Fault]:
    if not pattern:
        yield path, "is an empty mapping", "name a member of the event, or leave it out"
    for key, value in pattern.items():
        at = (*path, key)
        if key == "$or":
            yield from _alternatives(value, at)
        elif isinstance(value, Mapping):
            yield from _members(value, at)
        elif not isinstance(value, list):
            yield at, "is no list", f"write [{_shown(value)}]: a list of what may stand there"
        elif not value:
            yield at, "is an empty list, which nothing matches", "name what may stand there, or leave it out"
        else:
            for index, item in enumerate(value):
                yield from _item(item, (*at, index))


def _alternatives(value: Any, path: Path) -> Iterator[Fault]:
    if not isinstance(value, list) or len(value) < 2 or not all(isinstance(each, Mapping) for each in value):
        yield path, "needs two mappings at least", "write [{…}, {…}]: the alternatives"
        return
    for index, each in enumerate(value):
        yield from _members(each, (*path, index))


def _item(item: Any, path: Path) -> Iterator[Fault]:
    if isinstance(item, list):
        yield path, "is a list in a list", "write what may stand there into one list"
    elif isinstance(item, Mapping):
        operator = next(iter(item), "")
        if len(item) != 1:
            yield path, "is a mapping of several operators, or of none", "one operator in each mapping"
        elif operator not in _OPERATORS:
            yield path, f'has "{operator}", which is no operator', nearest(operator, _OPERATORS) or ", ".join(_OPERATORS)
        elif hint := _OPERATORS[operator](item[operator]):
            yield (*path, operator), "is not what the operator takes", hint


def _exists(value: Any) -> str:
    return "" if isinstance(value, bool) else "true or false"


def _text(value: Any) -> str:
    return "" if isinstance(value, str) else "a text"


def _affix(value: Any) -> str:
    inner = value.get("equals-ignore-case") if isinstance(value, Mapping) and len(value) == 1 else value
    return "" if isinstance(inner, str) else "a text, or {equals-ignore-case: TEXT}"


def _wildcard(value: Any) -> str:
    return "" if isinstance(value, str) and "**" not in value else "a text, in which * stands for anything and ** does not stand"


def _numeric(value: Any) -> str:
    hint = 'a comparison and a number, once or twice, such as [">", 0, "<=", 5]'
    if not isinstance(value, list) or len(value) not in {2, 4}:
        return hint
    pairs = zip(value[::2], value[1::2], strict=True)
    return "" if all(operator in _COMPARISONS and _is_number(number) for operator, number in pairs) else hint


def _cidr(value: Any) -> str:
    try:
        ipaddress.ip_network(value if isinstance(value, str) else "", strict=False)
    except ValueError:
        return "a block of addresses, such as 10.0.0.0/24"
    return ""


def _anything_but(value: Any) -> str:
    if isinstance(value, Mapping):
        operator, inner = next(iter(value.items()), ("", None))
        texts = inner if isinstance(inner, list) else [inner]
        good = len(value) == 1 and operator in _OF_TEXTS and texts and all(isinstance(text, str) for text in texts)
        return "" if good else f"{', '.join(_OF_TEXTS[:-1])} or {_OF_TEXTS[-1]} of texts"
    values = value if isinstance(value, list) else [value]
    alike = all(isinstance(each, str) for each in values) or all(_is_number(each) for each in values)
    return "" if values and alike else "a text, a number, a list of the one or of the other, or {prefix: TEXT}"


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


_OPERATORS: Mapping[str, Callable[[Any], str]] = {
    "anything-but": _anything_but,
    "cidr": _cidr,
    "equals-ignore-case": _text,
    "exists": _exists,
    "numeric": _numeric,
    "prefix": _affix,
    "suffix": _affix,
    "wildcard": _wildcard,
}
"""The operators, each with what says how its operand must be; "" where it is so."""


def _shown(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 40 else "…"
