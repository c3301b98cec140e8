"""Executions on SageMaker as text: how one stands, and many in a list."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timezone
from typing import Any, TextIO

from framework.pipeline.execution import COMPLETED_WITH_FAILURES, FAILED, STOPPED, Execution
from framework.report import text

UNSUCCESSFUL = (FAILED, STOPPED, COMPLETED_WITH_FAILURES)


def print_status(
    execution: Execution, parameters: Mapping[str, str], out: TextIO, reports: Iterable[tuple[str, str, Any]] = ()
) -> None:
    """An execution as it stands: what it is called, when it began, what it was started with, its steps, its status and reason."""
    about = text.run_data(execution, datetime.now(timezone.utc))
    told = {
        "execution": execution.id,
        "display name": about.get("PipelineExecutionDisplayName"),
        "version": about.get("PipelineVersionId"),
        "started": moment(about.get("CreationTime")),
        "took": text.duration(about["DurationInSeconds"]),
        "steps at a time": (about.get("ParallelismConfiguration") or {}).get("MaxParallelExecutionSteps"),
        "parameters": ", ".join(f"{name}={value}" for name, value in parameters.items()),
    }
    for label, value in told.items():
        if value:
            out.write(f"{label + ':':<17}{text.shown(str(value))}\n")
    text.print_execution(execution, reports, out)


def history_line(execution: Execution, now: datetime) -> str:
    """An execution as a line in a list of them."""
    about = text.run_data(execution, now)
    failed = f"  failed: {', '.join(about['FailedSteps'])}" if about["FailedSteps"] else ""
    took, name = text.duration(about["DurationInSeconds"]), text.shown(str(about.get("PipelineExecutionDisplayName", "")))
    return f"{execution.id}  {execution.status:<10} {moment(about.get('CreationTime'))}  {took:>10}  {name}{failed}"


def moment(time: Any) -> str:
    """A moment to the second, in UTC; "" for none."""
    if not time:
        return ""
    found = time if isinstance(time, datetime) else datetime.fromisoformat(str(time).replace("Z", "+00:00"))
    return found.astimezone(timezone.utc).isoformat(timespec="seconds").replace("+00:00", "Z")
