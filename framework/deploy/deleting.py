"""Deleting a pipeline: a compiled pipeline in; what would go and what stays, as data; and the calls that delete it.

Deleted are the pipeline with the history of its executions, its triggers and its notifications. All that executions and deployments
made besides stays, and is listed.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from framework.deploy.clients import Clients
from framework.deploy.looking import asked
from framework.deploy.plan import Deployed
from framework.deploy.refusals import is_missing, told
from framework.deploy.triggering import remove_all
from framework.deploy.triggers import TRIGGER, FoundTriggers
from framework.errors import BackendError
from framework.pipeline.compiled import CompiledPipeline, trigger_group
from framework.pipeline.listing import every

_LOGS = {
    "Processing": "ProcessingJobs",
    "QualityCheck": "ProcessingJobs",
    "ClarifyCheck": "ProcessingJobs",
    "Training": "TrainingJobs",
    "Tuning": "TrainingJobs",
    "Transform": "TransformJobs",
}
_UNENDED = ("Executing", "Stopping")


@dataclass(frozen=True, slots=True)
class Left:
    """Something that stays: what it is, which one, and how it is removed; "" where that is a matter of several calls."""

    what: str
    name: str
    how: str = ""


@dataclass(frozen=True, slots=True)
class Removal:
    """What deleting a pipeline would do.

    Attributes:
        pipeline: its name.
        deployed: the pipeline; None where there is none.
        found: its triggers and notifications.
        left: what stays.
    """

    pipeline: str
    deployed: Deployed | None
    found: FoundTriggers
    left: tuple[Left, ...]

    @property
    def goes(self) -> tuple[tuple[str, str], ...]:
        """What is deleted: what it is, and its name."""
        held = sorted((each.what != TRIGGER, each.what, each.name) for each in self.found.held.values())
        group = [("schedule group", trigger_group(self.pipeline))] if self.found.grouped else []
        return (*(each[1:] for each in held), *group, *([("pipeline", self.pipeline)] if self.deployed else []))

    def to_json(self) -> dict[str, Any]:
        """The removal in JSON types."""
        return {
            "pipeline": self.pipeline,
            "arn": self.deployed.arn if self.deployed else None,
            "deleted": [{"what": what, "name": name} for what, name in self.goes],
            "left": [{"what": each.what, "name": each.name, **({"how": each.how} if each.how else {})} for each in self.left],
        }


def removal(compiled: CompiledPipeline, deployed: Deployed | None, found: FoundTriggers) -> Removal:
    """What deleting a pipeline would do; `deployed` and `found` are what is in the account. Pure."""
    definition = deployed.definition if deployed else compiled.definition
    left = tuple(dict.fromkeys(_left(compiled, definition)))
    return Removal(compiled.name, deployed, found, left if deployed or found.held else ())


def delete(clients: Clients, planned: Removal) -> None:
    """Deletes a pipeline, its triggers first, so that nothing starts it any more. What is gone already is as good.

    Raises:
        BackendError: executions go on, or AWS refuses; running it again goes on.
    """
    running = list(_running(clients, planned.pipeline)) if planned.deployed else []
    if running:
        raise BackendError(
            f"Deleting pipeline {planned.pipeline}",
            f"executions of it have not ended: {', '.join(running[:3])}{' and more' if len(running) > 3 else ''}",
            "wait for their end, or stop each with `smp stop ID`",
        )
    remove_all(clients, planned.pipeline, planned.found)
    if planned.deployed is None:
        return
    request: dict[str, Any] = {"PipelineName": planned.pipeline, "ClientRequestToken": uuid.uuid4().hex}
    with told("DeletePipeline", f"pipeline {planned.pipeline}"):
        try:
            clients.sagemaker.delete_pipeline(**request)
        except ClientError as error:
            if not is_missing(error):
                raise


def _running(clients: Clients, pipeline: str) -> Iterator[str]:
    """The ids of the executions that have not ended."""
    pages = clients.sagemaker.get_paginator("list_pipeline_executions")
    listing: list[Mapping[str, Any]] = asked(
        "ListPipelineExecutions", f"pipeline {pipeline}", lambda: list(pages.paginate(PipelineName=pipeline)), []
    )
    for page in listing:
        for execution in page.get("PipelineExecutionSummaries", ()):
            if execution.get("PipelineExecutionStatus") in _UNENDED:
                yield str(execution["PipelineExecutionArn"]).rpartition("/")[2]


def _left(compiled: CompiledPipeline, definition: Mapping[str, Any]) -> Iterator[Left]:
    """What deployments and executions made, as far as the definition tells."""
    steps = [{"Arguments": {}, **step} for step, _ in every(definition)]
    registering = (step for step in steps if _names(step, "RegisterModel", "ModelPackageGroupName"))
    groups = {str(step["Arguments"]["ModelPackageGroupName"]) for step in registering}
    for group in sorted(groups | {group.name for group in compiled.package_groups}):
        yield Left("model package group, with its versions", group)
    if compiled.bucket:
        place = f"s3://{compiled.bucket}/{compiled.name}/"
        yield Left("uploaded code, and outputs of executions", place, f"aws s3 rm --recursive {place}")
    for step in steps:
        if _names(step, "Endpoint", "EndpointName"):
            name = step["Arguments"]["EndpointName"]
            yield Left("endpoint, which goes on and costs", name, f"aws sagemaker delete-endpoint --endpoint-name {name}")
    if any(step.get("Type") == "Model" for step in steps):
        yield Left("models", "that executions made")
    for group in sorted({_LOGS[step["Type"]] for step in steps if step.get("Type") in _LOGS}):
        yield Left("log streams, in a log group that other jobs share", f"/aws/sagemaker/{group}")
    experiment = (definition.get("PipelineExperimentConfig") or {}).get("ExperimentName")
    if experiment:
        yield Left("experiment, with its trials", experiment if isinstance(experiment, str) else compiled.name)


def _names(step: Mapping[str, Any], kind: str, member: str) -> bool:
    """Whether a step of this type has a text as this member."""
    return step.get("Type") == kind and isinstance(step["Arguments"].get(member), str)
