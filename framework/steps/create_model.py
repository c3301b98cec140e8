"""Step class CreateModel, and the container that models and model packages share."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from framework.config.expressions import Parameter
from framework.config.model import CREATE_MODEL, REGISTER_MODEL, TRAINING
from framework.findings import WARNING, Finding
from framework.steps.base import Arguments, Step, StepSpec, Surroundings, as_text, with_overrides
from framework.steps.channels import DEFAULT_CHANNEL, chained, output_of
from framework.steps.jobs import environment, tags, vpc, without_nothing
from framework.steps.scripts import module_name, script_path

DEFAULT_SCRIPT = "inference.py"

ORIGINS: dict[tuple[str, ...], tuple[str, ...]] = {
    ("PrimaryContainer", "ModelDataUrl"): ("model_data_uri",),
    ("PrimaryContainer", "Environment"): ("env",),
    ("Containers",): ("containers",),
    ("PrimaryContainer", "Image"): ("InferenceSpecification", "image_uri"),
    ("Tags",): ("tags",),
}
"""For the arguments of CreateModel, the keys of the registry section that set them."""

_MEMBERS = frozenset({
    "Containers", "EnableNetworkIsolation", "ExecutionRoleArn", "InferenceExecutionConfig", "PrimaryContainer", "Tags", "VpcConfig",
})  # fmt: skip
"""What the request of CreateModel can hold and that of CreateModelPackage cannot (a version in a group takes no tags)."""


def build(spec: StepSpec, around: Surroundings) -> Step:
    """The Model step of `spec`; its model data is what the last training step before it made."""
    several = "containers" in spec.values
    arguments: Arguments = {
        "ExecutionRoleArn": around.role(spec),
        "PrimaryContainer": None if several else containers(spec, around)[0],
        "Containers": containers(spec, around) if several else None,
        "VpcConfig": vpc(around.config),
        "Tags": tags(spec, around),
    }
    arguments = with_overrides(without_nothing(arguments), spec, foreign_arguments(spec, around))
    return Step(spec.name, "Model", arguments, spec, ORIGINS)


def foreign_arguments(spec: StepSpec, around: Surroundings) -> frozenset[str]:
    """Which of the section's `arguments:` are not for `spec`, where one section parametrises CreateModel and RegisterModel."""
    given = spec.values.get("arguments")
    if not given:
        return frozenset()
    shared = (spec.model.name, spec.section.name)
    users = {other.step_class for other in around.specs.values() if (other.model.name, other.section.name) == shared}
    if "arguments" in spec.config.values or not users.issuperset({CREATE_MODEL, REGISTER_MODEL}):
        return frozenset()
    return frozenset(key for key in given if (key in _MEMBERS) != (spec.step_class == CREATE_MODEL))


def containers(spec: StepSpec, around: Surroundings) -> list[Arguments]:
    """Image, environment and model data of the trained model; or the containers that the section lists."""
    if "model_package" in spec.values:
        name = Parameter(package_parameter(spec.values["model_package"]), "String")
        return [without_nothing({"ModelPackageName": name, "Environment": environment(spec)})]
    if "containers" in spec.values:
        return [_listed(given) for given in spec.values["containers"]]
    variables = {**_environment(spec), **environment(spec)}
    return [without_nothing({"Image": _image(spec, around), "Environment": variables, "ModelDataUrl": model_data(spec)})]


def _listed(given: Arguments) -> Arguments:
    members = {"hostname": "ContainerHostname", "image_uri": "Image", "model_data_uri": "ModelDataUrl"}
    container: Arguments = {member: given[key] for key, member in members.items() if key in given}
    variables = {name: as_text(value) for name, value in (given.get("env") or {}).items()}
    return {**container, "Environment": variables} if variables else container


def brings_model(values: Arguments) -> bool:
    """Whether a registry section says itself what is served, so that nothing need be trained before."""
    return "model_data_uri" in values or "containers" in values or "model_package" in values


def package_parameter(package: Mapping[str, Any]) -> str:
    """The parameter of the pipeline that holds the ARN of a registered version."""
    words = re.split(r"[^A-Za-z0-9]+", str(package["group"]))
    version = "" if package["version"] == "latest" else f"Version{package['version']}"
    status = "" if package["status"] == "Approved" or version else str(package["status"])
    return "".join([*(word[:1].upper() + word[1:] for word in words), "ModelPackage", status, version])


def model_data(spec: StepSpec) -> Any:
    """The model artifact that is served: the section's own, else the repacked one, else the trained one."""
    if "model_data_uri" in spec.values:
        return spec.values["model_data_uri"]
    if spec.repack:
        return output_of(spec.repack, TRAINING, DEFAULT_CHANNEL)
    return chained(spec.training, DEFAULT_CHANNEL) if spec.training else None


def inference_script(spec: StepSpec) -> str | None:
    """The script that serves the model; None where the image serves it by itself."""
    transform = spec.model.sections.get("transform")
    if transform and "entry_point" in transform.values.key_places:  # written, not filled in
        return script_path(transform.values["entry_point"])
    training = spec.training
    own = "model_data_uri" in spec.values or (training is not None and not training.as_training.values.get("entry_point"))
    return None if own else DEFAULT_SCRIPT


def _image(spec: StepSpec, around: Surroundings) -> str | None:
    transform = spec.model.sections.get("transform")
    served = (spec.values.get("InferenceSpecification") or {}).get("image_uri") or spec.values.get("image_uri")
    transformed = transform.values.get("image_uri") if transform else None
    if transform and served and transformed not in {None, served}:
        message = f"transform.image_uri has no effect: {spec.model.name} is served with registry.InferenceSpecification.image_uri"
        place = transform.values.key_place_of("image_uri")
        around.report(Finding("SMP113", place, message, "remove it, or make the two the same", WARNING))
    image = served or transformed
    if image is None:
        message = f"{spec.name} needs an image to serve the model {spec.model.name} with"
        around.report(
            Finding("SMP105", spec.config.place, message, "set registry.InferenceSpecification.image_uri or transform.image_uri")
        )
    return image


def _environment(spec: StepSpec) -> dict[str, str]:
    """What the inference toolkits of AWS's framework images read. A script in a package is named as a module: they import it."""
    script = inference_script(spec)
    if script is None:
        return {}
    return {
        "SAGEMAKER_SUBMIT_DIRECTORY": "/opt/ml/model/code",
        "SAGEMAKER_PROGRAM": module_name(script) if "/" in script else script,
        "SAGEMAKER_REQUIREMENTS": "requirements.txt",
    }
