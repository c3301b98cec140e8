"""Comments that take findings back: `# smp: ignore SMP512, SMP601 because …`. A file's text in, the comments out."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from framework.findings import Place

_MARK = re.compile(r"(?:^|(?<=\s))#\s*smp:\s*ignore\b(?P<rest>.*)")
_REST = re.compile(r"\s*(?P<rules>SMP[0-9]{3}(?:\s*,\s*SMP[0-9]{3})*)?(?:\s+because\b(?P<reason>.*))?")


@dataclass(frozen=True, slots=True)
class Ignore:
    """A comment that takes findings back.

    Attributes:
        place: where it stands.
        line: the line whose findings it means: its own or, where it stands alone, the next one that says something.
        rules: the ids of the rules; empty where it names none.
        reason: why; "" where it gives none.
    """

    place: Place
    line: int
    rules: tuple[str, ...]
    reason: str


def ignores_in(text: str, name: str) -> tuple[Ignore, ...]:
    """The comments in the text of a file that findings call `name`."""
    return tuple(_ignores(text.splitlines(), name)) if "smp:" in text else ()


def _ignores(lines: list[str], name: str) -> Iterator[Ignore]:
    for index, line in enumerate(lines):
        mark = _MARK.search(line)
        if mark is None:
            continue
        rest = _REST.match(mark["rest"])
        rules = re.findall("SMP[0-9]{3}", rest["rules"]) if rest and rest["rules"] else []
        reason = (rest["reason"] or "").strip() if rest else ""
        yield Ignore(Place(name, index + 1, mark.start() + 1), _meant(lines, index, mark.start()), tuple(rules), reason)


def _meant(lines: list[str], index: int, start: int) -> int:
    if lines[index][:start].strip():
        return index + 1
    later = (
        number for number in range(index + 1, len(lines)) if lines[number].strip() and not lines[number].lstrip().startswith("#")
    )
    return next(later, index) + 1
