"""EndpointConfig: nothing runs; the production variants are remembered for the endpoints that name the configuration."""

from __future__ import annotations

from typing import Any

from framework.local.job import StepError, StepRun
from framework.local.names import arn
from framework.local.step_types.base import StepType


def run(step: StepRun) -> dict[str, Any]:
    """Runs the step; see `StepType.run`."""
    if not step.arguments.get("ProductionVariants"):
        raise StepError("ClientError: the endpoint configuration has no ProductionVariants")
    name = str(step.arguments.get("EndpointConfigName") or step.job_name)
    return {**step.arguments, "EndpointConfigName": name, "EndpointConfigArn": arn("endpoint-config", name)}


STEP_TYPE = StepType("EndpointConfig", "endpoint-config", "EndpointConfigName", "EndpointConfigArn", run, arn_is_result=True)
