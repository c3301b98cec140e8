"""Runs the steps of one execution: resolves their arguments, hands them to their step type, and keeps what happens.

In: steps, a record to write to, what the steps share. Out: the finished execution.
"""

from __future__ import annotations

import traceback
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from framework.errors import BackendError
from framework.local.functions import Resolver, UnresolvedError, text
from framework.local.graph import Step, needs
from framework.local.job import Site, StepError, StepRun
from framework.local.names import arn, job_name, now
from framework.local.scheduler import Scheduler
from framework.local.state import Record
from framework.local.step_types import STEP_TYPES
from framework.pipeline.execution import EXECUTING, FAILED, STOPPED

LONGEST_REASON = 3000


@dataclass(frozen=True)
class Engine:
    """Runs one execution.

    Attributes:
        pipeline: the pipeline's name.
        region: its region, when known.
        parameters: the typed values of its parameters.
        record: keeps the execution.
        site: what the steps share.
    """

    pipeline: str
    region: str | None
    parameters: Mapping[str, Any]
    record: Record
    site: Site

    def run(self, steps: Sequence[Step]) -> None:
        """Runs the steps in the order that their needs allow.

        Raises:
            KeyboardInterrupt: the user stopped it; the execution is Stopped.
        """
        by_name = {step["Name"]: step for step in steps}
        try:
            Scheduler().run(needs(steps), lambda name: self._execute(by_name[name]))
        except BaseException as error:
            self.record.finish(STOPPED if isinstance(error, (KeyboardInterrupt, SystemExit)) else FAILED)
            raise
        self.record.finish()

    def _execute(self, step: Step) -> bool:
        """Runs one step; whether it succeeded."""
        name = step["Name"]
        self.record.begin(step)
        try:
            description = self._run(step)
        except StepError as failure:
            reason = str(failure)
        except (BackendError, UnresolvedError) as error:
            reason = f"ClientError: {error}"
        except Exception as error:  # a fault of ours or of the disk fails the step, and the log says where
            reason = f"InternalServerError: {type(error).__name__}: {error}"
            self._log_fault(name)
        else:
            self.record.succeed(name, description, _metadata(step, description))
            return True
        self.record.fail(name, reason[:LONGEST_REASON])
        return False

    def _run(self, step: Step) -> dict[str, Any]:
        kind = STEP_TYPES[step["Type"]]
        run = self._prepare(step)
        run.folder.mkdir(parents=True, exist_ok=True)
        metadata = {} if kind.arn_is_result else {"Metadata": {kind.metadata: {"Arn": run.job_arn}}}
        self.record.change(step["Name"], StepStatus=EXECUTING, **metadata)
        return {"CreationTime": now(), **kind.run(run)}

    def _prepare(self, step: Step) -> StepRun:
        kind = STEP_TYPES[step["Type"]]
        raw = step.get("Arguments") or {}
        prefix = text(self._resolver("").resolve(raw.get(kind.name_argument, "")))
        job = job_name(self.record.folder.name, step["Name"], prefix)
        return StepRun(
            step=step,
            arguments=self._resolver(job).resolve(raw),
            job_name=job,
            job_arn=arn(kind.resource, job),
            folder=self.record.step_folder(step["Name"]),
            region=self.region,
            site=self.site,
            descriptions=self.record.descriptions,
        )

    def _resolver(self, job: str) -> Resolver:
        variables = {
            **self.record.variables,
            "PipelineName": self.pipeline,
            "CurrentDateTime": now(),
            "TrainingJobName": job,
            "ProcessingJobName": job,
        }
        return Resolver(self.parameters, variables, self.record.descriptions, lambda uri: self.site.store.object(uri).read_bytes())

    def _log_fault(self, name: str) -> None:
        folder = self.record.step_folder(name)
        folder.mkdir(parents=True, exist_ok=True)
        with (folder / "log.txt").open("a", encoding="utf-8") as log:
            traceback.print_exc(file=log)


def _metadata(step: Step, description: Mapping[str, Any]) -> dict[str, dict[str, str]]:
    kind = STEP_TYPES[step["Type"]]
    return {kind.metadata: {"Arn": description[kind.arn_member]}}
