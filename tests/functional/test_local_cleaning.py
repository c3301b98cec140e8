"""`smp local clean`: what goes, what stays, and that the state folder works whenever it is killed."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from framework.cli import smp
from framework.local import cleaning
from framework.local.backend import LocalBackend
from framework.local.ownership import Ownership
from framework.local.usage import alone, using
from framework.pipeline.compiled import CompiledPipeline

ROOT = Path(__file__).resolve().parents[2]
ALWAYS = {"Conditions": [{"Type": "Equals", "LeftValue": 1, "RightValue": 1}], "IfSteps": [], "ElseSteps": []}
STEPS = [{"Name": "A", "Type": "Condition", "Arguments": ALWAYS}]
CLEAN = """
import sys
from pathlib import Path
from framework.local import cleaning
print(flush=True)
root = Path(sys.argv[1])
cleaning.remove(root, cleaning.find(root, {"runs", "cache", "environments"}, 1))
"""
PARTS = {cleaning.RUNS, cleaning.CACHE, cleaning.ENVIRONMENTS}


def started(state: Path, count: int) -> None:
    for _ in range(count):
        assert LocalBackend(state, runner="plain").run(CompiledPipeline("pipe", {"Steps": STEPS}), {}).status == "Succeeded"


def fill(state: Path, name: str, size: int = 1000) -> Path:
    path = state / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"x" * size)
    return path


@pytest.fixture
def state(tmp_path: Path) -> Path:
    return tmp_path / ".smp"


def call(state: Path, *words: str) -> Result:
    return CliRunner().invoke(smp, ["--root", str(state.parent), "local", "clean", *words])


def names(state: Path) -> list[str]:
    return sorted(path.name for path in (state / "runs").iterdir())


def test_older_runs_are_listed_and_removed_when_asked_for(state: Path) -> None:
    started(state, 4)
    fill(state, "runs/local0000001/steps/A/ml/big", 5_000_000)
    for kept in ("s3/bucket/key", "registry/group/1.json", "cache/steps/key.json", "cache/environments/e/lib"):
        fill(state, kept)
    listed = call(state, "--keep", "2")
    assert [line.split() for line in listed.stdout.splitlines()][1][:4] == ["would", "remove", "5.0", "MB"]
    assert listed.stderr == "5.0 MB in 2 places; --yes removes them\n"
    assert len(names(state)) == 4
    done = call(state, "--keep", "2", "--yes")
    assert (done.exit_code, done.stderr) == (0, "5.0 MB in 2 places removed\n")
    assert names(state) == ["local0000003", "local0000004"]
    assert not any((state / "removed").iterdir())
    assert all((state / kept).is_file() for kept in ("s3/bucket/key", "registry/group/1.json", "cache/steps/key.json"))
    assert call(state).stdout == ""
    started(state, 1)
    assert names(state)[-1] == "local0000005", "no id is given twice"


def test_caches_and_environments_go_when_they_are_named(state: Path) -> None:
    started(state, 1)
    fill(state, "cache/steps/key.json")
    fill(state, "cache/environments/e/lib")
    assert call(state, "--cache", "--yes").exit_code == 0
    assert not (state / "cache/steps").exists()
    assert (state / "cache/environments/e/lib").exists()
    told = json.loads(call(state, "--all", "--keep", "0", "--format", "json").stdout)
    assert [(item["Path"], item["Removed"]) for item in told] == [("runs/local0000001", False), ("cache/environments", False)]
    assert call(state, "--all", "--keep", "0", "--yes").exit_code == 0
    assert not (state / "cache/environments").exists()
    started(state, 1)


def test_what_is_used_stays(state: Path) -> None:
    started(state, 3)
    fill(state, "cache/environments/e/lib")
    with using(state), Ownership(state / "runs/local0000001"):
        found = {item.name: item.kept for item in cleaning.find(state, PARTS, 0)}
        assert found["runs/local0000001"] == cleaning.GOES_ON
        assert found["cache/environments"] == cleaning.IN_USE
        cleaning.remove(state, [cleaning.Item(name, name.split("/")[0], 0) for name in found])  # as if it began just now
        assert names(state) == ["local0000001"]
        assert (state / "cache/environments/e/lib").exists()
    with alone(state) as free:
        assert free


def test_a_run_that_another_one_has_results_from_stays(state: Path) -> None:
    started(state, 2)
    steps = [*STEPS, {"Name": "B", "Type": "Condition", "Arguments": ALWAYS, "DependsOn": ["A"]}]
    LocalBackend(state, runner="plain").run(CompiledPipeline("pipe", {"Steps": steps}), {}, select=["B"], source="local0000001")
    assert call(state, "--keep", "1", "--yes").exit_code == 0
    assert names(state) == ["local0000001", "local0000003"]
    assert "keeps (a run that stays has results from it" in call(state, "--keep", "1").stdout


def test_links_are_not_followed(state: Path, tmp_path: Path) -> None:
    started(state, 2)
    precious = fill(tmp_path, "precious/data/file", 3000)
    (state / "runs/local0000001/link").symlink_to(precious.parents[1])
    (state / "runs/local0000001/file").hardlink_to(precious)
    (state / "cache/environments").symlink_to(precious.parents[1])
    found = {item.name: item for item in cleaning.find(state, PARTS, 1)}
    assert found["cache/environments"].kept == cleaning.LINK
    assert found["runs/local0000001"].size < 3000
    assert call(state, "--all", "--keep", "1", "--yes").exit_code == 0
    assert precious.read_bytes() == b"x" * 3000
    assert (state / "cache/environments").is_symlink()
    (state / "runs").rename(tmp_path / "elsewhere")
    (state / "runs").symlink_to(tmp_path / "elsewhere")
    assert "keeps (a link, not followed)" in call(state, "--keep", "0", "--yes").stdout
    assert (tmp_path / "elsewhere/local0000002/execution.json").is_file()


def test_folders_that_nobody_may_write_to_go_too(state: Path) -> None:
    started(state, 1)
    path = fill(state, "runs/local0000001/steps/A/ml/deep/er/file")
    for folder in (path.parent, path.parent.parent):
        folder.chmod(0o500)
    assert call(state, "--keep", "0", "--yes").exit_code == 0
    assert names(state) == []


def test_killed_at_any_moment_it_leaves_a_state_folder_that_works(state: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    words = [sys.executable, "-c", CLEAN, str(state)]
    chance = random.Random(7)
    started(state, 1)
    for round_ in range(5):
        started(state, 2)
        for number in range(150):
            fill(state, f"runs/{names(state)[0]}/steps/A/ml/{number}/file", 1)
            fill(state, f"cache/environments/e/{number}", 1)
        tool = subprocess.Popen(words, env=environment, stdout=subprocess.PIPE)
        assert tool.stdout is not None
        tool.stdout.readline()
        time.sleep(chance.uniform(0, 0.03))
        tool.send_signal(signal.SIGKILL)
        tool.communicate()
        executions = LocalBackend(state).executions()
        assert executions[0].id == f"local{1 + 2 * (round_ + 1):07}"
        assert {execution.status for execution in executions} == {"Succeeded"}
        assert all(LocalBackend(state).reports(execution) == [] for execution in executions)
        environments = state / "cache/environments/e"
        assert not environments.exists() or len(list(environments.iterdir())) == 150, "there as a whole or not at all"
    assert call(state, "--all", "--keep", "1", "--yes").exit_code == 0
    assert len(names(state)) == 1
    assert not any((state / "removed").iterdir())
    started(state, 1)


def test_nothing_is_made_where_nothing_has_run(state: Path) -> None:
    assert call(state, "--all", "--yes").exit_code == 0
    assert not state.exists()


def test_two_at_once(state: Path) -> None:
    started(state, 6)
    words = [sys.executable, "-m", "framework", "--root", str(state.parent), "local", "clean", "--all", "--keep", "1", "--yes"]
    tools: list[Any] = [subprocess.Popen(words, env={**os.environ, "PYTHONPATH": str(ROOT)}) for _ in range(2)]
    assert [tool.wait(60) for tool in tools] == [0, 0]
    assert names(state) == ["local0000006"]
