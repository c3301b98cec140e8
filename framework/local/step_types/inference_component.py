"""InferenceComponent: recorded only; a local endpoint serves the model that its variant names, and nothing beside it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from framework.local.job import StepError, StepRun
from framework.local.names import arn
from framework.local.recording import recorded
from framework.local.step_types.base import StepType
from framework.pipeline.compiled import LocalSettings

WHY = "a local endpoint serves the model of its production variant only, so that no copy of the inference component runs"


def run(step: StepRun) -> dict[str, Any]:
    """Runs the step; see `StepType.run`."""
    endpoint = step.arguments.get("EndpointName")
    if not endpoint:
        raise StepError("ClientError: the inference component names no EndpointName")
    name = str(step.arguments.get("InferenceComponentName") or step.job_name)
    copies = int((step.arguments.get("RuntimeConfig") or {}).get("CopyCount", 1))
    about = {
        "InferenceComponentName": name,
        "InferenceComponentArn": arn("inference-component", name),
        "EndpointArn": arn("endpoint", str(endpoint)),
        "InferenceComponentStatus": "InService",
        "RuntimeConfig": {"DesiredCopyCount": copies, "CurrentCopyCount": 0},
    }
    return recorded(step, {**step.arguments, **about}, WHY)


def simulated(step: Mapping[str, Any], settings: LocalSettings) -> str | None:
    """See `StepType.simulated`."""
    return WHY


STEP_TYPE = StepType(
    "InferenceComponent",
    "inference-component",
    "InferenceComponentName",
    "InferenceComponentArn",
    run,
    arn_is_result=True,
    simulated=simulated,
)
