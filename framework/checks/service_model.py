"""Every step's Arguments against the API: a pipeline definition in, violations out.

A step's Arguments are the request of a SageMaker operation, so the operation's input shape says what they may hold. A reference
(`Get`, `Std:Join`, `Std:JsonGet`) stands for a value known only when the pipeline runs: legal everywhere, never looked into.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from typing import Any

from framework.checks.api import OPERATIONS, PARTS, Operation, sagemaker_model
from framework.checks.botocore_model import ServiceModel
from framework.checks.shapes import Checker, Checkers, Found, Trail, Violation, missing, walk
from framework.checks.subject import PlacedStep, placed_steps

__all__ = ["OPERATIONS", "ArgumentCheck", "Operation", "Violation", "check_arguments", "default_check"]


def check_arguments(definition: Mapping[str, Any]) -> list[Violation]:
    """Check the Arguments of every step, those inside Condition and ForEach steps too.

    Args:
        definition: a pipeline definition, schema 2020-12-01, made of JSON types; what is not shaped like a step is passed over.

    Returns:
        What the API will refuse, in the order of the definition. Steps of other types (Lambda, EMR, Fail, …) are not checked.

    Raises:
        BackendError: botocore, whose model of the API is read, is missing or damaged.
    """
    return default_check().run(definition)


class ArgumentCheck:
    """The check over one model of the API; what it builds for a shape it keeps for the next definition."""

    def __init__(self, model: ServiceModel, operations: Mapping[str, Operation] = OPERATIONS) -> None:
        self._model = model
        self._operations = operations
        self._checkers = Checkers(model.shapes)
        self._roots: dict[Operation, Checker] = {}

    def run(self, definition: Mapping[str, Any]) -> list[Violation]:
        """The violations in a definition; as `check_arguments`."""
        return self.look(placed_steps(definition)).violations

    def look(self, steps: Iterable[PlacedStep]) -> Found:
        """The violations in steps, and the references whose kind the API prescribes."""
        found = Found()
        for step in steps:
            operation = self._operations.get(step.type)
            for part, request, place in _requests(step):
                walk(self._root(part), request, place, found)
            if operation and "Arguments" in step.value:
                walk(self._root(operation), step.value["Arguments"], step.at("Arguments"), found)
            elif operation:
                owner, cure = f"a step of type {step.type}", f"the request of {operation.name}"
                found.violations.append(missing(step.trail, "Arguments", owner, cure))
        return found

    def _root(self, operation: Operation) -> Checker:
        if operation not in self._roots:
            name = self._model.inputs[operation.name]
            shape = dict(self._model.shapes[name])
            shape["members"] = {member: part for member, part in shape["members"].items() if member != operation.refused}
            shape["required"] = [member for member in shape.get("required", ()) if member != operation.filled]
            self._roots[operation] = self._checkers.make(name, shape)
        return self._roots[operation]


@cache
def default_check() -> ArgumentCheck:
    """The check over the model that the installed botocore has."""
    return ArgumentCheck(sagemaker_model())


def _requests(step: PlacedStep) -> Iterator[tuple[Operation, Any, Trail]]:
    """The requests that a step's Arguments hold in lists, each with its operation and place."""
    for member, operation in PARTS.get(step.type, {}).items():
        listed = step.arguments.get(member)
        for index, request in enumerate(listed if isinstance(listed, list) else ()):
            yield operation, request, step.at("Arguments", member, index)
