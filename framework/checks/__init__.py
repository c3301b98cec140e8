"""The checks of what was compiled: every problem at once, each traced back to the line of the configuration that caused it."""

from __future__ import annotations

from collections.abc import Iterator

from framework.checks.service_model import Violation, check_arguments
from framework.findings import Finding, Place
from framework.pipeline.build import Pipeline
from framework.pipeline.compiled import CompiledPipeline


def check(pipeline: Pipeline, compiled: CompiledPipeline) -> tuple[Finding, ...]:
    """Findings about the definition that `pipeline` compiled to, those made on the way to it included."""
    return (*pipeline.findings, *_service_model(pipeline, compiled))


def _service_model(pipeline: Pipeline, compiled: CompiledPipeline) -> Iterator[Finding]:
    for violation in check_arguments(compiled.definition):
        yield Finding(violation.rule, _place(pipeline, violation), violation.message, violation.hint)


def _place(pipeline: Pipeline, violation: Violation) -> Place:
    """The configuration's line behind a path of the definition: ("Steps", index, "Arguments", …)."""
    _, index, _, *path = violation.path
    return pipeline.steps[int(index)].origin(path)
