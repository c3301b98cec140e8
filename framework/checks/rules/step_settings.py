"""SMP505, SMP506: cache settings and retry policies in the definition that a step type does not take, or that say nothing legal."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from framework.checks.shapes import Violation, path_of
from framework.checks.subject import PlacedStep, Subject
from framework.findings import ERROR, WARNING, Rule, nearest
from framework.pipeline.definition import CACHEABLE

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

EXCEPTIONS = (
    "Step.SERVICE_FAULT", "Step.THROTTLING", "SageMaker.JOB_INTERNAL_ERROR", "SageMaker.CAPACITY_ERROR", "SageMaker.RESOURCE_LIMIT",
)  # fmt: skip
RETRIED = frozenset(
    {"AutoML", "EMRServerless", "EndpointConfig", "Model", "Processing", "RegisterModel", "Training", "Transform", "Tuning"}
)
"""Step types that the SDK lets have retry policies."""

NEVER_RETRIED = frozenset({
    "Callback", "ClarifyCheck", "Cleanup", "Condition", "EMR", "Endpoint", "Fail", "ForEach", "InferenceComponent",
    "Lambda", "Lineage",    "QualityCheck",
})  # fmt: skip
_DURATION = re.compile(r"P?(?=[0-9T])(?:[0-9]+[YyMmWwDd])*(?:T(?=[0-9])(?:[0-9]+[HhMmSs])*)?\Z")


def violations(subject: Subject) -> Iterator[Violation]:
    """What is wrong with caching and retries."""
    for step in subject.steps:
        yield from _caching(step)
        yield from _retries(step)


def _caching(step: PlacedStep) -> Iterator[Violation]:
    given = step.value.get("CacheConfig")
    if given is None or not step.type:
        return
    path = path_of(step.at("CacheConfig"))
    enabled = isinstance(given, Mapping) and given.get("Enabled") is True
    if enabled and step.type not in CACHEABLE:
        yield Violation(CACHE, path, f"{step.name} cannot be cached: the service caches no {step.type} step", "remove it", WARNING)
    after = given.get("ExpireAfter") if isinstance(given, Mapping) else None
    if after is not None and not (isinstance(after, str) and _DURATION.match(after)):
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
        for message, hint in _faults(policy if isinstance(policy, Mapping) else {}, step):
            yield Violation(RETRIES, path, f"a retry policy of {step.name} {message}", hint)


def _faults(policy: Mapping[str, Any], step: PlacedStep) -> Iterator[tuple[str, str]]:
    exceptions = policy.get("ExceptionType")
    for name in exceptions if isinstance(exceptions, list) else ():
        if name not in EXCEPTIONS:
            yield f"names {_shown(name)}, which is no exception", nearest(name, EXCEPTIONS)
        elif step.type in {"Model", "RegisterModel"} and name.startswith("SageMaker."):
            yield f"names {name}, but a {step.type} step starts no job", "keep those that begin with Step"
    if not exceptions or not isinstance(exceptions, list):
        yield "names no exception", f"add ExceptionType: [{EXCEPTIONS[0]}]"
    if ("MaxAttempts" in policy) == ("ExpireAfterMin" in policy):
        yield "needs exactly one of MaxAttempts and ExpireAfterMin", "give it one of the two"
    for member, low, high in (("MaxAttempts", 1, 20), ("ExpireAfterMin", 0, 14_400)):
        value = policy.get(member)
        if value is not None and not (isinstance(value, int) and not isinstance(value, bool) and low <= value <= high):
            yield f"has {member} {_shown(value)}", f"write {low} to {high}"


def _shown(value: Any) -> str:
    return f'"{value[:60]}"' if isinstance(value, str) else "a list" if isinstance(value, list) else str(value)[:60]
