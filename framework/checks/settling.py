"""What becomes of findings: those that a comment or the configuration takes back are left out, others get another severity.

A comment `# smp: ignore SMP512 because …` takes back the findings of that rule on its line or, where it stands alone, on the next.
What nothing can be compiled with cannot be taken back.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from framework.config.ignores import Ignore
from framework.config.model import Checks
from framework.findings import ERROR, WARNING, Finding, Place, Rule, nearest

UNREADABLE, NEEDLESS, NO_RULE = "SMP125", "SMP126", "SMP127"
OFF = "off"

Rules = Mapping[str, Rule]


def settle(
    findings: Iterable[Finding], checks: Checks, comments: Mapping[str, Sequence[Ignore]], rules: Rules, whole: bool
) -> list[Finding]:
    """The findings that remain, and what is wrong with what was to take some back.

    Args:
        findings: all that was found.
        checks: the configuration's settings.
        comments: for the names of files, the comments in them that take findings back.
        rules: every rule by id.
        whole: whether everything was checked, so that a comment that took nothing back is needless.
    """
    remaining: list[Finding] = []
    used: set[Place] = set()
    for finding in findings:
        ignore = _ignoring(finding, comments)
        if ignore is not None:
            used.add(ignore.place)
        if not _settable(finding, rules):
            remaining.append(finding)
            if ignore is not None:
                message = f"{finding.rule} cannot be ignored: nothing can be compiled with what it found"
                remaining.append(Finding(UNREADABLE, ignore.place, message, "correct what it found, and remove the comment"))
        elif ignore is None:
            remaining += _graded(finding, checks)
    listed = [ignore for found in comments.values() for ignore in found]
    remaining += _unreadable(listed, rules)
    remaining += _unknown(checks, rules)
    return [*remaining, *(_needless(listed, used, rules) if whole else ())]


def _settable(finding: Finding, rules: Rules) -> bool:
    rule = rules.get(finding.rule)
    return finding.severity != ERROR or (rule is not None and not rule.blocking)


def _ignoring(finding: Finding, comments: Mapping[str, Sequence[Ignore]]) -> Ignore | None:
    for ignore in comments.get(finding.place.file, ()):
        if ignore.line == finding.place.line and finding.rule in ignore.rules and ignore.reason:
            return ignore
    return None


def _graded(finding: Finding, checks: Checks) -> Iterator[Finding]:
    wanted = checks.severity.get(finding.rule, finding.severity)
    if wanted != OFF:
        yield finding if wanted == finding.severity else replace(finding, severity=wanted)


def _unreadable(listed: Iterable[Ignore], rules: Rules) -> Iterator[Finding]:
    for ignore in listed:
        unknown = [rule for rule in ignore.rules if rule not in rules]
        if not ignore.rules or not ignore.reason:
            what = "names no rule" if not ignore.rules else "gives no reason"
            yield Finding(UNREADABLE, ignore.place, f"this comment {what}", "write # smp: ignore SMP512 because …")
        for rule in unknown:
            yield Finding(NO_RULE, ignore.place, f"there is no rule {rule}", nearest(rule, rules) or "look it up with smp rules")


def _unknown(checks: Checks, rules: Rules) -> Iterator[Finding]:
    for rule, place in checks.severity_places.items():
        if rule not in rules:
            yield Finding(NO_RULE, place, f"there is no rule {rule}", nearest(rule, rules) or "look it up with smp rules")


def _needless(listed: Iterable[Ignore], used: set[Place], rules: Rules) -> Iterator[Finding]:
    for ignore in listed:
        known = [rule for rule in ignore.rules if rule in rules and not rule.startswith(("SMP8", "SMP9"))]
        if known and ignore.reason and ignore.place not in used:
            message = f"this comment takes nothing back: its line has no finding of {', '.join(known)}"
            yield Finding(NEEDLESS, ignore.place, message, "remove it", WARNING)
