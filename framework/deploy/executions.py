"""The executions of a pipeline on SageMaker: clients and names in, what AWS tells of them out; finding one, stopping one.

Every function raises `BackendError` where AWS refuses.
"""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from framework.deploy.clients import Clients
from framework.deploy.cures import DENIED
from framework.deploy.links import address
from framework.deploy.refusals import code_of, half, member, told
from framework.errors import BackendError
from framework.pipeline.execution import COMPLETED_WITH_FAILURES, EXECUTING, FAILED, LATEST, Execution, StepState

if TYPE_CHECKING:
    from mypy_boto3_sagemaker.type_defs import PipelineExecutionSummaryTypeDef

THREADS = 8
WITH_FAILURES = (FAILED, COMPLETED_WITH_FAILURES)
_ID = re.compile(r"[A-Za-z0-9]{1,64}")


def listing(clients: Clients, pipeline: str) -> Iterator[PipelineExecutionSummaryTypeDef]:
    """The executions of a pipeline, newest first, asked for page by page."""
    pages = clients.sagemaker.get_paginator("list_pipeline_executions")
    with told("ListPipelineExecutions", f"pipeline {pipeline}"):
        for page in pages.paginate(PipelineName=pipeline, SortBy="CreationTime", SortOrder="Descending"):
            for summary in page.get("PipelineExecutionSummaries", []):
                member(summary, "PipelineExecutionArn", "ListPipelineExecutions", f"pipeline {pipeline}")
                yield summary


def find(clients: Clients, pipeline: str, which: str = LATEST) -> str:
    """The ARN of an execution.

    Args:
        clients: make the calls.
        pipeline: its name.
        which: an ARN, an id, or "latest".

    Raises:
        BackendError: there is none, or AWS refuses.
    """
    if address(which):
        return which
    what = "the latest execution" if which == LATEST else f"execution {which}"
    if not _ID.fullmatch(which):
        raise BackendError(f"Looking for {what}", "it is no id and no ARN of an execution", "`smp history` lists them")
    newest = next(iter(listing(clients, pipeline)), None)
    if newest is None:
        raise BackendError(f"Looking for {what} of {pipeline}", "it has never been started", "start it with `smp run`")
    arn = str(newest["PipelineExecutionArn"])
    return arn if which == LATEST else f"{arn.rpartition('/')[0]}/{which}"


def describe(clients: Clients, arn: str) -> Mapping[str, Any]:
    """What DescribePipelineExecution tells."""
    call = "DescribePipelineExecution", f"execution {arn}"
    with told(*call):
        found = dict(clients.sagemaker.describe_pipeline_execution(PipelineExecutionArn=arn))
    if not isinstance(found.get("PipelineExecutionStatus"), str):
        raise half(*call, "PipelineExecutionStatus")
    found.pop("ResponseMetadata", None)
    return found


def steps(clients: Clients, arn: str) -> tuple[StepState, ...]:
    """The states of its steps, in the order they began."""
    call = "ListPipelineExecutionSteps", f"execution {arn}"
    pages = clients.sagemaker.get_paginator("list_pipeline_execution_steps")
    with told(*call):
        found = [dict(s) for page in pages.paginate(PipelineExecutionArn=arn, SortOrder="Ascending") for s in _of(page)]
    for state in found:
        member(state, "StepName", *call)
        member(state, "StepStatus", *call)
    return tuple(found)


def execution(clients: Clients, arn: str) -> Execution:
    """The execution as it stands; where who asks may not list its steps, it has a reason instead of them."""
    return _with_steps(clients, arn, describe(clients, arn))


def _with_steps(clients: Clients, arn: str, found: Mapping[str, Any]) -> Execution:
    try:
        return Execution(found, steps(clients, arn))
    except BackendError as error:
        if not isinstance(error.__cause__, ClientError) or code_of(error.__cause__) not in DENIED:
            raise
        return Execution(found, (), str(error))


def _of(page: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    found: Sequence[Mapping[str, Any]] = page.get("PipelineExecutionSteps", [])
    return found


def history(clients: Clients, pipeline: str, most: int) -> list[Execution]:
    """The newest executions, newest first; of those in which steps failed, the steps as well."""
    summaries = list(islice(listing(clients, pipeline), most))
    with ThreadPoolExecutor(max_workers=THREADS, thread_name_prefix="smp-history") as pool:
        return list(pool.map(lambda summary: _entry(clients, str(summary["PipelineExecutionArn"])), summaries))


def _entry(clients: Clients, arn: str) -> Execution:
    found = describe(clients, arn)
    return _with_steps(clients, arn, found) if found["PipelineExecutionStatus"] in WITH_FAILURES else Execution(found, ())


def parameters(clients: Clients, arn: str) -> dict[str, str]:
    """The parameters that an execution was started with."""
    pages = clients.sagemaker.get_paginator("list_pipeline_parameters_for_execution")
    with told("ListPipelineParametersForExecution", f"execution {arn}"):
        given = [one for page in pages.paginate(PipelineExecutionArn=arn) for one in page.get("PipelineParameters", [])]
        call = "ListPipelineParametersForExecution", f"execution {arn}"
        return {member(one, "Name", *call): member(one, "Value", *call) for one in given}


def definition(clients: Clients, arn: str) -> dict[str, Any]:
    """The definition that an execution runs."""
    call = "DescribePipelineDefinitionForExecution", f"execution {arn}"
    with told(*call):
        text = clients.sagemaker.describe_pipeline_definition_for_execution(PipelineExecutionArn=arn).get("PipelineDefinition", "")
    try:
        found = json.loads(text)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise half(*call, "definition in JSON")
    return found


def stop(clients: Clients, arn: str) -> bool:
    """Asks for an execution to be stopped; whether there was anything to ask, since one that has ended or is stopping stays so."""
    if describe(clients, arn)["PipelineExecutionStatus"] != EXECUTING:
        return False
    with told("StopPipelineExecution", f"execution {arn}"):
        clients.sagemaker.stop_pipeline_execution(PipelineExecutionArn=arn, ClientRequestToken=uuid.uuid4().hex)
    return True
