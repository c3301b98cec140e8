"""A table that lives on the terminal while an execution goes on, in place of a line for each change.

In: the changes of steps, from any thread. Out: at most four times a second the steps that fit on the screen, with the last line of
what each running one has written; when it is over, nothing is left of it and the terminal is as it was.
"""

from __future__ import annotations

import contextlib
import os
import signal
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timezone
from pathlib import Path
from types import FrameType
from typing import Any, NamedTuple, TextIO

from framework.pipeline.execution import ENDED, StepState, Watcher
from framework.report import text

PER_SECOND = 4
TAIL_BYTES = 4096
FRAME_LINES = 3
"""The heading, the line with the counts, and the line that the cursor stands in."""
SHOW_CURSOR = b"\x1b[?25h\r\n"
COLUMNS = ("Step", "Job", "Status", "Time", "Last line")
LAST = COLUMNS.index("Last line")
GAP = "  "
WIDTHS = {"Last line": 72, "Job": 48, "Time": 32}
"""The columns that are left out of a narrower window."""


class Row(NamedTuple):
    """A step as it is shown."""

    step: str
    job: str
    status: str
    time: str
    line: str


def wanted(out: TextIO, environment: Mapping[str, str]) -> bool:
    """Whether the table can be shown: on a terminal that can move its cursor, and whose user has not asked for plain text."""
    plain = environment.get("NO_COLOR") or environment.get("TERM", "") in ("", "dumb", "unknown")
    return out.isatty() and not plain


class Board:
    """The steps as far as they are known. Threads may share it.

    Args:
        kinds: the type of each step that may run, by name; of those that loops make, none.
        now: the time.
    """

    def __init__(self, kinds: Mapping[str, str], now: Callable[[], datetime] = lambda: datetime.now(timezone.utc)) -> None:
        self._kinds, self._now = kinds, now
        self._states: dict[str, StepState] = {}
        self._lock = threading.Lock()

    def tell(self, state: StepState) -> None:
        """A step has changed."""
        with self._lock:
            self._states[str(state["StepName"])] = state

    def rows(self, room: int) -> list[Row]:
        """The steps that fit into so many lines, in the order they began: running and failed ones first of all."""
        with self._lock:
            states = list(self._states.values())
        now = self._now()
        return [self._row(state, now) for state in chosen(states, room)]

    def counts(self, room: int) -> str:
        """How many steps there are of each status, and how many of them `rows` leaves out."""
        with self._lock:
            found = Counter(_group(state) for state in self._states.values())
            found["not begun"] = len(self._kinds.keys() - self._states.keys())
            hidden = max(0, len(self._states) - max(0, room))
        words = [f"{found[group]} {group}" for group in ("running", "failed", "stopped", "succeeded", "not begun") if found[group]]
        return ", ".join(words) + (f" ({hidden} not shown)" if hidden else "")

    def _row(self, state: StepState, now: datetime) -> Row:
        name, running = str(state["StepName"]), _group(state) == "running"
        return Row(
            step=text.shown(name),
            job=text.shown(text.kind(state) or self._kinds.get(name, "")),
            status=text.status(state),
            time=text.duration(text.elapsed(state, now)),
            line=last_line(str(state.get("LogPath") or "")) if running else text.shown(str(state.get("FailureReason") or "")),
        )


def _group(state: StepState) -> str:
    status = str(state["StepStatus"])
    return status.lower() if status in ENDED else "running"


def chosen(states: Sequence[StepState], room: int) -> list[StepState]:
    """The states to show where there is room for so many, in their order.

    Running steps come first, but failed ones have a third of the room; what is left goes to those that ended last.
    """
    if len(states) <= room:
        return list(states)
    groups: dict[str, list[int]] = {"running": [], "failed": []}
    for number, state in enumerate(states):
        groups.setdefault(_group(state), []).append(number)
    running, failed = groups.pop("running"), groups.pop("failed")
    shown = sorted(failed, reverse=True)[: max(room // 3, room - len(running), 0)]
    shown += running[: max(0, room - len(shown))]
    others = sorted((number for group in groups.values() for number in group), reverse=True)
    shown += others[: max(0, room - len(shown))]
    return [states[number] for number in sorted(shown)]


def last_line(log: str) -> str:
    """The last line that a job has written, read off the end of its log; "" where there is none yet."""
    try:
        with Path(log).open("rb") as file:
            file.seek(max(0, os.fstat(file.fileno()).st_size - TAIL_BYTES))
            lines = file.read(TAIL_BYTES).decode(errors="replace").splitlines()  # "\r" ends one too: progress bars
    except (OSError, ValueError):
        return ""
    return next((shown for line in reversed(lines) if (shown := text.shown(line).strip())), "")


class Picture:
    """What rich draws each time: as many steps as the window has room for."""

    def __init__(self, board: Board) -> None:
        self._board = board

    def __rich_console__(self, console: Any, options: Any) -> Iterator[Any]:
        from rich.text import Text

        room = max(0, console.size.height - FRAME_LINES)
        rows = self._board.rows(room)
        if rows:
            yield from _table(rows, options.max_width)
        yield Text(self._board.counts(room), no_wrap=True, overflow="ellipsis", style="dim")


def _table(rows: Sequence[Row], width: int) -> Iterator[Any]:
    """The heading and a line for each row; a table of rich would take five times as long, four times a second."""
    from rich.cells import cell_len
    from rich.text import Text

    shown = [number for number, column in enumerate(COLUMNS) if width >= WIDTHS.get(column, 0)]
    widths = {number: max(cell_len(row[number]) for row in (COLUMNS, *rows)) for number in shown}
    others = sum(widths[number] + len(GAP) for number in shown if COLUMNS[number] not in ("Step", "Last line"))
    widths[0] = max(1, min(widths[0], width - others, max(width * 2 // 5, width - others - widths.get(LAST, 0) - len(GAP))))
    widths[LAST] = max(0, width - others - widths[0] - len(GAP))
    for row in (COLUMNS, *rows):
        line = Text(no_wrap=True, overflow="crop", style="bold" if row is COLUMNS else "")
        for number in shown:
            line.append(_fitted(row[number], widths[number]), text.STYLES.get(row[number]))
            line.append(GAP)
        line.rstrip()
        yield line


def _fitted(cell: str, width: int) -> str:
    """A cell in exactly so many columns of the screen."""
    from rich.cells import cell_len, set_cell_size

    return set_cell_size(cell, width) if cell_len(cell) <= width or width < 1 else set_cell_size(cell, width - 1) + "…"


@contextlib.contextmanager
def table(kinds: Mapping[str, str], out: TextIO) -> Iterator[Watcher]:
    """Shows the table from the first change on until the end of the `with` statement, however that ends.

    Args:
        kinds: as `Board` takes them.
        out: the terminal.
    """
    from rich.console import Console  # 50 ms, and only on a terminal
    from rich.live import Live

    board = Board(kinds)
    live = Live(
        Picture(board),
        console=Console(file=out, highlight=False),
        refresh_per_second=PER_SECOND,
        transient=True,
        redirect_stdout=False,
    )
    starting = threading.Lock()

    def watch(state: StepState) -> None:
        board.tell(state)
        with starting:
            if not live.is_started:
                live.start()

    with _cursor_restored(out):
        try:
            yield watch
        finally:
            live.stop()


@contextlib.contextmanager
def _cursor_restored(out: TextIO) -> Iterator[None]:
    """Shows the cursor again also where SIGTERM ends this process at once."""
    if threading.current_thread() is not threading.main_thread() or signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL:
        yield
        return

    def end(number: int, frame: FrameType | None) -> None:
        with contextlib.suppress(OSError, ValueError):
            os.write(out.fileno(), SHOW_CURSOR)
        signal.signal(number, signal.SIG_DFL)
        os.kill(os.getpid(), number)

    signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
