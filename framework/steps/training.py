"""Step class Training: a training job, in script mode or with the image's own algorithm."""

from __future__ import annotations

import re
from typing import Any

from framework.config.expressions import Expression
from framework.config.values import Map
from framework.findings import WARNING, Finding
from framework.steps import channels
from framework.steps.base import Arguments, Step, StepSpec, Surroundings, as_text, json_text, with_overrides
from framework.steps.channels import DataFile
from framework.steps.jobs import environment, job_name, tags, volume_key, vpc, without_nothing
from framework.steps.scripts import bootstrap_script, script_path, toolkit_parameters, training_bundle

ORIGINS: dict[tuple[str, ...], tuple[str, ...]] = {
    ("TrainingJobName",): ("base_job_name",),
    ("AlgorithmSpecification", "TrainingImage"): ("image_uri",),
    ("AlgorithmSpecification", "TrainingInputMode"): ("input_mode",),
    ("OutputDataConfig",): ("output_path",),
    ("StoppingCondition", "MaxWaitTimeInSeconds"): ("max_wait_seconds",),
    ("StoppingCondition",): ("max_runtime_seconds",),
    ("AlgorithmSpecification", "MetricDefinitions"): ("metric_definitions",),
    ("EnableManagedSpotTraining",): ("use_spot_instances",),
    ("CheckpointConfig", "S3Uri"): ("checkpoint_s3_uri",),
    ("ResourceConfig", "VolumeSizeInGB"): ("volume_size_in_gb",),
    ("ResourceConfig", "InstanceCount"): ("instance_count",),
    ("ResourceConfig", "InstanceType"): ("instance_type",),
    ("InputDataConfig",): ("channels",),
    ("HyperParameters",): ("hyperparameters",),
    ("Environment",): ("env",),
    ("Tags",): ("tags",),
}
"""For the arguments of a training job, the keys of the section that set them."""

_BOOTSTRAP = "/opt/ml/input/data/entrypoint/bootstrap.py"


def build(spec: StepSpec, around: Surroundings) -> Step:
    """The Training step of `spec`."""
    arguments = {"TrainingJobName": job_name(spec, around), **training_job(spec, around)}
    return Step(spec.name, "Training", with_overrides(without_nothing(arguments), spec), spec, ORIGINS, spec.config.enable_cache)


def training_job(spec: StepSpec, around: Surroundings) -> Arguments:
    """The request of a training job, whoever starts it, without its name and before the section's `arguments:`."""
    values, config = spec.values, around.config
    entry_point = script_path(values["entry_point"]) if "entry_point" in values else None
    _report_idle_launcher(spec, around)
    bootstrap = entry_point is not None and values["launcher"] == "bootstrap"
    bundle = training_bundle(spec, around) if entry_point else ""
    own = _bootstrap_channels(bundle, around) if bootstrap else []
    algorithm: Arguments = {"TrainingInputMode": values["input_mode"], "TrainingImage": values["image_uri"]}
    if values.get("metric_definitions"):
        algorithm["MetricDefinitions"] = list(values["metric_definitions"])
    if bootstrap:
        algorithm |= {"ContainerEntrypoint": ["python3", _BOOTSTRAP], "ContainerArguments": [entry_point]}
    hyperparameters = _hyperparameters(spec, as_json=entry_point is not None and not bootstrap)
    if entry_point and not bootstrap:
        hyperparameters |= toolkit_parameters(entry_point, bundle, config.region)
    inputs = [*_static_channels(spec, around), *_chain_channels(spec, around), *_model_channel(spec), *own]
    channels.report_clashes(spec, around, "channels", [given["ChannelName"] for given in inputs])
    return {
        "AlgorithmSpecification": algorithm,
        "InputDataConfig": inputs,
        "HyperParameters": hyperparameters,
        **job_arguments(spec, around),
        **_spot(spec),
    }


def _spot(spec: StepSpec) -> Arguments:
    """What a job needs that may be interrupted: it waits for capacity, and keeps what it has reached."""
    values = spec.values
    stopping = {"MaxRuntimeInSeconds": values["max_runtime_seconds"], "MaxWaitTimeInSeconds": values.get("max_wait_seconds")}
    return {
        "StoppingCondition": without_nothing(stopping),
        "EnableManagedSpotTraining": values.get("use_spot_instances"),
        "CheckpointConfig": {"S3Uri": values["checkpoint_s3_uri"]} if "checkpoint_s3_uri" in values else None,
    }


def _report_idle_launcher(spec: StepSpec, around: Surroundings) -> None:
    if spec.values["launcher"] == "bootstrap" and "entry_point" not in spec.values:
        message = f"launcher of {spec.model.name}.{spec.section.name} has no effect: there is no entry_point to launch"
        around.report(Finding("SMP113", spec.place_of("launcher"), message, "set entry_point, or remove it", WARNING))


def job_arguments(spec: StepSpec, around: Surroundings) -> Arguments:
    """The members of a training job's request that do not depend on what it runs."""
    values, config = spec.values, around.config
    output = {"S3OutputPath": values.get("output_path") or around.output_uri(spec.name), "KmsKeyId": config.network.kms_key}
    resources = {
        "InstanceType": values["instance_type"],
        "InstanceCount": values["instance_count"],
        "VolumeSizeInGB": values["volume_size_in_gb"],
        "VolumeKmsKeyId": volume_key(spec, config),
    }
    return {
        "OutputDataConfig": without_nothing(output),
        "StoppingCondition": {"MaxRuntimeInSeconds": values["max_runtime_seconds"]},
        "ResourceConfig": without_nothing(resources),
        "RoleArn": around.role(spec),
        "Environment": environment(spec),
        "VpcConfig": vpc(config),
        "EnableInterContainerTrafficEncryption": True,
        "Tags": tags(spec, around),
    }


def channel(name: str, uri: Any, values: Arguments | None = None) -> Arguments:
    """One element of InputDataConfig; `values` may set how the data is handed over."""
    given = values or {}
    source = {"S3DataType": "S3Prefix", "S3Uri": uri, "S3DataDistributionType": given.get("distribution", "FullyReplicated")}
    result = {"ChannelName": name, "DataSource": {"S3DataSource": source}, "InputMode": given.get("input_mode", "File")}
    return {**result, "ContentType": given["content_type"]} if "content_type" in given else result


def _hyperparameters(spec: StepSpec, as_json: bool) -> dict[str, Any]:
    """All in JSON for the training toolkit; else as they were written, and without those that have no value.

    An expression is never put into JSON: the toolkit takes what is no JSON as text, as the SDK counts on.
    """
    given = spec.values.get("hyperparameters") or {}
    if as_json:
        return {name: json_text(value) for name, value in given.items()}
    written = given.raw if isinstance(given, Map) else {}
    return {name: _plain(value, written.get(name)) for name, value in given.items() if value is not None}


def _plain(value: Any, written: str | None) -> Any:
    if isinstance(value, Expression):
        return as_text(value)
    if isinstance(value, (dict, list)):
        return json_text(value)
    return str(value) if written is None or isinstance(value, bool) else written  # 1.10 is not 1.1


def _static_channels(spec: StepSpec, around: Surroundings) -> list[Arguments]:
    by_channel: dict[str, list[DataFile]] = {}
    for file in channels.data_files(spec, around):
        by_channel.setdefault(file.channel, []).append(file)
    return [
        channel(name, uri, spec.values)
        for channel_name, files in by_channel.items()
        for name, uri in _channel_sources(spec, around, channel_name, files)
    ]


def _channel_sources(spec: StepSpec, around: Surroundings, name: str, files: list[DataFile]) -> list[tuple[str, Any]]:
    """The names and URIs under which the files of one channel reach the job: a channel holds one S3 prefix."""
    if len(files) == 1:
        return [(name, files[0].uri)]
    constant = all(isinstance(file.uri, str) for file in files)
    folders = {file.uri.rpartition("/")[0] + "/" for file in files} if constant else set()
    place = spec.place_of("channels", name, "dataFiles")
    if len(folders) == 1:
        folder = folders.pop()
        message = f'the {len(files)} files of the training channel "{name}" lie in one folder; all of {folder} becomes the channel'
        around.report(Finding("SMP113", place, message, "name the folder itself as the only file, to say so yourself", WARNING))
        return [(name, folder)]
    sources = [(f"{name}-{_channel_word(file)}", file.uri) for file in files]
    message = f'the files of the training channel "{name}" lie in different folders; each becomes a channel of its own: '
    message += ", ".join(source for source, _ in sources)
    around.report(Finding("SMP113", place, message, "put them into one folder, or give each its own channel", WARNING))
    return sources


def _channel_word(file: DataFile) -> str:
    return re.sub(r"[^A-Za-z0-9._-]+", "-", file.name or file.written.rstrip("/").rpartition("/")[2]).strip("-")


def _chain_channels(spec: StepSpec, around: Surroundings) -> list[Arguments]:
    return [
        channel(f"{source.name}-{name}", channels.chained(source, name), spec.values)
        for source in channels.chain_sources(spec, around)
        for name in channels.output_names(source)
    ]


def _model_channel(spec: StepSpec) -> list[Arguments]:
    uri = spec.values.get("model_data_uri")
    return [channel("model", uri, {"content_type": "application/x-sagemaker-model"})] if uri else []


def _bootstrap_channels(bundle: str, around: Surroundings) -> list[Arguments]:
    return [channel("code", bundle), channel("entrypoint", around.code.text("bootstrap.py", bootstrap_script()))]
