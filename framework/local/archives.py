"""tar.gz archives: packed to the same bytes from the same files, unpacked without leaving the folder.

Folders and archive paths in; files out. An archive that cannot be read, or would write elsewhere, is a `BackendError`.
"""

from __future__ import annotations

import gzip
import tarfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from framework.errors import BackendError
from framework.local.files import temporary_beside, walk


def pack(folder: Path, target: Path, fence: Path) -> None:
    """Packs everything below a folder, empty folders too; neither times nor owners nor the order on disk show in the result.

    Raises:
        BackendError: a symbolic link leads out of `fence`, or something is neither a file nor a folder.
    """
    with temporary_beside(target) as path:
        with (
            path.open("wb") as raw,
            gzip.GzipFile("", "wb", 6, raw, mtime=0) as zipped,
            tarfile.open(fileobj=zipped, mode="w", format=tarfile.PAX_FORMAT) as archive,
        ):
            for name, source in _entries(folder, fence):
                _add(archive, name, source)
        path.replace(target)


def _entries(folder: Path, fence: Path) -> list[tuple[str, Path]]:
    empty = [(path.relative_to(folder).as_posix(), path) for path in folder.rglob("*") if path.is_dir() and not any(path.iterdir())]
    return sorted([*walk(folder, fence, whole=True), *empty])


def _add(archive: tarfile.TarFile, name: str, source: Path) -> None:
    member = tarfile.TarInfo(name)
    if source.is_dir():
        member.type, member.mode = tarfile.DIRTYPE, 0o755
        archive.addfile(member)
        return
    status = source.stat()
    member.size, member.mode = status.st_size, 0o755 if status.st_mode & 0o100 else 0o644
    with source.open("rb") as content:
        archive.addfile(member, content)


def unpack(source: Path, folder: Path) -> None:
    """Unpacks an archive into a folder, which is created.

    Raises:
        BackendError: it is not an archive, or a member would lie or lead outside of the folder, or is a device.
    """
    what = f"Unpacking {source}"
    folder.mkdir(parents=True, exist_ok=True)
    filtered: dict[str, Any] = {"filter": "data"} if hasattr(tarfile, "data_filter") else {}
    try:
        with tarfile.open(source, "r:*") as archive:
            archive.extractall(folder, members=_safe(archive, what), **filtered)  # noqa: S202 - every member is checked
    except (tarfile.TarError, EOFError, zlib.error) as error:
        raise BackendError(what, f"it is not a tar archive that can be read: {error}") from error
    except OSError as error:
        raise BackendError(what, error.strerror or str(error)) from error


def _safe(archive: tarfile.TarFile, what: str) -> Iterator[tarfile.TarInfo]:
    links = hasattr(tarfile, "data_filter")  # which sees to it that they do not lead out
    for member in archive:
        if not (member.isreg() or member.isdir() or (links and (member.issym() or member.islnk()))):
            raise BackendError(what, f"{member.name} is neither a file nor a folder")
        if member.name.startswith("/") or ".." in member.name.split("/"):
            raise BackendError(what, f"{member.name} would lie outside of the folder")
        yield member
