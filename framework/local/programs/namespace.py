"""Runs one command with a private /opt/ml, and lets nothing it started outlive it. Started by `framework.local.runners`.

In: on standard input a line of JSON {"words", "ml", "environment", "folder", "user", "pid", "input", "terminal"}, later
lines "term …", which asks the job to end, and "kill", which kills everything, as the end of the input does; as its only argument
the number of a file descriptor for messages. Out: one JSON object per line on that descriptor: {"started": true} or
{"setup": why} or {"exec": why}, then {"exit": code}. The descriptor is closed when everything is over. `input` is the number of the
descriptor that the job reads, null for none; with `terminal` that is a terminal, and becomes the job's own.

Three processes: the outer one enters new namespaces, the inner one (process 1 where there is a PID namespace) mounts and waits,
the job is its child.
"""

# Importing pathlib would take longer than all of this.
# ruff: noqa: PTH102, PTH112, PTH114, PTH115, PTH123, PTH208, PTH211

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import json
import os
import select
import signal
import sys
import termios
from typing import Any, NoReturn

CLONE_NEWNS, CLONE_NEWUSER, CLONE_NEWPID = 0x00020000, 0x10000000, 0x20000000
MS_NOSUID, MS_NODEV, MS_NOEXEC, MS_BIND, MS_REC, MS_PRIVATE = 2, 4, 8, 4096, 16384, 1 << 18
PR_SET_PDEATHSIG = 1
AWAITED = {signal.SIGTERM, signal.SIGUSR1, signal.SIGCHLD}
LIBC = ctypes.CDLL(None, use_errno=True)


def checked(result: int, what: str) -> None:
    """Raises what errno says when a C function failed."""
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")


def mount(source: str, target: str, kind: str = "", flags: int = 0, options: str = "") -> None:
    """mount(2)."""
    arguments = (source.encode(), target.encode(), kind.encode() or None, ctypes.c_ulong(flags), options.encode() or None)
    checked(LIBC.mount(*arguments), f"mounting {source} on {target}")


def die_with_parent() -> None:
    """The kernel kills this process when its parent dies."""
    nothing = ctypes.c_ulong(0)
    LIBC.prctl(PR_SET_PDEATHSIG, ctypes.c_ulong(signal.SIGKILL), nothing, nothing, nothing)


def enter(spec: dict[str, Any]) -> None:
    """Enters the namespaces: mounts, and users and processes where asked for."""
    user, group = os.getuid(), os.getgid()
    flags = CLONE_NEWNS | (CLONE_NEWUSER if spec["user"] else 0) | (CLONE_NEWPID if spec["pid"] else 0)
    checked(LIBC.unshare(flags), "entering new namespaces")
    if spec["user"]:
        # The user stays himself: as root, tar would give files away to users that do not exist in here.
        for name, line in (("setgroups", "deny"), ("uid_map", f"{user} {user} 1"), ("gid_map", f"{group} {group} 1")):
            with open(f"/proc/self/{name}", "w", encoding="ascii") as file:
                file.write(line)


def private_opt() -> None:
    """Puts a private folder over /opt that shows everything that is there, and an empty `ml`."""
    os.chdir("/opt")  # keeps the covered folder within reach
    names = sorted(os.listdir("."))
    mount("tmpfs", "/opt", "tmpfs", options="mode=755")
    for name in names:
        target = f"/opt/{name}"
        if os.path.islink(name):
            os.symlink(os.readlink(name), target)
            continue
        if os.path.isdir(name):
            os.mkdir(target)
        else:
            os.close(os.open(target, os.O_CREAT | os.O_WRONLY))
        mount(f"./{name}", target, flags=MS_BIND | MS_REC)
    os.mkdir("/opt/ml")
    os.chdir("/")


def arrange(spec: dict[str, Any]) -> None:
    """Makes the mounts of this namespace: /opt/ml and /proc."""
    mount("none", "/", flags=MS_REC | MS_PRIVATE)
    if not os.path.isdir("/opt"):
        raise FileNotFoundError(2, "this machine has no folder /opt")
    if not os.path.isdir("/opt/ml"):
        private_opt()
    mount(spec["ml"], "/opt/ml", flags=MS_BIND)
    if spec["pid"]:
        with contextlib.suppress(OSError):  # some containers forbid it; then /proc shows the numbers of outside
            mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC)


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


def become(spec: dict[str, Any], failure: int) -> NoReturn:
    """Turns this process into the command; writes why to `failure` where that is impossible."""
    try:
        die_with_parent()
        take_streams(spec)
        for number in (signal.SIGPIPE, signal.SIGXFSZ):  # Python ignores them
            signal.signal(number, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_SETMASK, ())
        os.chdir(spec["folder"])
        os.execvpe(spec["words"][0], spec["words"], spec["environment"])  # noqa: S606
    except OSError as error:
        os.write(failure, (error.strerror or str(error)).encode())
    finally:
        os._exit(127)


def watch(job: int) -> None:
    """Waits until the job has ended, which it does not reap; meanwhile reaps orphans and passes signals on to the job's group."""
    while True:
        number = signal.sigwait(AWAITED)
        if number != signal.SIGCHLD:
            signal_group(job, signal.SIGTERM if number == signal.SIGTERM else signal.SIGKILL)
        while ended := os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOWAIT | os.WNOHANG):
            if ended.si_pid == job:
                return
            os.waitpid(ended.si_pid, 0)


def signal_group(job: int, number: int) -> None:
    """Signals the job and what it started, as far as they still stand together."""
    with contextlib.suppress(OSError):
        os.killpg(job, number)


def inner(spec: dict[str, Any], messages: int) -> None:
    """Mounts, starts the job and waits for it."""
    die_with_parent()
    try:
        arrange(spec)
    except OSError as error:
        tell(messages, setup=error.strerror or str(error))
        return
    if not spec["words"]:
        tell(messages, started=True)
        return
    reading, writing = os.pipe()
    job = os.fork()
    if job == 0:
        become(spec, writing)
    os.close(writing)
    why = os.read(reading, 1000)  # ends at once when the job has become the command
    tell(messages, **({"exec": why.decode(errors="replace")} if why else {"started": True}))
    watch(job)
    if not spec["pid"]:
        signal_group(job, signal.SIGKILL)  # the job is not reaped yet: its number cannot have been given to another
    code = os.waitstatus_to_exitcode(os.waitpid(job, 0)[1])
    tell(messages, exit=code if code >= 0 else 128 - code)


def outer(child: int, alive: int, pid_namespace: bool) -> None:
    """Waits for the inner process, which holds the other end of `alive`; passes on what it is told."""
    watched = [0, alive]
    while True:
        ready = select.select(watched, [], [])[0]
        if alive in ready:
            os.waitpid(child, 0)
            return
        text = os.read(0, 4096)
        if not text:  # the tool has ended
            watched = [alive]
        if text.startswith(b"term") and b"kill" not in text:
            os.kill(child, signal.SIGTERM)
        else:
            # the kernel ends everything in a PID namespace with its process 1
            os.kill(child, signal.SIGKILL if pid_namespace else signal.SIGUSR1)


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
    """Sends one message to the engine."""
    os.write(messages, (json.dumps(message) + "\n").encode())


def main() -> int:
    """The outer process."""
    messages = int(sys.argv[1])
    os.set_inheritable(messages, False)
    spec = json.loads(read_line())
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, AWAITED)  # from here on they are waited for, so that none is missed
    try:
        enter(spec)
    except OSError as error:
        tell(messages, setup=error.strerror or str(error))
        return 1
    reading, alive = os.pipe()
    child = os.fork()
    if child == 0:
        inner(spec, messages)
        os._exit(0)
    os.close(alive)
    outer(child, reading, spec["pid"])
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
