"""What becomes of findings: those that a comment or the configuration takes back are left out, others get another severity.

A comment `# smp: ignore SMP512 because …` takes back the findings of that rule on its line or, where it stands alone, on the next.
What nothing can be compiled with cannot be taken back.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from framework.config.ignores import Ignore
from framework.config.model import Checks
from framework.findings import ERROR, WARNING, Finding, Place, Rule, nearest

UNREADABLE, NEEDLESS, NO_RULE = "SMP125", "SMP126", "SMP127"
OFF = "off"
_ID = re.compile(r"SMP[0-9]{3}")
_ELSEWHERE = ("SMP8", "SMP9")
"""What the ids of rules begin with that checking a configuration does not find broken."""

Rules = Mapping[str, Rule]
Comments = Mapping[str, Sequence[Ignore]]


def settle(findings: Iterable[Finding], checks: Checks, comments: Comments, rules: Rules, whole: bool) -> list[Finding]:
    """The findings that remain, and what is wrong with what was to take some back.

    Args:
        findings: all that was found.
        checks: the configuration's settings.
        comments: for the names of files, the comments in them that take findings back.
        rules: every rule by id.
        whole: whether everything was checked, so that a comment that took nothing back is needless.
    """
    remaining: list[Finding] = []
    wrong: list[Finding] = []
    used: set[tuple[Place, str]] = set()
    listed = [ignore for found in comments.values() for ignore in found]
    meant = {(each.place.file, each.line, rule): each for each in listed[::-1] if each.reason for rule in each.rules}
    for finding in findings:
        ignore = meant.get((finding.place.file, finding.place.line, finding.rule))
        if ignore is not None:
            used.add((ignore.place, finding.rule))
        if not _settable(finding, rules):
            remaining.append(finding)
            wrong += _kept(finding, ignore, checks)
        elif ignore is None:
            remaining += _graded(finding, checks)
    wrong += [*_unreadable(listed, rules), *_unknown(checks, rules), *(_needless(listed, used, rules) if whole else ())]
    return [*remaining, *(settled for finding in wrong for settled in _graded(finding, checks))]


def _settable(finding: Finding, rules: Rules) -> bool:
    rule = rules.get(finding.rule)
    return finding.severity != ERROR or (rule is not None and not rule.blocking)


def _kept(finding: Finding, ignore: Ignore | None, checks: Checks) -> Iterator[Finding]:
    """What is wrong with a comment or a setting that was to take back what cannot be."""
    cannot = "nothing can be compiled with what it found"
    if ignore is not None:
        message, hint = f"{finding.rule} cannot be ignored: {cannot}", "correct what it found, and remove the comment"
        yield Finding(UNREADABLE, ignore.place, message, hint)
    if checks.severity.get(finding.rule, ERROR) != ERROR:
        message, hint = f"{finding.rule} stays an error: {cannot}", "correct what it found, and remove the setting"
        yield Finding(UNREADABLE, checks.severity_places[finding.rule], message, hint)


def _graded(finding: Finding, checks: Checks) -> Iterator[Finding]:
    wanted = checks.severity.get(finding.rule, finding.severity)
    if wanted != OFF:
        yield finding if wanted == finding.severity else replace(finding, severity=wanted)


def _unreadable(listed: Iterable[Ignore], rules: Rules) -> Iterator[Finding]:
    for ignore in listed:
        if not ignore.rules or not ignore.reason:
            what = "names no rule" if not ignore.rules else "gives no reason"
            hint = f"write # smp: ignore {', '.join(ignore.rules) or 'SMP512'} because …"
            yield Finding(UNREADABLE, ignore.place, f"this comment {what}", hint)
        yield from _no_such(ignore.rules, ignore.place, rules)


def _unknown(checks: Checks, rules: Rules) -> Iterator[Finding]:
    for rule, place in checks.severity_places.items():
        yield from _no_such([rule] if _ID.fullmatch(rule) else (), place, rules)  # its schema has said of others that they are none


def _no_such(named: Iterable[str], place: Place, rules: Rules) -> Iterator[Finding]:
    for rule in named:
        if rule not in rules:
            near = "" if _ID.fullmatch(rule) else nearest(rule, rules)  # of numbers, none is near another
            yield Finding(NO_RULE, place, f"there is no rule {rule}", near or "look it up with smp rules")


def _needless(listed: Iterable[Ignore], used: set[tuple[Place, str]], rules: Rules) -> Iterator[Finding]:
    for ignore in listed:
        known = [rule for rule in ignore.rules if rule in rules and not rule.startswith(_ELSEWHERE)]
        idle = [rule for rule in known if (ignore.place, rule) not in used] if ignore.reason else []
        if idle and len(idle) == len(ignore.rules):
            message = f"this comment takes nothing back: its line has no finding of {', '.join(idle)}"
            yield Finding(NEEDLESS, ignore.place, message, "remove it", WARNING)
        elif idle:
            message = f"the line of this comment has no finding of {', '.join(idle)}"
            yield Finding(NEEDLESS, ignore.place, message, "take it out of the comment", WARNING)
