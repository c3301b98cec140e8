"""AutoML steps on this machine: a real search on small data, and its model served by a Transform step."""

from __future__ import annotations

import json
import random
import tarfile
from pathlib import Path
from typing import Any

import botocore.session
import pytest

from framework.errors import BackendError
from framework.local.backend import LocalBackend
from framework.local.isolation import choose_runner
from framework.local.state import read_description
from framework.local.step_types import STEP_TYPES, automl
from framework.pipeline.compiled import CompiledPipeline, Upload
from framework.pipeline.execution import Execution

CONTAINER = "Steps.Aml.BestCandidate.InferenceContainers[0]"
VARIABLES = (
    "MODEL_NAME",
    "SAGEMAKER_DEFAULT_INVOCATIONS_ACCEPT",
    "SAGEMAKER_SUBMIT_DIRECTORY",
    "SAGEMAKER_INFERENCE_SUPPORTED",
    "SAGEMAKER_INFERENCE_OUTPUT",
    "SAGEMAKER_PROGRAM",
)


@pytest.fixture
def backend(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> LocalBackend:
    try:
        choose_runner(tmp_path / "probe")
    except BackendError as error:
        pytest.skip(str(error))
    monkeypatch.setitem(STEP_TYPES, "AutoML", automl.STEP_TYPE)
    return LocalBackend(tmp_path / ".smp")


def houses(count: int, seed: int) -> list[list[str]]:
    """Size, district (sometimes missing), noise, price: the price is decided by size and district."""
    chance = random.Random(seed)
    rows = []
    for _ in range(count):
        size, district = chance.uniform(30, 200), chance.choice(["north", "south", ""])
        price = 3 * size + {"north": 200, "south": 0, "": 90}[district] + chance.gauss(0, 5)
        rows.append([f"{size:.1f}", district, f"{chance.random():.3f}", f"{price:.1f}"])
    return rows


def table(rows: list[list[str]], header: str = "") -> bytes:
    return "".join(f"{line}\n" for line in ([header] if header else []) + [",".join(row) for row in rows]).encode()


def search(target: str, **arguments: Any) -> dict[str, Any]:
    """An AutoML step as the SDK makes it."""
    source = {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": "s3://b/d"}}
    return {
        "Name": "Aml",
        "Type": "AutoML",
        "Arguments": {
            "InputDataConfig": [{"DataSource": source, "TargetAttributeName": target, "ChannelType": "training"}],
            "OutputDataConfig": {"S3OutputPath": "s3://b/aml"},
            "AutoMLJobConfig": {"CompletionCriteria": {"MaxAutoMLJobRuntimeInSeconds": 3600}, "Mode": "ENSEMBLING"},
            **arguments,
        },
    }


def serving(**environment: str) -> list[dict[str, Any]]:
    """The steps that make a model of the best candidate and send data to it, as the SDK makes them."""
    variables = {name: {"Get": f"{CONTAINER}.Environment['{name}']"} for name in VARIABLES}
    container = {
        "Image": {"Get": f"{CONTAINER}.Image"},
        "ModelDataUrl": {"Get": f"{CONTAINER}.ModelDataUrl"},
        "Environment": {**variables, **environment},
    }
    source = {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": "s3://b/new"}}
    transform = {
        "ModelName": {"Get": "Steps.Model.ModelName"},
        "TransformInput": {"DataSource": source, "ContentType": "text/csv", "SplitType": "Line"},
        "TransformOutput": {"S3OutputPath": "s3://b/out", "AssembleWith": "Line"},
    }
    return [
        {"Name": "Model", "Type": "Model", "Arguments": {"PrimaryContainer": container}},
        {"Name": "Score", "Type": "Transform", "Arguments": transform},
    ]


def run(backend: LocalBackend, files: dict[str, bytes], *steps: dict[str, Any]) -> Execution:
    uploads = tuple(Upload(f"s3://b/{name}", "", content) for name, content in files.items())
    return backend.run(CompiledPipeline("pipe", {"Steps": list(steps)}, uploads), {})


def told(backend: LocalBackend, execution: Execution) -> dict[str, Any]:
    assert execution.status == "Succeeded", execution.steps[-1].get("FailureReason")
    return read_description(backend.log_path(execution, "Aml").parent)


def test_a_regression_is_found_and_served(backend: LocalBackend, tmp_path: Path) -> None:
    header = "size,district,noise,price"
    fresh = houses(30, 2)
    files = {
        "d/one.csv": table(houses(120, 0), header),
        "d/two.csv": table(houses(60, 1), header),
        "new/rows.csv": table([row[:3] for row in fresh]),
    }
    execution = run(backend, files, search("price"), *serving())
    about = told(backend, execution)
    assert about["Simulated"] == automl.SIMULATED
    assert f"[local run] {automl.SIMULATED}" in backend.log_path(execution, "Aml").read_text()
    assert about["ResolvedAttributes"] == {"ProblemType": "Regression", "AutoMLJobObjective": {"MetricName": "MSE"}}
    assert about["AutoMLJobSecondaryStatus"] == "Completed"
    best = about["BestCandidate"]
    final = best["FinalAutoMLJobObjectiveMetric"]
    assert final["Type"] == "Minimize"
    assert 15 < final["Value"] < 400, "the noise alone is 25, a guess would be over 20000"
    store = tmp_path / ".smp/s3/b"
    predicted = [float(line) for line in (store / "out/rows.csv.out").read_text().split()]
    assert [float(row[3]) for row in fresh] == pytest.approx(predicted, abs=60)
    base = store / f"aml/{about['AutoMLJobName']}"
    board = json.loads((base / "leaderboard.json").read_text())
    assert board[0]["name"] == best["CandidateName"]
    assert {entry["name"] for entry in board} == {"Linear", "HistGradientBoosting", "RandomForest", "ExtraTrees"}
    values = [entry["metrics"]["MSE"]["value"] for entry in board]
    assert values == sorted(values)
    properties = about["BestCandidateProperties"]
    insights = json.loads((store / properties["ModelInsightsJsonReportPath"].removeprefix("s3://b/")).read_text())
    assert insights["regression_metrics"]["mse"]["value"] == final["Value"]
    explained = json.loads((store / properties["ExplainabilityJsonReportPath"].removeprefix("s3://b/")).read_text())
    importance = explained["explanations"]["permutation_importance"]["label0"]["global_importance"]
    assert importance["size"] > importance["district"] > importance["noise"]
    assert (store / best["CandidateProperties"]["CandidateArtifactLocations"]["Explainability"].removeprefix("s3://b/")).is_dir()
    with tarfile.open(store / best["InferenceContainers"][0]["ModelDataUrl"].removeprefix("s3://b/")) as packed:
        assert sorted(packed.getnames()) == ["code/inference.py", "model.json", "model.pkl"]
    model: Any = botocore.session.get_session().get_service_model("sagemaker")
    assert set(best) <= set(model.shape_for("AutoMLCandidate").members)
    assert set(model.shape_for("AutoMLCandidate").required_members) <= set(best)
    assert set(about) - set(model.shape_for("DescribeAutoMLJobResponse").members) == {"Simulated", "BestCandidateProperties"}


def test_classes_by_a_validation_channel(backend: LocalBackend, tmp_path: Path) -> None:
    def flats(count: int, seed: int) -> list[list[str]]:
        return [[*row[:2], "dear" if float(row[3]) > 350 else "cheap"] for row in houses(count, seed)]

    header = "size,district,class"
    files = {
        "d/rows.csv": table(flats(150, 0), header),
        "v/rows.csv": table(flats(60, 1), header),
        "new/rows.csv": b"size,district\n200,north\n31,south\n",
    }
    source = {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": "s3://b/v"}}
    step = search("class", ProblemType="BinaryClassification", AutoMLJobObjective={"MetricName": "AUC"})
    step["Arguments"]["InputDataConfig"].append({"DataSource": source, "TargetAttributeName": "class", "ChannelType": "validation"})
    step["Arguments"]["AutoMLJobConfig"]["CompletionCriteria"]["MaxCandidates"] = 1
    wanted = {"SAGEMAKER_INFERENCE_OUTPUT": "predicted_label, probability,labels"}
    about = told(backend, run(backend, files, step, *serving(**wanted)))
    assert about["AutoMLJobSecondaryStatus"] == "MaxCandidatesReached"
    assert about["BestCandidate"]["CandidateName"] == "Linear"
    assert about["BestCandidate"]["FinalAutoMLJobObjectiveMetric"]["Value"] > 0.95
    assert about["BestCandidate"]["InferenceContainers"][0]["Environment"]["SAGEMAKER_INFERENCE_SUPPORTED"].count(",") == 3
    first, second = (tmp_path / ".smp/s3/b/out/rows.csv.out").read_text().splitlines()
    assert first.startswith("dear,0.9")
    assert second.startswith("cheap,0.0")
    assert first.endswith(',"[""cheap"", ""dear""]"')


def test_what_cannot_be_searched(backend: LocalBackend) -> None:
    def reason(data: bytes, step: dict[str, Any]) -> str:
        execution = run(backend, {"d/rows.csv": data}, step)
        assert execution.status == "Failed"
        return str(execution.steps[-1]["FailureReason"])

    rows = table(houses(20, 0), "size,district,noise,price")
    assert reason(rows, search("cost")) == (
        "AlgorithmError: there is no column cost, the TargetAttributeName; there are size, district, noise, price, exit code: 1"
    )
    together = "ClientError: ProblemType and AutoMLJobObjective are given together or not at all"
    assert reason(rows, search("price", ProblemType="Regression")) == together
    parquet = search("price")
    parquet["Arguments"]["InputDataConfig"][0]["ContentType"] = "x-application/vnd.amazon+parquet"
    assert "the stand-in reads CSV with a header" in reason(rows, parquet)
    assert "no channel of ChannelType training" in reason(rows, search("price", InputDataConfig=[]))


def test_a_missing_library_is_named(backend: LocalBackend) -> None:
    """The program without any installed package, in a job that has what it needs else."""
    application = {"ImageUri": "i", "ContainerEntrypoint": ["python", "-S", str(automl.PROGRAM)]}
    step = {"Name": "Bare", "Type": "Processing", "Arguments": {"AppSpecification": application}}
    execution = backend.run(CompiledPipeline("pipe", {"Steps": [step]}), {})
    cure = "pip install 'sagemaker-pipelines-framework[local]'"
    assert (
        execution.steps[0]["FailureReason"]
        == f"AlgorithmError: the AutoML stand-in needs the package scikit-learn: {cure}, exit code: 1"
    )
