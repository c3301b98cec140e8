"""One pipeline of all five step types on this machine: real processes, a real /opt/ml, small scripts of the standard library."""

from __future__ import annotations

import hashlib
import importlib.util
import io
import json
import os
import tarfile
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from framework.errors import BackendError
from framework.local.backend import LocalBackend
from framework.local.isolation import choose_runner
from framework.pipeline.compiled import CompiledPipeline, Upload

ARN = "arn:aws:sagemaker:local:000000000000"
RUNPROC = """
set -e
cd /opt/ml/processing/input/code
tar -xzf sourcedir.tar.gz
python -m "$@"
"""
PREPARE = """
import os, pathlib, sys
from neighbour import double
rows = pathlib.Path("/opt/ml/processing/input/raw/rows.csv").read_text().splitlines()
out = pathlib.Path("/opt/ml/processing/output/train/test")
out.mkdir()
(out.parent / "train.csv").write_text("".join(f"{row},{double(int(row))}\\n" for row in rows))
(out / "x_test.csv").write_text("".join(f"{row},id-{row}\\n" for row in rows))
print("arguments", sys.argv[1:], sorted(os.environ))
print("config", os.listdir("/opt/ml/config"))
"""
TRAIN = """
import argparse, json, os, pathlib, shutil
from neighbour import double
parser = argparse.ArgumentParser()
parser.add_argument("--factor", type=float)
parser.add_argument("--name")
given = parser.parse_args()
channel = pathlib.Path(os.environ["SM_CHANNEL_PREPARE-TRAIN"])
pairs = [line.split(",") for line in (channel / "train.csv").read_text().splitlines()]
slope = sum(float(y) for _, y in pairs) / sum(float(x) for x, _ in pairs)
model = pathlib.Path(os.environ["SM_MODEL_DIR"])
(model / "model.json").write_text(json.dumps({"slope": slope * given.factor, "name": given.name}))
(model / "code").mkdir()
shutil.copy("inference.py", model / "code")
pathlib.Path(os.environ["SM_OUTPUT_DATA_DIR"], "notes.txt").write_text("noted")
print("loss=9.5\\nloss=0.25;")
"""
INFERENCE = """
import json, os
def model_fn(model_dir):
    with open(f"{model_dir}/model.json") as file:
        return json.load(file)["slope"]
def input_fn(body, content_type):
    print("request", content_type, os.environ["LEVEL"], body.count("\\n"))
    return [float(row) for row in body.split()]
def predict_fn(rows, slope):
    return [slope * row for row in rows]
def output_fn(values, accept):
    return "\\n".join(map(str, values))
"""
EVALUATE = """
import json, pathlib
base = pathlib.Path("/opt/ml/processing/input")
rows = [line.split(",") for line in (base / "pred/x_test.csv.out").read_text().splitlines()]
report = {"regression": {"max error": max(abs(2 * int(i.removeprefix("id-")) - float(y)) for i, y in rows)}, "rows": len(rows)}
out = pathlib.Path("/opt/ml/processing/output/report.json")
out.write_text(json.dumps(report))
"""


def archive(files: Mapping[str, str | bytes]) -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w:gz") as packed:
        for name, content in files.items():
            data = content if isinstance(content, bytes) else content.encode()
            member = tarfile.TarInfo(name)
            member.size, member.uid = len(data), 4321
            packed.addfile(member, io.BytesIO(data))
    return stream.getvalue()


def upload(name: str, content: bytes) -> Upload:
    sha = hashlib.sha256(content).hexdigest()
    return Upload(f"s3://bucket/code/{sha}/{name}", sha, content)


def get(path: str) -> dict[str, str]:
    return {"Get": path}


def join(on: str, *values: Any) -> dict[str, Any]:
    return {"Std:Join": {"On": on, "Values": list(values)}}


def s3_input(name: str, uri: Any, path: str) -> dict[str, Any]:
    return {"InputName": name, "S3Input": {"S3Uri": uri, "LocalPath": path, "S3DataType": "S3Prefix", "S3InputMode": "File"}}


def s3_output(name: str, uri: Any, path: str) -> dict[str, Any]:
    return {"OutputName": name, "S3Output": {"S3Uri": uri, "LocalPath": path, "S3UploadMode": "EndOfJob"}}


def s3_source(uri: Any) -> dict[str, Any]:
    return {"DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": uri}}}


CODE = upload(
    "sourcedir.tar.gz",
    archive(
        {
            "prepare.py": PREPARE,
            "train.py": TRAIN,
            "inference.py": INFERENCE,
            "evaluate.py": EVALUATE,
            "neighbour.py": "def double(x): return 2 * x\n",
            "requirements.txt": "pytest>=1\n",
        }
    ),
)
RUN = upload("runproc.sh", RUNPROC.encode())
PREDICTIONS = join("/", "s3:/", "bucket", get("Execution.PipelineExecutionId"), "pred")
PREPARED = get("Steps.Prepare.ProcessingOutputConfig.Outputs['train'].S3Output.S3Uri")


def processing(name: str, module: str, inputs: list[Any], outputs: list[Any], **more: Any) -> dict[str, Any]:
    code = [
        s3_input("code", CODE.uri, "/opt/ml/processing/input/code/"),
        s3_input("entrypoint", RUN.uri, "/opt/ml/processing/input/entrypoint"),
    ]
    arguments = {
        "AppSpecification": {
            "ImageUri": "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-scikit-learn:1.2-1-cpu-py3",
            "ContainerEntrypoint": ["/bin/bash", "/opt/ml/processing/input/entrypoint/runproc.sh"],
            "ContainerArguments": [module, join("", get("Parameters.Rows"))],
        },
        "ProcessingInputs": [*inputs, *code],
        "ProcessingOutputConfig": {"Outputs": outputs},
        "ProcessingResources": {"ClusterConfig": {"InstanceCount": 1, "InstanceType": "ml.m5.large"}},
        "Environment": {"LEVEL": "INFO"},
        "StoppingCondition": {"MaxRuntimeInSeconds": 100},
    }
    return {"Name": name, "Type": "Processing", "Arguments": arguments, **more}


def steps() -> list[dict[str, Any]]:
    """Not in the order in which they must run."""
    register = {
        "ModelPackageGroupName": "group",
        "ModelMetrics": {
            "ModelQuality": {
                "Statistics": {
                    "ContentType": "application/json",
                    "S3Uri": join(
                        "/", get("Steps.Evaluate.ProcessingOutputConfig.Outputs['report'].S3Output.S3Uri"), "report.json"
                    ),
                }
            },
            "Bias": {},
        },
        "CustomerMetadataProperties": {
            "PIPELINE_ARN": get("Execution.PipelineExecutionArn"),
            "error": join(
                "",
                {"Std:JsonGet": {"PropertyFile": get("Steps.Evaluate.PropertyFiles.Report"), "Path": "regression['max error']"}},
            ),
            "loss": join("", get("Steps.Train.FinalMetricDataList['loss'].Value")),
        },
        "InferenceSpecification": {
            "Containers": [{"Image": "i", "ModelDataUrl": get("Steps.Train.ModelArtifacts.S3ModelArtifacts")}]
        },
        "ModelApprovalStatus": "Approved",
    }
    training = {
        "AlgorithmSpecification": {"TrainingImage": "image", "MetricDefinitions": [{"Name": "loss", "Regex": "loss=([0-9.]+)"}]},
        "InputDataConfig": [{"ChannelName": "Prepare-train", "ContentType": "text/csv", **s3_source(PREPARED)}],
        "OutputDataConfig": {"S3OutputPath": "s3://bucket/models/"},
        "TrainingJobName": "my-model",
        "HyperParameters": {
            "factor": join("", get("Parameters.Factor")),
            "name": '"net"',
            "sagemaker_program": '"train.py"',
            "sagemaker_submit_directory": json.dumps(CODE.uri),
        },
    }
    transform = {
        "ModelName": get("Steps.Model.ModelName"),
        "TransformInput": {"ContentType": "text/csv", "SplitType": "Line", **s3_source(join("/", PREPARED, "test/x_test.csv"))},
        "TransformOutput": {"S3OutputPath": PREDICTIONS, "Accept": "text/csv", "AssembleWith": "Line"},
        "DataProcessing": {"InputFilter": "$[0]", "JoinSource": "Input", "OutputFilter": "$[1,-1]"},
        "BatchStrategy": "MultiRecord",
        "Environment": {"LEVEL": "DEBUG"},
    }
    container = {
        "Image": "image",
        "ModelDataUrl": get("Steps.Train.ModelArtifacts.S3ModelArtifacts"),
        "Environment": {"SAGEMAKER_PROGRAM": "inference.py", "SAGEMAKER_SUBMIT_DIRECTORY": "/opt/ml/model/code", "LEVEL": "INFO"},
    }
    evaluated = s3_input("pred", get("Steps.Transform.TransformOutput.S3OutputPath"), "/opt/ml/processing/input/pred")
    reports = [s3_output("report", "s3://bucket/report", "/opt/ml/processing/output/")]
    property_file = {"PropertyFileName": "Report", "OutputName": "report", "FilePath": "report.json"}
    raw = s3_input("raw", "s3://bucket/raw/rows.csv", "/opt/ml/processing/input/raw/")
    train = s3_output(
        "train",
        join("/", "s3:/", "bucket", get("Execution.PipelineExecutionId"), "train"),
        "/opt/ml/processing/output/train",
    )
    return [
        {"Name": "Register", "Type": "RegisterModel", "Arguments": register},
        processing("Evaluate", "evaluate", [evaluated], reports, PropertyFiles=[property_file]),
        {"Name": "Transform", "Type": "Transform", "Arguments": transform},
        {"Name": "Model", "Type": "Model", "Arguments": {"PrimaryContainer": container}},
        {"Name": "Train", "Type": "Training", "Arguments": training},
        processing("Prepare", "prepare", [raw], [train], DisplayName="Prepare rows"),
    ]


def compiled(*pipeline: dict[str, Any], uploads: tuple[Upload, ...] = ()) -> CompiledPipeline:
    parameters = [
        {"Name": "Rows", "Type": "Integer", "DefaultValue": 3},
        {"Name": "Factor", "Type": "Float", "DefaultValue": 1.0},
    ]
    return CompiledPipeline("My-Pipe", {"Version": "2020-12-01", "Parameters": parameters, "Steps": list(pipeline)}, uploads)


@pytest.fixture
def backend(tmp_path: Path) -> LocalBackend:
    try:
        choose_runner(tmp_path / "probe")
    except BackendError as error:
        pytest.skip(str(error))
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "rows.csv").write_text("1\n2\n3\n")
    return LocalBackend(tmp_path / ".smp", [("s3://bucket/raw", str(tmp_path / "data"))])


def test_all_step_types_end_to_end(backend: LocalBackend, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "do-not-leak")
    monkeypatch.setenv("SMP_ROLE", "do-not-leak")
    existed = os.path.lexists("/opt/ml")
    seen: list[tuple[str, str]] = []
    pipeline = compiled(*steps(), uploads=(CODE, RUN))
    execution = backend.run(pipeline, {"Factor": "1.5"}, lambda state: seen.append((state["StepName"], state["StepStatus"])))
    assert execution.status == "Succeeded", [
        (s["StepName"], s.get("FailureReason"), backend.log_tail(execution, s["StepName"])) for s in execution.steps
    ]
    names = ["Prepare", "Train", "Model", "Transform", "Evaluate", "Register"]
    assert seen == [(name, status) for name in names for status in ("Starting", "Executing", "Succeeded")]
    assert os.path.lexists("/opt/ml") == existed

    assert execution.description["PipelineExecutionArn"] == f"{ARN}:pipeline/my-pipe/execution/local0000001"
    prepare, train, model, transform, _, register = execution.steps
    assert prepare["StepDisplayName"] == "Prepare rows"
    assert set(prepare) == {"StepName", "StepDisplayName", "StepStatus", "StartTime", "EndTime", "AttemptCount", "Metadata"}
    assert train["Metadata"]["TrainingJob"]["Arn"].startswith(f"{ARN}:training-job/my-model-local0000001-Train-")
    assert set(model["Metadata"]) == {"Model"}
    assert set(transform["Metadata"]) == {"TransformJob"}
    assert register["Metadata"] == {"RegisterModel": {"Arn": f"{ARN}:model-package/group/1"}}
    assert backend.reports(execution) == [("Evaluate", "Report", {"regression": {"max error": 3.0}, "rows": 3})]

    log = backend.log_path(execution, "Prepare").read_text()
    assert "arguments ['3']" in log
    assert "'AWS_REGION'" in log
    assert "SECRET" not in log
    assert "SMP_ROLE" not in log
    assert "request text/csv DEBUG 3" in "\n".join(backend.log_tail(execution, "Transform"))
    assert "installing the packages of requirements.txt" in backend.log_path(execution, "Train").read_text()

    state = tmp_path / ".smp"
    assert (state / "s3/bucket/local0000001/pred/x_test.csv.out").read_text() == "id-1,3.0\nid-2,6.0\nid-3,9.0\n"
    output = state / "s3/bucket/models" / train["Metadata"]["TrainingJob"]["Arn"].rpartition("/")[2] / "output"
    with tarfile.open(output / "model.tar.gz") as packed:
        assert packed.getnames() == ["code/inference.py", "model.json"]
    assert (output / "output.tar.gz").is_file()
    package = json.loads((state / "registry/group/1.json").read_text())
    assert package["Metrics"] == {"ModelQuality": {"regression": {"max error": 3.0}, "rows": 3}}
    assert package["ModelApprovalStatus"] == "Approved"
    assert package["CustomerMetadataProperties"] == {
        "PIPELINE_ARN": execution.description["PipelineExecutionArn"],
        "error": "3.0",
        "loss": "0.25",
    }
    kept = state / "runs/local0000001"
    assert json.loads((kept / "execution.json").read_text()) == execution.description
    assert json.loads((kept / "steps.json").read_text()) == list(execution.steps)
    assert json.loads((kept / "definition.json").read_text()) == pipeline.definition
    assert sorted(path.name for path in (kept / "steps/Train").iterdir()) == ["command.json", "description.json", "log.txt"]

    again = backend.run(pipeline, {}, lambda _: None)
    assert again.description["PipelineExecutionArn"].endswith("/local0000002")
    assert again.steps[-1]["Metadata"] == {"RegisterModel": {"Arn": f"{ARN}:model-package/group/2"}}


def test_training_by_an_entry_point(backend: LocalBackend, tmp_path: Path) -> None:
    script = "cd /opt/ml/input; cat config/*.json data/raw/rows.csv; ls /opt/ml; echo $TRAINING_JOB_NAME $0 $1"
    training = {
        "AlgorithmSpecification": {
            "TrainingImage": "image",
            "ContainerEntrypoint": ["/bin/sh", "-c", script],
            "ContainerArguments": ["zero", join("", get("Parameters.Rows"))],
        },
        "InputDataConfig": [{"ChannelName": "raw", "ContentType": "text/csv", **s3_source("s3://bucket/raw")}],
        "OutputDataConfig": {"S3OutputPath": "s3://bucket/models"},
        "HyperParameters": {"rows": get("Parameters.Rows"), "text": "plain"},
        "ResourceConfig": {"InstanceCount": 2, "InstanceType": "ml.m5.large"},
    }
    execution = backend.run(compiled({"Name": "Train", "Type": "Training", "Arguments": training}), {})
    log = backend.log_path(execution, "Train").read_text()
    assert execution.status == "Succeeded", log
    name = execution.steps[0]["Metadata"]["TrainingJob"]["Arn"].rpartition("/")[2]
    assert log.startswith("[local run] one process stands for all instances\n")
    assert log.endswith(f"1\n2\n3\ncheckpoints\ncode\ninput\nmodel\noutput\ntmp\n{name} zero 3\n")
    files = json.loads("[" + log.partition("\n")[2].partition("1\n2\n")[0].replace("}\n{", "},{") + "]")
    assert files == [
        {"rows": "3", "text": "plain"},
        {
            "raw": {
                "ContentType": "text/csv",
                "TrainingInputMode": "File",
                "S3DistributionType": "FullyReplicated",
                "RecordWrapperType": "None",
            }
        },
        {
            "current_host": "algo-1",
            "current_instance_type": "ml.m5.large",
            "current_group_name": "homogeneousCluster",
            "hosts": ["algo-1"],
            "instance_groups": [{"instance_group_name": "homogeneousCluster", "instance_type": "ml.m5.large", "hosts": ["algo-1"]}],
            "network_interface_name": "lo",
        },
    ]


def test_what_a_job_installs_stays_in_the_job(backend: LocalBackend, tmp_path: Path) -> None:
    wheel = io.BytesIO()
    with zipfile.ZipFile(wheel, "w") as packed:
        about = "smp_tiny_test-1.0.dist-info"
        packed.writestr("smp_tiny_test.py", "NUMBER = 41\n")
        packed.writestr(f"{about}/METADATA", "Metadata-Version: 2.1\nName: smp-tiny-test\nVersion: 1.0\n")
        packed.writestr(f"{about}/WHEEL", "Wheel-Version: 1.0\nGenerator: x\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        packed.writestr(f"{about}/RECORD", f"smp_tiny_test.py,,\n{about}/METADATA,,\n{about}/WHEEL,,\n{about}/RECORD,,\n")
    name = "smp_tiny_test-1.0-py3-none-any.whl"
    script = "import smp_tiny_test, sys\nprint('number', smp_tiny_test.NUMBER, smp_tiny_test.__file__)\n"
    code = upload("tiny.tar.gz", archive({"go.py": script, "requirements.txt": f"./{name}\n", name: wheel.getvalue()}))
    training = {
        "AlgorithmSpecification": {"TrainingImage": "image"},
        "OutputDataConfig": {"S3OutputPath": "s3://bucket/models"},
        "HyperParameters": {"sagemaker_program": "go.py", "sagemaker_submit_directory": code.uri},
    }
    execution = backend.run(compiled({"Name": "Train", "Type": "Training", "Arguments": training}, uploads=(code,)), {})
    tail = "\n".join(backend.log_tail(execution, "Train"))
    assert execution.status == "Succeeded", tail
    assert f"number 41 {tmp_path}/.smp/runs/local0000001/steps/Train/" in tail
    assert importlib.util.find_spec("smp_tiny_test") is None
