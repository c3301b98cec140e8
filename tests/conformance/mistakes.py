"""Mistakes put into a definition, one at a time: a definition in; each place of each kind, and what puts the mistake there, out.

What the API requires and lists comes from botocore's model of SageMaker, read here by botocore itself.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import Any

from botocore.loaders import Loader

Path = tuple[str | int, ...]
Steps = list[tuple[Path, dict[str, Any]]]

OPERATIONS = {
    "Processing": "CreateProcessingJob", "QualityCheck": "CreateProcessingJob", "ClarifyCheck": "CreateProcessingJob",
    "Training": "CreateTrainingJob", "Tuning": "CreateHyperParameterTuningJob", "Model": "CreateModel",
    "RegisterModel": "CreateModelPackage", "Transform": "CreateTransformJob", "AutoML": "CreateAutoMLJob",
    "EndpointConfig": "CreateEndpointConfig", "Endpoint": "CreateEndpoint", "InferenceComponent": "CreateInferenceComponent",
}  # fmt: skip
_INNER = ("IfSteps", "ElseSteps", "ForEachBody")
_FUNCTIONS = {"Get", "Std:Join", "Std:JsonGet"}


@dataclass(frozen=True)
class Mistake:
    """A mistake.

    Attributes:
        kind: what is wrong.
        path: where, in the definition.
        value: what stands there instead; `GONE` for nothing.
        renamed: the key that stands there instead.
        step: the type of the step that it is in; "" outside of the steps.
    """

    kind: str
    path: Path
    value: Any = None
    renamed: str = ""
    step: str = ""

    @property
    def member(self) -> str:
        """Where it is, without the indices: the member of the step or of the definition."""
        last = max((at for at, part in enumerate(self.path) if part in {"Steps", *_INNER}), default=-1)
        return ".".join(part for part in self.path[last + 1 :] if isinstance(part, str))

    def __str__(self) -> str:
        return f"{self.kind}: {self.step} {self.member}"


GONE = object()


@contextmanager
def put_in(definition: dict[str, Any], mistake: Mistake) -> Iterator[None]:
    """The definition with a mistake, as long as the context lasts."""
    *way, key = mistake.path
    owner: Any = definition
    for part in way:
        owner = owner[part]
    before = list(owner.items()) if isinstance(owner, dict) else list(owner)
    if mistake.renamed:
        owner[mistake.renamed] = owner.pop(key)
    elif mistake.value is GONE:
        del owner[key]
    else:
        owner[key] = mistake.value
    try:
        yield
    finally:
        owner.clear()
        owner.update(before) if isinstance(owner, dict) else owner.extend(before)


def mistakes(definition: dict[str, Any]) -> Iterator[Mistake]:
    """Every mistake that can be put into a definition."""
    steps = list(_steps(definition, ()))
    for path, value, step in _everywhere(definition, dict(steps)):
        yield from _of_values(path, value, step.get("Type", ""))
    for path, step in steps:
        yield from _of_steps(path, step, steps)
        if step["Type"] in OPERATIONS:
            yield from _of_requests(step, path)


def _steps(owner: dict[str, Any], path: Path, key: str = "Steps") -> Iterator[tuple[Path, dict[str, Any]]]:
    for at, step in enumerate(owner[key]):
        here = (*path, key, at)
        yield here, step
        for inner in _INNER:
            if inner in step["Arguments"]:
                yield from _steps(step["Arguments"], (*here, "Arguments"), inner)


def _everywhere(definition: Any, owners: dict[Path, dict[str, Any]]) -> Iterator[tuple[Path, Any, dict[str, Any]]]:
    """Every value with its path, and the step that it stands in ({} for none)."""
    todo: list[tuple[Path, Any, dict[str, Any]]] = [((), definition, {})]
    while todo:
        path, value, step = todo.pop()
        step = owners.get(path, step)
        yield path, value, step
        items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
        todo += [((*path, key), item, step) for key, item in items][::-1]


def _of_values(path: Path, value: Any, step: str) -> Iterator[Mistake]:
    key, holder = path[-1] if path else "", path[-2] if len(path) > 1 else ""
    if isinstance(value, bool):
        yield Mistake("a truth value that is a text", path, "maybe", step=step)
    elif isinstance(value, (int, float)):
        yield Mistake("a number that is a text", path, "many", step=step)
    elif key == "InstanceType" and isinstance(value, str):
        yield Mistake("an instance type that is misspelt", path, f"{value[:3]}x{value[3:]}", step=step)
    elif key == "Get":
        yield from _of_references(path, value, step)
    elif holder == "DependsOn":
        misspelt = {**value, "Step": f"{value['Step']}x"} if isinstance(value, dict) else f"{value}x"
        yield Mistake("a step to wait for that is misspelt", path, misspelt, step=step)
    elif key in {"OutputName", "PropertyFileName"} and "PropertyFiles" in path:
        yield Mistake(f"{key} of a property file that is misspelt", path, f"{value}x", step=step)
    elif holder == "ExceptionType":
        yield Mistake("an exception that is misspelt", path, f"{value}x", step=step)
    elif key == "ExpireAfter":
        yield Mistake("a duration that is none", path, "soon", step=step)
    elif key == "Type" and "Conditions" in path:
        yield Mistake("a type of a condition that is misspelt", path, f"{value}x", step=step)


def _of_references(path: Path, target: str, step: str) -> Iterator[Mistake]:
    root, name, place = [*target.split(".", 2), ""][:3]
    yield Mistake("the root of a reference that is misspelt", path, f"{root}x{target.removeprefix(root)}", step=step)
    if root in {"Parameters", "Execution"}:
        yield Mistake(f"a name behind {root} that is misspelt", path, f"{target}x", step=step)
    elif root == "Steps":
        yield Mistake("a step of a reference that is misspelt", path, f"Steps.{name}x.{place}", step=step)
        yield from _of_properties(path, f"Steps.{name}", place, step)


def _of_properties(path: Path, step_of: str, place: str, step: str) -> Iterator[Mistake]:
    if place.startswith("PropertyFiles."):
        yield Mistake("a property file that is misspelt", path, f"{step_of}.{place}x", step=step)
        return
    for match in re.finditer(r"\['([^']+)'\]|\[\d+\]|\w+", place):
        kind = "a key of a property that is misspelt" if match[1] else "a member of a property that is misspelt"
        end = match.end() - 2 if match[1] else match.end()
        if not match[0].startswith("[") or match[1]:
            yield Mistake(kind, path, f"{step_of}.{place[:end]}x{place[end:]}", step=step)


def _of_steps(path: Path, step: dict[str, Any], steps: Steps) -> Iterator[Mistake]:
    kind, name = step["Type"], step["Name"]
    yield Mistake("a step without a name", (*path, "Name"), GONE, step=kind)
    yield Mistake("a step without a type", (*path, "Type"), GONE, step=kind)
    yield Mistake("a type that is misspelt", (*path, "Type"), f"{kind}x", step=kind)
    for member in step:
        yield Mistake("a member of a step that is misspelt", (*path, member), renamed=f"{member}x", step=kind)
    others = [other for _, other in steps if other is not step]
    needing = [other for other in others if _needs(other, name)]
    for other in others[:1]:
        yield Mistake("a name that another step has", (*path, "Name"), other["Name"], step=kind)
    for other in needing:
        yield Mistake("a cycle", (*path, "DependsOn"), [other["Name"]], step=kind)
    if needing:
        yield Mistake("a step that others need and that is gone", path, GONE, step=kind)


def _needs(step: dict[str, Any], name: str) -> bool:
    """Whether a step itself, not one that it holds, refers to another or waits for it."""
    own = {key: value for key, value in step["Arguments"].items() if key not in _INNER}
    waits = [entry["Step"] if isinstance(entry, dict) else entry for entry in step.get("DependsOn", ())]
    return name in waits or f'"Steps.{name}.' in json.dumps(own)


@cache
def _model() -> tuple[dict[str, Any], dict[str, Any]]:
    model = Loader().load_service_model("sagemaker", "service-2")
    return model["operations"], model["shapes"]


def _of_requests(step: dict[str, Any], path: Path) -> Iterator[Mistake]:
    """What can be wrong with a request by the model of the API."""
    operations, shapes = _model()
    kind = step["Type"]
    todo: list[tuple[Path, Any, str]] = [((*path, "Arguments"), step["Arguments"], operations[OPERATIONS[kind]]["input"]["shape"])]
    while todo:
        place, value, name = todo.pop()
        shape = shapes[name]
        if isinstance(value, dict) and len(value) == 1 and _FUNCTIONS.intersection(value):
            if shape["type"] not in {"string", "timestamp"}:
                yield Mistake("a text of the execution where none can stand", place, {"Get": "Execution.PipelineName"}, step=kind)
            continue
        yield Mistake("a value of another type", place, 7.5 if shape["type"] not in {"integer", "long"} else [], step=kind)
        if shape.get("enum"):
            yield Mistake("a value that is not listed", place, f"{value}x", step=kind)
        if shape["type"] == "structure":
            for member in value:
                yield Mistake("a member that is misspelt", (*place, member), renamed=f"{member}x", step=kind)
            for member in sorted(set(shape.get("required", ())) & value.keys()):
                yield Mistake("a required member that is gone", (*place, member), GONE, step=kind)
            todo += [((*place, member), item, shape["members"][member]["shape"]) for member, item in value.items()]
        elif shape["type"] == "list":
            todo += [((*place, at), item, shape["member"]["shape"]) for at, item in enumerate(value)]
        elif shape["type"] == "map":
            todo += [((*place, key), item, shape["value"]["shape"]) for key, item in value.items()]
