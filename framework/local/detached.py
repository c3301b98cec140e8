"""Commands that go on when the tool has ended: each under a process of its own, `framework.local.keeper`.

In: a runner. Out: a runner whose processes die with this one until they are kept, and from then on when their keeper is ended.
"""

from __future__ import annotations

import base64
import contextlib
import json
import os
import pickle
import select
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from framework.errors import BackendError
from framework.local.isolation import Command, Runner, StartError, traits
from framework.local.processes import end
from framework.local.runners.containers import CLIENT, CLIENT_PREFIXES

WHAT = "Starting a process that goes on"
ROOT = Path(__file__).resolve().parents[2]
BOOT = "import sys; sys.path.insert(0, sys.argv.pop(1)); from framework.local.keeper import main; sys.exit(main())"
START_SECONDS = 70.0
PATIENCE_SECONDS = 25.0
"""How long a keeper may take to end what it keeps before it is killed, and the kernel ends the rest with it."""


class DetachedRunner:
    """Starts commands as another runner does, under keepers.

    Args:
        runner: the other one. What it wraps only to stop it with the run is taken off.
    """

    def __init__(self, runner: Runner) -> None:
        self.runner = _bare(runner)

    def start(self, command: Command) -> DetachedRunning:
        """See `Runner.start`."""
        try:
            told = base64.b64encode(pickle.dumps((self.runner, command)))
        except (pickle.PicklingError, TypeError, AttributeError) as error:
            raise BackendError(WHAT, f"{type(self.runner).__name__} cannot be handed to another process: {error}") from error
        command.log.parent.mkdir(parents=True, exist_ok=True)
        reading, writing = os.pipe()
        try:
            process = _popen(command.log, writing, _environment(self.runner))
        except BaseException:
            os.close(reading)
            raise
        finally:
            os.close(writing)
        return DetachedRunning(process, reading).begin(told)


def _bare(runner: Any) -> Runner:
    """The innermost runner: those around it belong to this process's run."""
    while (inner := vars(runner).get("runner", vars(runner).get("_inner"))) is not None:
        runner = inner
    return runner  # type: ignore[no-any-return]


def _environment(runner: Runner) -> dict[str, str]:
    """What a keeper sees of the caller's variables: nothing but what the client of a container engine needs."""
    if not traits(runner).runs_images:
        return {}
    return {name: value for name, value in os.environ.items() if name in CLIENT or name.startswith(CLIENT_PREFIXES)}


def _popen(log: Path, messages: int, environment: Mapping[str, str]) -> subprocess.Popen[bytes]:
    with log.open("ab") as output:
        return subprocess.Popen(
            [sys.executable, "-I", "-c", BOOT, str(ROOT), str(messages)],
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=output,
            env=environment,
            cwd="/",
            bufsize=0,
            pass_fds=(messages,),
            start_new_session=True,
        )


class DetachedRunning:
    """A command under a keeper; see `Running`.

    Attributes:
        known: the keeper's identity.
    """

    def __init__(self, process: subprocess.Popen[bytes], messages: int) -> None:
        self._process, self._messages = process, messages
        self._text = b""
        self._code: int | None = None
        self._over = False
        self.known: dict[str, Any] = {}

    def begin(self, told: bytes) -> DetachedRunning:
        """Hands the command over, and waits until it runs.

        Raises:
            StartError, BackendError: as `Runner.start` says.
        """
        try:
            with contextlib.suppress(BrokenPipeError):
                self._say(told + b"\n")
            answer = self._message(time.monotonic() + START_SECONDS) or {}
        except BaseException:
            self.stop()
            raise
        if answer.pop("started", False):
            self.known = answer
            return self
        self.stop()
        if "exec" in answer:
            raise StartError(answer["exec"])
        raise BackendError(WHAT, answer.get("setup", "its keeper ended without a word"), answer.get("cure", ""))

    def _say(self, text: bytes) -> None:
        while text and self._process.stdin:
            text = text[self._process.stdin.write(text) or 0 :]

    def _message(self, limit: float) -> dict[str, Any] | None:
        """What the keeper says next; None when it says nothing in time, or has ended."""
        while b"\n" not in self._text:
            if not select.select([self._messages], [], [], max(0.0, limit - time.monotonic()))[0]:
                return None
            piece = os.read(self._messages, 4096)
            if not piece:
                self._over = True
                return None
            self._text += piece
        line, _, self._text = self._text.partition(b"\n")
        return dict(json.loads(line))

    def wait(self, timeout: float | None = None) -> int | None:
        """See `Running.wait`; not for a command that is kept."""
        limit = time.monotonic() + (timeout if timeout is not None else 86400.0 * 365)
        while self._code is None and not self._over:
            message = self._message(limit)
            if message is None and not self._over:
                return None
            code = (message or {}).get("exit")
            self._code = code if isinstance(code, int) else None
        return self._code if self._code is not None else 137

    def keep(self) -> None:
        """From now on the command goes on when this process ends.

        Raises:
            BackendError: it has ended already.
        """
        try:
            self._say(b"keep\n")
        except OSError as error:
            raise BackendError(WHAT, "it has ended") from error
        self._close()

    def stop(self, grace: float = 0.0) -> None:
        """See `Running.stop`; not for a command that is kept."""
        if self._process.stdin and not self._process.stdin.closed:
            with contextlib.suppress(OSError):
                self._process.stdin.close()
            limit = time.monotonic() + PATIENCE_SECONDS
            while not self._over and (time.monotonic() < limit):
                self._message(limit)
            if self.known:
                end(self.known, 0.0)
        self._close()

    def _close(self) -> None:
        if self._process.stdin and not self._process.stdin.closed:
            self._process.stdin.close()
        if self._messages >= 0:
            os.close(self._messages)
            self._messages = -1
        self._process.wait()
