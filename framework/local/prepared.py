"""Virtual environments that hold what a requirements file asks for, made once and shared by steps and runs.

In: an interpreter and the text of the file. Out: a folder named by their hash, whole or not there at all.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import platform
import shutil
import sys
import tarfile
import threading
import time
import uuid
from collections import defaultdict
from collections.abc import Callable, Iterable
from pathlib import Path

from framework.local.interpreters import Interpreter, make_environment

TEMPORARY = ".tmp-"
FORGOTTEN_SECONDS = 24 * 3600.0
REQUIREMENTS = "requirements.txt"
ARCHIVE = "sourcedir.tar.gz"
LONGEST = 1 << 20
_LOCKS: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)


def key(base: Interpreter, text: str) -> str:
    """Names the environment: the same interpreter, packages beside it, platform and file give the same one."""
    about = [base.executable, base.prefix, base.version, base.packages, sys.platform, platform.machine(), text]
    return hashlib.sha256(json.dumps(about).encode()).hexdigest()


def prepared(root: Path, base: Interpreter, text: str, install: Callable[[Path, Path], None]) -> Path:
    """The environment with what a requirements file asks for; made when it is not there.

    Args:
        root: the folder of all such environments.
        base: the interpreter.
        text: the file's content.
        install: is called with the environment's `python` and the file; what it raises leaves nothing behind.
    """
    name = key(base, text)
    target = root / name
    with _LOCKS[str(target)]:  # another process may make it too; then one of the two is thrown away
        if not target.is_dir():
            _make(target, base, text, install)
    return target


def _make(target: Path, base: Interpreter, text: str, install: Callable[[Path, Path], None]) -> None:
    _forget(target.parent)
    folder = target.parent / f"{TEMPORARY}{uuid.uuid4().hex}"
    try:
        binaries = make_environment(folder, base)
        (folder / REQUIREMENTS).write_text(text, encoding="utf-8")
        install(binaries / "python", folder / REQUIREMENTS)
        _move_scripts(binaries, target / "bin")
        with contextlib.suppress(FileExistsError, OSError):
            folder.rename(target)
        if not target.is_dir():
            folder.rename(target)  # for its reason
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _move_scripts(binaries: Path, target: Path) -> None:
    """Lets the installed scripts begin with the place where their Python will be."""
    for path in binaries.iterdir():
        if path.is_symlink() or not path.is_file():
            continue
        content = path.read_bytes()
        # in the first line, or in the second when the first would be too long for the kernel
        if content.startswith(b"#!") and str(binaries).encode() in content[:1024]:
            path.write_bytes(content.replace(str(binaries).encode(), str(target).encode(), 1))


def _forget(root: Path) -> None:
    """Removes what was left half made long ago by a tool that was killed."""
    for folder in root.glob(f"{TEMPORARY}*"):
        with contextlib.suppress(OSError):
            if time.time() - folder.stat().st_mtime > FORGOTTEN_SECONDS:
                shutil.rmtree(folder, ignore_errors=True)


def wanted(folder: Path, scripts: Iterable[str]) -> str:
    """The content of the requirements file of a folder of code, packed or not; "" when there is none or no script names it."""
    if not any(REQUIREMENTS in script for script in scripts):
        return ""
    if (folder / REQUIREMENTS).is_file():
        return (folder / REQUIREMENTS).read_text(encoding="utf-8", errors="replace")
    try:
        with tarfile.open(folder / ARCHIVE, "r:*") as archive:
            for name in (REQUIREMENTS, f"./{REQUIREMENTS}"):
                with contextlib.suppress(KeyError):
                    content = archive.extractfile(name)
                    return content.read(LONGEST).decode(errors="replace") if content else ""
    except (OSError, tarfile.TarError, EOFError):
        return ""  # whoever starts the code will say so
    return ""
