"""What the tests of the local engine share: a store in a temporary folder, a way to fill folders, a runner or a skip."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from framework.errors import BackendError
from framework.local.isolation import Runner, choose_runner
from framework.local.store import LocalStore

Fill = Callable[[Path, Mapping[str, str]], Path]


@pytest.fixture
def fill() -> Fill:
    """Writes files, given by relative name and content, into a folder; returns the folder."""

    def write(folder: Path, files: Mapping[str, str]) -> Path:
        for name, content in files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content, encoding="utf-8")
        return folder

    return write


@pytest.fixture
def store(tmp_path: Path, fill: Fill) -> LocalStore:
    """A store with a few objects in the bucket `b`."""
    objects = {"a/file.csv": "1", "a/dir/x.csv": "2", "a/dir/sub/y.csv": "3", "a/dir2/z.csv": "4", "top.txt": "5"}
    fill(tmp_path / "s3" / "b", objects)
    return LocalStore(tmp_path / "s3")


@pytest.fixture
def runner(tmp_path: Path) -> Runner:
    """The strongest isolation of this machine."""
    try:
        return choose_runner(tmp_path / "probe")
    except BackendError as error:
        pytest.skip(str(error))
