"""Whether anybody uses what runs share: the packages and caches of the state folder.

<state>/in-use is locked by everyone who runs steps, together, and by whoever takes shared things away, alone. The kernel drops the
locks with the process, however that ends.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from framework.local.files import disk

try:
    import fcntl
except ImportError:  # not on this system: nothing shared is ever taken away
    fcntl = None  # type: ignore[assignment]

FILE = "in-use"


@contextlib.contextmanager
def using(root: Path) -> Iterator[None]:
    """Lets nobody take shared things away; waits for somebody who just does.

    Raises:
        BackendError: the disk refuses.
    """
    with _opened(root) as number:
        if fcntl is not None:
            with contextlib.suppress(OSError):  # a file system without locks
                fcntl.flock(number, fcntl.LOCK_SH)
        yield


@contextlib.contextmanager
def alone(root: Path) -> Iterator[bool]:
    """Whether nobody uses shared things, nor begins to before the end of the `with` statement.

    Raises:
        BackendError: the disk refuses.
    """
    with _opened(root) as number:
        free = fcntl is not None
        try:
            if fcntl is not None:
                fcntl.flock(number, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            free = False
        yield free


@contextlib.contextmanager
def _opened(root: Path) -> Iterator[int]:
    with disk(f"Locking {root}"):
        root.mkdir(parents=True, exist_ok=True)
        number = os.open(root / FILE, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        yield number
    finally:
        os.close(number)
