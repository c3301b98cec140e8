"""Where the configuration says what the definition holds: a path of the definition in, the place of the line that caused it out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

from framework.checks.subject import JOIN
from framework.config.model import CUSTOM, RAW, TUNING
from framework.config.values import Map, Seq, place_at
from framework.findings import NOWHERE, Place
from framework.pipeline.build import Pipeline
from framework.steps.base import Step, as_json, snake

Path = Sequence[str | int]
Keys = tuple[str, ...]

_ON_THE_STEP = {
    "CacheConfig": ("cache_expire_after", "enable_cache"),
    "RetryPolicies": ("retry_policies",),
    "DependsOn": ("depends_on",),
    "DisplayName": ("display_name",),
    "Description": ("description",),
    "PropertyFiles": ("property_files",),
    "OutputParameters": ("outputs",),
    "Type": ("type",),
    "ModelPackageGroupName": ("model_package_group",),
}
"""For members of a step beside its arguments, the keys of the configuration that make them, the one that tells most first.
The others are called as their keys: FunctionArn as function_arn."""

_OF_PIPELINES: Mapping[str, Keys] = {
    "Bucket": ("s3Bucket",),
    "PipelineName": ("sagemakerPipeline", "pipelineName"),
    "ParallelismConfiguration": ("sagemakerPipeline", "parallelism"),
    "Tags": ("sagemakerPipeline", "tags"),
    "Region": ("region",),
    "RoleArn": ("sagemakerNetworkSecurity", "role"),
}
"""For what is sent beside the definition, as CreatePipeline calls it, the keys below `conf` that set it."""

_OF_PARAMETERS = {"DefaultValue": "default", "EnumValues": "enum", "Type": "type"}
"""For members of a parameter, the keys that set them."""

_FOR_ALL: Mapping[str, Keys] = {
    "Subnets": ("sagemakerNetworkSecurity", "subnets"),
    "SecurityGroupIds": ("sagemakerNetworkSecurity", "security_groups_id"),
    "KmsKeyId": ("sagemakerNetworkSecurity", "kms_key"),
    "VolumeKmsKeyId": ("sagemakerNetworkSecurity", "kms_key"),
    "RoleArn": ("sagemakerNetworkSecurity", "role"),
    "ExecutionRoleArn": ("sagemakerNetworkSecurity", "role"),
    "executionRoleArn": ("sagemakerNetworkSecurity", "role"),
}
"""For members that every job gets from the framework configuration, the keys below `conf` that set them."""


def place_of(path: Path, definition: Mapping[str, Any], pipeline: Pipeline, lacks: str = "") -> Place:
    """Where the configuration caused what stands at a path of the definition that the pipeline compiled to.

    Args:
        path: keys and indices from the root of the definition; what is sent beside it is called as `_OF_PIPELINES` does.
        lacks: the member that is missing there, if one is; `arguments` may have taken it away.
    """
    if path[:1] == ("Parameters",) and len(path) > 1:
        return _of_parameter(cast(int, path[1]), path[2:], pipeline)
    if len(path) == 1 and path[0] in _OF_PIPELINES:
        return _configured(_OF_PIPELINES[str(path[0])], pipeline) or pipeline.settings.place
    name, rest = innermost(path, definition, pipeline.steps)
    if name not in pipeline.steps:
        return pipeline.settings.place
    step = pipeline.steps[name]
    if rest[:1] == ["Arguments"]:
        return _of_argument(step, rest[1:], path, definition, pipeline, lacks)
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
        found = value.get("Name") if isinstance(value, dict) and "Type" in value and isinstance(part, int) else None
        if isinstance(found, str) and found in steps and not (name and steps[name].spec.step_class in {RAW, CUSTOM}):
            name, rest = found, list(path[position + 1 :])
    return name, rest


def _child(value: Any, part: str | int) -> Any:
    """What stands under a key or an index; None where nothing does."""
    if isinstance(value, dict):
        return value.get(part)
    return value[part] if isinstance(value, list) and isinstance(part, int) and part < len(value) else None


def _configured(path: Path, pipeline: Pipeline) -> Place | None:
    """Where the value at a path below `conf` was written; None where no file has it."""
    values = pipeline.config.values
    place = place_at(values, path) if _value(values, path) is not None else NOWHERE
    return place if place.file else None


def _of_parameter(index: int, rest: Path, pipeline: Pipeline) -> Place:
    declared = pipeline.settings.parameters
    if index >= len(declared):
        return pipeline.settings.place  # one that holds the version of a registered model
    parameter, key = declared[index], _OF_PARAMETERS.get(str(rest[0])) if rest else None
    path = ("sagemakerPipeline", "parameters", parameter.name, key or "", *rest[1:])
    return (_configured(path, pipeline) if key else None) or parameter.place


def _of_argument(step: Step, rest: Path, path: Path, definition: Mapping[str, Any], pipeline: Pipeline, lacks: str) -> Place:
    """The place of what stands in a step's arguments: in `arguments`, in its section, or in the framework configuration."""
    if not rest and step.spec.step_class == RAW:
        return step.spec.place_of("arguments")
    given = [(step.spec.values.get("arguments"), rest)]
    if step.spec.step_class == TUNING and rest:
        given.append((_value(step.spec.values, ("train", "arguments")), rest[1:]))
    for arguments, inside in given:
        holder = _value(arguments, inside)
        if lacks and isinstance(holder, dict) and lacks in holder:
            return place_at(arguments, (*inside, lacks), key=True)
        if holder is not None and inside:
            return place_at(arguments, inside)
    place = _of_tag(step, rest, path, definition, pipeline) if rest[:1] == ["Tags"] else None
    place = place or _of_all(step, rest, _value(definition, path), pipeline)
    keys = step.configured(rest)
    if place is None and keys:
        wanted = _value(definition, path[: path.index(JOIN)] if JOIN in path else path)
        place = _same(_value(step.spec.values, keys), wanted)
    return place or step.origin(rest)


def _same(tree: Any, wanted: Any) -> Place | None:
    """Where a text stands in what was written for a part of the arguments: as a value or, if nowhere, as a key."""
    if not isinstance(wanted, (str, dict)):
        return None
    keyed, todo = None, [tree]
    while todo:
        holder = todo.pop()
        entries: list[Any] = list(
            holder.items() if isinstance(holder, Map) else enumerate(holder) if isinstance(holder, Seq) else ()
        )
        for key, value in entries:
            if not isinstance(value, (Map, Seq)) and as_json(value) == wanted:
                return place_at(holder, (key,))
            if keyed is None and key == wanted:
                keyed = place_at(holder, (str(key),), key=True)
        todo += [value for _, value in entries][::-1]
    return keyed


def _of_tag(step: Step, rest: Path, path: Path, definition: Mapping[str, Any], pipeline: Pipeline) -> Place | None:
    """The place of a tag, which may be the pipeline's; lists of tags are joined by their keys."""
    key = _value(definition, (*path[: len(path) - len(rest) + 2], "Key"))
    own, inherited = step.spec.values.get("tags"), _value(pipeline.config.values, ("sagemakerPipeline", "tags"))
    for tags in (own, inherited):
        for index, tag in enumerate(tags if isinstance(tags, list) else ()):
            if isinstance(tag, dict) and tag.get("Key") == key:
                return place_at(tags, (index, *rest[2:]))
    return None


def _of_all(step: Step, rest: Path, value: Any, pipeline: Pipeline) -> Place | None:
    """The place of a value that every job gets from the framework configuration; of a role also where the step sets its own."""
    for at, part in enumerate(rest):
        if part in _FOR_ALL:
            if _FOR_ALL[str(part)][-1] == "role" and "role" in step.given:
                return place_at(step.spec.config.values, ("role",))
            keys = (*_FOR_ALL[str(part)], *rest[at + 1 :])
            return _configured(keys, pipeline) if _value(pipeline.config.values, keys) == value else None
    return None


def _value(tree: Any, path: Path) -> Any:
    """What stands at a path; None where nothing does."""
    for part in path:
        tree = _child(tree, part)
    return tree


def _of_dependency(name: str, entry: str | int, pipeline: Pipeline) -> Place:
    """Where it was written that a step waits for another: an entry of DependsOn, or the other's name."""
    edges = pipeline.nesting.depends_on.get(name, ())
    named = [edge.place for number, edge in enumerate(edges) if entry in (number, edge.upstream)]
    return named[0] if named and named[0].file else pipeline.steps[name].spec.config.place


def _beside(step: Step, rest: list[str | int]) -> Place:
    """The place of what a step has beside its arguments: on the step, in its section, or the step itself."""
    member = rest[0] if rest else ""
    raw = step.spec.values.get("members")
    if isinstance(raw, dict) and member in raw:
        return step.spec.place_of("members", *rest)
    indices = [part for part in rest[1:] if isinstance(part, int)][:1]
    for key in (*_ON_THE_STEP.get(str(member), ()), snake(str(member))):
        if key in step.given:
            return place_at(step.spec.config.values, (key, *indices))
        if step.spec.values.get(key):
            return step.spec.place_of(key, *indices)
    return step.spec.config.place
