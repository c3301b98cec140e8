"""Step class RegisterModel: a new version in a model package group, with the unit's metrics."""

from __future__ import annotations

import re

from framework.config.expressions import Variable
from framework.steps.base import Arguments, Step, StepSpec, Surroundings, with_overrides
from framework.steps.create_model import container, foreign_arguments
from framework.steps.jobs import without_nothing
from framework.steps.metrics import report_uri

ORIGINS: dict[tuple[str, ...], tuple[str, ...]] = {
    ("ModelPackageGroupName",): ("ModelPackageGroupName",),
    ("ModelPackageDescription",): ("ModelPackageDescription",),
    ("ModelApprovalStatus",): ("InferenceSpecification", "approval_status"),
    ("InferenceSpecification", "SupportedContentTypes"): ("InferenceSpecification", "supported_content_types"),
    ("InferenceSpecification", "SupportedResponseMIMETypes"): ("InferenceSpecification", "supported_response_MIME_types"),
    ("InferenceSpecification", "Containers", "Image"): ("InferenceSpecification", "image_uri"),
    ("InferenceSpecification",): ("InferenceSpecification",),
}
"""For the arguments of CreateModelPackage, the keys of the registry section that set them."""

_INSTANCES = ("SupportedRealtimeInferenceInstanceTypes", "SupportedTransformInstanceTypes")


def build(spec: StepSpec, around: Surroundings) -> Step:
    """The RegisterModel step of `spec`; the metrics are those of the last Metrics step before it, if there is one."""
    values = spec.values
    inference = values["InferenceSpecification"]
    arguments: Arguments = {
        "ModelPackageGroupName": group_name(spec, around.pipeline_name),
        "ModelPackageDescription": values.get("ModelPackageDescription"),
        "ModelMetrics": _model_metrics(spec),
        "CustomerMetadataProperties": {"PIPELINE_ARN": Variable("PipelineExecutionArn")},
        "InferenceSpecification": {
            "Containers": [container(spec, around)],
            "SupportedContentTypes": list(inference["supported_content_types"]),
            "SupportedResponseMIMETypes": list(inference["supported_response_MIME_types"]),
            **{key: list(inference[key]) for key in _INSTANCES},
        },
        "ModelApprovalStatus": inference["approval_status"],
        "SkipModelValidation": "None",
    }
    arguments = with_overrides(without_nothing(arguments), spec, foreign_arguments(spec, around))
    return Step(spec.name, "RegisterModel", arguments, spec, ORIGINS)


def group_name(spec: StepSpec, pipeline_name: str) -> str:
    """The model package group: the configured one, else {pipeline}-{model} in the letters that a group's name may have."""
    default = re.sub(r"[^A-Za-z0-9-]+", "-", f"{pipeline_name}-{spec.model.name}").strip("-")
    return str(spec.values.get("ModelPackageGroupName") or default)


def _model_metrics(spec: StepSpec) -> Arguments | None:
    if spec.metrics is None:
        return None
    statistics = {"ContentType": spec.metrics.values.get("content_type", "application/json"), "S3Uri": report_uri(spec.metrics)}
    return {"ModelQuality": {"Statistics": statistics}}
