"""The engine of local runs: in parallel, retried, reused, resumed, in parts, and what is kept of it all."""

from __future__ import annotations

import dataclasses
import json
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from framework.errors import BackendError
from framework.findings import FindingsError
from framework.local import step_types
from framework.local.backend import LocalBackend
from framework.local.isolation import choose_runner
from framework.local.job import StepRun
from framework.local.retries import Clock
from framework.pipeline.compiled import CompiledPipeline, LocalSettings
from framework.pipeline.execution import Execution


@pytest.fixture
def backend(tmp_path: Path) -> LocalBackend:
    try:
        choose_runner(tmp_path / "probe")
    except BackendError as error:
        pytest.skip(str(error))
    return LocalBackend(tmp_path / ".smp")


def shell(name: str, script: str, *after: str, uri: str = "", inputs: str = "", **keys: Any) -> dict[str, Any]:
    output = {"OutputName": "o", "S3Output": {"S3Uri": uri or f"s3://b/{name}", "LocalPath": "/opt/ml/processing/o"}}
    source = {"InputName": "i", "S3Input": {"S3Uri": inputs, "LocalPath": "/opt/ml/processing/i"}}
    arguments = {
        "AppSpecification": {"ImageUri": "image", "ContainerEntrypoint": ["/bin/sh", "-c", f"cd /opt/ml/processing; {script}"]},
        "ProcessingOutputConfig": {"Outputs": [output]},
        "ProcessingInputs": [source] if inputs else [],
    }
    return {"Name": name, "Type": "Processing", "Arguments": arguments, "DependsOn": list(after), **keys}


def pipeline(*steps: dict[str, Any], name: str = "pipe", **parameters: Any) -> CompiledPipeline:
    declared = [{"Name": key, "Type": "String", "DefaultValue": value} for key, value in parameters.items()]
    return CompiledPipeline(name, {"Parameters": declared, "Steps": list(steps)})


def state(execution: Execution, name: str) -> Any:
    return next(each for each in execution.steps if each["StepName"] == name)


def statuses(execution: Execution) -> dict[str, str]:
    return {each["StepName"]: each["StepStatus"] for each in execution.steps}


Answer = Any


@pytest.fixture
def scripted(monkeypatch: pytest.MonkeyPatch) -> dict[str, Answer]:
    """Processing without processes: for a step's name, a function that is called with its StepRun."""
    answers: dict[str, Answer] = {}
    kind = step_types.STEP_TYPES["Processing"]

    def run(step: StepRun) -> dict[str, Any]:
        more = answers[step.step["Name"]](step) if step.step["Name"] in answers else {}
        return {**step.arguments, "ProcessingJobName": step.job_name, "ProcessingJobArn": step.job_arn, **(more or {})}

    types = {**step_types.STEP_TYPES, "Processing": dataclasses.replace(kind, run=run)}
    monkeypatch.setattr(step_types, "STEP_TYPES", types)
    return answers


def test_ready_steps_run_at_once_as_many_as_allowed(backend: LocalBackend, scripted: dict[str, Answer]) -> None:
    lock, running, most = threading.Lock(), [0], [0]

    def work(_: StepRun) -> None:
        with lock:
            running[0] += 1
            most[0] = max(most[0], running[0])
        time.sleep(0.02)
        with lock:
            running[0] -= 1

    steps = [shell(f"S{number}", "") for number in range(12)]
    scripted.update({step["Name"]: work for step in steps})
    for parallelism in (1, 3):
        most[0] = 0
        assert backend.run(pipeline(*steps), {}, parallelism=parallelism).status == "Succeeded"
        assert most[0] == parallelism


def test_a_loop_keeps_its_own_limit(backend: LocalBackend, scripted: dict[str, Answer]) -> None:
    lock, running, most = threading.Lock(), [0], [0]

    def work(_: StepRun) -> None:
        with lock:
            running[0] += 1
            most[0] = max(most[0], running[0])
        time.sleep(0.01)
        with lock:
            running[0] -= 1

    scripted.update({f"B-{number}": work for number in range(9)})
    loop = {"IterableItems": list(range(9)), "MaxConcurrency": 2, "ForEachBody": [shell("B", "")]}
    done = backend.run(pipeline({"Name": "L", "Type": "ForEach", "Arguments": loop}), {}, parallelism=8)
    assert (done.status, most[0], len(done.steps)) == ("Succeeded", 2, 10)


def test_what_the_engine_itself_takes(backend: LocalBackend, scripted: dict[str, Answer]) -> None:
    steps = [shell(f"S{number}", "", *([f"S{number - 1}"] if number % 2 else [])) for number in range(500)]
    begin = time.perf_counter()
    assert backend.run(pipeline(*steps), {}, parallelism=2).status == "Succeeded"
    assert (time.perf_counter() - begin) / len(steps) < 0.015


def test_watch_is_told_each_status_once(backend: LocalBackend, scripted: dict[str, Answer]) -> None:
    told: list[tuple[str, str]] = []
    logs: set[str] = set()

    def watch(each: Any) -> None:
        told.append((each["StepName"], each["StepStatus"]))
        logs.add(each["LogPath"])

    done = backend.run(pipeline(shell("A", "")), {}, watch)
    assert told == [("A", "Starting"), ("A", "Executing"), ("A", "Succeeded")]
    assert logs == {str(backend.log_path(done, "A"))}
    assert "LogPath" not in state(done, "A")


class NoTime(Clock):
    def __init__(self) -> None:
        self.time, self.waits = 0.0, list[float]()

    def now(self) -> float:
        return self.time

    def wait(self, seconds: float, stopped: threading.Event) -> None:
        self.waits.append(seconds)
        self.time += seconds


def test_retries(backend: LocalBackend, scripted: dict[str, Answer]) -> None:
    names: list[str] = []

    def flaky(step: StepRun) -> None:
        assert not (step.folder / "ml").exists()
        (step.folder / "ml").mkdir()
        names.append(step.job_name)
        if len(names) < 3:
            raise OSError("the network is gone")

    clock = backend.clock = NoTime()
    scripted["A"] = flaky
    policy = {"ExceptionType": ["Step.SERVICE_FAULT"], "IntervalSeconds": 10, "BackoffRate": 2.0, "MaxAttempts": 5}
    done = backend.run(pipeline(shell("A", "", RetryPolicies=[policy])), {})
    assert (done.status, state(done, "A")["AttemptCount"], clock.waits) == ("Succeeded", 3, [10, 20])
    assert len(set(names)) == 3, "each attempt is a job of its own"
    assert "attempt 1 failed: InternalServerError: OSError: the network is gone" in "\n".join(backend.log_tail(done, "A", 99))


def test_retries_end(backend: LocalBackend, scripted: dict[str, Answer]) -> None:
    def broken(_: StepRun) -> None:
        raise OSError("the network is gone")

    backend.clock = NoTime()
    scripted["A"] = broken
    policy = {"ExceptionType": ["SageMaker.JOB_INTERNAL_ERROR"], "MaxAttempts": 2}
    done = backend.run(pipeline(shell("A", "", RetryPolicies=[policy])), {})
    assert (done.status, state(done, "A")["AttemptCount"]) == ("Failed", 3)
    assert state(done, "A")["FailureReason"].startswith("InternalServerError")


CACHED = {"CacheConfig": {"Enabled": True, "ExpireAfter": "PT1H"}}


def test_a_step_is_reused_while_its_inputs_and_outputs_are_the_same(backend: LocalBackend, tmp_path: Path) -> None:
    raw = tmp_path / ".smp/s3/b/raw/x.txt"
    raw.parent.mkdir(parents=True)
    raw.write_text("1")
    first_step = shell("A", "cat i/x.txt > o/y.txt", inputs="s3://b/raw", **CACHED)
    second_step = shell("B", "cat i/y.txt i/y.txt > o/z.txt", "A", inputs="s3://b/A", **CACHED)
    made = tmp_path / ".smp/s3/b/B/z.txt"

    def hits() -> list[str]:
        done = backend.run(pipeline(first_step, second_step), {})
        assert done.status == "Succeeded"
        return [each["StepName"] for each in done.steps if "CacheHitResult" in each]

    assert hits() == []
    first = backend.executions()[0]
    assert hits() == ["A", "B"]
    second = backend.executions()[0]
    source = {"SourcePipelineExecutionArn": first.description["PipelineExecutionArn"]}
    assert state(second, "A")["CacheHitResult"] == source
    assert state(second, "A")["Metadata"] == state(first, "A")["Metadata"]
    raw.write_text("2")
    assert hits() == []
    assert made.read_text() == "22"
    raw.write_text("1")
    assert hits() == [], "the outputs of the first run were overwritten by those of the third"
    assert made.read_text() == "11"
    made.write_text("damaged")
    assert hits() == ["A"]
    assert made.read_text() == "11"
    other = backend.run(pipeline(first_step, second_step, name="other"), {})
    assert not any("CacheHitResult" in each for each in other.steps), "a pipeline reuses only its own steps"


def test_an_old_success_is_not_reused(backend: LocalBackend, scripted: dict[str, Answer], monkeypatch: pytest.MonkeyPatch) -> None:
    backend.run(pipeline(shell("A", "", **CACHED)), {})
    assert "CacheHitResult" in backend.run(pipeline(shell("A", "", **CACHED)), {}).steps[0]
    now = time.time()
    monkeypatch.setattr("framework.local.caching.time.time", lambda: now + 3601)
    assert "CacheHitResult" not in backend.run(pipeline(shell("A", "", **CACHED)), {}).steps[0]


def test_a_failure_is_not_reused_and_a_success_of_a_failed_execution_is(backend: LocalBackend) -> None:
    steps = [shell("A", "true", **CACHED), shell("B", "exit 1", "A", **CACHED)]
    assert backend.run(pipeline(*steps), {}).status == "Failed"
    again = backend.run(pipeline(*steps), {})
    assert "CacheHitResult" in state(again, "A")
    assert statuses(again) == {"A": "Succeeded", "B": "Failed"}


def test_resuming_goes_on_from_what_succeeded(backend: LocalBackend, tmp_path: Path) -> None:
    gate = tmp_path / ".smp/s3/b/gate/open"
    steps = [
        shell("A", "date +%N > o/x"),
        shell("B", "cat i/* > o/y", "A", inputs="s3://b/gate"),
        {
            "Name": "C",
            "Type": "Condition",
            "Arguments": {
                "Conditions": [{"Type": "Equals", "LeftValue": {"Get": "Parameters.P"}, "RightValue": "1"}],
                "IfSteps": [shell("D", "cat i/x > o/x", inputs="s3://b/A")],
                "ElseSteps": [],
            },
            "DependsOn": ["B"],
        },
    ]
    failed = backend.run(pipeline(*steps, P="0"), {"P": "1"})
    assert statuses(failed) == {"A": "Succeeded", "B": "Failed"}
    assert backend.resumable(failed.id)
    stamp = (tmp_path / ".smp/s3/b/A/x").read_text()
    gate.parent.mkdir(parents=True)
    gate.write_text("1")
    done = backend.resume(failed.id)
    assert done.status == "Succeeded"
    assert "FailureReason" not in done.description
    assert statuses(done) == dict.fromkeys("ABCD", "Succeeded")
    assert state(done, "A") == state(failed, "A")
    assert (tmp_path / ".smp/s3/b/D/x").read_text() == stamp, "A has not run again"
    assert not backend.resumable(failed.id)
    assert backend.resume(failed.id) == done, "there is nothing more to do"
    assert [each.id for each in backend.executions()] == [failed.id]


def test_resuming_a_loop_keeps_the_items_that_succeeded(backend: LocalBackend, scripted: dict[str, Answer]) -> None:
    ran: list[str] = []
    fails = [True]

    def work(step: StepRun) -> None:
        ran.append(step.step["Name"])
        if step.step["Name"] == "B-1" and fails[0]:
            raise ValueError("not yet")

    scripted.update({f"B-{number}": work for number in range(3)})
    loop = {"IterableItems": '["x", "y", "z"]', "MaxConcurrency": 1, "ForEachBody": [shell("B", "")]}
    steps = [{"Name": "L", "Type": "ForEach", "Arguments": loop}]
    failed = backend.run(pipeline(*steps), {})
    assert statuses(failed) == {"L": "Failed", "B-0": "Succeeded", "B-1": "Failed"}
    fails[0] = False
    done = backend.resume(failed.id)
    assert done.status == "Succeeded"
    assert ran == ["B-0", "B-1", "B-1", "B-2"]


def test_a_part_takes_the_rest_from_an_earlier_execution(backend: LocalBackend, scripted: dict[str, Answer]) -> None:
    ran: list[str] = []
    scripted.update({name: lambda step: ran.append(step.step["Name"]) for name in "ABCD"})
    steps = [
        shell("A", ""),
        shell("B", "", Description="uses A")
        | {"Arguments": {"AppSpecification": {"ContainerEntrypoint": ["true", {"Get": "Steps.A.ProcessingJobName"}]}}},
        shell("C", "", "B"),
        shell("D", ""),
    ]
    with pytest.raises(FindingsError) as caught:
        backend.run(pipeline(*steps), {}, select=["B"])
    assert [str(finding) for finding in caught.value.findings] == [
        "selection SMP803 the chosen steps need results of A, and no earlier execution of pipe here has them. "
        "Try: run the whole pipeline first, or choose these steps too."
    ]
    whole = backend.run(pipeline(*steps), {}, parallelism=1)
    ran.clear()
    part = backend.run(pipeline(*steps), {}, select=["B"])
    assert ran == ["B"]
    assert statuses(part) == {"A": "Succeeded", "B": "Succeeded"}
    source = {"SourcePipelineExecutionArn": whole.description["PipelineExecutionArn"]}
    assert state(part, "A")["SelectiveExecutionResult"] == source
    assert part.description["SelectiveExecutionConfig"] == {"SelectedSteps": [{"StepName": "B"}], **source}
    again = backend.run(pipeline(*steps), {}, select=["C"])
    assert state(again, "B")["SelectiveExecutionResult"] == {
        "SourcePipelineExecutionArn": part.description["PipelineExecutionArn"]
    }, "the newest one that has B"


def test_strict_refuses_what_would_only_be_recorded(backend: LocalBackend, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def run(step: StepRun) -> dict[str, Any]:
        return {"ProcessingJobArn": step.job_arn, "Simulated": "there is no cluster here"}

    def simulated(step: Any, settings: LocalSettings) -> str | None:
        return "there is no cluster here" if step["Name"] == "A" else None

    kind = step_types.STEP_TYPES["Processing"]
    stand_in = dataclasses.replace(kind, run=run, simulated=simulated)
    monkeypatch.setattr(step_types, "STEP_TYPES", {"Processing": stand_in})
    nested = {"Name": "C", "Type": "Condition", "Arguments": {"Conditions": [{"Type": "Equals"}], "IfSteps": [shell("A", "")]}}
    with pytest.raises(FindingsError, match="SMP802 step A would only be recorded: there is no cluster here"):
        backend.run(pipeline(nested), {}, strict=True)
    assert not (tmp_path / ".smp/runs").exists()
    late = backend.run(pipeline(shell("B", "")), {}, strict=True)
    assert "only recorded" in state(late, "B")["FailureReason"]
    lenient = backend.run(pipeline(nested), {})
    assert state(lenient, "A")["Simulated"] == "there is no cluster here"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"Conditions": [{"Type": "Equals"}], "IfSteps": [{"Name": "X", "Type": "Athena"}]}, "step X is of type Athena"),
        ({"Conditions": [{"Type": "Not", "Condition": {"Type": "Is"}}]}, "step C has a condition of type Is, which does not exist"),
        ({"Conditions": [{"Type": "Equals"}], "ElseSteps": [{"Name": "C", "Type": "Model"}]}, "2 steps are named C"),
        (
            {"Conditions": [{"Type": "Equals"}], "IfSteps": [{"Name": "X", "Type": "Model", "DependsOn": ["Y"]}]},
            "depends on Y, which",
        ),
        (
            {"Conditions": [{"Type": "Equals", "LeftValue": {"Get": "Steps.X.y"}}], "IfSteps": [{"Name": "X", "Type": "Model"}]},
            "C → X → C",
        ),
    ],
)
def test_what_cannot_run_inside_of_a_condition(backend: LocalBackend, arguments: Any, message: str, tmp_path: Path) -> None:
    with pytest.raises(FindingsError) as caught:
        backend.run(pipeline({"Name": "C", "Type": "Condition", "Arguments": arguments}), {})
    assert message in str(caught.value)
    assert not (tmp_path / ".smp/runs").exists()


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ([], "step L is of type ForEach and has no ForEachBody"),
        ([{"Name": "X", "Type": "Athena"}], "step X is of type Athena"),
        ([{"Name": "X", "Type": "Fail"}], "step X is of type Fail, which may not stand in the body of L"),
        ([{"Name": "X", "Type": "Model"}], "step X-1 is named like an iteration of X"),
    ],
)
def test_what_cannot_run_inside_of_a_loop(backend: LocalBackend, body: Any, message: str) -> None:
    loop = {"Name": "L", "Type": "ForEach", "Arguments": {"IterableItems": [1], "ForEachBody": body}}
    with pytest.raises(FindingsError) as caught:
        backend.run(pipeline(loop, {"Name": "X-1", "Type": "Model"}), {})
    assert message in str(caught.value)


def test_executions_are_listed_newest_first(backend: LocalBackend, scripted: dict[str, Answer], tmp_path: Path) -> None:
    first = backend.run(pipeline(shell("A", "")), {})
    second = backend.run(pipeline(shell("A", ""), name="other"), {})
    (tmp_path / ".smp/runs/local0000009").mkdir()  # a tool killed before its execution had begun
    assert [each.id for each in backend.executions()] == [second.id, first.id]
    assert [each.id for each in backend.executions("pipe")] == [first.id]
    with pytest.raises(BackendError, match=r"there is none\. Try: name one of local0000002, local0000001"):
        backend.execution("local0000009")


def test_a_torn_line_of_the_journal_is_nothing(backend: LocalBackend, scripted: dict[str, Answer], tmp_path: Path) -> None:
    def killed(_: StepRun) -> None:
        raise SystemExit

    scripted["B"] = killed
    with pytest.raises(SystemExit):
        backend.run(pipeline(shell("A", ""), shell("B", "", "A")), {})
    run = tmp_path / ".smp/runs/local0000001"
    states = {each["StepName"]: each for each in json.loads((run / "steps.json").read_text())}
    assert {name: each["StepStatus"] for name, each in states.items()} == {"A": "Succeeded", "B": "Stopped"}
    torn = json.dumps({**states["B"], "StepStatus": "Succeeded"})
    (run / "steps.jsonl").write_text(json.dumps({**states["B"], "StepStatus": "Executing"}) + "\n" + torn[:-4])
    assert statuses(backend.execution("local0000001")) == {"A": "Succeeded", "B": "Executing"}
    scripted.clear()
    assert statuses(backend.resume("local0000001")) == {"A": "Succeeded", "B": "Succeeded"}
