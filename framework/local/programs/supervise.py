"""Runs one command and lets as little as possible of what it started outlive it. Started by `framework.local.runners`.

In: on standard input a line of JSON {"words", "environment", "folder", "linux", "control", "remove", "input", "terminal"},
later lines "term SECONDS", which asks the job to end, and "kill", which kills everything, as the end of the input does; as its
only argument the number of a file descriptor for messages. Out: one JSON object per line on that descriptor: {"started": true} or
{"exec": why}, then {"exit": code}. The descriptor is closed when everything is over.

The job is a process group. On Linux this process adopts what leaves the group and loses its parent, and kills that too.
`control` is set for the client of a container engine, which no signal needs to reach: {"term": words, "kill": words} are the
commands that end its container, "SECONDS" standing for the seconds. `remove` names files to be removed at the end. `input` is the
number of the descriptor that the job reads, null for none; with `terminal` that is a terminal, and becomes the job's own.
"""

# Importing pathlib would take longer than all of this.
# ruff: noqa: PTH108, PTH123, PTH208

from __future__ import annotations

import contextlib
import fcntl
import json
import math
import os
import select
import signal
import sys
import termios
import time
from typing import Any, NoReturn

PR_SET_PDEATHSIG, PR_SET_CHILD_SUBREAPER = 1, 36
SWEEP_SECONDS = 10.0
CONTROL_SECONDS = 20.0


def prctl(option: int, value: int) -> None:
    """prctl(2), where there is one."""
    with contextlib.suppress(ImportError, OSError, AttributeError):
        import ctypes

        zero = ctypes.c_ulong(0)
        ctypes.CDLL(None).prctl(option, ctypes.c_ulong(value), zero, zero, zero)


def take_streams(spec: dict[str, Any]) -> None:
    """Makes the input that was handed over this process's own, a terminal its controlling one; without one, there is none."""
    given: int | None = spec.get("input")
    if given is not None and spec.get("terminal"):
        os.setsid()
        fcntl.ioctl(given, termios.TIOCSCTTY, 0)
    else:
        os.setpgid(0, 0)
    os.dup2(os.open(os.devnull, os.O_RDWR) if given is None else given, 0)
    if given is not None:
        os.close(given)


def become(spec: dict[str, Any], failure: int, silent: bool = False) -> NoReturn:
    """Turns this process into the command; writes why to `failure` where that is impossible."""
    try:
        if spec["linux"]:
            prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        take_streams(spec)
        for number in (signal.SIGPIPE, signal.SIGXFSZ, signal.SIGCHLD, signal.SIGTERM):
            signal.signal(number, signal.SIG_DFL)
        for descriptor in (1, 2) if silent else ():
            os.dup2(0, descriptor)
        os.chdir(spec["folder"])
        os.execvpe(spec["words"][0], spec["words"], spec["environment"])  # noqa: S606
    except OSError as error:
        os.write(failure, (error.strerror or str(error)).encode())
    finally:
        os._exit(127)


class Job:
    """The command's process, and what it started."""

    def __init__(self, spec: dict[str, Any], pid: int) -> None:
        self.spec, self.pid = spec, pid
        self.status: int | None = None

    def reap(self) -> bool:
        """Takes note of every child that has ended; whether the job is among them."""
        with contextlib.suppress(ChildProcessError):
            while self.status is None:
                pid, status = os.waitpid(-1 if self.spec["linux"] else self.pid, os.WNOHANG)
                if pid == 0:
                    break
                if pid == self.pid:
                    self.status = status
        return self.status is not None

    def signal(self, number: int) -> None:
        """Signals the job and what it started, as far as they still stand together."""
        with contextlib.suppress(OSError):
            os.killpg(self.pid, number)

    def end(self, order: str, seconds: str = "0") -> None:
        """Asks the job to end ("term"), or makes it ("kill")."""
        control = self.spec.get("control")
        if not control:
            self.signal(signal.SIGTERM if order == "term" else signal.SIGKILL)
            return
        words = [seconds if word == "SECONDS" else word for word in control[order]]
        pid = os.fork()
        if pid == 0:
            become({**self.spec, "words": words, "input": None, "terminal": False}, os.open(os.devnull, os.O_WRONLY), silent=True)
        if order == "kill":
            wait(pid, CONTROL_SECONDS)
            self.signal(signal.SIGKILL)

    def sweep(self) -> None:
        """Kills what is left."""
        if not self.spec["linux"]:
            self.signal(signal.SIGKILL)
        end = time.monotonic() + SWEEP_SECONDS
        while self.spec["linux"] and time.monotonic() < end:
            for pid in descendants(os.getpid()):
                with contextlib.suppress(OSError):
                    os.kill(pid, signal.SIGKILL)
            try:
                while os.waitpid(-1, os.WNOHANG)[0]:
                    pass
            except ChildProcessError:
                return
            time.sleep(0.005)


def wait(pid: int, seconds: float) -> None:
    """Waits for a child, and kills it when that takes too long."""
    end = time.monotonic() + seconds
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(pid, os.WNOHANG)[0] == 0:
            if time.monotonic() > end:
                os.kill(pid, signal.SIGKILL)
            time.sleep(0.02)


def descendants(root: int) -> list[int]:
    """The processes below another one, as far as /proc tells."""
    children: dict[int, list[int]] = {}
    for name in os.listdir("/proc"):
        if name.isdigit():
            with contextlib.suppress(OSError, ValueError, IndexError), open(f"/proc/{name}/stat", "rb") as file:
                parent = int(file.read().rpartition(b")")[2].split()[1])
                children.setdefault(parent, []).append(int(name))
    found = list(children.get(root, ()))
    for pid in found:
        found += children.get(pid, ())
    return found


def watch(job: Job, woken: int) -> None:
    """Waits until the job has ended; meanwhile does what it is told."""
    watched = [0, woken]
    while not job.reap():
        ready = select.select(watched, [], [], 5.0)[0]
        if woken in ready:
            os.read(woken, 4096)
        if 0 not in ready:
            continue
        text = os.read(0, 4096)
        if text.startswith(b"term") and b"kill" not in text:
            job.end("term", str(math.ceil(float(text.split()[1]))))
            continue
        if not text:  # the tool has ended
            watched = [woken]
        job.end("kill")


def read_line() -> bytes:
    """The first line of the standard input; where more follows it, the job is not wanted any more."""
    text = b""
    while b"\n" not in text:
        piece = os.read(0, 65536)
        if not piece:
            os._exit(1)
        text += piece
    if not text.endswith(b"\n"):
        os._exit(1)
    return text.partition(b"\n")[0]


def tell(messages: int, **message: object) -> None:
    """Sends one message to the engine, which may be gone."""
    with contextlib.suppress(OSError):
        os.write(messages, (json.dumps(message) + "\n").encode())


def run(spec: dict[str, Any], messages: int) -> None:
    """Starts the job and waits for it."""
    woken, waking = os.pipe()
    os.set_blocking(waking, False)
    signal.set_wakeup_fd(waking)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    if spec["linux"]:
        prctl(PR_SET_CHILD_SUBREAPER, 1)
    reading, writing = os.pipe()
    job = Job(spec, os.fork())
    if job.pid == 0:
        become(spec, writing)
    os.close(writing)
    why = os.read(reading, 1000)  # ends at once when the job has become the command
    tell(messages, **({"exec": why.decode(errors="replace")} if why else {"started": True}))
    watch(job, woken)
    code = os.waitstatus_to_exitcode(job.status or 0)
    if spec.get("control") and code < 0:
        job.end("kill")  # the client is gone, the container may not be
    job.sweep()
    tell(messages, exit=code if code >= 0 else 128 - code)


def main() -> int:
    """The supervisor."""
    messages = int(sys.argv[1])
    os.set_inheritable(messages, False)
    spec = json.loads(read_line())
    try:
        if spec["words"]:
            run(spec, messages)
        else:
            tell(messages, started=True)
    finally:
        for name in spec.get("remove") or ():
            with contextlib.suppress(OSError):
                os.unlink(name)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
