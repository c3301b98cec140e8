"""botocore's shapes as law: values in, every way in which they break their shape out; and the values to and from JSON.

botocore's own validator asks of a request only what it needs to send it. This one holds requests and answers to all that the model
says: required and unknown members, types, enums, patterns, lengths and ranges.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator, Mapping
from datetime import datetime, timezone
from typing import Any

from botocore.loaders import Loader
from botocore.model import ServiceModel, Shape

TYPES: Mapping[str, tuple[type, ...]] = {
    "structure": (dict,),
    "list": (list, tuple),
    "map": (dict,),
    "string": (str,),
    "integer": (int,),
    "long": (int,),
    "float": (int, float),
    "double": (int, float),
    "boolean": (bool,),
    "timestamp": (datetime,),
    "blob": (bytes,),
}
SIZED = ("string", "list", "map", "blob")


@functools.cache
def model(service: str) -> ServiceModel:
    return ServiceModel(Loader().load_service_model(service, "service-2"), service_name=service)


def problems(value: Any, shape: Shape, path: str = "") -> Iterator[str]:
    """What is wrong with a value; nothing for one that fits."""
    kind = shape.type_name
    if not isinstance(value, TYPES[kind]) or (isinstance(value, bool) and kind != "boolean"):
        yield f"{path or shape.name} is {type(value).__name__}, not {kind}"
        return
    yield from _limits(value, shape, path or shape.name)
    if kind == "structure":
        yield from _members(value, shape, path)
    elif kind == "list":
        for index, item in enumerate(value):
            yield from problems(item, shape.member, f"{path}[{index}]")
    elif kind == "map":
        for key, item in value.items():
            yield from problems(key, shape.key, f"{path} (key)")
            yield from problems(item, shape.value, f"{path}.{key}")


def _members(value: Mapping[str, Any], shape: Any, path: str) -> Iterator[str]:
    prefix = f"{path}." if path else ""
    yield from (f"{prefix}{name} is missing" for name in shape.required_members if value.get(name) is None)
    for name, item in value.items():
        if name not in shape.members:
            yield f"{prefix}{name} is no member of {shape.name}"
        elif item is not None:
            yield from problems(item, shape.members[name], f"{prefix}{name}")


def _limits(value: Any, shape: Shape, path: str) -> Iterator[str]:
    about = shape.metadata
    if about.get("enum") and value not in about["enum"]:
        yield f"{path} is {value!r}, not one of {', '.join(about['enum'])}"
    pattern = about.get("pattern")
    if pattern and "\\p{" not in pattern and isinstance(value, str) and not re.fullmatch(pattern, value):
        yield f"{path} does not match {pattern}: {value[:80]!r}"
    if shape.type_name not in (*SIZED, "integer", "long", "float", "double"):
        return
    size = len(value) if shape.type_name in SIZED else value
    if size < about.get("min", size):
        yield f"{path} is below its minimum {about['min']}: {size}"
    if size > about.get("max", size):
        yield f"{path} is above its maximum {about['max']}: {size}"


def from_json(value: Any, shape: Shape) -> Any:
    """A value as JSON brings it, timestamps as moments; what does not fit is left as it is."""
    kind = shape.type_name
    if kind == "timestamp" and isinstance(value, (int, float)) and not isinstance(value, bool):
        return datetime.fromtimestamp(value, timezone.utc)
    if kind == "structure" and isinstance(value, dict):
        return {key: from_json(item, shape.members[key]) if key in shape.members else item for key, item in value.items()}
    if kind == "list" and isinstance(value, list):
        return [from_json(item, shape.member) for item in value]
    if kind == "map" and isinstance(value, dict):
        return {key: from_json(item, shape.value) for key, item in value.items()}
    return value


def to_json(value: Any) -> Any:
    """The same value as JSON holds it: a moment is the seconds since 1970."""
    if isinstance(value, datetime):
        return value.timestamp()
    if isinstance(value, Mapping):
        return {key: to_json(item) for key, item in value.items() if item is not None}
    if isinstance(value, (list, tuple)):
        return [to_json(item) for item in value]
    return value
