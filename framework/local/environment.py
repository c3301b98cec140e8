"""What a job's processes see of this machine: a Python of their own on top of the packages that are installed, and few variables.

In: a folder to work in. Out: a folder for PATH, and environment variables. Nothing of the caller's environment gets through
except what an installer of packages needs to reach its index, and what the configuration names.
"""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Mapping
from pathlib import Path

from framework.local.interpreters import Interpreter, interpreter, make_environment
from framework.local.runners.base import ML

SYSTEM_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
PASSED = re.compile(r"PIP_\w+|\w+_proxy|SSL_CERT_FILE|REQUESTS_CA_BUNDLE", re.IGNORECASE)
NOT_PASSED = frozenset({"PIP_TARGET", "PIP_PREFIX", "PIP_ROOT", "PIP_USER", "PIP_PYTHON"})
"""They would lead an installation out of the job's own environment."""
PASSED_INTO_CONTAINERS = re.compile(r"PIP_(EXTRA_)?INDEX_URL|PIP_NO_INDEX|PIP_TRUSTED_HOST|\w+_proxy", re.IGNORECASE)
"""The same less what names files of this machine."""
OWN_FOLDER = f"{ML}/tmp"  # noqa: S108 - nobody else sees it
"""A folder that a job may write to whoever it runs as; its path is short, since sockets of Python's multiprocessing stand in it."""
IMAGE = re.compile(r"[0-9]{12}\.dkr\.ecr\.([a-z0-9-]+)\.amazonaws\.com")


def make_overlay(folder: Path, base: Interpreter | None = None) -> Path:
    """Makes a virtual environment that also sees what an interpreter sees; packages installed in it stay in it.

    Args:
        folder: where; created.
        base: the interpreter; the one the tool runs in when None.

    Returns:
        the folder with `python` and `pip`.
    """
    return make_environment(folder, base or interpreter(""))


def base_environment(
    binaries: Path, home: Path, cache: Path, caller: Mapping[str, str] | None = None, allowed: Collection[str] = ()
) -> dict[str, str]:
    """The variables that every job has.

    Args:
        binaries: the folder with the job's `python`.
        home: the job's home folder.
        cache: where an installer keeps what it fetched.
        caller: the caller's environment; this process's own when None.
        allowed: names of the caller's variables that jobs may see beside those an installer needs.
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
        **_allowed(caller, allowed),
    }


def container_environment(caller: Mapping[str, str] | None = None, allowed: Collection[str] = ()) -> dict[str, str]:
    """The variables that every job in a container of its real image has: few, since the image sets its own.

    Args:
        caller, allowed: as `base_environment` takes them.
    """
    caller = os.environ if caller is None else caller
    passed = {name: value for name, value in caller.items() if PASSED_INTO_CONTAINERS.fullmatch(name)}
    return {**passed, **dict.fromkeys(("HOME", "TMPDIR"), OWN_FOLDER), **_allowed(caller, allowed)}


def callers_names(caller: Mapping[str, str] | None = None, allowed: Collection[str] = ()) -> set[str]:
    """The names of the caller's variables that some job sees.

    Args:
        caller, allowed: as `base_environment` takes them.
    """
    caller = os.environ if caller is None else caller
    return {name for name in caller if PASSED.fullmatch(name) or name in allowed}


def _allowed(caller: Mapping[str, str], names: Collection[str]) -> dict[str, str]:
    return {name: caller[name] for name in names if name in caller}


def _pip_settings(caller: Mapping[str, str]) -> dict[str, str]:
    """The user's own settings of pip, which the job's home folder hides."""
    home = Path(caller.get("HOME") or "/nonexistent")
    found = [path for path in (home / ".config/pip/pip.conf", home / ".pip/pip.conf") if os.access(path, os.R_OK)]
    return {"PIP_CONFIG_FILE": str(found[0])} if found else {}


def cores() -> int:
    """How many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def region_variables(region: str | None, image: str) -> dict[str, str]:
    """The region's variables: the pipeline's, else the one the image lies in; none when neither tells."""
    match = IMAGE.match(image)
    known = region or (match[1] if match else "")
    return {"AWS_REGION": known, "AWS_DEFAULT_REGION": known} if known else {}
