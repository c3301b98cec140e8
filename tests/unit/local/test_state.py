"""What is kept of executions, and who runs them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from framework.errors import BackendError
from framework.local.ownership import OWNER, Ownership, owned
from framework.local.processes import identity
from framework.local.record import Record
from framework.local.registry import Registry
from framework.local.state import JOURNAL, STEPS, RunOptions, read_execution, shown
from framework.pipeline.compiled import CompiledPipeline


@pytest.fixture
def record(tmp_path: Path) -> Record:
    compiled = CompiledPipeline("Pipe", {"Steps": []})
    return Record.begin_run(tmp_path / "local0000001", compiled, {}, RunOptions("Pipe"), lambda _: None)


def states(folder: Path) -> dict[str, str]:
    return {name: state["StepStatus"] for name, state in read_execution(folder)[1].items()}


def test_a_change_is_one_line_until_the_end(record: Record) -> None:
    for number in range(50):
        record.begin({"Name": f"S{number}"})
        record.fail(f"S{number}", "why")
    journal = (record.folder / JOURNAL).read_text().splitlines()
    assert len(journal) == 100
    assert max(map(len, journal)) < 250
    assert json.loads((record.folder / STEPS).read_text()) == []
    assert states(record.folder) == {f"S{number}": "Failed" for number in range(50)}
    record.finish("Failed")
    assert not (record.folder / JOURNAL).exists()
    assert len(json.loads((record.folder / STEPS).read_text())) == 50


def test_every_beginning_of_the_journal_can_be_read(record: Record) -> None:
    record.begin({"Name": "A"})
    record.step_folder("A").mkdir(parents=True)
    record.succeed("A", {"x": 1}, Metadata={})
    record.begin({"Name": "B"})
    record.close()
    whole = (record.folder / JOURNAL).read_bytes()
    for length in range(len(whole) + 1):
        (record.folder / JOURNAL).write_bytes(whole[:length])
        assert set(states(record.folder)) <= {"A", "B"}
    resumed = Record.resume_run(record.folder, lambda _: None)
    assert resumed.statuses() == {"A": "Succeeded"}
    assert resumed.succeeded("A") == {"x": 1}


def test_a_line_that_did_not_fit_does_not_spoil_the_next(record: Record) -> None:
    class Full:
        def __init__(self, file: Any) -> None:
            self.file = file

        def write(self, line: bytes) -> int:
            return int(self.file.write(line[:20]))

    record.begin({"Name": "A"})
    file = record._journal
    record._journal = Full(file)  # type: ignore[assignment]
    with pytest.raises(BackendError, match="no room"):
        record.begin({"Name": "B"})
    record._journal = file
    record.begin({"Name": "C"})
    assert states(record.folder) == {"A": "Starting", "C": "Starting"}


def test_a_success_whose_description_is_lost_is_run_again(record: Record) -> None:
    record.begin({"Name": "A"})
    record.step_folder("A").mkdir(parents=True)
    record.succeed("A", {"x": 1}, Metadata={})
    record.close()
    (record.step_folder("A") / "description.json").write_text("")
    assert Record.resume_run(record.folder, lambda _: None).statuses() == {}


def test_after_the_end_nothing_changes(record: Record) -> None:
    record.begin({"Name": "A"})
    record.finish("Stopped")
    record.fail("A", "late")
    assert shown(record.folder).steps[0]["StepStatus"] == "Stopped"


def test_the_options_come_back(record: Record, tmp_path: Path) -> None:
    options = RunOptions("p", "eu-west-1", True, True, ("A",), "arn", (("s3://b", "/data"),))
    Record.begin_run(tmp_path / "local0000002", CompiledPipeline("p", {}), {}, options, lambda _: None)
    assert RunOptions.read(tmp_path / "local0000002") == options


def test_one_owner_at_a_time(tmp_path: Path) -> None:
    assert not owned(tmp_path)
    with Ownership(tmp_path):
        assert owned(tmp_path)
        with pytest.raises(BackendError, match="another process is running it"):
            Ownership(tmp_path)
    assert not owned(tmp_path)
    with Ownership(tmp_path):
        assert json.loads((tmp_path / OWNER).read_text()) == identity(os.getpid())


def test_a_dead_owner_is_none(tmp_path: Path) -> None:
    process = subprocess.Popen([sys.executable, "-S", "-c", "input()"], stdin=subprocess.PIPE)
    (tmp_path / OWNER).write_text(json.dumps(identity(process.pid)))
    assert owned(tmp_path)
    process.communicate()
    assert not owned(tmp_path)
    (tmp_path / OWNER).write_text(json.dumps({**identity(os.getpid()), "start": "1"}))
    assert not owned(tmp_path), "its number was given to another process"
    with Ownership(tmp_path):
        assert owned(tmp_path)


def test_who_registers_twice_gets_the_first_version(tmp_path: Path) -> None:
    registry = Registry(tmp_path)
    first = registry.with_token("run/A").register("g", {"x": 1})
    registry.with_token("run/B").register("g", {"x": 2})
    assert registry.with_token("run/A").register("g", {"x": 1}) == first
    assert [registry.register("g", {})["ModelPackageVersion"] for _ in range(2)] == [3, 4]
    assert registry.versions("g") == [1, 2, 3, 4]
