"""The local engine as the CLI sees it: uploads, runs, reports, logs.

In: a compiled pipeline and parameter values. Out: an Execution in the shapes of the SageMaker API. Everything that is
written lies in the state folder.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from framework.errors import BackendError
from framework.findings import FindingsError
from framework.local.admission import admitted, refusals
from framework.local.caching import StepCache
from framework.local.digests import Digests
from framework.local.earlier import earlier, executions
from framework.local.engine import Engine
from framework.local.environment import cores
from framework.local.files import disk
from framework.local.isolation import AUTO, Traits, choose_runner, traits
from framework.local.job import Site, last_lines
from framework.local.ownership import Ownership, owned
from framework.local.record import Record
from framework.local.registry import Registry
from framework.local.retries import Clock
from framework.local.selection import Selection, select
from framework.local.state import RunOptions, StateFolder, read_description, read_execution, read_file, shown
from framework.local.stopping import StoppableRunner
from framework.local.store import LocalStore
from framework.local.usage import using
from framework.pipeline.compiled import CompiledPipeline, Definition, LocalSettings, PackageRequest, Upload
from framework.pipeline.execution import EXECUTING, SUCCEEDED, Execution, StepState, Watcher

GRACE_SECONDS = 120.0
"""How long a job may take to end by itself when its time is up, as on SageMaker."""


def _silent(_: StepState) -> None:
    pass


def _unsaid(_: Traits) -> None:
    pass


class LocalBackend:
    """Runs pipelines on this machine.

    Args:
        state: the folder that everything is written to; created when needed.
        data: pairs of an s3:// prefix and the absolute folder that stands for it, to be read only.
        settings: what the configuration says of local runs.
        runner: how processes are started, as `framework.local.isolation.choose_runner` takes it.
        announce: is told what the runner can do once it is chosen, before anything runs.

    Attributes:
        traits: what the runner of the last run can do; None before.
        grace_seconds: how long a job may take to end by itself when its time is up.
        clock: the time between the attempts at a step.
    """

    def __init__(
        self,
        state: Path,
        data: Sequence[tuple[str, str]] = (),
        settings: LocalSettings | None = None,
        runner: str = AUTO,
        announce: Callable[[Traits], None] = _unsaid,
    ) -> None:
        self._state = StateFolder(state)
        self._settings, self._runner = settings or LocalSettings(), runner
        self._data = (*data, *self._settings.data)
        self._announce = announce
        self.traits: Traits | None = None
        self.grace_seconds = GRACE_SECONDS
        self.clock = Clock()

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

    def check(
        self, compiled: CompiledPipeline, parameters: Mapping[str, str], strict: bool = False, select: Collection[str] = ()
    ) -> None:
        """Asks of a pipeline what `run` asks of it before anything starts; the arguments are those of `run`.

        Raises:
            FindingsError: it cannot run here.
        """
        admitted(
            compiled, parameters, RunOptions(compiled.name, strict=strict, settings=self._settings, runner=self._runner), select
        )

    def run(
        self,
        compiled: CompiledPipeline,
        parameters: Mapping[str, str],
        watch: Watcher = _silent,
        *,
        parallelism: int | None = None,
        keep_going: bool = False,
        strict: bool = False,
        select: Collection[str] = (),
        source: str | None = None,
        given: Sequence[str] = (),
    ) -> Execution:
        """Runs a pipeline to its end.

        Args:
            compiled: the pipeline.
            parameters: values of pipeline parameters, as strings.
            watch: is called with each step whose status has changed; its LogPath tells where the log is, or will be.
            parallelism: how many steps may run at a time; None for what the pipeline says, else as many as there are cores.
            keep_going: after a failure, go on with everything that does not depend on the failed step.
            strict: refuse steps that would only be recorded.
            select: the steps to run; what they need of others comes from an earlier execution. All steps when empty.
            source: the id of that execution; the newest one that has what they need when None.
            given: the options that the user gave, kept with the execution as words of a command line.

        Returns:
            the finished execution: Succeeded, Failed, or CompletedWithFailures.

        Raises:
            FindingsError: parameters that do not fit, or steps that cannot run here; nothing was started.
            BackendError: this machine does not let jobs run, and nothing was started; or the disk refuses what is to be kept.
            KeyboardInterrupt: the user stopped it; what ran was killed, the execution is kept as Stopped.
        """
        options = RunOptions(
            pipeline=compiled.name,
            region=compiled.region,
            keep_going=keep_going,
            strict=strict,
            data=self._data,
            settings=self._settings,
            runner=self._runner,
            parallelism=parallelism or compiled.parallelism,
            given=tuple(given),
        )
        values, part = admitted(compiled, parameters, options, select)
        taken = earlier(self._state, compiled.name, part, source)
        options = replace(
            options,
            selected=tuple(part.nodes) if select else (),
            source=str(taken.description["PipelineExecutionArn"]) if taken else "",
        )
        with using(self._state.root):
            site, stopper = self._site(options)
            self.upload(compiled.uploads)
            folder = self._state.run(self._state.reserve_id())
            with Ownership(folder):
                record = Record.begin_run(folder, compiled, values, options, watch)
                if taken:
                    self._take_over(record, taken, part)
                return self._go(record, options, values, part, (site, stopper))

    def resume(self, run_id: str, watch: Watcher = _silent, *, parallelism: int | None = None) -> Execution:
        """Goes on with an execution that failed, was stopped, or whose process was killed, from what has succeeded in it.

        Args:
            run_id: the execution's id.
            watch, parallelism: as `run` takes them; None for as many steps at a time as when the execution began.

        Everything else is as it was when the execution began. What this backend was told of local runs comes first, so that a
        stand-in or a prefix that was missing can be added; so does its runner, unless that is "auto".

        Returns:
            the finished execution; one that has succeeded already, as it is.

        Raises:
            BackendError: there is no such execution, or another process is running it; and as `run` says.
            FindingsError, KeyboardInterrupt: as `run` says.
        """
        folder = self._state.existing(run_id)
        with using(self._state.root), Ownership(folder):
            before = shown(folder)
            if before.status == SUCCEEDED:
                return before
            options = self._resumed(RunOptions.read(folder), parallelism)
            values, steps = read_file(folder / "parameters.json"), read_file(folder / "definition.json").get("Steps") or []
            part = select(steps, options.selected)
            done = {state["StepName"] for state in before.steps if state["StepStatus"] == SUCCEEDED}
            if findings := refusals([node.step for name, node in part.nodes.items() if name not in done], values, options):
                raise FindingsError(findings)
            site = self._site(options)
            record = Record.resume_run(folder, watch)
            if options.source and part.needed:
                self._take_over(record, self.execution(options.source.rpartition("/")[2]), part)
            return self._go(record, options, values, part, site)

    def _resumed(self, kept: RunOptions, parallelism: int | None) -> RunOptions:
        """How an execution goes on that began as `kept` says."""
        return replace(
            kept,
            data=tuple(dict.fromkeys((*self._data, *kept.data))),
            settings=self._settings.over(kept.settings),
            runner=kept.runner if self._runner == AUTO else self._runner,
            parallelism=parallelism or kept.parallelism,
        )

    def resumable(self, run_id: str) -> bool:
        """Whether an execution has ended otherwise than by success, so that `resume` would go on with it.

        Raises:
            BackendError: there is no such execution.
        """
        folder = self._state.existing(run_id)
        return not owned(folder) and shown(folder).status not in (SUCCEEDED, EXECUTING)

    def model_package(self, request: PackageRequest) -> str:
        """The ARN of the version of a registered model that is asked for.

        Raises:
            BackendError: there is none on this machine.
        """
        found = Registry(self._state.registry).find(request.group, request.status, request.version)
        if found is None:
            cure = "run the pipeline that registers it here, then smp registry approve GROUP VERSION"
            raise BackendError(f"Looking for the {request}", "there is none on this machine", cure)
        return str(found["ModelPackageArn"])

    def execution(self, run_id: str) -> Execution:
        """An execution, as it is now.

        Raises:
            BackendError: there is none, or its files cannot be read.
        """
        return shown(self._state.existing(run_id))

    def definition(self, run_id: str) -> Definition:
        """What an execution runs.

        Raises:
            BackendError: there is no such execution, or its files cannot be read.
        """
        found: Definition = read_file(self._state.existing(run_id) / "definition.json")
        return found

    def executions(self, pipeline: str | None = None) -> list[Execution]:
        """The executions, newest first: of one pipeline, or of all."""
        return executions(self._state, pipeline)

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

    def _site(self, options: RunOptions) -> tuple[Site, StoppableRunner]:
        with disk(f"Writing {self._state.cache}"):
            stopper = StoppableRunner(choose_runner(self._state.cache / "probe", options.runner))
        self.traits = traits(stopper)
        self._announce(self.traits)
        site = Site(
            store=LocalStore(self._state.store, options.data),
            registry=Registry(self._state.registry),
            runner=stopper,
            cache=self._state.cache,
            grace=self.grace_seconds,
            settings=options.settings,
        )
        return site, stopper

    def _go(
        self,
        record: Record,
        options: RunOptions,
        values: Mapping[str, Any],
        part: Selection,
        site: tuple[Site, StoppableRunner],
    ) -> Execution:
        digests = Digests(site[0].store, self._state.cache / "digests")
        cache = StepCache(self._state.cache / "steps", options.pipeline, digests, options.settings.images)
        try:
            engine = Engine(options, values, record, site[0], site[1], cache, self.clock)
            engine.run(part.nodes, options.parallelism or cores())
        finally:
            record.close()
        return record.execution()

    def _take_over(self, record: Record, source: Execution, part: Selection) -> None:
        """Makes the results of an earlier execution those of this one."""
        _, states = read_execution(self._state.run(source.id))
        result = {"SelectiveExecutionResult": {"SourcePipelineExecutionArn": source.description["PipelineExecutionArn"]}}
        for name in part.needed:
            if record.succeeded(name) is None:
                description = read_description(self._state.step(source, name))
                record.take(states[name], description, result)
