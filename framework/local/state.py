"""What is kept of an execution, as JSON files below the state folder, and the numbers of executions.

runs/<id>/execution.json, steps.json: the shapes of DescribePipelineExecution and ListPipelineExecutionSteps, written at each
change; definition.json, parameters.json: what runs; steps/<step>/: description.json (what a Get can ask for), log.txt, and while
it runs or after it failed everything its job sees. ids/: one empty file per execution ever started.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from framework.errors import BackendError
from framework.local.files import create_atomically, disk, read_json, write_json
from framework.local.names import arn, now
from framework.pipeline.compiled import CompiledPipeline
from framework.pipeline.execution import EXECUTING, FAILED, SUCCEEDED, Execution, Watcher

ID = re.compile(r"local([0-9]{7})")
LONGEST_REASON = 1300


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

    def step(self, execution: Execution, name: str) -> Path:
        """The folder of a step of an execution."""
        return self.run(str(execution.description["PipelineExecutionArn"]).rpartition("/")[2]) / "steps" / name


class Record:
    """The state of one execution while it runs; every change is written down, then told.

    Args:
        folder: the execution's folder.
        compiled: what runs.
        parameters: with which values.
        watch: is called with each changed step.
    """

    def __init__(self, folder: Path, compiled: CompiledPipeline, parameters: Mapping[str, Any], watch: Watcher) -> None:
        self.folder, self._watch = folder, watch
        self.descriptions: dict[str, dict[str, Any]] = {}
        self._steps: dict[str, dict[str, Any]] = {}
        pipeline = f"pipeline/{compiled.name.lower()}"
        self._execution: dict[str, Any] = {
            "PipelineArn": arn(pipeline),
            "PipelineExecutionArn": arn(pipeline, "execution", folder.name),
            "PipelineExecutionDisplayName": f"execution-{folder.name}",
            "PipelineExecutionStatus": EXECUTING,
            "CreationTime": now(),
        }
        with disk(f"Writing {folder}"):
            write_json(folder / "definition.json", compiled.definition)
            write_json(folder / "parameters.json", parameters)
            write_json(folder / "steps.json", [])
        self._write_execution()

    @property
    def variables(self) -> dict[str, str]:
        """The execution variables that do not change while it runs."""
        return {
            "PipelineArn": self._execution["PipelineArn"],
            "PipelineExecutionArn": self._execution["PipelineExecutionArn"],
            "PipelineExecutionId": self.folder.name,
            "StartDateTime": self._execution["CreationTime"],
        }

    def step_folder(self, name: str) -> Path:
        """The folder of a step."""
        return self.folder / "steps" / name

    def begin(self, step: Mapping[str, Any]) -> None:
        """A step starts."""
        optional = {"DisplayName": "StepDisplayName", "Description": "StepDescription"}
        state = {"StepName": step["Name"]} | {theirs: step[ours] for ours, theirs in optional.items() if ours in step}
        self._steps[step["Name"]] = state
        self.change(step["Name"], StepStatus="Starting", StartTime=now(), AttemptCount=1)

    def change(self, name: str, **members: Any) -> None:
        """A step's status changes, and other members with it."""
        self._steps[name].update(members)
        with disk(f"Writing {self.folder}"):
            write_json(self.folder / "steps.json", list(self._steps.values()))
        self._watch(dict(self._steps[name]))

    def succeed(self, name: str, description: dict[str, Any], metadata: Mapping[str, Any]) -> None:
        """A step has succeeded: what it tells is kept, its log too, everything else of its folder is removed."""
        self.descriptions[name] = description
        folder = self.step_folder(name)
        with disk(f"Writing {folder}"):
            write_json(folder / "description.json", description)
        for path in folder.iterdir():
            if path.is_dir():
                shutil.rmtree(path, ignore_errors=True)
        self.change(name, StepStatus=SUCCEEDED, EndTime=now(), Metadata=metadata)

    def fail(self, name: str, reason: str) -> None:
        """A step has failed, and with it the execution."""
        self.change(name, StepStatus=FAILED, EndTime=now(), FailureReason=reason)
        first = reason.partition("\n")[0]
        self._execution["FailureReason"] = f"Step failure: {name}: {first}"[:LONGEST_REASON]

    def finish(self, status: str = "") -> None:
        """The execution ends: as its steps tell, or with the given status, which steps that still run share."""
        for name, state in self._steps.items():
            if state["StepStatus"] not in (SUCCEEDED, FAILED):
                self.change(name, StepStatus=status or FAILED, EndTime=now())
        failed = any(state["StepStatus"] == FAILED for state in self._steps.values())
        self._execution["PipelineExecutionStatus"] = status or (FAILED if failed else SUCCEEDED)
        self._write_execution()

    def _write_execution(self) -> None:
        self._execution["LastModifiedTime"] = now()
        with disk(f"Writing {self.folder}"):
            write_json(self.folder / "execution.json", self._execution)

    def execution(self) -> Execution:
        """The state now."""
        return Execution(dict(self._execution), [dict(state) for state in self._steps.values()])


def read_description(folder: Path) -> dict[str, Any]:
    """What a succeeded step told, from its folder.

    Raises:
        BackendError: it is not there.
    """
    try:
        return dict(read_json(folder / "description.json"))
    except (OSError, ValueError) as error:
        raise BackendError(f"Reading {folder / 'description.json'}", str(error)) from error
