"""Starting an execution and following it."""

from __future__ import annotations

import pytest

from framework.deploy.plan import diff
from framework.errors import BackendError

ARN = "arn:aws:sagemaker:eu-west-1:123456789012:pipeline/lgbm-test/execution/abcdefghijkl"


@pytest.fixture
def deployed(backend, make):
    backend.apply(diff(make(), None))
    return backend


def step(name, status):
    return {"StepName": name, "StepStatus": status}


def told(cloud, status, *steps):
    """One answer to each of the two questions about the execution."""
    cloud.next("DescribePipelineExecution", cloud.ok(PipelineExecutionArn=ARN, PipelineExecutionStatus=status))
    cloud.next("ListPipelineExecutionSteps", cloud.ok(PipelineExecutionSteps=list(steps)))


def test_start_with_parameters_and_wait(cloud, deployed):
    cloud.always("ListPipelineExecutionSteps", cloud.ok(PipelineExecutionSteps=[step("train-0", "Succeeded")]))
    seen = []

    arn = deployed.start("lgbm-test", {"Depth": "9", "Bucket": "b"}, display_name="nightly")
    execution = deployed.wait(arn, seen.append, poll_seconds=0.01, timeout_seconds=10)

    assert execution.status == "Succeeded"
    assert execution.description["PipelineExecutionDisplayName"] == "nightly"
    assert "ResponseMetadata" not in execution.description
    assert list(execution.steps) == seen == [step("train-0", "Succeeded")]
    given = cloud.client("sagemaker").list_pipeline_parameters_for_execution(PipelineExecutionArn=arn)
    assert given["PipelineParameters"] == [{"Name": "Depth", "Value": "9"}, {"Name": "Bucket", "Value": "b"}]


def test_each_start_has_a_token_and_a_retried_start_keeps_it(cloud, deployed):
    cloud.next("StartPipelineExecution", cloud.refusal("ThrottlingException", "Rate exceeded"))

    deployed.start("lgbm-test", {})
    deployed.start("lgbm-test", {})
    deployed.start("lgbm-test", {}, token="of-my-build-4711-" + "0" * 20)

    first, retried, second, given = (call.json["ClientRequestToken"] for call in cloud.of("StartPipelineExecution"))
    assert first == retried != second
    assert len(second) == 32
    assert given == "of-my-build-4711-" + "0" * 20
    assert "PipelineParameters" not in cloud.of("StartPipelineExecution")[0].json


def test_every_change_of_a_step_is_told_once(cloud, backend):
    told(cloud, "Executing", step("prep", "Executing"))
    told(cloud, "Executing", step("prep", "Executing"))
    told(cloud, "Executing", step("prep", "Succeeded"), step("train", "Executing"))
    told(cloud, "Failed", step("prep", "Succeeded"), {**step("train", "Failed"), "FailureReason": "No data"})
    seen = []

    execution = backend.wait(ARN, lambda s: seen.append((s["StepName"], s["StepStatus"])), poll_seconds=0.01)

    assert execution.status == "Failed"
    assert execution.steps[-1]["FailureReason"] == "No data"
    assert seen == [("prep", "Executing"), ("prep", "Succeeded"), ("train", "Executing"), ("train", "Failed")]


def test_steps_over_several_pages(cloud, backend):
    cloud.next("DescribePipelineExecution", cloud.ok(PipelineExecutionArn=ARN, PipelineExecutionStatus="Stopped"))
    cloud.next("ListPipelineExecutionSteps", cloud.ok(PipelineExecutionSteps=[step("a", "Succeeded")], NextToken="more"))
    cloud.next("ListPipelineExecutionSteps", cloud.ok(PipelineExecutionSteps=[step("b", "Stopped")]))

    assert [each["StepName"] for each in backend.describe(ARN).steps] == ["a", "b"]
    first, second = (call.json for call in cloud.of("ListPipelineExecutionSteps"))
    assert (first["SortOrder"], second["NextToken"]) == ("Ascending", "more")


def test_without_the_right_to_list_steps_the_status_is_still_told(cloud, backend):
    cloud.next("DescribePipelineExecution", cloud.ok(PipelineExecutionArn=ARN, PipelineExecutionStatus="Executing"))
    cloud.next("ListPipelineExecutionSteps", cloud.refusal("AccessDeniedException", "User is not authorized", status=400))

    execution = backend.describe(ARN)

    assert (execution.status, execution.steps) == ("Executing", ())


def test_another_refusal_of_the_steps_is_said(cloud, backend):
    cloud.next("DescribePipelineExecution", cloud.ok(PipelineExecutionArn=ARN, PipelineExecutionStatus="Executing"))
    cloud.always("ListPipelineExecutionSteps", cloud.refusal("InternalFailure", "Oh dear", status=500))

    with pytest.raises(BackendError) as caught:
        backend.describe(ARN)

    assert str(caught.value) == (
        f"ListPipelineExecutionSteps on execution {ARN} failed: Oh dear (InternalFailure). Try: the fault is the service's, "
        "5 attempts in a row: run the command again in a few minutes."
    )


def test_time_is_up(cloud, backend):
    cloud.always("DescribePipelineExecution", cloud.ok(PipelineExecutionArn=ARN, PipelineExecutionStatus="Executing"))
    cloud.always("ListPipelineExecutionSteps", cloud.ok(PipelineExecutionSteps=[]))

    with pytest.raises(BackendError) as caught:
        backend.wait(ARN, lambda _: None, poll_seconds=0.05, timeout_seconds=0.1)

    assert str(caught.value) == (f"Waiting for {ARN} failed: it is still Executing after 0.1 s. Try: wait for longer.")


def test_starting_what_is_not_deployed(cloud, backend):
    with pytest.raises(BackendError) as caught:
        backend.start("lgbm-test", {})

    assert str(caught.value) == (
        "StartPipelineExecution on pipeline lgbm-test failed: Could not find pipeline with PipelineName lgbm-test "
        "(ValidationException). Try: deploy it first with `smp deploy`; if it is deployed, check that the account and the region "
        "are the right ones."
    )


def test_a_token_too_short_is_said_before_any_call(cloud, deployed):
    with pytest.raises(BackendError, match="Invalid length for parameter ClientRequestToken, value: 5, valid min length: 32"):
        deployed.start("lgbm-test", {}, token="short")
    assert cloud.of("StartPipelineExecution") == []
