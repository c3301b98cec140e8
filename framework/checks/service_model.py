"""Every step's Arguments against the API: a pipeline definition in, violations out.

A step's Arguments are the request of a SageMaker operation, so the operation's input shape says what they may hold. A reference
(`Get`, `Std:Join`, `Std:JsonGet`) stands for a value known only when the pipeline runs: legal everywhere, never looked into.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from framework.checks.botocore_model import ServiceModel, load_model
from framework.checks.shapes import Checker, Checkers, Trail, Violation, missing, walk

__all__ = ["ArgumentCheck", "Violation", "check_arguments"]


@dataclass(frozen=True, slots=True)
class Operation:
    """What SageMaker runs for a step type.

    Attributes:
        name: the operation of the API.
        filled: the member that SageMaker fills in; it may stand in the definition as a prefix (custom job prefixes).
        refused: the member that the API has and a pipeline definition must not have.
    """

    name: str
    filled: str = ""
    refused: str = ""


_PROCESSING = Operation("CreateProcessingJob", filled="ProcessingJobName")

# Step types as in the developer guide, "build-and-manage-steps". `filled` and `refused` are what the SageMaker SDK takes out of its
# requests; of CertifyForMarketplace it says (ModelStep.arguments) that SageMaker rejects a definition that has it.
OPERATIONS: Mapping[str, Operation] = {
    "Processing": _PROCESSING,
    "QualityCheck": _PROCESSING,
    "ClarifyCheck": _PROCESSING,
    "Training": Operation("CreateTrainingJob", filled="TrainingJobName"),
    "Tuning": Operation("CreateHyperParameterTuningJob", filled="HyperParameterTuningJobName"),
    "Model": Operation("CreateModel", filled="ModelName"),
    "RegisterModel": Operation("CreateModelPackage", filled="ModelPackageName", refused="CertifyForMarketplace"),
    "Transform": Operation("CreateTransformJob", filled="TransformJobName"),
    "AutoML": Operation("CreateAutoMLJob", filled="AutoMLJobName"),
    "EndpointConfig": Operation("CreateEndpointConfig"),
    "Endpoint": Operation("CreateEndpoint"),
    "InferenceComponent": Operation("CreateInferenceComponent"),
}
PARTS: Mapping[str, Mapping[str, Operation]] = {
    "Lineage": {
        "Actions": Operation("CreateAction"),
        "Artifacts": Operation("CreateArtifact"),
        "Contexts": Operation("CreateContext"),
    },
}
"""Step types whose Arguments hold lists of requests, by member."""
_INNER_STEPS = {"Condition": ("IfSteps", "ElseSteps"), "ForEach": ("ForEachBody",)}


def check_arguments(definition: Mapping[str, Any]) -> list[Violation]:
    """Check the Arguments of every step, those inside Condition and ForEach steps too.

    Args:
        definition: a pipeline definition, schema 2020-12-01, made of JSON types; what is not shaped like a step is passed over.

    Returns:
        What the API will refuse, in the order of the definition. Steps of other types (Lambda, EMR, Fail, …) are not checked.

    Raises:
        BackendError: botocore, whose model of the API is read, is missing or damaged.
    """
    return _default_check().run(definition)


class ArgumentCheck:
    """The check over one model of the API; what it builds for a shape it keeps for the next definition."""

    def __init__(self, model: ServiceModel, operations: Mapping[str, Operation] = OPERATIONS) -> None:
        self._model = model
        self._operations = operations
        self._checkers = Checkers(model.shapes)
        self._roots: dict[Operation, Checker] = {}

    def run(self, definition: Mapping[str, Any]) -> list[Violation]:
        """The violations in a definition; as `check_arguments`."""
        found: list[Violation] = []
        for step, trail in _steps(definition):
            operation = self._operations.get(_type(step))
            for part, request, place in _requests(step, trail):
                walk(self._root(part), request, place, found)
            if operation and "Arguments" in step:
                walk(self._root(operation), step["Arguments"], (trail, "Arguments"), found)
            elif operation:
                found.append(missing(trail, "Arguments", f"a step of type {step['Type']}", f"the request of {operation.name}"))
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
def _default_check() -> ArgumentCheck:
    parts = (operation for members in PARTS.values() for operation in members.values())
    return ArgumentCheck(load_model(sorted({operation.name for operation in (*OPERATIONS.values(), *parts)})))


def _requests(step: Mapping[str, Any], trail: Trail) -> Iterator[tuple[Operation, Any, Trail]]:
    """The requests that a step's Arguments hold in lists, each with its operation and place."""
    arguments = step.get("Arguments")
    for member, operation in PARTS.get(_type(step), {}).items():
        listed = arguments.get(member) if isinstance(arguments, Mapping) else None
        for index, request in enumerate(listed if isinstance(listed, list) else ()):
            yield operation, request, (((trail, "Arguments"), member), index)


def _steps(definition: Mapping[str, Any]) -> Iterator[tuple[Mapping[str, Any], Trail]]:
    """Every step with its place, outer before inner, in the order of the definition; without recursion, however deep it is."""
    todo = _listed(definition, ("Steps",), None)
    while todo:
        step, trail = todo.pop()
        yield step, trail
        todo += _listed(step.get("Arguments"), _INNER_STEPS.get(_type(step), ()), (trail, "Arguments"))


def _listed(owner: object, keys: Iterable[str], trail: Trail) -> list[tuple[Mapping[str, Any], Trail]]:
    """The steps in these lists of `owner`, the last one first."""
    lists = [(key, owner[key]) for key in owner if key in keys] if isinstance(owner, Mapping) else []
    steps = [(step, ((trail, key), at)) for key, value in lists if isinstance(value, list) for at, step in enumerate(value)]
    return [(step, place) for step, place in reversed(steps) if isinstance(step, Mapping)]


def _type(step: Mapping[str, Any]) -> str:
    kind = step.get("Type")
    return kind if isinstance(kind, str) else ""
