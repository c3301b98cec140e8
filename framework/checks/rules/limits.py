"""SMP501 to SMP504: how much a pipeline, a step or an execution may hold."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from framework.checks.shapes import Violation, path_of
from framework.checks.subject import PlacedStep, Subject
from framework.findings import WARNING, Rule
from framework.pipeline.compiled import CompiledPipeline

INPUTS, SIZE, COUNTS, NAMES = "SMP501", "SMP502", "SMP503", "SMP504"
RULES = (
    Rule(
        INPUTS,
        "Too many processing inputs",
        "A processing job takes at most 10 inputs. The code and the start script of a step with an entry_point are two of them. "
        "The service refuses the job only when the step starts (SageMaker Python SDK, issue 2554).",
        "Put data files into one folder and name that, or let an earlier step join them; or use an image that holds the code.",
        source="botocore, CreateProcessingJob: ProcessingInputs",
    ),
    Rule(
        SIZE,
        "Definition too large",
        "A definition sent inline holds at most 1,048,576 characters; a larger one goes by way of S3, so the bucket must be "
        "readable by who deploys and by the service, and the console shows it late.",
        "Split the pipeline, or put long values (environment, arguments) into files of the bundle.",
        WARNING,
        source="API reference, CreatePipeline: PipelineDefinition",
    ),
    Rule(
        COUNTS,
        "Too many parameters, tags or loop items",
        "An execution takes at most 200 parameters, a pipeline 50 tags (one or two of which deploying sets), a loop 100 items "
        "written out.",
        "Join parameters, or read them from a file; leave tags out; let a step write the list of items.",
        source="botocore, StartPipelineExecution and CreatePipeline; SageMaker Python SDK 3, ForEachStep",
    ),
    Rule(
        NAMES,
        "Name that the service does not take",
        "The names of steps, parameters and of the pipeline have a length and an alphabet; the service refuses the whole "
        "definition for one that does not fit.",
        "Use letters, digits and hyphens (in names of steps and parameters underscores, too); 64 characters for a step.",
        source="botocore, StepName, PipelineParameterName and PipelineName",
    ),
)

MAX_INPUTS, MAX_INLINE, MAX_PARAMETERS, MAX_TAGS, MAX_ITEMS = 10, 1_048_576, 200, 50, 100
_STEP_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")
_PARAMETER_NAME = re.compile(r"[A-Za-z0-9_-]{1,256}")
_PIPELINE_NAME = re.compile(r"[a-zA-Z0-9](-*[a-zA-Z0-9]){0,255}")
_OURS = {"code", "entrypoint"}


def violations(subject: Subject) -> Iterator[Violation]:
    """All that there is too much of."""
    for step in subject.steps:
        yield from _inputs(step)
        yield from _items(step)
        if step.name and not _STEP_NAME.fullmatch(step.name):
            hint = "at most 64 letters, digits, hyphens and underscores"
            yield Violation(NAMES, path_of(step.at("Name")), f'a step cannot be called "{step.name[:80]}"', hint)
    yield from _whole(subject)
    yield from _parameters(subject)


def _inputs(step: PlacedStep) -> Iterator[Violation]:
    inputs = step.arguments.get("ProcessingInputs")
    if not isinstance(inputs, list) or len(inputs) <= MAX_INPUTS:
        return
    ours = [name for name in (_member(each, "InputName") for each in inputs) if name in _OURS]
    counted = f", {' and '.join(ours)} among them" if ours else ""
    message = f"{step.name} has {len(inputs)} inputs{counted}; a processing job takes {MAX_INPUTS}"
    yield Violation(
        INPUTS, path_of(step.at("Arguments", "ProcessingInputs")), message, "put data files into one folder and name that"
    )


def _items(step: PlacedStep) -> Iterator[Violation]:
    items = step.arguments.get("IterableItems")
    if step.type == "ForEach" and isinstance(items, list) and len(items) > MAX_ITEMS:
        message = f"{step.name} goes over {len(items)} items; written out, a loop takes {MAX_ITEMS}"
        yield Violation(
            COUNTS, path_of(step.at("Arguments", "IterableItems")), message, "let a step write the list, and refer to it"
        )


def _whole(subject: Subject) -> Iterator[Violation]:
    compiled = subject.compiled
    if compiled.name and not _PIPELINE_NAME.fullmatch(compiled.name):
        hint = "at most 256 letters, digits and hyphens, a letter or digit first and last"
        yield Violation(NAMES, ("PipelineName",), f'a pipeline cannot be called "{compiled.name[:80]}"', hint)
    ours = 2 if compiled.triggers or compiled.notifications else 1
    if len(compiled.tags) > MAX_TAGS - ours:
        message = f"the pipeline has {len(compiled.tags)} tags; it takes {MAX_TAGS}, {ours} set by deploying"
        yield Violation(COUNTS, ("Tags",), message, "leave some out")
    size = _size(compiled)
    if size > MAX_INLINE:
        message = f"the definition has {size:,} characters; one sent inline holds {MAX_INLINE:,}, so it goes by way of S3"
        yield Violation(SIZE, (), message, "split the pipeline, or see that the service may read the bucket", WARNING)


def _size(compiled: CompiledPipeline) -> int:
    try:
        return len(compiled.definition_body())
    except RecursionError:
        return 0  # nothing that deep can be sent, or was read


def _parameters(subject: Subject) -> Iterator[Violation]:
    if len(subject.parameters) > MAX_PARAMETERS:
        message = f"the pipeline has {len(subject.parameters)} parameters; an execution takes {MAX_PARAMETERS}"
        yield Violation(COUNTS, ("Parameters", MAX_PARAMETERS), message, "join some, or read them from a file")
    for name, (at, _) in subject.parameters.items():
        if not _PARAMETER_NAME.fullmatch(name):
            hint = "at most 256 letters, digits, hyphens and underscores"
            yield Violation(NAMES, ("Parameters", at, "Name"), f'a parameter cannot be called "{name[:80]}"', hint)


def _member(value: Any, key: str) -> str:
    return str(value.get(key)) if isinstance(value, Mapping) else ""
