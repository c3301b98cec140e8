"""Comments that take findings back: `# smp: ignore SMP512, SMP601 because …`. A file's text in, the comments out."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass

import yaml

from framework.findings import Place

_MARK = re.compile(r"(?:^|(?<=\s))#\s*smp:\s*ignore\b(?P<rest>.*)")
_REST = re.compile(r"\s*(?P<rules>SMP\w*(?:[\s,]+SMP\w*)*)?(?:\s+because\b(?P<reason>.*))?")

Span = tuple[tuple[int, int], tuple[int, int]]


@dataclass(frozen=True, slots=True)
class Ignore:
    """A comment that takes findings back.

    Attributes:
        place: where it stands.
        line: the line whose findings it means: its own or, where it stands alone, the next one that says something.
        rules: the ids of the rules, each once; empty where it names none.
        reason: why; "" where it gives none.
    """

    place: Place
    line: int
    rules: tuple[str, ...]
    reason: str


def ignores_in(text: str, name: str, is_yaml: bool = True) -> tuple[Ignore, ...]:
    """The comments in the text of a file that findings call `name`; what looks like one inside a text of YAML is none."""
    found = tuple(_ignores(text.splitlines(), name)) if "smp:" in text else ()
    spans = _texts(text) if found and is_yaml else []
    begins = [begin for begin, _ in spans]
    return tuple(ignore for ignore in found if not _inside(ignore.place, spans, begins))


def _ignores(lines: list[str], name: str) -> Iterator[Ignore]:
    below = _lines_below(lines)
    for index, line in enumerate(lines):
        mark = _MARK.search(line)
        if mark is None:
            continue
        rest = _REST.match(mark["rest"])
        rules = dict.fromkeys(re.findall(r"SMP\w*", rest["rules"])) if rest and rest["rules"] else ()
        reason = (rest["reason"] or "").strip() if rest else ""
        meant = index + 1 if line[: mark.start()].strip() else below[index]
        yield Ignore(Place(name, index + 1, mark.start() + 1), meant, tuple(rules), reason)


def _lines_below(lines: list[str]) -> list[int]:
    """For each line, the number of the next one that says something; its own where there is none."""
    found = list(range(1, len(lines) + 1))
    following = 0
    for index in range(len(lines) - 1, -1, -1):
        found[index] = following or index + 1
        if lines[index].strip() and not lines[index].lstrip().startswith("#"):
            following = index + 1
    return found


def _texts(text: str) -> list[Span]:
    """Where quoted texts, and the lines of block scalars, begin and end; what can no longer be read has none."""
    spans: list[Span] = []
    try:
        for token in yaml.scan(text, Loader=yaml.SafeLoader):
            if isinstance(token, yaml.ScalarToken) and not token.plain:
                start, end = token.start_mark, token.end_mark
                begin = (start.line + 1, 0) if token.style in "|>" else (start.line, start.column)
                spans.append((begin, (end.line, end.column)))
    except (yaml.YAMLError, RecursionError):
        pass  # the reader says what is wrong
    return spans


def _inside(place: Place, spans: list[Span], begins: list[tuple[int, int]]) -> bool:
    at = (place.line - 1, place.column - 1)
    before = bisect_right(begins, at) - 1
    return before >= 0 and at < spans[before][1]
