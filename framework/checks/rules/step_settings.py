"""SMP505, SMP506: cache settings and retry policies in the definition that a step type does not take, or that say nothing legal."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from framework.checks.shapes import Violation, is_reference, path_of
from framework.checks.subject import PlacedStep, Subject
from framework.config.values import quoted
from framework.findings import ERROR, WARNING, Rule, nearest

CACHE, RETRIES = "SMP505", "SMP506"
RULES = (
    Rule(
        CACHE,
        "Cache settings without effect, or unreadable",
        "The service caches only some step types, and reads ExpireAfter as an ISO 8601 duration or in its short form (30d, T16m).",
        "Remove the settings, or write a duration such as P30D.",
        WARNING,
        source="developer guide, pipelines-caching-enabling; the SDK's CacheConfig",
    ),
    Rule(
        RETRIES,
        "Retry policy that the service does not take",
        "A retry policy names exceptions, and either how often (1 to 20) or how long in minutes (up to 14,400) to try again; "
        "only some step types are tried again, and exceptions of jobs belong to steps that run one.",
        "Correct the policy, or remove it.",
        source="developer guide, pipelines-retry-policy; the SDK's RetryPolicy",
    ),
)

NEVER_CACHED = frozenset({
    "Cleanup", "Condition", "Fail", "ForEach", "InferenceComponent", "Lineage", "Model", "RegisterModel",
})  # fmt: skip
WITHOUT_JOBS = frozenset({"EMRServerless", "EndpointConfig", "Model", "RegisterModel"})
"""Step types that are tried again and start no SageMaker job."""

NEVER_RETRIED = frozenset({
    "Callback", "ClarifyCheck", "Cleanup", "Condition", "EMR", "Endpoint", "Fail", "ForEach", "InferenceComponent",
    "Lambda", "Lineage", "QualityCheck",
})  # fmt: skip
_DURATION = re.compile(r"P?(?=[0-9T])(?:[0-9]+[YyMmWwDd])*(?:T(?=[0-9])(?:[0-9]+[HhMmSs])*)?\Z")


def violations(subject: Subject) -> Iterator[Violation]:
    """What is wrong with caching and retries."""
    for step in subject.steps:
        yield from _caching(step)
        yield from _retries(step)


def _caching(step: PlacedStep) -> Iterator[Violation]:
    given = step.value.get("CacheConfig")
    if not isinstance(given, Mapping):
        return
    path, after = path_of(step.at("CacheConfig")), given.get("ExpireAfter")
    if not isinstance(given.get("Enabled", False), bool):
        message = f"{step.name} says neither true nor false of its cache"
        yield Violation(CACHE, (*path, "Enabled"), message, "write Enabled: true", ERROR)
    if given.get("Enabled") is True and step.type in NEVER_CACHED:
        yield Violation(CACHE, path, f"{step.name} cannot be cached: the service caches no {step.type} step", "remove it", WARNING)
    if after is not None and not is_reference(after) and not (isinstance(after, str) and _DURATION.match(after)):
        message = f"{step.name} cannot keep its result for {_shown(after)}, which is no duration"
        yield Violation(CACHE, (*path, "ExpireAfter"), message, "write P30D, or PT12H", ERROR)


def _retries(step: PlacedStep) -> Iterator[Violation]:
    given = step.value.get("RetryPolicies")
    if not isinstance(given, list) or not given:
        return
    if step.type in NEVER_RETRIED:
        message = f"{step.name} is never tried again: the service retries no {step.type} step"
        yield Violation(RETRIES, path_of(step.at("RetryPolicies")), message, "remove it", WARNING)
        return
    for at, policy in enumerate(given):
        path = path_of(step.at("RetryPolicies", at))
        if not isinstance(policy, Mapping):
            message = f"{step.name} has a retry policy that is no mapping"
            yield Violation(RETRIES, path, message, f"write {{{_EXAMPLE}, MaxAttempts: 3}}")
            continue
        for keys, message, hint, severity in _faults(policy, step):
            yield Violation(RETRIES, (*path, *keys), f"{step.name} has a retry policy that {message}", hint, severity)


Fault = tuple[tuple[str | int, ...], str, str, str]
"""Where in a policy, what is wrong with it, what to do, and how bad it is."""

EXCEPTIONS = (
    "Step.SERVICE_FAULT", "Step.THROTTLING", "SageMaker.JOB_INTERNAL_ERROR", "SageMaker.CAPACITY_ERROR", "SageMaker.RESOURCE_LIMIT",
)  # fmt: skip
_EXAMPLE = f"ExceptionType: [{EXCEPTIONS[0]}]"


def _faults(policy: Mapping[str, Any], step: PlacedStep) -> Iterator[Fault]:
    exceptions = policy.get("ExceptionType")
    for at, name in enumerate(exceptions if isinstance(exceptions, list) else ()):
        place = ("ExceptionType", at)
        if name not in EXCEPTIONS:
            yield place, f"names {_shown(name)}, which is no exception", nearest(name, EXCEPTIONS), ERROR
        elif step.type in WITHOUT_JOBS and name.startswith("SageMaker."):
            message = f"names {name}, but a step of type {step.type} starts no SageMaker job"
            yield place, message, "keep those that begin with Step", WARNING
    if not exceptions or not isinstance(exceptions, list):
        yield (), "names no exception", f"add {_EXAMPLE}", ERROR
    if ("MaxAttempts" in policy) == ("ExpireAfterMin" in policy):
        yield (), "needs exactly one of MaxAttempts and ExpireAfterMin", "give it one of the two", ERROR
    for member, low, high in (("MaxAttempts", 1, 20), ("ExpireAfterMin", 0, 14_400), ("IntervalSeconds", 0, None)):
        value = policy.get(member)
        if value is not None and not is_reference(value) and not _is_whole(value, low, high):
            hint = f"write {low} to {high:,}" if high else f"write {low} or more"
            yield (member,), f"sets {member} to {_shown(value)}", hint, ERROR
    rate = policy.get("BackoffRate", 1)
    if not is_reference(rate) and not (isinstance(rate, (int, float)) and not isinstance(rate, bool) and rate >= 0):
        yield ("BackoffRate",), f"sets BackoffRate to {_shown(rate)}", "write a number of at least 0", ERROR


def _is_whole(value: Any, low: int, high: int | None) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and low <= value and (high is None or value <= high)


def _shown(value: Any) -> str:
    return quoted(value) if isinstance(value, str) else "a list" if isinstance(value, list) else str(value)[:60]
