from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from framework.errors import BackendError
from framework.local.backend import LocalBackend
from framework.local.store import LocalStore, join_uri, split_uri
from framework.pipeline.compiled import Upload

Fill = Callable[[Path, Mapping[str, str]], Path]


@pytest.mark.parametrize(
    ("uri", "names"),
    [
        ("s3://b/a/file.csv", ["file.csv"]),
        ("s3://b/a/dir", ["sub/y.csv", "x.csv"]),
        ("s3://b/a/dir/", ["sub/y.csv", "x.csv"]),
        ("s3://b/a/di", ["dir/sub/y.csv", "dir/x.csv", "dir2/z.csv"]),
        ("s3://b/a/fi", ["file.csv"]),
        ("s3://b/a", ["dir/sub/y.csv", "dir/x.csv", "dir2/z.csv", "file.csv"]),
        ("s3://b/to", ["top.txt"]),
        ("s3://b", ["a/dir/sub/y.csv", "a/dir/x.csv", "a/dir2/z.csv", "a/file.csv", "top.txt"]),
        ("s3://b/", ["a/dir/sub/y.csv", "a/dir/x.csv", "a/dir2/z.csv", "a/file.csv", "top.txt"]),
    ],
)
def test_what_a_prefix_means(store: LocalStore, tmp_path: Path, uri: str, names: list[str]) -> None:
    assert [name for name, _ in store.find(uri)] == names
    store.download(uri, tmp_path / "job")
    assert (
        sorted(path.relative_to(tmp_path / "job").as_posix() for path in (tmp_path / "job").rglob("*") if path.is_file()) == names
    )


@pytest.mark.parametrize(
    ("uri", "beside"),
    [
        ("s3://b/nope", "; beside it there is a, top.txt"),
        ("s3://b/a/dir/nope/", "; beside it there is sub, x.csv"),
        ("s3://b/a/file.csv/", "; beside it there is dir, dir2, file.csv"),
        ("s3://other/x", ""),
        ("s3://b/nope/x", ""),
    ],
)
def test_nothing_found_names_the_uri_what_is_there_instead_and_a_cure(store: LocalStore, uri: str, beside: str) -> None:
    with pytest.raises(BackendError) as caught:
        store.find(uri)
    place = store.root / uri.removeprefix("s3://")
    assert str(caught.value) == (
        f"Reading {uri} failed: nothing is in {place} (the local store), and no prefix of conf.local.data covers it{beside}. "
        "Try: for input, map its prefix in conf.local.data; for another step's output, see that the step writes it."
    )


def test_the_users_folders_come_first_and_the_longest_prefix_counts(store: LocalStore, tmp_path: Path, fill: Fill) -> None:
    fill(tmp_path / "all", {"a/file.csv": "mapped", "raw/old.csv": "old"})
    fill(tmp_path / "raw", {"new.csv": "new"})
    mapped = LocalStore(store.root, [("s3://b/", str(tmp_path / "all")), ("s3://b/raw", str(tmp_path / "raw"))])
    assert mapped.object("s3://b/a/file.csv").read_text() == "mapped"
    assert [name for name, _ in mapped.find("s3://b/raw")] == ["new.csv"]
    assert [name for name, _ in mapped.find("s3://b/raw/ne")] == ["new.csv"]
    assert mapped.object("s3://b/top.txt").read_text() == "5", "what the folder does not have is looked for in the store"
    with pytest.raises(BackendError) as caught:
        mapped.find("s3://b/raw/old.csv")
    assert caught.value.why == (
        f"nothing is in {tmp_path}/raw/old.csv (conf.local.data), and nothing is in {store.root}/b/raw/old.csv (the local store)"
        "; beside it there is new.csv"
    )
    with pytest.raises(BackendError):
        mapped.find("s3://b/rawer/old.csv")


def test_a_single_file_may_stand_for_an_object(store: LocalStore, tmp_path: Path, fill: Fill) -> None:
    fill(tmp_path, {"here.csv": "x"})
    mapped = LocalStore(store.root, [("s3://b/there.csv", str(tmp_path / "here.csv"))])
    assert mapped.find("s3://b/there.csv") == [("there.csv", tmp_path / "here.csv")]


def test_reading_gives_copies(store: LocalStore, tmp_path: Path, fill: Fill) -> None:
    mine = fill(tmp_path / "mine", {"x.csv": "mine"})
    mapped = LocalStore(store.root, [("s3://b/mine", str(mine))])
    for uri in ("s3://b/a/file.csv", "s3://b/mine/x.csv"):
        mapped.download(uri, tmp_path / "job")
    for path in (tmp_path / "job").iterdir():
        path.write_text("changed")
    assert (mine / "x.csv").read_text() == "mine"
    assert store.object("s3://b/a/file.csv").read_text() == "1"


@pytest.mark.parametrize("key", ["../x", "a/../../x", "a/./x", "/etc/passwd", "a//x", "a/\0", "a/"])
def test_keys_do_not_leave_the_bucket(store: LocalStore, key: str) -> None:
    with pytest.raises(BackendError, match="must not"):
        store.put(f"s3://b/{key}", b"x")
    if key != "a/":
        with pytest.raises(BackendError, match="must not"):
            store.find(f"s3://b/{key}")


@pytest.mark.parametrize("uri", ["s3:///x", "s3://../x", "https://b/x", "", "s3://b\0/x"])
def test_addresses_that_are_none(uri: str) -> None:
    with pytest.raises(BackendError, match="is not an s3:// URI with a bucket"):
        split_uri(uri)


def test_links_do_not_leave_the_bucket(store: LocalStore, tmp_path: Path, fill: Fill) -> None:
    secret = fill(tmp_path / "secret", {"key": "s"})
    bucket = store.root / "b"
    (bucket / "out").symlink_to(secret)
    (bucket / "a" / "key").symlink_to(secret / "key")
    (bucket / "a" / "inside").symlink_to(bucket / "top.txt")
    for uri in ("s3://b/out/key", "s3://b/out/", "s3://b/a/key", "s3://b/a"):
        with pytest.raises(BackendError, match=r"must not lead out|leads to"):
            store.find(uri)
    with pytest.raises(BackendError):
        store.put("s3://b/out/new", b"x")
    assert not (secret / "new").exists()
    assert store.find("s3://b/a/inside")[0][1].read_text() == "5"


def test_links_in_what_a_job_wrote(store: LocalStore, tmp_path: Path, fill: Fill) -> None:
    ml = fill(tmp_path / "ml", {"out/checkpoint-1/w": "w", "other/x": "x"})
    (ml / "out" / "latest").symlink_to("checkpoint-1")
    (ml / "out" / "circle").symlink_to(".")
    store.upload(ml / "out", "s3://b/up/", ml)
    assert [name for name, _ in store.find("s3://b/up")] == ["checkpoint-1/w", "latest/w"]
    (ml / "out" / "passwd").symlink_to("/etc/passwd")
    with pytest.raises(BackendError, match=f"outside of {ml}"):
        store.upload(ml / "out", "s3://b/up", ml)


def test_an_object_in_the_place_of_a_folder_is_refused(store: LocalStore) -> None:
    with pytest.raises(BackendError, match=r"Writing s3://b/top\.txt/x failed"):
        store.put("s3://b/top.txt/x", b"x")


def test_uploads_are_written_once(tmp_path: Path) -> None:
    backend = LocalBackend(tmp_path / ".smp")
    uploads = [Upload(f"s3://b/code/{name}/sourcedir.tar.gz", name, name.encode()) for name in ("aa", "bb")]
    assert (backend.upload(uploads), backend.upload(uploads), backend.upload([])) == (2, 0, 0)
    assert (tmp_path / ".smp/s3/b/code/aa/sourcedir.tar.gz").read_bytes() == b"aa"
    assert [path.name for path in (tmp_path / ".smp/s3/b/code/aa").iterdir()] == ["sourcedir.tar.gz"]


def test_join_uri() -> None:
    assert [join_uri("s3://b/x/", "y"), join_uri("s3://b", "x", "y")] == ["s3://b/x/y", "s3://b/x/y"]
