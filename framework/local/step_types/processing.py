"""Processing: inputs at their LocalPath, the container's entry point as a process, outputs to S3 at the end."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from framework.errors import BackendError
from framework.local.functions import text
from framework.local.job import HOST, ML, Job, StepError, StepRun, other_ways, own_environment, s3_prefix, time_limit
from framework.local.shapes import object_at
from framework.local.stand_ins import stand_in
from framework.local.step_types.base import Lack, StepType, refuse
from framework.local.store import join_uri
from framework.pipeline.compiled import LocalSettings

MESSAGE = "output/message"
CODE_INPUT = "code"


def run(step: StepRun) -> dict[str, Any]:
    """Runs the step; see `StepType.run`."""
    application = step.arguments.get("AppSpecification") or {}
    given = [text(word) for word in application.get("ContainerEntrypoint") or ()]
    words = [text(word) for word in application.get("ContainerArguments") or ()]
    image = str(application.get("ImageUri", ""))
    job = Job(step, image, time_limit(step.arguments))
    entry_point = given or job.stand_in.process
    if not job.in_container:
        refuse(step, lacking)
    _prepare(job, step)
    _require(job, step, [*entry_point, *words])
    job.execute([*entry_point, *words], own_environment(step.arguments), message=MESSAGE, entry_point=not entry_point)
    for output in _outputs(step.arguments):
        name, folder, uri = output["OutputName"], output["LocalPath"], output["S3Uri"]
        if not step.site.store.upload(job.path(folder), uri, job.ml):
            job.note(f"output {name} is empty: the job wrote nothing to {folder}, so that nothing new is at {uri}")
    said = job.message(MESSAGE)
    return {
        **step.arguments,
        "ProcessingJobName": step.job_name,
        "ProcessingJobArn": step.job_arn,
        "ProcessingJobStatus": "Completed",
        **({"ExitMessage": said} if said else {}),
        "PropertyFiles": _property_files(job, step),
    }


def lacking(arguments: Mapping[str, Any], settings: LocalSettings) -> Lack | None:
    """See `StepType.lacking`."""
    application = object_at(arguments, "AppSpecification")
    image = application.get("ImageUri", "")
    if application.get("ContainerEntrypoint") or not isinstance(image, str) or stand_in(image, settings.images).process:
        return None
    return (
        f"no ContainerEntrypoint is given, and that of the image {image} cannot run without the image",
        other_ways(image, "process"),
    )


def fill(step: StepRun) -> None:
    """Gives a step that has ended its inputs again, and the Python it had; see `StepType.fill`."""
    application = step.arguments.get("AppSpecification") or {}
    job = Job(step, str(application.get("ImageUri", "")))
    _prepare(job, step)
    entry_point = [text(word) for word in application.get("ContainerEntrypoint") or ()]
    _require(job, step, [*entry_point, *map(text, application.get("ContainerArguments") or ())])


def _prepare(job: Job, step: StepRun) -> None:
    for name, source in _inputs(step.arguments):
        step.site.store.download(s3_prefix(source, f"input {name}"), job.path(str(source.get("LocalPath"))))
    for output in _outputs(step.arguments):
        job.folder(output["LocalPath"])
    job.folder(f"{ML}/output")
    cluster = (step.arguments.get("ProcessingResources") or {}).get("ClusterConfig") or {}
    if int(cluster.get("InstanceCount", 1)) > 1:
        job.note("one process stands for all instances")
    about = {"ProcessingJobArn": step.job_arn, "ProcessingJobName": step.job_name, **step.arguments}
    job.write(f"{ML}/config/processingjobconfig.json", about)
    job.write(f"{ML}/config/resourceconfig.json", {"current_host": HOST, "hosts": [HOST]})


def _require(job: Job, step: StepRun, words: Sequence[str]) -> None:
    """Installs beforehand what the step's code asks for, when its start script would install it too."""
    for name, source in _inputs(step.arguments):
        if name == CODE_INPUT:
            job.require(job.asked(str(source.get("LocalPath")).rstrip("/"), words))


def _inputs(arguments: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for entry in arguments.get("ProcessingInputs") or ():
        name, source = entry.get("InputName"), entry.get("S3Input")
        if not source:
            raise StepError(f"ClientError: input {name} has no S3Input; a local run reads nothing else")
        if source.get("S3InputMode", "File") != "File":
            raise StepError(f"ClientError: input {name} is of S3InputMode {source['S3InputMode']}; a local run knows only File")
        yield str(name), source


def _outputs(arguments: Mapping[str, Any]) -> list[dict[str, str]]:
    found = []
    for entry in (arguments.get("ProcessingOutputConfig") or {}).get("Outputs") or ():
        target = entry.get("S3Output")
        if not target or not target.get("LocalPath"):
            raise StepError(
                f"ClientError: output {entry.get('OutputName')} has no S3Output with a LocalPath; a local run writes nothing else"
            )
        found.append({"OutputName": entry["OutputName"], "LocalPath": target["LocalPath"], "S3Uri": target["S3Uri"]})
    return found


def _property_files(job: Job, step: StepRun) -> dict[str, Any]:
    """The content of every property file that was written and is JSON."""
    targets = {output["OutputName"]: output["S3Uri"] for output in _outputs(step.arguments)}
    found = {}
    for entry in step.step.get("PropertyFiles") or ():
        name = entry["PropertyFileName"]
        try:
            path = step.site.store.path(join_uri(targets[entry["OutputName"]], *entry["FilePath"].strip("/").split("/")))
            found[name] = json.loads(path.read_bytes())
        except (KeyError, OSError, ValueError, BackendError) as error:
            job.note(f"the property file {name} ({entry.get('FilePath')}) was not written, or is not JSON: {error}")
    return found


STEP_TYPE = StepType("ProcessingJob", "processing-job", "ProcessingJobName", "ProcessingJobArn", run, lacking=lacking, fill=fill)
