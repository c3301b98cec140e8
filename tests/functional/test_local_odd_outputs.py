"""Outputs that cannot be stored: the step fails and the reason names the thing, the store stays whole, a run is resumed."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import pytest

from framework.errors import BackendError
from framework.local.backend import LocalBackend
from framework.local.isolation import choose_runner
from framework.pipeline.compiled import CompiledPipeline
from framework.pipeline.execution import Execution

ROOT = Path(__file__).resolve().parents[2]
SYSTEM_PYTHON = Path("/usr/bin/python3")
SOCKET = "python3 -c 'import socket; socket.socket(socket.AF_UNIX).bind(\"o/thing\")'"


@pytest.fixture
def backend(tmp_path: Path) -> LocalBackend:
    try:
        choose_runner(tmp_path / "probe")
    except BackendError as error:
        pytest.skip(str(error))
    return LocalBackend(tmp_path / ".smp")


def step(script: str, **more: Any) -> dict[str, Any]:
    output = {"OutputName": "o", "S3Output": {"S3Uri": "s3://b/A", "LocalPath": "/opt/ml/processing/o"}}
    words = ["/bin/sh", "-c", f"cd /opt/ml/processing; {script}"]
    application = {"AppSpecification": {"ImageUri": "image", "ContainerEntrypoint": words}}
    return {
        "Name": "A",
        "Type": "Processing",
        "Arguments": {**application, "ProcessingOutputConfig": {"Outputs": [output]}, **more},
    }


def run(backend: LocalBackend, *steps: dict[str, Any]) -> Execution:
    return backend.run(CompiledPipeline("pipe", {"Steps": list(steps)}), {})


@pytest.mark.parametrize(
    ("script", "part"),
    [
        ("mkfifo o/thing", "o/thing failed: it is neither a file nor a folder"),
        (SOCKET, "o/thing failed: it is neither a file nor a folder"),
        ("ln -s thing o/other; ln -s other o/thing", "it is a symbolic link to nothing, or in a circle"),
        ("ln -s /etc/hostname o/thing", "leads to /etc/hostname, outside of"),
        (r"""touch "o/$(printf 'b\377d')" """, r"A/b\xffd' below"),
        (r"""mkdir "o/$(printf 'b\377d')"; mkfifo "o/$(printf 'b\377d')/thing" """, r"b\xffd/thing failed: it is neither"),
    ],
)
def test_what_cannot_be_stored_fails_the_step(backend: LocalBackend, tmp_path: Path, script: str, part: str) -> None:
    gate = tmp_path / "gate"
    done = run(backend, step(f"if test -e {gate}; then echo 1 > o/x; else {script}; fi"))
    assert part in done.steps[0]["FailureReason"], done.steps
    assert "Try: " in done.steps[0]["FailureReason"]
    assert not list((tmp_path / ".smp/s3").rglob(".smp-tmp-*"))
    assert list(backend.execution(done.id).steps) == list(done.steps)
    gate.touch()
    assert backend.resume(done.id).status == "Succeeded"
    assert (tmp_path / ".smp/s3/b/A/x").read_text() == "1\n"


def test_a_circle_of_folders_is_stored_once(backend: LocalBackend, tmp_path: Path) -> None:
    done = run(backend, step("mkdir -p o/a/b; echo 1 > o/a/x; ln -s ../.. o/a/b/up; ln -s . o/self"))
    assert done.status == "Succeeded", done.steps
    assert sorted(str(path.relative_to(tmp_path / ".smp/s3/b/A")) for path in (tmp_path / ".smp/s3").rglob("x")) == ["a/x"]


def test_words_that_utf_8_does_not_have_are_kept(backend: LocalBackend) -> None:
    """A definition may hold them as escapes, and a job may say anything."""
    done = run(backend, step("printf 'b\\377d' >&2; exit 1", Environment={"X": "\ud800"}))
    assert done.status == "Failed"
    assert list(backend.execution(done.id).steps) == list(done.steps)
    assert backend.resume(done.id).status == "Failed"


def test_a_model_with_a_fifo_is_no_model(backend: LocalBackend) -> None:
    specification = {"TrainingImage": "image", "ContainerEntrypoint": ["mkfifo", "/opt/ml/model/thing"]}
    arguments = {"AlgorithmSpecification": specification, "OutputDataConfig": {"S3OutputPath": "s3://b/m"}}
    done = run(backend, {"Name": "A", "Type": "Training", "Arguments": arguments})
    assert "model/thing failed: it is neither a file nor a folder" in done.steps[0]["FailureReason"]


TOOL = """
import json, sys
sys.path.insert(0, sys.argv[1])
from pathlib import Path
from framework.local.backend import LocalBackend
from framework.pipeline.compiled import CompiledPipeline
backend = LocalBackend(Path(sys.argv[2]))
done = backend.run(CompiledPipeline("pipe", {"Steps": json.loads(sys.argv[3])}), {})
Path(sys.argv[2], "gate").touch()
again = backend.resume(done.id)
print(json.dumps([done.steps[0].get("FailureReason"), again.status, again.steps[0].get("FailureReason")]))
"""


def test_a_folder_without_rights_for_an_ordinary_user() -> None:
    """The step fails, and what it leaves does not keep the run from being resumed."""
    if os.geteuid() == 0 and not (shutil.which("setpriv") and SYSTEM_PYTHON.exists()):
        pytest.skip("needs setpriv and a system Python")
    user = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"] if os.geteuid() == 0 else []
    python = str(SYSTEM_PYTHON) if user else sys.executable
    with tempfile.TemporaryDirectory() as name:
        state = Path(name) / "state"
        state.mkdir()
        Path(name).chmod(0o755)
        forbidden = "mkdir -p o/secret/deep; echo 1 > o/secret/deep/x; chmod 0 o/secret/deep o/secret; mkdir -p k/l; chmod 0 k"
        steps = [step(f"if test -e {state}/gate; then echo 1 > o/x; else {forbidden}; fi")]
        if user:
            subprocess.run(["chown", "-R", "65534:65534", str(state)], check=True)
        words = [*user, python, "-c", TOOL, str(ROOT), str(state), json.dumps(steps)]
        how: dict[str, Any] = {"capture_output": True, "text": True, "timeout": 60, "cwd": "/", "env": {"PATH": "/usr/bin:/bin"}}
        shown = subprocess.run(words, check=False, **how)
        if shown.returncode and "Permission denied" in shown.stderr and "framework" not in shown.stderr:
            pytest.skip(shown.stderr)
        assert shown.returncode == 0, shown.stderr
        reason, status, again = json.loads(shown.stdout)
        assert "Permission denied" in reason
        assert "o/secret" in reason
        assert (status, again) == ("Succeeded", None)
        assert not (state / "runs/local0000001/steps/A/ml").exists()
