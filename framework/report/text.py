"""What the commands print: findings, plans, steps and metrics as text for people, and the same as data for programs."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any, TextIO

from framework.findings import ERROR, Finding, printable
from framework.pipeline.compiled import CompiledPipeline
from framework.pipeline.execution import EXECUTING, FAILED, Execution, StepState
from framework.pipeline.listing import listed

FORMATS = ("text", "json", "sarif", "junit", "github")
"""How findings can be told; what else there is to tell, in the first two."""

Rows = Sequence[Sequence[str]]
ESCAPES = re.compile(r"\x1b(\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(\x07|\x1b\\)|[@-Z\\-_])")
"""What moves the cursor, changes colours or names a window; in a line of somebody's log it is left out."""


def shown(line: str) -> str:
    """A line that somebody else wrote, with nothing in it that a terminal would obey."""
    return printable(ESCAPES.sub("", line.expandtabs(4)))


def as_json(value: Any) -> str:
    """A value as JSON text, keys in the order they were given."""
    written = json.dumps(value, indent=2, ensure_ascii=False, default=_plain)
    return written.encode(
        errors="backslashreplace"
    ).decode()  # a file's name can hold what UTF-8 cannot; that is how JSON writes it


def _plain(value: Any) -> str:
    """What JSON has no type for: moments, as boto3 tells them, and paths."""
    return value.isoformat() if isinstance(value, datetime) else str(value)


def finding_data(finding: Finding) -> dict[str, Any]:
    """A finding as a program reads it."""
    place = finding.place
    return {
        "rule": finding.rule,
        "severity": finding.severity,
        "file": place.file,
        "line": place.line,
        "column": place.column,
        "message": finding.message,
        "hint": finding.hint,
    }


def summary(findings: Iterable[Finding]) -> str:
    """How many errors and warnings there are, in words."""
    counts = Counter(finding.severity for finding in findings)
    errors, warnings = counts[ERROR], counts.total() - counts[ERROR]
    if not counts:
        return "no findings"
    return ", ".join(
        f"{count} {word}{'s' if count > 1 else ''}" for count, word in ((errors, "error"), (warnings, "warning")) if count
    )


def findings_text(findings: Iterable[Finding]) -> str:
    """Findings as a program reads them, and how many errors and warnings they are."""
    found = list(findings)
    errors = sum(finding.severity == ERROR for finding in found)
    counts = {"errors": errors, "warnings": len(found) - errors}
    return as_json({"findings": [finding_data(finding) for finding in found], "summary": counts})


def uploads_text(compiled: CompiledPipeline, for_program: bool) -> str:
    """The uploads: size in bytes and URI."""
    if for_program:
        return as_json([{"uri": upload.uri, "bytes": len(upload.content)} for upload in compiled.uploads]) + "\n"
    return "".join(f"{len(upload.content):>10}  {upload.uri}\n" for upload in compiled.uploads)


def dry_run(
    compiled: CompiledPipeline,
    parameters: Mapping[str, str],
    local: bool,
    for_program: bool,
    selected: Collection[str] | None = None,
) -> str:
    """What a run would do: where, with which parameters and uploads, and which steps in which order.

    `selected` are the steps of a run of a part.
    """
    where = "this machine" if local else "SageMaker"
    steps = [(step["Name"], step["Type"]) for step in compiled.definition["Steps"]]
    if selected is not None:
        steps = [(step.name, step.type) for step in listed(compiled.definition).values() if step.name in selected]
    if for_program:
        plan = {"pipeline": compiled.name, "where": where, "parameters": dict(parameters)}
        return (
            as_json({**plan, "uploads": [u.uri for u in compiled.uploads], "steps": [{"name": n, "type": t} for n, t in steps]})
            + "\n"
        )
    lines = [f"would run {compiled.name} on {where}"]
    lines += [f"  parameter {name}={value}" for name, value in parameters.items()]
    verb = "put into the local store" if local else "upload"
    lines += [f"  {verb} {upload.uri} unless it is there" for upload in compiled.uploads]
    lines += [f"  step {name} ({kind})" for name, kind in steps]
    return "\n".join(lines) + "\n"


def step_line(state: StepState) -> str:
    """One change of a step, as a line."""
    reason = f": {shown(str(state['FailureReason']))}" if state.get("FailureReason") else ""
    return f"{state['StepName']} {status(state)}{reason}"


def execution_data(
    execution: Execution, reports: Iterable[tuple[str, str, Any]] = (), runner: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """An execution as a program reads it: the members of DescribePipelineExecution, the steps, and what they reported.

    Args:
        execution: the execution.
        reports: the steps' property files.
        runner: what isolated the steps on this machine, its Name and its Limits.
    """
    told = [{"StepName": step, "PropertyFileName": name, "Content": content} for step, name, content in reports]
    more = {"Reports": told, "Runner": runner}
    return {**execution.description, "Steps": list(execution.steps), **{key: value for key, value in more.items() if value}}


def runner_line(name: str, limits: Iterable[str]) -> str:
    """What isolates the steps of a local run, and what it cannot isolate, as a line."""
    return " ".join([f"runner {name}.", *limits])


def run_data(execution: Execution, now: datetime) -> dict[str, Any]:
    """An execution as a program reads it in a list of them."""
    failed = [str(state["StepName"]) for state in execution.steps if state["StepStatus"] == FAILED]
    return {**execution.description, "DurationInSeconds": _lasted(execution, now), "FailedSteps": failed}


def run_line(execution: Execution, now: datetime) -> str:
    """An execution as a line in a list of them."""
    about = run_data(execution, now)
    pipeline, begun = str(about["PipelineArn"]).rpartition("/")[2], about.get("CreationTime", "")
    failed = f"  failed: {', '.join(about['FailedSteps'])}" if about["FailedSteps"] else ""
    return f"{execution.id}  {execution.status:<10} {begun}  {duration(about['DurationInSeconds']):>8}  {pipeline}{failed}"


def _lasted(execution: Execution, now: datetime) -> float | None:
    """The seconds from the beginning of an execution to its end, or until now while it goes on."""
    begin = execution.description.get("CreationTime")
    told = [execution.description.get("LastModifiedTime"), *(state.get("EndTime") for state in execution.steps)]
    ends = [now] if execution.status == EXECUTING else [_time(value) for value in told if value]
    return round((max(ends) - _time(begin)).total_seconds(), 3) if begin and ends else None


def step_rows(execution: Execution) -> Rows:
    """A row for each step: name, type of job, status, seconds it took."""
    return [(str(s["StepName"]), kind(s), status(s), _seconds(s)) for s in execution.steps]


def status(state: StepState) -> str:
    """A step's status, and what that alone does not tell."""
    return f"{state['StepStatus']}{_how(state)}"


def _how(state: StepState) -> str:
    """What the status alone does not tell: that a step was only stood in for, or that an earlier result was taken."""
    if state.get("Simulated"):
        return " (Simulated)"
    return " (reused)" if state.get("CacheHitResult") or state.get("SelectiveExecutionResult") else ""


def kind(state: StepState) -> str:
    """The type of a step's job; "" while that is not known."""
    return next(iter(state.get("Metadata") or {}), "")


def _seconds(state: StepState) -> str:
    start, end = state.get("StartTime"), state.get("EndTime")
    if not start or not end:
        return ""
    return f"{(_time(end) - _time(start)).total_seconds():.1f} s"


def elapsed(state: StepState, now: datetime) -> float | None:
    """The seconds that a step took, or takes until now; None when it has not begun."""
    start = state.get("StartTime")
    return (_time(state.get("EndTime") or now) - _time(start)).total_seconds() if start else None


def duration(seconds: float | None) -> str:
    """A time as people read it: 7 s, 2:05 min, 1:00:09 h; "" for none."""
    if seconds is None:
        return ""
    whole = max(0, int(seconds))
    if whole < 60:
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    return f"{minutes}:{rest:02} min" if minutes < 60 else f"{minutes // 60}:{minutes % 60:02}:{rest:02} h"


def size(count: int) -> str:
    """A number of bytes as people read it, in powers of 1000."""
    value, units = float(count), ["B", "kB", "MB", "GB"]
    while value >= 999.5 and len(units) > 1:
        value, units = value / 1000, units[1:]
    return f"{value:.0f} {units[0]}" if units[0] == "B" else f"{value:.1f} {units[0]}"


def _time(value: Any) -> datetime:
    return value if isinstance(value, datetime) else datetime.fromisoformat(str(value).replace("Z", "+00:00"))


def metric_rows(reports: Iterable[tuple[str, str, Any]]) -> Rows:
    """A row for each number in the steps' reports: step, its path in the report, value."""
    return [(step, shown(path), f"{value:.4f}") for step, path, value in metrics(reports)]


def metrics(reports: Iterable[tuple[str, str, Any]]) -> list[tuple[str, str, float]]:
    """Each number in the steps' reports: step, its path in the report, value."""
    return [(step, path, value) for step, _, report in reports for path, value in _numbers(report, "")]


def _numbers(value: Any, path: str) -> Iterable[tuple[str, float]]:
    if isinstance(value, bool):
        return
    if isinstance(value, (int, float)):
        with suppress(OverflowError):  # a whole number of more than 308 digits is no metric
            yield path.removesuffix(".value"), float(value)
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield from _numbers(item, f"{path}.{key}" if path else str(key))


def registered(execution: Execution) -> list[str]:
    """The ARNs of the model package versions that an execution registered."""
    packages = ((state.get("Metadata") or {}).get("RegisterModel", {}).get("Arn") for state in execution.steps)
    return [str(arn) for arn in packages if arn]


def print_execution(execution: Execution, reports: Iterable[tuple[str, str, Any]], out: TextIO) -> None:
    """An execution that has ended: its steps, the numbers they reported, what they registered."""
    print_table("Steps", ("Step", "Job", "Status", "Time"), step_rows(execution), out)
    metrics = metric_rows(reports)
    if metrics:
        print_table("Metrics", ("Step", "Metric", "Value"), metrics, out)
    for arn in registered(execution):
        out.write(f"registered {arn}\n")
    reason = execution.description.get("FailureReason")
    out.write(f"{execution.description['PipelineExecutionArn']} {execution.status}{f': {shown(str(reason))}' if reason else ''}\n")


def print_table(title: str, columns: Sequence[str], rows: Rows, out: TextIO) -> None:
    """A table; what users wrote is shown as it is, never read as markup."""
    from rich.console import Console  # 50 ms: only the commands that show tables pay for them
    from rich.table import Table
    from rich.text import Text

    table = Table(*columns, title=title, title_justify="left")
    for row in rows:
        table.add_row(*(Text(cell, style=STYLES.get(cell, "")) for cell in row))
    width = None if out.isatty() else 160
    Console(file=out, width=width, highlight=False).print(table)


STYLES = {"Succeeded": "green", "Failed": "red", "Stopped": "yellow"}
