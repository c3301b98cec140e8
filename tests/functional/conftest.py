"""A folder of a user, with `smp` on the PATH of the shell that stands in it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.functional.after import ROOT, Call


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A folder with a blank in its name, in which `smp` is on the PATH."""
    folder = tmp_path / "my project"
    (folder / "bin").mkdir(parents=True)
    program = folder / "bin/smp"
    program.write_text(
        f'#!/bin/sh\nexec "{sys.executable}" -c "import sys; sys.argv[0] = \'smp\'; from framework.cli import main; main()" "$@"\n'
    )
    program.chmod(0o755)
    return folder


@pytest.fixture
def call(home: Path) -> Call:
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PATH": f"{home}/bin:{os.environ['PATH']}"}

    def invoke(line: str, folder: Path = home, code: int | None = 0, **more: Any) -> subprocess.CompletedProcess[str]:
        env = {**environment, **more.pop("environment", {})}
        done = subprocess.run(
            line, shell=True, cwd=folder, env=env, capture_output=True, text=True, timeout=120, stdin=subprocess.DEVNULL, **more
        )
        assert code is None or done.returncode == code, (done.returncode, done.stdout, done.stderr)
        return done

    return invoke


@pytest.fixture
def write(home: Path) -> Callable[..., Path]:
    def put(*steps: dict[str, Any], parameters: tuple[str, ...] = ()) -> Path:
        path = home / "my pipe.json"
        about = [{"Name": name, "Type": "String", "DefaultValue": "?"} for name in parameters]
        path.write_text(json.dumps({"Version": "2020-12-01", "Parameters": about, "Steps": list(steps)}))
        return path

    return put
