"""Making room: old runs, caches and installed packages that are removed from the state folder.

In: the state folder and what is asked for. Out: what could go, with sizes; and what has gone. A thing goes in one step, by being
moved into <state>/removed, and is deleted there: whenever this is killed, the state folder works, and the next one deletes the
rest. Nothing that a run uses is touched, and no symbolic link is followed.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import stat
import uuid
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from framework.errors import BackendError
from framework.local import endpoints
from framework.local.files import disk
from framework.local.ownership import Ownership, owned
from framework.local.state import RunOptions, StateFolder
from framework.local.usage import alone

RUNS, CACHE, ENVIRONMENTS = "runs", "cache", "environments"
SHARED = {CACHE: ("cache/steps", "cache/digests", "cache/pip"), ENVIRONMENTS: ("cache/environments",)}
"""What runs share. The folder that a runner is tried out in is not among it: it is empty."""
REMOVED = "removed"
LINK, GOES_ON, IN_USE, SERVES = "a link, not followed", "it goes on", "a run uses it", "an endpoint uses it"


@dataclass(frozen=True)
class Item:
    """Something that could go.

    Attributes:
        name: its path below the state folder.
        part: RUNS, CACHE or ENVIRONMENTS.
        size: the bytes that become free.
        kept: why it stays all the same; "" when it does not.
    """

    name: str
    part: str
    size: int
    kept: str = ""


def find(root: Path, parts: Collection[str], keep: int) -> list[Item]:
    """What could go now.

    Args:
        root: the state folder.
        parts: which of RUNS, CACHE and ENVIRONMENTS are asked for.
        keep: how many of the newest runs stay.
    """
    found = [Item(REMOVED, RUNS, _size(root / REMOVED))] if _left(root) else []
    if RUNS in parts:
        found += _runs(root, keep)
    for part in (CACHE, ENVIRONMENTS):
        if part in parts:
            found += [_shared(root, part, name) for name in SHARED[part] if os.path.lexists(root / name)]
    return found


def remove(root: Path, items: Sequence[Item]) -> list[Item]:
    """Removes what may go; whether it still may is looked at again.

    Returns:
        what has gone.

    Raises:
        BackendError: the disk refuses.
    """
    wanted = [item for item in items if not item.kept]
    gone = [item for item in wanted if item.part == RUNS and (item.name == REMOVED or _remove_run(root, item))]
    shared = [item for item in wanted if item.part != RUNS]
    if shared:
        with alone(root) as free:
            gone += [item for item in shared if free and not _held(root, item.part, item.name) and _aside(root, item.name)]
    _delete(root / REMOVED)
    return gone


def _runs(root: Path, keep: int) -> Iterator[Item]:
    """The runs but the newest; those whose results a run that stays goes by, or that go on, are kept."""
    state = StateFolder(root)
    ids = state.ids()
    needed = {_source(state.run(run_id)) for run_id in ids[:keep]}
    for run_id in ids[keep:]:
        name = f"runs/{run_id}"
        kept = _refused(root, name) or (GOES_ON if owned(state.run(run_id)) else "")
        kept = kept or (f"a run that stays has results from it: {run_id}" if run_id in needed else "")
        if kept:
            needed.add(_source(state.run(run_id)))
        yield Item(name, RUNS, 0 if kept == LINK else _size(root / name), kept)


def _source(run: Path) -> str:
    with contextlib.suppress(BackendError, KeyError, TypeError):
        return RunOptions.read(run).source.rpartition("/")[2]
    return ""


def _remove_run(root: Path, item: Item) -> bool:
    folder = root / item.name
    if _refused(root, item.name):
        return False
    try:
        with Ownership(folder):
            return _aside(root, item.name)
    except BackendError:  # somebody resumes it just now
        return False


def _shared(root: Path, part: str, name: str) -> Item:
    kept = _held(root, part, name)
    if not kept:
        with alone(root) as free:
            kept = "" if free else IN_USE
    return Item(name, part, 0 if kept == LINK else _size(root / name), kept)


def _held(root: Path, part: str, name: str) -> str:
    """Why something shared stays though no run uses it."""
    serves = part == ENVIRONMENTS and any(each.status == endpoints.IN_SERVICE for each in endpoints.list(root))
    return _refused(root, name) or (SERVES if serves else "")


def _refused(root: Path, name: str) -> str:
    """Why a path is not touched: a link stands on the way to it."""
    path = root
    for part in name.split("/"):
        path = path / part
        if path.is_symlink():
            return LINK
    return ""


def _aside(root: Path, name: str) -> bool:
    """Moves something out of everybody's sight; whether it was there."""
    target = root / REMOVED / uuid.uuid4().hex
    with disk(f"Removing {root / name}"):
        target.parent.mkdir(exist_ok=True)
        try:
            (root / name).rename(target)
        except FileNotFoundError:
            return False
    return True


def _left(root: Path) -> bool:
    """Whether an earlier removal was killed before it was done."""
    return (root / REMOVED).is_dir() and not (root / REMOVED).is_symlink() and any((root / REMOVED).iterdir())


def _delete(folder: Path) -> None:
    """Deletes what was moved aside. Jobs may have left folders that nobody may write to."""
    if folder.is_symlink() or not folder.is_dir():
        return
    for path in list(folder.iterdir()):
        if path.is_symlink() or not path.is_dir():
            path.unlink(missing_ok=True)
        else:
            _permit(path)
            shutil.rmtree(path, ignore_errors=True)  # another one may be deleting it too
    if any(folder.iterdir()):
        raise BackendError(f"Removing {folder}", "this user may not remove all of it", "remove the rest as the user who owns it")


def _permit(folder: Path) -> None:
    """Lets this user remove what is in a folder, and in those below."""
    with contextlib.suppress(OSError):
        folder.chmod(stat.S_IRWXU)
        for entry in list(os.scandir(folder)):
            if entry.is_dir(follow_symlinks=False):
                _permit(Path(entry.path))


def _size(path: Path) -> int:
    """The bytes of the files below a path that lie nowhere else; links are not followed."""
    if path.is_symlink() or not path.is_dir():
        return 0
    total = 0
    for entry in os.scandir(path):
        with contextlib.suppress(OSError):
            if entry.is_dir(follow_symlinks=False):
                total += _size(Path(entry.path))
            elif (about := entry.stat(follow_symlinks=False)).st_nlink == 1:
                total += about.st_size
    return total
