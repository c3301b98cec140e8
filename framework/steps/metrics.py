"""Step class Metrics: a processing job that writes the model's evaluation report."""

from __future__ import annotations

from typing import Any

from framework.config.expressions import Join, Ref
from framework.steps import channels
from framework.steps.base import Arguments, PropertyFile, Step, StepSpec, Surroundings
from framework.steps.processing import ORIGINS, chain_input, input_folder, job_arguments, output, output_folder, static_inputs

OUTPUT_NAME = channels.METRICS_OUTPUT
REPORT = PropertyFile("EvaluationReport", OUTPUT_NAME, f"{OUTPUT_NAME}.json")


def build(spec: StepSpec, around: Surroundings) -> Step:
    """The Metrics step of `spec`: a Processing step with one output and one property file."""
    channel = _channel(spec)
    folder = str(channel.get("InputLocalFilepath") or input_folder(spec)).rstrip("/")
    local_output = str(channel.get("OutputLocalFilepath") or output_folder(spec)).rstrip("/") + "/"
    uri = around.output_uri(spec.name, OUTPUT_NAME, bucket=channel.get("s3Bucket"), prefix=channel.get("bucket_prefix"))
    inputs = [*static_inputs(spec, around, folder), *_chain_inputs(spec, around, folder)]
    arguments = job_arguments(spec, around, inputs, [output(spec, OUTPUT_NAME, uri, local_output)])
    return Step(spec.name, "Processing", arguments, spec, ORIGINS, spec.config.enable_cache, (REPORT,))


def report_uri(metrics: StepSpec) -> Join:
    """The S3 URI of the report that a Metrics step writes."""
    return Join("/", (Ref(metrics.name, f"ProcessingOutputConfig.Outputs['{OUTPUT_NAME}'].S3Output.S3Uri"), REPORT.path))


def _channel(spec: StepSpec) -> dict[str, Any]:
    given = spec.values.get("channels") or {}
    return next(iter(given.values()), None) or {}


def _chain_inputs(spec: StepSpec, around: Surroundings, folder: str) -> list[Arguments]:
    own = channels.channel_names(spec)[0]
    inputs = []
    for source in channels.chain_sources(spec, around):
        chosen = channels.chosen_output(spec, source, around)
        if chosen is not None:
            reference = channels.chained(source, chosen)
            inputs.append(chain_input(spec, f"{source.name}-input", reference, f"{folder}/{source.name}-{own}"))
    return inputs
