"""The executions of a pipeline that a run of a part of it takes results from: a pipeline's name in, executions out.

SageMaker takes results from an execution of the same pipeline that has succeeded or failed (the guide's page
"pipelines-selective-ex"). Every method raises `BackendError` where AWS, or the way to it, refuses.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from itertools import islice
from typing import Any

from botocore.exceptions import ClientError

from framework.deploy import executions
from framework.deploy.clients import Clients
from framework.deploy.refusals import is_missing
from framework.errors import BackendError
from framework.findings import Finding, FindingsError
from framework.pipeline.compiled import Definition
from framework.pipeline.execution import EXECUTING, FAILED, LATEST, SUCCEEDED, StepState
from framework.pipeline.partial import PLACE, RULE

USABLE = (SUCCEEDED, FAILED)
LOOKED_AT = 100
"""How many executions are looked into for results, newest first: each takes a call."""


class Earlier:
    """The executions of one pipeline.

    Args:
        clients: of the account and the region that it is deployed in.
        pipeline: its name; where it is not deployed, it has no executions.
    """

    def __init__(self, clients: Clients, pipeline: str) -> None:
        self._clients, self._pipeline = clients, pipeline

    def newest(self) -> str | None:
        """The ARN of the newest execution that has ended; None when there is none."""
        return next((str(each["PipelineExecutionArn"]) for each in self._summaries() if _status(each) not in _GOING_ON), None)

    def named(self, wanted: str) -> str:
        """The ARN of the execution that is meant.

        Args:
            wanted: its ARN, the last part of that, or "latest".

        Raises:
            FindingsError: the pipeline has none of that name.
        """
        if wanted.startswith("arn:"):
            if f":pipeline/{self._pipeline}/execution/".lower() not in wanted.lower():
                raise _no(f"{wanted} is not an execution of {self._pipeline}", "give the ARN or the id of one, or latest")
            return wanted
        if wanted == LATEST:
            if newest := self.newest():
                return newest
            raise _no(f"{self._pipeline} has no execution that has ended", "run the whole pipeline first")
        for summary in self._summaries():
            if str(summary["PipelineExecutionArn"]).endswith(f"/execution/{wanted}"):
                return str(summary["PipelineExecutionArn"])
        raise _no(f"{self._pipeline} has no execution {wanted}", "give the ARN or the id of one, or latest")

    def definition(self, arn: str) -> Definition:
        """What an execution ran, or runs."""
        return executions.definition(self._clients, arn)

    def steps(self, arn: str) -> tuple[StepState, ...]:
        """How the steps of an execution stand."""
        return executions.steps(self._clients, arn)

    def source(self, needed: Collection[str], wanted: str | None = None) -> str | None:
        """The ARN of the execution that has the results of some steps; None when none are needed and none is wanted.

        Args:
            needed: the steps.
            wanted: the execution that it must be, as `named` takes it; the newest that will do when None.

        Raises:
            FindingsError: it does not have them all, or none does.
        """
        if wanted is not None:
            return self._checked(self.named(wanted), needed)
        if not needed:
            return None
        usable = (str(each["PipelineExecutionArn"]) for each in self._summaries() if _status(each) in USABLE)
        for arn in islice(usable, LOOKED_AT):
            if not self._lacking(arn, needed):
                return arn
        raise _without(needed, f"no earlier execution of {self._pipeline} has them")

    def _checked(self, arn: str, needed: Collection[str]) -> str:
        """The execution, if results can be taken from it."""
        status = executions.describe(self._clients, arn)["PipelineExecutionStatus"]
        if status not in USABLE:
            message = f"the execution {arn} is {status}, and results are taken from one that is Succeeded or Failed"
            raise _no(message, "wait until it has ended, or give another")
        if lacking := self._lacking(arn, needed):
            raise _without(lacking, f"the execution {arn} does not have them")
        return arn

    def _lacking(self, arn: str, needed: Collection[str]) -> list[str]:
        if not needed:
            return []
        succeeded = {str(state.get("StepName")) for state in self.steps(arn) if state.get("StepStatus") == SUCCEEDED}
        return [name for name in needed if name not in succeeded]

    def _summaries(self) -> Iterator[Mapping[str, Any]]:
        """The executions, newest first, as they are listed."""
        try:
            yield from executions.listing(self._clients, self._pipeline)
        except BackendError as error:
            if not isinstance(error.__cause__, ClientError) or not is_missing(error.__cause__):
                raise


_GOING_ON = (EXECUTING, "Stopping", "")


def _status(summary: Mapping[str, Any]) -> str:
    return str(summary.get("PipelineExecutionStatus", ""))


def _no(message: str, hint: str) -> FindingsError:
    return FindingsError([Finding(RULE, PLACE, message, hint)])


def _without(needed: Collection[str], who: str) -> FindingsError:
    message = f"the chosen steps need results of {', '.join(needed)}, and {who}"
    return _no(message, "run the whole pipeline first, or choose these steps too")
