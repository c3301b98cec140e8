"""What is said before a run of images that nothing stands for, and what a resumed run still knows of how it began."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from framework.errors import BackendError
from framework.findings import FindingsError
from framework.local.backend import LocalBackend
from framework.local.isolation import choose_runner
from framework.local.state import RunOptions
from framework.pipeline.compiled import CompiledPipeline, LocalSettings, StandIn
from framework.pipeline.execution import Execution

SETTINGS = LocalSettings(
    data=(("s3://data", "/nowhere"),),
    images=(("alg*", StandIn(sys.executable, ("true",), ("true", "x"), ("false",), (("A", "1"),))),),
    lambdas=(("*:f", "/h.py:f"),),
    environment=("HOME", "LANG"),
)


@pytest.fixture
def state(tmp_path: Path) -> Path:
    try:
        choose_runner(tmp_path / "probe")
    except BackendError as error:
        pytest.skip(str(error))
    return tmp_path / ".smp"


def processing(name: str, image: Any, *words: str, **arguments: Any) -> dict[str, Any]:
    entry = {"ContainerEntrypoint": list(words)} if words else {}
    return {"Name": name, "Type": "Processing", "Arguments": {"AppSpecification": {"ImageUri": image, **entry}, **arguments}}


def training(name: str, image: Any) -> dict[str, Any]:
    specification = {"AlgorithmSpecification": {"TrainingImage": image}}
    return {"Name": name, "Type": "Training", "Arguments": {**specification, "OutputDataConfig": {"S3OutputPath": "s3://b/m"}}}


def pipeline(*steps: dict[str, Any], **more: Any) -> CompiledPipeline:
    return CompiledPipeline("pipe", {"Steps": list(steps), **more})


def refused(backend: LocalBackend, compiled: CompiledPipeline, **how: Any) -> list[str]:
    with pytest.raises(FindingsError) as caught:
        backend.run(compiled, {}, **how)
    assert not backend.executions()
    return [finding.message for finding in caught.value.findings]


def statuses(execution: Execution) -> dict[str, str]:
    return {each["StepName"]: each["StepStatus"] for each in execution.steps}


NO_ENTRY = "step {} cannot run here: no ContainerEntrypoint is given, and that of the image {} cannot run without the image"
NO_PROGRAM = (
    "step {} cannot run here: there is neither ContainerEntrypoint nor the hyperparameter sagemaker_program, "
    "and the algorithm of the image {} cannot run without the image"
)


def test_every_image_without_a_stand_in_is_named_before_the_run(state: Path) -> None:
    yes = {"Type": "Equals", "LeftValue": 1, "RightValue": 1}
    tuning = {"TrainingJobDefinition": {"AlgorithmSpecification": {"TrainingImage": "xgb:2"}}}
    steps = [
        processing("A", {"Get": "Parameters.Image"}),
        training("B", {"Std:Join": {"On": ":", "Values": ["xgb", {"Get": "Parameters.N"}]}}),
        {"Name": "C", "Type": "Condition", "Arguments": {"Conditions": [yes], "ElseSteps": [processing("D", "never")]}},
        {"Name": "L", "Type": "ForEach", "Arguments": {"IterableItems": "[]", "ForEachBody": [processing("E", "inner")]}},
        {"Name": "T", "Type": "Tuning", "Arguments": tuning},
        processing("Known", "stands"),
        processing("Later", {"Get": "Steps.A.AppSpecification.ImageUri"}),
    ]
    declared = [{"Name": "Image", "Type": "String", "DefaultValue": "own"}, {"Name": "N", "Type": "Integer", "DefaultValue": 1}]
    missing = {"Name": "X", "Type": "String"}
    backend = LocalBackend(state, settings=LocalSettings(images=(("stand*", StandIn(process=("true",))),)))
    named = [
        NO_ENTRY.format("A", "own"),
        NO_PROGRAM.format("B", "xgb:1"),
        NO_ENTRY.format("D", "never"),
        NO_ENTRY.format("E", "inner"),
        NO_PROGRAM.format("T", "xgb:2"),
    ]
    assert refused(backend, pipeline(*steps, Parameters=declared)) == named
    assert refused(backend, pipeline(*steps, Parameters=declared), select=["A"]) == named[:1]
    told = refused(backend, pipeline(*steps, Parameters=[missing]), strict=True)
    assert {"parameter X has no value and no default", NO_ENTRY.format("D", "never")} <= {*told}, "every other problem at once"


def test_an_image_known_only_when_the_step_begins_fails_the_step(state: Path) -> None:
    step = processing("B", {"Get": "Steps.A.AppSpecification.ImageUri"})
    done = LocalBackend(state).run(pipeline(processing("A", "own", "true"), step), {})
    assert statuses(done) == {"A": "Succeeded", "B": "Failed"}
    assert done.steps[1]["FailureReason"] == (
        "ClientError: no ContainerEntrypoint is given, and that of the image own cannot run without the image; "
        'write "own": {process: [program, argument, …]} into conf.local.images, or run with the runner docker'
    )


def test_how_a_run_began_is_kept_whole(state: Path) -> None:
    backend = LocalBackend(state, settings=SETTINGS, runner="plain")
    steps = [processing("A", "x", "true"), processing("B", "x", "false")]
    done = backend.run(pipeline(*steps), {}, parallelism=1, keep_going=True, strict=True, select=["A", "B"])
    assert RunOptions.read(state / "runs" / done.id) == RunOptions(
        "pipe", None, True, True, ("A", "B"), "", SETTINGS.data, SETTINGS, "plain", 1
    )


def test_a_resumed_run_has_the_stand_ins_data_and_runner_it_began_with(state: Path, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data/x").write_text("mapped\n")
    gate = tmp_path / "gate"
    stand_in = StandIn(
        process=("/bin/sh", "-c", f'test -z "$SMP_ML_PREFIX" || cat "$SMP_ML_PREFIX/processing/i/x"; test -e {gate}')
    )
    settings = LocalSettings(data=(("s3://data", str(tmp_path / "data")),), images=(("own", stand_in),))
    source = {"S3Uri": "s3://data/", "LocalPath": "/opt/ml/processing/i"}
    step = processing("A", "own", ProcessingInputs=[{"InputName": "i", "S3Input": source}])
    done = LocalBackend(state, settings=settings, runner="plain").run(pipeline(step), {})
    assert done.status == "Failed"
    gate.touch()
    again = LocalBackend(state)
    assert again.resume(done.id).status == "Succeeded"
    assert "mapped" in again.log_tail(done, "A"), "by the plain runner"


def test_a_resumed_run_takes_what_was_added_since(state: Path, tmp_path: Path) -> None:
    source = {"S3Uri": "s3://data/", "LocalPath": "/opt/ml/processing/i"}
    step = processing("A", "own", "cat", "/opt/ml/processing/i/x", ProcessingInputs=[{"InputName": "i", "S3Input": source}])
    old = LocalSettings(data=(("s3://data", str(tmp_path / "old")),))
    done = LocalBackend(state, settings=old).run(pipeline(step), {})
    assert f"nothing is in {tmp_path}/old (conf.local.data)" in done.steps[0]["FailureReason"]
    (tmp_path / "new").mkdir()
    (tmp_path / "new/x").write_text("new\n")
    new = LocalSettings(data=(("s3://data", str(tmp_path / "new")),))
    assert LocalBackend(state, settings=new).resume(done.id).status == "Succeeded"


def test_a_resumed_run_is_as_parallel_as_it_began(state: Path, tmp_path: Path) -> None:
    script = f"test -e {tmp_path}/gate || exit 1; mkdir {tmp_path}/one || exit 2; sleep 0.3; rmdir {tmp_path}/one"
    steps = [processing(name, "own", "/bin/sh", "-c", script) for name in "ABC"]
    done = LocalBackend(state).run(pipeline(*steps), {}, parallelism=1, keep_going=True)
    (tmp_path / "gate").touch()
    assert LocalBackend(state).resume(done.id).status == "Succeeded", "one step at a time"
    begin = time.monotonic()
    assert LocalBackend(state).resume(done.id, parallelism=3).status == "Succeeded"
    assert time.monotonic() - begin < 0.3, "it had succeeded already"


def test_a_run_kept_by_an_older_version_can_be_resumed(state: Path) -> None:
    done = LocalBackend(state).run(pipeline(processing("A", "own", "false")), {})
    path = state / "runs" / done.id / "run.json"
    kept = json.loads(path.read_text())
    for name in ("settings", "runner", "parallelism"):
        del kept[name]
    path.write_text(json.dumps(kept))
    assert LocalBackend(state).resume(done.id).status == "Failed"


def test_an_output_that_nothing_was_written_to_is_noted(state: Path) -> None:
    outputs = [
        {"OutputName": name, "S3Output": {"S3Uri": f"s3://b/{name}", "LocalPath": f"/opt/ml/processing/{name}"}} for name in "xy"
    ]
    step = processing("A", "own", "/bin/sh", "-c", "echo 1 > /opt/ml/processing/x/f", ProcessingOutputConfig={"Outputs": outputs})
    backend = LocalBackend(state)
    done = backend.run(pipeline(step), {})
    assert done.status == "Succeeded"
    assert backend.log_tail(done, "A") == [
        "[local run] output y is empty: the job wrote nothing to /opt/ml/processing/y, so that nothing new is at s3://b/y"
    ]
