"""Triggers and notifications: what is to be there and what is, as data, and what differs. Pure: nothing here talks to AWS.

In: a compiled pipeline, and what was found in the account. Out: changes, as a plan has them.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any

from framework.deploy.beside import Beside
from framework.deploy.fields import ABSENT, FieldChange, canonical, field_changes
from framework.deploy.plan import ADD, CHANGE, REMOVE, Change, Deployed
from framework.pipeline.compiled import THIS_PIPELINE, CompiledPipeline, EventRule, Schedule

TRIGGER, NOTIFICATION, BUCKET = "trigger", "notification", "bucket"
STARTING = (TRIGGER, NOTIFICATION, BUCKET)
"""The kinds of changes that are made once the pipeline is written."""

MARK = "smp:triggers"
"""The tag of a pipeline that says where its triggers and notifications lie: `SCHEDULES`, and the event buses of its rules."""

OWNER = "smp:pipeline"
"""The tag of rules and schedule groups that says whose they are."""

TARGET = "smp"
"""The id of the one target of a rule."""

TELLS, SILENT = "tells", "silent"
"""The states of a bucket: whether EventBridge is told of its objects."""

SCHEDULES = "@scheduler"
LONGEST_MARK = 256
EVERYWHERE = "@all"
"""What the mark says where the names of the buses are too long for a tag."""

Resource = tuple[str, str, str]
"""Which thing of AWS: ("schedule", its group, its name), or ("rule", its event bus, its name)."""


@dataclass(frozen=True, slots=True)
class Held:
    """A trigger or notification: what it is ("trigger" or "notification"), its name, and its state, in a form to compare."""

    what: str
    name: str
    state: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class FoundTriggers:
    """What is in the account.

    Attributes:
        held: the triggers and notifications of the pipeline, and of no other, by what they are in AWS.
        mark: the tag of the pipeline; "" for none.
        grouped: whether the pipeline's schedule group is there.
        silent: buckets that do not tell EventBridge of their objects, and are asked about.
        notes: what keeps triggers and notifications from working, and is not the pipeline's to change.
    """

    held: Mapping[Resource, Held] = field(default_factory=dict)
    mark: str = ""
    grouped: bool = False
    silent: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def wanted_triggers(compiled: CompiledPipeline) -> dict[Resource, Held]:
    """The triggers and notifications that are to be there, by what they are in AWS."""
    wanted = {resource_of(item): Held(TRIGGER, item.name, state_of(item)) for item in compiled.triggers}
    return wanted | {resource_of(item): Held(NOTIFICATION, item.name, state_of(item)) for item in compiled.notifications}


def resource_of(item: Schedule | EventRule) -> Resource:
    """What a trigger or notification is in AWS."""
    return ("schedule", item.group, item.name) if isinstance(item, Schedule) else ("rule", bus_name(item.bus), item.rule)


def bus_name(bus: str) -> str:
    """An event bus of the account by its name, however it is named."""
    return bus.rpartition(":event-bus/")[2] or bus


def state_of(item: Schedule | EventRule) -> dict[str, Any]:
    """The state that a trigger or notification is to have."""
    if isinstance(item, Schedule):
        return dict(comparable(item.request))
    return dict(comparable({**item.request, "EventBusName": bus_name(item.bus), "Target": item.target}))


def comparable(value: Any, arn: str = "") -> Any:
    """A request, or what AWS tells of it, in one form: JSON read, parameters by name, nothing for what is not said.

    Args:
        arn: the pipeline's; `THIS_PIPELINE` takes its place.
    """
    if isinstance(value, Mapping):
        return {key: _member(key, item, arn) for key, item in value.items() if item is not None}
    if isinstance(value, (list, tuple)):
        return [comparable(item, arn) for item in value]
    if isinstance(value, datetime):  # the start or the end of a schedule, which somebody else has set
        return value.astimezone(timezone.utc).isoformat()
    return THIS_PIPELINE if arn and value == arn else value


def _member(key: str, value: Any, arn: str) -> Any:
    if key in {"PipelineParameterList", "PipelineParameters"} and _are_parameters(value):
        return {str(each["Name"]): each["Value"] for each in value}
    if key in {"EventPattern", "Input"} and isinstance(value, str):
        try:
            return comparable(json.loads(value), arn)
        except ValueError:
            return value
    return comparable(value, arn)


def _are_parameters(value: Any) -> bool:
    """Whether a value is what the API takes as parameters; what somebody else wrote as the text of a call may be anything."""
    listed = isinstance(value, (list, tuple))
    return listed and all(isinstance(each, Mapping) and {"Name", "Value"} <= each.keys() for each in value)


def trigger_changes(compiled: CompiledPipeline, found: FoundTriggers) -> tuple[Change, ...]:
    """What deploying would change of triggers and notifications; equal inputs give equal changes, in the order of their names."""
    wanted = wanted_triggers(compiled)
    gone = {resource: held for resource, held in sorted(found.held.items()) if resource not in wanted}
    changes = []
    for resource, held in wanted.items():
        before = found.held.get(resource)
        if before is None:  # it may have been something else in AWS: a schedule that is now a rule, a rule on another bus
            moved = next((each for each, old in gone.items() if (old.what, old.name) == (held.what, held.name)), None)
            before = gone.pop(moved) if moved else None
        if before is None:
            changes.append(Change(ADD, held.what, held.name))
        elif fields := tuple(field_changes(before.state, held.state)):
            changes.append(Change(CHANGE, held.what, held.name, fields))
    changes += [Change(REMOVE, held.what, held.name) for held in gone.values()]
    order = (TRIGGER, NOTIFICATION)
    return (*sorted(changes, key=lambda change: (order.index(change.what), change.name)), *_buckets(compiled, found))


def _buckets(compiled: CompiledPipeline, found: FoundTriggers) -> Iterator[Change]:
    for bucket in to_configure(compiled, found):
        yield Change(CHANGE, BUCKET, bucket, (FieldChange("EventBridgeConfiguration", ABSENT, {}),))


def to_configure(compiled: CompiledPipeline, found: FoundTriggers) -> list[str]:
    """The buckets that are to tell EventBridge of their objects, and do not yet."""
    return [bucket for bucket in _buckets_asked(compiled) if bucket in found.silent]


def _buckets_asked(compiled: CompiledPipeline) -> list[str]:
    return sorted({item.bucket for item in compiled.triggers if isinstance(item, EventRule) and item.configure_bucket})


def besides(compiled: CompiledPipeline, found: FoundTriggers) -> tuple[Beside, ...]:
    """Each trigger, notification and bucket, as it was found and as it is to be."""
    return tuple(_besides(compiled, found))


def _besides(compiled: CompiledPipeline, found: FoundTriggers) -> Iterator[Beside]:
    wanted = wanted_triggers(compiled)
    for resource in sorted(wanted.keys() | found.held.keys()):
        held, kind, group, name = wanted.get(resource) or found.held[resource], *resource
        before, after = _texts(found.held.get(resource)), _texts(wanted.get(resource))
        yield Beside(held.what, held.name, f"{kind} {group}/{name}", before[0], after[0])
        if kind == "rule":
            yield Beside(held.what, held.name, f"target of {kind} {group}/{name}", before[1], after[1])
    for bucket in _buckets_asked(compiled):
        yield Beside(BUCKET, bucket, f"bucket {bucket}", SILENT if bucket in found.silent else TELLS, TELLS)


def _texts(held: Held | None) -> tuple[str, str]:
    """What a thing is; and its target by itself where it is a rule, which is made and taken away by calls of its own."""
    if held is None:
        return "", ""
    if "EventBusName" not in held.state:
        return canonical([held.what, held.name, held.state]), ""
    state = {key: value for key, value in held.state.items() if key != "Target"}
    target = held.state.get("Target")
    return canonical([held.what, held.name, state]), "" if target is None else canonical(target)


def mark_of(deployed: Deployed | None) -> str:
    """The mark of a pipeline as it is deployed; "" for none."""
    return next((tag["Value"] for tag in deployed.tags if tag["Key"] == MARK), "") if deployed else ""


def places_in(mark: str) -> frozenset[str]:
    """Where a mark says that triggers lie."""
    return frozenset(mark.split())


def places_of(resources: Mapping[Resource, Held]) -> frozenset[str]:
    """Where these triggers lie, as a mark says it."""
    return frozenset(SCHEDULES if kind == "schedule" else group for kind, group, _ in resources)


def mark_for(places: frozenset[str]) -> str:
    """The mark that says where triggers lie."""
    mark = " ".join(sorted(places))
    return mark if len(mark) <= LONGEST_MARK else EVERYWHERE
