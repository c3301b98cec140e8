from __future__ import annotations

from typing import Any

import pytest

from framework.local.retries import Retries

FAULT = "InternalServerError: OSError: the disk is gone"


def policy(*kinds: str, **members: Any) -> dict[str, Any]:
    return {"ExceptionType": list(kinds), **members}


def delays(*policies: dict[str, Any], reason: str = FAULT, kind: str = "Processing", each: float = 0.0) -> list[float]:
    """The delays until there is no further attempt, where every attempt takes `each` seconds."""
    now = 100.0
    retries = Retries({"Type": kind, "RetryPolicies": list(policies)}, now)
    found: list[float] = []
    while (delay := retries.delay(reason, now := now + each)) is not None:
        found.append(delay)
        now += delay
    return found


def test_the_interval_grows_by_the_rate() -> None:
    assert delays(policy("Step.SERVICE_FAULT", IntervalSeconds=10, BackoffRate=3.0, MaxAttempts=3)) == [10, 30, 90]


def test_defaults() -> None:
    assert delays(policy("Step.SERVICE_FAULT")) == [1, 2, 4, 8, 16]


def test_no_attempt_begins_after_the_policy_has_expired() -> None:
    expiring = policy("SageMaker.JOB_INTERNAL_ERROR", IntervalSeconds=20, BackoffRate=1.0, ExpireAfterMin=1)
    assert delays(expiring) == [20, 20, 20]
    assert delays(expiring, each=5) == [20, 20]
    assert delays(policy("Step.SERVICE_FAULT", ExpireAfterMin=0)) == []


@pytest.mark.parametrize(
    ("reason", "kind", "retried"),
    [
        (FAULT, "Step.SERVICE_FAULT", True),
        (FAULT, "SageMaker.JOB_INTERNAL_ERROR", True),
        (FAULT, "SageMaker.CAPACITY_ERROR", False),
        ("CapacityError: no host", "SageMaker.CAPACITY_ERROR", True),
        ("ResourceLimitExceeded: quota", "SageMaker.RESOURCE_LIMIT", True),
        ("ThrottlingException: slow down", "Step.THROTTLING", True),
        ("AlgorithmError: InternalServerError, exit code: 1", "Step.SERVICE_FAULT", False),
        ("ClientError: no such object", "Step.SERVICE_FAULT", False),
        ("MaxRuntimeExceeded: 1 second", "SageMaker.JOB_INTERNAL_ERROR", False),
    ],
)
def test_what_is_retried(reason: str, kind: str, retried: bool) -> None:
    assert bool(delays(policy(kind, MaxAttempts=1), reason=reason)) == retried


def test_the_first_policy_that_fits_counts() -> None:
    capacity = policy("SageMaker.CAPACITY_ERROR", IntervalSeconds=7, MaxAttempts=9)
    assert delays(capacity, policy("Step.SERVICE_FAULT", IntervalSeconds=1, MaxAttempts=1)) == [1]


@pytest.mark.parametrize("kind", ["Tuning", "AutoML"])
def test_jobs_that_retry_of_themselves(kind: str) -> None:
    assert delays(policy("SageMaker.JOB_INTERNAL_ERROR"), kind=kind) == []
    assert delays(policy("Step.SERVICE_FAULT", MaxAttempts=1), kind=kind) == [1]
