"""Tuning steps on this machine: every training job is a real process with a /opt/ml of its own."""

from __future__ import annotations

import io
import json
import signal
import sys
import tarfile
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from framework.errors import BackendError
from framework.local.backend import LocalBackend
from framework.local.isolation import choose_runner
from framework.local.state import read_description
from framework.local.step_types import STEP_TYPES, tuning
from framework.local.store import LocalStore
from framework.pipeline.compiled import CompiledPipeline, Upload
from framework.pipeline.execution import Execution

TRAIN = """
import argparse, json, os, pathlib
parser = argparse.ArgumentParser()
parser.add_argument("--lr", type=float, required=True)
parser.add_argument("--units", type=int, required=True)
parser.add_argument("--opt", choices=["adam", "sgd"], required=True)
parser.add_argument("--epochs", type=int, required=True)
given = parser.parse_args()
rows = pathlib.Path(os.environ["SM_CHANNEL_TRAIN"], "rows.csv").read_text().split()
print("rows", len(rows), "loss=99")
print(f"loss={abs(given.lr - 0.01) * 10 + given.units / 100 + (given.opt == 'sgd')}")
pathlib.Path(os.environ["SM_MODEL_DIR"], "model.json").write_text(json.dumps(vars(given)))
"""
METRICS = [{"Name": "loss", "Regex": "loss=([0-9.e-]+)"}]


@pytest.fixture
def backend(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> LocalBackend:
    try:
        choose_runner(tmp_path / "probe")
    except BackendError as error:
        pytest.skip(str(error))
    monkeypatch.setitem(STEP_TYPES, "Tuning", tuning.STEP_TYPE)
    backend = LocalBackend(tmp_path / ".smp")
    backend.grace_seconds = 0.2
    return backend


def archive(script: str) -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w:gz") as packed:
        member = tarfile.TarInfo("train.py")
        member.size = len(script.encode())
        packed.addfile(member, io.BytesIO(script.encode()))
    return stream.getvalue()


DATA = Upload("s3://b/d/rows.csv", "", b"1\n2\n")


def tune(ranges: dict[str, Any], strategy: str = "Random", jobs: int | None = 4, **definition: Any) -> dict[str, Any]:
    """A Tuning step as the SDK makes it, changed as wanted."""
    limits = {"MaxParallelTrainingJobs": 2, **({"MaxNumberOfTrainingJobs": jobs} if jobs else {})}
    script = {"sagemaker_program": "train.py", "sagemaker_submit_directory": "s3://b/code/sourcedir.tar.gz"}
    channel = {"ChannelName": "train", "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": "s3://b/d"}}}
    return {
        "Name": "Tune",
        "Type": "Tuning",
        "Arguments": {
            "HyperParameterTuningJobConfig": {
                "Strategy": strategy,
                "ResourceLimits": limits,
                "HyperParameterTuningJobObjective": {"Type": "Minimize", "MetricName": "loss"},
                "ParameterRanges": ranges,
                "TrainingJobEarlyStoppingType": "Off",
            },
            "TrainingJobDefinition": {
                "AlgorithmSpecification": {"TrainingInputMode": "File", "TrainingImage": "i", "MetricDefinitions": METRICS},
                "OutputDataConfig": {"S3OutputPath": "s3://b/m"},
                "StoppingCondition": {"MaxRuntimeInSeconds": 60},
                "StaticHyperParameters": script,
                "InputDataConfig": [channel],
                **definition,
            },
        },
    }


def choices(**values: list[str]) -> dict[str, Any]:
    return {"CategoricalParameterRanges": [{"Name": name, "Values": listed} for name, listed in values.items()]}


def run(backend: LocalBackend, script: str, *steps: dict[str, Any]) -> Execution:
    """Runs a pipeline; the code of its training jobs is the script, whichever was there before."""
    code = LocalStore(backend._state.store).path("s3://b/code/sourcedir.tar.gz")
    code.parent.mkdir(parents=True, exist_ok=True)
    code.write_bytes(archive(script))
    return backend.run(CompiledPipeline("pipe", {"Steps": list(steps)}, (DATA,)), {})


def told(backend: LocalBackend, execution: Execution) -> dict[str, Any]:
    assert execution.status == "Succeeded", execution.steps[-1].get("FailureReason")
    return read_description(backend.log_path(execution, "Tune").parent)


def reason(execution: Execution) -> str:
    assert execution.status == "Failed"
    return str(execution.steps[-1]["FailureReason"])


SPACE = {
    "ContinuousParameterRanges": [{"Name": "lr", "MinValue": "0.0001", "MaxValue": "0.1", "ScalingType": "Logarithmic"}],
    "CategoricalParameterRanges": [{"Name": "opt", "Values": ["adam", "sgd"]}],
    "IntegerParameterRanges": [{"Name": "units", "MinValue": "8", "MaxValue": "64", "ScalingType": "Auto"}],
}
BEST = {"Std:Join": {"On": "/", "Values": ["s3:/", "b", "m", {"Get": "Steps.Tune.TrainingJobSummaries[0].TrainingJobName"}]}}
REGISTER = {
    "Name": "Register",
    "Type": "RegisterModel",
    "Arguments": {
        "ModelPackageGroupName": "tuned",
        "InferenceSpecification": {
            "Containers": [{"Image": "i", "ModelDataUrl": {"Std:Join": {"On": "/", "Values": [BEST, "output/model.tar.gz"]}}}]
        },
    },
}


@pytest.mark.parametrize("quote", [json.dumps, str], ids=["v2", "v3"])
def test_the_best_model_goes_on(backend: LocalBackend, tmp_path: Path, quote: Callable[[str], str]) -> None:
    static = {
        "epochs": "3",
        "sagemaker_program": quote("train.py"),
        "sagemaker_submit_directory": quote("s3://b/code/sourcedir.tar.gz"),
        "sagemaker_region": quote("us-east-1"),
    }
    execution = run(backend, TRAIN, tune(SPACE, "Bayesian", 5, StaticHyperParameters=static), REGISTER)
    about = told(backend, execution)
    arn = execution.steps[0]["Metadata"]["TuningJob"]["Arn"]
    assert arn == about["HyperParameterTuningJobArn"]
    assert ":hyper-parameter-tuning-job/" in arn
    summaries = about["TrainingJobSummaries"]
    losses = [entry["FinalHyperParameterTuningJobObjectiveMetric"]["Value"] for entry in summaries]
    assert losses == sorted(losses)
    assert len(set(losses)) == 5
    assert about["BestTrainingJob"] == summaries[0]
    assert about["TrainingJobStatusCounters"]["Completed"] == about["ObjectiveStatusCounters"]["Succeeded"] == 5
    best = summaries[0]
    values = best["TunedHyperParameters"]
    sgd = values["opt"] == "sgd"
    assert losses[0] == pytest.approx(abs(float(values["lr"]) - 0.01) * 10 + int(values["units"]) / 100 + sgd), (
        "the last value counts"
    )
    package = json.loads((tmp_path / ".smp/registry/tuned/1.json").read_text())
    model = f"m/{best['TrainingJobName']}/output/model.tar.gz"
    assert package["InferenceSpecification"]["Containers"][0]["ModelDataUrl"] == f"s3://b/{model}"
    with tarfile.open(tmp_path / ".smp/s3/b" / model) as packed:
        trained = json.load(packed.extractfile("model.json") or io.BytesIO())
    assert trained == {"lr": float(values["lr"]), "units": int(values["units"]), "opt": values["opt"], "epochs": 3}
    log = backend.log_path(execution, "Tune").read_text()
    assert log.count("rows 2 loss=99\n") == 5, "the logs of all training jobs are in the step's"
    assert f"the best of 5 training jobs is {best['TrainingJobName']}" in log
    assert not (backend.log_path(execution, "Tune").parent / "trials").exists()


def test_a_tuning_job_repeats(backend: LocalBackend) -> None:
    sleeping = TRAIN + "import random, time; time.sleep(random.random() / 5)\n"
    step = tune(SPACE, "Bayesian", 7, StaticHyperParameters={**tuned_script(), "epochs": "1"})

    def tried() -> list[dict[str, str]]:
        summaries = told(backend, run(backend, sleeping, step))["TrainingJobSummaries"]
        return [entry["TunedHyperParameters"] for entry in summaries]

    assert tried() == tried(), "whichever training job ends first"


def tuned_script() -> dict[str, str]:
    return {"sagemaker_program": "train.py", "sagemaker_submit_directory": "s3://b/code/sourcedir.tar.gz"}


def test_a_grid_runs_two_at_once_and_outlives_failures(backend: LocalBackend) -> None:
    script = """
import sys, time
print("loss=5" if sys.argv[2] == "a" else "gain=1", end="" if sys.argv[2] != "b" else None)
if sys.argv[2] == "b":
    sys.exit("ValueError: b is bad")
time.sleep(0.5)
"""
    execution = run(backend, script, tune(choices(n=["a", "b", "c"]), "Grid", None))
    about = told(backend, execution)
    by_value = {entry["TunedHyperParameters"]["n"]: entry for entry in about["TrainingJobSummaries"]}
    assert list(by_value) == ["a", "b", "c"], "those without objective come last"
    assert {n: entry["TrainingJobStatus"] for n, entry in by_value.items()} == {"a": "Completed", "b": "Failed", "c": "Completed"}
    assert by_value["b"]["FailureReason"] == "AlgorithmError: ValueError: b is bad, exit code: 1"
    assert by_value["c"]["ObjectiveStatus"] == "Failed"
    notes = [line for line in backend.log_path(execution, "Tune").read_text().splitlines() if "[local run]" in line]
    assert len(notes) == 7
    assert all(line.startswith("[local run]") for line in notes), "a log without a last end of line gets one"
    assert by_value["b"]["TrainingStartTime"] < by_value["a"]["TrainingEndTime"], "b began while a ran"
    assert about["TrainingJobStatusCounters"]["NonRetryableError"] == 1
    assert about["ObjectiveStatusCounters"] == {"Succeeded": 1, "Pending": 0, "Failed": 2}


def test_a_tuning_job_without_a_result(backend: LocalBackend) -> None:
    grid = choices(n=["a", "b"])
    failed = run(backend, "raise ValueError('no luck')", tune(grid, "Grid", 2))
    assert reason(failed).startswith("AlgorithmError: all 2 training jobs failed; ")
    assert reason(failed).endswith(": ValueError: no luck, exit code: 1")
    kept = backend.log_path(failed, "Tune").parent / "trials"
    assert sorted(path.name for path in kept.iterdir()) == ["001", "002"], "what they saw is kept for whoever looks for the fault"
    silent = run(backend, "print('loss=nan')", tune(grid, "Grid", 2))
    assert reason(silent) == "ClientError: none of 2 training jobs wrote the objective metric loss to its log"
    nowhere = [{"ChannelName": "c", "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": "s3://b/nothing"}}}]
    missing = reason(run(backend, TRAIN, tune(grid, "Grid", 2, InputDataConfig=nowhere)))
    assert missing.startswith("ClientError: Reading s3://b/nothing failed: ")
    refused = run(backend, TRAIN, tune({}, "Random", 2))
    assert "there are no ParameterRanges" in reason(refused)


def test_time_is_limited(backend: LocalBackend) -> None:
    marker = f"tuning-{uuid.uuid4().hex}"
    script = f"""
import subprocess, sys
print("loss=1", flush=True)
if sys.argv[2] != "a":
    subprocess.run([{sys.executable!r}, "-S", "-c", "import time; time.sleep(300)", {marker!r}])
"""
    step = tune(choices(n=["a", "b", "c", "d"]), "Grid", None)
    step["Arguments"]["HyperParameterTuningJobConfig"]["ResourceLimits"]["MaxRuntimeInSeconds"] = 2
    begin = time.monotonic()
    about = told(backend, run(backend, script, step))
    assert time.monotonic() - begin < 20
    assert gone(marker)
    assert [entry["TrainingJobStatus"] for entry in about["TrainingJobSummaries"]] == ["Completed", "Stopped", "Stopped"]
    assert about["TrainingJobSummaries"][1]["FailureReason"] == "Stopped: the tuning job reached MaxRuntimeInSeconds = 2"
    assert about["TrainingJobStatusCounters"]["Stopped"] == 2


def test_an_interrupted_tuning_job_leaves_nothing_running(backend: LocalBackend) -> None:
    marker = f"tuning-{uuid.uuid4().hex}"
    script = f"""
import subprocess, sys
subprocess.run([{sys.executable!r}, "-S", "-c", "import time; time.sleep(300)", {marker!r}])
"""

    def interrupt(*_: object) -> None:
        if gone(marker, 0):
            signal.setitimer(signal.ITIMER_REAL, 0.1)  # not there yet
            return
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGALRM, interrupt)
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.1)
        begin = time.monotonic()
        with pytest.raises(KeyboardInterrupt):
            run(backend, script, tune(choices(n=["a", "b", "c"]), "Grid", None))
        assert time.monotonic() - begin < 20
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert gone(marker)


def gone(marker: str, seconds: float = 5.0) -> bool:
    """Whether no process of this machine has the marker in its command line, within so many seconds."""
    end = time.monotonic() + seconds
    while True:
        if not any(marker.encode() in _line(path) for path in Path("/proc").glob("[0-9]*/cmdline")):
            return True
        if time.monotonic() >= end:
            return False
        time.sleep(0.02)


def _line(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""
