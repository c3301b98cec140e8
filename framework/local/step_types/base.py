"""What a step type is to the engine."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from framework.local.job import StepError, StepRun
from framework.pipeline.compiled import LocalSettings

Lack = tuple[str, str]
"""Why a step cannot run here, and what to do."""


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
        also_metadata: members of the description that the Metadata of the step's state has too.
        simulated: says of a step of the definition, before anything runs, why it would only be recorded and not really done here;
            None where it would be done.
        lacking: says of a step's Arguments, as far as they are known before anything runs, why the step cannot run without its
            image; None where it can.
        fill: gives a step that has succeeded its inputs and code again, where they were in its /opt/ml, or raises StepError; None
            where that cannot be done.
    """

    metadata: str
    resource: str
    name_argument: str
    arn_member: str
    run: Callable[[StepRun], dict[str, Any]]
    arn_is_result: bool = False
    also_metadata: tuple[str, ...] = ()
    simulated: Callable[[Mapping[str, Any], LocalSettings], str | None] | None = None
    lacking: Callable[[Mapping[str, Any], LocalSettings], Lack | None] | None = None
    fill: Callable[[StepRun], None] | None = None


def refuse(step: StepRun, lacking: Callable[[Mapping[str, Any], LocalSettings], Lack | None]) -> None:
    """Asks the same of a step that begins.

    Raises:
        StepError: it cannot run.
    """
    if lack := lacking(step.arguments, step.site.settings):
        raise StepError("ClientError: " + "; ".join(lack))
