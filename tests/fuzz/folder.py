"""One folder for every case: the scripts are always there, a case's files only while it runs."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

MEMORY = Path("/dev/shm")


class Folder:
    """A project's root.

    Args:
        root: the folder; made anew.
        always: the files that are there whatever the case.
    """

    def __init__(self, root: Path, always: Mapping[str, bytes]) -> None:
        self.root, self.always = root, always
        for name, content in always.items():
            self._write(name, content)

    @contextlib.contextmanager
    def holding(self, files: Mapping[str, bytes]) -> Iterator[Path]:
        """The root with these files in it; afterwards it is as it was."""
        made: list[Path] = []
        try:
            for name, content in files.items():
                made += self._write(name, content)
            yield self.root
        finally:
            for name in files:
                self._path(name).unlink(missing_ok=True)
            for folder in reversed(made):
                shutil.rmtree(folder, ignore_errors=True)
            for name in files.keys() & self.always.keys():
                self._write(name, self.always[name])

    def _path(self, name: str) -> Path:
        """Where a file lies: its name is UTF-8 on the disk, whatever the locale."""
        return self.root / os.fsdecode(name.encode("utf-8", "surrogateescape"))

    def _write(self, name: str, content: bytes) -> list[Path]:
        """The folders that had to be made."""
        path = self._path(name)
        missing = [folder for folder in reversed(path.parents) if not folder.is_dir()]
        for folder in missing:
            folder.mkdir()
        path.write_bytes(content)
        return missing


@contextlib.contextmanager
def temporary(always: Mapping[str, bytes], name: str = "a") -> Iterator[Folder]:
    """A folder in memory where there is such a thing, far enough below anything else that `..` leads to nothing."""
    with tempfile.TemporaryDirectory(prefix="smp-fuzz-", dir=MEMORY if MEMORY.is_dir() else None) as above:
        yield Folder(Path(above).resolve() / name / "root", always)
