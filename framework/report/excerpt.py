"""The line that a finding points at, and below it the mark under the word that is meant, as compilers show them.

In: a line as somebody wrote it, a column, and the room there is. Out: two rows that stand right below each other on a terminal,
whatever the line holds: what a terminal would obey is written out, and wide characters and combining marks are counted as shown.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_left, bisect_right
from itertools import accumulate
from typing import NamedTuple

CUT = "…"
"""Stands where a line is cut."""

TAB = " " * 4
LEAST = 20
"""The columns that a row gets even in a narrower window."""

LONGEST = 100_000
"""Characters of a line that is shown; a longer one is no text for people."""

_QUOTED = re.compile(r"\"(?:[^\"\\]|\\.)*\"|'(?:[^']|'')*'")
_WORD = re.compile(r"(?:\$\{[^{}\s]*\}|[^\s,\[\]{}\"':]|:(?=[^\s,\[\]{}\"']))+")
_SELECTORS = frozenset("\ufe0e\ufe0f")
"""They choose between two looks of the character before them, of which terminals disagree how wide they are."""


class Cell(NamedTuple):
    """A character as it is shown, and how many columns that takes."""

    text: str
    width: int


def excerpt(line: str, column: int, room: int) -> tuple[str, str]:
    """The two rows: the line, cut around the column to what there is room for, and the mark.

    Args:
        line: without its line break.
        column: of the character that is meant, counted from 1; one behind the line means its end.
        room: columns.
    """
    room = max(room, LEAST)
    first = min(max(column, 1) - 1, len(line))
    last = first + _length(line, first)
    start, stop = max(0, first - 2 * room), min(len(line), first + 2 * room)  # the rest of a long line is not looked at
    cells = _cells(line[start:stop])
    if first == len(line):
        cells.append(Cell(" ", 1))
    first, last = first - start, min(last - start, len(cells))
    while not cells[first].width:
        first -= 1  # a combining mark stands above the character before it
    at = [0, *accumulate(cell.width for cell in cells)]
    begin, end = _window(at, first, last, room)
    left = CUT if start + begin else ""
    right = CUT if start + end < len(line) else ""
    shown = "".join(cell.text for cell in cells[begin:end])
    before = len(left) + at[first] - at[begin]
    return f"{left}{shown}{right}".rstrip(), " " * before + "^" * (at[min(last, end)] - at[first])


def _length(line: str, first: int) -> int:
    """How many characters are meant: those of a quoted text or of a word, else one."""
    found = _QUOTED.match(line, first) or _WORD.match(line, first)
    return len(found[0]) if found else 1


def _cells(text: str) -> list[Cell]:
    cells = [_cell(char) for char in text]
    if cells and not cells[0].width:  # it would stand above what is before the row
        cells[0] = _written_out(text[0])
    return cells


def _cell(char: str) -> Cell:
    if char == "\t":
        return Cell(TAB, len(TAB))
    if char in _SELECTORS:
        return Cell("", 0)
    if not char.isprintable():
        return _written_out(char)
    if unicodedata.category(char) in {"Mn", "Me"} or "\u1160" <= char <= "\u11ff" or "\ud7b0" <= char <= "\ud7ff":
        return Cell(char, 0)  # marks, and the vowels and finals that complete a Korean syllable
    return Cell(char, 2 if unicodedata.east_asian_width(char) in {"W", "F"} else 1)


def _written_out(char: str) -> Cell:
    text = char.encode("unicode_escape").decode("ascii")
    return Cell(text, len(text))


def _window(at: list[int], first: int, last: int, room: int) -> tuple[int, int]:
    """Which cells are shown, given the column that each begins at: all, or those around the mark, a third of them before it."""
    if at[-1] <= room:
        return 0, len(at) - 1
    room -= 2 * len(CUT)
    start = 0
    if at[last] > room:
        start = max(0, min(at[first], at[first] - room // 3, at[-1] - room))
    begin = bisect_left(at, start, 0, first)
    while at[begin + 1] == at[begin] and begin < first:
        begin += 1  # a mark whose character is cut off
    return begin, max(first + 1, bisect_right(at, at[begin] + room) - 1)
