"""The local engine as the CLI sees it: uploads, runs, reports, logs.

In: a compiled pipeline and parameter values. Out: an Execution in the shapes of the SageMaker API. Everything that is
written lies in the state folder.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from framework.findings import FindingsError
from framework.local.engine import Engine
from framework.local.graph import problems
from framework.local.isolation import choose_runner
from framework.local.job import Site, last_lines
from framework.local.registry import Registry
from framework.local.state import Record, StateFolder, read_description
from framework.local.step_types import STEP_TYPES
from framework.local.store import LocalStore
from framework.pipeline.compiled import CompiledPipeline, Upload
from framework.pipeline.execution import SUCCEEDED, Execution, StepState, Watcher
from framework.pipeline.parameters import resolve_parameters

GRACE_SECONDS = 120.0
"""How long a job may take to end by itself when its time is up, as on SageMaker."""


def _silent(_: StepState) -> None:
    pass


class LocalBackend:
    """Runs pipelines on this machine.

    Args:
        state: the folder that everything is written to; created when needed.
        data: pairs of an s3:// prefix and the absolute folder that stands for it, to be read only.

    Attributes:
        grace_seconds: how long a job may take to end by itself when its time is up.
    """

    def __init__(self, state: Path, data: Sequence[tuple[str, str]] = ()) -> None:
        self._state = StateFolder(state)
        self._data = tuple(data)
        self.grace_seconds = GRACE_SECONDS

    def upload(self, uploads: Sequence[Upload]) -> int:
        """Puts what is missing into the local store.

        Returns:
            how many objects were written.

        Raises:
            BackendError: the disk refuses, or a URI cannot be an object.
        """
        store = LocalStore(self._state.store)
        missing = [upload for upload in uploads if not store.path(upload.uri).is_file()]
        for upload in missing:
            store.put(upload.uri, upload.content)
        return len(missing)

    def run(self, compiled: CompiledPipeline, parameters: Mapping[str, str], watch: Watcher = _silent) -> Execution:
        """Runs a pipeline to its end.

        Args:
            compiled: the pipeline.
            parameters: values of pipeline parameters, as strings.
            watch: is called with each changed step.

        Returns:
            the finished execution, Succeeded or Failed.

        Raises:
            FindingsError: parameters that do not fit, or steps that cannot run here; nothing was started.
            BackendError: this machine does not let jobs run; nothing was started.
            KeyboardInterrupt: the user stopped it; what ran was killed, the execution is kept as Stopped.
        """
        steps = compiled.definition.get("Steps") or []
        values = _checked(compiled, parameters)
        site = Site(
            store=LocalStore(self._state.store, [*self._data, *compiled.local_data]),
            registry=Registry(self._state.registry),
            runner=choose_runner(self._state.cache / "probe"),
            cache=self._state.cache,
            grace=self.grace_seconds,
        )
        self.upload(compiled.uploads)
        record = Record(self._state.run(self._state.reserve_id()), compiled, values, watch)
        Engine(compiled.name, compiled.region, values, record, site).run(steps)
        return record.execution()

    def reports(self, execution: Execution) -> list[tuple[str, str, Any]]:
        """Every property file that a succeeded step wrote: the step's name, the property file's name, its content.

        Raises:
            BackendError: the execution's files are gone.
        """
        done = [str(state["StepName"]) for state in execution.steps if state["StepStatus"] == SUCCEEDED]
        told = [(name, read_description(self._state.step(execution, name))) for name in done]
        return [(name, file, content) for name, about in told for file, content in about.get("PropertyFiles", {}).items()]

    def log_tail(self, execution: Execution, step_name: str, lines: int = 20) -> list[str]:
        """The last lines of a step's log; none when it has not written any."""
        return last_lines(self.log_path(execution, step_name), lines)

    def log_path(self, execution: Execution, step_name: str) -> Path:
        """The log of a step; it exists once the step's job has started."""
        return self._state.step(execution, step_name) / "log.txt"


def _checked(compiled: CompiledPipeline, parameters: Mapping[str, str]) -> dict[str, Any]:
    """The typed parameter values; every finding about them and about the steps at once."""
    findings = problems(compiled.definition.get("Steps") or [], STEP_TYPES)
    try:
        values = resolve_parameters(compiled.definition, parameters)
    except FindingsError as error:
        raise FindingsError([*findings, *error.findings]) from None
    if findings:
        raise FindingsError(findings)
    return values
