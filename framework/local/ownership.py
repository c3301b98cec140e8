"""Whose a run is: one process at a time carries it on, and who that is can be told even after it was killed.

runs/<id>/owner.json holds the identity of the process; a lock on that file, which the kernel drops with the process, keeps a second
one away.
"""

from __future__ import annotations

import os
from pathlib import Path
from types import TracebackType

from framework.errors import BackendError
from framework.local.files import disk, json_bytes, read_json
from framework.local.processes import alive, identity

try:
    import fcntl
except ImportError:  # not on this system: the numbers alone must do
    fcntl = None  # type: ignore[assignment]

OWNER = "owner.json"


def try_lock(number: int) -> bool | None:
    """Takes the lock of an open file; False where another process has it, None where there are no locks."""
    if fcntl is None:
        return None
    try:
        fcntl.flock(number, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:  # a file system without them
        return None
    return True


def owned(run: Path) -> bool:
    """Whether the process that runs an execution still lives."""
    try:
        owner = read_json(run / OWNER)
    except (OSError, ValueError):
        return False
    return isinstance(owner, dict) and alive(owner)


class Ownership:
    """Holds a run for this process.

    Args:
        run: its folder.

    Raises:
        BackendError: another process has it.
    """

    def __init__(self, run: Path) -> None:
        self._path = run / OWNER
        with disk(f"Locking {run}"):
            run.mkdir(parents=True, exist_ok=True)
            self._file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        held = try_lock(self._file)
        if held is False or (held is None and owned(run)):
            os.close(self._file)
            raise BackendError(f"Running {run.name}", "another process is running it", "wait until it has ended, or stop it")
        content = json_bytes(identity(os.getpid()))
        with disk(f"Locking {run}"):
            os.ftruncate(self._file, 0)
            os.pwrite(self._file, content, 0)

    def release(self) -> None:
        """Lets the run go."""
        try:
            os.ftruncate(self._file, 0)
        except OSError:  # a full disk must not hide what the run came to
            pass
        finally:
            os.close(self._file)

    def __enter__(self) -> Ownership:
        return self

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None) -> None:
        self.release()
