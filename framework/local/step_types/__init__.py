"""The step types that the local engine runs: one module each, all of them listed here."""

from __future__ import annotations

from collections.abc import Mapping

from framework.local.step_types import automl, model, processing, register_model, training, transform, tuning
from framework.local.step_types.base import StepType

STEP_TYPES: Mapping[str, StepType] = {
    "AutoML": automl.STEP_TYPE,
    "Model": model.STEP_TYPE,
    "Processing": processing.STEP_TYPE,
    "RegisterModel": register_model.STEP_TYPE,
    "Training": training.STEP_TYPE,
    "Transform": transform.STEP_TYPE,
    "Tuning": tuning.STEP_TYPE,
}
