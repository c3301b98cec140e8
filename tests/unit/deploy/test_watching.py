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


@pytest.mark.parametrize("status", ["Succeeded", "Failed", "Stopped", "CompletedWithFailures"])
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
    assert str(caught.value) == f"Waiting for {ARN} failed: it is still Executing after 40 s. " + ("Try: wait for longer.")


class Flaky(Time):
    """Answers as the script says: an execution, or an error."""

    def follow(self, *answers, **options):
        script, self.asked = iter(answers), []

        def describe():
            answer = next(script)
            if isinstance(answer, Exception):
                raise answer
            return answer

        def bear(error):
            self.asked.append(error)
            return error.cure == "passing"

        return follow(describe, lambda _: None, clock=lambda: self.now, sleep=self.sleep, bear=bear, **options)


PASSING, FINAL = BackendError("Asking", "throttled", "passing"), BackendError("Asking", "expired", "final")


def test_what_passes_is_borne_and_what_does_not_is_raised():
    time, going = Flaky(), execution("Executing")

    assert time.follow(going, PASSING, PASSING, going, PASSING, execution("Succeeded")).status == "Succeeded"
    assert (time.asked, time.slept) == ([PASSING] * 3, [15.0] * 5)
    with pytest.raises(BackendError, match="expired"):
        time.follow(going, PASSING, FINAL)
    assert time.asked == [PASSING, FINAL]


def test_the_first_question_must_be_answered():
    time = Flaky()

    with pytest.raises(BackendError, match="throttled"):
        time.follow(PASSING)
    assert time.asked == []


def test_patience_ends_after_ten_minutes_without_an_answer():
    time, going = Flaky(), execution("Executing")

    with pytest.raises(BackendError, match="throttled"):
        time.follow(going, *[PASSING] * 30, going, *[PASSING] * 99, poll_seconds=20)

    assert (len(time.asked), time.now) == (30 + 30, (31 + 31) * 20)


def test_the_time_is_up_also_while_nothing_is_answered():
    time, going = Flaky(), execution("Executing")

    with pytest.raises(BackendError, match="it is still Executing after 40 s"):
        time.follow(going, *[PASSING] * 9, timeout_seconds=40)
