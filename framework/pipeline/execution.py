"""An execution of a pipeline, on SageMaker or on this machine, in the shapes of the SageMaker API."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

EXECUTING, SUCCEEDED, FAILED, STOPPED = "Executing", "Succeeded", "Failed", "Stopped"
COMPLETED_WITH_FAILURES = "CompletedWithFailures"
"""Steps have failed, and for each of them there was a step that ran because of it."""

ENDED = frozenset({SUCCEEDED, FAILED, STOPPED, COMPLETED_WITH_FAILURES})
"""What an execution that is over can be."""

LATEST = "latest"
"""Stands for the newest execution, wherever one is named."""

StepState = Mapping[str, Any]
"""One element of ListPipelineExecutionSteps: StepName, StepStatus, StartTime, EndTime, FailureReason, Metadata, …"""

Watcher = Callable[[StepState], None]
"""Called whenever a step's status changes, with its state after the change."""


@dataclass(frozen=True, slots=True)
class Execution:
    """What DescribePipelineExecution (`description`) and ListPipelineExecutionSteps (`steps`, oldest first) tell.

    `hidden` says why the steps cannot be seen; "" where they can.
    """

    description: Mapping[str, Any]
    steps: Sequence[StepState]
    hidden: str = ""

    @property
    def status(self) -> str:
        """PipelineExecutionStatus: Executing, Stopping, Stopped, Failed, CompletedWithFailures or Succeeded."""
        return str(self.description["PipelineExecutionStatus"])

    @property
    def id(self) -> str:
        """The execution's id, the last part of its ARN."""
        return str(self.description["PipelineExecutionArn"]).rpartition("/")[2]
