"""Pipelines with endpoints, lineage, cleanup and EMR steps, from their configuration to a run on this machine."""

from __future__ import annotations

import json
import os
import sys
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner, Result

from framework.cli import smp
from framework.errors import BackendError
from framework.local.isolation import choose_runner

if TYPE_CHECKING:
    from tests.conftest import Project

TRAIN = """
import os, pathlib
model = pathlib.Path(os.environ.get("SM_MODEL_DIR", "/opt/ml/model"))
(model / "weights").write_text("3")
(model / "code").mkdir()
(model / "code" / "inference.py").write_text(pathlib.Path("inference.py").read_text())
"""
INFERENCE = """
import os
def model_fn(model_dir):
    return int(open(f"{model_dir}/weights").read())
def transform_fn(model, data, content_type, accept):
    return str(model * int(data)), "text/plain"
"""
ACTION = {"ActionName": "serving", "ActionType": "Deployment", "Source": {"SourceUri": "${steps.serve.EndpointArn}"}}
ARTIFACT = {"ArtifactName": "model", "ArtifactType": "Model", "Source": {"SourceUri": "${steps.fit.outputs.model}"}}
ASSOCIATION = {"Source": {"Name": "model", "Type": "Artifact"}, "Destination": {"Name": "serving", "Type": "Action"}}
SPARK = """#!{python}
import os, sys
with open({target!r}, "a") as file:
    file.write(" ".join(sys.argv[1:]) + "\\n")
"""


@pytest.fixture
def local(project: Project, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A project that trains and serves, and a way to call the tool on it."""
    try:
        choose_runner(project.root / "probe")
    except BackendError as error:
        pytest.skip(str(error))
    for name, value in project.variables.items():
        monkeypatch.setenv(name, value)
    project.write("src/train.py", TRAIN)
    project.write("src/inference.py", INFERENCE)
    steps = project.pipeline["models"]["churn"]["steps"]
    project.pipeline["models"]["churn"]["steps"] = [step for step in steps if step["step_name"] in {"fit", "model"}]
    project.step("fit").pop("chain_input_source_step")
    for section in ("preprocess", "evaluate"):
        del project.model[section]

    def call(*words: str) -> Result:
        project.save()
        return CliRunner().invoke(smp, ["--root", str(project.root), *words], catch_exceptions=False)

    return call


def add(project: Project, *steps: dict[str, Any]) -> None:
    project.pipeline["models"]["churn"]["steps"] += steps


def states(done: Result) -> dict[str, Any]:
    answer = json.loads(done.stdout)
    return {step["StepName"]: step for step in answer["Steps"]} | {"": answer["PipelineExecutionStatus"]}


def test_a_trained_model_answers_over_http_until_it_is_stopped(local: Any, project: Project) -> None:
    add(
        project,
        {"step_name": "config", "step_class": "EndpointConfig", "variants": [{"name": "blue", "instance_type": "ml.m5.large"}]},
        {"step_name": "serve", "step_class": "Endpoint", "endpoint_name": "churn-endpoint"},
        {
            "step_name": "trace",
            "step_class": "Lineage",
            "actions": [ACTION],
            "artifacts": [ARTIFACT],
            "associations": [ASSOCIATION],
        },
    )
    done = local("--format", "json", "run", "--local")
    try:
        assert done.exit_code == 0, done.output
        assert states(done)[""] == "Succeeded"
        [url] = [word.rstrip(";") for word in local("logs", "serve").stdout.split() if word.startswith("http://127.0.0.1:")]
        request = urllib.request.Request(url, data=b"7", headers={"Content-Type": "text/plain"})
        with urllib.request.urlopen(request, timeout=20) as answer:
            assert answer.read() == b"21"
    finally:
        stopped = local("local", "stop")
    assert stopped.stdout == "stopped churn-endpoint\n"
    with pytest.raises(OSError, match="refused"):
        urllib.request.urlopen(request, timeout=5)
    lineage = project.root / ".smp" / "lineage"
    lineage = lineage if lineage.is_dir() else next(project.root.rglob("lineage"))
    [action] = [json.loads(path.read_text()) for path in (lineage / "action").glob("*.json")]
    assert action["Source"]["SourceUri"].endswith(":endpoint/churn-endpoint")
    [association] = [json.loads(path.read_text()) for path in (lineage / "associations").glob("*.json")]
    assert association["DestinationArn"] == action["ActionArn"]


def test_an_inference_component_is_recorded_and_says_so(local: Any, project: Project) -> None:
    add(
        project,
        {"step_name": "config", "step_class": "EndpointConfig", "inference_components": True},
        {"step_name": "serve", "step_class": "Endpoint", "endpoint_name": "many"},
        {"step_name": "copy", "step_class": "InferenceComponent", "inference_component_name": "c", "min_memory_in_mb": 512},
    )
    done = local("--format", "json", "run", "--local")
    assert done.exit_code == 0, done.output
    assert states(done)[""] == "Succeeded"
    assert "no copy of the inference component runs" in local("logs", "copy").stdout
    assert local("local", "stop").stdout == ""


def test_cleanup_deletes_what_a_training_step_made(local: Any, project: Project) -> None:
    add(project, {"step_name": "clean", "step_class": "Cleanup", "s3": [{"step": "fit"}]})
    done = local("--format", "json", "run", "--local")
    assert done.exit_code == 0, done.output
    assert "model.tar.gz was deleted" in local("logs", "clean").stdout
    assert not list((project.root / ".smp" / "s3").rglob("model.tar.gz"))


@pytest.fixture
def spark(project: Project, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A spark-submit on the PATH that notes its words: Spark itself is not here."""
    folder = tmp_path_factory.mktemp("spark")
    program = folder / "spark-submit"
    program.write_text(SPARK.format(python=sys.executable, target=str(folder / "calls")))
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
    return folder / "calls"


EMR = {"step_name": "spark", "step_class": "EMR", "cluster_id": "j-1", "jar": "command-runner.jar",
       "args": ["spark-submit", "--deploy-mode", "cluster", "s3://models/job.py", "${parameters.Days}"],
       "outputs": {"out": "s3://models/out"}}  # fmt: skip
DRIVER = {"sparkSubmit": {"entryPoint": "s3://models/job.py", "entryPointArguments": ["${steps.spark.outputs.out}"]}}


def test_steps_of_emr_run_where_spark_is(local: Any, project: Project, spark: Path) -> None:
    project.pipeline["parameters"] = {"Days": 7}
    project.conf["conf"]["local"] = {"data": {"s3://models/job.py": "job.py"}}
    project.write("job.py", "print('spark')\n")
    add(project, EMR, {"step_name": "job", "step_class": "EMRServerless", "application_id": "00a", "job_driver": DRIVER})
    done = local("--format", "json", "run", "--local", "-p", "Days=3")
    assert done.exit_code == 0, done.output + local("logs", "spark").output
    first, second = spark.read_text().splitlines()
    assert first.split()[-3:-2] == ["3"]
    assert first.split()[-2] == "--out"
    assert second.split()[-1] == first.split()[-1]


def test_steps_of_emr_are_recorded_where_spark_is_not(local: Any, project: Project) -> None:
    project.pipeline["parameters"] = {"Days": 7}
    add(project, EMR)
    done = local("--format", "json", "run", "--local")
    assert done.exit_code == 0, done.output
    assert "so that nothing was started" in local("logs", "spark").stdout
