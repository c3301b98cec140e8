"""Everything that goes wrong in a local run: the step fails with a reason that helps, nothing is left behind."""

from __future__ import annotations

import gzip
import io
import json
import os
import signal
import subprocess
import sys
import tarfile
import time
import uuid
from pathlib import Path
from typing import Any

import pytest

from framework.errors import BackendError
from framework.findings import FindingsError
from framework.local.backend import LocalBackend
from framework.local.isolation import choose_runner
from framework.pipeline.compiled import CompiledPipeline, Upload
from framework.pipeline.execution import Execution

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def backend(tmp_path: Path) -> LocalBackend:
    try:
        choose_runner(tmp_path / "probe")
    except BackendError as error:
        pytest.skip(str(error))
    backend = LocalBackend(tmp_path / ".smp")
    backend.grace_seconds = 0.2
    return backend


def shell(name: str, script: str, **arguments: Any) -> dict[str, Any]:
    application = {"ImageUri": "image", "ContainerEntrypoint": ["/bin/sh", "-c", script]}
    return {"Name": name, "Type": "Processing", "Arguments": {"AppSpecification": application, **arguments}}


def training(name: str = "Train", **arguments: Any) -> dict[str, Any]:
    base = {"AlgorithmSpecification": {"TrainingImage": "image"}, "OutputDataConfig": {"S3OutputPath": "s3://bucket/models"}}
    return {"Name": name, "Type": "Training", "Arguments": {**base, **arguments}}


def run(backend: LocalBackend, *steps: dict[str, Any], uploads: tuple[Upload, ...] = (), parameters: Any = ()) -> Execution:
    return backend.run(CompiledPipeline("pipe", {"Steps": list(steps), "Parameters": list(parameters)}, uploads), {}, parallelism=1)


def reason(execution: Execution) -> str:
    assert execution.status == "Failed"
    assert execution.steps[-1]["StepStatus"] == "Failed"
    return str(execution.steps[-1]["FailureReason"])


def archive(**files: str) -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w:gz") as packed:
        for name, content in files.items():
            member = tarfile.TarInfo(name.replace("__", "/").replace("_py", ".py"))
            member.size = len(content.encode())
            packed.addfile(member, io.BytesIO(content.encode()))
    return stream.getvalue()


def stored(name: str, content: bytes) -> Upload:
    return Upload(f"s3://bucket/{name}", "", content)


def gone(marker: str) -> bool:
    """Whether no process of this machine has the marker in its command line, within five seconds."""
    end = time.monotonic() + 5
    while time.monotonic() < end:
        lines = [_line(path) for path in Path("/proc").glob("[0-9]*/cmdline")]
        if not any(marker.encode() in line for line in lines):
            return True
        time.sleep(0.02)
    return False


def _line(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""


def test_a_failing_script(backend: LocalBackend, tmp_path: Path) -> None:
    script = "echo first; echo 'ValueError: no such column' >&2; exit 3"
    execution = run(backend, shell("A", script), shell("B", "true"), {**shell("C", "true"), "DependsOn": ["A"]})
    assert reason(execution) == "AlgorithmError: ValueError: no such column, exit code: 3"
    assert [state["StepName"] for state in execution.steps] == ["A"]
    assert execution.description["FailureReason"] == f"Step failure: A: {reason(execution)}"
    assert backend.log_tail(execution, "A") == ["first", "ValueError: no such column"]
    assert backend.log_tail(execution, "A", 1) == ["ValueError: no such column"]
    assert backend.log_tail(execution, "B") == []
    assert (backend.log_path(execution, "A").parent / "ml").is_dir(), "what the job saw is kept for whoever looks for the fault"
    assert backend.reports(execution) == []


def test_what_a_job_says_about_its_failure(backend: LocalBackend) -> None:
    said = run(backend, shell("A", "mkdir -p /opt/ml/output; printf 'too few rows' > /opt/ml/output/message; exit 1"))
    assert reason(said) == "AlgorithmError: too few rows, exit code: 1"
    entry = {
        "TrainingImage": "i",
        "ContainerEntrypoint": ["/bin/sh", "-c", "yes x | head -c 3000 > /opt/ml/output/failure; exit 2"],
    }
    failed = reason(run(backend, training(AlgorithmSpecification=entry)))
    assert failed.startswith("AlgorithmError: x\nx")
    assert failed.endswith(", exit code: 2")
    assert len(failed) < 1100
    assert reason(run(backend, shell("A", "kill -9 $$"))) == "AlgorithmError: the job said nothing, exit code: 137"


def test_nothing_outlives_a_step(backend: LocalBackend) -> None:
    marker = f"sleeper-{uuid.uuid4().hex}"
    sleeper = f'setsid {sys.executable} -S -c \'import time; open("/opt/ml/up", "w"); time.sleep(300)\' {marker} &'
    watcher = "while [ ! -e /opt/ml/up ]; do sleep 0.01; done; tr '\\0' ' ' < /proc/$!/cmdline"
    execution = run(backend, shell("A", f"{sleeper} {watcher}", StoppingCondition={"MaxRuntimeInSeconds": 20}))
    assert execution.status == "Succeeded"
    assert marker in backend.log_tail(execution, "A", 1)[0], "it ran while the step did"
    assert gone(marker)


def test_the_time_limit(backend: LocalBackend) -> None:
    marker = f"sleeper-{uuid.uuid4().hex}"
    script = f"trap '' TERM; {sys.executable} -S -c 'import time; time.sleep(300)' {marker}"
    begin = time.monotonic()
    execution = run(backend, shell("A", script, StoppingCondition={"MaxRuntimeInSeconds": 1}))
    assert reason(execution) == "MaxRuntimeExceeded: the job was stopped after MaxRuntimeInSeconds = 1"
    assert time.monotonic() - begin < 20
    assert gone(marker)


def test_an_input_that_is_nowhere(backend: LocalBackend, tmp_path: Path) -> None:
    source = {"InputName": "raw", "S3Input": {"S3Uri": "s3://bucket/raw/x.csv", "LocalPath": "/opt/ml/processing/input/raw"}}
    assert reason(run(backend, shell("A", "true", ProcessingInputs=[source]))) == (
        f"ClientError: Reading s3://bucket/raw/x.csv failed: nothing is in {tmp_path}/.smp/s3/bucket/raw/x.csv (the local store), "
        "and no prefix of conf.local.data covers it. "
        "Try: for input, map its prefix in conf.local.data; for another step's output, see that the step writes it."
    )


OUTPUT = {"OutputName": "o", "S3Output": {"S3Uri": "s3://bucket/../../x", "LocalPath": "/opt/ml/processing/o"}}
MANIFEST = {"InputName": "m", "S3Input": {"S3Uri": "s3://b/m", "S3DataType": "ManifestFile", "LocalPath": "/opt/ml/processing/m"}}
OUTSIDE = {"OutputName": "o", "S3Output": {"S3Uri": "s3://bucket/x", "LocalPath": "/etc/x"}}
UP = {"OutputName": "o", "S3Output": {"S3Uri": "s3://bucket/x", "LocalPath": "/opt/ml/../../etc"}}
LINKED = {"OutputName": "o", "S3Output": {"S3Uri": "s3://bucket/x", "LocalPath": "/opt/ml/processing/o"}}


@pytest.mark.parametrize(
    ("step", "part"),
    [
        (
            shell("A", "touch /opt/ml/processing/o/f", ProcessingOutputConfig={"Outputs": [OUTPUT]}),
            "must not have empty parts, '.' or '..'",
        ),
        (shell("A", "true", ProcessingOutputConfig={"Outputs": [OUTSIDE]}), "'/etc/x' does not lie in /opt/ml"),
        (shell("A", "true", ProcessingOutputConfig={"Outputs": [UP]}), "must not have empty parts, '.' or '..'"),
        (
            shell("A", "ln -s /etc /opt/ml/processing/o/e", ProcessingOutputConfig={"Outputs": [LINKED]}),
            "leads to /etc, outside of",
        ),
        (shell("A", "true", ProcessingInputs=[MANIFEST]), "input m is not of S3DataType S3Prefix (ManifestFile)"),
        (shell("A", "true", Environment={"X": {"Get": "Steps.Z.ModelName"}}), "no step Z has run before this one"),
        (shell("A", "true", Environment={"X": ["list"]}), 'a string or a number was expected, not ["list"]'),
        (
            {"Name": "A", "Type": "Processing", "Arguments": {"AppSpecification": {"ContainerEntrypoint": ["no-such-program"]}}},
            "no-such-program cannot be started: No such file or directory, exit code: 127",
        ),
        (
            training(HyperParameters={"sagemaker_program": "t.py", "sagemaker_submit_directory": "s3://bucket/none.tar.gz"}),
            "Reading s3://bucket/none.tar.gz failed",
        ),
        ({"Name": "A", "Type": "Model", "Arguments": {}}, "neither PrimaryContainer nor Containers"),
        ({"Name": "A", "Type": "RegisterModel", "Arguments": {}}, "there is no ModelPackageGroupName"),
        (
            {
                "Name": "A",
                "Type": "RegisterModel",
                "Arguments": {
                    "ModelPackageGroupName": "g",
                    "InferenceSpecification": {"Containers": [{"ModelDataUrl": "s3://bucket/none/model.tar.gz"}]},
                },
            },
            "Reading s3://bucket/none/model.tar.gz failed",
        ),
        (
            {
                "Name": "A",
                "Type": "RegisterModel",
                "Arguments": {
                    "ModelPackageGroupName": "g",
                    "ModelMetrics": {"ModelQuality": {"Statistics": {"S3Uri": "s3://bucket/none.json"}}},
                },
            },
            "Reading s3://bucket/none.json failed",
        ),
    ],
)
def test_reasons(backend: LocalBackend, step: dict[str, Any], part: str, tmp_path: Path) -> None:
    failed = reason(run(backend, step))
    assert part in failed
    assert not failed.startswith("InternalServerError")
    assert not (tmp_path / ".smp" / "x").exists()
    assert not (tmp_path / ".smp" / "registry").exists()


def test_a_fault_of_ours_is_told_in_the_log(backend: LocalBackend) -> None:
    execution = run(backend, shell("A", "true", StoppingCondition={"MaxRuntimeInSeconds": "soon"}))
    assert reason(execution).startswith("InternalServerError: ValueError: invalid literal for int()")
    assert backend.log_tail(execution, "A")[0].startswith("Traceback")


def transform(model: dict[str, str], **arguments: Any) -> tuple[list[dict[str, Any]], tuple[Upload, ...]]:
    source = {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": "s3://bucket/in/"}}
    base: dict[str, Any] = {
        "ModelName": {"Get": "Steps.Model.ModelName"},
        "TransformInput": {"DataSource": source, "ContentType": "text/csv", "SplitType": "Line"},
        "TransformOutput": {"S3OutputPath": "s3://bucket/out", "Accept": "text/csv"},
    }
    container = {"Image": "image", "ModelDataUrl": "s3://bucket/model.tar.gz"}
    steps: list[dict[str, Any]] = [
        {"Name": "Model", "Type": "Model", "Arguments": {"PrimaryContainer": container}},
        {"Name": "Transform", "Type": "Transform", "Arguments": {**base, **arguments}},
    ]
    return steps, (stored("model.tar.gz", archive(**model)), stored("in/deep/a.csv", b"1\n2\n"), stored("in/b.csv", b"3"))


ECHO = "def model_fn(d): return d\ndef transform_fn(model, data, kind, accept): return "
LINE = {"DataSource": {"S3DataSource": {"S3Uri": "s3://bucket/in/"}}, "ContentType": "text/csv", "SplitType": "RecordIO"}


@pytest.mark.parametrize(
    ("model", "arguments", "part"),
    [
        (
            {"code__inference_py": f"{ECHO}data[99]"},
            {},
            "AlgorithmError: b.csv: the model answered 500: IndexError: string index out of range",
        ),
        (
            {"code__inference_py": "def model_fn(d): raise OSError('no weights')"},
            {},
            "AlgorithmError: the model cannot be loaded: OSError: no weights, exit code: 1",
        ),
        ({"code__inference_py": f"import os\n{ECHO}os._exit(9)"}, {}, "AlgorithmError: b.csv: the model's process ended"),
        (
            {"code__inference_py": f"import time\n{ECHO}time.sleep(60)"},
            {"ModelClientConfig": {"InvocationsTimeoutInSeconds": 1}},
            "AlgorithmError: b.csv: the model did not answer within 1 seconds",
        ),
        ({"code__other_py": ""}, {}, "ClientError: there is no script /opt/ml/model/code/inference.py"),
        ({"code__inference_py": ""}, {"TransformInput": LINE}, "ClientError: SplitType RecordIO is not known to a local run"),
        ({"code__inference_py": ""}, {"DataProcessing": {"InputFilter": "$.*"}}, "ClientError: the filter '$.*' cannot be read"),
        (
            {"code__inference_py": f"{ECHO}'1'"},
            {"DataProcessing": {"JoinSource": "Input"}},
            "ClientError: deep/a.csv: the model answered 1 lines to 2 records",
        ),
        ({"code__inference_py": ""}, {"ModelName": "elsewhere"}, "ClientError: there is no model elsewhere"),
    ],
)
def test_transforms_that_fail(backend: LocalBackend, model: dict[str, str], arguments: Any, part: str, tmp_path: Path) -> None:
    steps, uploads = transform(model, **arguments)
    assert part in reason(run(backend, *steps, uploads=uploads))
    assert not (tmp_path / ".smp/s3/bucket/out").exists()


def test_a_transform_keeps_sub_folders_and_single_records(backend: LocalBackend, tmp_path: Path) -> None:
    steps, uploads = transform({"code__inference_py": f"{ECHO}f'<{{data.strip()}}>'"}, BatchStrategy="SingleRecord")
    assert run(backend, *steps, uploads=uploads).status == "Succeeded"
    out = tmp_path / ".smp/s3/bucket/out"
    assert {path.relative_to(out).as_posix(): path.read_text() for path in out.rglob("*.out")} == {
        "deep/a.csv.out": "<1><2>",
        "b.csv.out": "<3>",
    }


def test_a_transform_of_compressed_input_with_code_from_s3(backend: LocalBackend, tmp_path: Path) -> None:
    source = {"DataSource": {"S3DataSource": {"S3Uri": "s3://bucket/in/c.csv.gz"}}, "CompressionType": "Gzip", "ContentType": "a/b"}
    steps, uploads = transform({"weights": "w"}, TransformInput=source)
    container = steps[0]["Arguments"]["PrimaryContainer"]
    container["Environment"] = {"SAGEMAKER_PROGRAM": "pkg/own.py", "SAGEMAKER_SUBMIT_DIRECTORY": "s3://bucket/code.tar.gz"}
    code = "import os\ndef model_fn(d): return os.listdir(d)\ndef transform_fn(m, d, k, a): return f'{m} {d} {k} {a}'\n"
    more = (stored("code.tar.gz", archive(pkg__own_py=code)), stored("in/c.csv.gz", gzip.compress(b"1\n2\n")))
    execution = run(backend, *steps, uploads=(*uploads, *more))
    assert execution.status == "Succeeded", backend.log_tail(execution, "Transform")
    assert (tmp_path / ".smp/s3/bucket/out/c.csv.gz.out").read_text() == "['weights'] b'1\\n2\\n' a/b text/csv"


def test_what_cannot_run_is_found_before_anything_runs(backend: LocalBackend, tmp_path: Path) -> None:
    steps = [shell("A", "true"), {"Name": "Check", "Type": "Condition", "Arguments": {}}]
    with pytest.raises(FindingsError) as caught:
        run(backend, *steps, parameters=[{"Name": "N", "Type": "Integer"}])
    assert [(finding.rule, str(finding.place)) for finding in caught.value.findings] == [
        ("SMP801", "definition"),
        ("SMP303", "parameters"),
    ]
    assert "step Check is of type Condition" in caught.value.findings[0].message
    assert not (tmp_path / ".smp").exists()


def test_ctrl_c_kills_what_runs(backend: LocalBackend, tmp_path: Path) -> None:
    marker = f"sleeper-{uuid.uuid4().hex}"
    steps = [shell("A", f"echo up; {sys.executable} -S -c 'import time; time.sleep(300)' {marker}"), shell("B", "true")]
    program = (
        "import json, sys; from pathlib import Path\n"
        "from framework.local.backend import LocalBackend; from framework.pipeline.compiled import CompiledPipeline\n"
        "try: LocalBackend(Path(sys.argv[1])).run(CompiledPipeline('p', {'Steps': json.loads(sys.argv[2])}), {}, parallelism=1)\n"
        "except KeyboardInterrupt: sys.exit(130)\n"
    )
    tool = subprocess.Popen([sys.executable, "-c", program, tmp_path / ".smp", json.dumps(steps)], cwd=ROOT)
    run_folder = tmp_path / ".smp/runs/local0000001"
    try:
        end = time.monotonic() + 20
        while time.monotonic() < end and _line(run_folder / "steps/A/log.txt") != b"up\n":
            time.sleep(0.02)
        tool.send_signal(signal.SIGINT)
        assert tool.wait(20) == 130
    finally:
        tool.kill()
    assert gone(marker)
    states = json.loads((run_folder / "steps.json").read_text())
    assert [(state["StepName"], state["StepStatus"]) for state in states] == [("A", "Stopped")]
    assert json.loads((run_folder / "execution.json").read_text())["PipelineExecutionStatus"] == "Stopped"


def test_a_killed_tool_leaves_nothing_running(backend: LocalBackend, tmp_path: Path) -> None:
    marker = f"sleeper-{uuid.uuid4().hex}"
    steps = [shell("A", f"echo up; {sys.executable} -S -c 'import time; time.sleep(300)' {marker}")]
    program = (
        "import json, sys; from pathlib import Path\n"
        "from framework.local.backend import LocalBackend; from framework.pipeline.compiled import CompiledPipeline\n"
        "LocalBackend(Path(sys.argv[1])).run(CompiledPipeline('p', {'Steps': json.loads(sys.argv[2])}), {})\n"
    )
    tool = subprocess.Popen([sys.executable, "-c", program, tmp_path / ".smp", json.dumps(steps)], cwd=ROOT)
    end = time.monotonic() + 20
    while time.monotonic() < end and _line(tmp_path / ".smp/runs/local0000001/steps/A/log.txt") != b"up\n":
        time.sleep(0.02)
    os.kill(tool.pid, signal.SIGKILL)
    tool.wait(20)
    assert gone(marker)


@pytest.mark.parametrize("place", [".smp", ".smp/cache", ".smp/runs"])
def test_a_state_folder_that_cannot_be_made(backend: LocalBackend, tmp_path: Path, place: str) -> None:
    file = tmp_path / place
    file.parent.mkdir(parents=True, exist_ok=True)
    file.touch()
    with pytest.raises(BackendError, match=r"failed: Not a directory|failed: File exists"):
        run(backend, shell("A", "true"))
