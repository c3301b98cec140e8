"""spark-submit where this machine has it: the words of an EMR step as a job here, with files in place of S3 objects.

In: the words after "spark-submit". Out: a job that ran. It always runs in this machine's processes ("local[*]"), whatever master
the words name. What conf.local.data maps is copied first, as it is to be read only; other URIs are read and written in the local
store itself.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

from framework.errors import BackendError
from framework.local.job import Job, StepRun
from framework.local.store import LocalStore

PROGRAM = "spark-submit"
HERE = ("--master", "local[*]", "--deploy-mode", "client")
FLAGS = frozenset({"--verbose", "-v", "--supervise"})
URI = re.compile(r"s3[an]?://[^\s,;#\"'\\]+")
PASSED = ("JAVA_HOME", "SPARK_HOME", "SPARK_CONF_DIR")


def program() -> str | None:
    """Where spark-submit is; None when it is not on the PATH."""
    return shutil.which(PROGRAM)


def submit(step: StepRun, words: Sequence[str], limit: int | None) -> None:
    """Runs spark-submit to its end.

    Args:
        step: the step.
        words: its arguments, as for the cluster.
        limit: seconds it may take; None for no limit.

    Raises:
        StepError: it fails, or takes longer.
        BackendError: an address among the words cannot be a place here.
    """
    job = Job(step, limit=limit)
    files = Files(step.site.store, step.folder / "data")
    here = [*HERE, *(files.replace(word) for word in at_home(words))]
    job.note(f"{PROGRAM} {' '.join(here)}")
    for uri, path in files.places.items():
        job.note(f"{path} stands for {uri}")
    job.execute([program() or PROGRAM, *here], _variables())


def at_home(words: Sequence[str]) -> list[str]:
    """The words without the options that choose a cluster; what follows the application's file is not touched."""
    kept: list[str] = []
    left = list(words)
    while left and left[0].startswith("-"):
        option, given, _ = left[0].partition("=")
        length = 1 if given or option in FLAGS else 2
        if option not in HERE:
            kept += left[:length]
        del left[:length]
    return [*kept, *left]


class Files:
    """The places of this machine that S3 URIs stand for.

    Args:
        store: has the objects.
        copies: a folder for copies of what may only be read.

    Attributes:
        places: the URIs that were found so far, and where they are.
    """

    def __init__(self, store: LocalStore, copies: Path) -> None:
        self._store, self._copies = store, copies
        self.places: dict[str, Path] = {}

    def replace(self, word: str) -> str:
        """The word with a path in place of each S3 URI.

        Raises:
            BackendError: one of them cannot be a place here.
        """
        return URI.sub(lambda match: str(self._place(match[0])), word)

    def _place(self, uri: str) -> Path:
        if uri not in self.places:
            self.places[uri] = self._found("s3://" + uri.partition("://")[2].rstrip("/"))
        return self.places[uri]

    def _found(self, uri: str) -> Path:
        target, source = self._store.path(uri), self._mapped(uri)
        if not source:
            target.parent.mkdir(parents=True, exist_ok=True)
            return target
        copy = self._copies / str(len(self.places))
        self._store.download(source, copy / target.name if source.endswith("/") else copy)
        return copy / target.name

    def _mapped(self, uri: str) -> str:
        """The address of the object or folder that conf.local.data has at a URI; "" when that is the store's own, or nothing."""
        for address, paths in ((uri, self._object(uri)), (f"{uri}/", self._folder(uri))):
            if paths:
                own = self._store.root.resolve()
                return "" if all(path.resolve().is_relative_to(own) for path in paths) else address
        return ""

    def _object(self, uri: str) -> list[Path]:
        with contextlib.suppress(BackendError):
            return [self._store.object(uri)]
        return []

    def _folder(self, uri: str) -> list[Path]:
        with contextlib.suppress(BackendError):
            return [path for _, path in self._store.find(f"{uri}/")]
        return []


def _variables() -> dict[str, str]:
    return {"PYSPARK_PYTHON": "python", "PYSPARK_DRIVER_PYTHON": "python", **dict(_passed())}


def _passed() -> Iterator[tuple[str, str]]:
    """What spark-submit needs to find itself and Java."""
    for name in PASSED:
        if os.environ.get(name):
            yield name, os.environ[name]
    java = shutil.which("java")
    if java and not os.environ.get("JAVA_HOME"):
        yield "JAVA_HOME", str(Path(java).resolve().parents[1])
