"""The sensor-forecast example as a user runs it, smaller: a copy of it in a project of its own, through the command line."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from framework.errors import BackendError
from framework.local.isolation import choose_runner
from framework.local.state import read_description

for package in ("numpy", "optuna", "pandas"):
    pytest.importorskip(package, reason="the example and its tuning step need it")

ROOT = Path(__file__).resolve().parents[2]
EXAMPLE = "examples/sensor-forecast"
SMALL = ("--set", "models.sensor.tune.max_jobs=3", "-p", "Epochs=2", "-p", "PredictionLength=24")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    try:
        choose_runner(tmp_path / "probe")
    except BackendError as error:
        pytest.skip(str(error))
    shutil.copytree(ROOT / EXAMPLE, tmp_path / EXAMPLE, ignore=shutil.ignore_patterns("data", "__pycache__"))
    shutil.copytree(ROOT / "conf", tmp_path / "conf")
    shutil.copy(ROOT / "env.env", tmp_path)
    python(tmp_path, f"{EXAMPLE}/make_data.py", "--sensors", "6", "--weeks", "4")
    return tmp_path


def python(project: Path, *words: str) -> str:
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run([sys.executable, *words], cwd=project, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def described(project: Path, step: str) -> dict[str, Any]:
    [folder] = (project / ".smp" / "runs").glob(f"*/steps/{step}")
    return read_description(folder)


def test_the_best_model_of_the_tuning_forecasts(project: Path) -> None:
    command = ("-m", "framework", "--env-file", "env.env", "-c", f"{EXAMPLE}/conf/conf.yaml", "run", "--local")
    shown = python(project, *command, *SMALL)
    assert "rmse_over_seasonal_naive" in shown
    tuning = described(project, "sensor-Tuning")
    assert tuning["TrainingJobStatusCounters"]["Completed"] == tuning["ObjectiveStatusCounters"]["Succeeded"] == 3
    values = [job["FinalHyperParameterTuningJobObjectiveMetric"]["Value"] for job in tuning["TrainingJobSummaries"]]
    assert values == sorted(values), "the least RMSE comes first"
    assert len(set(values)) == 3, "the hyperparameters that are searched make a difference"
    model = described(project, "sensor-CreateModel")["PrimaryContainer"]["ModelDataUrl"]
    assert f"/{tuning['BestTrainingJob']['TrainingJobName']}/output/" in model
    [answers] = (project / ".smp" / "s3").rglob("requests.json.out")
    predictions = [json.loads(line) for line in answers.read_text().splitlines()]
    assert [len(made["mean"]) for made in predictions] == [24] * 6
    assert set(predictions[0]["quantiles"]) == {"0.1", "0.5", "0.9"}
