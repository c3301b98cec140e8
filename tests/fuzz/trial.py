"""One case under limits of time and memory: what came of it as a digest, or a failure that can be told from others."""

from __future__ import annotations

import contextlib
import hashlib
import resource
import signal
import traceback
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

from tests.fuzz.case import Case
from tests.fuzz.folder import Folder
from tests.fuzz.targets import BrokenError, run

SECONDS = 5.0
"""Of the processor; a machine that is busy with other things may take WALL_SECONDS of a clock."""

WALL_SECONDS = 60.0
MEMORY = 2 * 1024**3
_OURS = str(Path(__file__).resolve().parents[2] / "framework")


class TooLongError(BaseException):
    """A case takes longer than it may; nothing that is tried catches it."""


@dataclass(frozen=True)
class Failure:
    """What must not be.

    Attributes:
        sign: what failures of one cause have in common.
        trace: the traceback.
    """

    sign: str
    trace: str


@dataclass(frozen=True)
class Verdict:
    """Either `failure`, or the `digest` of what came of it."""

    digest: str = ""
    failure: Failure | None = None


def try_case(case: Case, folder: Folder, seconds: float = SECONDS) -> Verdict:
    """What comes of a case."""
    try:
        with _limited(seconds):
            outcome = run(case, folder)
    except (Exception, TooLongError) as error:
        return Verdict(failure=Failure(_sign(error), "".join(traceback.format_exception(error, limit=-30))))
    return Verdict(hashlib.sha256(outcome.encode("utf-8", "surrogatepass")).hexdigest()[:16])


def limit_memory() -> None:
    """No more memory for this process than a case may take."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))


@contextlib.contextmanager
def _limited(seconds: float) -> Iterator[None]:
    before = {number: signal.signal(number, _stop) for number in (signal.SIGPROF, signal.SIGALRM)}
    signal.setitimer(signal.ITIMER_PROF, seconds)
    signal.setitimer(signal.ITIMER_REAL, WALL_SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.setitimer(signal.ITIMER_PROF, 0)
        for number, handler in before.items():
            signal.signal(number, handler)


def _stop(number: int, frame: FrameType | None) -> None:
    raise TooLongError


def _sign(error: BaseException) -> str:
    """The kind of an error and, unless that is chance, the last place of the framework that it came by."""
    if isinstance(error, BrokenError):
        return str(error).partition(":")[0]
    if isinstance(error, TooLongError):
        return "too long"
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if frame.filename.startswith(_OURS)]
    last = ours[-1] if ours else frames[-1]
    where = f"{last.filename.removeprefix(_OURS).lstrip('/')}:{last.name}"
    return type(error).__name__ if isinstance(error, (RecursionError, MemoryError)) else f"{type(error).__name__} in {where}"
