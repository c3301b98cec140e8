"""The process that a detached command lives under: it starts the command by a runner, and ends it when it is told to end itself.

Started by `framework.local.detached`, and outlives the tool. In: on standard input a line with a pickled runner and command, later
"keep"; the end of the input before that means that nobody wants the command any more. As its only argument the number of a file
descriptor for messages: {"started": true, …} with its identity, or {"exec": why} or {"setup": why}, and {"exit": code} for a
command that ends before it is to be kept. SIGTERM ends everything.
"""

from __future__ import annotations

import base64
import contextlib
import json
import os
import pickle
import select
import signal
import sys
from types import FrameType

from framework.errors import BackendError
from framework.local.isolation import Command, Runner, Running, StartError
from framework.local.processes import identity

KEEP = b"keep\n"
GRACE_SECONDS = 5.0
"""How long a server may take to end by itself."""
POLL_SECONDS = 0.1


class _EndedError(Exception):
    """SIGTERM has come."""


def _end(number: int, frame: FrameType | None) -> None:
    raise _EndedError


def tell(messages: int, **message: object) -> None:
    """Sends one message to who started this, as long as he listens."""
    with contextlib.suppress(OSError):
        os.write(messages, (json.dumps(message) + "\n").encode())


def read_line() -> bytes:
    """The first line of the standard input, not a byte more; b"" when there is none."""
    text = b""
    while not text.endswith(b"\n"):
        piece = os.read(0, 65536)
        if not piece:
            return b""
        text += piece
    return text


def attend(running: Running) -> int | None:
    """Waits until the command ends, or is not wanted any more; its exit code in the first case."""
    while (code := running.wait(POLL_SECONDS)) is None:
        if not select.select([0], [], [], 0)[0]:
            continue
        if os.read(0, len(KEEP)) != KEEP:
            return None
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        return running.wait(None)
    return code


def keep(runner: Runner, command: Command, messages: int) -> int | None:
    """Starts a command and stays until it has ended; its exit code where it ended by itself."""
    running = runner.start(command)
    code = None
    try:
        tell(messages, started=True, **identity(os.getpid()))
        with contextlib.suppress(_EndedError):
            code = attend(running)
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)  # it is being done
        running.stop(GRACE_SECONDS)
    return code


def main() -> int:
    """Becomes nobody's child, then keeps the command."""
    messages = int(sys.argv[1])
    os.set_inheritable(messages, False)
    line = read_line()
    if not line:
        return 1
    # from the process that started this one, over a pipe that no other can write to
    runner, command = pickle.loads(base64.b64decode(line))  # noqa: S301
    if os.fork():
        os._exit(0)
    for number in (signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, _end)
    try:
        code = keep(runner, command, messages)
    except StartError as error:
        tell(messages, exec=str(error))
        return 1
    except BackendError as error:
        tell(messages, setup=error.why, cure=error.cure)
        return 1
    except _EndedError:
        return 1
    tell(messages, exit=code)
    return 0
