"""`smp run --local --definition`, `smp logs`, `smp registry` and `smp local` on a small definition, for real."""

from __future__ import annotations

import json
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from framework.cli import smp
from framework.errors import BackendError
from framework.local.isolation import choose_runner

REPORT = "echo '{\"loss\": 0.25}' > /opt/ml/processing/output/report.json; echo told"
OUTPUT = {"OutputName": "out", "S3Output": {"S3Uri": "s3://bucket/out", "LocalPath": "/opt/ml/processing/output"}}


def shell(name: str, command: str, **more: Any) -> dict[str, Any]:
    application = {"ImageUri": "image", "ContainerEntrypoint": ["/bin/sh", "-c", command]}
    arguments = {"AppSpecification": application, "ProcessingOutputConfig": {"Outputs": [deepcopy(OUTPUT)]}}
    return {"Name": name, "Type": "Processing", "Arguments": arguments, **more}


@pytest.fixture
def call(tmp_path: Path) -> Any:
    try:
        choose_runner(tmp_path / "probe")
    except BackendError as error:
        pytest.skip(str(error))

    def invoke(*words: str) -> Result:
        return CliRunner().invoke(smp, ["--root", str(tmp_path), *words])

    return invoke


@pytest.fixture
def definition(tmp_path: Path) -> Any:
    def write(*steps: dict[str, Any]) -> str:
        path = tmp_path / "pipe.json"
        path.write_text(json.dumps({"Version": "2020-12-01", "Parameters": [], "Steps": list(steps)}))
        return str(path)

    return write


def test_a_given_definition_runs_and_leaves_logs_objects_and_a_report(call: Any, definition: Any, tmp_path: Path) -> None:
    files = [{"PropertyFileName": "Report", "OutputName": "out", "FilePath": "report.json"}]
    done = call("--format", "json", "run", "--local", "--definition", definition(shell("A", REPORT, PropertyFiles=files)))
    answer = json.loads(done.stdout)
    assert done.exit_code == 0
    assert answer["PipelineExecutionStatus"] == "Succeeded"
    assert answer["Reports"] == [{"StepName": "A", "PropertyFileName": "Report", "Content": {"loss": 0.25}}]
    assert call("logs", "A").stdout == "told\n"
    assert call("logs", "A", "--follow", "--run", "local0000001").stdout == "told\n"
    assert json.loads(call("logs", "A", "--format", "json").stdout) == {"execution": "local0000001", "step": "A", "lines": ["told"]}
    assert call("local", "ls", "s3://bucket").stdout == f"{15:>12}  s3://bucket/out/report.json\n"
    assert call("local", "cp", "s3://bucket/out", str(tmp_path / "copy")).exit_code == 0
    assert json.loads((tmp_path / "copy/report.json").read_text()) == {"loss": 0.25}
    assert call("local", "cp", str(tmp_path / "pipe.json"), "s3://bucket/in/").exit_code == 0
    assert (tmp_path / ".smp/s3/bucket/in/pipe.json").is_file()
    assert call("local", "runs").stdout.startswith("local0000001  Succeeded ")


def test_a_failed_run_shows_its_last_lines_and_goes_on_when_resumed(call: Any, definition: Any, tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    path = definition(shell("A", "true"), shell("B", f"echo looking; test -e {gate}", DependsOn=["A"]))
    failed = call("run", "--local", "--definition", path)
    assert failed.exit_code == 4
    assert "last lines of B:\n  looking\n" in failed.stderr
    assert "smp run --local --resume local0000001" in failed.stderr
    gate.touch()
    resumed = call("run", "--local", "--resume", "local0000001")
    assert resumed.exit_code == 0
    assert "A Starting" not in resumed.stderr
    assert "B Succeeded" in resumed.stderr


def test_what_is_not_a_definition_or_not_there_is_said(call: Any, definition: Any, tmp_path: Path) -> None:
    (tmp_path / "text.json").write_text("no")
    refused = call("run", "--local", "--definition", str(tmp_path / "text.json"))
    assert (refused.exit_code, "not a pipeline definition" in refused.stderr) == (1, True)
    assert call("run", "--keep-going").exit_code == 2
    assert call("logs", "A").exit_code == 5
    call("run", "--local", "--definition", definition(shell("A", "true")))
    unknown = call("logs", "a")
    assert (unknown.exit_code, unknown.stderr) == (1, "logs SMP304 local0000001 has run no step a. Try: A.\n")
    assert call("local", "stop", "nobody").exit_code == 5
    assert call("local", "callback", "nobody").exit_code == 5


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("[" * 100_000, "not a pipeline definition: it is nested too deeply. Try: give it as JSON."),
        ('{"Steps": ["\\ud800"]}', "not a pipeline definition: it holds halves of characters. Try: give it as JSON."),
        ('{"Steps": [5]}', "the step at place 0 is not an object. Try: make it one, with a Name and a Type."),
        ('{"Steps": [{"Name": "A"}]}', "step A is of type None, which the local engine cannot run. Try: run steps of type "),
        ('{"Steps": [], "Parameters": "x"}', "parameters SMP303 Parameters is not a list. Try: make it one."),
    ],
)
def test_a_dry_run_refuses_what_cannot_run_here(tmp_path: Path, content: str, said: str) -> None:
    (tmp_path / "pipe.json").write_text(content)
    words = ["--root", str(tmp_path), "run", "--local", "--dry-run", "--definition", str(tmp_path / "pipe.json")]
    refused = CliRunner().invoke(smp, words)
    assert (refused.exit_code, refused.stdout) == (1, "")
    assert said in refused.stderr


def test_a_recorded_step_is_marked_and_refused_when_strict(call: Any, definition: Any) -> None:
    arn = "arn:aws:lambda:eu-west-1:111122223333:function:alert"
    path = definition({"Name": "L", "Type": "Lambda", "FunctionArn": arn, "Arguments": {}})
    assert "L Succeeded (Simulated)" in call("run", "--local", "--definition", path).stderr
    strict = call("run", "--local", "--strict-local", "--definition", path)
    assert (strict.exit_code, "SMP802" in strict.stderr) == (1, True)


def test_the_registry_is_looked_at_and_decided_about(call: Any, tmp_path: Path) -> None:
    folder = tmp_path / ".smp/registry/churn"
    folder.mkdir(parents=True)
    package = {
        "ModelPackageGroupName": "churn",
        "ModelPackageVersion": 1,
        "ModelPackageArn": "arn:x/churn/1",
        "ModelApprovalStatus": "PendingManualApproval",
        "CreationTime": "2026-01-01T00:00:00+00:00",
    }
    (folder / "1.json").write_text(json.dumps(package))
    assert call("registry", "list").stdout == "churn  1  PendingManualApproval  2026-01-01T00:00:00+00:00\n"
    assert call("registry", "approve", "churn", "1").stdout == "arn:x/churn/1 Approved\n"
    assert json.loads(call("registry", "show", "churn", "1").stdout)["ModelApprovalStatus"] == "Approved"
    assert call("registry", "reject", "churn", "1").exit_code == 0
    assert [entry["ModelApprovalStatus"] for entry in json.loads(call("registry", "list", "--format", "json").stdout)] == [
        "Rejected"
    ]
    assert call("registry", "show", "churn", "2").exit_code == 5
    assert call("registry", "list", "churm").exit_code == 5


@pytest.mark.parametrize("gate", [True, False])
def test_what_conf_local_says_holds_for_given_definitions_and_when_resumed(
    call: Any, definition: Any, tmp_path: Path, gate: bool
) -> None:
    (tmp_path / "conf").mkdir()
    (tmp_path / "conf/conf.yaml").write_text('conf: {local: {lambdas: {"*:alert": "alert.py:handle"}}}')
    (tmp_path / "alert.py").write_text('def handle(event, context):\n    return {"answer": "real"}\n')
    arn = "arn:aws:lambda:eu-west-1:111122223333:function:alert"
    outputs = [{"OutputName": "answer", "OutputType": "String"}]
    alert = {"Name": "L", "Type": "Lambda", "FunctionArn": arn, "Arguments": {}, "OutputParameters": outputs, "DependsOn": ["A"]}
    if gate:
        (tmp_path / "gate").touch()
    first = call("run", "--local", "--definition", definition(shell("A", f"test -e {tmp_path}/gate"), alert))
    (tmp_path / "gate").touch()
    last = first if gate else call("run", "--local", "--resume", "local0000001")
    assert (first.exit_code, last.exit_code) == (0 if gate else 4, 0)
    assert "L Succeeded\n" in last.stderr
    assert "Simulated" not in last.stderr
