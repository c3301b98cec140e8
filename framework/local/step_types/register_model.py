"""RegisterModel: a new version in the model registry of this machine."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from framework.local.job import StepError, StepRun
from framework.local.step_types.base import StepType


def run(step: StepRun) -> dict[str, Any]:
    """Runs the step; see `StepType.run`."""
    group = step.arguments.get("ModelPackageGroupName")
    if not group:
        raise StepError("ClientError: there is no ModelPackageGroupName, and the local registry keeps versions of groups only")
    for container in (step.arguments.get("InferenceSpecification") or {}).get("Containers") or ():
        if uri := container.get("ModelDataUrl"):
            step.site.store.object(uri)
    metrics = dict(_metrics(step))
    request = {"ModelApprovalStatus": "PendingManualApproval", **step.arguments, **({"Metrics": metrics} if metrics else {})}
    return step.site.registry.register(str(group), request)


def _metrics(step: StepRun) -> Iterator[tuple[str, Any]]:
    """The parsed statistics by kind, as in ("ModelQuality", {…}); every metrics file must exist."""
    for kind, files in (step.arguments.get("ModelMetrics") or {}).items():
        for role, file in (files if isinstance(files, Mapping) else {}).items():
            path = step.site.store.object(file["S3Uri"])
            if role == "Statistics" and (content := _parsed(path.read_bytes())) is not None:
                yield kind, content


def _parsed(content: bytes) -> Any:
    try:
        return json.loads(content)
    except ValueError:  # it may be of any content type
        return None


STEP_TYPE = StepType("RegisterModel", "model-package", "ModelPackageName", "ModelPackageArn", run, arn_is_result=True)
