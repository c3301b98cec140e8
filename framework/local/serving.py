"""Getting a model ready to be served: the container of a model, its files and code in a job's /opt/ml, and its server.

In: a step and the name of a model. Out: a job whose /opt/ml has the model, and the `Server` to start in it. Transform jobs and
endpoints share this.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from framework.errors import BackendError
from framework.local.archives import unpack
from framework.local.job import ML, Job, StepError, StepRun, other_ways, own_environment

MODEL = f"{ML}/model"
CODE = f"{MODEL}/code"
DOWNLOADED_CODE = f"{ML}/code"
DEFAULT_PROGRAM = "inference.py"


@dataclass(frozen=True)
class Server:
    """How a model is served.

    Attributes:
        environment: the variables of the server.
        words: a server that answers on the port in SAGEMAKER_BIND_TO_PORT, in a container the arguments of the image's entry
            point; empty where it is our own, for a script.
    """

    environment: Mapping[str, str]
    words: tuple[str, ...] = ()


def container_of(step: StepRun, name: object, does: str) -> Mapping[str, Any]:
    """The one container of a model.

    Args:
        step: knows what the steps before made.
        name: the model's name.
        does: what a local run does with one container, as in "transforms".

    Raises:
        StepError: there is no such model, or it is of a kind that cannot be served here.
    """
    models = [told for told in list(step.descriptions.values()) if "ModelArn" in told and told.get("ModelName") == name]
    if not models:
        raise StepError(f"ClientError: there is no model {name}; a local run knows only models that its own Model steps made")
    containers = [models[0]["PrimaryContainer"]] if models[0].get("PrimaryContainer") else models[0]["Containers"]
    if containers[0].get("ModelPackageName"):
        containers = _of_package(step, containers[0])
    if len(containers) > 1:
        raise StepError(f"ClientError: the model {name} has {len(containers)} containers; a local run {does} with one")
    if not containers[0].get("ModelDataUrl"):
        raise StepError(
            f"ClientError: the container of the model {name} has no ModelDataUrl; a local run knows no other source of a model"
        )
    return cast("Mapping[str, Any]", containers[0])


def _of_package(step: StepRun, container: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The containers of a registered model, which a container names; its variables come over those of the first."""
    try:
        package = step.site.registry.named(str(container["ModelPackageName"]))
    except BackendError as error:
        raise StepError(f"ClientError: {error}") from None
    first, *others = package["InferenceSpecification"]["Containers"]
    environment = {**(first.get("Environment") or {}), **(container.get("Environment") or {})}
    return [{**first, "Environment": environment}, *others]


def prepare(job: Job, archive: Path, container: Mapping[str, Any], variables: Mapping[str, str]) -> Server:
    """Fills a job's /opt/ml with a model and its code, and installs what they need.

    Args:
        job: the job.
        archive: the model's tar.gz.
        container: of the model.
        variables: what the server sees beside the container's own Environment.

    Raises:
        StepError: the model's script is not there, or what it needs cannot be installed.
        BackendError: an archive cannot be read.
    """
    unpack(archive, job.path(MODEL))
    words = ("serve",) if job.in_container else job.stand_in.serve
    environment = _with_code(job, {**own_environment(container), **variables})
    if words:
        return Server(environment, words)
    environment = _with_script(job, environment, str(container.get("Image")))
    _install(job, environment)
    return Server(environment)


def _with_code(job: Job, environment: Mapping[str, str]) -> dict[str, str]:
    """The variables; code that lies in S3 is fetched."""
    code = environment.get("SAGEMAKER_SUBMIT_DIRECTORY", "")
    if not code.startswith("s3://"):
        return dict(environment)
    unpack(job.run.site.store.object(code), job.path(DOWNLOADED_CODE))
    return {**environment, "SAGEMAKER_SUBMIT_DIRECTORY": DOWNLOADED_CODE}


def _with_script(job: Job, environment: Mapping[str, str], image: str) -> dict[str, str]:
    """The variables of our own server, which needs a script."""
    code = environment.get("SAGEMAKER_SUBMIT_DIRECTORY", "").removeprefix("file://") or CODE
    program = environment.get("SAGEMAKER_PROGRAM", DEFAULT_PROGRAM)
    if not _script(job.path(code), program):
        raise StepError(
            f"ClientError: there is no script {code}/{program}, and the server of the image {image} "
            "cannot run without the image; pack the script into the model under code/ and name it in SAGEMAKER_PROGRAM, "
            f"{other_ways(image, 'serve')}"
        )
    return {**environment, "SAGEMAKER_SUBMIT_DIRECTORY": code, "SAGEMAKER_PROGRAM": program}


def _script(code: Path, program: str) -> bool:
    module = code.joinpath(*program.removesuffix(".py").replace(".", "/").split("/"))
    return module.with_name(f"{module.name}.py").is_file() or (module / "__init__.py").is_file()


def _install(job: Job, environment: Mapping[str, str]) -> None:
    code, name = environment["SAGEMAKER_SUBMIT_DIRECTORY"], environment.get("SAGEMAKER_REQUIREMENTS", "requirements.txt")
    path = job.path(f"{code}/{name}")
    if path.is_file() and not job.requirements(path):
        job.execute(["python", "-m", "pip", "install", "--quiet", "-r", name], environment, code)
