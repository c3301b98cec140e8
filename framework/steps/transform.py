"""Step class Transform: batch inference with the unit's model over one S3 source."""

from __future__ import annotations

from typing import Any

from framework.config.expressions import Join, Ref
from framework.findings import WARNING, Finding
from framework.steps import channels
from framework.steps.base import Arguments, Step, StepSpec, Surroundings, with_overrides
from framework.steps.jobs import environment, job_name, tags, volume_key, without_nothing

ORIGINS: dict[tuple[str, ...], tuple[str, ...]] = {
    ("TransformJobName",): ("base_job_name",),
    ("ModelName",): ("model_name",),
    ("TransformInput", "ContentType"): ("content_type",),
    ("TransformInput", "SplitType"): ("split_type",),
    ("TransformInput",): ("channels",),
    ("TransformOutput", "AssembleWith"): ("assemble_with",),
    ("TransformOutput", "Accept"): ("accept",),
    ("TransformOutput", "S3OutputPath"): ("output_path",),
    ("TransformResources", "InstanceCount"): ("instance_count",),
    ("TransformResources", "InstanceType"): ("instance_type",),
    ("BatchStrategy",): ("strategy",),
    ("MaxPayloadInMB",): ("max_payload",),
    ("Environment",): ("env",),
    ("DataProcessing", "InputFilter"): ("input_filter",),
    ("DataProcessing", "OutputFilter"): ("output_filter",),
    ("DataProcessing", "JoinSource"): ("join_source",),
    ("Tags",): ("tags",),
}
"""For the arguments of a transform job, the keys of the section that set them."""


def build(spec: StepSpec, around: Surroundings) -> Step:
    """The Transform step of `spec`, with the model of the last CreateModel step before it."""
    values, config = spec.values, around.config
    channel = _channel(spec)
    data = {"DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": _source(spec, around)}}}
    uri = values.get("output_path") or around.output_uri(spec.name, bucket=channel.get("s3Bucket"))
    output = {
        "S3OutputPath": uri,
        "KmsKeyId": config.network.kms_key,
        "AssembleWith": values.get("assemble_with"),
        "Accept": values.get("accept") or values["content_type"],
    }
    resources = {
        "InstanceCount": values["instance_count"],
        "InstanceType": values["instance_type"],
        "VolumeKmsKeyId": volume_key(spec, config),
    }
    filters = {
        "InputFilter": values.get("input_filter"),
        "OutputFilter": values.get("output_filter"),
        "JoinSource": values.get("join_source"),
    }
    arguments: Arguments = {
        "TransformJobName": job_name(spec, around),
        "ModelName": model_name(spec),
        "TransformInput": without_nothing({**data, "ContentType": values["content_type"], "SplitType": values.get("split_type")}),
        "TransformOutput": without_nothing(output),
        "TransformResources": without_nothing(resources),
        "BatchStrategy": values.get("strategy"),
        "MaxPayloadInMB": values.get("max_payload"),
        "Environment": environment(spec),
        "DataProcessing": without_nothing(filters),
        "Tags": tags(spec, around),
    }
    return Step(spec.name, "Transform", with_overrides(without_nothing(arguments), spec), spec, ORIGINS, spec.config.enable_cache)


def model_name(spec: StepSpec) -> Any:
    """The model that is named, else that of the last CreateModel step before."""
    return spec.values.get("model_name") or (Ref(spec.create_model.name, "ModelName") if spec.create_model else None)


def _channel(spec: StepSpec) -> dict[str, Any]:
    """The settings of the section's one channel."""
    given = spec.values.get("channels") or {}
    return next(iter(given.values()), None) or {}


def _source(spec: StepSpec, around: Surroundings) -> Any:
    files = channels.data_files(spec, around)
    if spec.config.chain:
        if files:
            message = f"{spec.name} chains from another step, so the data file of its section is not read"
            around.report(
                Finding("SMP113", spec.place_of(*files[0].keys), message, "keep the chain input or the data file", WARNING)
            )
        return _chain_source(spec, around)
    if len(files) == 1:
        return files[0].uri
    count = "no data file" if not files else f"{len(files)} data files"
    message = f"{spec.name} has {count}; a transform reads exactly one source"
    around.missing(spec, ("channels",), message, "give it one data file, or one chain_input_source_step", "SMP207")
    return None


def _chain_source(spec: StepSpec, around: Surroundings) -> Any:
    if len(spec.config.chain) > 1:
        place = spec.config.values.place_of("chain_input_source_step")
        message = f"{spec.name} chains from {len(spec.config.chain)} steps; a transform reads exactly one source"
        around.report(Finding("SMP207", place, message, "keep one of them"))
    sources = channels.chain_sources(spec, around)
    output = channels.chosen_output(spec, sources[0], around) if sources else None
    if output is None:
        return None
    reference = channels.chained(sources[0], output)
    if not spec.config.prefix:
        return reference
    return Join("/", (*(reference.values if isinstance(reference, Join) else (reference,)), spec.config.prefix))
