"""The step types that the local engine runs: one module each, all of them listed here."""

from __future__ import annotations

from collections.abc import Mapping

from framework.local.step_types import (
    automl,
    callback,
    clarify_check,
    cleanup,
    emr,
    emr_serverless,
    endpoint,
    endpoint_config,
    inference_component,
    lambda_,
    lineage,
    model,
    processing,
    quality_check,
    register_model,
    training,
    transform,
    tuning,
)
from framework.local.step_types.base import StepType

STEP_TYPES: Mapping[str, StepType] = {
    "AutoML": automl.STEP_TYPE,
    "Callback": callback.STEP_TYPE,
    "ClarifyCheck": clarify_check.STEP_TYPE,
    "Cleanup": cleanup.STEP_TYPE,
    "EMR": emr.STEP_TYPE,
    "EMRServerless": emr_serverless.STEP_TYPE,
    "Endpoint": endpoint.STEP_TYPE,
    "EndpointConfig": endpoint_config.STEP_TYPE,
    "InferenceComponent": inference_component.STEP_TYPE,
    "Lambda": lambda_.STEP_TYPE,
    "Lineage": lineage.STEP_TYPE,
    "Model": model.STEP_TYPE,
    "Processing": processing.STEP_TYPE,
    "QualityCheck": quality_check.STEP_TYPE,
    "RegisterModel": register_model.STEP_TYPE,
    "Training": training.STEP_TYPE,
    "Transform": transform.STEP_TYPE,
    "Tuning": tuning.STEP_TYPE,
}
