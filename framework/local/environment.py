"""What a job's processes see of this machine: a Python of their own on top of the packages that are installed, and few variables.

In: a folder to work in. Out: a folder for PATH, and environment variables. Nothing of the caller's environment gets through
except what an installer of packages needs to reach its index.
"""

from __future__ import annotations

import os
import re
import shutil
import sys
import venv
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path

SYSTEM_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
PASSED = re.compile(r"PIP_\w+|\w+_proxy|SSL_CERT_FILE|REQUESTS_CA_BUNDLE", re.IGNORECASE)
NOT_PASSED = frozenset({"PIP_TARGET", "PIP_PREFIX", "PIP_ROOT", "PIP_USER", "PIP_PYTHON"})
"""They would lead an installation out of the job's own environment."""
PIP = '#!/bin/sh\nexec "${0%/*}/python" -m pip "$@"\n'
IMAGE = re.compile(r"[0-9]{12}\.dkr\.ecr\.([a-z0-9-]+)\.amazonaws\.com")


def make_overlay(folder: Path) -> Path:
    """Makes a virtual environment that also sees what is installed in the tool's own; packages installed in it stay in it.

    Args:
        folder: where; created.

    Returns:
        the folder with `python` and `pip`.
    """
    own_pip = find_spec("pip") is None and find_spec("ensurepip") is not None
    builder = venv.EnvBuilder(symlinks=True, with_pip=own_pip)
    builder.create(folder)
    (packages,) = folder.glob("lib/python*/site-packages")
    lines = [f"import site; site.addsitedir({path!r})\n" for path in _installed()]
    (packages / "_installed.pth").write_text("".join(lines), encoding="utf-8")
    binaries = folder / "bin"
    for name in ("pip", "pip3"):
        if not (binaries / name).exists():
            (binaries / name).write_text(PIP, encoding="ascii")
            (binaries / name).chmod(0o755)
    settings = Path(sys.prefix, "pip.conf")
    if os.access(settings, os.R_OK):
        shutil.copyfile(settings, folder / "pip.conf")
    return binaries


def _installed() -> list[str]:
    return [path for path in sys.path if Path(path).name in ("site-packages", "dist-packages") and Path(path).is_dir()]


def base_environment(binaries: Path, home: Path, cache: Path, caller: Mapping[str, str] | None = None) -> dict[str, str]:
    """The variables that every job has.

    Args:
        binaries: the folder with the job's `python`.
        home: the job's home folder.
        cache: where an installer keeps what it fetched.
        caller: the caller's environment; this process's own when None.
    """
    caller = os.environ if caller is None else caller
    passed = {name: value for name, value in caller.items() if PASSED.fullmatch(name) and name.upper() not in NOT_PASSED}
    return {
        "PIP_CACHE_DIR": str(cache / "pip"),
        **_pip_settings(caller),
        **passed,
        "PATH": f"{binaries}:{SYSTEM_PATH}",
        "HOME": str(home),
        "LANG": "C.UTF-8",
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        "PIP_NO_INPUT": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONUNBUFFERED": "1",
    }


def _pip_settings(caller: Mapping[str, str]) -> dict[str, str]:
    """The user's own settings of pip, which the job's home folder hides."""
    home = Path(caller.get("HOME") or "/nonexistent")
    found = [path for path in (home / ".config/pip/pip.conf", home / ".pip/pip.conf") if os.access(path, os.R_OK)]
    return {"PIP_CONFIG_FILE": str(found[0])} if found else {}


def region_variables(region: str | None, image: str) -> dict[str, str]:
    """The region's variables: the pipeline's, else the one the image lies in; none when neither tells."""
    match = IMAGE.match(image)
    known = region or (match[1] if match else "")
    return {"AWS_REGION": known, "AWS_DEFAULT_REGION": known} if known else {}
