"""The plan: what deploying a compiled pipeline would change, as data. A compiled and a deployed pipeline in, a `Plan` out.

Pure: nothing here talks to AWS, and equal inputs give equal plans. Steps are compared by name wherever they stand, also inside
the branches of a condition, so moving one without changing it is no change; what a branch holds is a field of the condition.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from framework.deploy.fields import ABSENT, FieldChange, canonical, field_changes
from framework.pipeline.compiled import CompiledPipeline

CREATE, UPDATE, UNCHANGED = "create", "update", "unchanged"
ADD, CHANGE, REMOVE = "add", "change", "remove"

BRANCHES = {"Condition": ("IfSteps", "ElseSteps"), "ForEach": ("ForEachBody",)}
"""The step types whose arguments hold whole steps, and where."""

SERVICE_TAGS = ("aws:", "sagemaker:", "smp:")
"""Keys that AWS, Studio, Projects and this tool put on a pipeline themselves: a plan never removes them."""

Items = dict[str, Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Deployed:
    """A pipeline as DescribePipeline and ListTags tell it.

    `modified` is its LastModifiedTime in ISO 8601; "" is no description or display name, None the service's own parallelism.
    """

    arn: str
    definition: Mapping[str, Any]
    role: str
    description: str
    tags: tuple[Mapping[str, str], ...]
    modified: str
    display_name: str = ""
    parallelism: int | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that would be added, changed or removed.

    Attributes:
        action: "add", "change" or "remove".
        what: "role", "description", "display name", "parallelism", "tag", "definition" (a member of its root), "parameter" or
            "step".
        name: which one.
        fields: for a change, what differs: path, value before, value after (`fields.ABSENT` where there is none).
    """

    action: str
    what: str
    name: str
    fields: tuple[FieldChange, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """The change in JSON types; a field that is absent has no `before` or no `after`."""
        fields = [
            {"path": path, **({} if old is ABSENT else {"before": old}), **({} if new is ABSENT else {"after": new})}
            for path, old, new in self.fields
        ]
        return {"action": self.action, "what": self.what, "name": self.name, "fields": fields}


@dataclass(frozen=True, slots=True)
class Plan:
    """What deploying would do to the account.

    Attributes:
        action: "create", "update" or "unchanged".
        pipeline: what the plan would deploy.
        deployed: what it was made against; None for a create. Applying the plan holds the account to it.
        changes: everything that differs; empty exactly where the pipeline is unchanged.
    """

    action: str
    pipeline: CompiledPipeline
    deployed: Deployed | None
    changes: tuple[Change, ...] = ()

    def touches(self, *whats: str) -> bool:
        """Whether any change is to one of these kinds of things."""
        return any(change.what in whats for change in self.changes)

    def to_json(self) -> dict[str, Any]:
        """The plan in JSON types, for machines; uploads and the definition appear by their digests."""
        pipeline = self.pipeline
        return {
            "action": self.action,
            "pipeline": pipeline.name,
            "arn": self.deployed.arn if self.deployed else None,
            "modified": self.deployed.modified if self.deployed else None,
            "role": pipeline.role,
            "description": pipeline.description,
            "displayName": pipeline.display_name,
            "parallelism": pipeline.parallelism,
            "tags": {tag["Key"]: tag["Value"] for tag in pipeline.tags},
            "definition": hashlib.sha256(pipeline.definition_body().encode()).hexdigest(),
            "uploads": [{"uri": up.uri, "sha256": up.sha256, "bytes": len(up.content)} for up in pipeline.uploads],
            "changes": [change.to_json() for change in self.changes],
        }


def diff(pipeline: CompiledPipeline, deployed: Deployed | None) -> Plan:
    """What must change in the account for `pipeline` to be deployed.

    Args:
        pipeline: what should be there. None (description, display name, parallelism) and "" (role) leave those as deployed.
        deployed: what is there; None when the pipeline does not exist.

    Returns:
        The plan; its changes come in a fixed order: role, description, display name, parallelism, tags, root of the definition,
        parameters, steps.
    """
    changes = tuple(_changes(pipeline, deployed))
    if deployed is None:
        return Plan(CREATE, pipeline, None, changes)
    return Plan(UPDATE if changes else UNCHANGED, pipeline, deployed, changes)


def _changes(pipeline: CompiledPipeline, deployed: Deployed | None) -> Iterator[Change]:
    new = json.loads(pipeline.definition_body())
    # Against nothing at all, Version and Metadata would be listed as news in every create.
    old = deployed or Deployed("", _root(new), "", "", (), "")
    yield from _compare("role", _text("RoleArn", old.role), _text("RoleArn", pipeline.role or old.role))
    description = old.description if pipeline.description is None else pipeline.description
    yield from _compare("description", _text("Description", old.description), _text("Description", description))
    name = old.display_name if pipeline.display_name is None else pipeline.display_name
    yield from _compare("display name", _text("DisplayName", old.display_name), _text("DisplayName", name))
    parallelism = old.parallelism if pipeline.parallelism is None else pipeline.parallelism
    yield from _compare("parallelism", _number(old.parallelism), _number(parallelism))
    yield from _compare("tag", *_tags(old.tags, pipeline.tags))
    yield from _compare("definition", _roots(old.definition), _roots(new))
    yield from _compare("parameter", _named(_list(old.definition, "Parameters")), _named(_list(new, "Parameters")))
    yield from _compare("step", _steps(old.definition), _steps(new))


def _compare(what: str, before: Items, after: Items) -> Iterator[Change]:
    for name, value in after.items():
        if name not in before:
            yield Change(ADD, what, name)
        elif fields := tuple(field_changes(before[name], value)):
            yield Change(CHANGE, what, name, fields)
    yield from (Change(REMOVE, what, name) for name in before if name not in after)


def _text(name: str, value: str) -> Items:
    return {name: {name: value}} if value else {}


def _number(value: int | None) -> Items:
    return {"MaxParallelExecutionSteps": {"MaxParallelExecutionSteps": value}} if value else {}


def _tags(before: Iterable[Mapping[str, str]], after: Iterable[Mapping[str, str]]) -> tuple[Items, Items]:
    wanted = _tag_items(after)
    found = {key: tag for key, tag in _tag_items(before).items() if key in wanted or not key.startswith(SERVICE_TAGS)}
    return found, wanted


def _tag_items(tags: Iterable[Mapping[str, str]]) -> Items:
    values = {tag["Key"]: {"Value": tag["Value"]} for tag in tags}
    return dict(sorted(values.items()))


def _root(definition: Mapping[str, Any]) -> dict[str, Any]:
    lists = [key for key in ("Parameters", "Steps") if isinstance(definition.get(key), list)]
    return {key: value for key, value in definition.items() if key not in lists}


def _roots(definition: Mapping[str, Any]) -> Items:
    return {key: {key: value} for key, value in sorted(_root(definition).items())}


def _list(holder: Mapping[str, Any], key: str) -> list[Any]:
    found = holder.get(key)
    return found if isinstance(found, list) else []


def _named(elements: Iterable[Any]) -> Items:
    """The elements by name, in their order; of two that share a name, the second is called `name#2`."""
    items: Items = {}
    for element in elements:
        value = element if isinstance(element, Mapping) else {"": element}
        name = label = str(value.get("Name", ""))
        number = 1
        while label in items:
            number += 1
            label = f"{name}#{number}"
        items[label] = value
    return items


def _steps(definition: Mapping[str, Any]) -> Items:
    return _named(_flat(_list(definition, "Steps")))


def _flat(steps: Iterable[Any]) -> Iterator[Any]:
    """Each step, its branches replaced by the names in them, followed by the steps of those branches."""
    for step in steps:
        inner = _branches(step)
        names = {key: sorted(_named(branch)) for key, branch in inner.items()}
        yield _unordered({**step, "Arguments": {**step["Arguments"], **names}} if names else step)
        for branch in inner.values():
            yield from _flat(branch)


def _branches(step: Any) -> dict[str, list[Any]]:
    arguments = step.get("Arguments") if isinstance(step, Mapping) else None
    if not isinstance(arguments, Mapping):
        return {}
    keys = BRANCHES.get(str(step.get("Type")), ())
    return {key: arguments[key] for key in keys if isinstance(arguments.get(key), list)}


def _unordered(step: Any) -> Any:
    """The step with its DependsOn sorted: it is a set."""
    if isinstance(step, Mapping) and isinstance(step.get("DependsOn"), list):
        return {**step, "DependsOn": sorted(step["DependsOn"], key=canonical)}
    return step
