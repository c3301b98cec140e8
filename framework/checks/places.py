"""Where the configuration says what the definition holds: a path of the definition in, the place of the line that caused it out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

from framework.config.model import CUSTOM, RAW
from framework.config.values import place_at
from framework.findings import Place
from framework.pipeline.build import Pipeline
from framework.steps.base import Step

Path = Sequence[str | int]

_ON_THE_STEP = {
    "CacheConfig": ("cache_expire_after", "enable_cache"),
    "RetryPolicies": ("retry_policies",),
    "DependsOn": ("depends_on",),
    "DisplayName": ("display_name",),
    "Description": ("description",),
    "PropertyFiles": ("property_files",),
    "OutputParameters": ("outputs",),
}
"""For members of a step beside its arguments, the keys of the configuration that make them, the one that tells most first."""


def place_of(path: Path, definition: Mapping[str, Any], pipeline: Pipeline) -> Place:
    """Where the configuration caused what stands at a path of the definition that the pipeline compiled to."""
    if path[:1] == ("Parameters",) and len(path) > 1:
        return _of_parameter(cast(int, path[1]), pipeline)
    name, rest = innermost(path, definition, pipeline.steps)
    if name not in pipeline.steps:
        return pipeline.settings.place
    step = pipeline.steps[name]
    if rest[:1] == ["Arguments"]:
        return step.origin(rest[1:])
    if rest[:1] == ["DependsOn"] and len(rest) > 1:
        return _of_dependency(name, rest[1], pipeline)
    return _beside(step, rest)


def innermost(path: Path, definition: Mapping[str, Any], steps: Mapping[str, Step]) -> tuple[str, list[str | int]]:
    """The name of the innermost step of ours that a path leads into ("" for none), and the rest of the path in it.

    What a Raw or a Custom step holds are no steps of ours, whatever they are called: the configuration does not have them.
    """
    name, rest, value = "", list(path), cast(Any, definition)
    for position, part in enumerate(path):
        value = _child(value, part)
        ours = isinstance(value, dict) and "Type" in value and value.get("Name") in steps
        if ours and isinstance(part, int) and not (name and steps[name].spec.step_class in {RAW, CUSTOM}):
            name, rest = value["Name"], list(path[position + 1 :])
    return name, rest


def _child(value: Any, part: str | int) -> Any:
    """What stands under a key or an index; None where nothing does."""
    if isinstance(value, dict):
        return value.get(part)
    return value[part] if isinstance(value, list) and isinstance(part, int) and part < len(value) else None


def _of_parameter(index: int, pipeline: Pipeline) -> Place:
    declared = pipeline.settings.parameters
    return declared[index].place if index < len(declared) else pipeline.settings.place


def _of_dependency(name: str, entry: str | int, pipeline: Pipeline) -> Place:
    """Where it was written that a step waits for another: an entry of DependsOn, or the other's name."""
    edges = pipeline.nesting.depends_on.get(name, ())
    named = [edge.place for number, edge in enumerate(edges) if entry in (number, edge.upstream)]
    return named[0] if named and named[0].file else pipeline.steps[name].spec.config.place


def _beside(step: Step, rest: list[str | int]) -> Place:
    """The place of what a step has beside its arguments: on the step, in its section, or the step itself."""
    member = rest[0] if rest else ""
    indices = [part for part in rest[1:] if isinstance(part, int)][:1]
    for key in _ON_THE_STEP.get(str(member), ()):
        if key in step.given:
            return place_at(step.spec.config.values, (key, *indices))
        if step.spec.values.get(key):
            return step.spec.place_of(key, *indices)
    raw = step.spec.values.get("members")
    if isinstance(raw, dict) and member in raw:
        return step.spec.place_of("members", *rest)
    return step.spec.config.place
