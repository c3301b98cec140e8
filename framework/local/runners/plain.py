"""The runner that needs nothing of the machine but processes: macOS, and containers that allow no namespaces.

There is no private /opt/ml. Every path below /opt/ml in the words, the variables and the generated start scripts of a job is
rewritten to the job's own folder, which SMP_ML_PREFIX names too.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from pathlib import Path

from framework.errors import BackendError
from framework.local.files import walk
from framework.local.runners.base import Command, Running, Traits
from framework.local.runners.supervised import start_supervised

PREFIX = re.compile(r"(?<![\w./-])/opt/ml(?![\w.-])")
PLAIN_PATH = re.compile(r"[\w./+@,=-]+")
GENERATED = ("processing/input/entrypoint", "input/data/entrypoint", "input/data/sm_drivers")
"""Where start scripts arrive that a tool wrote and no user did."""
LONGEST_SCRIPT = 1 << 20
LONGEST_TEMPORARY = 70
"""Sockets below TMPDIR have names of at most about 100 characters."""

LIMITS = (
    "There is no private /opt/ml: paths below /opt/ml are rewritten in arguments, variables and start scripts only; a script that "
    "names /opt/ml itself does not find its files.",
    "A job sees the other processes of this user, their variables too, and all files that this user may see.",
)
NO_SUBREAPER = "A process that leaves its job's process group may outlive the job."


class PlainRunner:
    """Starts commands as ordinary processes."""

    def __init__(self) -> None:
        self._linux = sys.platform.startswith("linux")
        self.traits = Traits("plain", LIMITS if self._linux else (*LIMITS, NO_SUBREAPER), private=False)

    def start(self, command: Command) -> Running:
        """See `Runner.start`."""
        folder = str(command.ml)
        if not PLAIN_PATH.fullmatch(folder):
            why = f"{folder} has characters that cannot stand in a script without quotes"
            raise BackendError("Rewriting /opt/ml", why, "move the project to a folder with a plain name, or choose another runner")
        rewrite_scripts(command.ml)
        spec = {
            "words": [rewritten(word, folder) for word in command.words],
            "environment": _environment(command.environment, folder),
            "folder": rewritten(command.folder, folder),
            "linux": self._linux,
        }
        return start_supervised(spec, command, "supervise.py")


def rewritten(text: str, folder: str) -> str:
    """The text with `folder` in place of /opt/ml, wherever that begins a path."""
    return PREFIX.sub(lambda _: folder, text)


def _environment(environment: Mapping[str, str], folder: str) -> dict[str, str]:
    found = {name: rewritten(value, folder) for name, value in environment.items()}
    if len(found.get("TMPDIR", "")) > LONGEST_TEMPORARY:
        del found["TMPDIR"]
    return {**found, "SMP_ML_PREFIX": folder}


def rewrite_scripts(ml: Path) -> None:
    """Rewrites the generated start scripts of a job, which are its own copies."""
    for place in GENERATED:
        if not (ml / place).is_dir():
            continue
        for _, path in walk(ml / place):
            _rewrite(path, str(ml))


def _rewrite(path: Path, folder: str) -> None:
    if path.stat().st_size > LONGEST_SCRIPT:
        return
    try:
        text = path.read_bytes().decode()
    except UnicodeDecodeError:
        return
    changed = rewritten(text, folder)
    if changed != text:
        path.write_bytes(changed.encode())


def advice(said: str) -> str:
    """What to add to the reason of a failure under this runner; "" when the job did not name /opt/ml.

    Args:
        said: what the job wrote last.
    """
    if not PREFIX.search(said):
        return ""
    return (
        " (the plain runner has no /opt/ml: the script must take its paths from arguments, SM_* variables or SMP_ML_PREFIX, "
        "or run with another runner: namespace, bubblewrap, docker)"
    )
