"""Starting processes: each sees a folder of ours as its /opt/ml, and nothing it starts outlives it.

In: a `Command`. Out: a `Running` process. `choose_runner` finds out once what this machine allows. No other module of the framework
starts processes.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from framework.errors import BackendError

PROGRAM = Path(__file__).with_name("programs") / "namespace.py"
START_SECONDS = 60.0
KILLED = 128 + signal.SIGKILL


@dataclass(frozen=True, slots=True)
class Command:
    """A process to start.

    Attributes:
        words: the program, looked up on the PATH of `environment`, and its arguments.
        ml: the folder that stands for /opt/ml.
        environment: the whole environment of the process.
        folder: the working directory, as the process sees it.
        log: the file that output and errors are appended to.
    """

    words: Sequence[str]
    ml: Path
    environment: Mapping[str, str]
    folder: str
    log: Path


class StartError(Exception):
    """The program of a command does not exist or cannot be executed."""


class Running(Protocol):
    """A process that was started."""

    def wait(self, timeout: float | None = None) -> int | None:
        """The exit code, 128 and the signal's number where one ended it; None when it still runs after `timeout` seconds."""

    def stop(self, grace: float = 0.0) -> None:
        """Ends the process and everything it started: asked first when `grace` seconds are given, killed after them."""


class Runner(Protocol):
    """A way to start a command with its private /opt/ml."""

    def start(self, command: Command) -> Running:
        """Starts it.

        Raises:
            StartError: the program cannot be executed.
            BackendError: the private /opt/ml cannot be made.
        """


class NamespaceRunner:
    """Starts commands in Linux namespaces of their own.

    Args:
        user: make a user namespace too, which is what allows an ordinary user to mount.
        pid: make a PID namespace too; without it only the process group of a job is killed at its end.
    """

    def __init__(self, user: bool, pid: bool) -> None:
        self.user, self.pid = user, pid

    def start(self, command: Command) -> Running:
        """See `Runner.start`."""
        command.log.parent.mkdir(parents=True, exist_ok=True)
        reading, writing = os.pipe()
        try:
            process = self._popen(command.log, writing)
        except BaseException:
            os.close(reading)
            raise
        finally:
            os.close(writing)
        running = NamespaceProcess(process, reading)
        running.begin(self._spec(command))
        return running

    def _popen(self, log: Path, messages: int) -> subprocess.Popen[bytes]:
        with log.open("ab") as output:
            return subprocess.Popen(
                [sys.executable, "-I", "-S", str(PROGRAM), str(messages)],
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=output,
                env={},  # a job could read it in /proc
                cwd="/",
                pass_fds=(messages,),
                start_new_session=True,
            )

    def _spec(self, command: Command) -> dict[str, Any]:
        return {
            "words": list(command.words),
            "ml": str(command.ml),
            "environment": dict(command.environment),
            "folder": command.folder,
            "user": self.user,
            "pid": self.pid,
            "parent": os.getpid(),
        }


class NamespaceProcess:
    """A command that runs in namespaces; talks to `programs/namespace.py`."""

    def __init__(self, process: subprocess.Popen[bytes], messages: int) -> None:
        self._process, self._messages = process, messages
        self._text = b""
        self._code: int | None = None

    def begin(self, spec: Mapping[str, Any]) -> None:
        """Hands the command over and waits until it has become a process.

        Raises:
            StartError, BackendError: as `Runner.start` says.
        """
        try:
            if self._process.stdin:
                with contextlib.suppress(BrokenPipeError), self._process.stdin as stdin:
                    stdin.write(json.dumps(spec).encode())
            answer = self._first_message()
        except BaseException:
            self.stop()
            raise
        if "started" in answer:
            return
        self.stop()
        if "exec" in answer:
            raise StartError(answer["exec"])
        raise BackendError("Making a private /opt/ml", answer.get("setup", "the process that makes it ended without a word"))

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
        while self._code is None:
            piece = self._read(None if end is None else max(0.0, end - time.monotonic()))
            if piece is None:
                return None
            if not piece:
                self._finish()
        return self._code

    def _finish(self) -> None:
        self._process.wait()
        os.close(self._messages)
        told = [json.loads(line) for line in self._text.splitlines()]
        self._code = next((message["exit"] for message in told if "exit" in message), KILLED)

    def stop(self, grace: float = 0.0) -> None:
        """See `Running.stop`."""
        for number, seconds in ((signal.SIGTERM, grace), (signal.SIGUSR1, 5.0), (signal.SIGKILL, 5.0)):
            if self._code is None and seconds > 0:
                if self._process.poll() is None:
                    self._process.send_signal(number)
                self.wait(seconds)


def choose_runner(folder: Path) -> Runner:
    """The strongest isolation that works here; tried out in `folder`, which is created.

    Raises:
        BackendError: there is none.
    """
    if not sys.platform.startswith("linux"):
        raise BackendError("Making a private /opt/ml", f"{sys.platform} has no mount namespaces", "run on Linux")
    if folder.resolve().is_relative_to("/opt/ml"):
        raise BackendError("Making a private /opt/ml", f"{folder} lies in /opt/ml, which it would hide", "work in another folder")
    (folder / "ml").mkdir(parents=True, exist_ok=True)
    reasons = []
    for user, pid in [(False, True), (False, False)] * (os.geteuid() == 0) + [(True, True), (True, False)]:
        runner = NamespaceRunner(user, pid)
        try:
            runner.start(Command((), folder / "ml", {}, "/", folder / "log.txt")).wait(START_SECONDS)
        except BackendError as error:
            reasons.append(error.why)
            continue
        return runner
    raise BackendError(
        "Making a private /opt/ml", "; ".join(dict.fromkeys(reasons)), "run as root, or allow user namespaces on this machine"
    )
