"""Tuning, checks, AutoML and notebook jobs from configuration to results: compiled, and run on this machine for real."""

from __future__ import annotations

import json
import tarfile
from typing import TYPE_CHECKING, Any

import pytest

from framework.errors import BackendError
from framework.local.backend import LocalBackend
from framework.local.isolation import choose_runner
from framework.local.state import read_description
from tests.conftest import IMAGE

if TYPE_CHECKING:
    from framework.pipeline.execution import Execution
    from tests.conftest import Project

for package in ("pandas", "sklearn", "nbformat", "papermill"):
    pytest.importorskip(package)

ROWS = "label,age,income\n" + "".join(f"{int(age > 45)},{age},{1000 + (age * 37) % 90}\n" for age in range(20, 80)) * 3
TRAIN = """
import argparse, json, os, pathlib
parser = argparse.ArgumentParser()
parser.add_argument("--cut", type=float)
parser.add_argument("--side")
given = parser.parse_args()
rows = pathlib.Path(os.environ["SM_CHANNEL_TRAIN"], "d.csv").read_text().splitlines()[1:]
wrong = sum((float(row.split(",")[1]) > given.cut) != (row[0] == "1") for row in rows) + (given.side == "left")
print(f"wrong={wrong}")
pathlib.Path(os.environ["SM_MODEL_DIR"], "model.json").write_text(json.dumps(given.cut))
"""
INFERENCE = """
import json
def model_fn(folder):
    return json.loads(open(folder + "/model.json").read())
def input_fn(body, content_type):
    return [row.split(",") for row in body.split()]
def predict_fn(rows, cut):
    return [(float(row[0]) > cut, row[1]) for row in rows]
def output_fn(found, accept):
    return "".join(f"{int(yes)},{truth}\\n" for yes, truth in found)
"""
CELLS = ("n = '0'", "import helper\nopen('/opt/ml/output/data/made.txt', 'w').write(helper.twice(n))")


class Runs:
    """A project, and this machine to run it on; s3://lake is a folder of the project."""

    def __init__(self, project: Project) -> None:
        self.project = project
        project.write("lake/d.csv", ROWS)
        project.write("lake/ages.csv", "".join(f"{row.split(',')[1]},{row[0]}\n" for row in ROWS.split()[1:]))
        project.model["train"] |= {"channels": {"train": {"dataFiles": [{"fileName": "s3://lake/d.csv"}]}}}
        project.pipeline["models"]["churn"]["steps"] = []
        self.state = project.root / ".smp"
        self.backend = LocalBackend(self.state, [("s3://lake", str(project.root / "lake"))])

    def run(self, *steps: dict[str, Any]) -> Execution:
        self.project.pipeline["models"]["churn"]["steps"] = list(steps)
        outcome = self.project.compile()
        errors = [finding for finding in outcome.findings if finding.severity == "error"]
        assert outcome.compiled is not None, errors
        assert not errors
        execution = self.backend.run(outcome.compiled, {})
        assert execution.status == "Succeeded", [step.get("FailureReason") for step in execution.steps]
        return execution

    def told(self, execution: Execution, step: str) -> Any:
        return read_description(self.backend.log_path(execution, step).parent)

    def content(self, uri: str) -> bytes:
        return (self.state / "s3" / uri.removeprefix("s3://")).read_bytes()


@pytest.fixture
def runs(project: Project) -> Runs:
    try:
        choose_runner(project.root / "probe")
    except BackendError as error:
        pytest.skip(str(error))
    return Runs(project)


TUNE = {
    "objective_metric_name": "wrong",
    "metric_definitions": [{"Name": "wrong", "Regex": "wrong=([0-9]+)"}],
    "hyperparameter_ranges": {"cut": {"min": 30, "max": 60}, "side": {"values": ["left", "right"]}},
    "strategy": "Random",
    "max_jobs": 5,
    "max_parallel_jobs": 2,
    "random_seed": 3,
}


def test_the_best_model_is_repacked_serves_and_is_watched(runs: Runs) -> None:
    """A search; its best model with the script packed into it; a batch transform whose outcome is checked; a version of it."""
    project = runs.project
    project.write("src/train.py", TRAIN)
    project.write("src/inference.py", INFERENCE)
    project.model["tune"] = TUNE
    project.model["transform"] = {"channels": {"test": {"dataFiles": [{"fileName": "s3://lake/ages.csv"}]}}}
    project.model["registry"] |= {
        "ModelRepack": True,
        "metadata": {"owner": "risk"},
        "drift_check_baselines": {
            "model_quality": {"statistics": "${steps.score.CalculatedBaselineStatistics}",
                              "constraints": "${steps.score.CalculatedBaselineConstraints}"},
        },
    }  # fmt: skip
    monitor = {
        "step_class": "QualityCheck",
        "check_type": "MODEL_QUALITY",
        "image_uri": "model-monitor",
        "dataset_format": {"csv": {"header": False}},
        "problem_type": "BinaryClassification",
        "inference_attribute": "_c0",
        "ground_truth_attribute": "_c1",
        "skip_check": True,
        "register_new_baseline": True,
    }
    execution = runs.run(
        {"step_name": "fit", "step_class": "Tuning", "enable_cache": True},
        {"step_name": "model", "step_class": "CreateModel"},
        {"step_name": "score", "step_class": "MonitorBatchTransform", "monitor": monitor},
        {"step_name": "register", "step_class": "RegisterModel"},
    )
    about = runs.told(execution, "fit")
    best = about["BestTrainingJob"]
    objective = best["FinalHyperParameterTuningJobObjectiveMetric"]["Value"]
    assert objective == min(job["FinalHyperParameterTuningJobObjectiveMetric"]["Value"] for job in about["TrainingJobSummaries"])
    assert len(about["TrainingJobSummaries"]) == 5
    packed = runs.told(execution, "model-RepackModel")["ModelArtifacts"]["S3ModelArtifacts"]
    path = runs.state / "s3" / packed.removeprefix("s3://")
    with tarfile.open(path) as archive:
        names = {name.removeprefix("./") for name in archive.getnames()}
        member = next(name for name in archive.getnames() if name.endswith("model.json"))
        cut = json.loads(archive.extractfile(member).read())  # type: ignore[union-attr]
    assert {"model.json", "code/inference.py"} <= names
    assert cut == float(best["TunedHyperParameters"]["cut"]), "the model is that of the best training job"
    check = runs.told(execution, "score-monitoring")
    metrics = json.loads(runs.content(check["CalculatedBaselineStatistics"]))["binary_classification_metrics"]
    rows = len(ROWS.split()) - 1
    truth = sum((float(row.split(",")[1]) > cut) == (row[0] == "1") for row in ROWS.split()[1:])
    assert metrics["accuracy"]["value"] == pytest.approx(truth / rows)
    package = json.loads((runs.state / "registry/churn-test-churn/1.json").read_text())
    assert package["InferenceSpecification"]["Containers"][0]["ModelDataUrl"] == packed
    assert package["DriftCheckBaselines"]["ModelQuality"]["Constraints"]["S3Uri"] == check["CalculatedBaselineConstraints"]
    assert package["CustomerMetadataProperties"]["owner"] == "risk"


def test_checks_of_data(runs: Runs) -> None:
    bias = {
        "dataset_type": "text/csv",
        "headers": ["label", "age", "income"],
        "label": "label",
        "label_values_or_threshold": [1],
        "facet": [{"name_or_index": "age", "value_or_threshold": [50]}],
        "methods": {"pre_training_bias": {"methods": ["CI", "DPL"]}},
    }
    common = {"dataset": "s3://lake/d.csv", "image_uri": "i", "skip_check": True, "register_new_baseline": True}
    execution = runs.run(
        {"step_name": "quality", "step_class": "QualityCheck", "check_type": "DATA_QUALITY", **common},
        {"step_name": "bias", "step_class": "ClarifyCheck", "check_type": "DATA_BIAS", "analysis_config": bias, **common},
    )
    statistics = json.loads(runs.content(runs.told(execution, "quality")["CalculatedBaselineStatistics"]))
    assert [feature["name"] for feature in statistics["features"]] == ["label", "age", "income"]
    analysis = json.loads(runs.content(runs.told(execution, "bias")["CalculatedBaselineConstraints"]))
    assert set(analysis["pre_training_bias_metrics"]["facets"]) == {"age"}


def test_a_model_is_explained(runs: Runs) -> None:
    """Clarify asks the model of the CreateModel step before it; the configuration need not name it."""
    pytest.importorskip("shap")
    project = runs.project
    project.write("src/train.py", TRAIN)
    project.write("src/inference.py", INFERENCE.replace('"{int(yes)},{truth}', '"{int(yes)}'))
    project.model["train"]["hyperparameters"] = {"cut": 45}
    project.model["registry"]["ModelRepack"] = True
    config = {
        "dataset_type": "text/csv",
        "headers": ["age", "label"],
        "methods": {"shap": {"baseline": [[30, 0]], "num_samples": 10, "agg_method": "mean_abs", "seed": 1}},
        "predictor": {"initial_instance_count": 1, "instance_type": "ml.m5.large"},
    }
    execution = runs.run(
        {"step_name": "fit", "step_class": "Training"},
        {"step_name": "model", "step_class": "CreateModel"},
        {"step_name": "explain", "step_class": "ClarifyCheck", "check_type": "MODEL_EXPLAINABILITY", "analysis_config": config,
         "dataset": "s3://lake/ages.csv", "image_uri": "clarify", "skip_check": True, "register_new_baseline": True},
    )  # fmt: skip
    analysis = json.loads(runs.content(runs.told(execution, "explain")["CalculatedBaselineConstraints"]))
    shown = analysis["explanations"]["kernel_shap"]["label0"]["global_shap_values"]
    assert shown["age"] > shown["label"] == 0


def test_automl_finds_a_model_that_is_created(runs: Runs) -> None:
    best = "${steps.auto.BestCandidate.InferenceContainers[0]"
    runs.project.model["registry"] = {"image_uri": best + ".Image}", "model_data_uri": "${steps.auto.outputs.model}"}
    execution = runs.run(
        {"step_name": "auto", "step_class": "AutoML", "dataset": "s3://lake/d.csv", "target_attribute": "label",
         "problem_type": "BinaryClassification", "objective": "F1", "max_candidates": 2, "max_runtime_seconds": 120},
        {"step_name": "model", "step_class": "CreateModel"},
    )  # fmt: skip
    about = runs.told(execution, "auto")
    assert about["BestCandidate"]["FinalAutoMLJobObjectiveMetric"]["Value"] > 0.9
    assert "/auto/output/" in about["OutputDataConfig"]["S3OutputPath"] + "/"
    found = runs.told(execution, "model")["PrimaryContainer"]
    assert found["ModelDataUrl"] == about["BestCandidate"]["InferenceContainers"][0]["ModelDataUrl"]


def test_a_notebook_runs_beside_its_neighbours(runs: Runs) -> None:
    import nbformat

    made = nbformat.v4.new_notebook()
    made.cells = [nbformat.v4.new_code_cell(source, id=f"c{at}") for at, source in enumerate(CELLS)]
    made.cells[0].metadata["tags"] = ["parameters"]
    runs.project.write("src/books/note.ipynb", str(nbformat.writes(made)))
    runs.project.write("src/lib/helper.py", "def twice(n):\n    return n + n\n")
    execution = runs.run(
        {"step_name": "note", "step_class": "NotebookJob", "input_notebook": "books/note.ipynb", "image_uri": IMAGE,
         "additional_dependencies": ["lib/helper.py"], "parameters": {"n": 21}},
    )  # fmt: skip
    about = runs.told(execution, "note")
    place = f"{about['OutputDataConfig']['S3OutputPath']}/{about['TrainingJobName']}/output/output.tar.gz"
    with tarfile.open(runs.state / "s3" / place.removeprefix("s3://")) as archive:
        names = {member.name.removeprefix("./"): member for member in archive.getmembers()}
        made_there = archive.extractfile(names["made.txt"]).read()  # type: ignore[union-attr]
    assert {"note.ipynb", "note-note.ipynb"} <= set(names)
    assert made_there == b"2121"
