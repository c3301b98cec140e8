"""What the steps of an execution on SageMaker have reported: their property files, read from S3.

A file that cannot be read is told, and is no reason to fail: who compares two executions may see one of them only in part.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from framework.deploy.clients import Clients
from framework.deploy.refusals import told
from framework.deploy.uploads import location
from framework.errors import BackendError
from framework.pipeline.compiled import Definition
from framework.pipeline.execution import SUCCEEDED, StepState
from framework.pipeline.listing import every

LARGEST = 5_000_000
"""A property file of more bytes than that is not read."""

Report = tuple[str, str, Any]
"""The step's name, the property file's name, its content."""


def reports(clients: Clients, definition: Definition, states: Sequence[StepState], warn: Callable[[str], None]) -> list[Report]:
    """The property files of the steps that have succeeded.

    Args:
        clients: make the calls.
        definition: what was executed.
        states: of its steps.
        warn: told of each file that cannot be read.
    """
    jobs = {str(state["StepName"]): _job(state) for state in states if state.get("StepStatus") == SUCCEEDED}
    found: list[Report] = []
    for step, _ in every(definition):
        name, files = str(step.get("Name")), step.get("PropertyFiles") or ()
        if not files or not jobs.get(name):
            continue
        try:
            found += _of_step(clients, name, jobs[name], files)
        except BackendError as error:
            warn(f"the report of {name} is left out: {error}")
    return found


def _job(state: StepState) -> str:
    arn = str(((state.get("Metadata") or {}).get("ProcessingJob") or {}).get("Arn", ""))
    return arn.rpartition("/")[2]


def _of_step(clients: Clients, step: str, job: str, files: Sequence[Mapping[str, Any]]) -> Iterator[Report]:
    outputs = _outputs(clients, job)
    for file in files:
        uri = outputs.get(str(file.get("OutputName")))
        if uri:
            name = str(file.get("PropertyFileName"))
            yield step, name, _content(clients, f"{uri.rstrip('/')}/{str(file.get('FilePath', '')).lstrip('/')}")


def _outputs(clients: Clients, job: str) -> dict[str, str]:
    with told("DescribeProcessingJob", f"processing job {job}"):
        about: Mapping[str, Any] = clients.sagemaker.describe_processing_job(ProcessingJobName=job)
    listed = (about.get("ProcessingOutputConfig") or {}).get("Outputs") or ()
    return {str(one.get("OutputName")): str((one.get("S3Output") or {}).get("S3Uri") or "") for one in listed}


def _content(clients: Clients, uri: str) -> Any:
    bucket, key = location(uri)
    with told("GetObject", uri):
        body = clients.s3.get_object(Bucket=bucket, Key=key)["Body"].read(LARGEST + 1)
    try:
        return json.loads(body) if len(body) <= LARGEST else {}
    except (ValueError, RecursionError) as error:
        raise BackendError(f"Reading {uri}", f"it is not JSON: {error}") from error
