"""SMP512: documented service quotas. Each can be raised for an account, so that going over one is a warning."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from framework.checks.protected import Keys, owners
from framework.checks.shapes import Violation, path_of
from framework.checks.subject import PlacedStep, Subject
from framework.findings import WARNING, Rule

QUOTA = "SMP512"
RULES = (
    Rule(
        QUOTA,
        "More than the default quota",
        "AWS gives every account default quotas: a training job runs at most 432,000 seconds and has at most 20 instances, and "
        "at most 50 steps of an execution run at a time.",
        "Ask for a higher quota (aws service-quotas, service code sagemaker), or ask for less; where the account has a higher one, "
        "ignore the rule.",
        WARNING,
        source="developer guide, feature-store-feature-processor-quotas and build-and-manage-pipeline",
    ),
)

Path = tuple[str | int, ...]
LONGEST_TRAINING, MOST_INSTANCES, MOST_PARALLEL = 432_000, 20, 50
_SOURCE = "developer guide, feature-store-feature-processor-quotas"
_OF_TRAINING: Mapping[str, Keys] = {"Training": (), "Tuning": ("TrainingJobDefinition*",)}
"""Where the requests of step types describe training jobs."""

_ASK = "ask for a higher quota with aws service-quotas, or ask for less"


def violations(subject: Subject) -> Iterator[Violation]:
    """What goes over a default quota."""
    for step in subject.steps:
        if step.type in _OF_TRAINING:
            for job, path in owners(step, _OF_TRAINING[step.type]):
                yield from _training(step, job, path)
    parallel = subject.compiled.parallelism
    if parallel is not None and parallel > MOST_PARALLEL:
        source = "developer guide, build-and-manage-pipeline"
        message = f"{parallel} steps at a time are more than the default quota of {MOST_PARALLEL} ({source})"
        hint = f"set parallelism to {MOST_PARALLEL} at most, or ask for more"
        yield Violation(QUOTA, ("ParallelismConfiguration",), message, hint, WARNING)


def _training(step: PlacedStep, job: Mapping[str, Any], keys: Path) -> Iterator[Violation]:
    path, source = (*path_of(step.trail), *keys), f"({_SOURCE})"
    seconds = _number(job.get("StoppingCondition"), "MaxRuntimeInSeconds")
    if seconds > LONGEST_TRAINING:
        message = f"{step.name} may run {seconds:,} seconds, more than the default quota of {LONGEST_TRAINING:,} {source}"
        yield Violation(QUOTA, (*path, "StoppingCondition", "MaxRuntimeInSeconds"), message, _ASK, WARNING)
    count = _number(job.get("ResourceConfig"), "InstanceCount")
    if count > MOST_INSTANCES:
        message = f"{step.name} asks for {count} instances, more than the default quota of {MOST_INSTANCES} {source}"
        yield Violation(QUOTA, (*path, "ResourceConfig", "InstanceCount"), message, _ASK, WARNING)


def _number(owner: Any, key: str) -> int:
    value = owner.get(key) if isinstance(owner, Mapping) else None
    return value if isinstance(value, int) and not isinstance(value, bool) else 0
