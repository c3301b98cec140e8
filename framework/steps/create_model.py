"""Step class CreateModel, and the container that models and model packages share."""

from __future__ import annotations

from framework.config.expressions import Join, Ref
from framework.config.model import CREATE_MODEL, REGISTER_MODEL
from framework.findings import WARNING, Finding
from framework.steps.base import Arguments, Step, StepSpec, Surroundings, with_overrides
from framework.steps.jobs import tags, vpc, without_nothing
from framework.steps.scripts import module_name, script_path

DEFAULT_SCRIPT = "inference.py"

ORIGINS: dict[tuple[str, ...], tuple[str, ...]] = {
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
    arguments: Arguments = {
        "ExecutionRoleArn": around.role(spec),
        "PrimaryContainer": container(spec, around),
        "VpcConfig": vpc(around.config),
        "Tags": tags(spec, around),
    }
    arguments = with_overrides(without_nothing(arguments), spec, foreign_arguments(spec, around))
    return Step(spec.name, "Model", arguments, spec, ORIGINS)


def foreign_arguments(spec: StepSpec, around: Surroundings) -> frozenset[str]:
    """Which of the section's `arguments:` are not for `spec`, where one section parametrises CreateModel and RegisterModel."""
    given = spec.values.get("arguments") or {}
    users = {other.step_class for other in around.specs.values() if other.section is spec.section} if given else set()
    if not users.issuperset({CREATE_MODEL, REGISTER_MODEL}):
        return frozenset()
    return frozenset(key for key in given if (key in _MEMBERS) != (spec.step_class == CREATE_MODEL))


def container(spec: StepSpec, around: Surroundings) -> Arguments:
    """Image, environment and model data of the trained model."""
    return without_nothing({"Image": _image(spec, around), "Environment": _environment(spec), "ModelDataUrl": model_data(spec)})


def model_data(spec: StepSpec) -> Ref | Join | None:
    """The model artifact that is served: the repacked one where there is a repack step."""
    source = spec.repack or (spec.training.name if spec.training else None)
    return Ref(source, "ModelArtifacts.S3ModelArtifacts") if source else None


def inference_script(spec: StepSpec) -> str | None:
    """The script that serves the model; None where the image serves it by itself."""
    transform = spec.model.sections.get("transform")
    if transform and "entry_point" in transform.values.key_places:  # written, not filled in
        return script_path(transform.values["entry_point"])
    training = spec.training
    return None if training is not None and not training.values.get("entry_point") else DEFAULT_SCRIPT


def _image(spec: StepSpec, around: Surroundings) -> str | None:
    transform = spec.model.sections.get("transform")
    served = (spec.values.get("InferenceSpecification") or {}).get("image_uri")
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
