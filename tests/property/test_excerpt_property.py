"""Whatever a line holds, a terminal obeys nothing of it, the mark stands below what is meant, and no secret is seen."""

from __future__ import annotations

import unicodedata

from hypothesis import example, given
from hypothesis import strategies as st
from rich.cells import cell_len

from framework.pipeline.masking import DOT, mask, within
from framework.report.excerpt import LEAST, excerpt

MARKER = "ᚠ"
"""The character that is meant: one that the lines do not hold, as wide as a letter."""

ODD = st.sampled_from(
    [
        *"\t\r\n\x00\x07\x1b\x7f\x85\u00a0\u00ad\u0301\u0489\u200b\u200d\u202e\u2028\u3000\ufe0f\ufeff\uff48\ud800",
        *"漢字한각ᄀ😀👍🏽…•",
    ]
)
CHARS = ODD | st.characters(exclude_categories=["Cs"]) | st.sampled_from(list("ab: {}[],'\"\\-=$#"))
LINES = st.text(CHARS, max_size=60) | st.lists(st.text(CHARS, max_size=20), max_size=20).map("".join)
ROOMS = st.integers(1, 200)

SYNTAX = st.sampled_from(
    ["a", "password", "token", "value", "name", "key", "models", "--token", "-p", ": ", ":", "=", ", ", "{", "}", "[", "]", '"',
     "'", "\\", " ", "- ", "#", "|", "://", "u:", "@", "${", "SMP_X", "\t", "é"]
)  # fmt: skip
CODE = st.lists(SYNTAX, max_size=25).map("".join)


def measured(text: str) -> bool:
    """Whether the library of tables agrees with the terminals that know the same Unicode as this Python."""
    return all(unicodedata.category(char) not in {"Mc", "Sk", "Lo", "No", "So"} or char in "漢字한각ᄀ😀👍🏽" for char in text)


@given(before=LINES, after=LINES, room=ROOMS)
@example(before="a" * 300, after="b" * 300, room=40)
@example(before="漢" * 300, after="", room=41)
@example(before="e\u0301" * 300, after="\u0301", room=41)
def test_the_mark_stands_below_the_character(before: str, after: str, room: int) -> None:
    line = before.replace(MARKER, "") + MARKER + after.replace(MARKER, "")
    shown, mark = excerpt(line, line.index(MARKER) + 1, room)
    left, found, _ = shown.partition(MARKER)
    assert found
    assert mark.lstrip(" ").strip("^") == ""
    if measured(left):
        assert cell_len(left) == len(mark) - len(mark.lstrip(" "))


@given(line=LINES, column=st.integers(-1, 100), room=ROOMS)
def test_a_terminal_obeys_nothing_and_both_rows_fit(line: str, column: int, room: int) -> None:
    shown, mark = excerpt(line, column, room)
    assert shown.isprintable()
    assert set(mark) <= {" ", "^"}
    assert mark.endswith("^")
    assert len(mark) <= max(room, LEAST)
    if measured(shown):
        assert cell_len(shown) <= max(room, LEAST)


@given(line=st.text(st.characters(categories=["L", "N", "P"], max_codepoint=0x2FF), max_size=60), column=st.integers(1, 60))
def test_a_line_that_fits_is_not_cut(line: str, column: int) -> None:
    shown, _ = excerpt(line, column, 60)
    assert shown == line


@given(line=CODE | LINES)
def test_a_mask_only_hides(line: str) -> None:
    masked = mask(line)
    assert len(masked) == len(line)
    assert all(new in (old, DOT) for old, new in zip(line, masked, strict=True))


@given(lines=st.lists(CODE, min_size=1, max_size=12), data=st.data())
def test_the_lines_around_only_hide(lines: list[str], data: st.DataObject) -> None:
    index = data.draw(st.integers(0, len(lines) - 1))
    masked = within(lines, index)
    assert len(masked) == len(lines[index])
    assert all(new in (old, DOT) for old, new in zip(lines[index], masked, strict=True))


SECRET = st.text("abcdefgh0123456789+/_.", min_size=3, max_size=12).map("hunter2".__add__)
FORMS = st.sampled_from([
    "password: {}", "  db_password: '{}'", '"password": "{}",', "{{password: {}, user: me}}", '{{"a": 1, "apiKey": "{}"}}',
    "- token={}", 'cmd: "train --token {} --epochs 3"', "args: [--token, {}, -n]", 'args: ["--token", "{}"]', "export TOKEN={}",
    "url: redis://me:{}@host/0", "tags: [{{Key: password, Value: {}}}]", "secrets: {{a: {}, b: [x]}}",
    "x: 'host=h password={} user=u'", "a: '{{\"password\": \"{}\"}}'",
])  # fmt: skip


@given(form=FORMS, secret=SECRET)
def test_no_secret_is_left(form: str, secret: str) -> None:
    masked = mask(form.format(secret))
    assert secret not in masked
    assert "hunter2" not in masked
    assert masked.count(DOT) >= len(secret)
