"""What is kept of an execution, as files below the state folder, and the numbers of executions.

runs/<id>/execution.json, steps.json: the shapes of DescribePipelineExecution and ListPipelineExecutionSteps; steps.jsonl: what has
changed since steps.json was written, one state per line, added to at each change and folded into steps.json at the end;
definition.json, parameters.json, run.json: what runs, and how; owner.json: who runs it; steps/<step>/: description.json (what a
Get can ask for), log.txt, command.json (what its job started last), and while it runs or after it failed everything its job sees.
ids/: one empty file per execution ever started. A file is whole or absent; of the last line of steps.jsonl only, a part may stand
there, which is then nothing.
"""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from framework.errors import BackendError
from framework.local.files import create_atomically, disk, json_bytes, read_json, temporary_beside
from framework.local.ownership import owned
from framework.pipeline.compiled import LocalSettings, StandIn
from framework.pipeline.execution import ENDED, EXECUTING, STOPPED, Execution

ID = re.compile(r"local([0-9]{7})")
STEPS, JOURNAL = "steps.json", "steps.jsonl"
KILLED = "the process that ran it has ended before it did; it can be resumed"


class StateFolder:
    """The layout of the state folder."""

    def __init__(self, root: Path) -> None:
        self.root = root.absolute()
        self.store, self.registry, self.runs = self.root / "s3", self.root / "registry", self.root / "runs"
        self.cache = self.root / "cache"

    def reserve_id(self) -> str:
        """The id of a new execution; nobody else gets it, also after the run's folder was deleted.

        Raises:
            BackendError: the disk refuses.
        """
        folder = self.root / "ids"
        with disk(f"Reserving an execution id in {folder}"):
            folder.mkdir(parents=True, exist_ok=True)
            last = max((int(match[1]) for path in folder.iterdir() if (match := ID.fullmatch(path.name))), default=0)
            while not create_atomically(folder / f"local{last + 1:07}", b""):
                last += 1
        return f"local{last + 1:07}"

    def run(self, execution_id: str) -> Path:
        """The folder of an execution."""
        return self.runs / execution_id

    def ids(self) -> list[str]:
        """The ids of the executions that have begun, newest first."""
        found = self.runs.iterdir() if self.runs.is_dir() else ()
        return sorted(
            (path.name for path in found if ID.fullmatch(path.name) and (path / "execution.json").is_file()), reverse=True
        )

    def existing(self, execution_id: str) -> Path:
        """The folder of an execution that has begun.

        Raises:
            BackendError: there is none.
        """
        if not ID.fullmatch(execution_id) or not (self.run(execution_id) / "execution.json").is_file():
            newest = ", ".join(self.ids()[:3])
            raise BackendError(f"Reading execution {execution_id}", "there is none", f"name one of {newest}" if newest else "")
        return self.run(execution_id)

    def step(self, execution: Execution, name: str) -> Path:
        """The folder of a step of an execution."""
        return self.run(execution.id) / "steps" / name


@dataclass(frozen=True)
class RunOptions:
    """How an execution runs, as kept for when it is resumed.

    Attributes:
        pipeline: the pipeline's name.
        region: its region, when known.
        keep_going: after a failure, go on with what does not depend on it.
        strict: steps that would only be recorded fail.
        selected: the steps of a part of the pipeline; empty for all of it.
        source: the ARN of the execution that gives what the part needs.
        data: pairs of an s3:// prefix and the folder that stands for it.
        settings: what the configuration said of local runs.
        runner: how processes are started, as `framework.local.isolation.choose_runner` takes it.
        parallelism: how many steps may run at a time; None for as many as there are cores.
        given: the options that the user gave, as words of a command line.
    """

    pipeline: str
    region: str | None = None
    keep_going: bool = False
    strict: bool = False
    selected: tuple[str, ...] = ()
    source: str = ""
    data: tuple[tuple[str, str], ...] = ()
    settings: LocalSettings = field(default_factory=LocalSettings)
    runner: str = "auto"
    parallelism: int | None = None
    given: tuple[str, ...] = ()

    @classmethod
    def read(cls, run: Path) -> RunOptions:
        """As they were kept.

        Raises:
            BackendError: they cannot be read.
        """
        kept = read_file(run / "run.json")
        kept |= {"selected": tuple(kept["selected"]), "data": _pairs(kept["data"]), "given": tuple(kept.get("given", ()))}
        return cls(**{**kept, "settings": _settings(kept.get("settings") or {})})


def _pairs(kept: Iterable[Iterable[str]]) -> tuple[Any, ...]:
    return tuple(tuple(pair) for pair in kept)


def _settings(kept: Mapping[str, Any]) -> LocalSettings:
    """Settings as JSON has them, with their types again."""
    return LocalSettings(
        data=_pairs(kept.get("data") or ()),
        images=tuple((glob, _stand_in(about)) for glob, about in kept.get("images") or ()),
        lambdas=_pairs(kept.get("lambdas") or ()),
        environment=tuple(kept.get("environment") or ()),
    )


def _stand_in(kept: Mapping[str, Any]) -> StandIn:
    commands = {name: tuple(kept[name]) for name in ("process", "train", "serve")}
    return StandIn(python=kept["python"], **commands, environment=_pairs(kept["environment"]))


def read_execution(folder: Path) -> tuple[dict[str, Any], dict[str, dict[str, Any]]]:
    """What is kept of an execution: its description, and the state of each step by name.

    Raises:
        BackendError: it cannot be read.
    """
    states = {str(state["StepName"]): state for state in read_file(folder / STEPS)}
    with contextlib.suppress(OSError):
        for line in (folder / JOURNAL).read_bytes().splitlines(keepends=True):
            with contextlib.suppress(ValueError):  # the tool was killed while it wrote the last line
                state = json.loads(line)
                states[state["StepName"]] = state
    return dict(read_file(folder / "execution.json")), states


def shown(folder: Path) -> Execution:
    """An execution as it is shown to others: one whose process was killed is Stopped, and says so.

    Raises:
        BackendError: it cannot be read.
    """
    alive = owned(folder)  # before reading: it may end meanwhile
    description, states = read_execution(folder)
    if description["PipelineExecutionStatus"] == EXECUTING and not alive:
        description |= {"PipelineExecutionStatus": STOPPED, "FailureReason": KILLED}
        states = {
            name: state if state.get("StepStatus") in ENDED else {**state, "StepStatus": STOPPED} for name, state in states.items()
        }
    return Execution(description, list(states.values()))


def write_description(folder: Path, description: Mapping[str, Any]) -> None:
    """Writes what a succeeded step tells, whole or not at all.

    It does not wait for the disk, which would take longer than everything else that the engine does for a step: where the machine
    itself goes down, a step whose description did not reach the disk is run again.
    """
    with temporary_beside(folder / "description.json") as path:
        path.write_bytes(json_bytes(description))
        path.replace(folder / "description.json")


def read_description(folder: Path) -> dict[str, Any]:
    """What a succeeded step told, from its folder.

    Raises:
        BackendError: it is not there.
    """
    return dict(read_file(folder / "description.json"))


def read_file(path: Path) -> Any:
    """What a JSON file of an execution says.

    Raises:
        BackendError: it is not there, or is not JSON.
    """
    try:
        return read_json(path)
    except (OSError, ValueError) as error:
        raise BackendError(f"Reading {path}", str(error)) from error
