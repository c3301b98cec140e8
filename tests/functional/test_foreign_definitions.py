"""Definitions that others made (SageMaker's SDKs, the original framework) run for real; the table says what fails, and why.

Scripts and data are stand-ins, derived from each definition by `foreign`; everything else is the engine's own.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from framework.errors import BackendError
from framework.local import callbacks
from framework.local.backend import LocalBackend
from framework.local.isolation import choose_runner
from framework.local.state import read_description
from framework.local.store import LocalStore
from framework.pipeline.compiled import CompiledPipeline, LocalSettings, StandIn
from framework.pipeline.execution import SUCCEEDED, Execution, StepState
from tests.functional.foreign import Foreign

ROOT = Path(__file__).resolve().parents[2]
DEFINITIONS = ROOT / "tests/conformance/definitions"
IMAGES = ("*sagemaker-scikit-learn*", "*tensorflow-training*", "*sagemaker-xgboost*")
HANDLER = """
def handler(event, context):
    return {"statusCode": 200, "i": event["n"], "f": 0.5, "b": True}
"""


@dataclass(frozen=True)
class Case:
    """How a definition runs, and what comes of it.

    Attributes:
        file: below DEFINITIONS.
        ended: the execution's status.
        failed: for each step that fails, a part of the reason.
        unreached: steps that do not start: branches that are not taken, and what comes after a failure.
        recorded: steps that are only recorded.
        parameters, number, how: of the run.
    """

    file: str
    ended: str = SUCCEEDED
    failed: dict[str, str] = field(default_factory=dict)
    unreached: str = ""
    recorded: str = ""
    parameters: dict[str, str] = field(default_factory=dict)
    number: float = 0.25
    how: dict[str, Any] = field(default_factory=dict)


NO_METRICS = "model_evaluation_metricsmodel_evaluation_metrics.json"
"""The original framework joins the output and the report's name without a slash, so that its metrics point at nothing."""

NO_BASELINE = "there is no previous baseline to {} as"
SPECIAL = [
    Case("original/multi.json", "Failed", {"calhousing-tf-Register-RegisterModel": NO_METRICS}),
    Case("original/tf.json", "Failed", {"calhousing-Register-RegisterModel": NO_METRICS}),
    *(
        case
        for sdk, register in (("v2", "Register-RegisterModel"), ("v3", "Register"))
        for case in (
            Case(f"sdk-{sdk}/c02_condition.json", unreached="LowQuality", number=0.95),
            Case(
                f"sdk-{sdk}/c02_condition.json",
                "Failed",
                {"LowQuality": "accuracy below threshold: 0.25"},
                unreached=register,
            ),
            Case(f"sdk-{sdk}/c02b_conditions_all.json", "Failed", {"F3": "x"}, "Inner F0 F1 F2"),
            Case(f"sdk-{sdk}/c03_params.json", parameters={"NoDefault": "net", "Epochs": "7", "Flag": "false"}),
            Case(f"sdk-{sdk}/c04_emr.json", recorded="Emr EmrNew"),
            Case(f"sdk-{sdk}/c04_lambda_callback.json"),
        )
    ),
    Case(
        "sdk-v2/c02b_conditions_all.json",
        "Failed",
        {"F0": "x", "F2": "x"},
        "F1 F3",
        parameters={"N": "2"},
        how={"keep_going": True},
    ),
    Case(  # its training job declares no metrics
        "sdk-v3/c02b_conditions_all.json",
        "Failed",
        {"Outer": "FinalMetricDataList['loss'].Value\"} leads nowhere: there is no loss at FinalMetricDataList"},
        "Inner F0 F1 F2 F3",
        parameters={"N": "2"},
    ),
    Case("sdk-v2/c04_automl.json", recorded="Aml"),
    Case(
        "sdk-v2/c04_quality_clarify.json",
        "Failed",
        {
            "ModelQ": NO_BASELINE.format("check against"),
            "DataBias": NO_BASELINE.format("check against"),
            "ModelBias": NO_BASELINE.format("check against"),
            "Explain": NO_BASELINE.format("check against"),
        },
        "Reg-RegisterModel",
        parameters={"Skip": "true"},
        how={"keep_going": True},
    ),
    Case(
        "sdk-v3/c04_quality_clarify.json",
        "Failed",
        {
            "ModelQ": NO_BASELINE.format("check against"),
            "DataBias": NO_BASELINE.format("check against"),
            "Explain": NO_BASELINE.format("check against"),
        },
        parameters={"Skip": "true"},
        how={"keep_going": True},
    ),
    Case("sdk-v2/c09_builtin_algo.json", "Failed", {"Xgb": "channel train is of input mode Pipe"}),
    Case("sdk-v3/c04_emr_serverless.json", recorded="EmrS"),
    Case("sdk-v3/c10_endpoint.json", recorded="Ep"),
]
NAMES = sorted(str(path.relative_to(DEFINITIONS)) for path in DEFINITIONS.rglob("*.json"))
CASES = [*SPECIAL, *(Case(name) for name in NAMES if name not in {case.file for case in SPECIAL})]


def read(case: Case) -> dict[str, Any]:
    definition: dict[str, Any] = json.loads((DEFINITIONS / case.file).read_text())
    return definition


def seed(state: Path, foreign: Foreign) -> None:
    store = LocalStore(state / "s3")
    for uri, content in foreign.objects().items():
        store.put(uri, content)


def settings(folder: Path, foreign: Foreign) -> LocalSettings:
    (folder / "stand_in.py").write_text(foreign.script)
    (folder / "function.py").write_text(HANDLER)
    words = ("python", "-SE", str(folder / "stand_in.py"))
    return LocalSettings(
        images=tuple((glob, StandIn(process=words, train=words)) for glob in IMAGES),
        lambdas=(("*:function:f", f"{folder / 'function.py'}:handler"),),
    )


class Answers:
    """Answers every callback of a run, with the address of some data."""

    def __init__(self, state: Path) -> None:
        self._state, self._over = state, threading.Event()
        self._thread = threading.Thread(target=self._run)

    def _run(self) -> None:
        while not self._over.wait(0.05):
            for callback in callbacks.list(self._state):
                callbacks.answer(self._state, callback.token, outputs=dict.fromkeys(callback.outputs, "s3://oracle-bucket/answer"))

    def __enter__(self) -> None:
        LocalStore(self._state / "s3").put("s3://oracle-bucket/answer/rows.csv", b"1\n")
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()


@pytest.fixture
def state(tmp_path: Path) -> Path:
    try:
        choose_runner(tmp_path / "probe")
    except BackendError as error:
        pytest.skip(str(error))
    return tmp_path / ".smp"


def started(definition: dict[str, Any]) -> set[str]:
    """The names of the steps that can start; those of a loop's body count as its two iterations."""
    names: set[str] = set()
    for step in definition["Steps"]:
        names.add(step["Name"])
        arguments = step.get("Arguments") or {}
        for branch in ("IfSteps", "ElseSteps"):
            names |= started({"Steps": arguments.get(branch) or []})
        names |= {f"{inner['Name']}-{index}" for inner in arguments.get("ForEachBody") or () for index in (0, 1)}
    return names


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.file}{' '.join(['', *case.failed])}")
def test_a_foreign_definition(case: Case, state: Path, tmp_path: Path) -> None:
    definition = read(case)
    foreign = Foreign(definition, case.number)
    seed(state, foreign)
    backend = LocalBackend(state, settings=settings(tmp_path, foreign))
    told: list[StepState] = []
    with Answers(state):
        done = backend.run(CompiledPipeline("x", definition), case.parameters, told.append, **case.how)
    reasons = {each["StepName"]: each["FailureReason"] for each in done.steps if each["StepStatus"] == "Failed"}
    assert done.status == case.ended, done.description
    assert {each["StepName"] for each in done.steps} == started(definition) - set(case.unreached.split())
    assert reasons.keys() == case.failed.keys(), reasons
    assert [name for name, part in case.failed.items() if part not in reasons[name]] == [], reasons
    assert {each["StepName"] for each in done.steps if each.get("Simulated")} == set(case.recorded.split())
    _everything_is_written(state, done)
    assert list(backend.execution(done.id).steps) == list(done.steps)


def _everything_is_written(state: Path, done: Execution) -> None:
    """Every output and every model of a step that succeeded lies in the store."""
    store = LocalStore(state / "s3")
    for each in done.steps:
        if each["StepStatus"] != SUCCEEDED:
            continue
        folder = state / "runs" / done.id / "steps" / each["StepName"]
        about = read_description(folder)
        for output in (about.get("ProcessingOutputConfig") or {}).get("Outputs") or ():
            if each["StepName"] == "Extra":  # runs `python3 -c 1`
                assert f"output {output['OutputName']} is empty" in (folder / "log.txt").read_text()
            else:
                assert store.find(output["S3Output"]["S3Uri"])
        if "ModelArtifacts" in about:
            assert store.object(about["ModelArtifacts"]["S3ModelArtifacts"])


@pytest.mark.parametrize("name", ["sdk-v2/c01_unit.json", "sdk-v3/c05_repack.json", "original/lgbm.json"])
def test_the_command_runs_a_foreign_definition(name: str, state: Path, tmp_path: Path) -> None:
    seed(state, Foreign(read(Case(name))))
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"}
    words = ["-m", "framework", "--format", "json", "run", "--local", "--definition", str(DEFINITIONS / name)]
    how: dict[str, Any] = {"cwd": tmp_path, "env": environment, "capture_output": True, "text": True, "timeout": 60}
    shown = subprocess.run([sys.executable, *words], check=False, **how)
    assert shown.returncode == 0, shown.stderr
    assert LocalBackend(state).executions()[0].status == SUCCEEDED
    assert json.loads(shown.stdout)["PipelineExecutionStatus"] == SUCCEEDED
