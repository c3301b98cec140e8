"""Step class RegisterModel: a new version in a model package group, with the unit's metrics."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from framework.config.expressions import Expression, Variable
from framework.findings import WARNING, Finding
from framework.steps.base import Arguments, Step, StepSpec, Surroundings, as_text, with_overrides
from framework.steps.create_model import containers, foreign_arguments
from framework.steps.jobs import without_nothing
from framework.steps.metrics import report_uri

ORIGINS: dict[tuple[str, ...], tuple[str, ...]] = {
    ("ModelPackageGroupName",): ("ModelPackageGroupName",),
    ("ModelPackageDescription",): ("ModelPackageDescription",),
    ("ModelApprovalStatus",): ("InferenceSpecification", "approval_status"),
    ("InferenceSpecification", "SupportedContentTypes"): ("InferenceSpecification", "supported_content_types"),
    ("InferenceSpecification", "SupportedResponseMIMETypes"): ("InferenceSpecification", "supported_response_MIME_types"),
    ("InferenceSpecification", "Containers", "Image"): ("InferenceSpecification", "image_uri"),
    ("InferenceSpecification", "Containers"): ("containers",),
    ("InferenceSpecification",): ("InferenceSpecification",),
    ("ModelMetrics",): ("model_metrics",),
    ("DriftCheckBaselines",): ("drift_check_baselines",),
    ("CustomerMetadataProperties",): ("metadata",),
    ("ModelLifeCycle",): ("life_cycle",),
}
"""For the arguments of CreateModelPackage, the keys of the registry section that set them."""

_KINDS = {
    "model_quality": "ModelQuality",
    "model_data_quality": "ModelDataQuality",
    "bias": "Bias",
    "explainability": "Explainability",
}
_FILES = {
    "statistics": "Statistics",
    "constraints": "Constraints",
    "report": "Report",
    "pre_training_report": "PreTrainingReport",
    "post_training_report": "PostTrainingReport",
    "config_file": "ConfigFile",
    "pre_training_constraints": "PreTrainingConstraints",
    "post_training_constraints": "PostTrainingConstraints",
}
_LIFE_CYCLE = {"stage": "Stage", "status": "StageStatus", "description": "StageDescription"}
_INSTANCES = ("SupportedRealtimeInferenceInstanceTypes", "SupportedTransformInstanceTypes")


def build(spec: StepSpec, around: Surroundings) -> Step:
    """The RegisterModel step of `spec`; the metrics are those of the last Metrics step before it, if there is one."""
    values = spec.values
    inference = values["InferenceSpecification"]
    if isinstance(values.get("ModelPackageGroupName"), Expression) and "ModelPackageGroupDescription" in values:
        message = f"ModelPackageGroupDescription of {spec.name} has no effect: which group it is, is known only when it runs"
        place = values.key_place_of("ModelPackageGroupDescription")
        around.report(Finding("SMP113", place, message, "remove it, or name the group", WARNING))
    arguments: Arguments = {
        "ModelPackageGroupName": group_name(spec, around.pipeline_name),
        "ModelPackageDescription": as_text(values.get("ModelPackageDescription")),
        "ModelMetrics": _model_metrics(spec),
        "DriftCheckBaselines": _sources(values.get("drift_check_baselines") or {}),
        "CustomerMetadataProperties": {
            "PIPELINE_ARN": Variable("PipelineExecutionArn"),
            **{name: as_text(value) for name, value in (values.get("metadata") or {}).items()},
        },
        "ModelLifeCycle": _members(values.get("life_cycle") or {}, _LIFE_CYCLE),
        "InferenceSpecification": {
            "Containers": containers(spec, around),
            "SupportedContentTypes": list(inference["supported_content_types"]),
            "SupportedResponseMIMETypes": list(inference["supported_response_MIME_types"]),
            **{key: list(inference[key]) for key in _INSTANCES},
        },
        "ModelApprovalStatus": inference["approval_status"],
        "SkipModelValidation": "None",
    }
    arguments = with_overrides(without_nothing(arguments), spec, foreign_arguments(spec, around))
    return Step(spec.name, "RegisterModel", arguments, spec, ORIGINS)


def group_name(spec: StepSpec, pipeline_name: str) -> str | Expression:
    """The model package group: the configured one, else {pipeline}-{model} in the letters that a group's name may have."""
    default = re.sub(r"[^A-Za-z0-9-]+", "-", f"{pipeline_name}-{spec.model.name}").strip("-")
    given: str | Expression = as_text(spec.values.get("ModelPackageGroupName") or default)
    return given


def _model_metrics(spec: StepSpec) -> Arguments:
    """The metrics that the section names; the report of the Metrics step stands for the statistics of the model's quality."""
    given = _sources(spec.values.get("model_metrics") or {})
    if spec.metrics is None:
        return given
    statistics = {"ContentType": spec.metrics.values.get("content_type", "application/json"), "S3Uri": report_uri(spec.metrics)}
    return {**given, "ModelQuality": {"Statistics": statistics, **given.get("ModelQuality", {})}}


def _sources(given: Arguments) -> Arguments:
    """The files of each kind of metrics or baselines."""
    return without_nothing(
        {_KINDS[kind]: {_FILES[name]: _source(file) for name, file in files.items()} for kind, files in given.items()}
    )


def _source(file: Any) -> Arguments:
    """Where a file lies; its content type is JSON unless it says another."""
    about = file if isinstance(file, dict) else {"uri": file, "content_type": "application/json"}
    return {"ContentType": about["content_type"], "S3Uri": about["uri"]}


def _members(given: Arguments, names: Mapping[str, str]) -> Arguments:
    return {names[key]: as_text(value) for key, value in given.items()}
