"""Notebook jobs on this machine: a real notebook, run by papermill in a job."""

from __future__ import annotations

import json
import tarfile
from pathlib import Path
from typing import Any

import pytest

from framework.errors import BackendError
from framework.local.backend import LocalBackend
from framework.local.isolation import choose_runner
from framework.local.state import read_description
from framework.local.step_types import notebook
from framework.pipeline.compiled import CompiledPipeline, Upload
from framework.pipeline.execution import Execution

nbformat = pytest.importorskip("nbformat")
pytest.importorskip("papermill")

CHANNEL = "sagemaker_headless_execution_pipelinestep"
FIRST = """
n = "0"
who = "nobody"
"""
SECOND = """
import os, pathlib, helper
print(f"total={helper.double(int(n))}", who, os.environ["GREETING"], os.environ.get("FROM_LCC", "none"), pathlib.Path.cwd())
pathlib.Path("/opt/ml/output/data/made.txt").write_text(who)
"""


@pytest.fixture
def backend(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> LocalBackend:
    try:
        choose_runner(tmp_path / "probe")
    except BackendError as error:
        pytest.skip(str(error))
    return LocalBackend(tmp_path / ".smp")


def cells(*sources: str, **metadata: Any) -> bytes:
    made = nbformat.v4.new_notebook(metadata=metadata)
    made.cells = [nbformat.v4.new_code_cell(source.strip(), id=f"c{place}") for place, source in enumerate(sources)]
    made.cells[0].metadata["tags"] = ["parameters"]
    return str(nbformat.writes(made)).encode()


def kernelspec(name: str, language: str) -> dict[str, str]:
    return {"name": name, "display_name": name, "language": language}


def job(parameters: dict[str, Any] | None = None, **environment: str) -> dict[str, Any]:
    """A step as NotebookJobStep makes it."""
    return {
        "Name": "Note",
        "Type": "Training",
        "Arguments": {
            "RoleArn": "arn:aws:iam::123456789012:role/SageMakerRole",
            "RetryStrategy": {"MaximumRetryAttempts": 1},
            "StoppingCondition": {"MaxRuntimeInSeconds": 172800},
            "EnableInterContainerTrafficEncryption": True,
            "AlgorithmSpecification": {
                "TrainingImage": "885854791233.dkr.ecr.us-east-1.amazonaws.com/sagemaker-distribution-prod:1-cpu",
                "TrainingInputMode": "File",
                "ContainerEntrypoint": ["amazon_sagemaker_scheduler"],
            },
            "InputDataConfig": [
                {
                    "ChannelName": CHANNEL,
                    "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": "s3://b/pipe/Note/input-2026"}},
                }
            ],
            "OutputDataConfig": {
                "S3OutputPath": {
                    "Std:Join": {"On": "/", "Values": ["s3://b/pipe", {"Get": "Execution.PipelineExecutionId"}, "Note"]}
                }
            },
            "ResourceConfig": {"VolumeSizeInGB": 30, "InstanceCount": 1, "InstanceType": "ml.m5.large"},
            "Tags": [{"Key": "sagemaker:notebook-job-origin", "Value": "PIPELINE_STEP"}],
            "Environment": {
                "AWS_DEFAULT_REGION": "us-east-1",
                "SM_JOB_DEF_VERSION": "1.0",
                "SM_ENV_NAME": "sagemaker-default-env",
                "SM_SKIP_EFS_SIMULATION": "true",
                "SM_EXECUTION_INPUT_PATH": f"/opt/ml/input/data/{CHANNEL}",
                "SM_KERNEL_NAME": "python3",
                "SM_INPUT_NOTEBOOK_NAME": "note.ipynb",
                "SM_OUTPUT_NOTEBOOK_NAME": "note-1.2.ipynb",
                "GREETING": "hello",
                **environment,
            },
            **({"HyperParameters": parameters} if parameters else {}),
        },
    }


def run(backend: LocalBackend, step: dict[str, Any], files: dict[str, bytes]) -> Execution:
    uploads = tuple(Upload(f"s3://b/pipe/Note/input-2026/{name}", "", content) for name, content in files.items())
    return backend.run(CompiledPipeline("pipe", {"Steps": [step]}, uploads), {})


def outputs(backend: LocalBackend, execution: Execution, tmp_path: Path) -> tuple[dict[str, Any], dict[str, bytes]]:
    """What the step tells, and the files of its output.tar.gz."""
    assert execution.status == "Succeeded", execution.steps[-1].get("FailureReason")
    about = read_description(backend.log_path(execution, "Note").parent)
    place = about["OutputDataConfig"]["S3OutputPath"].removeprefix("s3://")
    with tarfile.open(tmp_path / ".smp/s3" / place / about["TrainingJobName"] / "output/output.tar.gz") as packed:
        return about, {name: file.read() for name in packed.getnames() if (file := packed.extractfile(name))}


def printed(content: bytes) -> str:
    made = nbformat.reads(content.decode(), as_version=4)
    return "".join(output.get("text", "") for cell in made.cells for output in cell.get("outputs", ()))


def test_a_notebook_runs_with_parameters(backend: LocalBackend, tmp_path: Path) -> None:
    files = {
        "note.ipynb": cells(FIRST, SECOND),
        "helper.py": b"def double(n):\n    return 2 * n\n",
        "init.sh": b"export GREETING=welcome\n",
        "lcc.sh": b"export FROM_LCC=lost\necho lifecycle\n",
    }
    step = job({"n": "21", "who": 'a "quoted" name'}, SM_INIT_SCRIPT="init.sh", SM_LCC_INIT_SCRIPT="lcc.sh")
    execution = run(backend, step, files)
    about, found = outputs(backend, execution, tmp_path)
    line = f'total=42 a "quoted" name welcome none /opt/ml/input/data/{CHANNEL}'
    assert sorted(found) == ["made.txt", "note-1-2.ipynb", "note.ipynb"]
    assert found["note.ipynb"] == files["note.ipynb"]
    assert printed(found["note-1-2.ipynb"]).strip() == line
    log = backend.log_path(execution, "Note").read_text()
    assert line in log
    assert "lifecycle" in log
    assert about["TrainingJobStatus"] == "Completed"
    assert about["Environment"]["SM_OUTPUT_NOTEBOOK_NAME"] == "note-1.2.ipynb"
    assert about["InputDataConfig"][0]["DataSource"]["S3DataSource"]["S3Uri"] == "s3://b/pipe/Note/input-2026"


def test_a_kernel_of_an_image(backend: LocalBackend, tmp_path: Path) -> None:
    source = cells(FIRST, "print('ran', type(n).__name__)", kernelspec=kernelspec("sagemaker-data-science", "python"))
    execution = run(backend, job({"n": "1"}, SM_KERNEL_NAME="sagemaker-data-science"), {"note.ipynb": source})
    _, found = outputs(backend, execution, tmp_path)
    assert printed(found["note-1-2.ipynb"]) == "ran str\n", "parameters arrive as strings, as in SageMaker"
    log = backend.log_path(execution, "Note").read_text()
    assert "there is no kernel sagemaker-data-science on this machine; python3 stands for it" in log


def test_a_notebook_that_fails(backend: LocalBackend) -> None:
    execution = run(backend, job(), {"note.ipynb": cells(FIRST, "print('before')", "1 / 0", "print('after')")})
    assert execution.status == "Failed"
    reason = execution.steps[0]["FailureReason"]
    assert reason == "AlgorithmError: cell 3 of note.ipynb: ZeroDivisionError: division by zero, exit code: 1"
    ran = backend.log_path(execution, "Note").parent / "ml/output/data/note-1-2.ipynb"
    assert "before" in printed(ran.read_bytes()), "the notebook as far as it ran is kept"


@pytest.mark.parametrize(
    ("environment", "content", "reason"),
    [
        ({"SM_INPUT_NOTEBOOK_NAME": "other.ipynb"}, cells(FIRST), f"there is no notebook /opt/ml/input/data/{CHANNEL}/other.ipynb"),
        (
            {"SM_OUTPUT_NOTEBOOK_NAME": "../x.ipynb"},
            cells(FIRST),
            "SM_OUTPUT_NOTEBOOK_NAME is '../x.ipynb', not the name of a notebook",
        ),
        ({}, b"{}", "note.ipynb is not a notebook that can be read"),
        (
            {"SM_KERNEL_NAME": "ir"},
            cells(FIRST, kernelspec=kernelspec("ir", "R")),
            "there is no kernel ir on this machine for the notebook's language R",
        ),
    ],
    ids=["missing", "outside", "broken", "kernel"],
)
def test_what_is_no_notebook_job(backend: LocalBackend, environment: dict[str, str], content: bytes, reason: str) -> None:
    execution = run(backend, job(None, **environment), {"note.ipynb": content})
    assert execution.status == "Failed"
    assert reason in execution.steps[0]["FailureReason"]
    assert "Traceback" not in execution.steps[0]["FailureReason"]


def test_what_a_notebook_job_is() -> None:
    assert notebook.is_notebook_job(job()["Arguments"])
    assert not notebook.is_notebook_job({"AlgorithmSpecification": {"ContainerEntrypoint": ["python"]}})
    assert not notebook.is_notebook_job({})
    assert json.dumps(notebook.command())


def test_a_missing_library_is_named(backend: LocalBackend) -> None:
    """The program without any installed package, in a job that has what it needs else."""
    application = {"ImageUri": "i", "ContainerEntrypoint": ["python", "-S", str(notebook.PROGRAM)]}
    step = {"Name": "Bare", "Type": "Processing", "Arguments": {"AppSpecification": application}}
    execution = backend.run(CompiledPipeline("pipe", {"Steps": [step]}), {})
    cure = "pip install 'sagemaker-pipelines-framework[local]'"
    assert (
        execution.steps[0]["FailureReason"] == f"AlgorithmError: a notebook job needs the package ipykernel: {cure}, exit code: 1"
    )
