"""The state of one execution while it runs: every change is written down, then told. Threads may share it.

In: what happens to steps. Out: the files that `framework.local.state` describes.
"""

from __future__ import annotations

import contextlib
import errno
import threading
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from framework.errors import BackendError
from framework.local.files import disk, json_bytes, remove_tree, write_json
from framework.local.names import arn, now
from framework.local.state import JOURNAL, STEPS, RunOptions, read_description, read_execution, write_description
from framework.pipeline.compiled import CompiledPipeline
from framework.pipeline.execution import ENDED, EXECUTING, FAILED, STOPPED, SUCCEEDED, Execution, Watcher

LONGEST_REASON = 1300


class Record:
    """The state of one execution while it runs; every change is written down, then told. Threads may share it.

    Args:
        folder: the execution's folder.
        execution, steps: what DescribePipelineExecution and ListPipelineExecutionSteps tell so far.
        watch: is called with each step whose status has changed.
    """

    def __init__(self, folder: Path, execution: dict[str, Any], steps: Mapping[str, dict[str, Any]], watch: Watcher) -> None:
        self.folder, self._watch = folder, watch
        self._lock = threading.RLock()
        self._execution, self._steps = execution, dict(steps)
        self.descriptions: dict[str, dict[str, Any]] = {}
        self._closed = self._torn = False
        with disk(f"Writing {folder}"):
            self._journal = (folder / JOURNAL).open("ab", buffering=0)

    @classmethod
    def begin_run(
        cls, folder: Path, compiled: CompiledPipeline, parameters: Mapping[str, Any], options: RunOptions, watch: Watcher
    ) -> Record:
        """Begins a new execution; it has begun when its execution.json stands there, which is the last file to be written."""
        pipeline = f"pipeline/{compiled.name.lower()}"
        selected = {"SelectedSteps": [{"StepName": name} for name in options.selected]}
        source = {"SourcePipelineExecutionArn": options.source} if options.source else {}
        execution: dict[str, Any] = {
            "PipelineArn": arn(pipeline),
            "PipelineExecutionArn": arn(pipeline, "execution", folder.name),
            "PipelineExecutionDisplayName": f"execution-{folder.name}",
            "PipelineExecutionStatus": EXECUTING,
            "CreationTime": now(),
            **({"SelectiveExecutionConfig": {**selected, **source}} if options.selected else {}),
        }
        with disk(f"Writing {folder}"):
            write_json(folder / "definition.json", compiled.definition)
            write_json(folder / "parameters.json", parameters)
            write_json(folder / "run.json", asdict(options))
            write_json(folder / STEPS, [])
        record = cls(folder, execution, {}, watch)
        record._write_execution()
        return record

    @classmethod
    def resume_run(cls, folder: Path, watch: Watcher) -> Record:
        """Takes an execution up again: what succeeded stays, everything else is forgotten.

        Raises:
            BackendError: its files cannot be read.
        """
        execution, steps = read_execution(folder)
        descriptions = {}
        for name in [name for name, state in steps.items() if state.get("StepStatus") == SUCCEEDED]:
            with contextlib.suppress(BackendError):  # lost when the machine went down: the step is run again
                descriptions[name] = read_description(folder / "steps" / name)
        kept = {name: steps[name] for name in descriptions}
        with disk(f"Writing {folder}"):
            write_json(folder / STEPS, list(kept.values()))
            (folder / JOURNAL).unlink(missing_ok=True)
            for path in (folder / "steps").iterdir() if (folder / "steps").is_dir() else ():
                if path.name not in kept:
                    remove_tree(path)
        execution.pop("FailureReason", None)
        record = cls(folder, {**execution, "PipelineExecutionStatus": EXECUTING}, kept, watch)
        record.descriptions.update(descriptions)
        record._write_execution()
        return record

    @property
    def arn(self) -> str:
        """The execution's ARN."""
        return str(self._execution["PipelineExecutionArn"])

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

    def succeeded(self, name: str) -> dict[str, Any] | None:
        """What a step tells that has succeeded; None of another one."""
        with self._lock:
            return self.descriptions.get(name)

    def statuses(self) -> dict[str, str]:
        """The status of every step that has started."""
        with self._lock:
            return {name: str(state.get("StepStatus")) for name, state in self._steps.items()}

    def begin(self, step: Mapping[str, Any], **members: Any) -> None:
        """A step starts."""
        optional = {"DisplayName": "StepDisplayName", "Description": "StepDescription"}
        state = {"StepName": step["Name"]} | {theirs: step[ours] for ours, theirs in optional.items() if ours in step}
        with self._lock:
            self._steps[step["Name"]] = state
            self.change(step["Name"], StepStatus="Starting", StartTime=now(), AttemptCount=1, **members)

    def change(self, name: str, **members: Any) -> None:
        """Something about a step changes; nothing does any more once the execution has ended."""
        with self._lock:
            if self._closed:
                return
            state = self._steps[name]
            before = state.get("StepStatus")
            state.update(members)
            with disk(f"Writing {self.folder}"):
                self._append(json_bytes(state, indent=None))
            if state["StepStatus"] != before:
                self._watch({**state, "LogPath": str(self.step_folder(name) / "log.txt")})

    def _append(self, line: bytes) -> None:
        if self._torn:
            line = b"\n" + line
        self._torn = True
        if self._journal.write(line) != len(line):
            raise OSError(errno.ENOSPC, "there is no room for the whole of a line")
        self._torn = False

    def succeed(self, name: str, description: dict[str, Any], **members: Any) -> None:
        """A step has succeeded: what it tells is kept, its log and last command too, everything else of its folder is removed."""
        folder = self.step_folder(name)
        with disk(f"Writing {folder}"):
            write_description(folder, description)
        for path in folder.iterdir():
            if path.is_dir():
                remove_tree(path)
        with self._lock:
            self.change(name, StepStatus=SUCCEEDED, EndTime=now(), **members)
            self.descriptions[name] = description

    def take(self, state: Mapping[str, Any], description: dict[str, Any], members: Mapping[str, Any]) -> None:
        """A step counts as succeeded because it did in another execution."""
        kept = ("StepName", "StepDisplayName", "StepDescription", "Metadata", "Simulated", "StepStatus")
        name = str(state["StepName"])
        with disk(f"Writing {self.folder}"):
            write_description(self.step_folder(name), description)
        with self._lock:
            self._steps[name] = {}
            self.change(name, **{key: state[key] for key in kept if key in state}, StartTime=now(), EndTime=now(), **members)
            self.descriptions[name] = description

    def fail(self, name: str, reason: str, **members: Any) -> None:
        """A step has failed, and with it the execution."""
        with self._lock:
            self.change(name, StepStatus=FAILED, EndTime=now(), FailureReason=reason, **members)
            first = reason.partition("\n")[0]
            self._execution.setdefault("FailureReason", f"Step failure: {name}: {first}"[:LONGEST_REASON])

    def stop(self, name: str) -> None:
        """A step was stopped."""
        self.change(name, StepStatus=STOPPED, EndTime=now())

    def finish(self, status: str) -> None:
        """The execution ends; so do, as Stopped, steps that still run."""
        with self._lock:
            for name, state in self._steps.items():
                if state["StepStatus"] not in ENDED:
                    self.stop(name)
            self._closed = True
            self._execution["PipelineExecutionStatus"] = status
            self._journal.close()
            with disk(f"Writing {self.folder}"):
                write_json(self.folder / STEPS, list(self._steps.values()))
                (self.folder / JOURNAL).unlink(missing_ok=True)
            self._write_execution()

    def close(self) -> None:
        """Lets the files go, whatever state the execution is in."""
        with self._lock:
            self._closed = True
            self._journal.close()

    def _write_execution(self) -> None:
        self._execution["LastModifiedTime"] = now()
        with disk(f"Writing {self.folder}"):
            write_json(self.folder / "execution.json", self._execution)

    def execution(self) -> Execution:
        """The state now."""
        with self._lock:
            return Execution(dict(self._execution), [dict(state) for state in self._steps.values()])
