"""Example scripts: as processes that see a folder of the test as their /opt/ml, the way a local run starts them; or as modules.

In: the folder of an example's scripts. Out: an `OptMl` that runs them, or a function that imports them.
"""

from __future__ import annotations

import contextlib
import importlib
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import pytest

from framework.local.isolation import Command, choose_runner, traits

SECONDS = 120.0
ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}  # quicker for little data


class OptMl:
    """A container's /opt/ml.

    Args:
        folder: where the test keeps it.
        scripts: the folder that modules are run from.
    """

    def __init__(self, folder: Path, scripts: Path) -> None:
        self.ml, self._scripts = folder / "ml", scripts
        self._log, self._runner = folder / "log.txt", choose_runner(folder / "try")
        if not traits(self._runner).private:
            pytest.skip("this machine lets nobody see a folder as /opt/ml, and the scripts have that path written into them")
        self.ml.mkdir(parents=True, exist_ok=True)

    def path(self, name: str) -> Path:
        """A path below /opt/ml, with the folders above it."""
        path = self.ml / name
        path.parent.mkdir(parents=True, exist_ok=True)
        return path

    def run(self, *words: str, **environment: str) -> str:
        """Run a module with its arguments; what it printed. It must succeed."""
        code, log = self.outcome(*words, **environment)
        assert code == 0, log
        return log

    def outcome(self, *words: str, **environment: str) -> tuple[int, str]:
        """Run a module with its arguments; its exit code and what it printed."""
        self._log.unlink(missing_ok=True)
        seen = {"PATH": os.environ["PATH"], "HOME": str(self.ml), "PYTHONDONTWRITEBYTECODE": "1", **ONE_THREAD, **environment}
        command = Command((sys.executable, "-m", *words), self.ml, seen, str(self._scripts), self._log)
        running = self._runner.start(command)
        try:
            code = running.wait(SECONDS)
        finally:
            running.stop()
        assert code is not None, f"{words} took longer than {SECONDS} seconds"
        return code, self._log.read_text(encoding="utf-8")


@contextlib.contextmanager
def importing(*folders: Path) -> Iterator[Callable[[str], ModuleType]]:
    """Imports modules of these folders, and forgets them in the end: other examples have modules of the same names."""
    places = [str(folder) for folder in folders]
    own = {path.stem for folder in folders for path in folder.iterdir()}
    before = set(sys.modules)
    sys.path[:0] = places
    try:
        yield importlib.import_module
    finally:
        sys.path[:] = [place for place in sys.path if place not in places]
        for name in set(sys.modules) - before:
            if name.partition(".")[0] in own:
                del sys.modules[name]
