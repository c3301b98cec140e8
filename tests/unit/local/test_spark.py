"""What becomes of the words of spark-submit on this machine."""

from __future__ import annotations

from pathlib import Path

import pytest

from framework.errors import BackendError
from framework.local.spark import Files, at_home
from framework.local.store import LocalStore


@pytest.mark.parametrize(
    ("words", "kept"),
    [
        (["x.py"], ["x.py"]),
        (["--master", "yarn", "--deploy-mode", "cluster", "--verbose", "x.py"], ["--verbose", "x.py"]),
        (["--master=yarn", "--class", "A", "x.jar", "--master", "mine"], ["--class", "A", "x.jar", "--master", "mine"]),
        (["--conf", "a=b", "-v", "--conf", "c=d", "x.py", "-v"], ["--conf", "a=b", "-v", "--conf", "c=d", "x.py", "-v"]),
        (["--verbose"], ["--verbose"]),
        (["--conf"], ["--conf"]),
        ([], []),
    ],
)
def test_options_that_choose_a_cluster_are_left_away(words: list[str], kept: list[str]) -> None:
    assert at_home(words) == kept


@pytest.fixture
def files(tmp_path: Path) -> Files:
    for name, content in {"s3/b/in/a.csv": "1", "s3/b/x.py": "2", "lake/day/l.csv": "3", "one.csv": "4"}.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(content)
    mapped = [("s3://lake/raw", str(tmp_path / "lake")), ("s3://lake/one.csv", str(tmp_path / "one.csv"))]
    return Files(LocalStore(tmp_path / "s3", mapped), tmp_path / "data")


def test_what_the_store_has_and_what_is_to_be_written_stands_for_itself(tmp_path: Path, files: Files) -> None:
    assert files.replace("s3://b/x.py") == str(tmp_path / "s3/b/x.py")
    assert files.replace("--in=s3a://b/in/,s3n://b/x.py#alias") == f"--in={tmp_path}/s3/b/in,{tmp_path}/s3/b/x.py#alias"
    assert files.replace("s3://b/new/out/") == str(tmp_path / "s3/b/new/out")
    assert (tmp_path / "s3/b/new").is_dir()
    assert not (tmp_path / "s3/b/new/out").exists()
    assert files.replace("no uri, s3 or s3:/x") == "no uri, s3 or s3:/x"


def test_what_is_mapped_is_copied(tmp_path: Path, files: Files) -> None:
    day, one = Path(files.replace("s3://lake/raw/day")), Path(files.replace("s3://lake/one.csv"))
    assert (day / "l.csv").read_text() == "3"
    assert one.read_text() == "4"
    assert one.name == "one.csv"
    (day / "l.csv").write_text("changed")
    one.write_text("changed")
    assert (tmp_path / "lake/day/l.csv").read_text() == "3"
    assert (tmp_path / "one.csv").read_text() == "4"
    assert files.replace("s3://lake/raw/day") == str(day)


def test_a_new_place_below_a_mapped_folder_lies_in_the_store(tmp_path: Path, files: Files) -> None:
    assert files.replace("s3://lake/raw/out") == str(tmp_path / "s3/lake/raw/out")
    assert not (tmp_path / "lake/out").exists()


def test_the_beginning_of_a_name_is_not_the_name(tmp_path: Path, files: Files) -> None:
    assert files.replace("s3://lake/raw/da") == str(tmp_path / "s3/lake/raw/da")


def test_an_address_that_leads_out(files: Files) -> None:
    with pytest.raises(BackendError, match="must not lead out"):
        files.replace("s3://b/../../etc/x")
