"""Names and ARNs of what exists on this machine only: the same input gives the same name, no clock and no chance in them."""

from __future__ import annotations

import hashlib
import re
from datetime import datetime, timezone

ACCOUNT = "000000000000"
LONGEST_JOB_NAME = 63
DEFAULT_PREFIX = "pipelines"


def arn(*parts: str) -> str:
    """The ARN of a local resource, as in `arn("training-job", name)`."""
    return f"arn:aws:sagemaker:local:{ACCOUNT}:{'/'.join(parts)}"


def job_name(execution_id: str, step: str, prefix: str = "", attempt: int = 1) -> str:
    """The name of a step's job: at most 63 characters, unique by its hash.

    Args:
        execution_id: the execution.
        step: the step's name.
        prefix: what the definition wants the name to begin with.
        attempt: counts the attempts of the step from 1; each has a job of its own.
    """
    seed = f"{execution_id}/{step}" + (f"/{attempt}" if attempt > 1 else "")
    digest = hashlib.sha256(seed.encode()).hexdigest()[:10]
    start = _legal(prefix)[:24].strip("-") or DEFAULT_PREFIX
    room = LONGEST_JOB_NAME - len(start) - len(execution_id) - len(digest) - 3
    middle = _legal(step)[:room].strip("-")
    return "-".join(part for part in (start, execution_id, middle, digest) if part)


def _legal(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9]+", "-", name).strip("-")


def now() -> str:
    """The time as the files of a run carry it: UTC, ISO 8601."""
    return datetime.now(timezone.utc).isoformat(timespec="milliseconds")
