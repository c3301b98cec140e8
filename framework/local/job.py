"""One job: a private /opt/ml, a Python of its own, a log, a time limit. Every step type that runs processes uses it.

In: what a step is given (`StepRun`) and commands. Out: files in the job's /opt/ml, or a `StepError` with the reason that
SageMaker would give.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from framework.local import last_command
from framework.local.environment import base_environment, container_environment, make_overlay, region_variables
from framework.local.files import child, json_bytes
from framework.local.given import (
    HOST,
    LONGEST_MESSAGE,
    Site,
    StepError,
    StepRun,
    last_line,
    last_lines,
    other_ways,
    own_environment,
    s3_prefix,
    time_limit,
)
from framework.local.interpreters import InterpreterError, packages, plain_requirements, see_packages
from framework.local.prepared import prepared, wanted
from framework.local.runners.base import ML, Command, Running, StartError, traits
from framework.local.runners.containers import FAILED_TO_RUN
from framework.local.runners.plain import advice
from framework.local.stand_ins import python_of, stand_in
from framework.pipeline.compiled import StandIn

__all__ = [
    "HOST",
    "ML",
    "Job",
    "Site",
    "StepError",
    "StepRun",
    "last_line",
    "last_lines",
    "other_ways",
    "own_environment",
    "s3_prefix",
    "time_limit",
]

INSIDE = re.compile(rf"{ML}/[\w./+@=-]+")
LONGEST_SCRIPT = 1 << 20


class Job:
    """The processes of one step, and what they see.

    Args:
        run: the step.
        image: the image that would run on SageMaker.
        limit: seconds that all commands together may take; None for no limit.

    Attributes:
        ml: the folder that stands for /opt/ml.
        image: as given.
        in_container: whether the image itself runs: it has its own Python, packages and entry point.
        stand_in: what the configuration names in place of the image.

    Raises:
        StepError: the interpreter that stands for the image cannot run.
    """

    def __init__(self, run: StepRun, image: str = "", limit: int | None = None) -> None:
        self.run, self.image, self._limit = run, image, limit
        self._end: float | None = None
        self.ml = run.folder / "ml"
        for folder in (self.ml / "tmp", run.folder / "work"):
            folder.mkdir(parents=True, exist_ok=True)
        self._traits = traits(run.site.runner)
        self.in_container = bool(image) and self._traits.runs_images
        self.stand_in = StandIn() if self.in_container else stand_in(image, run.site.settings.images)
        own = self._container_variables() if self.in_container else self._machine_variables()
        self._environment = {**own, **region_variables(run.region, image), **dict(self.stand_in.environment)}

    def _container_variables(self) -> dict[str, str]:
        return container_environment(allowed=self.run.site.settings.environment)

    def _machine_variables(self) -> dict[str, str]:
        try:
            self._base = python_of(self.stand_in, self.image)
        except InterpreterError as error:
            raise StepError(f"ClientError: {error}") from None
        run = self.run
        binaries = make_overlay(run.folder / "python", self._base)
        return {
            # a short path: sockets of Python's multiprocessing stand here, and their names must not be long
            "TMPDIR": f"{ML}/tmp",  # noqa: S108 - nobody else sees it
            **base_environment(binaries, run.folder, run.site.cache, allowed=run.site.settings.environment),
        }

    def requirements(self, path: Path) -> bool:
        """Makes the packages of a requirements file visible to the commands that follow; they are installed once for all runs.

        Args:
            path: the file, on this machine.

        Returns:
            whether they are there. Not, when the file names other files or options, when they cannot be installed (the log
            says why), or in a container: then the job must install them as it would on SageMaker.

        Raises:
            StepError: the time of the job is up.
        """
        content = path.read_text(encoding="utf-8", errors="replace") if path.is_file() else ""
        return self.require(content)

    def require(self, content: str) -> bool:
        """As `requirements`, of the content of such a file."""
        if self.in_container or not plain_requirements(content):
            return False
        try:
            folder = prepared(self.run.site.cache / "environments", self._base, content, self._install)
        except StepError as error:
            if not str(error).startswith("AlgorithmError"):
                raise
            self.note(f"the packages of requirements.txt could not be installed beforehand: {error}")
            return False
        see_packages(self.run.folder / "python", self._base, [packages(folder, self._base)])
        self._environment["PATH"] = self._environment["PATH"].replace(":", f":{folder / 'bin'}:", 1)
        return True

    def asked(self, place: str, words: Sequence[str]) -> str:
        """The content of the requirements file that comes with code, when the commands that start it would install it.

        Args:
            place: the folder of the code, as the job sees it.
            words: the commands; the scripts that they name are looked into.
        """
        return wanted(self.path(place), [*words, *(script for word in words for script in self._scripts(word))])

    def _scripts(self, word: str) -> Iterator[str]:
        """The content of the files below /opt/ml that a word names."""
        for inside in INSIDE.findall(word):
            path = self.ml / inside.removeprefix(f"{ML}/")
            if ".." not in path.parts and path.is_file() and path.stat().st_size <= LONGEST_SCRIPT:
                yield path.read_text(encoding="utf-8", errors="replace")

    def _install(self, python: Path, file: Path) -> None:
        self.note("installing the packages of requirements.txt, once for all runs")
        self.execute([str(python), "-m", "pip", "install", "--quiet", "--no-warn-script-location", "-r", str(file)], {})

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
        path = self.path(inside)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(json_bytes(value))

    def note(self, line: str) -> None:
        """Writes a line of ours to the log."""
        self.run.note(line)

    def start(
        self, words: Sequence[str], environment: Mapping[str, str], folder: str = "", entry_point: bool = False, port: int = 0
    ) -> Running:
        """Starts a command.

        Args:
            words: the program and its arguments.
            environment: its variables beside those every job has.
            folder: its working directory; when none is given, an empty one of its own, in a container the image's.
            entry_point: the words are arguments of the image's own entry point; only `in_container`.
            port: a port of loopback that must lead to port 8080 of a container; 0 for none.

        Raises:
            StepError: the program cannot be executed.
        """
        where = folder or str(self.run.folder / "work")
        image = self.image if self.in_container else ""
        command = Command(words, self.ml, {**self._environment, **environment}, where, self.run.log, image, entry_point, port)
        last_command.keep(self.run.folder, command, self._traits.name, self.run.site.settings.environment)
        try:
            return self.run.site.runner.start(command)
        except StartError as error:
            what = words[0] if words else self.image
            raise StepError(f"AlgorithmError: {what} cannot be started: {error}, exit code: 127") from None

    def execute(
        self,
        words: Sequence[str],
        environment: Mapping[str, str],
        folder: str = "",
        message: str = "output/failure",
        entry_point: bool = False,
    ) -> None:
        """Runs a command to its end.

        Args:
            words, environment, folder, entry_point: as `start` takes them.
            message: the file below /opt/ml in which the job may say why it failed.

        Raises:
            StepError: it cannot be started, took too long, or ended with another exit code than 0.
        """
        if self._limit is not None and self._end is None:
            self._end = time.monotonic() + self._limit
        running = self.start(words, environment, folder, entry_point)
        try:
            code = running.wait(None if self._end is None else max(0.0, self._end - time.monotonic()))
            if code is None:
                running.stop(self.run.site.grace)
                raise StepError(f"MaxRuntimeExceeded: the job was stopped after MaxRuntimeInSeconds = {self._limit}")
        finally:
            running.stop()
        if code != 0:
            raise self._failure(code, message)

    def _failure(self, code: int, message: str) -> StepError:
        said = self.message(message) or last_line(self.run.log)
        if self.in_container and code == FAILED_TO_RUN:
            return StepError(f"ClientError: the image {self.image} could not be run: {said}")
        hint = "" if self._traits.private else advice("\n".join([*last_lines(self.run.log, 20), said]))
        return StepError(f"AlgorithmError: {said}, exit code: {code}{hint}")

    def message(self, name: str) -> str:
        """What the job wrote into a file below /opt/ml, the first 1024 characters; empty when there is none."""
        path = child(self.ml, name)
        if not path.is_file():
            return ""
        with path.open("rb") as file:
            return file.read(4 * LONGEST_MESSAGE).decode(errors="replace")[:LONGEST_MESSAGE].strip()
