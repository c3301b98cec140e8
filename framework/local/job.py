"""One job: a private /opt/ml, a Python of its own, a log, a time limit. Every step type that runs processes uses it.

In: what a step is given (`StepRun`) and commands. Out: files in the job's /opt/ml, or a `StepError` with the reason that
SageMaker would give.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from framework.local.environment import base_environment, make_overlay, region_variables
from framework.local.files import child, write_json
from framework.local.functions import text
from framework.local.isolation import Command, Runner, Running, StartError
from framework.local.registry import Registry
from framework.local.store import LocalStore

ML = "/opt/ml"
LONGEST_MESSAGE = 1024
TAIL_BYTES = 65536
HOST = "algo-1"


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
    """

    store: LocalStore
    registry: Registry
    runner: Runner
    cache: Path
    grace: float


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


class Job:
    """The processes of one step, and what they see.

    Args:
        run: the step.
        image: the image that would run on SageMaker.
        limit: seconds that all commands together may take; None for no limit.
    """

    def __init__(self, run: StepRun, image: str = "", limit: int | None = None) -> None:
        self.run, self._limit = run, limit
        self._end: float | None = None
        self.ml = run.folder / "ml"
        for folder in (self.ml / "tmp", run.folder / "work"):
            folder.mkdir(parents=True, exist_ok=True)
        binaries = make_overlay(run.folder / "python")
        self._environment = {
            **base_environment(binaries, run.folder, run.site.cache),
            # a short path: sockets of Python's multiprocessing stand here, and their names must not be long
            "TMPDIR": f"{ML}/tmp",  # noqa: S108 - nobody else sees it
            **region_variables(run.region, image),
        }

    def path(self, inside: str) -> Path:
        """The file of this machine that the job sees as `inside`.

        Raises:
            StepError: it does not lie in /opt/ml.
        """
        if not inside.startswith(f"{ML}/"):
            raise StepError(f"ClientError: {inside!r} does not lie in {ML}, the only folder a job shares with SageMaker")
        return child(self.ml, inside.removeprefix(f"{ML}/").rstrip("/"))

    def folder(self, inside: str) -> Path:
        """As `path`, for a folder, which is created."""
        path = self.path(inside)
        path.mkdir(parents=True, exist_ok=True)
        return path

    def write(self, inside: str, value: Any) -> None:
        """Writes a JSON file that the job will see."""
        write_json(self.path(inside), value)

    def note(self, line: str) -> None:
        """Writes a line of ours to the log."""
        with self.run.log.open("a", encoding="utf-8") as log:
            log.write(f"[local run] {line}\n")

    def start(self, words: Sequence[str], environment: Mapping[str, str], folder: str = "") -> Running:
        """Starts a command.

        Args:
            words: the program and its arguments.
            environment: its variables beside those every job has.
            folder: its working directory; an empty one of its own when none is given.

        Raises:
            StepError: the program cannot be executed.
        """
        where = folder or str(self.run.folder / "work")
        command = Command(words, self.ml, {**self._environment, **environment}, where, self.run.log)
        try:
            return self.run.site.runner.start(command)
        except StartError as error:
            raise StepError(f"AlgorithmError: {words[0]} cannot be started: {error}, exit code: 127") from None

    def execute(
        self, words: Sequence[str], environment: Mapping[str, str], folder: str = "", message: str = "output/failure"
    ) -> None:
        """Runs a command to its end.

        Args:
            words, environment, folder: as `start` takes them.
            message: the file below /opt/ml in which the job may say why it failed.

        Raises:
            StepError: it cannot be started, took too long, or ended with another exit code than 0.
        """
        if self._limit is not None and self._end is None:
            self._end = time.monotonic() + self._limit
        running = self.start(words, environment, folder)
        try:
            code = running.wait(None if self._end is None else max(0.0, self._end - time.monotonic()))
            if code is None:
                running.stop(self.run.site.grace)
                raise StepError(f"MaxRuntimeExceeded: the job was stopped after MaxRuntimeInSeconds = {self._limit}")
        finally:
            running.stop()
        if code != 0:
            raise StepError(f"AlgorithmError: {self.message(message) or last_line(self.run.log)}, exit code: {code}")

    def message(self, name: str) -> str:
        """What the job wrote into a file below /opt/ml, the first 1024 characters; empty when there is none."""
        path = child(self.ml, name)
        if not path.is_file():
            return ""
        return path.read_bytes()[: 4 * LONGEST_MESSAGE].decode(errors="replace")[:LONGEST_MESSAGE].strip()


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
