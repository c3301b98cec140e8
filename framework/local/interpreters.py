"""Interpreters that stand for images, and virtual environments on top of them.

In: a path. Out: an `Interpreter`, and folders that see its packages and keep what is added to themselves.
"""

from __future__ import annotations

import functools
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

ASK_SECONDS = 60.0
PIP = '#!/bin/sh\nexec "${0%/*}/python" -m pip "$@"\n'
TELL = """
import json, sys
from importlib.util import find_spec
print(json.dumps([
    getattr(sys, "_base_executable", None) or sys.executable, sys.prefix, list(sys.version_info[:3]), sys.path,
    find_spec("pip") is not None, getattr(find_spec("ensurepip"), "origin", None) or "",
]))
"""


class InterpreterError(Exception):
    """There is no such interpreter, or it does not run."""


@dataclass(frozen=True, slots=True)
class Interpreter:
    """A Python of this machine.

    Attributes:
        executable: the one without a virtual environment around it.
        prefix: of its environment, virtual or not.
        version: as in (3, 11, 7).
        packages: the folders of installed packages that it sees.
        pip: whether pip is among them.
        wheel: the pip that came with it and is not installed, as a file that Python can import from; "" when there is none.
    """

    executable: str
    prefix: str
    version: tuple[int, ...]
    packages: tuple[str, ...]
    pip: bool
    wheel: str

    @property
    def name(self) -> str:
        """As in "python3.11"."""
        return "python{}.{}".format(*self.version)


def interpreter(python: str) -> Interpreter:
    """Finds out about an interpreter; "" is the one this runs in.

    Raises:
        InterpreterError: there is none, or it is too old.
    """
    if not python:
        return _own()
    found = shutil.which(python)
    if not found:
        raise InterpreterError(f"there is no program {python}")
    try:
        return _asked(found, Path(found).resolve().stat().st_mtime_ns)
    except OSError as error:
        raise InterpreterError(f"{python}: {error.strerror or error}") from None


def _own() -> Interpreter:
    executable = getattr(sys, "_base_executable", None) or sys.executable
    ensurepip = getattr(find_spec("ensurepip"), "origin", None) or ""
    packages_seen, pip = _installed(sys.path), find_spec("pip") is not None
    return Interpreter(executable, sys.prefix, tuple(sys.version_info[:3]), packages_seen, pip, _wheel(ensurepip))


@functools.lru_cache(maxsize=64)
def _asked(python: str, _: int) -> Interpreter:
    """The interpreter's own answer; the second argument is when it was changed, so that a new one is asked again."""
    try:
        shown = subprocess.run(
            [python, "-c", TELL], capture_output=True, text=True, timeout=ASK_SECONDS, check=False, env={}, cwd="/"
        )
    except subprocess.TimeoutExpired:
        raise InterpreterError(f"{python} does not answer") from None
    try:
        executable, prefix, version, path, pip, ensurepip = json.loads(shown.stdout.splitlines()[-1])
    except (IndexError, ValueError):
        said = shown.stderr.strip().splitlines()[-1:] or [f"exit code {shown.returncode}"]
        raise InterpreterError(f"{python} is not a Python 3 that can be used: {said[0]}") from None
    return Interpreter(executable, prefix, tuple(version), _installed(path), pip, _wheel(ensurepip))


def _wheel(ensurepip: str) -> str:
    """The wheel of pip beside the module `ensurepip`."""
    found = sorted(Path(ensurepip).parent.glob("_bundled/pip-*.whl")) if ensurepip else []
    return str(found[-1]) if found else ""


def _installed(path: Sequence[str]) -> tuple[str, ...]:
    return tuple(each for each in path if Path(each).name in ("site-packages", "dist-packages") and Path(each).is_dir())


def make_environment(folder: Path, base: Interpreter, more: Sequence[Path] = ()) -> Path:
    """Makes a virtual environment that also sees what an interpreter sees; packages installed in it stay in it.

    Args:
        folder: where; created.
        base: the interpreter.
        more: folders of packages that come before the interpreter's.

    Returns:
        the folder with `python` and `pip`.
    """
    binaries = folder / "bin"
    packages(folder, base).mkdir(parents=True, exist_ok=True)
    binaries.mkdir(exist_ok=True)
    if sys.maxsize > 2**32 and sys.platform.startswith("linux") and not (folder / "lib64").is_symlink():
        (folder / "lib64").symlink_to("lib")
    for name in ("python", "python3", base.name):
        if not (binaries / name).is_symlink():
            (binaries / name).symlink_to(base.executable if name == "python" else "python")
    version = ".".join(map(str, base.version))
    home = Path(base.executable).parent
    (folder / "pyvenv.cfg").write_text(
        f"home = {home}\ninclude-system-site-packages = false\nversion = {version}\n", encoding="utf-8"
    )
    see_packages(folder, base, more)
    for name in ("pip", "pip3"):
        (binaries / name).write_text(PIP, encoding="ascii")
        (binaries / name).chmod(0o755)
    settings = Path(base.prefix, "pip.conf")
    if os.access(settings, os.R_OK):
        shutil.copyfile(settings, folder / "pip.conf")
    return binaries


def see_packages(folder: Path, base: Interpreter, more: Sequence[Path] = ()) -> None:
    """Makes an environment see other folders of packages, in their order, and then those of its interpreter."""
    lines = [f"import site; site.addsitedir({path!r})\n" for path in [*map(str, more), *base.packages]]
    if base.wheel and not base.pip:
        lines.append(f"{base.wheel}\n")
    (packages(folder, base) / "_installed.pth").write_text("".join(lines), encoding="utf-8")


def packages(folder: Path, base: Interpreter) -> Path:
    """The folder of an environment's own packages."""
    return folder / "lib" / base.name / "site-packages"


REQUIREMENT = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*\s*(\[[^\]]*\])?\s*(([<>=!~;#]|@\s*(https|git\+https)://).*)?")
FILE = re.compile(r"\.(whl|zip|tar\.gz|tgz|bz2)$")


def plain_requirements(text: str) -> bool:
    """Whether a requirements file says all by itself: packages by name, no options, no other files."""
    lines = [line.strip() for line in text.splitlines()]
    wanted = [line for line in lines if line and not line.startswith("#")]
    return bool(wanted) and all(
        REQUIREMENT.fullmatch(line) and not FILE.search(line) and not line.endswith("\\") for line in wanted
    )
