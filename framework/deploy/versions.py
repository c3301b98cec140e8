"""The versions of a pipeline, and going back to one: clients and a name in, versions and their definitions out.

A version is what the service keeps of each definition that a pipeline has had. Where the service keeps none, each execution still
knows the definition that it ran. Every function raises `BackendError` where AWS refuses.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby, islice
from typing import Any

from botocore.exceptions import ClientError

from framework.deploy import executions
from framework.deploy.clients import Clients
from framework.deploy.cures import ABSENT, DENIED, UNKNOWN_OPERATION
from framework.deploy.fields import canonical
from framework.deploy.links import address
from framework.deploy.refusals import code_of, half, is_missing, member, told
from framework.deploy.uploads import location
from framework.errors import BackendError

THREADS = 8
MOST_EXECUTIONS = 50
"""Of the newest executions so many are asked for their definitions where the service keeps no versions."""

_LIST = "`smp versions` lists those that there are"
_UPLOAD = re.compile(r"s3://[a-z0-9][a-z0-9.-]+/(?:\S*/)?[0-9a-f]{64}(?:/\S*)?")
"""The address of an upload, or of a folder of them: its key holds the digest of the content."""


@dataclass(frozen=True, slots=True)
class Version:
    """A definition that the pipeline has or had.

    Attributes:
        id: the number of the version; of one that only an execution knows, the execution's id.
        created: when it was made; of one that only executions know, when the first of them was started.
        name, description: as somebody has set them; "" for none.
        execution: the ARN of the last execution of it; "" for none.
        kept: whether the service keeps it as a version.
    """

    id: str
    created: datetime | None
    name: str = ""
    description: str = ""
    execution: str = ""
    kept: bool = True

    def __str__(self) -> str:
        return f"version {self.id}" if self.kept else f"the definition of execution {self.id}"


def versions(clients: Clients, pipeline: str) -> Iterator[Version]:
    """The versions of a pipeline, newest first; those of its executions where the service keeps none."""
    kept = _kept(clients, pipeline)
    first = next(kept, None)
    if first is None:
        yield from _of_executions(clients, pipeline)
        return
    yield first
    yield from kept


def _kept(clients: Clients, pipeline: str) -> Iterator[Version]:
    with told("ListPipelineVersions", f"pipeline {pipeline}"):
        try:
            request: dict[str, Any] = {"PipelineName": pipeline, "SortOrder": "Descending"}
            while True:
                page = clients.sagemaker.list_pipeline_versions(**request)
                yield from (_version(summary, pipeline) for summary in page.get("PipelineVersionSummaries", []))
                if not page.get("NextToken"):
                    return
                request["NextToken"] = page["NextToken"]
        except ClientError as error:
            if code_of(error) not in UNKNOWN_OPERATION:
                raise


def _version(summary: Mapping[str, Any], pipeline: str) -> Version:
    return Version(
        id=str(int(member(summary, "PipelineVersionId", "ListPipelineVersions", f"pipeline {pipeline}"))),
        created=summary.get("CreationTime"),
        name=summary.get("PipelineVersionDisplayName") or "",
        description=summary.get("PipelineVersionDescription") or "",
        execution=summary.get("LastExecutionPipelineExecutionArn") or "",
    )


def _of_executions(clients: Clients, pipeline: str) -> Iterator[Version]:
    """A version for each row of executions with the same definition, called after the newest of them."""
    summaries = list(islice(executions.listing(clients, pipeline), MOST_EXECUTIONS))
    arns = [str(summary["PipelineExecutionArn"]) for summary in summaries]
    with ThreadPoolExecutor(max_workers=THREADS, thread_name_prefix="smp-versions") as pool:
        found = list(pool.map(lambda arn: canonical(executions.definition(clients, arn)), arns))
    for _, row in groupby(range(len(arns)), key=found.__getitem__):
        numbers = list(row)
        newest, first = arns[numbers[0]], summaries[numbers[-1]]
        yield Version(newest.rpartition("/")[2], first.get("StartTime"), execution=newest, kept=False)


def definition(clients: Clients, pipeline: str, version: Version) -> dict[str, Any]:
    """The definition of a version."""
    if not version.kept:
        return executions.definition(clients, version.execution)
    call = "DescribePipeline", f"version {version.id} of pipeline {pipeline}"
    with told(*call):
        try:
            found = clients.sagemaker.describe_pipeline(PipelineName=pipeline, PipelineVersionId=int(version.id))
        except ClientError as error:
            if not is_missing(error):
                raise
            raise BackendError(f"Looking for {call[1]}", "there is none", _LIST) from error
    try:
        answer = json.loads(found.get("PipelineDefinition", ""))
    except ValueError:
        answer = None
    if not isinstance(answer, dict):
        raise half(*call, "definition in JSON")
    return answer


def choose(clients: Clients, pipeline: str, which: str | None, now: Mapping[str, Any]) -> tuple[Version, dict[str, Any]]:
    """A version that is asked for, and its definition.

    Args:
        clients: make the calls.
        pipeline: its name.
        which: the number of a version, the id or ARN of an execution, or None for the newest version that is not as it is now.
        now: the definition as it is deployed.

    Raises:
        BackendError: there is no such version.
    """
    if which is not None and which.isdecimal():
        if int(which) == 0:
            raise BackendError(f"Looking for version {which} of pipeline {pipeline}", "versions count from 1", _LIST)
        version = Version(which, None)
        return version, definition(clients, pipeline, version)
    if which is not None:
        arn = executions.find(clients, pipeline, which)
        version = Version(arn.rpartition("/")[2], None, execution=arn, kept=False)
        return version, definition(clients, pipeline, version)
    for version in versions(clients, pipeline):
        found = definition(clients, pipeline, version)
        if canonical(found) != canonical(now):
            return version, found
    raise BackendError(f"Looking for an earlier version of pipeline {pipeline}", "it has had no other definition", _LIST)


def is_of(pipeline: str, which: str) -> bool:
    """Whether the ARN of an execution, where it is one, is of this pipeline."""
    parts = address(which)
    return parts is None or parts.pipeline == pipeline.lower()


def uploads(definition: Any) -> list[str]:
    """The addresses of all uploads that a definition names, sorted."""
    return sorted(set(_uploads(definition)))


def _uploads(value: Any) -> Iterator[str]:
    if isinstance(value, str) and _UPLOAD.fullmatch(value):
        yield value
    elif isinstance(value, (list, dict)):
        for item in value.values() if isinstance(value, dict) else value:
            yield from _uploads(item)


def gone(clients: Clients, uris: list[str]) -> tuple[list[str], list[str]]:
    """Of these objects, those that are no longer in S3, and those that who asks may not look at."""
    with ThreadPoolExecutor(max_workers=THREADS, thread_name_prefix="smp-head") as pool:
        found = dict(zip(uris, pool.map(lambda uri: _look(clients, uri), uris), strict=True))
    return [uri for uri in uris if found[uri] == "gone"], [uri for uri in uris if found[uri] == "hidden"]


def _look(clients: Clients, uri: str) -> str:
    bucket, key = location(uri)
    with told("HeadObject", uri):
        try:
            clients.s3.head_object(Bucket=bucket, Key=key.rstrip("/"))
        except ClientError as error:
            if code_of(error) in DENIED:
                return "hidden"
            if code_of(error) not in ABSENT:
                raise
        else:
            return ""
    return "" if _is_folder(clients, bucket, key) else "gone"


def _is_folder(clients: Clients, bucket: str, key: str) -> bool:
    """Whether there are objects below the key."""
    prefix = f"{key.rstrip('/')}/"
    with told("ListObjectsV2", f"s3://{bucket}/{prefix}"):
        try:
            return bool(clients.s3.list_objects_v2(Bucket=bucket, Prefix=prefix, MaxKeys=1).get("Contents"))
        except ClientError as error:
            if code_of(error) in (*ABSENT, *DENIED):
                return False
            raise
