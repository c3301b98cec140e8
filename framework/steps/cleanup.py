"""Step class Cleanup: deletes what earlier steps of the execution put into S3."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from framework.config.model import METRICS, PROCESSING, TRAINING, TRANSFORM
from framework.steps.base import Arguments, Origins, Step, StepSpec, Surroundings, Wait, with_overrides
from framework.steps.jobs import vpc

RULE = "SMP311"
ORIGINS: Origins = {("Resources", "S3"): ("s3",)}

_BY_URI = (PROCESSING, METRICS, TRANSFORM)
_IN_VPC = (PROCESSING, METRICS, TRAINING)


def build(spec: StepSpec, around: Surroundings) -> Step:
    """The Cleanup step of `spec`; it waits for the steps whose objects it deletes."""
    sources = spec.values["s3"]
    for index, source in enumerate(sources):
        _check(spec, index, source, around)
    listed = [{"StepName": source["step"], **({"S3Uris": list(source["uris"])} if "uris" in source else {})} for source in sources]
    arguments: Arguments = {"Resources": {"S3": listed}}
    waits = tuple(Wait(source["step"], spec.place_of("s3", index, "step")) for index, source in enumerate(sources))
    return Step(spec.name, "Cleanup", with_overrides(arguments, spec), spec, ORIGINS, waits=waits)


def _check(spec: StepSpec, index: int, source: Mapping[str, Any], around: Surroundings) -> None:
    """Report what the service will refuse: which steps it can clean up after, and how, the SDK's CleanupStep says."""
    target = around.specs.get(source["step"])
    if target is None:  # which is said of every name that is no step's
        return
    if target.step_class not in {*_BY_URI, TRAINING}:
        message = f"{spec.name} cannot delete what {target.name} made, a {target.step_class} step"
        hint = "name a step of class Processing, Metrics, Training or Transform"
        around.missing(spec, ("s3", index, "step"), message, hint, RULE)
    elif target.step_class in _BY_URI and "uris" not in source:
        message = f"{spec.name} must name the objects of {target.name} that it deletes: only those of a Training step are found"
        around.missing(spec, ("s3", index), message, "set uris: [s3://…], each below an output of that step", RULE)
    elif target.step_class in _IN_VPC and vpc(around.config) is not None:
        message = f"{target.name} runs in a VPC, and the service does not clean up after steps that do"
        hint = "delete its objects by a lifecycle rule of the bucket, or in a step of class Processing"
        around.missing(spec, ("s3", index, "step"), message, hint, RULE)
