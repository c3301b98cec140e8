"""What the tests of what comes after a run share: steps with scripts, and whether a runner works here."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from framework.errors import BackendError
from framework.local.isolation import choose_runner
from tests.functional.test_local_commands import shell

ROOT = Path(__file__).resolve().parents[2]

Call = Callable[..., subprocess.CompletedProcess[str]]


def told(name: str, script: str, text: str, **more: Any) -> dict[str, Any]:
    """A Processing step that runs a script from the local S3 and puts what it makes there."""
    step = shell(name, f"sh /opt/ml/processing/input/code/{script}", **more)
    source = {"S3Uri": f"s3://bucket/code/{script}", "LocalPath": "/opt/ml/processing/input/code"}
    step["Arguments"]["ProcessingInputs"] = [{"InputName": "code", "S3Input": source}]
    step["Arguments"]["Environment"] = {"OWN": text}
    step["Arguments"]["ProcessingOutputConfig"]["Outputs"][0]["S3Output"]["S3Uri"] = f"s3://bucket/{name}"
    return step


def usable(kind: str, tmp_path: Path) -> None:
    try:
        choose_runner(tmp_path / "probe", kind)
    except BackendError as error:
        pytest.skip(str(error))


def script(home: Path, name: str, content: str) -> None:
    path = home / ".smp/s3/bucket/code" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content)
