"""Lineage: actions, artifacts and contexts, and the associations between them, as files below state/lineage.

<kind>/<id>.json holds an entity as its create call has it, associations/<id>.json an association. An association names entities of
its own step by name and type, and any other by ARN. Recording an entity anew updates it.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from framework.local.files import disk, read_json, write_json
from framework.local.job import StepError, StepRun
from framework.local.names import arn, now
from framework.local.recording import note, state_folder
from framework.local.step_types.base import StepType

NAME = re.compile(r"[a-zA-Z0-9](-*[a-zA-Z0-9]){0,119}")


@dataclass(frozen=True)
class Kind:
    """A kind of entity: how an association names it, and the members of the definition and of the description about it."""

    type: str
    arguments: str
    name: str
    arns: str

    @property
    def resource(self) -> str:
        """As ARNs have it, and the folder."""
        return self.type.lower()


KINDS = (
    Kind("Action", "Actions", "ActionName", "ActionArns"),
    Kind("Artifact", "Artifacts", "ArtifactName", "ArtifactArns"),
    Kind("Context", "Contexts", "ContextName", "ContextArns"),
)


def run(step: StepRun) -> dict[str, Any]:
    """Runs the step; see `StepType.run`."""
    folder = state_folder(step.site) / "lineage"
    entities = [(kind, each, _arn(kind, each)) for kind in KINDS for each in step.arguments.get(kind.arguments) or ()]
    known = {(kind.type, str(each[kind.name])): name for kind, each, name in entities if each.get(kind.name)}
    associations = [_association(entry, known) for entry in step.arguments.get("Associations") or ()]
    if not entities and not associations:
        raise StepError("ClientError: the step has neither entities nor associations")
    with disk(f"Writing {folder}"):
        for kind, each, name in entities:
            _keep(folder / kind.resource / f"{name.rpartition('/')[2]}.json", {**each, f"{kind.type}Arn": name})
        for about in associations:
            _keep(folder / "associations" / f"{_digest(about)}.json", about)
    note(step, f"{len(entities)} entities and {len(associations)} associations are in {folder}")
    return {**dict(_arns(known)), "Associations": associations}


def _arn(kind: Kind, entity: Mapping[str, Any]) -> str:
    """An entity's ARN: by its name, an artifact's by what it is."""
    name = entity.get(kind.name)
    if name is not None and not NAME.fullmatch(str(name)):
        raise StepError(f"ClientError: {kind.name} {str(name)[:150]!r} is not a name: letters, digits and hyphens, at most 120")
    if kind.type == "Artifact":
        about = {key: entity.get(key) for key in (kind.name, "Source", "ArtifactType")}
        return arn(kind.resource, _digest(about))
    if name is None:
        raise StepError(f"ClientError: an entity of {kind.arguments} has no {kind.name}")
    return arn(kind.resource, str(name))


def _digest(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:32]


def _association(entry: Mapping[str, Any], known: Mapping[tuple[str, str], str]) -> dict[str, Any]:
    kind = {"AssociationType": entry["AssociationType"]} if entry.get("AssociationType") else {}
    return {"SourceArn": _end(entry, "Source", known), "DestinationArn": _end(entry, "Destination", known), **kind}


def _end(entry: Mapping[str, Any], member: str, known: Mapping[tuple[str, str], str]) -> str:
    end = entry.get(member) or {}
    if end.get("Arn"):
        return str(end["Arn"])
    found = known.get((str(end.get("Type")), str(end.get("Name"))))
    if found is None:
        raise StepError(
            f"ClientError: the {member} of an association, {end.get('Type')} {end.get('Name')}, is nothing that this step creates"
        )
    return found


def _arns(known: Mapping[tuple[str, str], str]) -> Iterator[tuple[str, dict[str, str]]]:
    for kind in KINDS:
        yield kind.arns, {name: found for (type_, name), found in known.items() if type_ == kind.type}


def _keep(target: Path, about: Mapping[str, Any]) -> None:
    """Writes an entity or an association; when it was made first stays known."""
    moment = now()
    before = read_json(target) if target.is_file() else {}
    write_json(target, {**about, "CreationTime": before.get("CreationTime", moment), "LastModifiedTime": moment})


STEP_TYPE = StepType("Lineage", "lineage", "", "", run, arn_is_result=True)
