"""Odd answers of AWS, text that would move the cursor, readers that go away: all of it is told, and nothing is a traceback."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from framework.cli import smp

ROOT = Path(__file__).resolve().parents[3]
RUN = "arn:aws:sagemaker:eu-west-1:123456789012:pipeline/lgbm-test/execution/abcdefghijkl"
NAMED = ("--name", "lgbm-test")
STATUS = {"PipelineExecutionArn": RUN, "PipelineExecutionStatus": "Failed"}


@pytest.fixture
def call(cloud, tmp_path, monkeypatch):
    monkeypatch.setenv("SMP_REGION", "eu-west-1")

    def invoke(*words: str):
        result = CliRunner().invoke(smp, ["--root", str(tmp_path), *words])
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exc_info
        return result

    return invoke


@pytest.fixture
def answers(cloud):
    """What each operation answers from now on."""

    def act(**operations):
        for operation, members in operations.items():
            cloud.always(operation, cloud.ok(**members))

    return act


@pytest.mark.parametrize("words", [("history",), ("status",), ("compare",), ("versions",)])
def test_an_execution_without_its_arn(call, answers, words):
    answers(
        ListPipelineExecutions={"PipelineExecutionSummaries": [{}]},
        ListPipelineVersions={"PipelineVersionSummaries": []},
    )

    result = call(*words, *NAMED)

    assert result.exit_code == 5
    assert result.stderr.startswith("ListPipelineExecutions on pipeline lgbm-test failed: the answer has no PipelineExecutionArn. ")


@pytest.mark.parametrize("missing", ["StepName", "StepStatus"])
def test_a_step_that_lacks_a_member(call, answers, missing):
    whole = {"StepName": "train", "StepStatus": "Failed"}
    answers(
        DescribePipelineExecution=STATUS,
        ListPipelineExecutionSteps={"PipelineExecutionSteps": [{key: value for key, value in whole.items() if key != missing}]},
    )

    result = call("status", RUN)

    assert result.exit_code == 5
    assert f"ListPipelineExecutionSteps on execution {RUN} failed: the answer has no {missing}. " in result.stderr


def test_a_parameter_without_its_value(call, answers):
    answers(
        DescribePipelineExecution=STATUS,
        ListPipelineExecutionSteps={"PipelineExecutionSteps": []},
        ListPipelineParametersForExecution={"PipelineParameters": [{"Name": "Depth"}]},
    )

    result = call("status", RUN)

    assert result.exit_code == 0  # that it failed is more than nothing
    assert f"ListPipelineParametersForExecution on execution {RUN} failed: the answer has no Value. " in result.stderr


def test_a_version_without_its_number(call, answers):
    answers(ListPipelineVersions={"PipelineVersionSummaries": [{}]})

    result = call("versions", *NAMED, "--format", "json")

    assert (result.exit_code, "the answer has no PipelineVersionId" in result.stderr) == (5, True)


def test_a_definition_whose_steps_are_none(call, answers, cloud):
    answers(
        DescribePipelineExecution={**STATUS, "PipelineExecutionStatus": "Succeeded"},
        ListPipelineExecutionSteps={"PipelineExecutionSteps": []},
        ListPipelineParametersForExecution={"PipelineParameters": []},
        DescribePipelineDefinitionForExecution={"PipelineDefinition": '{"Steps": [1], "Parameters": []}'},
    )

    assert call("compare", RUN, RUN).exit_code == 0


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("status", RUN), "the steps cannot be seen: ListPipelineExecutionSteps on execution"),
        (("logs", "train", "--execution", RUN), "Looking for the step train failed: ListPipelineExecutionSteps on execution"),
        (("compare", RUN, RUN), "the steps cannot be seen: ListPipelineExecutionSteps on execution"),
    ],
)
def test_steps_that_may_not_be_listed(call, answers, cloud, words, said):
    answers(
        DescribePipelineExecution=STATUS,
        ListPipelineParametersForExecution={"PipelineParameters": []},
        DescribePipelineDefinitionForExecution={"PipelineDefinition": '{"Steps": []}'},
    )
    cloud.always("ListPipelineExecutionSteps", cloud.refusal("AccessDeniedException", "Not you"))

    result = call(*words)

    assert result.exit_code == (5 if words[0] == "logs" else 0)
    assert result.stderr.startswith(said)
    assert "allow sagemaker:ListPipelineExecutionSteps" in result.stderr


def test_what_aws_says_does_not_move_the_cursor(call, cloud):
    cloud.always("ListPipelineExecutions", cloud.refusal("ValidationException", "\x1b]0;title\x07 no"))

    result = call("history", *NAMED)

    assert result.exit_code == 5
    assert "\x1b" not in result.stderr
    assert "\x07" not in result.stderr


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("history", "--name", "no such name!"), "a pipeline is called with letters"),
        (("history", "--name", "a\x1b]0;x\x07"), "a pipeline is called with letters"),
        (("history", *NAMED, "-n", "9" * 20), "is not in the range"),
        (("versions", *NAMED, "-n", "9" * 20), "is not in the range"),
        (("wait", RUN, "--interval", "nan"), "nan is not a number of seconds"),
        (("wait", RUN, "--interval", "inf"), "inf is not a number of seconds"),
        (("wait", RUN, "--timeout", "nan"), "nan is not a number of seconds"),
        (("run", "--display-name", "my run"), "SageMaker takes letters, digits and hyphens"),
    ],
)
def test_what_cannot_be_meant_is_a_mistake_of_the_command_line(call, cloud, words, said):
    result = call(*words)

    assert (result.exit_code, cloud.calls) == (2, [])
    assert said in result.stderr


def test_an_empty_token_is_none(aws):
    settings = ["--root", str(ROOT), "--env-file", "env.env", "--set", "s3Bucket=models", "--set", "region=eu-west-1"]

    result = CliRunner().invoke(smp, [*settings, "run", "--token", ""])

    assert (result.exit_code, aws.sagemaker.runs) == (2, {})
    assert "the token is empty: leave --token away for a new one" in result.stderr


def test_version_0(call, answers, cloud, make):
    from framework.deploy.backend import SageMakerBackend
    from framework.deploy.plan import diff

    SageMakerBackend().apply(diff(make(), None))

    result = call("rollback", "0", "--yes", *NAMED)

    assert result.exit_code == 5
    assert result.stderr == (
        "Looking for version 0 of pipeline lgbm-test failed: versions count from 1. "
        "Try: `smp versions` lists those that there are.\n"
    )


def test_an_output_that_takes_nothing():
    command = [sys.executable, "-m", "framework", "rules"]
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, cwd=ROOT, text=True, timeout=60)

    assert (done.returncode, done.stderr) == (5, "This machine failed: [Errno 28] No space left on device\n")


def test_a_reader_that_goes_away():
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "w") as nobody:
        command = [sys.executable, "-m", "framework", "rules"]
        done = subprocess.run(command, stdout=nobody, stderr=subprocess.PIPE, cwd=ROOT, text=True, timeout=60)

    assert (done.returncode, done.stderr) == (141, "")
