"""Findings for people: the line, what it points at, and what is not shown."""

from __future__ import annotations

import re

import pytest

from framework.findings import WARNING, Finding, Place
from framework.report.excerpt import excerpt
from framework.report.findings import Look, as_text

SOURCE = [
    "conf:",
    "  models: {m: {epochs: 3}}",
    "\ttabbed: [a, b]",
    "漢字: x\u0301y",
    "bell: \x07\x1b[31m",
    'text: "a b", c',
    "p: 'it''s'",
]


def lines(file: str, number: int) -> str | None:
    return SOURCE[number - 1] if file == "conf.yaml" and number <= len(SOURCE) else None


def shown(*findings: Finding, width: int = 120, colour: bool = False, mask: object = str) -> list[str]:
    return as_text(findings, Look(lines, mask, width, colour)).splitlines()  # type: ignore[arg-type]


def at(line: int, column: int, rule: str = "SMP103", file: str = "conf.yaml") -> Finding:
    return Finding(rule, Place(file, line, column), "wrong", "remove it")


@pytest.mark.parametrize(("place", "rows"), [
    ((1, 1), ["  1 | conf:", "    | ^^^^"]),
    ((2, 15), ["  2 |   models: {m: {epochs: 3}}", "    |               ^"]),
    ((2, 16), ["  2 |   models: {m: {epochs: 3}}", "    |                ^^^^^^"]),
    ((3, 2), ["  3 |     tabbed: [a, b]", "    |     ^^^^^^"]),
    ((3, 1), ["  3 |     tabbed: [a, b]", "    | ^^^^"]),
    ((4, 5), ["  4 | 漢字: x\u0301y", "    |       ^^"]),
    ((4, 1), ["  4 | 漢字: x\u0301y", "    | ^^^^"]),
    ((5, 7), ["  5 | bell: \\x07\\x1b[31m", "    |       ^^^^^^^^"]),
    ((6, 7), ['  6 | text: "a b", c', "    |       ^^^^^"]),
    ((7, 4), ["  7 | p: 'it''s'", "    |    ^^^^^^^"]),
    ((1, 6), ["  1 | conf:", "    |      ^"]),
    ((1, 99), ["  1 | conf:", "    |      ^"]),
])  # fmt: skip
def test_the_word_that_is_meant(place: tuple[int, int], rows: list[str]) -> None:
    assert shown(at(*place)) == [f"conf.yaml:{place[0]}:{place[1]} SMP103 wrong. Try: remove it.", *rows]


@pytest.mark.parametrize("finding", [
    at(0, 0), at(99, 1), at(1, 1, file="other.yaml"), at(0, 0, file="environment"), at(1, 1, "SMP601"), at(1, 1, "SMP602"),
    at(1, 1, "SMP110"),
])  # fmt: skip
def test_where_no_line_is_shown(finding: Finding) -> None:
    assert shown(finding) == [str(finding)]


def test_several_findings_follow_each_other() -> None:
    first, second = at(1, 1), Finding("SMP116", Place("conf.yaml", 2, 3), "unused", severity=WARNING)
    assert shown(first, second) == [
        "conf.yaml:1:1 SMP103 wrong. Try: remove it.",
        "  1 | conf:",
        "    | ^^^^",
        "conf.yaml:2:3 SMP116 warning: unused.",
        "  2 |   models: {m: {epochs: 3}}",
        "    |   ^^^^^^",
    ]


def test_nothing_found_is_nothing_shown() -> None:
    assert shown() == []


def test_what_is_masked_is_not_shown() -> None:
    assert shown(at(2, 16), mask=lambda line: line.replace("3", "•"))[1] == "  2 |   models: {m: {epochs: •}}"


def test_a_mask_that_changes_the_length_leaves_the_line_out() -> None:
    assert shown(at(2, 16), mask=lambda line: line[1:]) == [str(at(2, 16))]


def test_a_line_that_is_no_text_for_people_is_left_out() -> None:
    look = Look(lambda file, number: "x" * 100_001, str)
    assert as_text([at(1, 1)], look) == f"{at(1, 1)}\n"


@pytest.mark.parametrize(("line", "column", "rows"), [
    ("a" * 30 + " word", 32, ("…aaaaaaaaaaaaa word", "               ^^^^")),
    ("word " + "a" * 30, 1, ("word aaaaaaaaaaaaa…", "^^^^")),
    ("a" * 30 + " word " + "b" * 30, 32, ("…aaaaa word bbbbbbb…", "       ^^^^")),
    ("a" * 30 + " " + "w" * 40, 32, ("…aaaaa wwwwwwwwwwww…", "       ^^^^^^^^^^^^")),
    ("漢" * 30 + " word", 32, ("…漢漢漢漢漢漢 word", "              ^^^^")),
    ("a" * 19 + "b", 20, ("aaaaaaaaaaaaaaaaaaab", "                   ^")),
])  # fmt: skip
def test_a_long_line_is_cut_around_the_word(line: str, column: int, rows: tuple[str, str]) -> None:
    assert excerpt(line, column, 20) == rows


def test_rows_are_as_wide_as_the_window() -> None:
    look = Look(lambda file, number: "x: " + "a, " * 100, str, width=60)
    rows = as_text([at(8, 100)], look).splitlines()[1:]
    assert [len(row) <= 60 for row in rows] == [True, True]
    assert rows[0].startswith("  8 | …")
    assert rows[0].endswith("…")


@pytest.mark.parametrize(("severity", "colour", "kind"), [("error", 31, ""), ("warning", 33, " warning:"), ("note", 33, " note:")])
def test_colours(severity: str, colour: int, kind: str) -> None:
    finding = Finding("SMP103", Place("conf.yaml", 1, 1), "wrong", severity=severity)
    rows = shown(finding, colour=True)
    assert rows == [
        f"\x1b[1mconf.yaml:1:1\x1b[0m \x1b[{colour}mSMP103{kind}\x1b[0m wrong.",
        "\x1b[36m  1 |\x1b[0m conf:",
        "\x1b[36m    |\x1b[0m \x1b[36m^^^^\x1b[0m",
    ]
    assert [re.sub(r"\x1b\[\d+m", "", row) for row in rows] == shown(finding)


def test_a_place_is_written_out_as_elsewhere() -> None:
    finding = Finding("SMP111", Place("--config \x1b[2J\n"), "no file matches")
    assert shown(finding, colour=True) == ["\x1b[1m--config \\x1b[2J\\n\x1b[0m \x1b[31mSMP111\x1b[0m no file matches."]
