"""Where to look at things: the ARN of an execution or of a job in, its parts and its page in the console or in Studio out."""

from __future__ import annotations

import re
from dataclasses import dataclass

CONSOLES = {
    "aws": "console.aws.amazon.com",
    "aws-cn": "console.amazonaws.cn",
    "aws-us-gov": "console.amazonaws-us-gov.com",
}
"""The console's domain, by partition."""

PAGES = {
    "training-job": "jobs",
    "processing-job": "processing-jobs",
    "transform-job": "transform-jobs",
    "hyper-parameter-tuning-job": "hyper-tuning-jobs",
}
"""The console's page of a kind of job, by the resource in the job's ARN."""

STUDIOS = {"aws": "sagemaker.aws"}
"""Studio's domain, by partition; of the others it is not known."""

_EXECUTION = re.compile(r"arn:(aws[a-z-]*):sagemaker:([a-z0-9-]+):\d{12}:pipeline/([^/\s]+)/execution/([^/\s]+)")
_JOB = re.compile(r"arn:(aws[a-z-]*):sagemaker:([a-z0-9-]+):\d{12}:([a-z-]+)/(\S+)")


@dataclass(frozen=True, slots=True)
class Address:
    """What the ARN of an execution tells. `pipeline` is the pipeline's name in lower case, as the service writes it there."""

    partition: str
    region: str
    pipeline: str
    id: str


def address(arn: str) -> Address | None:
    """The parts of an execution's ARN; None for any other text."""
    match = _EXECUTION.fullmatch(arn)
    return Address(*match.groups()) if match else None


def job_page(arn: str) -> str:
    """The console's page of a job; "" where there is none."""
    match = _JOB.fullmatch(arn)
    if not match or match[3] not in PAGES or match[1] not in CONSOLES:
        return ""
    return f"https://{CONSOLES[match[1]]}/sagemaker/home?region={match[2]}#/{PAGES[match[3]]}/{match[4]}"


def studio_page(domain: str, region: str, pipeline: str, execution: str = "", partition: str = "aws") -> str:
    """Studio's page of a pipeline's executions, or of one of them.

    Args:
        domain: the id of Studio's domain.
        region: the domain's.
        pipeline: its name.
        execution: its id; "" for all of them.
        partition: that of the region.

    Returns:
        "" where Studio's address is not known.
    """
    if not domain or partition not in STUDIOS:
        return ""
    page = f"https://studio-{domain}.studio.{region}.{STUDIOS[partition]}/pipelines/view/{pipeline}/executions"
    return f"{page}/{execution}/graph" if execution else page
