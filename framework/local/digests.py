"""What is in files, as digests that are cheap to ask for again: a file of the same size and time is not read twice.

In: URIs and a store. Out: SHA-256 digests. Digests of large files are kept in a folder of the cache.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from pathlib import Path

from framework.errors import BackendError
from framework.local.files import write_atomically
from framework.local.store import LocalStore

LARGE = 256 * 1024
PIECE = 1024 * 1024
MISSING = "missing"


class Digests:
    """Digests of the objects of a store.

    Args:
        store: the store.
        folder: where digests are kept.
    """

    def __init__(self, store: LocalStore, folder: Path) -> None:
        self._store, self._folder = store, folder

    def of_uri(self, uri: str) -> str:
        """The digest of everything that a URI means, names included; "missing" when that is nothing."""
        digest = hashlib.sha256()
        try:
            for name, path in self._store.find(uri):
                digest.update(f"{name}\0{self.of_file(path)}\n".encode(errors="surrogateescape"))
        except (BackendError, OSError):
            return MISSING
        return digest.hexdigest()

    def of_file(self, path: Path) -> str:
        """The digest of a file's content."""
        status = path.stat()
        if status.st_size < LARGE:
            return hashlib.sha256(path.read_bytes()).hexdigest()
        kept = self._folder / hashlib.sha256(os.fsencode(path.resolve())).hexdigest()
        # a change within the clock's grain would not show in the time: the change time tells of a young file
        stamp = [status.st_size, status.st_mtime_ns, status.st_ctime_ns]
        with contextlib.suppress(OSError, ValueError, LookupError, TypeError):
            known = json.loads(kept.read_bytes())
            if known["stamp"] == stamp:
                return str(known["sha256"])
        found = _read(path)
        with contextlib.suppress(OSError):  # a full disk only makes it slower
            write_atomically(kept, json.dumps({"stamp": stamp, "sha256": found}).encode())
        return found


def _read(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while piece := file.read(PIECE):
            digest.update(piece)
    return digest.hexdigest()
