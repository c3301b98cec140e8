"""What the commands print: words for people, data for programs."""

from __future__ import annotations

import io
import json
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from framework.findings import WARNING, Finding, Place
from framework.pipeline.compiled import CompiledPipeline, Upload
from framework.pipeline.execution import Execution
from framework.report import text

ERROR_FINDING = Finding("SMP103", Place("conf.yaml", 3, 5), 'unknown key "x"', "remove it")
WARNING_FINDING = Finding("SMP116", Place("conf.yaml"), "unused", severity=WARNING)
START = datetime(2026, 1, 2, 3, 4, 5, tzinfo=timezone.utc)
ARN = "arn:aws:sagemaker:eu-west-1:111122223333:pipeline/churn/execution/abc"
UPLOADS = (Upload("s3://b/1", "1", b"12345"), Upload("s3://b/2", "2", b""))
STEPS = [{"Name": "fit", "Type": "Training"}, {"Name": "judge", "Type": "Processing"}]
COMPILED = CompiledPipeline("churn", {"Steps": STEPS}, UPLOADS)


def test_a_finding_as_data() -> None:
    assert text.finding_data(ERROR_FINDING) == {
        "rule": "SMP103",
        "severity": "error",
        "file": "conf.yaml",
        "line": 3,
        "column": 5,
        "message": 'unknown key "x"',
        "hint": "remove it",
    }


def test_findings_as_data() -> None:
    data = json.loads(text.findings_text([ERROR_FINDING, WARNING_FINDING]))
    assert [(one["rule"], one["severity"], one["line"]) for one in data["findings"]] == [
        ("SMP103", "error", 3),
        ("SMP116", "warning", 0),
    ]


@pytest.mark.parametrize(("errors", "warnings", "summary"), [
    (0, 0, "no findings"), (1, 0, "1 error"), (2, 0, "2 errors"), (0, 1, "1 warning"), (0, 3, "3 warnings"),
    (1, 2, "1 error, 2 warnings"),
])  # fmt: skip
def test_the_summary_counts(errors: int, warnings: int, summary: str) -> None:
    assert text.summary([ERROR_FINDING] * errors + [WARNING_FINDING] * warnings) == summary


def test_uploads() -> None:
    assert text.uploads_text(COMPILED, False) == "         5  s3://b/1\n         0  s3://b/2\n"
    assert json.loads(text.uploads_text(COMPILED, True)) == [{"uri": "s3://b/1", "bytes": 5}, {"uri": "s3://b/2", "bytes": 0}]


@pytest.mark.parametrize(
    ("local", "where", "verb"), [(True, "this machine", "put into the local store"), (False, "SageMaker", "upload")]
)
def test_a_dry_run(local: bool, where: str, verb: str) -> None:
    assert text.dry_run(COMPILED, {"Depth": "4"}, local, False).splitlines() == [
        f"would run churn on {where}",
        "  parameter Depth=4",
        f"  {verb} s3://b/1 unless it is there",
        f"  {verb} s3://b/2 unless it is there",
        "  step fit (Training)",
        "  step judge (Processing)",
    ]
    assert json.loads(text.dry_run(COMPILED, {"Depth": "4"}, local, True)) == {
        "pipeline": "churn",
        "where": where,
        "parameters": {"Depth": "4"},
        "uploads": ["s3://b/1", "s3://b/2"],
        "steps": [{"name": "fit", "type": "Training"}, {"name": "judge", "type": "Processing"}],
    }


@pytest.mark.parametrize(("state", "line"), [
    ({"StepName": "fit", "StepStatus": "Executing"}, "fit Executing"),
    ({"StepName": "fit", "StepStatus": "Failed", "FailureReason": "no data"}, "fit Failed: no data"),
    ({"StepName": "fit", "StepStatus": "Failed", "FailureReason": ""}, "fit Failed"),
])  # fmt: skip
def test_a_change_of_a_step_is_a_line(state: Any, line: str) -> None:
    assert text.step_line(state) == line


def execution(*steps: dict[str, Any], status: str = "Succeeded") -> Execution:
    return Execution({"PipelineExecutionArn": ARN, "PipelineExecutionStatus": status, "CreationTime": START}, steps)


FIT = {
    "StepName": "fit",
    "StepStatus": "Succeeded",
    "StartTime": START,
    "EndTime": START + timedelta(seconds=61.25),
    "Metadata": {"TrainingJob": {"Arn": "arn"}},
}
REGISTER = {"StepName": "register", "StepStatus": "Succeeded", "Metadata": {"RegisterModel": {"Arn": "arn:package/1"}}}


@pytest.mark.parametrize(("state", "row"), [
    (FIT, ("fit", "TrainingJob", "Succeeded", "61.2 s")),
    ({**FIT, "StartTime": "2026-01-02T03:04:05Z", "EndTime": "2026-01-02T03:04:06.500+00:00"},
     ("fit", "TrainingJob", "Succeeded", "1.5 s")),
    ({"StepName": "fit", "StepStatus": "Executing", "StartTime": START}, ("fit", "", "Executing", "")),
    ({"StepName": "fit", "StepStatus": "Stopped", "Metadata": None}, ("fit", "", "Stopped", "")),
])  # fmt: skip
def test_a_row_of_the_steps(state: Any, row: tuple[str, ...]) -> None:
    assert [*text.step_rows(execution(state))] == [row]


def test_an_execution_as_data() -> None:
    data = json.loads(text.as_json(text.execution_data(execution(FIT))))
    assert data["PipelineExecutionArn"] == ARN
    assert data["CreationTime"] == "2026-01-02T03:04:05+00:00"
    assert [step["StepName"] for step in data["Steps"]] == ["fit"]
    assert "Reports" not in data
    with_report = text.execution_data(execution(FIT), [("judge", "EvaluationReport", {"auc": 0.5})])
    assert with_report["Reports"] == [{"StepName": "judge", "PropertyFileName": "EvaluationReport", "Content": {"auc": 0.5}}]


def test_the_numbers_of_the_reports() -> None:
    report = {"binary": {"auc": {"value": 0.912345, "standard_deviation": "NaN"}, "n": 12, "good": True}, "list": [1], "value": 3}
    assert text.metric_rows([("judge", "EvaluationReport", report), ("other", "EvaluationReport", "text")]) == [
        ("judge", "binary.auc", "0.9123"),
        ("judge", "binary.n", "12.0000"),
        ("judge", "value", "3.0000"),
    ]


def test_what_an_execution_registered() -> None:
    assert text.registered(execution(FIT, REGISTER, {"StepName": "x", "StepStatus": "Failed"})) == ["arn:package/1"]


def test_an_execution_for_people(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("FORCE_COLOR", raising=False)
    out = io.StringIO()
    reports = [("judge", "EvaluationReport", {"auc": 0.5})]
    text.print_execution(execution({**FIT, "StepName": "[red]fit[/red]"}, REGISTER), reports, out)
    shown = out.getvalue()
    assert "[red]fit[/red]" in shown  # never read as markup
    assert "\x1b" not in shown
    assert "0.5000" in shown
    assert shown.endswith(f"registered arn:package/1\n{ARN} Succeeded\n")
    assert shown.index("Steps") < shown.index("Metrics") < shown.index("registered")


def test_without_numbers_there_is_no_table_of_them() -> None:
    out = io.StringIO()
    text.print_execution(execution(FIT, status="Failed"), [], out)
    assert "Metrics" not in out.getvalue()
    assert out.getvalue().endswith(f"{ARN} Failed\n")
