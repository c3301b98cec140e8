"""What a Cleanup step deletes, and what it never touches."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from framework.local.job import Site, StepError, StepRun
from framework.local.registry import Registry
from framework.local.step_types import cleanup
from framework.local.store import LocalStore

Clean = Callable[..., dict[str, Any]]
PROCESSED: Mapping[str, Any] = {
    "ProcessingJobName": "p",
    "ProcessingOutputConfig": {"Outputs": [{"OutputName": "o", "S3Output": {"S3Uri": "s3://b/out", "LocalPath": "/x"}}]},
}
TRAINED: Mapping[str, Any] = {"TrainingJobName": "fit-1", "OutputDataConfig": {"S3OutputPath": "s3://b/models/"}}
TRANSFORMED: Mapping[str, Any] = {"TransformJobName": "t", "TransformOutput": {"S3OutputPath": "s3://lake/scores"}}
FILES = (
    "s3/b/out/a.csv",
    "s3/b/out/dir/b.csv",
    "s3/b/outside.csv",
    "s3/b/models/fit-1/output/model.tar.gz",
    "s3/b/models/fit-10/output/model.tar.gz",
    "s3/lake/scores/own.out",
    "s3/lake/scores/both.out",
    "lake/scores/users.out",
    "lake/scores/both.out",
    "secret",
)


@pytest.fixture
def clean(tmp_path: Path) -> Clean:
    for name in FILES:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(name)
    (tmp_path / "step").mkdir()
    store = LocalStore(tmp_path / "s3", [("s3://lake", str(tmp_path / "lake"))])
    runner: Any = None
    site = Site(store, Registry(tmp_path / "registry"), runner, tmp_path / "cache", 1.0)
    told: Mapping[str, Any] = {
        "P": PROCESSED,
        "T": TRAINED,
        "S": TRANSFORMED,
        "V": {**PROCESSED, "NetworkConfig": {"VpcConfig": {"x": 1}}},
    }

    def run(*sources: tuple[str, Sequence[str] | None]) -> dict[str, Any]:
        entries = [{"StepName": name} | ({} if uris is None else {"S3Uris": list(uris)}) for name, uris in sources]
        step = {"Name": "C", "Type": "Cleanup"}
        return cleanup.run(StepRun(step, {"Resources": {"S3": entries}}, "c", "", tmp_path / "step", None, site, told))

    return run


def left(root: Path) -> set[str]:
    return {name for name in FILES if (root / name).is_file()}


def test_objects_of_a_processing_step(tmp_path: Path, clean: Clean) -> None:
    about = clean(("P", ["s3://b/out/a.csv", "s3://b/out/never.csv"]))
    assert about == {"CleanedSteps": ["P"], "FailedSteps": [], "SkippedSteps": []}
    assert left(tmp_path) == set(FILES) - {"s3/b/out/a.csv"}
    log = (tmp_path / "step/log.txt").read_text()
    assert "s3://b/out/a.csv was deleted" in log
    assert "s3://b/out/never.csv was not there" in log


def test_everything_of_a_training_job_and_nothing_of_the_next(tmp_path: Path, clean: Clean) -> None:
    assert clean(("T", None), ("Gone", None))["SkippedSteps"] == ["Gone"]
    assert left(tmp_path) == set(FILES) - {"s3/b/models/fit-1/output/model.tar.gz"}
    assert clean(("T", None))["CleanedSteps"] == ["T"]


def test_what_a_step_wrote_beside_a_mapped_folder(tmp_path: Path, clean: Clean) -> None:
    clean(("S", ["s3://lake/scores/own.out"]))
    assert left(tmp_path) == set(FILES) - {"s3/lake/scores/own.out"}


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        (("P", ["s3://b/outside.csv"]), "s3://b/outside.csv does not lie below an output of step P: s3://b/out"),
        (("P", ["s3://b/out"]), "does not lie below an output of step P"),
        (("P", ["s3://b/out/../outside.csv"]), "must not lead out"),
        (("P", ["s3://b/out/../../../secret"]), "must not lead out"),
        (("P", ["s3://b/out//a.csv"]), "must not have empty parts"),
        (("P", ["s3://b/out/dir"]), "s3://b/out/dir is a folder here"),
        (("P", ["s3://lake/scores/users.out"]), "does not lie below an output of step P"),
        (("S", ["s3://lake/scores/users.out"]), "users.out, which conf.local.data maps"),
        (("S", ["s3://lake/scores/both.out"]), "both.out, which conf.local.data maps"),
        (("P", None), "step P is not of type Training, so that its S3Uris must be named"),
        (("V", ["s3://b/out/a.csv"]), "step V has a VpcConfig"),
    ],
)
def test_what_is_refused_takes_everything_else_with_it(tmp_path: Path, clean: Clean, source: Any, reason: str) -> None:
    with pytest.raises(StepError, match=reason):
        clean(("P", ["s3://b/out/a.csv"]), source)
    assert left(tmp_path) == set(FILES)


def test_a_link_out_of_the_store(tmp_path: Path, clean: Clean) -> None:
    (tmp_path / "s3/b/out/link").symlink_to(tmp_path / "secret")
    (tmp_path / "s3/b/out/folder").symlink_to(tmp_path / "lake")
    for name in ("link", "folder/scores/users.out"):
        with pytest.raises(StepError, match="must not lead out"):
            clean(("P", [f"s3://b/out/{name}"]))
    assert left(tmp_path) == set(FILES)
