"""What a step is given, and how step types read it.

In: a step's arguments, its log. Out: shapes and values. Nothing runs here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from framework.local.functions import text
from framework.local.registry import Registry
from framework.local.runners.base import Runner
from framework.local.store import LocalStore
from framework.pipeline.compiled import LocalSettings

LONGEST_MESSAGE = 1024
TAIL_BYTES = 65536
HOST = "algo-1"


def other_ways(image: str, command: str) -> str:
    """What to do where an image's own program is wanted and the image does not run here.

    Args:
        image: its URI.
        command: which program: process, train or serve.
    """
    return f'write "{image}": {{{command}: [program, argument, …]}} into conf.local.images, or run with the runner docker'


class StepError(Exception):
    """A step fails; the message is its FailureReason."""


@dataclass(frozen=True)
class Site:
    """What all steps of an execution share.

    Attributes:
        store: S3.
        registry: the model registry.
        runner: starts processes.
        cache: a folder that outlives executions.
        grace: seconds a job has to end by itself when its time is up.
        settings: what the configuration says of local runs.
    """

    store: LocalStore
    registry: Registry
    runner: Runner
    cache: Path
    grace: float
    settings: LocalSettings = field(default_factory=LocalSettings)


@dataclass(frozen=True)
class StepRun:
    """What a step type is given to run one step.

    Attributes:
        step: the step of the definition.
        arguments: its Arguments, every function resolved.
        job_name: the name of the job it makes.
        job_arn: its ARN.
        folder: the step's own folder.
        region: the pipeline's region, when known.
        site: what all steps share.
        descriptions: what the steps before tell, by name.
    """

    step: Mapping[str, Any]
    arguments: Mapping[str, Any]
    job_name: str
    job_arn: str
    folder: Path
    region: str | None
    site: Site
    descriptions: Mapping[str, Mapping[str, Any]]

    @property
    def log(self) -> Path:
        """The step's log."""
        return self.folder / "log.txt"

    def note(self, line: str) -> None:
        """Writes a line of ours to the log."""
        append(self.log, f"[local run] {line}\n")


def append(log: Path, words: str) -> None:
    """Adds to a log; names of other bytes than UTF-8 are escaped."""
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("a", encoding="utf-8", errors="backslashreplace") as file:
        file.write(words)


def own_environment(arguments: Mapping[str, Any]) -> dict[str, str]:
    """A step's own Environment, as strings."""
    return {name: text(value) for name, value in (arguments.get("Environment") or {}).items()}


def time_limit(arguments: Mapping[str, Any]) -> int | None:
    """StoppingCondition.MaxRuntimeInSeconds; None when there is none."""
    seconds = (arguments.get("StoppingCondition") or {}).get("MaxRuntimeInSeconds")
    return None if seconds is None else int(seconds)


def s3_prefix(source: Mapping[str, Any], what: str) -> str:
    """The URI of an S3 data source.

    Args:
        source: has S3Uri and S3DataType.
        what: names it in a reason.

    Raises:
        StepError: it is of a kind that cannot be read here.
    """
    kind = source.get("S3DataType", "S3Prefix")
    if kind != "S3Prefix" or not source.get("S3Uri"):
        raise StepError(f"ClientError: {what} is not of S3DataType S3Prefix ({kind}); a local run reads nothing else")
    return str(source["S3Uri"])


def last_lines(log: Path, count: int) -> list[str]:
    """The last lines of a log; none when there is no log."""
    if not log.is_file():
        return []
    with log.open("rb") as file:
        file.seek(max(0, log.stat().st_size - TAIL_BYTES))
        return file.read().decode(errors="replace").splitlines()[-count:] if count > 0 else []


def last_line(log: Path) -> str:
    """The last line of a log that is not empty, shortened."""
    lines = [line.strip() for line in last_lines(log, 50) if line.strip()]
    return lines[-1][:LONGEST_MESSAGE] if lines else "the job said nothing"
