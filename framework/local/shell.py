"""A shell where a step of a local run ran: in its /opt/ml, with its variables, under its runner.

In: an execution and a step. Out: the exit code of the shell, or of the command that is given instead. What a failed step saw is
kept as it left it. Of a succeeded one only its log and its results are: a Processing or Training step is given its inputs and code
again, as they lie in the local S3 now, and they are removed afterwards.
"""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from framework.errors import BackendError
from framework.local import last_command, step_types
from framework.local.isolation import choose_runner
from framework.local.job import ML, Site, StepError, StepRun
from framework.local.last_command import LastCommand
from framework.local.ownership import Ownership
from framework.local.registry import Registry
from framework.local.runners.base import Command, StartError, Traits, traits
from framework.local.state import RunOptions, StateFolder, read_description
from framework.local.store import LocalStore
from framework.local.terminal import attended
from framework.local.usage import using
from framework.pipeline.compiled import LocalSettings
from framework.pipeline.execution import SUCCEEDED, Execution, StepState

LOG = "shell.txt"
SHELLS = ("/bin/bash", "/bin/sh")


@dataclass(frozen=True)
class Place:
    """Where a shell opens.

    Attributes:
        last: the step's last command.
        traits: what isolates the shell.
        status: the step's status.
    """

    last: LastCommand
    traits: Traits
    status: str


class _Again(StepRun):
    """A step that is given its inputs again; its log stays as it is."""

    @property
    def log(self) -> Path:
        return self.folder / LOG


def run_shell(
    state: StateFolder,
    execution: Execution,
    step: StepState,
    words: Sequence[str],
    settings: LocalSettings,
    tell: Callable[[Place], None],
) -> int:
    """Opens a shell, or runs one command, and waits for its end.

    Args:
        state: the state folder.
        execution: the execution.
        step: the state of the step.
        words: the command; a shell when empty.
        settings: what the configuration says of local runs.
        tell: is told where, before it starts.

    Returns:
        the exit code; 127 when the command cannot be executed.

    Raises:
        BackendError: the step started nothing here, or nothing is left of what it saw.
    """
    name = str(step["StepName"])
    folder = state.step(execution, name)
    last = last_command.read(folder)
    if last is None:
        raise BackendError(f"Opening a shell in {name}", _why_nothing(step), "choose a step that ran a process here")
    with using(state.root):
        runner = choose_runner(state.cache / "probe", last.runner)
        site = Site(
            store=LocalStore(state.store, RunOptions.read(state.run(execution.id)).data),
            registry=Registry(state.registry),
            runner=runner,
            cache=state.cache,
            grace=0.0,
            settings=settings,
        )
        with _filled(last.path, step, site):
            tell(Place(last, traits(runner), str(step["StepStatus"])))
            command = Command(words or _shell(last), last.path / "ml", last.variables(), ML, last.path / LOG, last.image)
            try:
                return attended(runner, command)
            except StartError as error:
                raise BackendError(f"Starting {command.words[0]} in {name}", str(error)) from None


def _shell(last: LastCommand) -> tuple[str, ...]:
    return (SHELLS[-1] if last.image else next(path for path in SHELLS if Path(path).exists() or path == SHELLS[-1]),)


def _why_nothing(step: StepState) -> str:
    for member in ("CacheHitResult", "SelectiveExecutionResult"):
        if source := (step.get(member) or {}).get("SourcePipelineExecutionArn"):
            return f"it was not run, but taken over from {str(source).rpartition('/')[2]}"
    return f"it is {step['StepStatus']} and has started no process"


@contextlib.contextmanager
def _filled(folder: Path, step: StepState, site: Site) -> Iterator[None]:
    """Sees to it that the step's /opt/ml is there; one that had to be filled again is removed at the end."""
    if step["StepStatus"] != SUCCEEDED:
        if not (folder / "ml").is_dir():
            raise BackendError(f"Opening a shell in {step['StepName']}", "its /opt/ml is gone", "run it again")
        yield
        return
    with Ownership(folder):
        try:
            _fill(folder, step, site)
            yield
        finally:
            for path in list(folder.iterdir()):
                if path.is_dir() and not path.is_symlink():
                    shutil.rmtree(path, ignore_errors=True)
            (folder / LOG).unlink(missing_ok=True)


def _fill(folder: Path, step: StepState, site: Site) -> None:
    what = f"Filling /opt/ml of {step['StepName']} again"
    description: dict[str, Any] = read_description(folder)
    metadata = next(iter(step.get("Metadata") or {}), "")
    kind = next((kind for kind in step_types.STEP_TYPES.values() if kind.metadata == metadata and kind.fill), None)
    if kind is None or kind.fill is None:
        why = "it was removed when the step succeeded, and only that of Processing and Training steps can be filled again"
        raise BackendError(what, why)
    job = str(description.get(f"{kind.metadata}Name", ""))
    run = _Again({"Name": step["StepName"]}, description, job, str(description.get(kind.arn_member)), folder, None, site, {})
    try:
        kind.fill(run)
    except StepError as error:
        raise BackendError(what, str(error)) from None
