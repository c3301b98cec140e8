"""Whole pipelines under each runner, what stands for images, prepared environments, and secrets.

No container engine is used: `docker` is tests/functional/fake_engine.py, which takes the same command line.
"""

from __future__ import annotations

import io
import json
import os
import shutil
import signal
import subprocess
import sys
import tarfile
import time
import uuid
import zipfile
from pathlib import Path
from typing import Any

import pytest

from framework.errors import BackendError
from framework.findings import FindingsError
from framework.local.backend import LocalBackend
from framework.local.isolation import Command, choose_runner
from framework.pipeline.compiled import CompiledPipeline, LocalSettings, StandIn, Upload
from framework.pipeline.execution import Execution

HERE = Path(__file__).resolve().parent
RUNPROC = """set -e
cd /opt/ml/processing/input/code
tar -xzf sourcedir.tar.gz
[ ! -f requirements.txt ] || python -m pip install -r requirements.txt
python -m "$@"
"""
PREPARE = """
import os, pathlib, sys
source, target = map(pathlib.Path, sys.argv[1:])
target.joinpath("rows.csv").write_text("".join(f"{2 * int(row)}\\n" for row in source.joinpath("rows.csv").read_text().split()))
print("variables", sorted(os.environ))
"""
TRAIN = """
import json, os, pathlib
rows = [int(row) for row in pathlib.Path(os.environ["SM_CHANNEL_ROWS"], "rows.csv").read_text().split()]
model = pathlib.Path(os.environ["SM_MODEL_DIR"])
(model / "model.json").write_text(json.dumps({"slope": sum(rows)}))
(model / "code").mkdir()
(model / "code/inference.py").write_text(pathlib.Path("inference.py").read_text())
print(f"loss={1 / len(rows)};", "variables", sorted(os.environ))
"""
INFERENCE = """
import json, os, pathlib
def model_fn(folder): return json.loads(pathlib.Path(folder, "model.json").read_text())["slope"]
def transform_fn(slope, data, kind, accept):
    print("variables", sorted(os.environ))
    return "\\n".join(str(slope * int(row)) for row in data.split())
"""


def archive(**files: str) -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w:gz") as packed:
        for name, content in files.items():
            member = tarfile.TarInfo(name.replace("_py", ".py").replace("_txt", ".txt"))
            member.size = len(content.encode())
            packed.addfile(member, io.BytesIO(content.encode()))
    return stream.getvalue()


def source(name: str, uri: Any, path: str) -> dict[str, Any]:
    return {"InputName": name, "S3Input": {"S3Uri": uri, "LocalPath": f"/opt/ml/processing/{path}"}}


def s3(uri: Any) -> dict[str, Any]:
    return {"DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": uri}}}


CODE = archive(prepare_py=PREPARE, train_py=TRAIN, inference_py=INFERENCE)
UPLOADS = (
    Upload("s3://bucket/code/sourcedir.tar.gz", "", CODE),
    Upload("s3://bucket/entry/runproc.sh", "", RUNPROC.encode()),
    Upload("s3://bucket/raw/rows.csv", "", b"1\n2\n3\n"),
)


def prepare(image: str = "image") -> dict[str, Any]:
    application = {
        "ImageUri": image,
        "ContainerEntrypoint": ["/bin/sh", "/opt/ml/processing/input/entrypoint/runproc.sh"],
        "ContainerArguments": ["prepare", "/opt/ml/processing/raw", "/opt/ml/processing/rows"],
    }
    inputs = [
        source("code", "s3://bucket/code/sourcedir.tar.gz", "input/code"),
        source("entrypoint", "s3://bucket/entry/runproc.sh", "input/entrypoint"),
        source("raw", "s3://bucket/raw/", "raw"),
    ]
    output = {"OutputName": "rows", "S3Output": {"S3Uri": "s3://bucket/rows", "LocalPath": "/opt/ml/processing/rows"}}
    arguments = {"AppSpecification": application, "ProcessingInputs": inputs, "ProcessingOutputConfig": {"Outputs": [output]}}
    return {"Name": "Prepare", "Type": "Processing", "Arguments": arguments}


def train(image: str = "image") -> dict[str, Any]:
    arguments = {
        "AlgorithmSpecification": {"TrainingImage": image, "MetricDefinitions": [{"Name": "loss", "Regex": "loss=([0-9.]+)"}]},
        "InputDataConfig": [
            {"ChannelName": "rows", **s3({"Get": "Steps.Prepare.ProcessingOutputConfig.Outputs['rows'].S3Output.S3Uri"})}
        ],
        "OutputDataConfig": {"S3OutputPath": "s3://bucket/models"},
        "HyperParameters": {"sagemaker_program": "train.py", "sagemaker_submit_directory": "s3://bucket/code/sourcedir.tar.gz"},
    }
    return {"Name": "Train", "Type": "Training", "Arguments": arguments}


def model(image: str = "image", data: Any = None) -> dict[str, Any]:
    container = {"Image": image, "ModelDataUrl": data or {"Get": "Steps.Train.ModelArtifacts.S3ModelArtifacts"}}
    return {"Name": "Model", "Type": "Model", "Arguments": {"PrimaryContainer": container}}


def transform() -> dict[str, Any]:
    arguments = {
        "ModelName": {"Get": "Steps.Model.ModelName"},
        "TransformInput": {"ContentType": "text/csv", "SplitType": "Line", **s3("s3://bucket/raw/")},
        "TransformOutput": {"S3OutputPath": "s3://bucket/out", "Accept": "text/csv"},
    }
    return {"Name": "Transform", "Type": "Transform", "Arguments": arguments}


def shell(script: str, image: str = "image", **arguments: Any) -> dict[str, Any]:
    application = {"ImageUri": image, "ContainerEntrypoint": ["/bin/sh", "-c", script]}
    return {"Name": "A", "Type": "Processing", "Arguments": {"AppSpecification": application, **arguments}}


def pipeline(*steps: dict[str, Any]) -> CompiledPipeline:
    return CompiledPipeline("pipe", {"Steps": list(steps)}, UPLOADS)


class Runs:
    """Runs steps under one runner."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.backend = LocalBackend(folder / ".smp")

    def __call__(self, kind: str, *steps: dict[str, Any], settings: LocalSettings | None = None) -> Execution:
        try:
            choose_runner(self.folder / "probe", kind)
        except BackendError as error:
            pytest.skip(str(error))
        self.backend = LocalBackend(self.folder / ".smp", settings=settings, runner=kind)
        self.backend.grace_seconds = 0.5
        return self.backend.run(pipeline(*steps), {})

    def log(self, execution: Execution, name: str = "A") -> str:
        return "\n".join(self.backend.log_tail(execution, name, 1000))

    def stored(self, name: str) -> str:
        return (self.folder / ".smp/s3/bucket" / name).read_text()


@pytest.fixture
def run(tmp_path: Path) -> Runs:
    return Runs(tmp_path)


def reason(execution: Execution) -> str:
    return str(execution.steps[-1].get("FailureReason"))


def gone(marker: str) -> bool:
    end = time.monotonic() + 10
    while time.monotonic() < end:
        if not any(marker.encode() in line for line in map(_line, Path("/proc").glob("[0-9]*/cmdline"))):
            return True
        time.sleep(0.02)
    return False


def _line(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""


@pytest.mark.parametrize("kind", ["namespace", "bubblewrap", "plain", "darwin"])
def test_a_pipeline_under_each_runner(run: Runs, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "do-not-leak")
    monkeypatch.setenv("AWS_PROFILE", "mine")
    if kind == "darwin":
        monkeypatch.setattr(sys, "platform", "darwin")
    steps = (prepare(), train(), model(), transform())
    execution = run("plain" if kind == "darwin" else kind, *steps, settings=LocalSettings(environment=("AWS_PROFILE", "NOT_SET")))
    logs = {name: run.log(execution, name) for name in ("Prepare", "Train", "Transform")}
    assert execution.status == "Succeeded", (execution.steps, logs)
    assert run.stored("out/rows.csv.out") == "12\n24\n36"
    for log in logs.values():
        assert "'AWS_PROFILE'" in log
        assert "SECRET" not in log
        assert "NOT_SET" not in log
        assert ("SMP_ML_PREFIX" in log) == (kind in ("plain", "darwin"))


@pytest.mark.parametrize("kind", ["namespace", "bubblewrap", "plain", "docker"])
def test_limits_and_failures_are_the_same_under_each_runner(run: Runs, kind: str, docker: Path) -> None:
    marker = f"sleeper-{uuid.uuid4().hex}"
    sleeper = f"{sys.executable} -S -c 'import time; time.sleep(300)' {marker}"
    said = run(kind, shell('mkdir -p "$D"; printf "too few rows" > "$D/message"; exit 9', Environment={"D": "/opt/ml/output"}))
    assert reason(said) == "AlgorithmError: too few rows, exit code: 9"
    assert reason(run(kind, shell("kill -9 $$"))) == "AlgorithmError: the job said nothing, exit code: 137"
    begin = time.monotonic()
    late = run(kind, shell(f"trap '' TERM; {sleeper}", StoppingCondition={"MaxRuntimeInSeconds": 1}))
    assert reason(late) == "MaxRuntimeExceeded: the job was stopped after MaxRuntimeInSeconds = 1"
    assert time.monotonic() - begin < 20
    assert gone(marker)
    limit = {"MaxRuntimeInSeconds": 1}
    polite = run(kind, shell("trap 'echo asked; exit 0' TERM; while :; do sleep 0.05; done", StoppingCondition=limit))
    assert run.log(polite).endswith("asked")


def test_a_script_that_names_opt_ml_under_the_plain_runner(run: Runs) -> None:
    code = Upload("s3://bucket/raw/own.py", "", b"open('/opt/ml/processing/raw/x')")
    step = shell("true", ProcessingInputs=[source("raw", code.uri, "raw")])
    step["Arguments"]["AppSpecification"]["ContainerEntrypoint"] = ["python", "/opt/ml/processing/raw/own.py"]
    run.backend.upload([code])
    failed = reason(run("plain", step))
    assert "No such file or directory: '/opt/ml/processing/raw/x'" in failed
    assert "SMP_ML_PREFIX, or run with another runner: namespace, bubblewrap, docker" in failed


@pytest.fixture
def docker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a `docker` on the PATH; two images."""
    fake, binaries = tmp_path / "engine", tmp_path / "bin"
    fake.mkdir()
    binaries.mkdir()
    (binaries / "docker").write_text(f'#!/bin/sh\nexec "{sys.executable}" "{HERE / "fake_engine.py"}" "$@"\n')
    (binaries / "docker").chmod(0o755)
    environment = {"PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin", "OF_IMAGE": "1"}
    (fake / "entry.py").write_text(ENTRY)
    own = {"entry_point": [sys.executable, str(fake / "entry.py")], "environment": environment, "folder": str(fake)}
    (fake / "images.json").write_text(json.dumps({"image": {"environment": environment, "folder": str(fake)}, "own": own}))
    monkeypatch.setenv("PATH", f"{binaries}:{os.environ['PATH']}")
    monkeypatch.setenv("DOCKER_FAKE", str(fake))
    return fake


ENTRY = """
import json, os, pathlib, sys
ml = pathlib.Path("/opt/ml")
print("arguments", sys.argv[1:], "folder", os.getcwd(), "variables", sorted(os.environ), flush=True)
if sys.argv[1:] == ["train"]:
    given = json.loads((ml / "input/config/hyperparameters.json").read_text())
    rows = (ml / "input/data/rows/rows.csv").read_text().split()
    (ml / "model/weights").write_text(str(len(rows)) + given.get("sagemaker_program", ""))
elif sys.argv[1:] == ["serve"]:
    from http.server import BaseHTTPRequestHandler, HTTPServer
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.end_headers()
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            answer = (ml / "model/weights").read_bytes() + b":" + body.strip()
            self.send_response(200)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)
    HTTPServer(("127.0.0.1", int(os.environ["SAGEMAKER_BIND_TO_PORT"])), Handler).serve_forever()
else:
    (ml / "processing/rows/rows.csv").write_text("7\\n8\\n")
"""


def calls(docker: Path, verb: str) -> list[list[str]]:
    return [words for words in map(json.loads, (docker / "calls.jsonl").read_text().splitlines()) if words[0] == verb]


def entry_point_steps() -> tuple[dict[str, Any], ...]:
    process = prepare("own")
    process["Arguments"]["AppSpecification"] = {"ImageUri": "own", "ContainerArguments": ["go"]}
    process["Arguments"]["Environment"] = {"SECRET_WORD": "sesame", "LINES": "one\ntwo"}
    training = train("own")
    return process, training, model("own"), transform()


def test_images_run_by_docker(run: Runs, docker: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "do-not-leak")
    monkeypatch.setenv("AWS_PROFILE", "mine")
    execution = run("docker", *entry_point_steps(), settings=LocalSettings(environment=("AWS_PROFILE",)))
    logs = {name: run.log(execution, name) for name in ("Prepare", "Train", "Transform")}
    assert execution.status == "Succeeded", (execution.steps, logs)
    assert "arguments ['go'] folder" in logs["Prepare"]
    assert run.stored("out/rows.csv.out") == "2train.py:1\n2\n3"
    for log in logs.values():
        assert "'OF_IMAGE'" in log
        assert "'AWS_PROFILE'" in log
        assert "AWS_SECRET" not in log
    started = calls(docker, "run")
    assert len(started) == 3
    ml = run.folder / ".smp/runs/local0000001/steps/Prepare/ml"
    assert started[0][:3] == ["run", "--rm", "--init"]
    assert f"{ml}:/opt/ml" in started[0]
    assert started[0][-2:] == ["own", "go"]
    assert started[1][-2:] == ["own", "train"]
    assert started[2][-2:] == ["own", "serve"]
    assert [word for word in started[2] if word.startswith("127.0.0.1:") and word.endswith(":8080")]
    text = json.dumps(started)
    assert "sesame" not in text
    assert "two" not in text
    assert not list(run.folder.rglob("*.env")), "the files of variables are gone"
    assert not [path for path in (docker / "ps").iterdir() if path.suffix != ".grace"], "and so are the containers"


def test_an_image_that_does_not_exist(run: Runs, docker: Path) -> None:
    failed = reason(run("docker", shell("true", "nowhere")))
    assert failed.startswith(
        "ClientError: the image nowhere could not be run: docker: Error response from daemon: pull access denied"
    )


def test_code_in_a_container(run: Runs, docker: Path) -> None:
    execution = run("docker", prepare())
    assert execution.status == "Succeeded", run.log(execution, "Prepare")
    (words,) = calls(docker, "run")
    assert words[words.index("--entrypoint") + 1] == "/bin/sh"
    assert words[-4:] == [
        "/opt/ml/processing/input/entrypoint/runproc.sh",
        "prepare",
        "/opt/ml/processing/raw",
        "/opt/ml/processing/rows",
    ]
    assert not (run.folder / ".smp/cache/environments").exists(), "what an image installs is the image's"


def test_a_killed_tool_leaves_no_container(run: Runs, docker: Path, tmp_path: Path) -> None:
    marker = f"sleeper-{uuid.uuid4().hex}"
    program = (
        "import sys; from pathlib import Path; folder = Path(sys.argv[1])\n"
        "from framework.local.isolation import Command, choose_runner\n"
        "runner = choose_runner(folder, 'docker')\n"
        "words = ['/bin/sh', '-c', sys.argv[2]]\n"
        "runner.start(Command(words, folder / 'ml', {}, '/', folder / 'log.txt', 'image')).wait()\n"
    )
    script = f"trap '' TERM; echo up; {sys.executable} -S -c 'import time; time.sleep(300)' {marker}"
    tool = subprocess.Popen([sys.executable, "-c", program, tmp_path / "x", script], cwd=HERE.parents[1])
    try:
        end = time.monotonic() + 20
        while "up" not in ((tmp_path / "x/log.txt").read_text() if (tmp_path / "x/log.txt").exists() else ""):
            assert time.monotonic() < end
            time.sleep(0.02)
    finally:
        tool.send_signal(signal.SIGKILL)
        tool.wait(20)
    assert gone(marker)
    assert calls(docker, "kill")


def test_what_stands_for_images(run: Runs, docker: Path) -> None:
    """The commands of conf.local.images in place of entry points, and variables that an image would set."""
    entry = (sys.executable, str(docker / "entry.py"))
    about = StandIn(process=entry, train=(*entry, "train"), serve=(*entry, "serve"), environment=(("OF_IMAGE", "1"),))
    steps = entry_point_steps()
    del steps[1]["Arguments"]["HyperParameters"]
    settings = LocalSettings(images=(("other*", StandIn()), ("o*n", about), ("*", StandIn(python="/nowhere"))))
    execution = run("auto", *steps, settings=settings)
    assert execution.status == "Succeeded", execution.steps
    assert "arguments ['go']" in run.log(execution, "Prepare")
    assert "'OF_IMAGE'" in run.log(execution, "Prepare")
    assert run.stored("out/rows.csv.out") == "2:1\n2\n3"


def test_an_interpreter_that_stands_for_an_image(run: Runs, tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", tmp_path / "other"], check=True)
    (packages,) = (tmp_path / "other/lib").glob("python*/site-packages")
    (packages / "only_there.py").write_text("WHERE = 'there'\n")
    settings = LocalSettings(images=(("image", StandIn(python=str(tmp_path / "other/bin/python"))),))
    script = "python -c 'import only_there, sys; print(only_there.WHERE, sys.prefix)'; python -c 'import yaml'"
    execution = run("auto", shell(script), settings=settings)
    assert f"there {tmp_path}/.smp/runs/local0000001/steps/A/python" in run.log(execution)
    assert "No module named 'yaml'" in reason(execution), "what the tool's own Python has is not there"


@pytest.mark.parametrize(
    ("python", "part"),
    [("/nowhere/python", "there is no program /nowhere/python"), ("/bin/false", "is not a Python 3 that can be used: exit code 1")],
)
def test_an_interpreter_that_cannot_run(run: Runs, python: str, part: str) -> None:
    failed = reason(run("auto", shell("true"), settings=LocalSettings(images=(("im*", StandIn(python=python)),))))
    assert failed.startswith("ClientError: the interpreter that stands for the image image in conf.local.images cannot run: ")
    assert part in failed


def test_refusals_name_the_ways_out(run: Runs) -> None:
    step = shell("true")
    del step["Arguments"]["AppSpecification"]["ContainerEntrypoint"]
    with pytest.raises(FindingsError) as refused:
        run("auto", step)
    assert [str(finding) for finding in refused.value.findings] == [
        "definition SMP801 step A cannot run here: no ContainerEntrypoint is given, and that of the image image cannot run without "
        'the image. Try: write "image": {process: [program, argument, …]} into conf.local.images, or run with the runner docker.'
    ]


def wheel(folder: Path) -> None:
    folder.mkdir()
    about = "Metadata-Version: 2.1\nName: smpdemo\nVersion: 1.0\n"
    files = {
        "smpdemo.py": "def main(): print('script of', __file__)\n",
        "smpdemo-1.0.dist-info/METADATA": about,
        "smpdemo-1.0.dist-info/WHEEL": "Wheel-Version: 1.0\nGenerator: x\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        "smpdemo-1.0.dist-info/entry_points.txt": "[console_scripts]\nsmpdemo = smpdemo:main\n",
        "smpdemo-1.0.dist-info/RECORD": "",
    }
    with zipfile.ZipFile(folder / "smpdemo-1.0-py3-none-any.whl", "w") as packed:
        for name, content in files.items():
            packed.writestr(name, content)


@pytest.mark.parametrize("kind", ["plain"])
def test_requirements_are_installed_once(run: Runs, kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wheel(tmp_path / "wheels")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path / "wheels"))
    code = archive(
        demo_py="import smpdemo, subprocess; subprocess.run(['smpdemo'], check=True)", requirements_txt="smpdemo==1.0  # x\n"
    )
    step = prepare()
    step["Arguments"]["ProcessingInputs"][0] = source("code", "s3://bucket/demo/sourcedir.tar.gz", "input/code")
    step["Arguments"]["AppSpecification"]["ContainerArguments"] = ["demo"]
    run.backend.upload([Upload("s3://bucket/demo/sourcedir.tar.gz", "", code)])
    first = run(kind, step)
    assert first.status == "Succeeded", run.log(first, "Prepare")
    shutil.rmtree(tmp_path / "wheels")
    second = run(kind, step)
    log = run.log(second, "Prepare")
    assert second.status == "Succeeded", log
    assert "once for all runs" in run.log(first, "Prepare")
    assert "once for all runs" not in log
    assert "Requirement already satisfied: smpdemo==1.0" in log
    (kept,) = (tmp_path / ".smp/cache/environments").iterdir()
    assert f"script of {kept}" in log


def test_requirements_that_cannot_be_installed_beforehand(run: Runs, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    code = archive(demo_py="print(1)", requirements_txt="smp-no-such-package==1.0\n")
    step = prepare()
    step["Arguments"]["ProcessingInputs"][0] = source("code", "s3://bucket/demo/sourcedir.tar.gz", "input/code")
    run.backend.upload([Upload("s3://bucket/demo/sourcedir.tar.gz", "", code)])
    failed = run("auto", step)
    assert "No matching distribution found for smp-no-such-package==1.0" in reason(failed)
    assert "could not be installed beforehand" in run.log(failed, "Prepare")
    assert list((tmp_path / ".smp/cache/environments").iterdir()) == []


@pytest.mark.parametrize(("uid", "info", "expected"), [(1000, "[]", True), (1000, '["name=rootless"]', False), (0, "[]", False)])
def test_files_of_containers_stay_removable(
    tmp_path: Path, docker: Path, monkeypatch: pytest.MonkeyPatch, uid: int, info: str, expected: bool
) -> None:
    monkeypatch.setenv("DOCKER_FAKE_INFO", info)
    own = os.getuid
    monkeypatch.setattr(os, "getuid", lambda: uid)
    runner = choose_runner(tmp_path / "probe", "docker")
    monkeypatch.setattr(os, "getuid", own)
    command = Command(("true",), tmp_path / "probe/ml", {"A": "1"}, "/opt/ml", tmp_path / "log.txt", "image")
    assert runner.start(command).wait(30) == 0
    (words,) = calls(docker, "run")
    assert ("--user" in words) is expected
    assert words[words.index("-w") + 1] == "/opt/ml"
