"""Step class CreateModel, and the container that models and model packages share."""

from __future__ import annotations

from framework.findings import Finding
from framework.steps.base import Arguments, Join, Ref, Step, StepSpec, Surroundings, with_overrides
from framework.steps.jobs import tags, vpc, without_nothing
from framework.steps.scripts import module_name

DEFAULT_SCRIPT = "inference.py"

ORIGINS: dict[tuple[str, ...], tuple[str, ...]] = {
    ("PrimaryContainer", "Image"): ("InferenceSpecification", "image_uri"),
    ("Tags",): ("tags",),
}
"""For the arguments of CreateModel, the keys of the registry section that set them."""


def build(spec: StepSpec, around: Surroundings) -> Step:
    """The Model step of `spec`; its model data is what the last training step before it made."""
    arguments = {
        "ExecutionRoleArn": around.config.network.role,
        "PrimaryContainer": container(spec, around),
        "VpcConfig": vpc(around.config),
        "Tags": tags(spec, around),
    }
    return Step(spec.name, "Model", with_overrides(without_nothing(arguments), spec), spec, ORIGINS)


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
    given = transform.values.get("entry_point") if transform else None
    if given:
        return str(given)
    training = spec.training
    return None if training is not None and not training.values.get("entry_point") else DEFAULT_SCRIPT


def _image(spec: StepSpec, around: Surroundings) -> str | None:
    specification = spec.values.get("InferenceSpecification") or {}
    transform = spec.model.sections.get("transform")
    image = specification.get("image_uri") or (transform.values.get("image_uri") if transform else None)
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
