"""Step class QualityCheck: statistics and constraints of a dataset, or of a model's predictions, against a baseline."""

from __future__ import annotations

from typing import Any

from framework.findings import WARNING, Finding
from framework.steps import checks
from framework.steps.base import Arguments, Origins, Step, StepSpec, Surroundings, as_text, json_text
from framework.steps.jobs import environment

_DATASET = "baseline_dataset_input"
_ATTRIBUTES = (
    "problem_type", "inference_attribute", "ground_truth_attribute", "probability_attribute", "probability_threshold_attribute",
)  # fmt: skip
"""The keys that say how a model's predictions are to be read; the analyzer's variables are called the same."""

ORIGINS: Origins = {
    ("Environment", "dataset_format"): ("dataset_format",),
    **{("Environment", key): (key,) for key in _ATTRIBUTES},
    **checks.ORIGINS,
}


def build(spec: StepSpec, around: Surroundings) -> Step:
    """The QualityCheck step of `spec`."""
    folder = f"{checks.INPUT}/{_DATASET}"
    _check_attributes(spec, around)
    variables = {**environment(spec), **_variables(spec, folder)}
    arguments = checks.job(spec, around, [checks.dataset(spec, _DATASET, folder)], "quality_check_output", variables)
    members = checks.members(spec, "Statistics", "Constraints")
    return Step(spec.name, "QualityCheck", arguments, spec, ORIGINS, spec.config.enable_cache, members=members)


def _variables(spec: StepSpec, folder: str) -> Arguments:
    """What the analyzer is told."""
    values = spec.values
    told: dict[str, Any] = {
        "output_path": checks.OUTPUT,
        "publish_cloudwatch_metrics": "Disabled",
        "dataset_format": json_text(values["dataset_format"]),
        "dataset_source": folder,
    }
    if values["check_type"] == "MODEL_QUALITY":
        told["analysis_type"] = "MODEL_QUALITY"
        told |= {key: as_text(values[key]) for key in _ATTRIBUTES if key in values}
    return told


def _check_attributes(spec: StepSpec, around: Surroundings) -> None:
    """Report what a check of predictions lacks, and what a check of data does not read."""
    values, quality = spec.values, spec.values["check_type"] == "MODEL_QUALITY"
    for key in _ATTRIBUTES:
        if key in values and not quality:
            message = f"{key} of {spec.name} has no effect: only a check of type MODEL_QUALITY looks at predictions"
            around.report(Finding("SMP113", values.key_place_of(key), message, "remove it", WARNING))
    for key in ("problem_type", "ground_truth_attribute") if quality else ():
        if key not in values:
            around.missing(spec, ("check_type",), f"{spec.name} needs {key} to check a model's predictions", f"add {key}", "SMP105")
    if quality and "inference_attribute" not in values and "probability_attribute" not in values:
        message = f"{spec.name} needs inference_attribute or probability_attribute to check a model's predictions"
        around.missing(spec, ("check_type",), message, "add inference_attribute", "SMP105")
