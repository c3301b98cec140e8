"""What a step type is to the engine."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from framework.local.job import StepRun


@dataclass(frozen=True)
class StepType:
    """One type of step.

    Attributes:
        metadata: its key in the Metadata of a step's state, as in "TrainingJob".
        resource: what its ARNs name, as in "training-job".
        name_argument: the argument that may hold a prefix of the job's name.
        arn_member: where the result of `run` tells the ARN.
        run: runs one step to its end; returns what its Describe call would tell, or raises StepError.
        arn_is_result: whether the ARN is known only when the step has run.
    """

    metadata: str
    resource: str
    name_argument: str
    arn_member: str
    run: Callable[[StepRun], dict[str, Any]]
    arn_is_result: bool = False
