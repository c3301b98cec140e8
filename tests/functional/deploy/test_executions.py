"""`smp run`, `status`, `wait`, `stop`, `logs` and `history` of executions on SageMaker, over HTTP against the faithful server."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from click.testing import CliRunner

from framework.cli import smp
from framework.deploy.backend import SageMakerBackend
from framework.deploy.executions import stop
from tests.functional.deploy.faithful import Frame

ROOT = Path(__file__).resolve().parents[3]
PROJECT = ["--root", str(ROOT), "--env-file", "env.env", "--set", "s3Bucket=models", "--set", "region=eu-west-1"]
PIPELINE = "arn:aws:sagemaker:eu-west-1:123456789012:pipeline/lgbm-test"
ROLE = "arn:aws:iam::123456789012:role/pipelines"
FAST = ("--interval", "0.01")
NAMED = ("--name", "lgbm-test")
FAILING = (
    Frame({"lgbm-Preprocessing": "Executing"}),
    Frame({"lgbm-Preprocessing": "Succeeded", "lgbm-Training": "Executing"}),
    Frame(
        {
            "lgbm-Training": {
                "StepStatus": "Failed",
                "FailureReason": "AlgorithmError: exit code: 3",
                "logs": ["epoch 1", "\x1b[31mKeyError: 'label'\x1b[0m"],
            }
        },
        "Failed",
        "Step failure: One or multiple steps failed.",
    ),
)


@pytest.fixture
def call(aws):
    def invoke(*words: str):
        return CliRunner().invoke(smp, [*PROJECT, *words])

    return invoke


@pytest.fixture
def deployed(aws):
    """A pipeline that was deployed by somebody, of the names that the scripts above have."""
    steps = [
        {"Name": name, "Type": kind, "Arguments": {}}
        for name, kind in (("lgbm-Preprocessing", "Processing"), ("lgbm-Training", "Training"), ("lgbm-Check", "Condition"))
    ]
    declared = [{"Name": "Depth", "Type": "Integer"}, {"Name": "Password", "Type": "String", "DefaultValue": ""}]
    aws.sagemaker.CreatePipeline(
        {
            "PipelineName": "lgbm-test",
            "RoleArn": ROLE,
            "ClientRequestToken": "c" * 32,
            "PipelineDefinition": json.dumps({"Version": "2020-12-01", "Parameters": declared, "Steps": steps}),
        },
        "eu-west-1",
    )

    def start(*frames: Frame, **more) -> str:
        if frames:
            aws.sagemaker.script("lgbm-test", *frames)
        parameters = {"Depth": "6", **more}
        return SageMakerBackend().start("lgbm-test", parameters, display_name="nightly")

    return start


def test_a_run_that_fails_says_why_with_the_end_of_its_log(call, aws):
    aws.sagemaker.script("lgbm-test", *FAILING)

    result = call("run", "--wait", *FAST, "--display-name", "nightly", "--parallelism", "2")

    [run] = aws.sagemaker.runs.values()
    job = run.steps["lgbm-Training"]["Metadata"]["TrainingJob"]["Arn"].rpartition("/")[2]
    assert result.exit_code == 4
    assert result.stdout.endswith(f"{run.arn} Failed: Step failure: One or multiple steps failed.\n")
    assert result.stderr.endswith(
        "lgbm-Preprocessing Executing\nlgbm-Preprocessing Succeeded\nlgbm-Training Executing\n"
        "lgbm-Training Failed: AlgorithmError: exit code: 3\n"
        "\nlgbm-Training failed: AlgorithmError: exit code: 3\nexit code: 3\nlast lines of lgbm-Training:\n"
        f"  epoch 1\n  KeyError: 'label'\nthe whole log: smp logs lgbm-Training --execution {run.arn}\n"
        f"the job in the console: https://console.aws.amazon.com/sagemaker/home?region=eu-west-1#/jobs/{job}\n"
    )
    [start] = aws.of("StartPipelineExecution")
    assert start.parameters["PipelineExecutionDisplayName"] == "nightly"
    assert start.parameters["ParallelismConfiguration"] == {"MaxParallelExecutionSteps": 2}
    assert f"token {start.parameters['ClientRequestToken']}; should the answer get lost" in result.stderr


def test_two_starts_with_one_token_are_one_execution(call, aws):
    first, second = call("run", "--token", "build-4711"), call("run", "--token", "build-4711", "--format", "json")
    other, fresh = call("run", "--token", "x" * 40), call("run")

    started = [result.stdout.split()[-1] for result in (first, other, fresh)]
    assert (first.exit_code, second.exit_code) == (0, 0)
    answer = json.loads(second.stdout)
    assert answer["PipelineExecutionArn"] == started[0]
    assert re.fullmatch("[0-9a-f]{64}", answer["ClientRequestToken"])
    assert len(set(started)) == len(aws.sagemaker.runs) == 3
    assert aws.of("StartPipelineExecution")[2].parameters["ClientRequestToken"] == "x" * 40
    assert first.stderr.endswith(f"to follow it: smp wait {started[0]}\n")
    assert "token" not in first.stderr
    changed = call("run", "--token", "build-4711", "--display-name", "other")
    assert changed.exit_code == 5
    assert changed.stderr.endswith("Try: the token was used before, for another start: leave --token out, or give another.\n")


def test_what_goes_with_sagemaker_alone(call, aws):
    for words in (("--token", "x"), ("--display-name", "x"), FAST):
        result = call("run", "--local", *words)
        assert (result.exit_code, result.stderr.splitlines()[-1]) == (2, f"Error: {words[0]} goes without --local")
    assert aws.calls == []


def test_the_status_of_the_latest_and_of_one_by_its_id_and_arn(call, aws, deployed):
    first, second = deployed(*FAILING, Password="hunter2"), deployed()  # a name like that is not for everybody's eyes
    for _ in FAILING:
        SageMakerBackend().describe(first)

    latest, by_id, by_arn = call("status"), call("status", first[-12:], *NAMED), call("status", first, "--exit-code")

    assert latest.exit_code == by_id.exit_code == 0
    assert by_arn.exit_code == 4
    assert (
        f"execution:       {second[-12:]}\ndisplay name:    nightly\nversion:         1\nstarted:         2026-01-05T08:"
        in latest.stdout
    )
    assert latest.stdout.endswith(f"{second} Executing\n")
    assert "parameters:      Depth=6, Password=(hidden)\n" in by_id.stdout
    assert "hunter2" not in by_id.stdout + by_id.stderr
    assert by_id.stdout == by_arn.stdout
    assert "  KeyError: 'label'\n" in by_id.stderr
    about = json.loads(call("status", first, "--format", "json").stdout)
    assert about["PipelineExecutionStatus"] == "Failed"
    assert about["CreationTime"].startswith("2026-01-05T08:00:")
    assert [step["StepName"] for step in about["Steps"]] == ["lgbm-Preprocessing", "lgbm-Training"]
    aws.refuse("ListPipelineParametersForExecution", "AccessDeniedException", "No.")
    denied = call("status")
    assert denied.stderr.startswith(f"ListPipelineParametersForExecution on execution {second} failed: No (AccessDenied")
    assert (denied.exit_code, "parameters:" in denied.stdout) == (0, False)
    assert about["PipelineParameters"] == [{"Name": "Depth", "Value": "6"}, {"Name": "Password", "Value": "(hidden)"}]


def test_an_arn_needs_no_configuration_and_tells_the_region(aws, tmp_path, deployed, monkeypatch):
    arn = deployed()
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")

    found = CliRunner().invoke(smp, ["--root", str(tmp_path), "status", arn])
    nowhere = CliRunner().invoke(smp, ["--root", str(tmp_path), "status"])
    named = CliRunner().invoke(smp, ["--root", str(tmp_path), "status", *NAMED])

    assert (found.exit_code, found.stdout[-10:]) == (0, "Executing\n")
    assert aws.of("DescribePipelineExecution")[0].region == "eu-west-1"
    assert (nowhere.exit_code, "SMP_MODEL_CONFIGPATH" in nowhere.stderr) == (1, True)
    assert (named.exit_code, aws.calls[-1].region) == (5, "us-east-1")


def test_what_is_wrong_elsewhere_in_the_configuration_does_not_matter(call, deployed):
    arn = deployed()

    result = call("status", "--set", "models.lgbm.train.instance_type=ml.huge")

    assert (result.exit_code, result.stdout.splitlines()[-1]) == (0, f"{arn} Executing")


def test_executions_that_are_not_there(call, aws, deployed):
    nothing = call("status", *NAMED)
    deployed()
    unknown, odd, other = call("wait", "abcdefabcdef"), call("status", "no id"), call("history", "--name", "none")

    assert nothing.exit_code == unknown.exit_code == odd.exit_code == other.exit_code == 5
    assert nothing.stderr == (
        "Looking for the latest execution of lgbm-test failed: it has never been started. Try: start it with `smp run`.\n"
    )
    arn = f"{PIPELINE}/execution/abcdefabcdef"
    assert unknown.stderr == (
        f"DescribePipelineExecution on execution {arn} failed: Pipeline execution '{arn}' does not exist (ResourceNotFound). "
        "Try: `smp history` lists the executions that there are; check the account and the region as well.\n"
    )
    assert odd.stderr == (
        "Looking for execution no id failed: it is no id and no ARN of an execution. Try: `smp history` lists them.\n"
    )
    assert other.stderr == (
        f"ListPipelineExecutions on pipeline none failed: Pipeline '{PIPELINE[:-9]}none' does not exist (ResourceNotFound). Try: "
        "deploy it first with `smp deploy`; if it is deployed, check that the account and the region are the right ones.\n"
    )


def test_wait_takes_up_an_execution_and_bears_what_passes(call, aws, deployed):
    arn = deployed()
    aws.before("DescribePipelineExecution", lambda: None)
    aws.before("DescribePipelineExecution", lambda: aws.refuse("DescribePipelineExecution", "ThrottlingException", "Rate", times=5))

    result = call("wait", *FAST)

    assert result.exit_code == 0
    assert result.stdout.endswith(f"{arn} Succeeded\n")
    assert f"DescribePipelineExecution on execution {arn} failed: Rate (ThrottlingException); asking again\n" in result.stderr
    assert "lgbm-Check Succeeded\n" in result.stderr


def test_wait_ends_where_it_may_no_longer_ask_and_says_that_the_execution_goes_on(call, aws, deployed):
    arn = deployed()
    aws.before("DescribePipelineExecution", lambda: None)
    aws.before("DescribePipelineExecution", lambda: aws.refuse("DescribePipelineExecution", "ExpiredTokenException", "Expired"))
    late = call("wait", *FAST)
    timed_out = call("wait", *FAST, "--timeout", "0")

    assert (late.exit_code, timed_out.exit_code) == (5, 0)
    assert late.stderr.endswith(f"run the command again; the execution goes on: `smp wait {arn}` follows it.\n")
    again = call("wait", deployed(), *FAST, "--timeout", "0")
    assert again.exit_code == 5
    assert "it is still Executing after 0 s" in again.stderr


def test_wait_of_one_that_completed_with_failures(call, deployed):
    arn = deployed(Frame({"lgbm-Training": "Failed"}, "CompletedWithFailures"))

    result = call("wait", arn, *FAST)

    assert (result.exit_code, result.stdout.splitlines()[-1]) == (4, f"{arn} CompletedWithFailures")


def test_stop_and_follow_it_until_it_has_stopped(call, aws, deployed):
    arn = deployed(*FAILING)
    stopped, again = call("stop", "--wait", *FAST), call("stop", arn, "--format", "json")

    assert (stopped.exit_code, stopped.stdout) == (0, f"stopped {arn}\n")
    assert stopped.stderr.startswith(f"stopping {arn}\n")
    assert json.loads(again.stdout)["StopRequested"] is False
    assert json.loads(again.stdout)["PipelineExecutionStatus"] == "Stopped"
    assert len(aws.of("StopPipelineExecution")) == 1
    other = deployed(*FAILING)
    assert call("stop").stdout == f"stopping {other}\n"
    assert call("stop", other).stdout in (f"{other} is {status} already: nothing to stop\n" for status in ("Stopping", "Stopped"))
    local = call("stop", "local0000001")
    assert (local.exit_code, "stopped with Ctrl-C" in local.stderr) == (2, True)


def test_it_ends_while_it_is_being_stopped(aws, deployed):
    arn, backend = deployed(), SageMakerBackend()
    aws.before("StopPipelineExecution", lambda: backend.describe(arn))

    with pytest.raises(
        Exception, match=r"it is Succeeded \(ValidationException\)\. Try: it may have ended meanwhile: `smp status`"
    ):
        stop(backend.clients, arn)


def test_the_log_of_a_job(call, aws, deployed):
    arn = deployed(*FAILING)
    for _ in FAILING:
        SageMakerBackend().describe(arn)
    where = ("logs", "lgbm-Training", "--execution")

    whole, end, by_arn = call(*where, "latest"), call(*where, arn[-12:], "-n", "1"), call("logs", "lgbm-Training", "--run", arn)

    assert (whole.exit_code, whole.stdout) == (0, "epoch 1\nKeyError: 'label'\n")
    assert end.stdout == "KeyError: 'label'\n"
    assert by_arn.stdout == whole.stdout
    data = json.loads(call(*where, "latest", "--format", "json").stdout)
    assert data == {"execution": arn, "step": "lgbm-Training", "lines": ["epoch 1", "KeyError: 'label'"]}
    wrong = call("logs", "lgbm-Trainin", "--execution", arn)
    assert (wrong.exit_code, f"{arn[-12:]} has run no step lgbm-Trainin" in wrong.stderr) == (1, True)
    assert call("logs", "lgbm-Preprocessing", "--execution", arn).stdout == ""
    both = call(*where, arn, "--run", "local0000001")
    assert (both.exit_code, "give one of them" in both.stderr) == (2, True)
    here = call("logs", "lgbm-Training", "--execution", "local9999999")
    assert (here.exit_code, "Reading execution local9999999 failed: there is none" in here.stderr) == (5, True)
    aws.refuse("FilterLogEvents", "AccessDeniedException", "No.", times=None)
    denied = call(*where, arn)
    assert denied.stderr.endswith(
        "FilterLogEvents on log group /aws/sagemaker/TrainingJobs failed: No (AccessDeniedException). Try: allow "
        "logs:FilterLogEvents on log group /aws/sagemaker/TrainingJobs to who runs this, in the policy of the user or role.\n"
    )


def test_the_log_of_a_step_without_a_job(call, deployed):
    arn = deployed(Frame({"lgbm-Check": {"StepStatus": "Succeeded", "Metadata": {"Condition": {"Outcome": "True"}}}}, "Succeeded"))
    SageMakerBackend().describe(arn)

    for more in ((), ("-f",)):
        result = call("logs", "lgbm-Check", "--execution", arn, *more)
        assert (result.exit_code, result.stderr) == (
            5,
            "Reading the log of lgbm-Check failed: it has no job that writes one, or none yet. Try: `smp status` shows its job.\n",
        )


def test_a_log_is_followed_until_the_step_has_ended(call, aws, deployed, monkeypatch):
    monkeypatch.setattr("framework.commands.job_logs.POLL_SECONDS", 0.01)
    training = (
        {"StepStatus": status, "logs": [line]} for status, line in (("Executing", "1"), ("Executing", "2"), ("Succeeded", "3"))
    )
    arn = deployed(Frame({"lgbm-Preprocessing": "Executing"}), *(Frame({"lgbm-Training": told}) for told in training))

    assert call("logs", "lgbm-Training", "--execution", arn, "-f").stdout == "1\n2\n3\n"
    assert call("logs", "lgbm-Training", "--execution", arn, "-f", "-n", "1").stdout == "3\n"


def test_a_failure_is_told_where_the_log_may_not_be_read(call, aws, deployed):
    aws.refuse("DescribeLogStreams", "AccessDeniedException", "No.", times=None)

    result = call("wait", deployed(*FAILING), *FAST)

    assert result.exit_code == 4
    assert "the log cannot be read: DescribeLogStreams on log group /aws/sagemaker/TrainingJobs failed: No" in result.stderr
    assert "the job in the console: https://" in result.stderr


def test_the_history(call, aws, deployed):
    empty = call("history")
    failed, latest = deployed(*FAILING), deployed()
    for _ in FAILING:
        SageMakerBackend().describe(failed)
    aws.sagemaker.page_size = 1

    both, one = call("history"), call("history", "-n", "1", "--format", "json")

    assert (empty.exit_code, empty.stdout, empty.stderr) == (0, "", "there are no executions yet\n")
    first, second = both.stdout.splitlines()
    assert re.fullmatch(rf"{latest[-12:]}  Executing  2026-01-05T08:\S+Z  +\S+ h  nightly", first)
    assert re.fullmatch(rf"{failed[-12:]}  Failed     2026-01-05T08:\S+Z  +\d+ s  nightly  failed: lgbm-Training", second)
    [about] = json.loads(one.stdout)
    assert (about["PipelineExecutionArn"], about["FailedSteps"]) == (latest, [])


def test_runs_of_this_machine_by_the_same_commands(call, tmp_path):
    conf = (*PROJECT[2:], "--root", str(tmp_path))
    for words in (("status", "--local"), ("wait", "--local"), ("status", "local0000001")):
        result = CliRunner().invoke(smp, [*words, *conf])
        assert (result.exit_code, result.stderr.startswith(("Looking for the newest", "Reading execution local"))) == (5, True)
    assert CliRunner().invoke(smp, ["history", "--local", *conf]).stderr == "there are no executions yet\n"
    odd = call("status", "--local", "abcdefabcdef")
    assert (odd.exit_code, "--local goes with the id of a run of this machine" in odd.stderr) == (2, True)


def test_ctrl_c_leaves_the_execution_to_itself(aws, deployed, tmp_path):
    arn = deployed(*[Frame({"lgbm-Training": "Executing"})] * 1000)
    command = [sys.executable, "-m", "framework", "wait", arn, *FAST, "--format", "json"]
    process = subprocess.Popen(
        command,
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    end = time.monotonic() + 30
    while not aws.of("DescribePipelineExecution") and time.monotonic() < end:
        time.sleep(0.02)
    time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    output, errors = process.communicate(timeout=30)

    assert process.returncode == 4
    program = f"{sys.executable} -m framework"
    assert errors.endswith(
        f"\ndetached: the execution goes on\nto follow it again: {program} wait {arn}\nto stop it: {program} stop {arn}\n"
    )
    assert json.loads(output) == {"PipelineExecutionArn": arn, "Detached": True}
    assert aws.of("StopPipelineExecution") == []
