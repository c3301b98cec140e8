"""How a user's scripts reach their container and are started there.

Processing: the code arrives as the two inputs `code` (the packed source directory) and `entrypoint` (a start script), and runs as a
module from the source directory. Training: the two hyperparameters that the training toolkit of AWS's framework images reads, or a
start script of our own for images without the toolkit.
"""

from __future__ import annotations

import json
import posixpath
import shlex
from importlib.resources import files
from typing import Any

from framework.steps.base import Arguments, StepSpec, Surroundings

ENTRYPOINT = "/opt/ml/processing/input/entrypoint"
CODE = "/opt/ml/processing/input/code"


def script_path(entry_point: object) -> str:
    """A script's path in the bundle: ./pkg/script.py → pkg/script.py."""
    return posixpath.normpath(str(entry_point))


def module_name(entry_point: str) -> str:
    """The module a script is: pkg/script.py → pkg.script."""
    return entry_point.removesuffix(".py").replace("/", ".")


def bundle_with_requirements(spec: StepSpec, script: str, around: Surroundings) -> str:
    """The URI of the model's code for a toolkit, which installs only a requirements.txt that lies at its top."""
    requirements = requirements_of(spec, script, around)
    return around.code.bundle(spec, None if requirements == "requirements.txt" else requirements)


def requirements_of(spec: StepSpec, entry_point: str, around: Surroundings) -> str | None:
    """The requirements file that belongs to a script: beside it, else at the top of the source directory."""
    folder = entry_point.rpartition("/")[0]
    candidates = [f"{folder}/requirements.txt"] if folder else []
    return next((path for path in [*candidates, "requirements.txt"] if around.code.has(spec, path)), None)


def check_entry_point(spec: StepSpec, entry_point: str, around: Surroundings) -> None:
    """Report a script that the source directory does not hold."""
    if not around.code.has(spec, entry_point):
        message = f"{spec.model.name}.{spec.section.name}: there is no {entry_point} in {spec.model.source_directory}"
        hint = "check entry_point, which is relative to source_directory, and .smpignore"
        around.missing(spec, ("entry_point",), message, hint, "SMP701")


def _check_module(spec: StepSpec, entry_point: str, around: Surroundings) -> None:
    if "." in entry_point.removesuffix(".py") and around.code.has(spec, entry_point):
        message = f"{spec.model.name}.{spec.section.name}: {entry_point} runs as a module, whose path can hold no other dots"
        around.missing(spec, ("entry_point",), message, "rename the script or its folder", "SMP701")


def processing_script(spec: StepSpec, around: Surroundings) -> tuple[list[Arguments], list[str]]:
    """The inputs that carry a processing step's code, and the container's entry point."""
    entry_point = script_path(spec.values["entry_point"])
    check_entry_point(spec, entry_point, around)
    _check_module(spec, entry_point, around)
    requirements = requirements_of(spec, entry_point, around)
    script = _template("processing.sh").replace("@MODULE@", shlex.quote(module_name(entry_point)))
    script = script.replace("@REQUIREMENTS@", shlex.quote(requirements or ""))
    inputs = [
        s3_input("code", around.code.bundle(spec), CODE + "/"),
        s3_input("entrypoint", around.code.text("runproc.sh", script), ENTRYPOINT),
    ]
    return inputs, ["/bin/bash", f"{ENTRYPOINT}/runproc.sh"]


def s3_input(name: str, uri: Any, local_path: str, values: Arguments | None = None) -> Arguments:
    """One ProcessingInput; `values` may set how the data is handed over."""
    given = values or {}
    return {
        "InputName": name,
        "S3Input": {
            "S3Uri": uri,
            "LocalPath": local_path,
            "S3DataType": given.get("s3_data_type", "S3Prefix"),
            "S3InputMode": given.get("s3_input_mode", "File"),
            "S3DataDistributionType": given.get("s3_data_distribution_type", "FullyReplicated"),
            "S3CompressionType": "None",
        },
    }


def training_bundle(spec: StepSpec, around: Surroundings) -> str:
    """The URI of a training step's code."""
    entry_point = script_path(spec.values["entry_point"])
    check_entry_point(spec, entry_point, around)
    return bundle_with_requirements(spec, entry_point, around)


def toolkit_parameters(entry_point: str, bundle: str, region: str | None) -> dict[str, str]:
    """The hyperparameters that tell the training toolkit what to run, JSON in text as it expects them."""
    parameters = {
        "sagemaker_submit_directory": json.dumps(bundle),
        "sagemaker_program": json.dumps(entry_point),
        "sagemaker_container_log_level": "20",
    }
    return {**parameters, "sagemaker_region": json.dumps(region)} if region else parameters


def bootstrap_script() -> str:
    """Our own start script of training jobs, for images without the training toolkit."""
    return _template("bootstrap.py")


def _template(name: str) -> str:
    return files("framework.steps").joinpath("container").joinpath(name).read_text(encoding="utf-8")
