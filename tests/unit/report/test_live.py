"""The rows of the live table, what of them fits, and when there is a table at all."""

from __future__ import annotations

import io
import time
from collections.abc import Iterator
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from framework.report import live, text

NOW = datetime(2026, 1, 1, 12, 1, 5, tzinfo=timezone.utc)


def state(name: str, status: str = "Executing", **more: Any) -> dict[str, Any]:
    return {"StepName": name, "StepStatus": status, "StartTime": "2026-01-01T12:00:00.000+00:00", **more}


def board(*states: dict[str, Any], kinds: dict[str, str] | None = None) -> live.Board:
    made = live.Board(kinds or {}, lambda: NOW)
    for each in states:
        made.tell(each)
    return made


def drawn(made: live.Board, width: int, height: int) -> list[str]:
    out = io.StringIO()
    Console(file=out, width=width, height=height, force_terminal=True, color_system=None).print(live.Picture(made))
    return out.getvalue().splitlines()


def test_a_row_says_what_runs_for_how_long_and_what_it_wrote_last(tmp_path: Path) -> None:
    log = tmp_path / "log.txt"
    log.write_bytes(b"first\n\x1b[31mepoch\x1b[0m 1\repoch 2\x07 [bold]\n\n")
    ended = state("B", "Failed", EndTime="2026-01-01T12:00:07.900+00:00", FailureReason="bad\nnews", Metadata={"ProcessingJob": {}})
    made = board(state("A", LogPath=str(log)), ended, kinds={"A": "Training", "B": "Processing", "C": "Model"})
    assert made.rows(9) == [
        ("A", "Training", "Executing", "1:05 min", "epoch 2\\x07 [bold]"),
        ("B", "ProcessingJob", "Failed", "7 s", "bad\\nnews"),
    ]
    assert made.counts(9) == "1 running, 1 failed, 1 not begun"


def test_of_hundreds_of_steps_the_running_and_failed_ones_are_shown() -> None:
    many = [state(f"S{number}", "Succeeded") for number in range(300)]
    many[3] = state("S3", "Failed")
    many[100] = state("S100")
    made = board(*many, state("last"))
    assert [row.step for row in made.rows(5)] == ["S3", "S100", "S298", "S299", "last"]
    assert made.counts(5) == "2 running, 1 failed, 298 succeeded (296 not shown)"
    lines = drawn(made, 100, 8)
    assert len(lines) == 1 + 5 + 1, "a heading, what fits, and the counts"


@pytest.mark.parametrize("room", [0, 1, 2, 3, 7, 50])
def test_what_is_chosen_fits_and_failures_are_not_crowded_out(room: int) -> None:
    states = [state(f"r{number}") for number in range(40)] + [state(f"f{number}", "Failed") for number in range(40)]
    found = live.chosen(states, room)
    assert len(found) == room
    assert found == [each for each in states if each in found], "in the order they began"
    if room >= 3:
        assert {"Executing", "Failed"} == {each["StepStatus"] for each in found}


@pytest.mark.parametrize("width", [8, 20, 31, 32, 47, 48, 71, 72, 200])
@pytest.mark.parametrize("height", [1, 3, 4, 10])
def test_nothing_is_wider_or_higher_than_the_window(width: int, height: int, tmp_path: Path) -> None:
    (tmp_path / "log").write_text("語" * 300)
    made = board(*[state(f"step-with-a-long-name-{number}" * 3, LogPath=str(tmp_path / "log")) for number in range(20)])
    lines = drawn(made, width, height)
    assert len(lines) <= max(1, height - 1)
    assert all(_cells(line) <= width for line in lines)
    assert ("Last line" in lines[0]) == (width >= 72 and height > 3)


def _cells(line: str) -> int:
    from rich.cells import cell_len

    return cell_len(line)


def test_markup_and_escapes_of_users_are_shown_as_they_are() -> None:
    odd = state("[red]A[/red]", "Failed", FailureReason="\x1b]0;title\x07[link=x]\x1b[2J\x9b31m")
    lines = drawn(board(odd), 120, 20)
    assert "[red]A[/red]" in lines[1]
    assert "[link=x]\\x9b31m" in lines[1]
    assert not any(char in "".join(lines) for char in "\x1b\x07\x9b")


def test_only_the_end_of_a_log_is_read(tmp_path: Path) -> None:
    log = tmp_path / "log"
    with log.open("wb") as file:
        file.truncate(50 << 30)  # a sparse file: read whole, it would take minutes
        file.seek(0, 2)
        file.write(b"\nthe end\n")
    begin = time.monotonic()
    assert live.last_line(str(log)) == "the end"
    assert time.monotonic() - begin < 1
    assert live.last_line(str(tmp_path / "none")) == live.last_line("") == live.last_line(str(tmp_path)) == ""


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({"TERM": "xterm-256color"}, True),
        ({"TERM": "xterm", "NO_COLOR": ""}, True),
        ({"TERM": "xterm", "NO_COLOR": "1"}, False),
        ({"TERM": "dumb"}, False),
        ({}, False),
    ],
)
def test_who_gets_a_table(environment: dict[str, str], expected: bool) -> None:
    assert live.wanted(_Terminal(), environment) is expected
    assert not live.wanted(io.StringIO(), environment)


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Iterator[_Terminal]:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)
    yield _Terminal()


def test_the_table_is_drawn_at_most_four_times_a_second_and_leaves_no_trace(terminal: _Terminal) -> None:
    with live.table({}, terminal) as watch:
        assert terminal.getvalue() == "", "nothing before the first change"
        for number in range(500):
            watch(state(f"S{number}"))
        time.sleep(1.1)
    shown = terminal.getvalue()
    assert 2 <= shown.count("500 running") <= 6
    assert shown.startswith("\x1b[?25l")
    assert "\x1b[?25h" in shown


def test_the_cursor_comes_back_after_an_error(terminal: _Terminal) -> None:
    with pytest.raises(ValueError, match="no"), live.table({}, terminal) as watch:
        watch(state("A"))
        raise ValueError("no")
    assert terminal.getvalue().rindex("\x1b[?25h") > terminal.getvalue().rindex("\x1b[?25l")


@pytest.mark.parametrize(
    ("seconds", "expected"), [(None, ""), (-1.0, "0 s"), (59.9, "59 s"), (60.0, "1:00 min"), (3600.0, "1:00:00 h")]
)
def test_durations(seconds: float | None, expected: str) -> None:
    assert text.duration(seconds) == expected


@pytest.mark.parametrize(
    ("count", "expected"), [(0, "0 B"), (999, "999 B"), (1000, "1.0 kB"), (999_999, "1.0 MB"), (5e12, "5000.0 GB")]
)
def test_sizes(count: int, expected: str) -> None:
    assert text.size(count) == expected
