"""Files: written whole or not at all, found in a stable order, and never outside of the folder they belong to.

Paths and contents in, paths and contents out. What the disk refuses is a `BackendError`.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from framework.errors import BackendError

TEMPORARY = ".smp-tmp-"
NO_ROOM = dict.fromkeys(
    (errno.ENOSPC, errno.EDQUOT, errno.EFBIG), "make room there, then go on from what succeeded: smp run --local --resume RUN"
)
"""What to do where the disk is full, by the number of the error."""


@contextlib.contextmanager
def disk(what: str) -> Iterator[None]:
    """Turns what the disk refuses inside of it into a `BackendError` that names `what`."""
    try:
        yield
    except OSError as error:
        where = f": {printable(os.fsdecode(error.filename))}" if isinstance(error.filename, (str, bytes)) else ""
        raise BackendError(what, f"{error.strerror or error}{where}", NO_ROOM.get(error.errno or 0, "")) from error


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


def json_bytes(value: Any, indent: int | None = 1) -> bytes:
    """A value as JSON and the end of its line; characters that UTF-8 does not have, such as a name of other bytes, are escaped."""
    text = json.dumps(value, indent=indent, ensure_ascii=False) + "\n"
    try:
        return text.encode()
    except UnicodeEncodeError:
        return (json.dumps(value, indent=indent) + "\n").encode()


def printable(name: str) -> str:
    """A file's name as it can be written anywhere, whatever its bytes are."""
    return os.fsencode(name).decode(errors="backslashreplace")


def write_json(target: Path, value: Any) -> None:
    """Writes a value as indented JSON, atomically."""
    write_atomically(target, json_bytes(value))


def read_json(source: Path) -> Any:
    """Reads a JSON file."""
    return json.loads(source.read_bytes())


def remove_tree(folder: Path) -> None:
    """Removes a folder, also where its owner took the rights away from himself; what then still cannot be removed stays."""
    shutil.rmtree(folder, ignore_errors=True)
    if not folder.is_dir():
        return
    with contextlib.suppress(OSError):
        folder.chmod(0o700)
    for place, names, _ in os.walk(folder):
        for name in names:
            if not Path(place, name).is_symlink():
                with contextlib.suppress(OSError):
                    Path(place, name).chmod(0o700)
    shutil.rmtree(folder, ignore_errors=True)


def child(root: Path, relative: str) -> Path:
    """The path of `relative`, a "/"-separated name, below `root`.

    Raises:
        BackendError: it would lie outside of the root, or is not a plain name.
    """
    refuse = BackendError(
        f"Finding {relative!r} below {root}", "a name must not have empty parts, '.' or '..', and must not lead out"
    )
    if printable(relative) != relative:
        raise BackendError(f"Finding '{printable(relative)}' below {root}", "the name is not UTF-8", "give the file another name")
    if "\0" in relative or any(part in ("", ".", "..") for part in relative.split("/")):
        raise refuse
    path = root / relative
    if not _real(path, strict=False).is_relative_to(_real(root, strict=False)):
        raise refuse
    return path


def walk(folder: Path, fence: Path | None = None, start: str = "", whole: bool = False) -> list[tuple[str, Path]]:
    """Every file below a folder whose relative name begins with `start`: relative names with "/", and paths; sorted.

    Symbolic links are followed as far as they stay inside of `fence` (default: the folder).

    Raises:
        BackendError: a link leads out of the fence, or to nothing; where the `whole` is wanted, also what is no file and no folder.
    """
    real = _real(folder)
    return sorted(_walk(real, "", _Walk(_real(fence or folder), whole), (real,), start))


@dataclass(frozen=True, slots=True)
class _Walk:
    fence: Path
    whole: bool


def _walk(folder: Path, prefix: str, how: _Walk, above: tuple[Path, ...], start: str = "") -> Iterator[tuple[str, Path]]:
    for entry in list(os.scandir(folder)):
        if entry.name.startswith(TEMPORARY) or not entry.name.startswith(start):
            continue
        path = follow(Path(entry.path), how.fence) if entry.is_symlink() else Path(entry.path)
        if path.is_file():
            yield prefix + entry.name, path
        elif path.is_dir():
            if path not in above:
                yield from _walk(path, f"{prefix}{entry.name}/", how, (*above, path))
        elif how.whole:
            raise BackendError(
                f"Reading {printable(str(path))}", "it is neither a file nor a folder", "remove it before the job ends"
            )


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
