"""Step classes EndpointConfig, Endpoint and InferenceComponent: from a model to something that answers requests."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from framework.config.expressions import Expression, Join, Ref
from framework.config.model import CREATE_MODEL, ENDPOINT, ENDPOINT_CONFIG
from framework.steps.base import EXECUTION_ID, Arguments, Origins, Step, StepSpec, Surroundings, with_overrides
from framework.steps.choices import earlier, exactly_one
from framework.steps.jobs import own_storage, tags, vpc, without_nothing

CONFIG_ORIGINS: Origins = {
    ("EndpointConfigName",): ("endpoint_config_name",),
    ("ProductionVariants",): ("variants",),
    ("ShadowProductionVariants",): ("shadow_variants",),
    ("DataCaptureConfig",): ("data_capture",),
    ("AsyncInferenceConfig",): ("async_inference",),
    ("Tags",): ("tags",),
}
"""For the arguments of CreateEndpointConfig, the keys that set them."""

ENDPOINT_ORIGINS: Origins = {
    ("EndpointName",): ("endpoint_name",),
    ("EndpointConfigName",): ("endpoint_config_name",),
    ("DeploymentConfig",): ("deployment",),
    ("Tags",): ("tags",),
}

COMPONENT_ORIGINS: Origins = {
    ("InferenceComponentName",): ("inference_component_name",),
    ("EndpointName",): ("endpoint_name",),
    ("VariantName",): ("variant_name",),
    ("Specification", "ModelName"): ("model_name",),
    ("Specification", "BaseInferenceComponentName"): ("base_inference_component_name",),
    ("Specification",): ("specification",),
    ("RuntimeConfig",): ("copy_count",),
    ("Tags",): ("tags",),
}

_INSTANCE_TYPE, _VARIANT = "ml.m5.2xlarge", "AllTraffic"
_ROOM = 50
"""How much of a step's name fits into a name of 63 characters with a hyphen and an execution's id of 12."""

_COMPUTE = {
    "cpu_cores": "NumberOfCpuCoresRequired",
    "accelerators": "NumberOfAcceleratorDevicesRequired",
    "min_memory_in_mb": "MinMemoryRequiredInMb",
    "max_memory_in_mb": "MaxMemoryRequiredInMb",
}
_SETTINGS = {
    "weight": "InitialVariantWeight",
    "volume_size_in_gb": "VolumeSizeInGB",
    "model_data_download_timeout_in_seconds": "ModelDataDownloadTimeoutInSeconds",
    "container_startup_health_check_timeout_in_seconds": "ContainerStartupHealthCheckTimeoutInSeconds",
}
_SERVERLESS = {
    "memory_size_in_mb": "MemorySizeInMB",
    "max_concurrency": "MaxConcurrency",
    "provisioned_concurrency": "ProvisionedConcurrency",
}


def endpoint_config(spec: StepSpec, around: Surroundings) -> Step:
    """The EndpointConfig step of `spec`; its variants serve the model of the CreateModel step before it unless they name another.

    A configuration can never be changed, so each execution makes one of its own unless `endpoint_config_name` says otherwise.
    """
    values = spec.values
    variants = values.get("variants") or [{}]
    components = values.get("inference_components") is True
    arguments: Arguments = {
        "EndpointConfigName": values.get("endpoint_config_name") or _name(spec, around),
        "ProductionVariants": [_variant(spec, "variants", index, given, around) for index, given in enumerate(variants)],
        "ShadowProductionVariants": [
            _variant(spec, "shadow_variants", index, given, around)
            for index, given in enumerate(values.get("shadow_variants") or ())
        ],
        "DataCaptureConfig": _data_capture(spec, around),
        "AsyncInferenceConfig": _async_inference(spec, around),
        "KmsKeyId": _volume_key(variants, around),
        "ExecutionRoleArn": around.role(spec) if components else None,
        "VpcConfig": vpc(around.config) if components else None,
        "Tags": tags(spec, around),
    }
    arguments = with_overrides(without_nothing(arguments), spec)
    return Step(spec.name, "EndpointConfig", arguments, spec, CONFIG_ORIGINS, spec.config.enable_cache)


def _name(spec: StepSpec, around: Surroundings) -> Join:
    stem = re.sub(r"[^A-Za-z0-9]+", "-", spec.name)[:_ROOM].strip("-") or "endpoint"
    item = [around.items[spec.name]] if spec.name in around.items else []
    return Join("-", (stem, *item, EXECUTION_ID))


def _variant(spec: StepSpec, key: str, index: int, given: Mapping[str, Any], around: Surroundings) -> Arguments:
    components = spec.values.get("inference_components") is True
    serverless = given.get("serverless")
    if serverless is not None and ({"instance_type", "instance_count"} & given.keys()):
        message = f"a variant of {spec.name} is serverless and has instances; it is exactly one of the two"
        around.missing(spec, (key, index), message, "keep serverless, or instance_type and instance_count", "SMP310")
    instances = {
        "InitialInstanceCount": given.get("instance_count", 1),
        "InstanceType": given.get("instance_type", _INSTANCE_TYPE),
    }
    variant: Arguments = {
        "VariantName": given.get("name", _VARIANT),
        "ModelName": None if components else given.get("model_name") or _model(spec, (key, index), around),
        **({} if serverless is not None else instances),
        "ServerlessConfig": {member: serverless[name] for name, member in _SERVERLESS.items() if name in serverless}
        if serverless is not None
        else None,
        **{member: given.get(name) for name, member in _SETTINGS.items()},
    }
    return {**without_nothing(variant), **(given.get("arguments") or {})}


def _model(spec: StepSpec, keys: tuple[str | int, ...], around: Surroundings) -> Ref | None:
    """The name of the model that the CreateModel step before `spec` makes."""
    source = spec.create_model or earlier(spec, CREATE_MODEL, around)
    if source is not None:
        return Ref(source.name, "ModelName")
    message = f"{spec.name} serves no model: there is no model_name, and no CreateModel step before it"
    hint = "set model_name, or add a step of class CreateModel above it"
    if spec.step_class == ENDPOINT_CONFIG:
        hint += "; where inference components bring the models: inference_components: true"
    around.missing(spec, keys, message, hint, "SMP206")
    return None


def _volume_key(variants: Any, around: Surroundings) -> str | None:
    """The key of the variants' volumes, where they have some: a key is refused where one has storage of its own."""
    types = [given.get("instance_type", _INSTANCE_TYPE) for given in variants if given.get("serverless") is None]
    return around.config.network.kms_key if types and not any(own_storage(kind, around.config) for kind in types) else None


def _data_capture(spec: StepSpec, around: Surroundings) -> Arguments | None:
    given = spec.values.get("data_capture")
    if given is None:
        return None
    types = {"CsvContentTypes": given.get("csv_content_types"), "JsonContentTypes": given.get("json_content_types")}
    return without_nothing(
        {
            "EnableCapture": given["enabled"],
            "InitialSamplingPercentage": given["sampling_percentage"],
            "DestinationS3Uri": given.get("destination_s3_uri") or around.output_uri(spec.name),
            "KmsKeyId": around.config.network.kms_key,
            "CaptureOptions": [{"CaptureMode": mode} for mode in given["capture"]],
            "CaptureContentTypeHeader": without_nothing(types),
        }
    )


def _async_inference(spec: StepSpec, around: Surroundings) -> Arguments | None:
    given = spec.values.get("async_inference")
    if given is None:
        return None
    output = {
        "S3OutputPath": given.get("output_path") or around.output_uri(spec.name),
        "S3FailurePath": given.get("failure_path"),
        "KmsKeyId": around.config.network.kms_key,
    }
    client = {"MaxConcurrentInvocationsPerInstance": given.get("max_concurrent_invocations_per_instance")}
    return without_nothing({"OutputConfig": without_nothing(output), "ClientConfig": without_nothing(client)})


def endpoint(spec: StepSpec, around: Surroundings) -> Step:
    """The Endpoint step of `spec`; the service makes the endpoint, or updates the one of that name."""
    values = spec.values
    config = values.get("endpoint_config_name") or _made_by(spec, ENDPOINT_CONFIG, "EndpointConfigName", around)
    arguments = {
        "EndpointName": values["endpoint_name"],
        "EndpointConfigName": config,
        "DeploymentConfig": values.get("deployment"),
        "Tags": tags(spec, around),
    }
    arguments = with_overrides(without_nothing(arguments), spec)
    return Step(spec.name, "Endpoint", arguments, spec, ENDPOINT_ORIGINS, spec.config.enable_cache)


def _made_by(spec: StepSpec, step_class: str, member: str, around: Surroundings) -> Expression | None:
    """What the last step of a class before `spec` made, by its name; a finding where there is none."""
    source = earlier(spec, step_class, around)
    if source is not None:
        return Ref(source.name, member)
    key = "endpoint_config_name" if step_class == ENDPOINT_CONFIG else "endpoint_name"
    message = f"{spec.name} needs {key}, or a step of class {step_class} before it"
    around.missing(spec, (), message, f"set {key}, or add the step above it", "SMP206")
    return None


def inference_component(spec: StepSpec, around: Surroundings) -> Step:
    """The InferenceComponent step of `spec`: a model on the endpoint of the Endpoint step before it, unless it names another."""
    values = spec.values
    given = exactly_one(spec, ("model_name", "base_inference_component_name", "specification"), around, needed=False)
    compute = {member: values.get(key) for key, member in _COMPUTE.items()}
    specification: Arguments = dict(values.get("specification") or {})
    if given == "base_inference_component_name":
        specification["BaseInferenceComponentName"] = values[given]
    elif given != "specification":
        specification["ModelName"] = values.get("model_name") or _model(spec, (), around)
    required = specification.setdefault("ComputeResourceRequirements", {})
    if isinstance(required, dict):
        specification["ComputeResourceRequirements"] = {**required, **without_nothing(compute)}
    arguments = {
        "InferenceComponentName": values["inference_component_name"],
        "EndpointName": values.get("endpoint_name") or _made_by(spec, ENDPOINT, "EndpointName", around),
        "VariantName": values.get("variant_name") or (None if given == "base_inference_component_name" else _VARIANT),
        "Specification": without_nothing(specification),
        "RuntimeConfig": {"CopyCount": values["copy_count"]},
        "Tags": tags(spec, around),
    }
    return Step(spec.name, "InferenceComponent", with_overrides(without_nothing(arguments), spec), spec, COMPONENT_ORIGINS)
