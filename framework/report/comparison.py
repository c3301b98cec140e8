"""Two executions side by side, as text: what differs between them in, tables out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timezone
from typing import Any, TextIO

from framework.pipeline.execution import Execution
from framework.report import text
from framework.report.executions import moment
from framework.report.plan import print_changes

Data = Mapping[str, Any]


def about(execution: Execution) -> dict[str, Any]:
    """What tells an execution from others."""
    told = text.run_data(execution, datetime.now(timezone.utc))
    return {
        "arn": str(told["PipelineExecutionArn"]),
        "displayName": told.get("PipelineExecutionDisplayName"),
        "status": execution.status,
        "started": moment(told.get("CreationTime")),
        "seconds": told["DurationInSeconds"],
    }


def print_comparison(data: Data, out: TextIO) -> None:
    """The tables; what is the same on both sides is there as well, so that it can be seen to be."""
    ids = [run["arn"].rpartition("/")[2] for run in data["runs"]]
    text.print_table("Executions", ("", *ids), list(_run_rows(data["runs"])), out)
    if data["parameters"]:
        rows = [(one["name"], *map(_shown, one["values"]), "" if one["same"] else "differs") for one in data["parameters"]]
        text.print_table("Parameters", ("Parameter", *ids, ""), rows, out)
    text.print_table(
        "Steps", ("Step", "Definition", "Code", *ids, *(["Time"] * 2)), [_step_row(step) for step in data["steps"]], out
    )
    if data["metrics"]:
        text.print_table("Metrics", ("Step", "Metric", *ids, "Difference"), [_metric_row(one) for one in data["metrics"]], out)
    print_changes(data["changes"], out)


def _run_rows(runs: list[Data]) -> Iterator[tuple[str, ...]]:
    yield ("display name", *(text.shown(str(run["displayName"] or "")) for run in runs))
    yield ("status", *(run["status"] for run in runs))
    yield ("started", *(run["started"] for run in runs))
    yield ("took", *(text.duration(run["seconds"]) for run in runs))


def _step_row(step: Data) -> tuple[str, ...]:
    old, new = step["code"]
    code = "" if not (old or new) else "same" if old == new else f"{' '.join(old) or '-'} → {' '.join(new) or '-'}"
    times = ["" if seconds is None else f"{seconds:.1f} s" for seconds in step["seconds"]]
    return (text.shown(step["name"]), step["definition"], code, *(status or "" for status in step["status"]), *times)


def _metric_row(one: Data) -> tuple[str, ...]:
    values = ["" if value is None else f"{value:.4f}" for value in one["values"]]
    difference = "" if one["difference"] is None else f"{one['difference']:+.4f}"
    return (text.shown(one["step"]), text.shown(one["metric"]), *values, difference)


def _shown(value: str | None) -> str:
    return "" if value is None else text.shown(value)
