"""Runs the steps of one execution: resolves their arguments, hands them to their step type, and keeps what happens.

In: nodes, a record to write to, what the steps share. Out: the finished execution.
"""

from __future__ import annotations

import contextlib
import traceback
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from framework.errors import BackendError
from framework.local import control, step_types
from framework.local.caching import StepCache
from framework.local.files import remove_tree
from framework.local.functions import Resolver, UnresolvedError, text
from framework.local.given import append
from framework.local.graph import Node
from framework.local.job import Site, StepError, StepRun
from framework.local.loops import context
from framework.local.names import arn, job_name, now
from framework.local.record import Record
from framework.local.retries import Clock, Retries
from framework.local.scheduler import Outcome, Scheduler
from framework.local.state import RunOptions
from framework.local.stopping import StoppableRunner
from framework.pipeline.execution import COMPLETED_WITH_FAILURES, EXECUTING, FAILED, STOPPED, SUCCEEDED
from framework.pipeline.step_graph import CONTROL

LONGEST_REASON = 3000
STOP_SECONDS = 5.0
"""How long a stop waits for steps to come back; their processes are gone by then."""


class _FailedAttemptError(Exception):
    """An attempt at a step has failed; the message is the reason."""


@dataclass(frozen=True)
class Engine:
    """Runs one execution.

    Attributes:
        options: how it runs.
        parameters: the typed values of its parameters.
        record: keeps the execution.
        site: what the steps share.
        stopper: the site's runner.
        cache: what earlier steps made.
        clock: the time between attempts.
    """

    options: RunOptions
    parameters: Mapping[str, Any]
    record: Record
    site: Site
    stopper: StoppableRunner
    cache: StepCache
    clock: Clock

    def run(self, nodes: Mapping[str, Node], parallelism: int) -> None:
        """Runs the nodes, as many at a time as allowed, in the order that their needs allow.

        Raises:
            KeyboardInterrupt: the user stopped it; the execution is Stopped.
            BackendError: the disk does not take the state of the execution; the execution is Failed, and can be resumed.
        """
        scheduler = Scheduler(self._execute, self._close, parallelism, self.options.keep_going)
        try:
            scheduler.run(nodes.values())
        except BaseException as error:
            self._abandon(scheduler, STOPPED if isinstance(error, (KeyboardInterrupt, SystemExit)) else FAILED)
            raise
        failed = FAILED in self.record.statuses().values()
        self.record.finish((FAILED if scheduler.unhandled else COMPLETED_WITH_FAILURES) if failed else SUCCEEDED)

    def _abandon(self, scheduler: Scheduler, status: str) -> None:
        """Ends what runs; what the disk may refuse then does not hide why."""
        try:
            self.stopper.stop()
            scheduler.join(STOP_SECONDS)
        finally:
            with contextlib.suppress(BackendError):
                self.record.finish(status)

    def _execute(self, node: Node) -> Outcome:
        """Runs one step, or takes it from the record where it has already succeeded."""
        if (known := self.record.succeeded(node.name)) is not None:
            return Outcome(branch=str(known.get("Outcome", "")))
        iteration = {"IterationContext": context(node.iteration)} if node.iteration else {}
        self.record.begin(node.step, **iteration)
        if node.step["Type"] in CONTROL:
            return self._control(node, lambda: control.carry_out(node, self.record, self._resolver(node)))
        return self._attempts(node)

    def _close(self, node: Node) -> Outcome:
        return self._control(node, lambda: control.close_loop(node, self.record, self._resolver(node)))

    def _control(self, node: Node, work: Any) -> Outcome:
        try:
            outcome: Outcome = work()
        except (BackendError, UnresolvedError, ValueError) as error:
            return self._refused(node.name, f"ClientError: {error}")
        except Exception as error:
            return self._refused(node.name, self._fault(node.name, error))
        return outcome

    def _refused(self, name: str, reason: str) -> Outcome:
        self.record.fail(name, reason[:LONGEST_REASON])
        return Outcome(FAILED)

    def _fault(self, name: str, error: Exception) -> str:
        """The reason of a failure that is a fault of ours or of the disk; the log says where."""
        with contextlib.suppress(OSError):
            append(self.record.step_folder(name) / "log.txt", traceback.format_exc())
        return f"InternalServerError: {type(error).__name__}: {error}"

    def _attempts(self, node: Node) -> Outcome:
        retries = Retries(node.step, self.clock.now())
        attempt = 1
        while True:
            try:
                self._attempt(node, attempt)
            except _FailedAttemptError as failure:
                reason = str(failure)
            else:
                return Outcome()
            if self.stopper.stopped.is_set():
                break
            delay = retries.delay(reason, self.clock.now())
            if delay is None:
                return self._refused(node.name, reason)
            line = f"[local run] attempt {attempt} failed: {reason}; another one follows after {delay:g} seconds\n"
            append(self.record.step_folder(node.name) / "log.txt", line)
            self.clock.wait(delay, self.stopper.stopped)
            if self.stopper.stopped.is_set():
                break
            attempt += 1
            self._clear(node.name)
            self.record.change(node.name, AttemptCount=attempt)
        self.record.stop(node.name)
        return Outcome(STOPPED)

    def _attempt(self, node: Node, attempt: int) -> None:
        try:
            self._run(node, attempt)
        except StepError as failure:
            raise _FailedAttemptError(str(failure)) from failure
        except (BackendError, UnresolvedError) as error:
            raise _FailedAttemptError(f"ClientError: {error}") from error
        except Exception as error:
            raise _FailedAttemptError(self._fault(node.name, error)) from error

    def _run(self, node: Node, attempt: int) -> None:
        kind = step_types.STEP_TYPES[node.step["Type"]]
        run = self._prepare(node, attempt)
        run.folder.mkdir(parents=True, exist_ok=True)
        key = self._key(node, run)
        if key and attempt == 1 and self._reuse(node, key):
            return
        metadata = {} if kind.arn_is_result else {"Metadata": {kind.metadata: {"Arn": run.job_arn}}}
        self.record.change(node.name, StepStatus=EXECUTING, **metadata)
        description = {"CreationTime": now(), **kind.run(run)}
        if self.options.strict and description.get("Simulated"):
            raise StepError(f"ClientError: the step was only recorded, which --strict-local refuses: {description['Simulated']}")
        told = {member: description[member] for member in kind.also_metadata if member in description}
        done = {kind.metadata: {**({"Arn": description[kind.arn_member]} if kind.arn_member else {}), **told}}
        self.record.succeed(node.name, description, Metadata=done, **_simulated(description))
        if key:
            self.cache.keep(key, self.record.arn, description, done)

    def _key(self, node: Node, run: StepRun) -> str | None:
        if not (node.step.get("CacheConfig") or {}).get("Enabled"):
            return None
        models = {str(about["ModelName"]): about for about in list(self.record.descriptions.values()) if "ModelArn" in about}
        return self.cache.key(self._resolver(node).resolve(_outside(node.step)), run.arguments, models)

    def _reuse(self, node: Node, key: str) -> bool:
        """Whether an earlier step could be taken over."""
        hit = self.cache.find(key, node.step)
        if hit is None or (self.options.strict and hit.description.get("Simulated")):
            return False
        result = {"CacheHitResult": {"SourcePipelineExecutionArn": hit.source}}
        self.record.succeed(node.name, hit.description, Metadata=hit.metadata, **result, **_simulated(hit.description))
        return True

    def _prepare(self, node: Node, attempt: int) -> StepRun:
        kind = step_types.STEP_TYPES[node.step["Type"]]
        raw = node.step.get("Arguments") or {}
        prefix = text(self._resolver(node).resolve(raw.get(kind.name_argument, "")))
        job = job_name(self.record.folder.name, node.name, prefix, attempt)
        return StepRun(
            step={**node.step, **self._resolver(node).resolve(_outside(node.step))},
            arguments=self._resolver(node, job).resolve(raw),
            job_name=job,
            job_arn=arn(kind.resource, job),
            folder=self.record.step_folder(node.name),
            region=self.options.region,
            site=replace(self.site, registry=self.site.registry.with_token(f"{self.record.folder.name}/{node.name}")),
            descriptions=dict(self.record.descriptions),  # a copy: others are added while the step runs
        )

    def _resolver(self, node: Node, job: str = "") -> Resolver:
        variables = {
            **self.record.variables,
            "PipelineName": self.options.pipeline,
            "CurrentDateTime": now(),
            "TrainingJobName": job,
            "ProcessingJobName": job,
        }
        return Resolver(
            self.parameters,
            variables,
            self.record.descriptions,
            lambda uri: self.site.store.object(uri).read_bytes(),
            node.iteration,
        )

    def _clear(self, name: str) -> None:
        """Removes what an attempt left, but not its log."""
        for path in self.record.step_folder(name).iterdir():
            if path.is_dir():
                remove_tree(path)


def _outside(step: Mapping[str, Any]) -> dict[str, Any]:
    """A step without its Arguments, which are resolved by themselves."""
    return {key: value for key, value in step.items() if key not in ("Arguments", "PropertyFiles")}


def _simulated(description: Mapping[str, Any]) -> dict[str, Any]:
    return {"Simulated": description["Simulated"]} if description.get("Simulated") else {}
