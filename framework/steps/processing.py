"""Step class Processing: a script over S3 data, one output per channel of its section."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from framework.findings import WARNING, Finding, nearest
from framework.steps import channels
from framework.steps.base import Arguments, PropertyFile, Step, StepSpec, Surroundings, as_text, with_overrides, within
from framework.steps.jobs import environment, job_name, tags, volume_key, vpc, without_nothing
from framework.steps.scripts import processing_script, s3_input

INPUT, OUTPUT = "/opt/ml/processing/input", "/opt/ml/processing/output"

ORIGINS: dict[tuple[str, ...], tuple[str, ...]] = {
    ("ProcessingJobName",): ("base_job_name",),
    ("ProcessingResources", "ClusterConfig", "InstanceType"): ("instance_type",),
    ("ProcessingResources", "ClusterConfig", "InstanceCount"): ("instance_count",),
    ("ProcessingResources", "ClusterConfig", "VolumeSizeInGB"): ("volume_size_in_gb",),
    ("AppSpecification", "ImageUri"): ("image_uri",),
    ("AppSpecification", "ContainerArguments"): ("container_arguments",),
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
    inputs = _mounted(spec, [*static_inputs(spec, around, folder), *_chain_inputs(spec, around, folder)], around)
    arguments = job_arguments(spec, around, inputs, _outputs(spec, around))
    files = tuple(PropertyFile(file["name"], file["output"], file["path"]) for file in spec.values.get("property_files") or ())
    _check_property_files(spec, files, arguments, around)
    return Step(spec.name, "Processing", arguments, spec, ORIGINS, spec.config.enable_cache, files)


def _no_script(spec: StepSpec, around: Surroundings) -> tuple[list[Arguments], None]:
    """What a step without a script runs is its image's own entry point; where scripts are there, it may have been forgotten."""
    application = within(spec.values, "arguments", "AppSpecification")
    if spec.model.source_directory and "ContainerEntrypoint" not in application:
        message = f"{spec.model.name}.{spec.section.name} has no entry_point: {spec.name} runs the image's own"
        around.report(Finding("SMP113", spec.section.values.place, message, "set entry_point, if a script is to run", WARNING))
    return [], None


def _check_property_files(spec: StepSpec, files: Sequence[PropertyFile], arguments: Arguments, around: Surroundings) -> None:
    """Report property files in outputs that the step does not have."""
    given = within(arguments, "ProcessingOutputConfig").get("Outputs", [])
    if not isinstance(given, list):
        return
    outputs = [str(output.get("OutputName")) for output in given if isinstance(output, dict)]
    for index, file in enumerate(files):
        if file.output not in outputs:
            message = (
                f'the property file {file.name} of {spec.name} lies in the output "{file.output}", which the step does not have'
            )
            around.missing(spec, ("property_files", index), message, nearest(file.output, outputs), "SMP301")


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
    folder, settings = output_folder(spec), channels.channels_of(spec.section)
    return [
        output(spec, name, (settings.get(name) or {}).get("output_uri") or around.output_uri(spec.name, name), f"{folder}/{name}")
        for name in channels.channel_names(spec)
    ]


def _mounted(spec: StepSpec, inputs: list[Arguments], around: Surroundings) -> list[Arguments]:
    """The inputs, those that `input_paths` names at the paths that it gives."""
    given = spec.values.get("input_paths") or {}
    _check_names(spec, inputs, around)
    paths = [given.get(entry["InputName"], entry["S3Input"]["LocalPath"]) for entry in inputs]
    return [
        {**entry, "S3Input": {**entry["S3Input"], "LocalPath": path}} if path != entry["S3Input"]["LocalPath"] else entry
        for entry, path in zip(inputs, paths, strict=True)
    ]


def _check_names(spec: StepSpec, inputs: list[Arguments], around: Surroundings) -> None:
    """Report names in `input_paths` that no input of the step has."""
    legal = [entry["InputName"] for entry in inputs]
    for name in spec.values.get("input_paths") or {}:
        if name not in legal:
            message = f'input_paths of {spec.name} names "{name}", which is no input of the step'
            around.missing(spec, ("input_paths", name), message, nearest(name, legal), "SMP301")


def output(spec: StepSpec, name: str, uri: Any, local_path: str) -> Arguments:
    """One ProcessingOutput."""
    mode = spec.values.get("s3_upload_mode", "EndOfJob")
    return {"OutputName": name, "S3Output": {"S3Uri": uri, "LocalPath": local_path, "S3UploadMode": mode}}


def job_arguments(spec: StepSpec, around: Surroundings, inputs: list[Arguments], outputs: list[Arguments]) -> Arguments:
    """The request of a processing job that runs the section's script over these inputs and outputs."""
    code, entry_point = processing_script(spec, around) if "entry_point" in spec.values else _no_script(spec, around)
    return image_job(spec, around, [*inputs, *code], outputs, environment(spec), entry_point)


def image_job(
    spec: StepSpec,
    around: Surroundings,
    inputs: list[Arguments],
    outputs: list[Arguments],
    variables: Arguments,
    entry_point: list[str] | None = None,
) -> Arguments:
    """The request of a processing job with these inputs, outputs and variables; without an entry point it runs the image's own."""
    channels.report_clashes(spec, around, "inputs", [given["InputName"] for given in inputs])
    config, values = around.config, spec.values
    cluster = {
        "InstanceType": values["instance_type"],
        "InstanceCount": values["instance_count"],
        "VolumeSizeInGB": values["volume_size_in_gb"],
        "VolumeKmsKeyId": volume_key(spec, config),
    }
    application = {
        "ImageUri": values["image_uri"],
        "ContainerEntrypoint": entry_point,
        "ContainerArguments": [as_text(word) for word in values.get("container_arguments") or ()],
    }
    network = {"EnableNetworkIsolation": False, "EnableInterContainerTrafficEncryption": True, "VpcConfig": vpc(config)}
    arguments = without_nothing(
        {
            "ProcessingJobName": job_name(spec, around),
            "ProcessingResources": {"ClusterConfig": without_nothing(cluster)},
            "AppSpecification": without_nothing(application),
            "RoleArn": around.role(spec),
            "ProcessingInputs": inputs,
            "ProcessingOutputConfig": without_nothing({"Outputs": outputs, "KmsKeyId": config.network.kms_key}),
            "Environment": variables,
            "NetworkConfig": without_nothing(network),
            "StoppingCondition": {"MaxRuntimeInSeconds": values["max_runtime_seconds"]},
            "Tags": tags(spec, around),
        }
    )
    return with_overrides(arguments, spec)
