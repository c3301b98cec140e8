"""A build machine: the project as it would be checked out, a Python, and the variables that a build has.

Only the package index is not there: what pip would get from it is what the tests run with already.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import venv
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
PROJECT = ("framework", "conf", "examples/lgbm", "env.env", "pyproject.toml", "README.md", "buildspec.yml", ".github")
NOT_CHECKED_OUT = shutil.ignore_patterns("__pycache__", "data", "*.egg-info", ".smp")
SECONDS = 120


def make_python(folder: Path) -> None:
    """A Python that has what the tests run with, and not the project."""
    venv.create(folder, symlinks=True)
    [packages] = folder.glob("lib/python*/site-packages")
    beside = [entry for entry in sys.path if Path(entry).name in {"site-packages", "dist-packages"}]
    (packages / "of_the_tests.pth").write_text("\n".join(beside) + "\n")


@dataclass(frozen=True)
class Done:
    """What some commands came to."""

    status: int
    output: str
    errors: str


@dataclass
class Machine:
    """Runs commands in `work`, a checkout of the project.

    Attributes:
        home: everything of this machine lies below, but its Python.
        python: a virtual environment of `make_python`.
        variables: the environment of every command; PATH and HOME are made here.
    """

    home: Path
    python: Path
    variables: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.work, self.bin = self.home / "work", self.home / "bin"
        self.bin.mkdir()
        for name in PROJECT:
            there = self.work / name
            there.parent.mkdir(parents=True, exist_ok=True)
            if (ROOT / name).is_dir():
                shutil.copytree(ROOT / name, there, ignore=NOT_CHECKED_OUT)
            else:
                shutil.copy(ROOT / name, there)

    def run(self, script: str, variables: Mapping[str, str], *shell: str) -> Done:
        """Have a shell run a script; `shell` is its command line, in front of the script's file."""
        path = self.home / "script.sh"
        path.write_text(script)
        done = subprocess.run(
            [*shell, str(path)], cwd=self.work, env=self._environment(variables), capture_output=True, text=True, timeout=SECONDS
        )
        return Done(done.returncode, done.stdout, done.stderr)

    def program(self, name: str, script: str) -> None:
        """Put a program into the PATH."""
        path = self.bin / name
        path.write_text(script)
        path.chmod(0o755)

    def write(self, name: str, text: str) -> None:
        """Change a file of the checkout."""
        (self.work / name).write_text(text)

    def read(self, name: str) -> str:
        return (self.work / name).read_text()

    def _environment(self, variables: Mapping[str, str]) -> dict[str, str]:
        own = {
            "PATH": os.pathsep.join([str(self.bin), str(self.python / "bin"), os.defpath]),
            "HOME": str(self.home),
            "PIP_NO_INDEX": "1",
            "PIP_NO_BUILD_ISOLATION": "0",  # "no" to isolation, as pip reads it
            "PIP_ROOT_USER_ACTION": "ignore",
        }
        return {**own, **self.variables, **variables}
