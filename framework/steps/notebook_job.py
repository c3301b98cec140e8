"""Step class NotebookJob: a notebook that SageMaker's scheduler runs, in a training job.

The notebook, its initialization script and what else lies beside it are uploaded one by one into one folder, whose name is their
digest. What the job is told is what the SDK's NotebookJobStep tells it.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator

from framework.config.expressions import Expression
from framework.steps.base import Arguments, Origins, Step, StepSpec, Surroundings, as_text, with_overrides
from framework.steps.jobs import environment, job_name, tags, volume_key, vpc, without_nothing
from framework.steps.training import channel

CHANNEL = "sagemaker_headless_execution_pipelinestep"

ORIGINS: Origins = {
    ("TrainingJobName",): ("base_job_name",),
    ("AlgorithmSpecification", "TrainingImage"): ("image_uri",),
    ("RetryStrategy",): ("max_retry_attempts",),
    ("StoppingCondition",): ("max_runtime_seconds",),
    ("ResourceConfig", "VolumeSizeInGB"): ("volume_size_in_gb",),
    ("ResourceConfig", "InstanceType"): ("instance_type",),
    ("InputDataConfig",): ("input_notebook",),
    ("OutputDataConfig",): ("output_path",),
    ("HyperParameters",): ("parameters",),
    ("Environment", "SM_KERNEL_NAME"): ("kernel_name",),
    ("Environment", "SM_INPUT_NOTEBOOK_NAME"): ("input_notebook",),
    ("Environment", "SM_INIT_SCRIPT"): ("initialization_script",),
    ("Environment",): ("env",),
    ("Tags",): ("tags",),
}
"""For the arguments of a notebook job, the keys of the section that set them."""


def build(spec: StepSpec, around: Surroundings) -> Step:
    """The Training step that runs the notebook of `spec`."""
    values, network = spec.values, around.config.network
    resources = {
        "VolumeSizeInGB": values["volume_size_in_gb"],
        "InstanceCount": 1,
        "InstanceType": values["instance_type"],
        "VolumeKmsKeyId": volume_key(spec, around.config),
    }
    output = {"S3OutputPath": values.get("output_path") or around.output_uri(spec.name), "KmsKeyId": network.kms_key}
    arguments: Arguments = {
        "TrainingJobName": job_name(spec, around),
        "RoleArn": around.role(spec),
        "RetryStrategy": {"MaximumRetryAttempts": values["max_retry_attempts"]},
        "StoppingCondition": {"MaxRuntimeInSeconds": values["max_runtime_seconds"]},
        "EnableInterContainerTrafficEncryption": True,
        "AlgorithmSpecification": {
            "TrainingImage": values["image_uri"],
            "TrainingInputMode": "File",
            "ContainerEntrypoint": ["amazon_sagemaker_scheduler"],
        },
        "InputDataConfig": [channel(CHANNEL, _upload(spec, around))],
        "OutputDataConfig": without_nothing(output),
        "ResourceConfig": without_nothing(resources),
        "VpcConfig": vpc(around.config),
        "Tags": _tags(spec, around),
        "Environment": {**environment(spec), **_variables(spec, around)},
        "HyperParameters": {name: _text(value) for name, value in (values.get("parameters") or {}).items()},
    }
    return Step(spec.name, "Training", with_overrides(without_nothing(arguments), spec), spec, ORIGINS, spec.config.enable_cache)


def _text(value: object) -> object:
    """A parameter as it reaches the notebook: text."""
    return as_text(value) if isinstance(value, Expression) else str(value)


def _name(spec: StepSpec) -> str:
    """What the job is called, and the notebook when it has run."""
    stem = posixpath.basename(spec.values["input_notebook"]).removesuffix(".ipynb")
    return str(spec.values.get("base_job_name") or f"{stem}-{spec.name}")


def _variables(spec: StepSpec, around: Surroundings) -> Arguments:
    """What the scheduler is told."""
    values = spec.values
    script = values.get("initialization_script")
    return without_nothing(
        {
            "AWS_DEFAULT_REGION": around.config.region,
            "SM_JOB_DEF_VERSION": "1.0",
            "SM_ENV_NAME": "sagemaker-default-env",
            "SM_SKIP_EFS_SIMULATION": "true",
            "SM_EXECUTION_INPUT_PATH": f"/opt/ml/input/data/{CHANNEL}",
            "SM_KERNEL_NAME": values["kernel_name"],
            "SM_INPUT_NOTEBOOK_NAME": posixpath.basename(values["input_notebook"]),
            "SM_OUTPUT_NOTEBOOK_NAME": re.sub(r"[^a-zA-Z0-9-]", "-", _name(spec)).lstrip("-") + ".ipynb",
            "SM_INIT_SCRIPT": posixpath.basename(script) if script else None,
        }
    )


def _tags(spec: StepSpec, around: Surroundings) -> list[dict[str, str]]:
    """The tags by which Studio finds notebook jobs, behind the section's own."""
    own = {
        "sagemaker:name": _name(spec),
        "sagemaker:notebook-name": posixpath.basename(spec.values["input_notebook"]),
        "sagemaker:notebook-job-origin": "PIPELINE_STEP",
        "sagemaker:is-studio-archived": "false",
    }
    return [*tags(spec, around), *({"Key": key, "Value": value} for key, value in own.items())]


def _upload(spec: StepSpec, around: Surroundings) -> str:
    """The URI of the folder with everything the notebook needs."""
    paths = {posixpath.normpath(path): keys for path, keys in _paths(spec)}
    seen: dict[str, str] = {}
    for path, keys in paths.items():
        name = posixpath.basename(path)
        if not around.code.has(spec, path, or_folder=True):
            message = f"{spec.name}: there is no {path} in {spec.model.source_directory}"
            around.missing(spec, keys, message, f"check {keys[0]}, which is relative to source_directory, and .smpignore", "SMP701")
        elif name in seen:
            message = f'{spec.name}: {seen[name]} and {path} would both be called "{name}" beside the notebook'
            around.missing(spec, keys, message, "rename one of them", "SMP302")
        seen.setdefault(name, path)
    return around.code.folder(spec, list(paths))


def _paths(spec: StepSpec) -> Iterator[tuple[str, tuple[str | int, ...]]]:
    """What is uploaded, and the keys that name it."""
    for key in ("input_notebook", "initialization_script"):
        if key in spec.values:
            yield spec.values[key], (key,)
    for index, path in enumerate(spec.values.get("additional_dependencies") or ()):
        yield path, ("additional_dependencies", index)
