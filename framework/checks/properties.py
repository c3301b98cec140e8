"""What a step tells when it has run: a step and a property's path in; of which kind the property is, or why there is none, out.

Most step types tell what the Describe call of their job answers; that shape comes from botocore. What the service adds, and what
step types without a job tell, is listed here as the SageMaker SDK has it (v3, the `properties` of its step classes).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from framework.checks.api import DESCRIBED, sagemaker_model
from framework.checks.botocore_model import Shape, load_model
from framework.checks.paths import Index, Key, Member, Part, parts_of, written
from framework.checks.subject import PlacedStep
from framework.findings import nearest

ANY, STRING, INTEGER, FLOAT, BOOLEAN = "any", "String", "Integer", "Float", "Boolean"
MAPPING, LIST = "mapping", "list"

_ELSEWHERE = {"EMR": ("emr", "DescribeStep", "Step"), "EMRServerless": ("emr-serverless", "GetJobRun", "")}
"""Likewise of other services: the service, the operation, and the member of its answer."""

Tree = Mapping[str, Any]
_CHECKED = {"CalculatedBaselineConstraints": STRING, "BaselineUsedForDriftCheckConstraints": STRING}
_ARNS = ("map", STRING)
OWN: Mapping[str, Tree] = {
    "Condition": {"Outcome": ANY},
    "QualityCheck": {**_CHECKED, "CalculatedBaselineStatistics": STRING, "BaselineUsedForDriftCheckStatistics": STRING},
    "ClarifyCheck": _CHECKED,
    "AutoML": {"BestCandidateProperties": {"ModelInsightsJsonReportPath": STRING, "ExplainabilityJsonReportPath": STRING}},
    "EMR": {"ClusterId": STRING, "ExecutionRoleArn": STRING, "ClusterConfig": ANY},
    "ForEach": {
        "Status": STRING, "InputItemCount": INTEGER, "TotalStepCount": INTEGER, "SucceededStepCount": INTEGER,
        "FailedStepCount": INTEGER, "StoppedStepCount": INTEGER, "IterationOutputs": ANY, "Selected": ANY,
    },
    "Lineage": {"ActionArns": _ARNS, "ArtifactArns": _ARNS, "ContextArns": _ARNS, "Associations": ANY},
    "Fail": {},
    "Cleanup": {},
}  # fmt: skip
"""What the service tells beside or instead of a job's answer, by step type."""

_KINDS = {
    "string": STRING, "timestamp": STRING, "integer": INTEGER, "long": INTEGER, "float": FLOAT, "double": FLOAT,
    "boolean": BOOLEAN, "list": LIST, "map": MAPPING, "structure": MAPPING,
}  # fmt: skip
_ECHOED = {"ProcessingInputs": "InputName", "Outputs": "OutputName", "InputDataConfig": "ChannelName"}
"""Lists of an answer that are those of the request, and the member that names their elements."""

_ECHOED_MAPS = frozenset({"Environment", "HyperParameters"})


class NoPropertyError(Exception):
    """There is no such property. `hint` says what to do, a sentence without its full stop."""

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.hint = hint


@dataclass(frozen=True, slots=True)
class _At:
    """How far a path has been followed: the parts so far, and what was asked for there (None where that is not known)."""

    so_far: tuple[Part, ...]
    request: Any = None


def kind_of(step: PlacedStep, path: str) -> str:
    """Of which kind a property of a step is: String, Integer, Float, Boolean, list, mapping, or any where that is not known.

    Raises:
        NoPropertyError: a step of this type has no such property.
        BackendError: botocore, whose model of the API is read, is missing or damaged.
    """
    parts = parts_of(path)
    if not parts:
        raise NoPropertyError(f'"{path}" is no path' if path else "it names no property", "write it as Name, ['key'] or [0]")
    if step.type in {"Lambda", "Callback"}:
        return _declared(step, parts)
    first = parts[0]
    own = OWN.get(step.type)
    if own is not None and isinstance(first, Member) and first.name in own:
        return _in_tree(own[first.name], parts, 1)
    shapes, members = _told(step.type)
    if not members and own is None:
        return ANY  # a step type that this tool does not know
    if not members and not own:
        raise NoPropertyError(f"a {step.type} step tells nothing", "look at a step before it")
    return _in_members(members, {**members, **(own or {})}, shapes, parts, step)


def _declared(step: PlacedStep, parts: Sequence[Part]) -> str:
    """The type that a step declares for one of its outputs."""
    declared = step.value.get("OutputParameters")
    named = (
        {str(each.get("OutputName")): each for each in declared if isinstance(each, Mapping)} if isinstance(declared, list) else {}
    )
    if len(parts) != 2 or parts[0] != Member("OutputParameters") or not isinstance(parts[1], Key):
        raise NoPropertyError(f"a {step.type} step tells its outputs alone", "write OutputParameters['NAME']")
    if parts[1].key not in named:
        what = f"its outputs are {', '.join(named)}" if named else "it declares no outputs"
        raise NoPropertyError(what, nearest(parts[1].key, named) or "declare it under outputs")
    kind = named[parts[1].key].get("OutputType")
    return kind if isinstance(kind, str) and kind in {STRING, INTEGER, FLOAT, BOOLEAN} else ANY


def _in_tree(tree: Any, parts: Sequence[Part], done: int) -> str:
    """The kind of what stands in a tree of our own behind the first parts."""
    rest = parts[done:]
    if tree == ANY:
        return ANY
    if isinstance(tree, tuple):
        if len(rest) == 1 and isinstance(rest[0], Key):
            return str(tree[1])
        return MAPPING if not rest else _no_such(parts, done, (), "a map")
    if isinstance(tree, str):
        return tree if not rest else _no_such(parts, done, (), "a text" if tree == STRING else "a number")
    if not rest:
        return MAPPING
    if isinstance(rest[0], Member) and rest[0].name in tree:
        return _in_tree(tree[rest[0].name], parts, done + 1)
    return _no_such(parts, done, tuple(tree), "a structure")


def _in_members(
    members: Mapping[str, str], legal: Mapping[str, Any], shapes: Mapping[str, Shape], parts: Sequence[Part], step: PlacedStep
) -> str:
    first = parts[0]
    if not isinstance(first, Member) or first.name not in members:
        return _no_such(parts, 0, tuple(legal), f"a {step.type} step")
    return _in_shape(members[first.name], shapes, parts, _request(step.arguments, first.name))


def _request(owner: Any, key: str) -> Any:
    return owner.get(key) if isinstance(owner, Mapping) else None


def _in_shape(name: str, shapes: Mapping[str, Shape], parts: Sequence[Part], request: Any) -> str:
    """The kind of what stands behind the first part, which is of the shape called `name`; `request` is what was asked for there."""
    for done in range(1, len(parts)):
        part, shape, kind = parts[done], shapes[name], shapes[name]["type"]
        if kind == "structure" and isinstance(part, Member) and part.name in shape["members"]:
            name, request = shape["members"][part.name], _request(request, part.name)
        elif kind == "map" and isinstance(part, Key):
            _check_entry(parts, done, request)
            name, request = shape["value"], None
        elif kind == "list" and not isinstance(part, Member):
            request = _element(parts, done, shape, request)
            name = shape["member"]
        else:
            return _no_such(parts, done, tuple(shape.get("members", ())), _WORDS.get(kind, "one value"))
    return _KINDS.get(shapes[name]["type"], ANY)


_WORDS = {"structure": "a structure", "map": "a map", "list": "a list"}
_HOW = {"a list": "write [0], or ['NAME'] where its elements have names", "a map": "write ['KEY']"}


def _no_such(parts: Sequence[Part], done: int, legal: Sequence[str], what: str) -> str:
    """Say that there is nothing at a part of a path, in what is a list, a map, …"""
    part = parts[done]
    owner = written(list(parts[:done])) or what
    if legal and isinstance(part, Member):
        raise NoPropertyError(
            f"{owner} has no {part.name}", nearest(part.name, legal) or f"one of {', '.join(sorted(legal)[:8])}, …"
        )
    if done:
        raise NoPropertyError(f"{owner} is {what}, which has no {written([part])}", _HOW.get(what, f"end it with {owner}"))
    raise NoPropertyError(f"{what} has no {written([part])}", "begin it with the name of a property")


def _check_entry(parts: Sequence[Part], done: int, request: Any) -> None:
    """Say that a map, which the job echoes, has no such entry."""
    map_, part = parts[done - 1], parts[done]
    echoed = isinstance(map_, Member) and map_.name in _ECHOED_MAPS and isinstance(request, Mapping) and "Get" not in request
    if echoed and isinstance(part, Key) and part.key not in request:
        hint = nearest(part.key, request) or "name one of its entries"
        raise NoPropertyError(f'{written(list(parts[:done]))} has no entry "{part.key}"', hint)


def _element(parts: Sequence[Part], done: int, shape: Shape, request: Any) -> Any:
    """What was asked for as an element of a list; None where that is not known."""
    list_, part = parts[done - 1], parts[done]
    named = _ECHOED.get(list_.name) if isinstance(list_, Member) else None
    asked = request if named and isinstance(request, list) else None
    owner = written(list(parts[:done]))
    if isinstance(part, Index):
        size = len(asked) if asked is not None else shape.get("max")
        if size is not None and part.index >= size:
            holds = "has" if asked is not None else "holds at most"
            hint = f"count from 0: at most {size - 1}" if size else "put something there first"
            raise NoPropertyError(f"{owner} {holds} {size} element{'' if size == 1 else 's'}", hint)
        return asked[part.index] if asked is not None else None
    assert isinstance(part, Key)
    if asked is None or named is None:
        return None
    names = {str(each.get(named)): each for each in asked if isinstance(each, Mapping)}
    if part.key not in names and all(isinstance(each, Mapping) and isinstance(each.get(named), str) for each in asked):
        raise NoPropertyError(f'{owner} has no element called "{part.key}"', nearest(part.key, names) or "put one out first")
    return names.get(part.key)


@cache
def _told(kind: str) -> tuple[Mapping[str, Shape], Mapping[str, str]]:
    """The shapes of a service, and by member what a step of a type tells of its job; both empty where it has none."""
    if kind in DESCRIBED:
        model = sagemaker_model()
        members: dict[str, str] = {}
        for operation in DESCRIBED[kind]:
            members |= model.shapes[model.outputs[operation]]["members"]
        return model.shapes, members
    if kind in _ELSEWHERE:
        service, operation, member = _ELSEWHERE[kind]
        model = load_model(outputs=[operation], service=service)
        shape = model.shapes[model.outputs[operation]]
        if member:
            shape = model.shapes[shape["members"][member]]
        return model.shapes, shape["members"]
    return {}, {}
