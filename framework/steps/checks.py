"""What the check steps share: a processing job with a dataset, and the step's members that say which baseline counts."""

from __future__ import annotations

from framework.steps.base import Arguments, Origins, StepSpec, Surroundings
from framework.steps.processing import image_job
from framework.steps.scripts import s3_input

INPUT, OUTPUT = "/opt/ml/processing/input", "/opt/ml/processing/output"

ORIGINS: Origins = {
    ("ProcessingJobName",): ("base_job_name",),
    ("ProcessingResources", "ClusterConfig", "InstanceType"): ("instance_type",),
    ("ProcessingResources", "ClusterConfig", "InstanceCount"): ("instance_count",),
    ("ProcessingResources", "ClusterConfig", "VolumeSizeInGB"): ("volume_size_in_gb",),
    ("AppSpecification", "ImageUri"): ("image_uri",),
    ("ProcessingInputs",): ("dataset",),
    ("ProcessingOutputConfig",): ("output_path",),
    ("Environment",): ("env",),
    ("StoppingCondition",): ("max_runtime_seconds",),
    ("Tags",): ("tags",),
}
"""For the arguments of a check's processing job, the keys of the section that set them."""

MEMBERS = {
    "CheckType": "check_type",
    "ModelPackageGroupName": "model_package_group",
    "SkipCheck": "skip_check",
    "FailOnViolation": "fail_on_violation",
    "RegisterNewBaseline": "register_new_baseline",
}


def members(spec: StepSpec, *baselines: str) -> Arguments:
    """The step's members; those that nothing is said of are null, as the SDK writes them.

    Args:
        spec: the check step.
        baselines: the kinds of files that a baseline of it has.
    """
    supplied = {f"SuppliedBaseline{kind}": f"supplied_baseline_{kind.lower()}" for kind in baselines}
    return {member: spec.values.get(key) for member, key in {**MEMBERS, **supplied}.items()}


def dataset(spec: StepSpec, name: str, folder: str) -> Arguments:
    """The input that brings the data which is checked."""
    return s3_input(name, spec.values["dataset"], folder)


def job(spec: StepSpec, around: Surroundings, inputs: list[Arguments], output: str, variables: Arguments) -> Arguments:
    """The request of the check's processing job, whose one output is called `output`."""
    uri = spec.values.get("output_path") or around.output_uri(spec.name, output)
    target = {"OutputName": output, "S3Output": {"S3Uri": uri, "LocalPath": OUTPUT, "S3UploadMode": "EndOfJob"}}
    return image_job(spec, around, inputs, [target], variables)
