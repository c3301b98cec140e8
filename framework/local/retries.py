"""Whether a failed step is run again: RetryPolicies (guide page "pipelines-retry-policy").

In: a step's policies and the reason of a failure. Out: seconds to wait before the next attempt, or None. A fault of this machine
counts as Step.SERVICE_FAULT and SageMaker.JOB_INTERNAL_ERROR; what a script does wrong is never retried. The service also
retries service faults and throttling of itself, without a policy: a local run does not.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping, Sequence
from typing import Any

SERVICE_FAULT, THROTTLING = "Step.SERVICE_FAULT", "Step.THROTTLING"
JOB_INTERNAL_ERROR, CAPACITY_ERROR = "SageMaker.JOB_INTERNAL_ERROR", "SageMaker.CAPACITY_ERROR"
RESOURCE_LIMIT = "SageMaker.RESOURCE_LIMIT"
KINDS: Mapping[str, frozenset[str]] = {
    "InternalServerError": frozenset({SERVICE_FAULT, JOB_INTERNAL_ERROR}),
    "ThrottlingException": frozenset({THROTTLING}),
    "CapacityError": frozenset({CAPACITY_ERROR}),
    "InsufficientCapacityError": frozenset({CAPACITY_ERROR}),
    "ResourceLimitExceeded": frozenset({RESOURCE_LIMIT}),
}
"""What the first word of a FailureReason stands for among the exception types."""

RETRIED_INSIDE = frozenset({"Tuning", "AutoML"})
"""Their jobs retry of themselves, so that JOB_INTERNAL_ERROR is not retried around them."""
DEFAULT_ATTEMPTS, DEFAULT_INTERVAL, DEFAULT_RATE = 5, 1.0, 2.0


class Clock:
    """The time between attempts; tests put another one in its place."""

    def now(self) -> float:
        """Seconds on a clock that never goes back."""
        return time.monotonic()

    def wait(self, seconds: float, stopped: threading.Event) -> None:
        """Lets time pass, or less when the run is stopped."""
        stopped.wait(seconds)


class Retries:
    """The retries of one step.

    Args:
        step: the step of the definition.
        begin: when its first attempt began, on the clock.
    """

    def __init__(self, step: Mapping[str, Any], begin: float) -> None:
        self._policies: Sequence[Mapping[str, Any]] = step.get("RetryPolicies") or ()
        self._excluded = {JOB_INTERNAL_ERROR} if step.get("Type") in RETRIED_INSIDE else set()
        self._begin = begin
        self._used = [0] * len(self._policies)

    def delay(self, reason: str, now: float) -> float | None:
        """Seconds to wait before the next attempt; None when there is none.

        Args:
            reason: the FailureReason of the last attempt.
            now: the time on the clock.
        """
        kinds = KINDS.get(reason.partition(":")[0], frozenset()) - self._excluded
        for number, policy in enumerate(self._policies):
            if kinds & _types(policy):
                return self._next(number, policy, now)
        return None

    def _next(self, number: int, policy: Mapping[str, Any], now: float) -> float | None:
        used, expires = self._used[number], policy.get("ExpireAfterMin")
        delay = float(policy.get("IntervalSeconds", DEFAULT_INTERVAL)) * float(policy.get("BackoffRate", DEFAULT_RATE)) ** used
        if expires is not None and now + delay - self._begin > 60 * float(expires):
            return None
        if used >= int(policy.get("MaxAttempts", DEFAULT_ATTEMPTS if expires is None else 1 << 30)):
            return None
        self._used[number] += 1
        return delay


def _types(policy: Mapping[str, Any]) -> set[str]:
    kinds = policy.get("ExceptionType") or ()
    return {kinds} if isinstance(kinds, str) else set(kinds)
