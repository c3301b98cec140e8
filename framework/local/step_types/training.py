"""Training: channels, hyperparameters and code at their places, the script or the container's entry point as a process.

Then the model and other output are packed and put to S3.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from framework.local import toolkit
from framework.local.archives import pack, unpack
from framework.local.functions import text
from framework.local.job import HOST, ML, Job, StepError, StepRun, other_ways, own_environment, s3_prefix, time_limit
from framework.local.names import now
from framework.local.prepared import REQUIREMENTS
from framework.local.shapes import object_at
from framework.local.stand_ins import stand_in
from framework.local.step_types import notebook
from framework.local.step_types.base import Lack, StepType, refuse
from framework.local.store import join_uri
from framework.pipeline.compiled import LocalSettings

GROUP = "homogeneousCluster"
PLACES = ("input/data", "input/config", "model", "output/data", "code", "checkpoints")
SCRIPT_CHANNEL = f"{ML}/input/data/code"


def run(step: StepRun) -> dict[str, Any]:
    """Runs the step; see `StepType.run`."""
    specification = step.arguments.get("AlgorithmSpecification") or {}
    image = str(specification.get("TrainingImage") or specification.get("AlgorithmName") or "")
    parameters = {name: text(value) for name, value in (step.arguments.get("HyperParameters") or {}).items()}
    _refuse_uncompressed(step.arguments)
    job = Job(step, image, time_limit(step.arguments))
    if not job.in_container:
        refuse(step, lacking)
    channels = _prepare(job, step, parameters)
    begin = time.monotonic()
    _train(job, step, parameters, channels)
    return _description(step, _upload(job, step), time.monotonic() - begin)


def lacking(arguments: Mapping[str, Any], settings: LocalSettings) -> Lack | None:
    """See `StepType.lacking`; also of one definition of a tuning job's training jobs."""
    specification = object_at(arguments, "AlgorithmSpecification")
    parameters = {**object_at(arguments, "StaticHyperParameters"), **object_at(arguments, "HyperParameters")}
    image = specification.get("TrainingImage") or specification.get("AlgorithmName") or ""
    if specification.get("ContainerEntrypoint") or toolkit.PROGRAM in parameters or not isinstance(image, str):
        return None
    if stand_in(image, settings.images).train:
        return None
    return (
        f"there is neither ContainerEntrypoint nor the hyperparameter {toolkit.PROGRAM}, "
        f"and the algorithm of the image {image} cannot run without the image",
        other_ways(image, "train"),
    )


def fill(step: StepRun) -> None:
    """Gives a step that has ended its channels and code again, and the Python it had; see `StepType.fill`."""
    specification = step.arguments.get("AlgorithmSpecification") or {}
    parameters = {name: text(value) for name, value in (step.arguments.get("HyperParameters") or {}).items()}
    job = Job(step, str(specification.get("TrainingImage") or specification.get("AlgorithmName") or ""))
    _prepare(job, step, parameters)
    if entry_point := specification.get("ContainerEntrypoint"):
        words = specification.get("ContainerArguments") or ()
        job.require(job.asked(SCRIPT_CHANNEL, [*map(text, entry_point), *map(text, words)]))
    elif toolkit.PROGRAM in parameters and not job.in_container:
        _unpack_code(job, step, toolkit.decode(parameters))
        job.requirements(job.path(f"{toolkit.CODE}/{REQUIREMENTS}"))


def _train(job: Job, step: StepRun, parameters: Mapping[str, str], channels: Mapping[str, Mapping[str, str]]) -> None:
    """Runs what trains: the given entry point, else the image's own, else the script, else what stands for the image."""
    specification = step.arguments.get("AlgorithmSpecification") or {}
    words = [text(word) for word in specification.get("ContainerArguments") or ()]
    if notebook.is_notebook_job(step.arguments) and not job.in_container:
        job.execute(notebook.command(), _variables(step))
    elif entry_point := specification.get("ContainerEntrypoint"):
        job.require(job.asked(SCRIPT_CHANNEL, [*map(text, entry_point), *words]))
        job.execute([*map(text, entry_point), *words], _variables(step))
    elif job.in_container:
        job.execute(words or ["train"], _variables(step), entry_point=True)
    elif toolkit.PROGRAM in parameters:
        _run_script(job, step, toolkit.decode(parameters), channels)
    else:
        job.execute([*job.stand_in.train, *words], _variables(step))


def _refuse_uncompressed(arguments: Mapping[str, Any]) -> None:
    if (arguments.get("OutputDataConfig") or {}).get("CompressionType", "GZIP") != "GZIP":
        raise StepError("ClientError: OutputDataConfig.CompressionType is not GZIP; a local run writes nothing else")


def _variables(step: StepRun) -> dict[str, str]:
    return {"TRAINING_JOB_NAME": step.job_name, "TRAINING_JOB_ARN": step.job_arn, **own_environment(step.arguments)}


def _prepare(job: Job, step: StepRun, parameters: Mapping[str, str]) -> dict[str, dict[str, str]]:
    """Fills /opt/ml; returns the content of inputdataconfig.json."""
    for place in PLACES:
        job.folder(f"{ML}/{place}")
    channels = {}
    for channel in step.arguments.get("InputDataConfig") or ():
        name = str(channel["ChannelName"])
        source = (channel.get("DataSource") or {}).get("S3DataSource") or {}
        _refuse_streams(name, channel, step.arguments)
        step.site.store.download(s3_prefix(source, f"channel {name}"), job.path(f"{ML}/input/data/{name}"))
        channels[name] = _about(channel, source)
    job.write(f"{ML}/input/config/inputdataconfig.json", channels)
    job.write(f"{ML}/input/config/hyperparameters.json", parameters)
    job.write(f"{ML}/input/config/resourceconfig.json", _resources(step.arguments))
    if int((step.arguments.get("ResourceConfig") or {}).get("InstanceCount", 1)) > 1:
        job.note("one process stands for all instances")
    return channels


def _refuse_streams(name: str, channel: Mapping[str, Any], arguments: Mapping[str, Any]) -> None:
    mode = channel.get("InputMode") or (arguments.get("AlgorithmSpecification") or {}).get("TrainingInputMode", "File")
    if mode == "Pipe":
        raise StepError(f"ClientError: channel {name} is of input mode Pipe; a local run knows only File and FastFile")
    if channel.get("RecordWrapperType", "None") != "None":
        raise StepError(
            f"ClientError: channel {name} wants records wrapped as {channel['RecordWrapperType']}; a local run wraps nothing"
        )


def _about(channel: Mapping[str, Any], source: Mapping[str, Any]) -> dict[str, str]:
    return {
        **({"ContentType": channel["ContentType"]} if channel.get("ContentType") else {}),
        "TrainingInputMode": "File",
        "S3DistributionType": source.get("S3DataDistributionType", "FullyReplicated"),
        "RecordWrapperType": "None",
    }


def _resources(arguments: Mapping[str, Any]) -> dict[str, Any]:
    kind = (arguments.get("ResourceConfig") or {}).get("InstanceType", "local")
    return {
        "current_host": HOST,
        "current_instance_type": kind,
        "current_group_name": GROUP,
        "hosts": [HOST],
        "instance_groups": [{"instance_group_name": GROUP, "instance_type": kind, "hosts": [HOST]}],
        "network_interface_name": toolkit.INTERFACE,
    }


def _run_script(job: Job, step: StepRun, parameters: Mapping[str, Any], channels: Mapping[str, Mapping[str, str]]) -> None:
    """Does what the training toolkit of a framework image does."""
    _unpack_code(job, step, parameters)
    environment = {
        **toolkit.variables(parameters, channels, _resources(step.arguments), step.job_name),
        "PYTHONPATH": toolkit.CODE,
        **_variables(step),
    }
    requirements = job.path(f"{toolkit.CODE}/{REQUIREMENTS}")
    if requirements.is_file() and not job.requirements(requirements):
        job.execute(["python", "-m", "pip", "install", "--quiet", "-r", REQUIREMENTS], environment, toolkit.CODE)
    words = toolkit.arguments(toolkit.user_parameters(parameters))
    job.execute(toolkit.command(str(parameters[toolkit.PROGRAM]), words), environment, toolkit.CODE)


def _unpack_code(job: Job, step: StepRun, parameters: Mapping[str, Any]) -> None:
    source = str(parameters.get(toolkit.SUBMIT_DIRECTORY, ""))
    if source:
        unpack(step.site.store.object(source) if source.startswith("s3://") else job.path(source), job.path(toolkit.CODE))


def _upload(job: Job, step: StepRun) -> str:
    """Puts the model and the other output to S3; returns the model's URI."""
    target = join_uri(str(step.arguments["OutputDataConfig"]["S3OutputPath"]), step.job_name, "output")
    model = join_uri(target, "model.tar.gz")
    pack(job.path(toolkit.MODEL), step.site.store.path(model), job.ml)
    other = job.path(f"{toolkit.OUTPUT}/data")
    if any(other.iterdir()):
        pack(other, step.site.store.path(join_uri(target, "output.tar.gz")), job.ml)
    return model


def _description(step: StepRun, model: str, seconds: float) -> dict[str, Any]:
    definitions = (step.arguments.get("AlgorithmSpecification") or {}).get("MetricDefinitions") or ()
    return {
        **step.arguments,
        "TrainingJobName": step.job_name,
        "TrainingJobArn": step.job_arn,
        "TrainingJobStatus": "Completed",
        "SecondaryStatus": "Completed",
        "ModelArtifacts": {"S3ModelArtifacts": model},
        "FinalMetricDataList": list(metrics(definitions, step.log)),
        "TrainingTimeInSeconds": round(seconds),
    }


def metrics(definitions: Sequence[Mapping[str, str]], log: Path) -> Iterator[dict[str, Any]]:
    """The last value of each metric whose expression matches in the log.

    Args:
        definitions: MetricDefinitions.
        log: the job's log.

    Raises:
        StepError: an expression cannot be read.
    """
    content = log.read_text(encoding="utf-8", errors="replace") if log.is_file() else ""
    for definition in definitions:
        name = definition["Name"]
        try:
            found = [match for match in re.finditer(definition["Regex"], content) if match.re.groups]
            if found:
                yield {"MetricName": name, "Value": float(found[-1][1]), "Timestamp": now()}
        except (re.error, ValueError, TypeError) as error:
            raise StepError(f"ClientError: the metric {name} cannot be read with {definition['Regex']!r}: {error}") from None


STEP_TYPE = StepType("TrainingJob", "training-job", "TrainingJobName", "TrainingJobArn", run, lacking=lacking, fill=fill)
