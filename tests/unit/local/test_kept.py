"""Ids, names and the registry: what must be unique, and the same again from the same input."""

from __future__ import annotations

import json
import re
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from framework.errors import BackendError
from framework.local.names import job_name
from framework.local.registry import Registry
from framework.local.state import StateFolder


def test_ids_are_never_given_twice(tmp_path: Path) -> None:
    state = StateFolder(tmp_path / ".smp")
    with ThreadPoolExecutor(8) as pool:
        ids = list(pool.map(lambda _: state.reserve_id(), range(16)))
    assert sorted(ids) == [f"local{number:07}" for number in range(1, 17)]
    shutil.rmtree(state.runs, ignore_errors=True)
    assert StateFolder(tmp_path / ".smp").reserve_id() == "local0000017"


def test_versions_are_never_given_twice(tmp_path: Path) -> None:
    registry = Registry(tmp_path)
    with ThreadPoolExecutor(8) as pool:
        packages = list(pool.map(lambda number: registry.register("group", {"number": number}), range(16)))
    assert sorted(package["ModelPackageVersion"] for package in packages) == list(range(1, 17))
    assert registry.versions("group") == list(range(1, 17))
    assert registry.versions("other") == []
    for package in packages:
        assert json.loads((tmp_path / "group" / f"{package['ModelPackageVersion']}.json").read_text()) == package
        assert package["ModelPackageArn"].endswith(f":model-package/group/{package['ModelPackageVersion']}")


@pytest.mark.parametrize("group", ["../x", "", "a/b", "-a", "a_b"])
def test_groups_that_are_none(tmp_path: Path, group: str) -> None:
    with pytest.raises(BackendError, match="not the name of a model package group"):
        Registry(tmp_path).register(group, {})


@pytest.mark.parametrize(
    ("step", "prefix", "start"),
    [
        ("Train", "", "pipelines-local0000001-Train-"),
        ("my_step", "lgbm-train", "lgbm-train-local0000001-my-step-"),
        ("S" * 64, "p" * 63, "p" * 24 + "-local0000001-S"),
        ("__", "--", "pipelines-local0000001-"),
    ],
)
def test_job_names(step: str, prefix: str, start: str) -> None:
    name = job_name("local0000001", step, prefix)
    assert name.startswith(start)
    assert name == job_name("local0000001", step, prefix)
    assert re.fullmatch(r"[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}", name)
    assert name != job_name("local0000002", step, prefix)
