"""Model: nothing runs; the containers are remembered for the steps that use the model."""

from __future__ import annotations

from typing import Any

from framework.local.job import StepError, StepRun
from framework.local.step_types.base import StepType


def run(step: StepRun) -> dict[str, Any]:
    """Runs the step; see `StepType.run`."""
    if not step.arguments.get("PrimaryContainer") and not step.arguments.get("Containers"):
        raise StepError("ClientError: the model has neither PrimaryContainer nor Containers")
    return {**step.arguments, "ModelName": step.job_name, "ModelArn": step.job_arn}


STEP_TYPE = StepType("Model", "model", "ModelName", "ModelArn", run)
