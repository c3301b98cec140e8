from __future__ import annotations

import io
import os
import tarfile
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from framework.errors import BackendError
from framework.local.archives import pack, unpack

Fill = Callable[[Path, Mapping[str, str]], Path]


def test_the_same_files_give_the_same_bytes(tmp_path: Path, fill: Fill) -> None:
    archives = []
    for number, names in enumerate((["b/x", "a"], ["a", "b/x"])):
        folder = fill(tmp_path / str(number), {name: name for name in names})
        (folder / "empty").mkdir()
        os.utime(folder / "a", (number, number))
        (folder / "a").chmod(0o755)
        pack(folder, tmp_path / f"{number}.tar.gz", folder)
        archives.append((tmp_path / f"{number}.tar.gz").read_bytes())
    assert archives[0] == archives[1]
    with tarfile.open(fileobj=io.BytesIO(archives[0])) as archive:
        assert [(m.name, m.mode, m.mtime, m.uid, m.uname) for m in archive] == [
            ("a", 0o755, 0, 0, ""),
            ("b/x", 0o644, 0, 0, ""),
            ("empty", 0o755, 0, 0, ""),
        ]
    unpack(tmp_path / "0.tar.gz", tmp_path / "out")
    assert (tmp_path / "out/b/x").read_text() == "b/x"
    assert (tmp_path / "out/empty").is_dir()


@pytest.mark.parametrize(
    ("name", "kind", "target"),
    [
        ("../x", tarfile.REGTYPE, ""),
        ("a/../../x", tarfile.REGTYPE, ""),
        ("/tmp/x", tarfile.REGTYPE, ""),
        ("x", tarfile.SYMTYPE, "../../y"),
        ("x", tarfile.SYMTYPE, "/etc/passwd"),
        ("x", tarfile.LNKTYPE, "../y"),
        ("x", tarfile.CHRTYPE, ""),
        ("x", tarfile.FIFOTYPE, ""),
    ],
)
def test_members_that_would_leave_the_folder_are_refused(tmp_path: Path, name: str, kind: bytes, target: str) -> None:
    with tarfile.open(tmp_path / "bad.tar.gz", "w:gz") as archive:
        member = tarfile.TarInfo(name)
        member.type, member.linkname = kind, target
        archive.addfile(member)
    with pytest.raises(BackendError, match="Unpacking"):
        unpack(tmp_path / "bad.tar.gz", tmp_path / "deep" / "out")
    assert list((tmp_path / "deep" / "out").iterdir()) == []


@pytest.mark.parametrize("content", [b"", b"no archive", b"\x1f\x8b\x08\x00garbage"])
def test_what_is_no_archive(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x.tar.gz").write_bytes(content)
    with pytest.raises(BackendError, match="Unpacking"):
        unpack(tmp_path / "x.tar.gz", tmp_path / "out")
