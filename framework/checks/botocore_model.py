"""The shapes of SageMaker's API as botocore ships them: the JSON file in, the few shapes that are needed out.

botocore itself is not imported, which would cost 90 ms and brings nothing here: its model is a file in its `data` folder.
"""

from __future__ import annotations

import gzip
import json
import re
import warnings
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from framework.errors import BackendError

Shape = dict[str, Any]

_SECRET = ("EnvironmentValue", "HyperParameterValue")
"""Shapes whose values users keep secrets in, against all advice: no message shows one."""

_KEPT = ("type", "members", "member", "key", "value", "required", "enum", "pattern", "min", "max", "sensitive")
_WHAT = "Reading botocore's model of SageMaker"
_CURE = 'install it again: pip install --force-reinstall "boto3>=1.42,<2"'

# Java's character properties, each with all its characters and, beyond ASCII, more: a check may miss a fault, never invent one.
_BEYOND_ASCII = "\xa0-\U0010ffff"
_PROPERTIES = {
    "Alnum": "a-zA-Z0-9",
    "Alpha": "a-zA-Z",
    "Digit": "0-9",
    "L": "a-zA-Z" + _BEYOND_ASCII,
    "M": _BEYOND_ASCII,
    "N": "0-9" + _BEYOND_ASCII,
    "P": r"!-#%-*,-/:;?@\[-\]_{}" + _BEYOND_ASCII,
    "S": r"$+<=>\^`|~" + _BEYOND_ASCII,
    "Z": " " + _BEYOND_ASCII,
}
_CHARACTER_CLASS = re.compile(r"\[\^?(?:\\.|[^\]\\])+\]")
_PROPERTY = re.compile(r"\\p\{(\w+)\}")
_NESTED_CLASS = re.compile(
    r"(?<!\\)\[(?:\\.|[^\]\\])*(?<!\\)\[|&&"
)  # a union or an intersection to Java, plain characters to Python


@dataclass(frozen=True, slots=True)
class ServiceModel:
    """What the checks know of an API: the name of the input or output shape by operation, and every shape reachable from those."""

    inputs: Mapping[str, str]
    outputs: Mapping[str, str]
    shapes: Mapping[str, Shape]


def load_model(
    inputs: Iterable[str] = (), outputs: Iterable[str] = (), data: Path | None = None, service: str = "sagemaker"
) -> ServiceModel:
    """Read the shapes that some operations of a service take or answer.

    Args:
        inputs: operations whose requests are wanted, as in "CreateTrainingJob".
        outputs: operations whose answers are wanted, as in "DescribeTrainingJob".
        data: botocore's data folder; found beside this tool when not given.
        service: as botocore calls it.

    Raises:
        BackendError: botocore is not installed, its model of the service is damaged, or it lacks one of the operations.
    """
    file = _model_file(data or _data_folder("botocore"), service)
    try:
        model = json.loads(gzip.decompress(file.read_bytes()) if file.suffix == ".gz" else file.read_bytes())
        taken = {operation: str(model["operations"][operation]["input"]["shape"]) for operation in inputs}
        answered = {operation: str(model["operations"][operation]["output"]["shape"]) for operation in outputs}
        return ServiceModel(taken, answered, _reachable(model["shapes"], [*taken.values(), *answered.values()]))
    except KeyError as error:
        raise BackendError(_WHAT, f"it has no {error.args[0]}", _CURE) from error
    except (OSError, EOFError, ValueError, TypeError, zlib.error) as error:
        raise BackendError(_WHAT, f"{file.name} is damaged ({error})", _CURE) from error


def compile_pattern(java: str) -> re.Pattern[str] | None:
    """The Python form of a Java regular expression, to be matched in full; None where Python cannot read it, or not for certain."""
    if _NESTED_CLASS.search(java):
        return None
    python = _CHARACTER_CLASS.sub(lambda found: _PROPERTY.sub(_characters, found[0]), java)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # what Python may read otherwise one day, it warns of
            return re.compile(python, re.ASCII)  # \d, \w and \s are ASCII in Java
    except (re.error, Warning, OverflowError, RecursionError):
        return None


def _characters(found: re.Match[str]) -> str:
    return _PROPERTIES.get(found[1], found[0])


def _data_folder(package: str) -> Path:
    spec = find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise BackendError(_WHAT, f"{package} is not installed", 'pip install "boto3>=1.42,<2"')
    return Path(spec.submodule_search_locations[0]) / "data"


def _model_file(data: Path, service: str) -> Path:
    versions = sorted((data / service).glob("*/service-2.json*"), reverse=True)
    if not versions:
        raise BackendError(_WHAT, "botocore's data folder holds none", _CURE)
    return versions[0]


def _reachable(shapes: Mapping[str, Shape], roots: Iterable[str]) -> dict[str, Shape]:
    found: dict[str, Shape] = {}
    todo = list(roots)
    while todo:
        name = todo.pop()
        if name not in found:
            found[name] = {**_slim(shapes[name]), **({"sensitive": True} if name.endswith(_SECRET) else {})}
            todo += _parts(found[name])
    return found


def _slim(shape: Shape) -> Shape:
    """The shape without its documentation; what it refers to, by name."""
    slim = {key: shape[key] for key in _KEPT if key in shape}
    if "members" in slim:
        slim["members"] = {name: member["shape"] for name, member in slim["members"].items()}
    for part in {"member", "key", "value"} & slim.keys():
        slim[part] = slim[part]["shape"]
    return slim


def _parts(shape: Shape) -> list[str]:
    return [*shape.get("members", {}).values(), *(shape[part] for part in ("member", "key", "value") if part in shape)]
