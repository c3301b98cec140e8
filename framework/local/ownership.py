"""Whose a run is: one process at a time carries it on, and who that is can be told even after it was killed.

runs/<id>/owner.json holds the process's number and when it started (in the kernel's ticks, so that another process that got the
same number later is not taken for it); a lock on that file, which the kernel drops with the process, keeps a second one away.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from types import TracebackType

from framework.errors import BackendError
from framework.local.files import disk

try:
    import fcntl
except ImportError:  # not on this system: the numbers alone must do
    fcntl = None  # type: ignore[assignment]

OWNER = "owner.json"


def start_ticks(pid: int) -> str:
    """When a process started; "" where that cannot be told or there is no such process."""
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()[19]
    except (OSError, IndexError):
        return ""


def owned(run: Path) -> bool:
    """Whether the process that runs an execution still lives."""
    try:
        owner = json.loads((run / OWNER).read_bytes())
        pid, ticks = int(owner["pid"]), str(owner["start"])
    except (OSError, ValueError, KeyError, TypeError):
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        pass
    return start_ticks(pid) == ticks


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
        held = self._lock()
        if held is False or (held is None and owned(run)):
            os.close(self._file)
            raise BackendError(f"Running {run.name}", "another process is running it", "wait until it has ended, or stop it")
        content = json.dumps({"pid": os.getpid(), "start": start_ticks(os.getpid())}).encode()
        with disk(f"Locking {run}"):
            os.ftruncate(self._file, 0)
            os.pwrite(self._file, content, 0)

    def _lock(self) -> bool | None:
        """Whether the lock is ours; None where there are no locks."""
        if fcntl is None:
            return None
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        except OSError:
            return None
        return True

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
