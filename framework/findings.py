"""Findings: what is wrong with the input, said so that it can be fixed.

Every room of the framework speaks this one language. A mistake of the user is never an exception that ends the work; it is a
`Finding`, collected with all the others, sorted, and shown at once.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass

ERROR = "error"
WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Rule:
    """What a kind of finding is about; the same for every finding of that id.

    Attributes:
        id: SMP and three digits: 1xx configuration, 2xx graph, 3xx references, 4xx service model, 5xx limits and quotas, 6xx
            security and policy, 7xx code and files, 8xx local runs, 9xx what lies in the account.
        title: what is wrong, in a few words.
        description: why it is, sentences.
        cure: what to do, sentences.
        severity: that of its findings where they do not say otherwise.
        source: where the rule comes from, when it is not from this tool.
        blocking: whether nothing can be compiled where it finds an error; such errors cannot be ignored or made less.
    """

    id: str
    title: str
    description: str
    cure: str
    severity: str = ERROR
    source: str = ""
    blocking: bool = False


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """Where a value was written. `line` and `column` count from 1; 0 says that the file as a whole is meant."""

    file: str
    line: int = 0
    column: int = 0

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}" if self.line else self.file


NOWHERE = Place("")


@dataclass(frozen=True, slots=True)
class Finding:
    """One problem: which rule, where, what is wrong and why (`message`), and what to do (`hint`).

    `message` and `hint` are sentences without their final full stop.
    """

    rule: str
    place: Place
    message: str
    hint: str = ""
    severity: str = ERROR

    def __str__(self) -> str:
        kind = "" if self.severity == ERROR else f"{self.severity}: "
        cure = f" Try: {self.hint}." if self.hint else ""
        return printable(f"{self.place} {self.rule} {kind}{self.message}.{cure}")


def printable(text: str) -> str:
    """A text on one line, with what a terminal would obey (line breaks, escapes, bells) written out."""
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode("ascii") for char in text)


class FindingsError(Exception):
    """Raised where the road cannot go on; carries every finding made so far."""

    def __init__(self, findings: Iterable[Finding]) -> None:
        self.findings = sort_findings(findings)
        super().__init__("\n".join(str(finding) for finding in self.findings))


def sort_findings(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """The findings in the order of their places, each once."""
    return tuple(sorted(set(findings), key=lambda f: (f.place, f.rule, f.message)))


def has_errors(findings: Iterable[Finding]) -> bool:
    """Whether any of the findings is more than a warning."""
    return any(finding.severity == ERROR for finding in findings)


def nearest(name: object, legal: Iterable[str]) -> str:
    """A cure for an unknown name: the legal name that looks most like it, or all of them when there are few."""
    choices = sorted(set(legal))
    folded = {choice.lower(): choice for choice in reversed(choices)}
    ending = [choice for choice in choices if str(name) and choice.lower().endswith(f".{str(name).lower()}")]
    if len(ending) == 1:  # m5.xlarge for ml.m5.xlarge
        return ending[0]
    close = difflib.get_close_matches(str(name).lower(), folded, n=1, cutoff=0.6)
    if close:
        return folded[close[0]]
    if len(choices) == 1:
        return choices[0]
    if 0 < len(choices) <= 8:
        return "one of " + ", ".join(choices)
    return ""
