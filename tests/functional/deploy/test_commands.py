"""`smp deploy` and `smp run` of the LightGBM example against AWS: what they do, what they print, how they end."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from framework.cli import smp

ROOT = Path(__file__).resolve().parents[3]
PROJECT = ["--root", str(ROOT), "--env-file", "env.env", "--set", "s3Bucket=models", "--set", "region=eu-west-1"]
PIPELINE = "arn:aws:sagemaker:eu-west-1:123456789012:pipeline/lgbm-test"


@pytest.fixture
def call(cloud):
    def invoke(*words: str):
        return CliRunner().invoke(smp, [*PROJECT, *words])

    return invoke


def step(name, status, **more):
    return {"StepName": name, "StepStatus": status, **more}


def test_deploy_creates_then_changes_nothing_then_updates(call, cloud):
    first, again = call("deploy"), call("deploy")
    changed = call("deploy", "--set", "models.lgbm.train.instance_count=2", "--format", "json")

    assert (first.exit_code, first.stdout) == (0, f"create {PIPELINE}\n")
    assert first.stderr == "3 uploaded, 0 already there\n"
    assert (again.exit_code, again.stdout) == (0, f"unchanged {PIPELINE}\n")
    assert again.stderr == "0 uploaded, 3 already there\nno changes\n"
    answer = json.loads(changed.stdout)
    assert (answer["action"], answer["PipelineArn"]) == ("update", PIPELINE)
    [change] = answer["changes"]
    assert (change["what"], change["name"]) == ("step", "lgbm-Training")
    assert [(field["before"], field["after"]) for field in change["fields"]] == [(1, 2)]
    assert cloud.writes.count("CreatePipeline") == 1
    assert cloud.writes.count("UpdatePipeline") == 1
    deployed = cloud.client("sagemaker").describe_pipeline(PipelineName="lgbm-test")
    compiled = call("compile", "--set", "models.lgbm.train.instance_count=2")
    assert json.loads(deployed["PipelineDefinition"]) == json.loads(compiled.stdout)


def test_deploy_shows_no_secret(call, cloud):
    call("deploy", "--set", "models.lgbm.train.env.DB_PASSWORD=hunter2")
    changed = call("deploy", "--set", "models.lgbm.train.env.DB_PASSWORD=hunter3", "--format", "json")

    [change] = json.loads(changed.stdout)["changes"]
    assert [(field["before"], field["after"]) for field in change["fields"]] == [("(hidden)", "(hidden)")]
    assert "hunter" not in changed.stdout + changed.stderr


def test_the_runner_is_for_local_runs(call, cloud):
    result = call("run", "--runner", "plain")
    assert result.exit_code == 2
    assert "--runner goes with --local" in result.stderr
    assert cloud.writes == []


def test_run_starts_what_it_deployed(call, cloud):
    result = call("run")

    [execution] = cloud.client("sagemaker").list_pipeline_executions(PipelineName="lgbm-test")["PipelineExecutionSummaries"]
    assert result.exit_code == 0
    assert result.stdout == f"started {execution['PipelineExecutionArn']}\n"
    assert f"create {PIPELINE}" in result.stderr


def test_run_wait_follows_to_the_end(call, cloud):
    cloud.always("ListPipelineExecutionSteps", cloud.ok(PipelineExecutionSteps=[step("lgbm-Training", "Succeeded")]))

    result = call("run", "--wait", "--format", "json")

    answer = json.loads(result.stdout)
    assert result.exit_code == 0
    assert answer["PipelineExecutionStatus"] == "Succeeded"
    assert answer["Steps"] == [step("lgbm-Training", "Succeeded")]
    assert "lgbm-Training Succeeded\n" in result.stderr


def test_a_failed_execution_ends_with_4_and_says_why(call, cloud):
    arn = f"{PIPELINE}/execution/abcdefghijkl"
    failed = cloud.ok(PipelineExecutionArn=arn, PipelineExecutionStatus="Failed", FailureReason="Step failure")
    cloud.always("DescribePipelineExecution", failed)
    steps = [step("lgbm-Training", "Failed", FailureReason="AlgorithmError: exit code 1")]
    cloud.always("ListPipelineExecutionSteps", cloud.ok(PipelineExecutionSteps=steps))

    result = call("run", "--wait")

    assert result.exit_code == 4
    assert "lgbm-Training Failed: AlgorithmError: exit code 1" in result.stderr
    assert result.stderr.endswith("\nlgbm-Training failed: AlgorithmError: exit code 1\n")
    assert result.stdout.endswith(f"{arn} Failed: Step failure\n")


def test_what_aws_refuses_ends_with_5_and_a_cure(call, cloud):
    reason = "User x is not authorized to perform sagemaker:CreatePipeline"
    cloud.always("CreatePipeline", cloud.refusal("AccessDeniedException", reason))

    result = call("deploy")

    assert result.exit_code == 5
    assert "CreatePipeline on pipeline lgbm-test failed" in result.stderr
    assert "sagemaker:CreatePipeline" in result.stderr.partition("Try:")[2]
    assert "Traceback" not in result.output


def test_mistakes_in_the_input_call_nothing(call, cloud):
    result = call("deploy", "--set", "models.lgbm.train.instance_type=ml.huge")

    assert result.exit_code == 1
    assert "SMP404" in result.stderr
    assert cloud.calls == []


def test_a_dry_run_calls_nothing(call, cloud):
    result = call("run", "--dry-run")

    assert (result.exit_code, cloud.calls) == (0, [])
    assert result.stdout.startswith("would run lgbm-test on SageMaker\n")


def test_an_unknown_parameter_calls_nothing(call, cloud):
    result = call("run", "-p", "Depth=3")

    assert result.exit_code == 1
    assert "SMP303 the pipeline has no parameter Depth" in result.stderr
    assert cloud.calls == []
