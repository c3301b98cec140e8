"""Findings as text: for people with the lines that they point at, for programs in the formats that those read.

In: findings, and what else they need, given by the caller: the lines of files, what hides secrets, what is known of rules.
Out: the whole report, ready to be written.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from framework.findings import ERROR, Finding, Rule, printable
from framework.report import text
from framework.report.excerpt import LONGEST, excerpt

WIDTH = 120
"""Columns where there is no terminal."""

MOST_SHOWN = 500
"""Findings whose lines are shown; nobody reads more, and each takes a look at the lines around it."""

WITHOUT_LINE = frozenset({"SMP110", "SMP601", "SMP602", "SMP603"})
"""Rules whose lines are not shown: they find secrets, or point into a file of variables."""

BOLD, RED, YELLOW, CYAN = "1", "31", "33", "36"

Lines = Callable[[str, int], "str | None"]
"""A file and a number to that line, without its line break; None where there is none."""


@dataclass(frozen=True, slots=True)
class Look:
    """How findings are shown to people.

    Attributes:
        lines: where lines come from.
        mask: hides secrets in a line, character by character.
        width: columns.
        colour: whether the terminal shows colours.
    """

    lines: Lines
    mask: Callable[[str], str]
    width: int = WIDTH
    colour: bool = False


def as_text(findings: Iterable[Finding], look: Look) -> str:
    """Each finding as a line, below it the line that it points at, and a mark below the word that is meant."""
    shown = (
        (_headline(finding, look), *(_excerpt(finding, look) if at < MOST_SHOWN else ())) for at, finding in enumerate(findings)
    )
    return "".join(f"{row}\n" for rows in shown for row in rows)


def for_programs(style: str, findings: Iterable[Finding], rules: Mapping[str, Rule], folder: str) -> str:
    """Findings in one of the other formats.

    Args:
        style: json, sarif, junit or github.
        findings: what was found, in the order of places.
        rules: what is known of rules, by id.
        folder: the root, as seen from where `smp` was called.
    """
    if style == "sarif":
        from framework.report.sarif import as_sarif  # each is imported where it is asked for, not by every command

        return as_sarif(findings, rules, folder)
    if style == "junit":
        from framework.report.junit import as_junit

        return as_junit(findings, rules, folder)
    if style == "github":
        from framework.report.github import as_github

        return as_github(findings, folder)
    return text.findings_text(findings) + "\n"


def _headline(finding: Finding, look: Look) -> str:
    """The finding as a line. The colours are all that it has more than `str(finding)`."""
    place, rule = printable(str(finding.place)), printable(finding.rule)
    kind = "" if finding.severity == ERROR else f" {finding.severity}:"
    rest = str(finding).removeprefix(f"{place} {rule}{kind}")
    colour = RED if finding.severity == ERROR else YELLOW
    return _painted(place, BOLD, look) + " " + _painted(f"{rule}{kind}", colour, look) + rest


def _excerpt(finding: Finding, look: Look) -> tuple[str, ...]:
    """The two rows below; none where there is no such line, or where it is not for everybody's eyes."""
    place = finding.place
    line = look.lines(place.file, place.line) if place.line and finding.rule not in WITHOUT_LINE else None
    if line is None or len(line) > LONGEST:
        return ()
    masked = look.mask(line)
    if len(masked) != len(line):
        return ()  # better no line than one with a secret or a mark in the wrong place
    number = str(place.line)
    shown, mark = excerpt(masked, place.column, look.width - len(number) - len("   | "))
    gutter = _painted(f"  {number} |", CYAN, look), _painted(f"  {' ' * len(number)} |", CYAN, look)
    return f"{gutter[0]} {shown}".rstrip(), f"{gutter[1]} {_painted(mark, CYAN, look)}"


def _painted(text: str, code: str, look: Look) -> str:
    return f"\x1b[{code}m{text}\x1b[0m" if look.colour and text else text
