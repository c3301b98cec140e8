"""Source bundles: the gzip layer, what is ignored, links, the executable bit, requirements."""

from __future__ import annotations

import gzip
import io
import os
import subprocess
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from framework.config.model import Model, Section, StepConfig
from framework.config.values import Map
from framework.errors import BackendError
from framework.findings import NOWHERE, Finding, Place
from framework.pipeline.bundles import Bundles, Ignored, stored_gzip
from framework.steps.base import StepSpec

PREFIX = "s3://models/churn/code"


def spec(source: str | None = "src") -> StepSpec:
    model = Model("churn", {}, Place("conf.yaml", 1, 1), source, Place("conf.yaml", 2, 5))
    step = StepConfig("fit", "Training", "train", False, (), "", Map(), "churn", NOWHERE)
    return StepSpec(step, model, Section("train", Map()))


class Bundled:
    """The bundle of <root>/src, and what was found on the way."""

    def __init__(self, root: Path, requirements: str | None = None, excluded: tuple[Path, ...] = ()) -> None:
        self.findings: list[Finding] = []
        self.bundles = Bundles(root, PREFIX, excluded, self.findings.append)
        self.uri = self.bundles.bundle(spec(), requirements)
        [upload] = self.bundles.uploads()
        with tarfile.open(fileobj=io.BytesIO(upload.content)) as archive:
            self.members = {member.name: member for member in archive.getmembers()}
            self.contents = {name: archive.extractfile(name).read() for name in self.members}  # type: ignore[union-attr]

    @property
    def texts(self) -> list[str]:
        return [str(finding) for finding in self.findings]


@pytest.fixture
def src(tmp_path: Path) -> Path:
    (tmp_path / "src").mkdir()
    (tmp_path / "src/train.py").write_text("train")
    return tmp_path / "src"


# gzip


@pytest.mark.parametrize("size", [0, 1, 100, 65_534, 65_535, 65_536, 131_069, 131_070, 131_071, 1_000_000])
def test_stored_gzip_is_gzip(size: int) -> None:
    data = (bytes(range(256)) * (size // 256 + 1))[:size]
    packed = stored_gzip(data)
    assert gzip.decompress(packed) == data
    assert len(packed) == 18 + size + 5 * max(1, -(-size // 65_535))


def test_stored_gzip_says_nothing_of_time_name_or_machine() -> None:
    assert stored_gzip(b"x")[:10] == b"\x1f\x8b\x08" + b"\x00" * 6 + b"\xff"


def test_gzip_itself_finds_the_archive_whole(tmp_path: Path) -> None:
    file = tmp_path / "x.gz"
    file.write_bytes(stored_gzip(os.urandom(200_000)))
    subprocess.run(["gzip", "--test", file], check=True)


# What is ignored


@pytest.mark.parametrize(("lines", "name", "folder", "ignored"), [
    ("", "train.py", False, False),
    ("", "a/__pycache__", True, True),
    ("", "__pycache__", False, False),
    ("", ".git", True, True),
    ("", ".git", False, True),
    ("", "x.pyc", False, True),
    ("", "x.pyz", False, False),
    ("*.csv", "a/b.csv", False, True),
    ("a/*.csv", "a/b.csv", False, True),
    ("a/*.csv", "b/b.csv", False, False),
    ("data/", "data", True, True),
    ("data/", "a/data", True, True),
    ("data/", "data", False, False),
    ("data", "data", False, True),
    ("# data", "# data", False, False),
    ("  data  ", "data", False, True),
    ("*.csv\n!keep.csv", "keep.csv", False, False),
    ("!keep.csv\n*.csv", "keep.csv", False, True),
    ("!secret.env", "secret.env", False, False),
    ("[ab].txt", "a.txt", False, True),
    ("x?", "x1", False, True),
    ("X", "x", False, False),
    ("\ufeffdata", "data", False, True),
])  # fmt: skip
def test_ignored(tmp_path: Path, lines: str, name: str, folder: bool, ignored: bool) -> None:
    (tmp_path / ".smpignore").write_text(lines, encoding="utf-8")
    assert Ignored(tmp_path)(name, folder) is ignored


def test_without_smpignore_only_the_built_in_list_counts(tmp_path: Path) -> None:
    assert not Ignored(tmp_path)("data.csv", False)


def test_smpignore_in_a_lower_folder_is_not_read_and_not_packed(src: Path) -> None:
    (src / "pkg").mkdir()
    (src / "pkg/.smpignore").write_text("*.py")
    (src / "pkg/a.py").write_text("")
    assert [*Bundled(src.parent).members] == ["pkg/a.py", "train.py"]


def test_the_loaded_configuration_stays_out_by_whatever_path_it_was_found(src: Path) -> None:
    (src / "conf.yaml").write_text("conf:")
    (src / "other.yaml").write_text("conf:")
    assert [*Bundled(src.parent, excluded=(src / "../src/conf.yaml",)).members] == ["other.yaml", "train.py"]


# Members


def test_members_are_sorted_and_folders_have_no_entries(src: Path) -> None:
    for name in ("b/z.py", "a.py", "b.py", "ä.py", "empty/folder/"):
        path = src / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.mkdir(parents=True) if name.endswith("/") else path.write_text("")
    assert [*Bundled(src.parent).members] == ["a.py", "b.py", "b/z.py", "train.py", "ä.py"]


def test_the_executable_bit_is_all_that_is_kept_of_the_mode(src: Path) -> None:
    for name, mode in (("a", 0o600), ("b", 0o777), ("c", 0o744), ("d", 0o455)):
        (src / name).write_text("")
        (src / name).chmod(mode)
    modes = {name: oct(member.mode) for name, member in Bundled(src.parent).members.items()}
    assert modes == {"a": "0o644", "b": "0o755", "c": "0o755", "d": "0o644", "train.py": "0o644"}


def test_long_names_and_contents_survive(src: Path) -> None:
    name = "/".join(["a-folder-with-a-long-name" * 3] * 3) + "/" + "x" * 120 + ".bin"
    content = os.urandom(70_000)
    (src / name).parent.mkdir(parents=True)
    (src / name).write_bytes(content)
    assert Bundled(src.parent).contents[name] == content


def test_a_virtual_environment_stays_out_whatever_its_name(src: Path) -> None:
    for name in ("tools/pyvenv.cfg", "tools/lib/x.py", "deep/env/pyvenv.cfg", "deep/y.py"):
        (src / name).parent.mkdir(parents=True, exist_ok=True)
        (src / name).write_text("")
    assert [*Bundled(src.parent).members] == ["deep/y.py", "train.py"]


def test_what_is_neither_file_nor_folder_stays_out(src: Path) -> None:
    os.mkfifo(src / "pipe")
    assert [*Bundled(src.parent).members] == ["train.py"]


# Links


def test_a_link_to_a_file_inside_is_the_file(src: Path) -> None:
    (src / "again.py").symlink_to("train.py")
    bundled = Bundled(src.parent)
    assert bundled.contents == {"again.py": b"train", "train.py": b"train"}
    assert bundled.members["again.py"].isreg()
    assert bundled.texts == []


def outside(src: Path) -> None:
    (src.parent / "secret").write_text("")
    (src / "x").symlink_to("../secret")


def folder_outside(src: Path) -> None:
    (src / "x").symlink_to("..")


def folder_inside(src: Path) -> None:
    (src / "pkg").mkdir()
    (src / "x").symlink_to("pkg")


def nowhere(src: Path) -> None:
    (src / "x").symlink_to("missing")


def loop(src: Path) -> None:
    (src / "x").symlink_to("x")


@pytest.mark.parametrize(("make", "fault"), [
    (outside, "x in src is a link that leaves the source directory"),
    (folder_outside, "x in src is a link that leaves the source directory"),
    (folder_inside, "warning: x in src is a link that leads to a folder, so what is in it stays out"),
    (nowhere, "warning: x in src is a link that leads nowhere"),
    (loop, "warning: x in src is a link that leads nowhere"),
])  # fmt: skip
def test_a_link_that_stays_out_is_a_finding(src: Path, make: Callable[[Path], None], fault: str) -> None:
    make(src)
    bundled = Bundled(src.parent)
    assert [*bundled.members] == ["train.py"]
    assert bundled.texts == [f"conf.yaml:2:5 SMP703 {fault}. Try: copy what it leads to, or name x in .smpignore."]


def test_an_ignored_link_is_nobodys_business(src: Path) -> None:
    outside(src)
    (src / ".smpignore").write_text("x\n")
    assert Bundled(src.parent).texts == []


def test_a_source_directory_that_is_a_link_itself(src: Path) -> None:
    src.rename(src.parent / "real")
    src.symlink_to("real")
    assert Bundled(src.parent).contents == {"train.py": b"train"}


# Requirements


@pytest.fixture
def required(src: Path) -> Path:
    (src / "pkg").mkdir()
    (src / "pkg/requirements.txt").write_text("own")
    (src / "requirements.txt").write_text("common")
    return src


def test_requirements_are_laid_over_the_top_one(required: Path) -> None:
    contents = Bundled(required.parent, "pkg/requirements.txt").contents
    assert contents == {"pkg/requirements.txt": b"own", "requirements.txt": b"own", "train.py": b"train"}


def test_without_an_overlay_everything_stays_where_it_is(required: Path) -> None:
    contents = Bundled(required.parent).contents
    assert contents == {"pkg/requirements.txt": b"own", "requirements.txt": b"common", "train.py": b"train"}


# Uploads


def test_the_same_bundle_is_uploaded_once(src: Path) -> None:
    bundled = Bundled(src.parent)
    assert bundled.bundles.bundle(spec()) == bundled.uri
    assert [upload.uri for upload in bundled.bundles.uploads()] == [bundled.uri]


def test_two_directories_with_the_same_files_are_one_upload(src: Path) -> None:
    (src.parent / "copy").mkdir()
    (src.parent / "copy/train.py").write_text("train")
    bundled = Bundled(src.parent)
    assert bundled.bundles.bundle(spec("copy")) == bundled.uri


def test_uploads_are_sorted_by_their_addresses(src: Path) -> None:
    bundles = Bundles(src.parent, PREFIX, (), lambda _: None)
    uris = [bundles.text("a.sh", "1"), bundles.text("b.sh", "1"), bundles.text("a.sh", "2"), bundles.bundle(spec())]
    assert [upload.uri for upload in bundles.uploads()] == sorted(uris)
    assert len(set(uris)) == 4


@pytest.mark.parametrize(("path", "there"), [
    ("train.py", True), ("Train.py", False), ("other.py", False), ("pkg", False), ("pkg/a.py", True), ("../outside.py", False),
    ("ignored.py", False), ("outside.py", False),
])  # fmt: skip
def test_has_answers_for_the_bundle(src: Path, path: str, there: bool) -> None:
    (src / "pkg").mkdir()
    for name in ("pkg/a.py", "../outside.py", "ignored.py"):
        (src / name).write_text("")
    (src / "outside.py").symlink_to("../outside.py")
    (src / ".smpignore").write_text("ignored.py")
    assert Bundles(src.parent, PREFIX, (), lambda _: None).has(spec(), path) is there


# What the world refuses


@pytest.mark.parametrize(("source", "text"), [
    (None, 'conf.yaml:1:1 SMP702 the model "churn" has no source_directory, and its scripts must lie somewhere. '
           "Try: set source_directory."),
    ("nowhere", "conf.yaml:2:5 SMP702 the source directory nowhere does not exist. "
                "Try: check source_directory; it is relative to the root (--root)."),
    ("src/train.py", "conf.yaml:2:5 SMP702 the source directory src/train.py does not exist. "
                     "Try: check source_directory; it is relative to the root (--root)."),
])  # fmt: skip
def test_no_source_directory(src: Path, source: str | None, text: str) -> None:
    findings: list[Finding] = []
    bundles = Bundles(src.parent, PREFIX, (), findings.append)
    assert bundles.bundle(spec(source)) == ""
    assert [str(finding) for finding in findings] == [text]
    assert bundles.uploads() == ()
    assert bundles.has(spec(source), "any.py")


@pytest.mark.parametrize("name", ["pathlib.Path.read_bytes", "os.scandir"])
def test_what_cannot_be_read_is_said_with_a_cure(src: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any) -> None:
        raise PermissionError(13, "Permission denied", "src/train.py")

    bundles = Bundles(src.parent, PREFIX, (), lambda _: None)
    monkeypatch.setattr(name, refuse)
    with pytest.raises(BackendError) as error:
        bundles.bundle(spec())
    assert str(error.value) == (
        "reading src/train.py failed: Permission denied. Try: check its permissions, or name it in .smpignore."
    )
