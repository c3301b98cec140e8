"""The Airflow notation of `dependencies`: `a >> b`, `b << a`, `[a, b] >> c`, chained at will."""

from __future__ import annotations

import re
from itertools import product

_TOKEN = re.compile(r"\s*(>>|<<|\[|\]|,|[^\s\[\],<>]+|[<>])")


class DependencyError(ValueError):
    """A dependency that cannot be read; says why."""


def parse_dependency(text: str) -> list[tuple[str, str]]:
    """The (upstream, downstream) pairs of one line, in the order they are written.

    Raises:
        DependencyError: when the line does not follow the notation.
    """
    tokens = _TOKEN.findall(text)
    if not tokens:
        raise DependencyError("the line is empty")
    left, position = _term(tokens, 0)
    pairs: list[tuple[str, str]] = []
    while position < len(tokens):
        operator = tokens[position]
        if operator not in {">>", "<<"}:
            raise DependencyError(f'">>" or "<<" is expected before "{operator}"')
        right, position = _term(tokens, position + 1)
        pairs += product(left, right) if operator == ">>" else product(right, left)
        left = right
    if not pairs:
        raise DependencyError("one step alone makes no dependency")
    return list(dict.fromkeys(pairs))


def _term(tokens: list[str], position: int) -> tuple[list[str], int]:
    if position >= len(tokens):
        raise DependencyError("a step name is missing at the end")
    if tokens[position] != "[":
        return [_name(tokens[position])], position + 1
    names: list[str] = []
    position += 1
    while position < len(tokens):
        names.append(_name(tokens[position]))
        separator = tokens[position + 1] if position + 1 < len(tokens) else ""
        position += 2
        if separator == "]":
            return names, position
        if separator != ",":
            break
    raise DependencyError('"[" is not closed')


def _name(token: str) -> str:
    if token in {">>", "<<", "[", "]", ",", "<", ">"}:
        raise DependencyError(f'a step name is expected before "{token}"')
    return token
