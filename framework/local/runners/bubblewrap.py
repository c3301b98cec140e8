"""Bubblewrap makes the namespaces: where it may and we may not, as on distributions that allow them to known programs only."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from framework.errors import BackendError
from framework.local.runners.base import ML, Command, Running, Traits
from framework.local.runners.supervised import SETUP, start_supervised

PROGRAM = "bwrap"


class BubblewrapRunner:
    """Starts commands by `bwrap`, with our supervisor inside.

    Args:
        program: bwrap, as an absolute path; found on the PATH when None.

    Raises:
        BackendError: it is not installed.
    """

    def __init__(self, program: str | None = None) -> None:
        found = program or shutil.which(PROGRAM)
        if not found:
            raise BackendError(SETUP, f"{PROGRAM} is not installed", "install the package bubblewrap, or choose another runner")
        self._program = found
        self.traits = Traits("bubblewrap")

    def start(self, command: Command) -> Running:
        """See `Runner.start`."""
        spec = {
            "words": list(command.words),
            "environment": dict(command.environment),
            "folder": command.folder,
            "linux": sys.platform.startswith("linux"),
        }
        return start_supervised(spec, command, "supervise.py", lambda words: [*self._words(command), *words])

    def _words(self, command: Command) -> list[str]:
        return [
            *(self._program, "--dev-bind", "/", "/", *_opt(Path("/opt")), "--bind", str(command.ml), ML),
            *("--unshare-pid", "--proc", "/proc", "--chdir", "/"),
        ]


def _opt(folder: Path) -> list[str]:
    """A private /opt that shows everything that is there, so that `ml` can be made in it and never outside."""
    words = ["--tmpfs", str(folder)]
    for entry in sorted(folder.iterdir()) if folder.is_dir() else ():
        if entry.is_symlink():
            words += ["--symlink", str(entry.readlink()), str(entry)]
        elif entry != Path(ML):
            words += ["--dev-bind", str(entry), str(entry)]
    return words
