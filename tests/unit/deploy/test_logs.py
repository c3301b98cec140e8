"""Where the job of a step writes."""

from __future__ import annotations

from datetime import datetime, timezone

import pytest

from framework.deploy.logs import JobLog, job_log

JOB = "pipelines-abc-train-0123456789"
BEGIN = datetime(2026, 1, 5, tzinfo=timezone.utc)


@pytest.mark.parametrize(
    ("kind", "member", "group", "ending"),
    [
        ("TrainingJob", "Arn", "TrainingJobs", "/"),
        ("ProcessingJob", "Arn", "ProcessingJobs", "/"),
        ("TransformJob", "Arn", "TransformJobs", "/"),
        ("TuningJob", "Arn", "TrainingJobs", "-"),
        ("QualityCheck", "CheckJobArn", "ProcessingJobs", "/"),
        ("ClarifyCheck", "CheckJobArn", "ProcessingJobs", "/"),
    ],
)
def test_the_log_of_a_job(kind, member, group, ending):
    log = job_log({"StepName": "train", "Metadata": {kind: {member: f"arn:aws:sagemaker:eu-west-1:123456789012:job/{JOB}"}}})

    assert log is not None
    assert (log.group, log.prefix, log.begin, log.end) == (f"/aws/sagemaker/{group}", f"{JOB}{ending}", 0, 0)


def test_the_log_of_a_function_is_told_by_its_time():
    arn = "arn:aws:lambda:eu-west-1:123456789012:function:notify:live"
    step = {"StepName": "tell", "Metadata": {"Lambda": {"Arn": arn}}, "StartTime": BEGIN, "EndTime": BEGIN}
    moment = int(BEGIN.timestamp() * 1000)

    assert job_log(step) == JobLog(arn, "/aws/lambda/notify", "", moment, moment)


@pytest.mark.parametrize("metadata", [None, {}, {"Condition": {"Outcome": "True"}}, {"Model": {"Arn": "arn"}}, {"TrainingJob": {}}])
def test_a_step_without_a_job(metadata):
    assert job_log({"StepName": "step", **({} if metadata is None else {"Metadata": metadata})}) is None
