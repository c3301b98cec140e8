"""Runs one command for the user himself: on a terminal of its own that this one stands in for, else on this process's streams.

In: a runner and a command. Out: the exit code; this terminal is as it was, however the command ended.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import select
import signal
import struct
import sys
import termios
import tty
from collections.abc import Iterator
from dataclasses import replace
from types import FrameType

from framework.local.runners.base import Command, Runner, Running

PIECE = 65536


def attended(runner: Runner, command: Command) -> int:
    """Runs a command to its end.

    Raises:
        StartError, BackendError: as `Runner.start` says.
        KeyboardInterrupt: the user stopped it; it was killed.
    """
    if not (os.isatty(0) and os.isatty(1)):
        return _waited(runner.start(replace(command, streams=(0, 1, 2))))
    master, slave = pty.openpty()
    try:
        _pass_size(master)
        term = {"TERM": os.environ["TERM"]} if "TERM" in os.environ else {}
        environment = {**term, **command.environment}
        running = runner.start(replace(command, environment=environment, streams=(slave, slave, slave), terminal=True))
    except BaseException:
        os.close(master)
        raise
    finally:
        os.close(slave)
    try:
        with _raw(), _sizes(master):
            _relay(master)
        return _waited(running)
    finally:
        os.close(master)
        running.stop()


def _waited(running: Running) -> int:
    try:
        code = running.wait()
        return 1 if code is None else code
    finally:
        running.stop()


def _relay(master: int) -> None:
    """Carries what is typed in, and what is shown out, until nobody has the other side any more."""
    sources = [0, master]
    while True:
        ready = select.select(sources, [], [])[0]
        if master in ready:
            try:
                shown = os.read(master, PIECE)
            except OSError:  # Linux says so that everybody has closed it
                return
            if not shown:
                return
            _write(1, shown)
        if 0 in ready:
            typed = os.read(0, PIECE)
            if typed:
                _write(master, typed)
            else:
                sources.remove(0)


def _write(number: int, content: bytes) -> None:
    while content:
        content = content[os.write(number, content) :]


def _pass_size(master: int) -> None:
    with contextlib.suppress(OSError):
        size = fcntl.ioctl(1, termios.TIOCGWINSZ, struct.pack("HHHH", 0, 0, 0, 0))
        fcntl.ioctl(master, termios.TIOCSWINSZ, size)


@contextlib.contextmanager
def _raw() -> Iterator[None]:
    """Lets this terminal hand on every key, until the end of the `with` statement."""
    before = termios.tcgetattr(0)
    try:
        tty.setraw(0)
        yield
    finally:
        termios.tcsetattr(0, termios.TCSADRAIN, before)


@contextlib.contextmanager
def _sizes(master: int) -> Iterator[None]:
    """Hands on each new size of the window; and ends by SIGTERM as by an error, so that the terminal is restored."""

    def resize(number: int, frame: FrameType | None) -> None:
        _pass_size(master)

    def end(number: int, frame: FrameType | None) -> None:
        sys.exit(128 + number)

    before = {number: signal.signal(number, what) for number, what in ((signal.SIGWINCH, resize), (signal.SIGTERM, end))}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
