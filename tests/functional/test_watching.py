"""`smp run --local` in a pseudo-terminal: what stands on the screen while it runs, and what is left there."""

from __future__ import annotations

import json
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from fcntl import ioctl
from pathlib import Path
from termios import ECHO, TIOCSWINSZ, tcgetattr

import pytest

from tests.functional.test_local_commands import shell

ROOT = Path(__file__).resolve().parents[2]
SECONDS = 60.0
PIECES = re.compile(r"\x1b\[([?0-9;]*)([A-Za-z])|([\r\n])|([^\x1b\r\n]+)")


class Screen:
    """What the bytes for a terminal leave on it: as much of one as the table makes use of."""

    def __init__(self) -> None:
        self.lines: list[str] = [""]
        self.row = self.column = 0
        self.cursor = True

    def feed(self, content: str) -> None:
        for arguments, letter, control, words in PIECES.findall(content):
            if words:
                line = self.lines[self.row].ljust(self.column)
                self.lines[self.row] = line[: self.column] + words + line[self.column + len(words) :]
                self.column += len(words)
            elif control == "\r":
                self.column = 0
            elif control == "\n":
                self.row += 1
                self.lines += [""] * (self.row + 1 - len(self.lines))
            else:
                self._obey(arguments, letter)

    def _obey(self, arguments: str, letter: str) -> None:
        if letter == "A":
            self.row = max(0, self.row - int(arguments or 1))
        elif letter == "K":
            assert arguments == "2"
            self.lines[self.row] = ""
        elif arguments == "?25":
            self.cursor = letter == "h"
        else:
            assert letter == "m", f"an order this screen does not know: {arguments}{letter}"

    def text(self) -> str:
        return "\n".join(line.rstrip() for line in self.lines)


class Window:
    """The tool in a pseudo-terminal; only its errors go there, as when its results go to a file."""

    def __init__(self, folder: Path, words: tuple[str, ...], environment: Mapping[str, str], size: tuple[int, int]) -> None:
        self.master, self.slave = pty.openpty()
        ioctl(self.slave, TIOCSWINSZ, struct.pack("HHHH", *size, 0, 0))
        own = {name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "COLUMNS", "LINES")}
        self.output = folder / "stdout.txt"
        with self.output.open("wb") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "framework", "--root", str(folder), *words],
                cwd=folder,
                env={**own, "TERM": "xterm-256color", "PYTHONPATH": str(ROOT), **environment},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=self.slave,
                start_new_session=True,
            )
        self.told, self.screen = b"", Screen()

    def until(self, seen: Callable[[str], object]) -> str:
        """Reads until something stands on the screen."""
        end = time.monotonic() + SECONDS
        while not seen(self.screen.text()):
            assert time.monotonic() < end, self.screen.text()
            if not self._read(0.1) and self.process.poll() is not None:
                break
        return self.screen.text()

    def end(self) -> str:
        """Reads until the tool has ended; all it has said."""
        end = time.monotonic() + SECONDS
        while self.process.poll() is None:
            assert time.monotonic() < end, self.screen.text()
            self._read(0.05)
        while self._read(0.05):
            pass
        return self.told.decode(errors="replace")

    def _read(self, seconds: float) -> bool:
        if not select.select([self.master], [], [], seconds)[0]:
            return False
        piece = os.read(self.master, 65536)
        self.told += piece
        self.screen.feed(piece.decode(errors="replace"))
        return True


Open = Callable[..., Window]


@pytest.fixture
def window(tmp_path: Path) -> Iterator[Open]:
    opened: list[Window] = []

    def make(*steps: object, size: tuple[int, int] = (24, 100), environment: Mapping[str, str] | None = None) -> Window:
        (tmp_path / "pipe.json").write_text(json.dumps({"Version": "2020-12-01", "Parameters": [], "Steps": steps}))
        words = ("run", "--local", "--runner", "plain", "--parallel", "2", "--definition", "pipe.json")
        opened.append(Window(tmp_path, words, environment or {}, size))
        return opened[-1]

    yield make
    for each in opened:
        each.process.kill()
        each.process.wait()
        os.close(each.master)
        os.close(each.slave)


def waits(tmp_path: Path) -> str:
    """A command that goes on until the file `gate` is there."""
    return f"while [ ! -e {tmp_path}/gate ]; do sleep 0.05; done"


def test_the_table_shows_what_runs_and_is_gone_at_the_end(window: Open, tmp_path: Path) -> None:
    seen = window(shell("A", "echo done"), shell("B", f"printf 'epoch 1\\r\\033[32mepoch 2\\033[0m\\n'; {waits(tmp_path)}"))
    text = seen.until(lambda screen: "epoch 2" in screen and "1 running, 1 succeeded" in screen)
    assert re.search(r"^Step +Job +Status +Time +Last line$", text, re.MULTILINE)
    assert re.search(r"^B +ProcessingJob +Executing +\d+ s +epoch 2$", text, re.MULTILINE)
    assert re.search(r"^A +ProcessingJob +Succeeded +\d+ s$", text, re.MULTILINE)
    assert not seen.screen.cursor
    (tmp_path / "gate").touch()
    seen.end()
    assert seen.process.returncode == 0
    assert seen.screen.cursor
    left = seen.screen.text().strip().splitlines()
    assert len(left) == 1, "of the table nothing is left"
    assert left[0].startswith("runner plain. There is no private /opt/ml")
    assert "│ B    │ ProcessingJob │ Succeeded │" in seen.output.read_text()
    assert "\x1b" not in seen.output.read_text()


def test_what_went_wrong_is_said_below(window: Open) -> None:
    seen = window(shell("A", "echo why; exit 3"))
    seen.end()
    text = seen.screen.text()
    assert seen.process.returncode == 4
    assert "A failed: AlgorithmError: why, exit code: 3\nexit code: 3\nlast lines of A:\n  why\n" in text
    assert "running" not in text
    assert "│ A    │ ProcessingJob │ Failed │" in seen.output.read_text()


@pytest.mark.parametrize("environment", [{"NO_COLOR": "1"}, {"TERM": "dumb"}])
def test_plain_lines_where_they_are_asked_for(window: Open, environment: Mapping[str, str]) -> None:
    seen = window(shell("A", "true"), environment=environment)
    told = seen.end()
    assert "A Starting\r\nA Executing\r\nA Succeeded\r\n" in told
    assert "\x1b" not in told


def test_many_steps_in_a_small_window(window: Open, tmp_path: Path) -> None:
    always = {"Conditions": [{"Type": "Equals", "LeftValue": 1, "RightValue": 1}], "IfSteps": [], "ElseSteps": []}
    steps = [{"Name": f"F{n}", "Type": "Condition", "Arguments": always} for n in range(60)]
    slow = shell("slow", waits(tmp_path), DependsOn=[f"F{n}" for n in range(60)])
    seen = window(*steps, slow, size=(10, 40))
    text = seen.until(lambda screen: "1 running, 60 succeeded" in screen and screen.rstrip().endswith("not shown)"))
    table = text[text.index("Step") :].rstrip().splitlines()
    assert len(table) <= 9
    assert max(map(len, table)) <= 40
    assert any(line.startswith("slow") for line in table)
    assert "1 running, 60 succeeded" in table[-1]
    (tmp_path / "gate").touch()
    seen.end()
    assert seen.process.returncode == 0


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_terminal_is_restored_when_it_is_stopped(window: Open, tmp_path: Path, number: signal.Signals) -> None:
    seen = window(shell("A", waits(tmp_path)))
    seen.until(lambda screen: "1 running" in screen)
    assert not seen.screen.cursor
    before = tcgetattr(seen.slave)
    seen.process.send_signal(number)
    seen.end()
    assert seen.screen.cursor
    assert tcgetattr(seen.slave) == before
    assert before[3] & ECHO
    assert seen.process.returncode == (4 if number == signal.SIGINT else -number)
