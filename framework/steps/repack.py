"""The repack step: the inference script and its source directory go into model.tar.gz under code/.

It is a training job that needs nothing of its image but bash and tar, so it runs in the image that trained the model.
"""

from __future__ import annotations

from framework.findings import Finding
from framework.steps.base import Step, StepSpec, Surroundings
from framework.steps.channels import DEFAULT_CHANNEL, chained
from framework.steps.create_model import DEFAULT_SCRIPT, inference_script
from framework.steps.jobs import without_nothing
from framework.steps.scripts import bundle_with_requirements
from framework.steps.training import ORIGINS as OF_TRAINING
from framework.steps.training import channel, job_arguments

_SCRIPT = (
    "set -e; d=/opt/ml/input/data; m=/opt/ml/model; mkdir -p $m/code; "
    "tar -xzf $d/model/model.tar.gz -C $m; tar -xzf $d/code/sourcedir.tar.gz -C $m/code"
)
_INSTANCE_TYPE = "ml.m5.large"
_TAKEN_OVER = frozenset({"image_uri", "volume_size_in_gb", "max_runtime_seconds", "tags"})
"""The keys of the training's section that hold for the repack step too."""

ORIGINS = {member: keys for member, keys in OF_TRAINING.items() if keys[0] in _TAKEN_OVER}


def build(user: StepSpec, around: Surroundings) -> Step:
    """The repack step that `user`, a CreateModel or RegisterModel step, is the first to need."""
    assert user.repack is not None and user.training is not None
    name, training, script = user.repack, user.training.as_training, inference_script(user) or DEFAULT_SCRIPT
    _check_script(user, script, around)
    algorithm = {
        "TrainingInputMode": "File",
        "TrainingImage": training.values["image_uri"],
        "ContainerEntrypoint": ["/bin/bash", "-c"],
        "ContainerArguments": [_SCRIPT],
    }
    model = channel("model", chained(user.training, DEFAULT_CHANNEL))
    code = channel("code", bundle_with_requirements(training, script, around))
    job = job_arguments(training, around)
    kms_key = around.config.network.kms_key
    resources = {**job["ResourceConfig"], "InstanceType": _INSTANCE_TYPE, "InstanceCount": 1, "VolumeKmsKeyId": kms_key}
    output = {"S3OutputPath": around.output_uri(name), "KmsKeyId": kms_key}
    arguments = {
        "AlgorithmSpecification": algorithm,
        "InputDataConfig": [model, code],
        **job,
        "ResourceConfig": without_nothing(resources),
        "OutputDataConfig": without_nothing(output),
        "Environment": None,
    }
    description = f"Packs {script} and its neighbours into the model of {training.name}"
    cached = training.config.enable_cache
    return Step(name, "Training", without_nothing(arguments), training, ORIGINS, cached, description=description)


def _check_script(user: StepSpec, script: str, around: Surroundings) -> None:
    if around.code.has(user, script):
        return
    transform = user.model.sections.get("transform")
    place = transform.values.place_of("entry_point") if transform else user.config.place
    message = f"{user.name} packs {script} into the model, but there is no {script} in {user.model.source_directory}"
    around.report(
        Finding("SMP701", place, message, 'set transform.entry_point, or ModelRepack: "False" when training packs it itself')
    )
