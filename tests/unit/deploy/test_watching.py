from __future__ import annotations

import pytest

from framework.deploy.watching import follow
from framework.errors import BackendError
from framework.pipeline.execution import Execution

ARN = "arn:aws:sagemaker:eu-west-1:123456789012:pipeline/churn/execution/abc"


def execution(status, **steps):
    states = [{"StepName": name, "StepStatus": state} for name, state in steps.items()]
    return Execution({"PipelineExecutionArn": ARN, "PipelineExecutionStatus": status}, states)


class Time:
    def __init__(self):
        self.now = 0.0
        self.slept = []

    def sleep(self, seconds):
        self.slept.append(seconds)
        self.now += seconds

    def run(self, *states, **options):
        answers = iter(states)
        seen = []
        last = follow(lambda: next(answers), seen.append, clock=lambda: self.now, sleep=self.sleep, **options)
        return last, [(step["StepName"], step["StepStatus"]) for step in seen]


@pytest.mark.parametrize("status", ["Succeeded", "Failed", "Stopped"])
def test_an_execution_that_has_ended_is_not_waited_for(status):
    time = Time()

    last, seen = time.run(execution(status, prep=status))

    assert (last.status, seen, time.slept) == (status, [("prep", status)], [])


def test_stopping_is_not_stopped():
    time = Time()

    last, seen = time.run(
        execution("Executing", a="Executing"), execution("Stopping", a="Stopping"), execution("Stopped", a="Stopped")
    )

    assert last.status == "Stopped"
    assert seen == [("a", "Executing"), ("a", "Stopping"), ("a", "Stopped")]
    assert time.slept == [15.0, 15.0]


def test_time_is_up_to_the_second():
    time = Time()

    with pytest.raises(BackendError) as caught:
        time.run(*[execution("Executing")] * 9, poll_seconds=15, timeout_seconds=40)

    assert time.slept == [15, 15, 10]
    assert str(caught.value) == f"Waiting for {ARN} failed: it is still Executing after 40 s. " + (
        "Try: wait for longer; the execution itself goes on."
    )
