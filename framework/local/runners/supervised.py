"""A process under a supervisor: one of our `programs` that starts the command, watches it, and ends what is left of it.

In: how the supervisor is started, and what it is told. Out: a `Running`. The two talk over pipes: the command goes in as a line of
JSON, then "term" or "kill"; messages come out. When the tool dies, however that happens, the pipe closes and the supervisor kills.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from framework.errors import BackendError
from framework.local.runners.base import Command, StartError

PROGRAMS = Path(__file__).resolve().parents[1] / "programs"
START_SECONDS = 60.0
KILLED = 128 + 9
SETUP = "Making a private /opt/ml"


def start_supervised(
    spec: Mapping[str, Any], command: Command, program: str, around: Callable[[list[str]], list[str]] = list, slack: float = 0.0
) -> Supervised:
    """Starts a supervisor with a command.

    Args:
        spec: what the supervisor is told, beside what becomes of the streams.
        command: says what becomes of the streams.
        program: the supervisor's file name.
        around: makes the words that start it, from those that would start it directly.
        slack: seconds that whoever asks the command to end may take beside the grace.

    Raises:
        StartError, BackendError: as `Runner.start` says.
    """
    command.log.parent.mkdir(parents=True, exist_ok=True)
    reading, writing = os.pipe()
    given = None if command.streams is None else os.dup(command.streams[0])  # number 0 is the supervisor's own
    try:
        words = around([sys.executable, "-I", "-S", str(PROGRAMS / program), str(writing)])
        process = _popen(words, command, (writing,) if given is None else (writing, given))
    except OSError as error:
        os.close(reading)
        raise BackendError(SETUP, f"{error.filename}: {error.strerror}") from error
    except BaseException:
        os.close(reading)
        raise
    finally:
        os.close(writing)
        if given is not None:
            os.close(given)
    running = Supervised(process, reading, slack)
    running.begin({**spec, "input": given, "terminal": command.terminal})
    return running


def _popen(words: Sequence[str], command: Command, handed: tuple[int, ...]) -> subprocess.Popen[bytes]:
    with contextlib.nullcontext() if command.streams else command.log.open("ab") as log:
        _, output, errors = command.streams or (None, log, log)
        return subprocess.Popen(
            words,
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=errors,
            env={},  # a job could read it in /proc
            cwd="/",
            bufsize=0,
            pass_fds=handed,
            start_new_session=True,
        )


class Supervised:
    """See `Running`."""

    def __init__(self, process: subprocess.Popen[bytes], messages: int, slack: float) -> None:
        self._process, self._messages, self._slack = process, messages, slack
        self._text = b""
        self._code: int | None = None
        self._lock = threading.Lock()

    def begin(self, spec: Mapping[str, Any]) -> None:
        """Hands the command over and waits until it has become a process.

        Raises:
            StartError, BackendError: as `Runner.start` says.
        """
        try:
            self._say(json.dumps(spec).encode())
            answer = self._first_message()
        except BaseException:
            self.stop()
            raise
        if "started" in answer:
            return
        self.stop()
        if "exec" in answer:
            raise StartError(answer["exec"])
        raise BackendError(SETUP, answer.get("setup", "the process that makes it ended without a word"))

    def _say(self, line: bytes) -> None:
        left = line + b"\n"
        with contextlib.suppress(BrokenPipeError, ValueError):
            while left and self._process.stdin:
                left = left[self._process.stdin.write(left) or 0 :]

    def _first_message(self) -> dict[str, Any]:
        end = time.monotonic() + START_SECONDS
        while b"\n" not in self._text:
            if not self._read(max(0.0, end - time.monotonic())):
                return {}
        return dict(json.loads(self._text.partition(b"\n")[0]))

    def _read(self, timeout: float | None) -> bytes | None:
        """What is told next: b"" when that was all, None when nothing came in time."""
        poll = select.poll()
        poll.register(self._messages, select.POLLIN)
        if not poll.poll(None if timeout is None else timeout * 1000):
            return None
        piece = os.read(self._messages, 65536)
        self._text += piece
        return piece

    def wait(self, timeout: float | None = None) -> int | None:
        """See `Running.wait`."""
        end = None if timeout is None else time.monotonic() + timeout
        # Whoever has the lock reads for all; the others wait for it no longer than they would have read.
        if not self._lock.acquire(timeout=-1 if timeout is None else timeout):
            return self._code
        try:
            while self._code is None:
                piece = self._read(None if end is None else max(0.0, end - time.monotonic()))
                if piece is None:
                    return None
                if not piece:
                    self._finish()
        finally:
            self._lock.release()
        return self._code

    def _finish(self) -> None:
        if self._process.stdin:
            self._process.stdin.close()
        self._process.wait()
        os.close(self._messages)
        told = [json.loads(line) for line in self._text.splitlines()]
        self._code = next((message["exit"] for message in told if "exit" in message), KILLED)

    def stop(self, grace: float = 0.0) -> None:
        """See `Running.stop`."""
        if self._code is None and grace > 0:
            self._say(f"term {grace}".encode())
            self.wait(grace + self._slack)
        if self._code is None:
            self._say(b"kill")
            self.wait(15.0 + self._slack)
        if self._code is None:
            with contextlib.suppress(OSError):
                if self._process.stdin:
                    self._process.stdin.close()
            self._process.kill()
            self.wait(5.0)
