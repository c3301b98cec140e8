"""The checks of what was compiled: every problem at once, each traced back to the line of the configuration that caused it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, cast

from framework.checks.service_model import check_arguments
from framework.config.model import CUSTOM, RAW
from framework.findings import Finding
from framework.pipeline.build import Pipeline
from framework.pipeline.compiled import CompiledPipeline
from framework.steps.base import Step


def check(pipeline: Pipeline, compiled: CompiledPipeline) -> tuple[Finding, ...]:
    """Findings about the definition that `pipeline` compiled to, those made on the way to it included."""
    return (*pipeline.findings, *_service_model(pipeline, compiled))


def _service_model(pipeline: Pipeline, compiled: CompiledPipeline) -> Iterator[Finding]:
    for violation in check_arguments(compiled.definition):
        name, path = _innermost(compiled.definition, violation.path, pipeline.steps)
        step = pipeline.steps[name]
        yield Finding(violation.rule, step.origin(path), f"{name}: {violation.message}", violation.hint)


def _innermost(definition: Mapping[str, Any], path: Sequence[str | int], steps: Mapping[str, Step]) -> tuple[str, list[str | int]]:
    """The name of the innermost step of ours that a path of the definition leads into, and the rest of the path in its arguments.

    What a Raw or a Custom step holds are no steps of ours, whatever they are called: the configuration does not have them.
    """
    name, rest, value = "", list(path), cast(Any, definition)
    for position, part in enumerate(path):
        ours = part == "Arguments" and isinstance(value, dict) and "Type" in value and value.get("Name") in steps
        if ours and not (name and steps[name].spec.step_class in {RAW, CUSTOM}):
            name, rest = value["Name"], list(path[position + 1 :])
        value = value[part] if position < len(path) - 1 else None
    return name, rest
