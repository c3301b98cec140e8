"""Step class AutoML: SageMaker looks for the best model of a table by itself."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from framework.findings import nearest
from framework.steps import channels
from framework.steps.base import Arguments, Origins, Step, StepSpec, Surroundings, with_overrides
from framework.steps.jobs import job_name, tags, vpc, without_nothing

_KINDS = {"training": "dataset", "validation": "validation_dataset"}
"""The channels of the service, and the keys that say where their data lies."""

ORIGINS: Origins = {
    ("AutoMLJobName",): ("base_job_name",),
    ("InputDataConfig",): ("dataset",),
    ("OutputDataConfig",): ("output_path",),
    ("ProblemType",): ("problem_type",),
    ("AutoMLJobObjective",): ("objective",),
    ("AutoMLJobConfig", "CompletionCriteria", "MaxCandidates"): ("max_candidates",),
    ("AutoMLJobConfig", "CompletionCriteria", "MaxRuntimePerTrainingJobInSeconds"): ("max_runtime_per_training_job_seconds",),
    ("AutoMLJobConfig", "CompletionCriteria"): ("max_runtime_seconds",),
    ("AutoMLJobConfig", "CandidateGenerationConfig", "AlgorithmsConfig"): ("algorithms",),
    ("AutoMLJobConfig", "CandidateGenerationConfig"): ("feature_specification_uri",),
    ("AutoMLJobConfig", "DataSplitConfig"): ("validation_fraction",),
    ("AutoMLJobConfig", "Mode"): ("mode",),
    ("Tags",): ("tags",),
}
"""For the arguments of an AutoML job, the keys of the section that set them."""


def build(spec: StepSpec, around: Surroundings) -> Step:
    """The AutoML step of `spec`."""
    values, kms_key = spec.values, around.config.network.kms_key
    if ("problem_type" in values) != ("objective" in values):
        given, other = ("problem_type", "objective") if "problem_type" in values else ("objective", "problem_type")
        around.missing(spec, (given,), f"{spec.name} has {given} but no {other}: they go together", f"add {other}", "SMP105")
    arguments: Arguments = {
        "AutoMLJobName": job_name(spec, around),
        "InputDataConfig": _inputs(spec, around),
        "OutputDataConfig": without_nothing(
            {"S3OutputPath": values.get("output_path") or around.output_uri(spec.name), "KmsKeyId": kms_key}
        ),
        "ProblemType": values.get("problem_type"),
        "AutoMLJobObjective": {"MetricName": values["objective"]} if "objective" in values else None,
        "AutoMLJobConfig": _config(spec, around),
        "RoleArn": around.role(spec),
        "Tags": tags(spec, around),
    }
    return Step(spec.name, "AutoML", with_overrides(without_nothing(arguments), spec), spec, ORIGINS, spec.config.enable_cache)


def _config(spec: StepSpec, around: Surroundings) -> Arguments:
    values, config = spec.values, around.config
    criteria = {
        "MaxCandidates": values.get("max_candidates"),
        "MaxRuntimePerTrainingJobInSeconds": values.get("max_runtime_per_training_job_seconds"),
        "MaxAutoMLJobRuntimeInSeconds": values.get("max_runtime_seconds"),
    }
    generation = {
        "FeatureSpecificationS3Uri": values.get("feature_specification_uri"),
        "AlgorithmsConfig": [{"AutoMLAlgorithms": list(values["algorithms"])}] if "algorithms" in values else None,
    }
    security = {
        "VolumeKmsKeyId": config.network.kms_key,
        "EnableInterContainerTrafficEncryption": True,
        "VpcConfig": vpc(config),
    }
    return without_nothing(
        {
            "CompletionCriteria": without_nothing(criteria),
            "SecurityConfig": without_nothing(security),
            "CandidateGenerationConfig": without_nothing(generation),
            "DataSplitConfig": without_nothing({"ValidationFraction": values.get("validation_fraction")}),
            "Mode": values["mode"],
        }
    )


def _inputs(spec: StepSpec, around: Surroundings) -> list[Arguments]:
    sources = [*_named(spec), *_files(spec, around), *_chained(spec, around)]
    kinds = [kind for kind, _ in sources]
    for kind in _KINDS:
        if kinds.count(kind) > 1 or (kind == "training" and kind not in kinds):
            count = f"{kinds.count(kind)} sources" if kind in kinds else "no source"
            message = f"{spec.name} has {count} of {kind} data; an AutoML job reads exactly one"
            around.missing(
                spec, (_KINDS[kind],), message, f"give one {_KINDS[kind]}, data file or chain_input_source_step", "SMP207"
            )
    return [_input(spec, kind, uri) for kind, uri in sources]


def _input(spec: StepSpec, kind: str, uri: Any) -> Arguments:
    values = spec.values
    return without_nothing(
        {
            "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": uri}},
            "CompressionType": values.get("compression_type"),
            "TargetAttributeName": values["target_attribute"],
            "ContentType": values.get("content_type"),
            "ChannelType": kind,
            "SampleWeightAttributeName": values.get("sample_weight_attribute"),
        }
    )


def _named(spec: StepSpec) -> Iterator[tuple[str, Any]]:
    for kind, key in _KINDS.items():
        if key in spec.values:
            yield kind, spec.values[key]


def _files(spec: StepSpec, around: Surroundings) -> Iterator[tuple[str, Any]]:
    for file in channels.data_files(spec, around):
        kind = _kind(file.channel)
        if kind is None:
            message = f'an AutoML job has no channel "{file.channel}"'
            around.missing(spec, ("channels", file.channel), message, nearest(file.channel, _KINDS), "SMP104")
        else:
            yield kind, file.uri


def _chained(spec: StepSpec, around: Surroundings) -> Iterator[tuple[str, Any]]:
    """Of each step it chains from: the channels called training (or train) and validation; of one with a single output, that."""
    for source in channels.chain_sources(spec, around):
        names = channels.output_names(source)
        known = [(kind, name) for name in names if (kind := _kind(name))]
        for kind, name in known or ([("training", names[0])] if len(names) == 1 else ()):
            yield kind, channels.chained(source, name)


def _kind(channel: str) -> str | None:
    name = "training" if channel == "train" else channel
    return name if name in _KINDS else None
