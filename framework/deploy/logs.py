"""What the jobs of an execution have written, from CloudWatch Logs: the state of a step in, its lines out.

Every function raises `BackendError` where AWS refuses. A job that has not written anything yet has no lines.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from botocore.exceptions import ClientError

from framework.deploy.clients import Clients
from framework.deploy.refusals import is_missing, told
from framework.pipeline.execution import StepState

GROUPS = {
    "TrainingJob": ("/aws/sagemaker/TrainingJobs", "/"),
    "ProcessingJob": ("/aws/sagemaker/ProcessingJobs", "/"),
    "TransformJob": ("/aws/sagemaker/TransformJobs", "/"),
    "TuningJob": ("/aws/sagemaker/TrainingJobs", "-"),
    "QualityCheck": ("/aws/sagemaker/ProcessingJobs", "/"),
    "ClarifyCheck": ("/aws/sagemaker/ProcessingJobs", "/"),
}
"""For a member of a step's Metadata the log group of its job, and what follows the job's name in the names of its streams.

From the page "logging-cloudwatch" of the SageMaker guide; the training jobs of a tuning job are called after it.
"""

LAMBDA = "/aws/lambda/"
STREAMS = 50
MOST_EVENTS = 10_000
MILLISECONDS = 1000
LATE = 10 * MILLISECONDS


@dataclass(frozen=True, slots=True)
class JobLog:
    """Where a job writes.

    Attributes:
        arn: the job's.
        group: the log group.
        prefix: what the names of its streams begin with; "" where streams are not the job's alone.
        begin, end: when it wrote, in milliseconds since 1970, where the streams do not tell; 0 for no limit.
    """

    arn: str
    group: str
    prefix: str = ""
    begin: int = 0
    end: int = 0

    def __str__(self) -> str:
        return f"{self.group}:{self.prefix}*" if self.prefix else self.group


def job_log(step: StepState) -> JobLog | None:
    """Where the job of a step writes; None for a step that has no such job, or none yet."""
    for kind, about in (step.get("Metadata") or {}).items():
        arn = str(about.get("Arn") or about.get("CheckJobArn") or "")
        if arn and kind in GROUPS:
            group, ending = GROUPS[kind]
            return JobLog(arn, group, arn.rpartition("/")[2] + ending)
        if arn and kind == "Lambda":
            function = arn.partition(":function:")[2].partition(":")[0]
            return JobLog(arn, LAMBDA + function, "", _moment(step.get("StartTime")), _moment(step.get("EndTime")))
    return None


def _moment(time: Any) -> int:
    return int(time.timestamp() * MILLISECONDS) if isinstance(time, datetime) else 0


def tail(clients: Clients, log: JobLog, lines: int) -> list[str]:
    """The last lines of a job, those of all its instances in the order of time."""
    if not lines:
        return []
    if not log.prefix:
        return [line for _, line in _events(clients, log)][-lines:]
    found: list[tuple[int, str]] = []
    for stream in _streams(clients, log):
        found += _last(clients, log.group, stream, lines)
    return [line for _, line in sorted(found, key=lambda event: event[0])][-lines:]


def _streams(clients: Clients, log: JobLog) -> list[str]:
    pages = clients.logs.get_paginator("describe_log_streams")
    with told("DescribeLogStreams", f"log group {log.group}"):
        try:
            listing = pages.paginate(logGroupName=log.group, logStreamNamePrefix=log.prefix, PaginationConfig={"MaxItems": STREAMS})
            return [str(stream["logStreamName"]) for page in listing for stream in page.get("logStreams", [])]
        except ClientError as error:
            if is_missing(error):
                return []
            raise


def _last(clients: Clients, group: str, stream: str, lines: int) -> list[tuple[int, str]]:
    """The last lines of a stream, page by page from its end: one holds at most 10,000 of them, and at most 1 MB."""
    request: dict[str, Any] = {"logGroupName": group, "logStreamName": stream, "startFromHead": False}
    found: list[tuple[int, str]] = []
    while len(found) < lines:
        with told("GetLogEvents", f"log stream {group}:{stream}"):
            answer = clients.logs.get_log_events(**request, limit=min(lines - len(found), MOST_EVENTS))
        page = [(int(event.get("timestamp", 0)), str(event.get("message", ""))) for event in answer.get("events", [])]
        found = page + found
        token = answer.get("nextBackwardToken")
        if not token or token == request.get("nextToken"):  # CloudWatch tells the same token again at the beginning
            break
        request["nextToken"] = token
    return found


def _events(clients: Clients, log: JobLog, since: int = 0) -> Iterator[tuple[tuple[int, str], str]]:
    """All lines, in the order of time, each with its moment and identity."""
    request: dict[str, Any] = {"logGroupName": log.group, "startTime": max(log.begin, since)}
    request |= {"logStreamNamePrefix": log.prefix} if log.prefix else {}
    request |= {"endTime": log.end + MILLISECONDS} if log.end else {}
    with told("FilterLogEvents", f"log group {log.group}"):
        try:
            for page in clients.logs.get_paginator("filter_log_events").paginate(**request):
                for event in page.get("events", []):
                    yield (int(event.get("timestamp", 0)), str(event.get("eventId", ""))), str(event.get("message", ""))
        except ClientError as error:
            if not is_missing(error):
                raise


class Reader:
    """Reads on in the log of a job: each line once, also one that CloudWatch hands over up to ten seconds late.

    Args:
        clients: make the calls.
        log: what is read.
    """

    def __init__(self, clients: Clients, log: JobLog) -> None:
        self._clients, self._log, self._position = clients, log, 0
        self._seen: dict[str, int] = {}

    def more(self) -> Iterator[str]:
        """The lines that have come since."""
        since = max(0, self._position - LATE)
        self._seen = {identity: moment for identity, moment in self._seen.items() if moment >= since}
        for (moment, identity), line in _events(self._clients, self._log, since):
            if identity not in self._seen:
                self._seen[identity] = moment
                self._position = max(self._position, moment)
                yield line
