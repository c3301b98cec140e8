"""Step class ClarifyCheck: Clarify's analysis of bias, or of what a model's scores come from, against a baseline."""

from __future__ import annotations

import json
from typing import Any

from framework.config.expressions import Expression
from framework.config.schema_wording import constants
from framework.findings import WARNING, Finding
from framework.steps import checks
from framework.steps.base import Arguments, Origins, Step, StepSpec, Surroundings, within
from framework.steps.jobs import environment
from framework.steps.scripts import s3_input
from framework.steps.transform import model_name

_ABOUT_DATA = "DATA_BIAS"
_METHODS = {"DATA_BIAS": ("pre_training_bias",), "MODEL_BIAS": ("post_training_bias",), "MODEL_EXPLAINABILITY": ("shap", "pdp")}

ORIGINS: Origins = checks.ORIGINS


def build(spec: StepSpec, around: Surroundings) -> Step:
    """The ClarifyCheck step of `spec`; its analysis configuration is uploaded."""
    config, model = _configuration(spec)
    _check_methods(spec, config, around)
    inputs = [
        s3_input("analysis_config", _upload(spec, config, around), f"{checks.INPUT}/config"),
        checks.dataset(spec, "dataset", f"{checks.INPUT}/data"),
    ]
    arguments = checks.job(spec, around, inputs, "analysis_result", environment(spec))
    members = checks.members(spec, "Constraints")
    if spec.values["check_type"] != _ABOUT_DATA:
        members["ModelName"] = model
        _check_model(spec, model, around)
    elif "model_name" in spec.values:
        message = f"model_name of {spec.name} has no effect: a check of type {_ABOUT_DATA} asks no model"
        around.report(Finding("SMP113", spec.values.key_place_of("model_name"), message, "remove it", WARNING))
    return Step(spec.name, "ClarifyCheck", arguments, spec, ORIGINS, spec.config.enable_cache, members=members)


def _configuration(spec: StepSpec) -> tuple[Arguments, Any]:
    """What Clarify reads, and the model. A model that the configuration names becomes the step's: its name may be an expression."""
    config = dict(spec.values["analysis_config"])
    predictor = config.get("predictor")
    named = None
    if isinstance(predictor, dict) and "model_name" in predictor:
        named = predictor["model_name"]
        config["predictor"] = {key: value for key, value in predictor.items() if key != "model_name"}
    return config, spec.values.get("model_name") or named or model_name(spec)


def _upload(spec: StepSpec, config: Arguments, around: Surroundings) -> str:
    """The URI of the configuration; none where something in it is not known yet, which is said."""
    given = spec.values["analysis_config"]
    found = [
        finding
        for finding in constants(given, (spec.name, "analysis_config"), spec.place_of("analysis_config"))
        if "predictor.model_name" not in finding.message
    ]
    for finding in found:
        around.report(finding)
    return "" if found else around.code.text("analysis_config.json", json.dumps(config, ensure_ascii=False))


def _check_methods(spec: StepSpec, config: Arguments, around: Surroundings) -> None:
    """Report a configuration that asks for something else than the check is about."""
    wanted, methods = _METHODS[spec.values["check_type"]], config.get("methods")
    if not isinstance(methods, Expression) and not any(name in within(config, "methods") for name in wanted):
        message = f"the analysis_config of {spec.name} has no methods.{wanted[0]}, which a check of type "
        message += f"{spec.values['check_type']} is about"
        around.missing(spec, ("analysis_config",), message, f"add methods: {{{wanted[0]}: {{…}}}}", "SMP105")


def _check_model(spec: StepSpec, model: Any, around: Surroundings) -> None:
    if model is None:
        message = f"{spec.name} needs a model to ask: neither does it name one, nor does a CreateModel step stand before it"
        around.missing(spec, ("check_type",), message, 'add model_name: "${steps.NAME.ModelName}"', "SMP105")
