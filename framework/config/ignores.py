"""Comments that take findings back: `# smp: ignore SMP512, SMP601 because …`. A file's text in, the comments out."""

from __future__ import annotations

import re
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


def ignores_in(text: str, name: str) -> tuple[Ignore, ...]:
    """The comments in the YAML text of a file that findings call `name`; what looks like one inside a text is none."""
    found = tuple(_ignores(text.splitlines(), name)) if "smp:" in text else ()
    spans = _texts(text) if found else []
    return tuple(ignore for ignore in found if not any(_inside(ignore.place, span) for span in spans))


def _ignores(lines: list[str], name: str) -> Iterator[Ignore]:
    for index, line in enumerate(lines):
        mark = _MARK.search(line)
        if mark is None:
            continue
        rest = _REST.match(mark["rest"])
        rules = dict.fromkeys(re.findall(r"SMP\w*", rest["rules"])) if rest and rest["rules"] else ()
        reason = (rest["reason"] or "").strip() if rest else ""
        yield Ignore(Place(name, index + 1, mark.start() + 1), _meant(lines, index, mark.start()), tuple(rules), reason)


def _meant(lines: list[str], index: int, start: int) -> int:
    if lines[index][:start].strip():
        return index + 1
    later = (
        number for number in range(index + 1, len(lines)) if lines[number].strip() and not lines[number].lstrip().startswith("#")
    )
    return next(later, index) + 1


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


def _inside(place: Place, span: Span) -> bool:
    return span[0] <= (place.line - 1, place.column - 1) < span[1]
