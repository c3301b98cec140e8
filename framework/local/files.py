"""Files: written whole or not at all, found in a stable order, and never outside of the folder they belong to.

Paths and contents in, paths and contents out. What the disk refuses is a `BackendError`.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from framework.errors import BackendError

TEMPORARY = ".smp-tmp-"


@contextlib.contextmanager
def disk(what: str) -> Iterator[None]:
    """Turns what the disk refuses inside of it into a `BackendError` that names `what`."""
    try:
        yield
    except OSError as error:
        raise BackendError(what, f"{error.strerror or error}" + (f": {error.filename}" if error.filename else "")) from error


@contextlib.contextmanager
def temporary_beside(target: Path) -> Iterator[Path]:
    """A new file beside `target`, gone afterwards unless it was moved; the folder is created."""
    target.parent.mkdir(parents=True, exist_ok=True)
    number, name = tempfile.mkstemp(prefix=TEMPORARY, dir=target.parent)
    os.close(number)
    path = Path(name)
    path.chmod(0o644)
    try:
        yield path
    finally:
        path.unlink(missing_ok=True)


def flush(path: Path) -> None:
    """Waits until the content of the file is on the disk."""
    number = os.open(path, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)


def write_atomically(target: Path, content: bytes) -> None:
    """Writes a file that is either the old one or the new one, whatever happens meanwhile."""
    with temporary_beside(target) as path:
        path.write_bytes(content)
        flush(path)
        path.replace(target)


def create_atomically(target: Path, content: bytes) -> bool:
    """Creates a file with its content in one step; False when there is one already."""
    with temporary_beside(target) as path:
        path.write_bytes(content)
        flush(path)
        try:
            os.link(path, target)
        except FileExistsError:
            return False
        except OSError:  # a file system without hard links: exclusive, though not whole at once
            return _create_exclusively(target, content)
    return True


def _create_exclusively(target: Path, content: bytes) -> bool:
    try:
        with target.open("xb") as file:
            file.write(content)
    except FileExistsError:
        return False
    return True


def copy_atomically(source: Path, target: Path) -> None:
    """Copies a file's content; the target is either absent, the old one or whole."""
    with temporary_beside(target) as path:
        shutil.copyfile(source, path)
        path.replace(target)


def write_json(target: Path, value: Any) -> None:
    """Writes a value as indented JSON, atomically."""
    write_atomically(target, (json.dumps(value, indent=1, ensure_ascii=False) + "\n").encode())


def read_json(source: Path) -> Any:
    """Reads a JSON file."""
    return json.loads(source.read_bytes())


def child(root: Path, relative: str) -> Path:
    """The path of `relative`, a "/"-separated name, below `root`.

    Raises:
        BackendError: it would lie outside of the root, or is not a plain name.
    """
    refuse = BackendError(
        f"Finding {relative!r} below {root}", "a name must not have empty parts, '.' or '..', and must not lead out"
    )
    if "\0" in relative or any(part in ("", ".", "..") for part in relative.split("/")):
        raise refuse
    path = root / relative
    if not _real(path, strict=False).is_relative_to(_real(root, strict=False)):
        raise refuse
    return path


def walk(folder: Path, fence: Path | None = None, start: str = "") -> list[tuple[str, Path]]:
    """Every file below a folder whose relative name begins with `start`: relative names with "/", and paths; sorted.

    Symbolic links are followed as far as they stay inside of `fence` (default: the folder).

    Raises:
        BackendError: a link leads out of the fence, or to nothing.
    """
    real = _real(folder)
    return sorted(_walk(real, "", _real(fence or folder), (real,), start))


def _walk(folder: Path, prefix: str, fence: Path, above: tuple[Path, ...], start: str = "") -> Iterator[tuple[str, Path]]:
    for entry in list(os.scandir(folder)):
        if entry.name.startswith(TEMPORARY) or not entry.name.startswith(start):
            continue
        path = follow(Path(entry.path), fence) if entry.is_symlink() else Path(entry.path)
        if path.is_file():
            yield prefix + entry.name, path
        elif path.is_dir() and path not in above:
            yield from _walk(path, f"{prefix}{entry.name}/", fence, (*above, path))


def follow(link: Path, fence: Path) -> Path:
    """What a symbolic link leads to.

    Raises:
        BackendError: that is outside of the fence, or nothing.
    """
    target = _real(link)
    if not target.is_relative_to(fence):
        raise BackendError(f"Reading {link}", f"the symbolic link leads to {target}, outside of {fence}", "put a file there")
    return target


def _real(path: Path, strict: bool = True) -> Path:
    try:
        return path.resolve(strict=strict)
    except (OSError, RuntimeError) as error:
        raise BackendError(f"Reading {path}", "it is a symbolic link to nothing, or in a circle", "put a file there") from error
