"""The plan: what deploying a compiled pipeline would change, as data. A compiled and a deployed pipeline in, a `Plan` out.

Pure: nothing here talks to AWS, and equal inputs give equal plans. Steps are compared by name wherever they stand, also inside
of conditions and loops; one that stands elsewhere is moved, one that has another name is removed and added, and is said to be so.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from framework.deploy.beside import Beside
from framework.deploy.elements import Element, Elements, parameters, renamed, root_of, roots, steps
from framework.deploy.fields import ABSENT, FieldChange, Keys, below, field_changes, place_data
from framework.deploy.reuse import NextRun, next_run
from framework.findings import NOWHERE, Place
from framework.pipeline.compiled import CompiledPipeline, Upload

CREATE, UPDATE, UNCHANGED = "create", "update", "unchanged"
ADD, CHANGE, MOVE, REMOVE = "add", "change", "move", "remove"

SERVICE_TAGS = ("aws:", "sagemaker:", "smp:")
"""Keys that AWS, Studio, Projects and this tool put on a pipeline themselves: a plan never removes them."""

SWITCHES: Mapping[str, Keys] = {"CacheConfig": ("Enabled",)}
"""What goes away because a line says so, not because a line is gone; and what that line sets."""

MARK = "smp:deployed"
"""The tag in which this tool remembers what it deployed; none of the tags that a plan is about."""

Where = Callable[[str, str, Keys], Place]
"""The line of the configuration that is behind a thing: its kind and name as in a `Change`, and keys of the definition."""


@dataclass(frozen=True, slots=True)
class Deployed:
    """A pipeline as DescribePipeline and ListTags tell it.

    `modified` is its LastModifiedTime in ISO 8601; "" is no description or display name, None the service's own parallelism.
    `mark` is the tag in which this tool remembers what it deployed (`mark.py`), which is none of the `tags`.
    """

    arn: str
    definition: Mapping[str, Any]
    role: str
    description: str
    tags: tuple[Mapping[str, str], ...]
    modified: str
    display_name: str = ""
    parallelism: int | None = None
    mark: str = ""


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that would be added, changed, moved or removed.

    Attributes:
        action: "add", "change", "move" (a step that stands elsewhere and is otherwise as it was) or "remove".
        what: "role", "description", "display name", "parallelism", "tag", "definition" (a member of its root), "parameter",
            "step", "model package group", "trigger", "notification" or "bucket" (what it tells EventBridge).
        name: which one.
        fields: what differs; a step that is added or removed is told without its fields.
        kind: the type of a step.
        within: the list of another step that holds a step, as in "check.IfSteps"; "" for the pipeline itself.
        moved_from: for a step that stood elsewhere, the list that held it; None for one that stays.
        renamed: for a step that is added or removed only because it is called otherwise, its other name.
        place: the line of the configuration where it stands; nowhere for what is removed, for what is told by its fields, or while
            that is not known.
        keys: where it stands in the definition that is to be deployed.
    """

    action: str
    what: str
    name: str
    fields: tuple[FieldChange, ...] = ()
    kind: str = ""
    within: str = ""
    moved_from: str | None = None
    renamed: str = ""
    place: Place = NOWHERE
    keys: Keys = field(default=(), compare=False)

    def to_json(self) -> dict[str, Any]:
        """The change in JSON types, without what does not apply to it."""
        result: dict[str, Any] = {"action": self.action, "what": self.what, "name": self.name}
        named = {"type": self.kind, "within": self.within, "renamed": self.renamed}
        result |= {key: value for key, value in named.items() if value}
        result |= {} if self.moved_from is None else {"movedFrom": self.moved_from}
        return {**result, **place_data(self.place), "fields": [field.to_json() for field in self.fields]}


@dataclass(frozen=True, slots=True)
class Plan:
    """What deploying would do to the account.

    Attributes:
        action: "create", "update" or "unchanged".
        pipeline: what the plan would deploy.
        deployed: what it was made against; None for a create. Applying the plan holds the account to it.
        changes: everything that differs; empty exactly where the pipeline is unchanged.
        next_run: what becomes of each step in the next execution.
        missing: the uploads that are not in S3 yet; None where nobody has looked.
        unseen: those of which S3 does not say whether they are there.
        notes: what keeps triggers and notifications from working, and is not the pipeline's to change.
        packages: the versions of registered models that were found, by the parameters that stand for them.
        beside: what stands beside the pipeline, as it was found and as it is to be; None where nobody has looked.
    """

    action: str
    pipeline: CompiledPipeline
    deployed: Deployed | None
    changes: tuple[Change, ...] = ()
    next_run: tuple[NextRun, ...] = ()
    missing: tuple[Upload, ...] | None = None
    unseen: tuple[Upload, ...] = ()
    notes: tuple[str, ...] = ()
    packages: tuple[tuple[str, str], ...] = ()
    beside: tuple[Beside, ...] | None = None

    @property
    def is_empty(self) -> bool:
        """Whether deploying would do nothing at all."""
        return not self.changes and not self.missing

    def touches(self, *whats: str) -> bool:
        """Whether any change is to one of these kinds of things."""
        return any(change.what in whats for change in self.changes)

    def with_changes(self, more: Iterable[Change]) -> Plan:
        """The plan with changes of things beside the pipeline itself."""
        changes = (*self.changes, *more)
        return replace(self, changes=changes, action=UPDATE if changes and self.action == UNCHANGED else self.action)

    def to_json(self) -> dict[str, Any]:
        """The plan in JSON types, for machines; uploads and the definition appear by their digests."""
        pipeline = self.pipeline
        there = {each.uri: False for each in self.missing or ()} | {each.uri: None for each in self.unseen}
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
            "uploads": [_upload_data(upload, there, self.missing is not None) for upload in pipeline.uploads],
            "modelPackages": dict(self.packages),
            "changes": [change.to_json() for change in self.changes],
            "nextRun": [step.to_json() for step in self.next_run],
            "notes": list(self.notes),
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
    new = json.loads(pipeline.definition_body())
    names = renamed(steps(deployed.definition), steps(new)) if deployed else {}
    changes = tuple(_changes(pipeline, new, deployed, names))
    outlook = next_run(new, deployed.definition if deployed else None, names)
    if deployed is None:
        return Plan(CREATE, pipeline, None, changes, outlook)
    return Plan(UPDATE if changes else UNCHANGED, pipeline, deployed, changes, outlook)


def placed(plan: Plan, where: Where) -> Plan:
    """The plan with the lines of the configuration that are behind its changes."""
    return replace(plan, changes=tuple(_placed(change, where) for change in plan.changes))


def expected(pipeline: CompiledPipeline, deployed: Deployed | None) -> Deployed:
    """The pipeline as it is told after it was deployed; its `arn`, `modified` and `mark` are those of before."""
    old = deployed or Deployed("", {}, "", "", (), "")
    kept = [tag for tag in old.tags if tag["Key"].startswith(SERVICE_TAGS)]
    tags = {tag["Key"]: tag["Value"] for tag in (*kept, *pipeline.tags) if tag["Key"] != MARK}
    return replace(
        old,
        definition=json.loads(pipeline.definition_body()),
        role=pipeline.role or old.role,
        description=old.description if pipeline.description is None else pipeline.description,
        tags=tuple({"Key": key, "Value": value} for key, value in sorted(tags.items())),
        display_name=old.display_name if pipeline.display_name is None else pipeline.display_name,
        parallelism=old.parallelism if pipeline.parallelism is None else pipeline.parallelism,
    )


def _placed(change: Change, where: Where) -> Change:
    """The change with its place, or with those of its fields."""
    if change.action == REMOVE:
        return change
    if change.action == ADD:
        return replace(change, place=where(change.what, change.name, change.keys))
    fields = tuple(_placed_field(change, field, where) for field in change.fields)
    stands = NOWHERE if change.moved_from is None else where(change.what, change.name, change.keys)
    return replace(change, fields=fields, place=stands)


def _placed_field(change: Change, field: FieldChange, where: Where) -> FieldChange:
    if field.after is not ABSENT:
        return replace(field, place=where(change.what, change.name, field.new))
    switch = SWITCHES.get(field.path)
    return replace(field, place=where(change.what, change.name, (*field.new, *switch))) if switch else field


def _changes(
    pipeline: CompiledPipeline, new: Mapping[str, Any], deployed: Deployed | None, names: Mapping[str, str]
) -> Iterator[Change]:
    # Against nothing at all, Version and Metadata would be listed as news in every create.
    old = deployed or Deployed("", root_of(new), "", "", (), "")
    then = expected(pipeline, old)
    yield from _compare("role", _single("RoleArn", old.role), _single("RoleArn", then.role))
    yield from _compare("description", _single("Description", old.description), _single("Description", then.description))
    yield from _compare("display name", _single("DisplayName", old.display_name), _single("DisplayName", then.display_name))
    limit = "MaxParallelExecutionSteps"
    yield from _compare("parallelism", _single(limit, old.parallelism), _single(limit, then.parallelism))
    yield from _compare("tag", *_tags(old.tags, pipeline.tags))
    yield from _compare("definition", roots(old.definition), roots(new))
    yield from _compare("parameter", parameters(old.definition), parameters(new))
    yield from _compare("step", steps(old.definition), steps(new), names)


def _compare(what: str, before: Elements, after: Elements, names: Mapping[str, str] | None = None) -> Iterator[Change]:
    """What differs between two lists of things; `names` has the old names of those that are called otherwise."""
    other = {**(names or {}), **{old: new for new, old in (names or {}).items()}}
    for name, element in after.items():
        kind = element.type if what == "step" else ""
        if name not in before:
            about = Change(ADD, what, name, kind=kind, within=element.within, renamed=other.get(name, ""), keys=element.keys)
            yield about if what == "step" else replace(about, fields=tuple(_members(Element({}), element)))
        elif change := _difference(what, name, before[name], element):
            yield replace(change, kind=kind, within=element.within, keys=element.keys)
    for name in before:
        if name not in after:
            gone = before[name]
            fields = () if what == "step" else tuple(_members(gone, Element({})))
            kind = gone.type if what == "step" else ""
            yield Change(REMOVE, what, name, fields, kind, gone.within, renamed=other.get(name, ""))


def _difference(what: str, name: str, before: Element, after: Element) -> Change | None:
    fields = tuple(_members(before, after))
    moved = None if before.within == after.within else before.within
    if not fields and moved is None:
        return None
    return Change(CHANGE if fields else MOVE, what, name, fields, moved_from=moved)


def _members(before: Element, after: Element) -> Iterator[FieldChange]:
    """What differs between two things; one without any value is not there."""
    return (below(each, before.keys, after.keys) for each in field_changes(before.value, after.value))


def _single(name: str, value: str | int | None) -> Elements:
    return {name: Element({name: value})} if value else {}


def _tags(before: Iterable[Mapping[str, str]], after: Iterable[Mapping[str, str]]) -> tuple[Elements, Elements]:
    wanted = _tag_items(after)
    found = {key: tag for key, tag in _tag_items(before).items() if key in wanted or not key.startswith(SERVICE_TAGS)}
    return found, wanted


def _tag_items(tags: Iterable[Mapping[str, str]]) -> Elements:
    values = {tag["Key"]: Element({"Value": tag["Value"]}) for tag in tags if tag["Key"] != MARK}
    return dict(sorted(values.items()))


def _upload_data(upload: Upload, there: Mapping[str, bool | None], known: bool) -> dict[str, Any]:
    """What is to be told of an upload; `present` is null where S3 does not say whether it is there."""
    present = {"present": there.get(upload.uri, True)} if known else {}
    return {"uri": upload.uri, "sha256": upload.sha256, "bytes": len(upload.content), **present}
