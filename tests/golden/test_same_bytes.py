"""Same files and environment in, same bytes out: whatever the folder, the machine, the directory's order or the clock."""

from __future__ import annotations

import contextlib
import hashlib
import io
import os
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from framework.config.load import Sources
from framework.pipeline.compiled import CompiledPipeline
from framework.road import travel

if TYPE_CHECKING:
    from tests.conftest import Project

ROOT = Path(__file__).resolve().parents[2]
PATTERN = "examples/multi-model/*/conf/conf.yaml"


def compiled(root: Path) -> CompiledPipeline:
    result, findings = travel(Sources(root, patterns=(PATTERN,), env_file="env.env"), {})
    assert result is not None, findings
    return result


def by_command(root: Path, cwd: Path, **environment: str) -> bytes:
    """The definition as a process of its own prints it; its keys name the bytes of every upload."""
    command = [sys.executable, "-m", "framework", "--root", str(root), "--env-file", "env.env", "-c", PATTERN, "compile"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), **environment}
    return subprocess.run(command, cwd=cwd, env=environment, capture_output=True, check=True).stdout


@pytest.fixture(scope="module")
def expected() -> bytes:
    return compiled(ROOT).definition_text().encode()


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy made file by file in another order, with other times; beside it what never belongs to a bundle."""
    copy = tmp_path_factory.mktemp("elsewhere") / "copy of a checkout"
    files = [
        path for name in ("conf", "examples", "env.env") for path in [ROOT / name, *(ROOT / name).rglob("*")] if path.is_file()
    ]
    for path in sorted((path for path in files if "__pycache__" not in path.parts), reverse=True):
        target = copy / path.relative_to(ROOT)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, target)
        os.utime(target, (1_000_000_000, 1_000_000_000))
    scripts = copy / "examples/multi-model/pca/scripts"
    for name in ("__pycache__/train.cpython-311.pyc", ".git", ".ipynb_checkpoints/train.py", "env.env"):
        (scripts / name).parent.mkdir(exist_ok=True)
        (scripts / name).write_text("noise")
    return copy


def test_from_another_working_directory(expected: bytes, tmp_path: Path) -> None:
    assert by_command(ROOT, tmp_path) == expected


def test_from_a_copied_checkout(expected: bytes, checkout: Path) -> None:
    assert by_command(checkout, checkout) == expected
    assert compiled(checkout).uploads == compiled(ROOT).uploads


@pytest.mark.parametrize("environment", [
    {"PYTHONHASHSEED": "1"}, {"PYTHONHASHSEED": "4711"}, {"LC_ALL": "C", "LANG": "C"}, {"LC_ALL": "POSIX", "PYTHONUTF8": "0"},
    {"TZ": "Pacific/Kiritimati"},
])  # fmt: skip
def test_with_another_hash_seed_locale_or_time_zone(expected: bytes, environment: dict[str, str]) -> None:
    assert by_command(ROOT, ROOT, **environment) == expected


def test_whatever_the_order_of_the_directories(expected: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    scan = os.scandir

    @contextlib.contextmanager
    def backwards(folder: Any) -> Iterator[Any]:
        with scan(folder) as entries:
            yield reversed(list(entries))

    monkeypatch.setattr("framework.pipeline.bundles.os.scandir", backwards)
    assert compiled(ROOT).definition_text().encode() == expected


def test_touching_a_file_changes_nothing(project: Project) -> None:
    before = project.compile()
    for path in (project.root / "src").iterdir():
        os.utime(path, (1, 1))
    assert project.compile() == before


def test_changing_a_file_changes_the_key(project: Project) -> None:
    before = project.compile()
    project.write("src/train.py", "another")
    after = project.compile()
    assert before.at("fit", "HyperParameters.sagemaker_submit_directory") != after.at(
        "fit", "HyperParameters.sagemaker_submit_directory"
    )


def test_the_key_of_an_upload_holds_the_sha256_of_its_bytes() -> None:
    uploads = compiled(ROOT).uploads
    assert len(uploads) == 4
    for upload in uploads:
        digest = hashlib.sha256(upload.content).hexdigest()
        assert upload.sha256 == digest
        assert upload.uri.startswith(f"s3://my-bucket/calhousing-test/code/{digest}/")


def test_every_upload_is_referred_to_and_every_reference_uploaded() -> None:
    result = compiled(ROOT)
    text = result.definition_text()
    assert all(upload.uri in text for upload in result.uploads)
    assert text.count("/calhousing-test/code/") == sum(text.count(upload.uri) for upload in result.uploads)


UNWANTED = """
    .git/config .git/objects/ab/cd .hg/store .svn/entries __pycache__/a.pyc pkg/__pycache__/b.pyc c.pyc d.pyo
    .ipynb_checkpoints/n.ipynb .pytest_cache/v .mypy_cache/x .ruff_cache/x .tox/x .nox/x .smp/state.json
    churn.egg-info/PKG-INFO node_modules/x.js .DS_Store
    pkg/.DS_Store .env .env.production prod.env pkg/prod.env .aws/credentials .netrc .venv/pyvenv.cfg .venv/lib/x.py
    tools/venv/pyvenv.cfg tools/venv/x.py
"""


def test_what_no_bundle_holds(project: Project) -> None:
    """The source directory is the whole project here, so that the configuration itself lies in it."""
    project.model["source_directory"] = "."
    for section, script in (("preprocess", "preprocess"), ("train", "train"), ("evaluate", "evaluate")):
        project.model[section]["entry_point"] = f"src/{script}.py"
    project.write("conf/conf.yaml", {"conf": {"s3Bucket": "SMP_S3BUCKETNAME"}})
    project.write("conf/environments/dev.yaml", {"conf": {"s3Bucket": "dev-models"}})
    project.write(".smpignore", "# a comment\n\ndata/\n*.csv\nkept/*\n!kept/this.csv\n")
    for name in (*UNWANTED.split(), "data/x.bin", "pkg/y.csv", "kept/other.txt", "kept/this.csv", "kept.txt"):
        project.write(name, name)
    outcome = project.compile(environment_name="dev")
    code = outcome.at("prep", "ProcessingInputs")[-2]["S3Input"]["S3Uri"]
    with tarfile.open(fileobj=io.BytesIO(outcome.upload(code))) as archive:
        names = archive.getnames()
    assert names == ["kept.txt", "kept/this.csv", "src/evaluate.py", "src/inference.py", "src/preprocess.py", "src/train.py"]


@pytest.fixture(scope="module")
def archive_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    [content, *_] = [upload.content for upload in compiled(ROOT).uploads if upload.uri.endswith(".tar.gz")]
    path = tmp_path_factory.mktemp("archive") / "sourcedir.tar.gz"
    path.write_bytes(content)
    return path


def test_gnu_tar_opens_the_archive(archive_file: Path, tmp_path: Path) -> None:
    assert b"GNU tar" in subprocess.run(["tar", "--version"], capture_output=True, check=True).stdout
    done = subprocess.run(["tar", "-xzf", archive_file, "-C", tmp_path], capture_output=True, check=True)
    assert done.stderr == b""
    assert_same_files(tmp_path)


def test_python_opens_the_archive(archive_file: Path, tmp_path: Path) -> None:
    with tarfile.open(archive_file, "r:gz") as archive:
        assert all(member.mtime == member.uid == member.gid == 0 and not member.uname for member in archive.getmembers())
        archive.extractall(tmp_path)
    assert_same_files(tmp_path)


def assert_same_files(folder: Path) -> None:
    """The folder holds the scripts of one of the two models, byte by byte."""
    found = {path.name: path.read_bytes() for path in folder.iterdir()}
    sources = [ROOT / f"examples/multi-model/{model}/scripts" for model in ("pca", "regression")]
    assert found in [{path.name: path.read_bytes() for path in source.glob("*.py")} for source in sources]
