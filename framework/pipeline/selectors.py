"""What is written behind --select and --exclude, read: texts in, terms out; or findings (rule SMP803) that say where.

selection  = terms { " " terms }              any of them; several options are the same
terms      = term { "," term }                all of them at once
term       = [ [ N ] "+" ] steps [ "+" [ N ] ]     with all that lies before or behind, at most N steps away
steps      = NAME | METHOD ":" VALUE          NAME and VALUE may be globs, but for state: and result:
METHOD     = "model" | "class" | "type" | "state" | "result"
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from framework.findings import Finding, Place, nearest
from framework.pipeline.partial import RULE

NAME, MODEL, CLASS, TYPE, STATE, RESULT = "name", "model", "class", "type", "state", "result"
METHODS = (CLASS, MODEL, RESULT, STATE, TYPE)
"""What may stand before a colon; a term without one is a name."""

MODIFIED, NEW, UNMODIFIED = "modified", "new", "unmodified"
WORDS = {STATE: (MODIFIED, NEW, UNMODIFIED), RESULT: ("failed", "stopped", "succeeded")}
"""The values of methods that have no others."""

EVERYWHERE = sys.maxsize
TERM = re.compile(r"(?:(?P<before>[0-9]*)\+)?(?P<steps>[^+]+)(?:\+(?P<after>[0-9]*))?")

Report = Callable[[Finding], None]


@dataclass(frozen=True, slots=True)
class Term:
    """A set of steps as it is written.

    Attributes:
        method: how `value` is meant.
        before, after: how many steps to go up and down from those.
        option, text: what it is a part of; offset: where it stands there, from 0.
    """

    method: str
    value: str
    before: int
    after: int
    option: str
    text: str
    offset: int

    @property
    def is_glob(self) -> bool:
        """Whether the value is a pattern."""
        return any(char in self.value for char in "*?[")


def read(texts: Iterable[str], option: str, report: Report) -> list[tuple[Term, ...]]:
    """The terms of a selection: a step is meant when it is in all terms of one of the groups.

    Args:
        texts: what was given, once for each time that the option stands there.
        option: its name, for the findings.
        report: is told what cannot be read, which is left out.
    """
    return [group for text in texts for group in _groups(text, option, report)]


def finding(option: str, text: str, offset: int, message: str, hint: str) -> Finding:
    """What is wrong at a place of what an option was given."""
    return Finding(RULE, Place(option), f'{message} (offset {offset} of "{text}")', hint)


def _groups(text: str, option: str, report: Report) -> Iterator[tuple[Term, ...]]:
    if not text.strip():
        report(finding(option, text, 0, "it names no steps", "give a name, as smp ls lists them"))
    for word in re.finditer(r"\S+", text):
        group, offset = [], word.start()
        for part in word[0].split(","):
            term = _term(part, option, text, offset)
            if isinstance(term, Finding):
                report(term)
            else:
                group.append(term)
            offset += len(part) + 1
        if group:
            yield tuple(group)


def _term(part: str, option: str, text: str, offset: int) -> Term | Finding:
    if not part:
        return finding(option, text, offset, "nothing stands there", "put one comma between two terms, and no space beside it")
    match = TERM.fullmatch(part)
    if not match:
        hint = "a + stands before a step or behind it, with a number of steps outside: +NAME, 2+NAME, NAME+, NAME+1"
        return finding(option, text, offset, f'"{part}" cannot be read', hint)
    method, colon, value = match["steps"].partition(":")
    start = offset + match.start("steps")
    if not colon:
        method, value = NAME, method
    elif method not in METHODS:
        return finding(option, text, start, f"steps cannot be selected by {method or 'nothing'}", nearest(method, METHODS))
    elif not value:
        hint = nearest("", WORDS[method]) if method in WORDS else f"write {method}:NAME"
        return finding(option, text, offset + match.end("steps"), f'nothing stands behind "{method}:"', hint)
    elif value not in WORDS.get(method, (value,)):
        message = f"{method}:{value} is not known"
        return finding(option, text, start + len(method) + 1, message, nearest(value, WORDS[method]))
    return Term(method, value, _depth(match["before"]), _depth(match["after"]), option, text, start)


def _depth(digits: str | None) -> int:
    """How far a + leads; 0 where there is none."""
    if digits is None:
        return 0
    return min(int(digits[:18]), EVERYWHERE) if digits else EVERYWHERE
