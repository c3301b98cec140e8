"""Step class Processing: a script over S3 data, one output per channel of its section."""

from __future__ import annotations

from framework.steps import channels
from framework.steps.base import Arguments, Join, Step, StepSpec, Surroundings, with_overrides
from framework.steps.jobs import environment, tags, volume_key, vpc, without_nothing
from framework.steps.scripts import processing_script, s3_input

INPUT, OUTPUT = "/opt/ml/processing/input", "/opt/ml/processing/output"

ORIGINS: dict[tuple[str, ...], tuple[str, ...]] = {
    ("ProcessingJobName",): ("base_job_name",),
    ("ProcessingResources", "ClusterConfig", "InstanceType"): ("instance_type",),
    ("ProcessingResources", "ClusterConfig", "InstanceCount"): ("instance_count",),
    ("ProcessingResources", "ClusterConfig", "VolumeSizeInGB"): ("volume_size_in_gb",),
    ("AppSpecification", "ImageUri"): ("image_uri",),
    ("AppSpecification",): ("entry_point",),
    ("ProcessingInputs",): ("channels",),
    ("ProcessingOutputConfig",): ("channels",),
    ("Environment",): ("env",),
    ("StoppingCondition",): ("max_runtime_seconds",),
    ("Tags",): ("tags",),
}
"""For the arguments of a processing job, the keys of the section that set them."""


def build(spec: StepSpec, around: Surroundings) -> Step:
    """The Processing step of `spec`."""
    folder = input_folder(spec)
    inputs = [*static_inputs(spec, around, folder), *_chain_inputs(spec, around, folder)]
    arguments = job_arguments(spec, around, inputs, _outputs(spec, around))
    return Step(spec.name, "Processing", arguments, spec, ORIGINS, spec.config.enable_cache)


def input_folder(spec: StepSpec) -> str:
    """Where in the container the inputs lie."""
    location = spec.values.get("location") or {}
    return str(location.get("inputLocalFilepath") or spec.values.get("inputLocalFilepath") or INPUT).rstrip("/")


def output_folder(spec: StepSpec) -> str:
    """Where in the container the outputs are expected."""
    location = spec.values.get("location") or {}
    return str(location.get("outputLocalFilepath") or OUTPUT).rstrip("/")


def static_inputs(spec: StepSpec, around: Surroundings, folder: str) -> list[Arguments]:
    """An input for every data file of the section, called by its sourceName (else by its channel)."""
    files = channels.data_files(spec, around)
    return [s3_input(file.name or file.channel, file.uri, f"{folder}/{file.name or file.channel}", spec.values) for file in files]


def _chain_inputs(spec: StepSpec, around: Surroundings, folder: str) -> list[Arguments]:
    inputs = []
    for source in channels.chain_sources(spec, around):
        for channel in channels.output_names(source):
            name = f"{source.name}-input-{channel}"
            inputs.append(chain_input(spec, name, channels.chained(source, channel), f"{folder}/{name}"))
    return inputs


def chain_input(spec: StepSpec, name: str, uri: object, local_path: str) -> Arguments:
    """An input that reads another step's results; a manifest is only ever a static input."""
    values = {key: value for key, value in spec.values.items() if key in {"s3_input_mode", "s3_data_distribution_type"}}
    return s3_input(name, uri, local_path, values)


def _outputs(spec: StepSpec, around: Surroundings) -> list[Arguments]:
    folder = output_folder(spec)
    return [
        output(spec, channel, around.output_uri(spec.name, channel), f"{folder}/{channel}")
        for channel in channels.channel_names(spec)
    ]


def output(spec: StepSpec, name: str, uri: Join, local_path: str) -> Arguments:
    """One ProcessingOutput."""
    mode = spec.values.get("s3_upload_mode", "EndOfJob")
    return {"OutputName": name, "S3Output": {"S3Uri": uri, "LocalPath": local_path, "S3UploadMode": mode}}


def job_arguments(spec: StepSpec, around: Surroundings, inputs: list[Arguments], outputs: list[Arguments]) -> Arguments:
    """The request of a processing job that runs the section's script over these inputs and outputs."""
    code, entry_point = processing_script(spec, around)
    channels.report_clashes(spec, around, "inputs", [given["InputName"] for given in [*inputs, *code]])
    config, values = around.config, spec.values
    cluster = {
        "InstanceType": values["instance_type"],
        "InstanceCount": values["instance_count"],
        "VolumeSizeInGB": values["volume_size_in_gb"],
        "VolumeKmsKeyId": volume_key(spec, config),
    }
    network = {"EnableNetworkIsolation": False, "EnableInterContainerTrafficEncryption": True, "VpcConfig": vpc(config)}
    arguments = without_nothing(
        {
            "ProcessingJobName": values.get("base_job_name"),
            "ProcessingResources": {"ClusterConfig": without_nothing(cluster)},
            "AppSpecification": {"ImageUri": values["image_uri"], "ContainerEntrypoint": entry_point},
            "RoleArn": config.network.role,
            "ProcessingInputs": [*inputs, *code],
            "ProcessingOutputConfig": without_nothing({"Outputs": outputs, "KmsKeyId": config.network.kms_key}),
            "Environment": environment(spec),
            "NetworkConfig": without_nothing(network),
            "StoppingCondition": {"MaxRuntimeInSeconds": values["max_runtime_seconds"]},
            "Tags": tags(spec, around),
        }
    )
    return with_overrides(arguments, spec)
