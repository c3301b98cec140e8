"""Rules as people and programs read them: a list, one of them explained, the page docs/rules.md, data."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable, Sequence
from typing import Any

from framework.findings import Rule

Groups = Iterable[tuple[str, Sequence[Rule]]]
"""Headings, and the rules below each."""

_WIDTH = 100
_PAGE = """\
# Rules

Every finding names its rule: `smp rules` lists them all, `smp rules SMP301` explains one. This page is what `smp rules --markdown`
prints. How rules are chosen and findings are ignored stands in [configuration.md](configuration.md).
"""


def listed(groups: Groups) -> str:
    """The rules as lines of id, severity and title, below the headings of their groups."""
    blocks = [[heading, *(f"  {rule.id}  {rule.severity:<7}  {rule.title}" for rule in rules)] for heading, rules in groups]
    return "\n\n".join("\n".join(lines) for lines in blocks)


def explained(rule: Rule, why_kept: str) -> str:
    """Everything about a rule; `why_kept` says why it cannot be ignored, "" that it can."""
    about = [rule.description, f"Try: {rule.cure}", *([f"Source: {rule.source}."] if rule.source else [])]
    about.append(f"It cannot be ignored: {why_kept}." if why_kept else "It can be ignored.")
    wrapped = [textwrap.fill(part, _WIDTH, break_long_words=False, break_on_hyphens=False) for part in about]
    return "\n\n".join([f"{rule.id} {rule.severity}: {rule.title}", *wrapped])


def data(rule: Rule, why_kept: str) -> dict[str, Any]:
    """A rule as a program reads it."""
    return {
        "id": rule.id,
        "severity": rule.severity,
        "title": rule.title,
        "description": rule.description,
        "cure": rule.cure,
        "source": rule.source,
        "can_be_ignored": not why_kept,
    }


def page(groups: Iterable[tuple[str, Sequence[tuple[Rule, str]]]]) -> str:
    """The page docs/rules.md: below each heading the rules, each with why it cannot be ignored."""
    parts = [_PAGE]
    for heading, rules in groups:
        parts += [f"## {heading}\n", *(_entry(rule, why_kept) for rule, why_kept in rules)]
    return "\n".join(parts)


def _entry(rule: Rule, why_kept: str) -> str:
    how = f"{rule.severity}, cannot be ignored" if why_kept else rule.severity
    about = [f"**{rule.title}** ({how})", rule.description, f"What to do: {rule.cure}"]
    about += [f"Source: {rule.source}."] if rule.source else []
    return "\n\n".join([f"### {rule.id}", *map(_with_code, about)]) + "\n"


def _with_code(text: str) -> str:
    """What stands between double quotes is written so in a file: code."""
    return re.sub(r'"([^"]+)"', r"`\1`", text)
