"""Runs of a part of the LightGBM example on SageMaker: what StartPipelineExecution is told, and what is refused before it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from framework.cli import smp

ROOT = Path(__file__).resolve().parents[3]
PROJECT = ["--root", str(ROOT), "--env-file", "env.env", "--set", "s3Bucket=models", "--set", "region=eu-west-1"]
PIPELINE = "arn:aws:sagemaker:eu-west-1:123456789012:pipeline/lgbm-test"
ORDER = ("Preprocessing", "Training", "CreateModel", "Transform", "Metrics", "Register")


def arn(execution: str) -> str:
    return f"{PIPELINE}/execution/{execution}"


def told(execution: str, status: str) -> dict[str, Any]:
    return {"PipelineExecutionArn": arn(execution), "PipelineExecutionStatus": status}


def steps(*statuses: str) -> dict[str, Any]:
    pairs = zip(ORDER, statuses, strict=False)
    return {"PipelineExecutionSteps": [{"StepName": f"lgbm-{name}", "StepStatus": status} for name, status in pairs]}


def call(*words: str):
    return CliRunner().invoke(smp, [*PROJECT, *words])


@pytest.fixture(scope="module")
def definition() -> str:
    return call("compile").stdout


@pytest.fixture
def deployed(cloud, definition):
    made = {"PipelineName": "lgbm-test", "PipelineDefinition": definition, "RoleArn": "arn:aws:iam::111122223333:role/pipelines"}
    cloud.client("sagemaker").create_pipeline(**made, ClientRequestToken="0" * 32)


@pytest.fixture
def past(cloud):
    """Four executions, newest first: one goes on, one was stopped, one failed in its transform, one succeeded."""
    statuses = {"ddd": "Executing", "ccc": "Stopped", "bbb": "Failed", "aaa": "Succeeded"}
    cloud.always("ListPipelineExecutions", cloud.ok(PipelineExecutionSummaries=[told(*each) for each in statuses.items()]))
    return cloud


def started(cloud: Any) -> dict[str, Any]:
    [start] = cloud.of("StartPipelineExecution")
    return start.json.get("SelectiveExecutionConfig")


def selected(*names: str) -> list[dict[str, str]]:
    return [{"StepName": f"lgbm-{name}"} for name in names]


def test_a_part_takes_results_from_the_newest_execution_that_has_them(past):
    past.next("ListPipelineExecutionSteps", past.ok(**steps("Succeeded", "Succeeded", "Succeeded", "Failed")))

    result = call("run", "--select", "lgbm-CreateModel,class:CreateModel lgbm-Transform")

    assert (result.exit_code, result.stdout[:8]) == (0, "started ")
    assert started(past) == {"SelectedSteps": selected("CreateModel", "Transform"), "SourcePipelineExecutionArn": arn("bbb")}
    assert [each.json["PipelineExecutionArn"] for each in past.of("ListPipelineExecutionSteps")] == [arn("bbb")]


def test_an_execution_without_all_of_them_is_passed_over(past):
    past.next("ListPipelineExecutionSteps", past.ok(**steps("Succeeded", "Succeeded", "Succeeded", "Failed")))
    past.next("ListPipelineExecutionSteps", past.ok(**steps(*["Succeeded"] * 6)))

    assert call("run", "--select", "lgbm-Metrics+").exit_code == 0
    assert started(past) == {"SelectedSteps": selected("Metrics", "Register"), "SourcePipelineExecutionArn": arn("aaa")}


def test_what_has_failed_runs_again_with_all_behind_it(past):
    past.always("ListPipelineExecutionSteps", past.ok(**steps("Succeeded", "Succeeded", "Succeeded", "Failed")))
    past.always("DescribePipelineExecution", past.ok(**told("bbb", "Failed")))

    assert call("run", "--select", "result:failed+", "--source", arn("bbb"), "--exclude", "type:RegisterModel").exit_code == 0
    assert started(past) == {"SelectedSteps": selected("Transform", "Metrics"), "SourcePipelineExecutionArn": arn("bbb")}


def test_what_has_changed_since_the_deployment_runs_with_all_behind_it(past, deployed):
    past.always("ListPipelineExecutionSteps", past.ok(**steps(*["Succeeded"] * 6)))

    changed = ("--set", "models.lgbm.evaluate.instance_count=2")
    result = call(*changed, "run", "--select", "state:modified+")

    assert result.exit_code == 0
    assert f"update {PIPELINE}" in result.stderr
    assert started(past) == {"SelectedSteps": selected("Metrics", "Register"), "SourcePipelineExecutionArn": arn("bbb")}


def test_a_state_in_a_file_counts_in_place_of_what_is_deployed(past, deployed, tmp_path):
    past.always("ListPipelineExecutionSteps", past.ok(**steps(*["Succeeded"] * 6)))
    file = tmp_path / "before.json"
    assert call("--set", "models.lgbm.train.instance_count=2", "compile", "-o", str(file)).exit_code == 0

    assert call("run", "--select", "state:modified+1", "--state", str(file), "--exclude", "lgbm-Register").exit_code == 0
    assert started(past)["SelectedSteps"] == selected("Training", "CreateModel")


def test_a_source_that_is_given_says_what_state_compares_with(cloud, deployed):
    client = cloud.client("sagemaker")
    ran = client.start_pipeline_execution(PipelineName="lgbm-test", ClientRequestToken="1" * 32)["PipelineExecutionArn"]
    changed = ("--set", "models.lgbm.registry.ModelPackageDescription=new")
    assert call(*changed, "deploy").exit_code == 0
    cloud.always("ListPipelineExecutionSteps", cloud.ok(**steps(*["Succeeded"] * 6)))

    by_id = ("--select", "state:modified", "--source", ran.rpartition("/")[2])
    assert call(*changed, "run", *by_id).exit_code == 0
    assert started(cloud) == {"SelectedSteps": selected("Register"), "SourcePipelineExecutionArn": ran}
    nothing = call(*changed, "ls", "--select", "state:modified")
    assert (nothing.exit_code, nothing.stdout, nothing.stderr) == (0, "", "no step is selected\n"), "that is deployed"


def test_steps_that_need_nothing_take_nothing(cloud):
    assert call("run", "--select", "lgbm-Preprocessing+1", "--exclude", "lgbm-Transform lgbm-Metrics").exit_code == 0
    assert started(cloud) == {"SelectedSteps": selected("Preprocessing", "Training")}
    assert cloud.of("ListPipelineExecutions") == []


def test_all_steps_are_a_run_as_any_other(cloud):
    assert call("run", "--select", "lgbm-Preprocessing+").exit_code == 0
    assert started(cloud) is None
    assert cloud.of("ListPipelineExecutions") == []


def test_nothing_runs_where_nothing_is_selected(cloud, deployed):
    result = call("run", "--select", "state:modified+", "--format", "json")

    assert (result.exit_code, result.stderr) == (0, "no step is selected: nothing runs\n")
    assert json.loads(result.stdout) == {"PipelineExecutionArn": None, "SelectedSteps": []}
    assert cloud.writes == []


@pytest.mark.parametrize(
    ("words", "answers", "message"),
    [
        (
            ("lgbm-Metrics",),
            [steps("Succeeded", "Failed"), steps("Succeeded", "Failed")],
            "selection SMP803 the chosen steps need results of lgbm-Preprocessing, lgbm-Transform, and no earlier execution of "
            "lgbm-test has them. Try: run the whole pipeline first, or choose these steps too.",
        ),
        (
            ("lgbm-Metrics", "--source", "bbb"),
            [steps("Succeeded", "Failed")],
            f"selection SMP803 the chosen steps need results of lgbm-Transform, and the execution {arn('bbb')} does not have them. "
            "Try: run the whole pipeline first, or choose these steps too.",
        ),
        (
            ("lgbm-Training lgbm-Transform",),
            [],
            "selection SMP803 step lgbm-CreateModel lies between chosen steps and is not chosen. Try: choose lgbm-CreateModel too.",
        ),
        (
            ("lgbm-Trainng+",),
            [],
            '--select SMP803 there is no step lgbm-Trainng (offset 0 of "lgbm-Trainng+"). Try: lgbm-Training.',
        ),
        (
            ("lgbm-Metrics", "--source", "eee"),
            [],
            "selection SMP803 lgbm-test has no execution eee. Try: give the ARN or the id of one, or latest.",
        ),
        (
            ("lgbm-Metrics", "--source", arn("aaa").replace("lgbm-test", "other")),
            [],
            f"selection SMP803 {arn('aaa').replace('lgbm-test', 'other')} is not an execution of lgbm-test. "
            "Try: give the ARN or the id of one, or latest.",
        ),
    ],
)
def test_what_cannot_run_by_itself_is_said_before_anything_is_sent(past, words, answers, message):
    past.next("ListPipelineExecutionSteps", *(past.ok(**each) for each in answers))
    past.always("DescribePipelineExecution", past.ok(**told("bbb", "Failed")))

    result = call("run", "--select", *words)

    assert (result.exit_code, result.stderr) == (1, f"{message}\n")
    assert past.writes == []


def test_an_execution_that_goes_on_is_no_source(past):
    past.always("DescribePipelineExecution", past.ok(**told("ddd", "Executing")))

    result = call("run", "--select", "lgbm-Training", "--source", "ddd")

    assert (result.exit_code, result.stderr) == (
        1,
        f"selection SMP803 the execution {arn('ddd')} is Executing, and results are taken from one that is Succeeded or Failed. "
        "Try: wait until it has ended, or give another.\n",
    )


def test_a_pipeline_that_is_not_deployed_has_no_executions(cloud):
    refused = call("run", "--select", "lgbm-Training")
    assert (refused.exit_code, refused.stderr) == (
        1,
        "selection SMP803 the chosen steps need results of lgbm-Preprocessing, and no earlier execution of lgbm-test has them. "
        "Try: run the whole pipeline first, or choose these steps too.\n",
    )
    failed = call("run", "--select", "result:failed+")
    assert (failed.exit_code, failed.stderr) == (
        1,
        "selection SMP803 lgbm-test has no execution that has ended. Try: run the whole pipeline first.\n",
    )
    assert call("ls", "--select", "state:new", "--output", "name").stdout.split() == [f"lgbm-{name}" for name in ORDER]
    assert cloud.writes == []


def test_more_steps_than_sagemaker_takes(cloud, tmp_path):
    steps = [{"step_name": f"S{number:02}", "step_class": "Fail", "error_message": "no"} for number in range(52)]
    conf = {"conf": {"models": {}, "sagemakerPipeline": {"pipelineName": "wide", "steps": steps}}}
    (tmp_path / "conf").mkdir()
    (tmp_path / "conf/conf.yaml").write_text(
        "conf: {s3Bucket: models, region: eu-west-1, sagemakerNetworkSecurity: {role: 'arn:aws:iam::123456789012:role/r'}}"
    )
    (tmp_path / "wide.json").write_text(json.dumps(conf))

    result = CliRunner().invoke(
        smp, ["run", "--root", str(tmp_path), "-c", "wide.json", "--select", "S*", "--exclude", "S00", "--dry-run"]
    )

    assert (result.exit_code, result.stderr) == (
        1,
        "selection SMP803 51 steps are chosen, and SageMaker takes 50 at most. "
        "Try: choose fewer, or run the whole pipeline: steps with enable_cache are reused.\n",
    )


def test_a_dry_run_shows_the_part(cloud):
    result = call("run", "--select", "lgbm-Preprocessing", "--dry-run")

    assert result.exit_code == 0
    assert [line for line in result.stdout.splitlines() if line.startswith("  step")] == ["  step lgbm-Preprocessing (Processing)"]
    assert cloud.writes == []


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--source", "latest"], "--source goes with --select, which says what to run"),
        (["--state", str(ROOT / "pyproject.toml")], "--state goes with --select, which says what to run"),
    ],
)
def test_options_that_mean_nothing_by_themselves(cloud, words, message):
    result = CliRunner().invoke(smp, [*PROJECT, "run", *words])
    assert result.exit_code == 2
    assert message in result.stderr


def test_a_refusal_of_the_source_is_explained(past):
    past.next("ListPipelineExecutionSteps", past.ok(**steps(*["Succeeded"] * 6)))
    past.always(
        "StartPipelineExecution",
        past.refusal("ValidationException", f"Invalid SourcePipelineExecutionArn: {arn('bbb')}. The selected steps [x] are odd"),
    )

    result = call("run", "--select", "lgbm-Metrics")

    assert result.exit_code == 5
    assert result.stderr.endswith(
        f"StartPipelineExecution on pipeline lgbm-test failed: Invalid SourcePipelineExecutionArn: {arn('bbb')}. The selected "
        "steps [x] are odd (ValidationException). Try: choose steps that are connected with --select, and with --source an "
        "execution of this pipeline, Succeeded or Failed, that has the results which they need.\n"
    )
