"""The steps of a definition by themselves: their types and members. Rules SMP401 to SMP404 and SMP406 once more.

A newer service may have types and members that are not known here, so that only what looks like a slip is taken for one.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator

from framework.checks.api import OPERATIONS, PARTS
from framework.checks.shapes import ENUM, MISSING, SIZE, TYPE, UNKNOWN, Violation, is_reference, path_of
from framework.checks.subject import PlacedStep, Subject
from framework.pipeline.step_graph import INNER_STEPS

TYPES = frozenset({
    *OPERATIONS, *PARTS, *INNER_STEPS, "Callback", "Cleanup", "EMR", "EMRServerless", "Fail", "Job", "Lambda",
})  # fmt: skip
MEMBERS = frozenset({
    "Arguments", "CacheConfig", "CheckType", "DependsOn", "Description", "DisplayName", "FailOnViolation", "FunctionArn",
    "ModelName", "ModelPackageGroupName", "Name", "OutputParameters", "PropertyFiles", "RegisterNewBaseline", "RetryPolicies",
    "SkipCheck", "SqsQueueUrl", "SuppliedBaselineConstraints", "SuppliedBaselineStatistics", "Type",
})  # fmt: skip
"""Members that steps of the SDK have, whatever their type."""

_TRUTH_VALUES = ("FailOnViolation", "RegisterNewBaseline", "SkipCheck")
_MOST_AT_A_TIME = 50

_ALIKE = 0.8


def violations(subject: Subject) -> Iterator[Violation]:
    """What is wrong with the types and the members of the steps."""
    for step in subject.steps:
        yield from _type(step)
        for member in step.value:
            meant = _meant(str(member), MEMBERS)
            if meant and meant not in step.value:
                yield Violation(UNKNOWN, path_of(step.at(member)), f"a step has no member {member}", f"use {meant}")
        for member in _TRUTH_VALUES:
            if member in step.value and not isinstance(step.value[member], bool) and not is_reference(step.value[member]):
                message = f"{step.name}: {member} is neither true nor false"
                yield Violation(TYPE, path_of(step.at(member)), message, "write true or false, without quotes")
        if step.type == "ForEach":
            yield from _concurrency(step)


def _concurrency(step: PlacedStep) -> Iterator[Violation]:
    value = step.arguments.get("MaxConcurrency")
    if value is None or is_reference(value):
        return
    path, hint = path_of(step.at("Arguments", "MaxConcurrency")), f"write a whole number from 1 to {_MOST_AT_A_TIME}"
    if not isinstance(value, int) or isinstance(value, bool):
        yield Violation(TYPE, path, f"{step.name}: MaxConcurrency is no whole number", hint)
    elif not 1 <= value <= _MOST_AT_A_TIME:
        yield Violation(SIZE, path, f"{step.name}: MaxConcurrency is {value}, but a loop takes 1 to {_MOST_AT_A_TIME}", hint)


def _type(step: PlacedStep) -> Iterator[Violation]:
    meant = _meant(step.type, TYPES)
    if not step.type:
        yield Violation(
            MISSING, path_of(step.trail), f"{step.name} lacks Type, which every step requires", "give it one", lacks="Type"
        )
    elif meant:
        yield Violation(
            ENUM, path_of(step.at("Type")), f'{step.name} is of the type "{step.type}", which there is not', f"use {meant}"
        )


def _meant(name: str, known: Iterable[str]) -> str:
    """What is known and looks like a name that is not; "" where nothing does."""
    if name in known:
        return ""
    folded = {each.lower(): each for each in sorted(known)}
    return next((folded[near] for near in difflib.get_close_matches(name.lower(), folded, n=1, cutoff=_ALIKE)), "")
