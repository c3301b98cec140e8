"""`smp compare`: two executions on SageMaker, over HTTP against the faithful server, and two of this machine."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from framework.cli import smp
from framework.deploy.backend import SageMakerBackend
from framework.deploy.plan import diff
from framework.pipeline.compiled import CompiledPipeline
from tests.functional.deploy.faithful import Frame

ROLE = "arn:aws:iam::123456789012:role/pipelines"
NAMED = ("--name", "lgbm-test")


@pytest.fixture
def call(aws, tmp_path, monkeypatch):
    monkeypatch.setenv("SMP_REGION", "eu-west-1")

    def invoke(*words: str):
        return CliRunner().invoke(smp, ["--root", str(tmp_path), *words, *NAMED])

    return invoke


@pytest.fixture
def execute(aws):
    """Deploys a pipeline with this code and depth, and runs it to its end."""
    backend = SageMakerBackend()

    def act(code: str, f1: str | None, **parameters: str) -> str:
        code_uri = f"s3://models/lgbm-test/code/{code * 64}/sourcedir.tar.gz"
        file = {"PropertyFileName": "Report", "OutputName": "metrics", "FilePath": "report.json"}
        steps = [
            {"Name": "train", "Type": "Training", "Arguments": {"Code": code_uri, "Env": {"API_TOKEN": code}}},
            {"Name": "check", "Type": "Condition", "Arguments": {"IfSteps": [
                {"Name": "evaluate", "Type": "Processing", "PropertyFiles": [file], "Arguments": {}},
            ], "ElseSteps": []}},
        ]  # fmt: skip
        declared = [
            {"Name": "Depth", "Type": "Integer", "DefaultValue": 6},
            {"Name": "Password", "Type": "String", "DefaultValue": ""},
        ]
        definition = {"Version": "2020-12-01", "Parameters": declared, "Steps": steps}
        backend.apply(diff(CompiledPipeline("lgbm-test", definition, role=ROLE), backend.fetch("lgbm-test")))
        output = f"s3://models/{code}"
        if f1 is not None:
            aws.s3.put("models", f"{code}/report.json", f1.encode())
        evaluated = {"StepStatus": "Succeeded", "outputs": {"metrics": output}}
        aws.sagemaker.script("lgbm-test", Frame({"train": "Succeeded", "check": "Succeeded", "evaluate": evaluated}, "Succeeded"))
        arn = backend.start("lgbm-test", parameters, display_name=f"code-{code}")
        backend.describe(arn)
        return arn

    return act


def test_two_executions_side_by_side(call, execute):
    first = execute("a", '{"f1": {"value": 0.81}, "n": 10}', Password="hunter2")
    second = execute("b", '{"f1": {"value": 0.84}}', Depth="9", Password="hunter3")

    text, data = call("compare"), json.loads(call("compare", first[-12:], second, "--format", "json").stdout)

    assert text.exit_code == 0
    assert [run["arn"] for run in data["runs"]] == [first, second]
    assert [run["displayName"] for run in data["runs"]] == ["code-a", "code-b"]
    assert data["parameters"] == [
        {"name": "Depth", "values": ["6", "9"], "same": False},
        {"name": "Password", "values": ["(hidden)", "(hidden)"], "same": False},
    ]
    about = {step["name"]: step for step in data["steps"]}
    assert list(about) == ["train", "check", "evaluate"]
    assert about["train"]["code"] == [["a" * 12], ["b" * 12]]
    assert [step["definition"] for step in data["steps"]] == ["changed", "same", "same"]
    assert about["evaluate"]["status"] == ["Succeeded", "Succeeded"]
    assert all(seconds > 0 for step in data["steps"] for seconds in step["seconds"])
    assert data["metrics"][0] == {"step": "evaluate", "metric": "f1", "values": [0.81, 0.84], "difference": pytest.approx(0.03)}
    assert data["metrics"][1] == {"step": "evaluate", "metric": "n", "values": [10.0, None], "difference": None}
    [change] = data["changes"]
    hidden = next(field for field in change["fields"] if "API_TOKEN" in field["path"])
    assert (hidden["before"], hidden["after"]) == ("(hidden)", "(hidden)")
    for words in (
        "│ Depth     │ 6            │ 9            │ differs │",
        "aaaaaaaaaaaa → bbbbbbbbbbbb",
        "+0.0300",
        "  ~ step train (Training)\n",
    ):
        assert words in text.stdout
    assert "hunter" not in text.stdout


def test_reports_that_cannot_be_read_are_left_out(call, aws, execute):
    execute("a", "{not json")
    execute("b", None)

    result = call("compare")

    assert result.exit_code == 0
    assert "Metrics" not in result.stdout
    first, second = result.stderr.splitlines()
    assert first.startswith("the report of evaluate is left out: Reading s3://models/a/report.json failed: it is not JSON: ")
    assert second.startswith("the report of evaluate is left out: GetObject on s3://models/b/report.json failed: ")


def test_what_there_is_to_compare_with(call, execute):
    nothing = call("compare")
    arn = execute("a", "{}")
    alone, with_itself = call("compare"), call("compare", arn)

    assert nothing.exit_code == alone.exit_code == 5
    assert alone.stderr == (
        f"Looking for an execution before {arn} failed: there is none. Try: name two: `smp history` lists them.\n"
    )
    assert (with_itself.exit_code, "changed" in with_itself.stdout) == (0, False)


def run_here(tmp_path: Path, depth: str) -> None:
    definition = {
        "Version": "2020-12-01",
        "Parameters": [{"Name": "Depth", "Type": "Integer", "DefaultValue": 6}],
        "Steps": [{"Name": "stop", "Type": "Fail", "Arguments": {"ErrorMessage": f"depth {depth}"}}],
    }
    path = tmp_path / "churn.json"
    path.write_text(json.dumps(definition))
    result = CliRunner().invoke(
        smp, ["run", "--local", "--definition", str(path), "--root", str(tmp_path), "-p", f"Depth={depth}", "--runner", "plain"]
    )
    assert result.exit_code == 4, result.output


def test_two_runs_of_this_machine(tmp_path):
    for each in "78":
        run_here(tmp_path, each)

    def call(*words: str):
        return CliRunner().invoke(smp, [*words, "--root", str(tmp_path)])

    data = json.loads(call("compare", "--local", "--format", "json").stdout)
    assert data["parameters"] == [{"name": "Depth", "values": ["7", "8"], "same": False}]
    assert [run["status"] for run in data["runs"]] == ["Failed", "Failed"]
    [step] = data["steps"]
    assert (step["definition"], step["status"]) == ("changed", ["Failed", "Failed"])
    assert call("compare", "local0000002", "local0000001").exit_code == 0
    assert call("compare", "local0000001", "--local").exit_code == 0

    listed = call("history", "--local", "-n", "1").stdout
    assert listed.startswith("local0000002  Failed ")
    status = call("status", "--local", "--exit-code")
    assert (status.exit_code, status.stdout.splitlines()[0]) == (4, "execution:       local0000002")
    assert status.stderr == "\nstop failed: depth 8\n"
    waited = call("wait", "local0000001")
    assert (waited.exit_code, waited.stdout.splitlines()[-1].split()[1]) == (4, "Failed:")
    assert "depth 7" in call("compare", "local0000001").stdout
