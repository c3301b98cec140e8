"""The checks of what was compiled: every problem at once, each traced back to the line of the configuration that caused it."""

from __future__ import annotations

from collections.abc import Iterator

from framework.checks.service_model import check_arguments
from framework.findings import Finding
from framework.pipeline.build import Pipeline
from framework.pipeline.compiled import CompiledPipeline


def check(pipeline: Pipeline, compiled: CompiledPipeline) -> tuple[Finding, ...]:
    """Findings about the definition that `pipeline` compiled to, those made on the way to it included."""
    return (*pipeline.findings, *_service_model(pipeline, compiled))


def _service_model(pipeline: Pipeline, compiled: CompiledPipeline) -> Iterator[Finding]:
    for violation in check_arguments(compiled.definition):
        _, index, *path = violation.path  # "Steps", index, "Arguments", …
        step = pipeline.steps[int(index)]
        yield Finding(violation.rule, step.origin(path[1:]), f"{step.name}: {violation.message}", violation.hint)
