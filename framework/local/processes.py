"""Processes that outlive the tool: telling them apart from others that got their number later, and ending them.

In: numbers of processes. Out: identities, which are JSON and can be kept in a file.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from framework.errors import BackendError

POLL_SECONDS = 0.05
KILL_SECONDS = 5.0
BOOT = Path("/proc/sys/kernel/random/boot_id")


def identity(pid: int) -> dict[str, Any]:
    """What a process is known by: its number, when it started in the kernel's ticks, and since which start of the machine."""
    return {"pid": pid, "start": _state(pid)[1], "boot": _boot()}


def alive(known: Mapping[str, Any]) -> bool:
    """Whether the very process still runs; one that has ended and was not reaped does not."""
    pid = _pid(known)
    if pid <= 0 or _boot() != known.get("boot"):
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:  # it is somebody else's
        pass
    state, start = _state(pid)
    return state not in ("Z", "X") and start == known.get("start")


def end(known: Mapping[str, Any], patience: float) -> None:
    """Ends a process: asked first, killed when it has not ended after `patience` seconds. Nothing happens to another one.

    Raises:
        BackendError: it belongs to somebody else, or does not end.
    """
    what = f"Stopping process {known.get('pid')}"
    try:
        with _handle(_pid(known)) as handle:
            if not alive(known):
                return
            for number, seconds in ((signal.SIGTERM, patience), (signal.SIGKILL, KILL_SECONDS)):
                handle.send(number)
                if handle.wait(seconds, known):
                    return
    except ProcessLookupError:
        return
    except PermissionError as error:
        raise BackendError(what, "it belongs to another user", "stop it as the user who started it") from error
    raise BackendError(what, "it was killed and has not ended")


class _Handle:
    """A process, by a descriptor that no later process can get where the kernel has such; else by its number."""

    def __init__(self, pid: int, descriptor: int) -> None:
        self._pid, self._descriptor = pid, descriptor

    def send(self, number: signal.Signals) -> None:
        if self._descriptor >= 0:
            signal.pidfd_send_signal(self._descriptor, number)
        else:
            os.kill(self._pid, number)

    def wait(self, seconds: float, known: Mapping[str, Any]) -> bool:
        """Whether it has ended within so many seconds."""
        if self._descriptor >= 0:
            return bool(select.select([self._descriptor], [], [], seconds)[0])
        limit = time.monotonic() + seconds
        while alive(known):
            if time.monotonic() > limit:
                return False
            time.sleep(POLL_SECONDS)
        return True


@contextlib.contextmanager
def _handle(pid: int) -> Iterator[_Handle]:
    descriptor = -1
    if hasattr(os, "pidfd_open") and pid > 0:
        try:
            descriptor = os.pidfd_open(pid)
        except ProcessLookupError:
            raise
        except OSError:  # an old kernel, or one that forbids it
            descriptor = -1
    try:
        yield _Handle(pid, descriptor)
    finally:
        if descriptor >= 0:
            os.close(descriptor)


def _pid(known: Mapping[str, Any]) -> int:
    try:
        return int(known["pid"])
    except (ValueError, KeyError, TypeError):
        return -1


def _state(pid: int) -> tuple[str, str]:
    """The state of a process as a letter, and when it started; two times "" where that cannot be told."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
        return fields[0], fields[19]
    except (OSError, IndexError):
        return "", ""


def _boot() -> str:
    try:
        return BOOT.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError):
        return ""
