"""A plan on disk: a plan and what it was made from in, data to be saved out; that data and a new plan in, what has moved since out.

What is saved are digests wherever a value might be a secret: a plan is kept by CI systems and read by many.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from framework import __version__
from framework.deploy.fields import canonical
from framework.deploy.identity import Identity
from framework.deploy.mark import left_by, parts_of
from framework.deploy.plan import SERVICE_TAGS, Deployed, Plan, expected

FORMAT = "smp plan 1"
BESIDE = ("model package group", "trigger", "notification", "bucket")
"""The kinds of things beside the pipeline that a plan may change."""

_SHAPE: Mapping[str, type | tuple[type, ...]] = {
    "framework": str, "pipeline": str, "action": str, "account": str, "region": str, "options": dict, "inputs": dict,
    "wanted": dict, "before": (dict, type(None)), "after": dict, "uploads": dict, "packages": dict, "beside": list,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What a plan was made in.

    Attributes:
        identity: the account and the region.
        inputs: the SHA-256 of every file that was read, by its name.
        options: those of the command line.
    """

    identity: Identity
    inputs: Mapping[str, str]
    options: Mapping[str, Any]


def saved(plan: Plan, around: Circumstances) -> dict[str, Any]:
    """The plan as data, without what it would print."""
    return {
        "format": FORMAT,
        "framework": __version__,
        "pipeline": plan.pipeline.name,
        "action": plan.action,
        "account": around.identity.account,
        "region": around.identity.region,
        "options": dict(around.options),
        "inputs": dict(sorted(around.inputs.items())),
        "wanted": _wanted(plan),
        "before": None if plan.deployed is None else _parts(plan.deployed),
        "after": _parts(expected(plan.pipeline, plan.deployed)),
        "uploads": _uploads(plan),
        "packages": dict(plan.packages),
        "beside": sorted(_beside(plan)),
    }


def is_saved(data: Any) -> bool:
    """Whether data is a saved plan of this form."""
    if not isinstance(data, dict) or data.get("format") != FORMAT:
        return False
    return all(isinstance(data.get(key, 0), kind) for key, kind in _SHAPE.items())


def moved(data: Mapping[str, Any], plan: Plan, around: Circumstances) -> list[str]:
    """What is not as it was when a plan was saved, as sentences without full stops.

    Args:
        data: the saved plan.
        plan: the same one made anew.
        around: what that was made in.
    """
    here = list(_elsewhere(data, plan, around))
    files = list(_other_files(data["inputs"], around.inputs))
    there = list(_in_the_account(data, plan))
    return [*here, *files, *(() if files else _other_results(data, plan, around)), *there]


def _elsewhere(data: Mapping[str, Any], plan: Plan, around: Circumstances) -> Iterator[str]:
    if data["framework"] != __version__:
        yield f"it was made by smp {data['framework']}, and this is {__version__}"
    if data["pipeline"] != plan.pipeline.name:
        yield f"it is for pipeline {data['pipeline']}, and the configuration is that of {plan.pipeline.name}"
    if data["region"] != around.identity.region:
        yield f"it was made in region {data['region']}, and this is {around.identity.region}"
    accounts = data["account"], around.identity.account
    if all(accounts) and accounts[0] != accounts[1]:
        yield f"it was made in account {accounts[0]}, and this is {accounts[1]}"


def _other_files(before: Mapping[str, str], now: Mapping[str, str]) -> Iterator[str]:
    for name in sorted(before.keys() | now.keys()):
        if name not in now:
            yield f"{name} is gone"
        elif name not in before:
            yield f"{name} is new"
        elif before[name] != now[name]:
            yield f"{name} was changed"


def _other_results(data: Mapping[str, Any], plan: Plan, around: Circumstances) -> Iterator[str]:
    """What comes out of the same files otherwise."""
    packages = dict(plan.packages)
    others = [f"{name} is now {packages[name]}" for name in sorted(packages) if data["packages"].get(name) != packages[name]]
    yield from (f"another version of a registered model is found: {other}" for other in others)
    if others:
        return
    if data["uploads"] != _uploads(plan):
        yield "the code bundles are other ones"
    wanted = _wanted(plan)
    parts = [part for part in wanted if data["wanted"].get(part) != wanted[part]]
    if parts:
        options = canonical(data["options"]) != canonical(dict(around.options))
        reason = "the options are not those that it was made with" if options else "an environment variable is not what it was"
        yield f"the same files make another {' and '.join(parts)}: {reason}"


def _in_the_account(data: Mapping[str, Any], plan: Plan) -> Iterator[str]:
    """What was changed in the account. What this very plan has changed there, before it was interrupted, is as it should be."""
    before, after = data["before"], data["after"]
    now = None if plan.deployed is None else _parts(plan.deployed)
    if now is None and before is not None:
        yield "the pipeline is gone"
    elif now is not None and before is None:
        left = left_by(plan.pipeline)
        if {**after, **{part: now[part] for part in left if part in now}} != now:
            yield "there is a pipeline of this name now"
    elif now is not None:
        names = before.keys() | after.keys() | now.keys()
        for part in sorted(name for name in names if now.get(name) not in {before.get(name), after.get(name)}):
            yield f"the {part} of the pipeline was changed"
    for about in sorted(set(_beside(plan)) - set(data["beside"])):
        yield f"there is more to do than it says: {about}"


def _parts(deployed: Deployed) -> dict[str, str]:
    parts = {part: text for part, text in parts_of(deployed) if part != "tags"}
    tags = {f"tag {tag['Key']}": tag["Value"] for tag in deployed.tags if not tag["Key"].startswith(SERVICE_TAGS)}
    return {part: _digest(text) for part, text in {**parts, **tags}.items()}


def _wanted(plan: Plan) -> dict[str, str]:
    """What the configuration says of each part of the pipeline."""
    pipeline = plan.pipeline
    said = {
        "definition": pipeline.definition_body(),
        "role": pipeline.role,
        "description": canonical(pipeline.description),
        "display name": canonical(pipeline.display_name),
        "parallelism": canonical(pipeline.parallelism),
        "list of tags": canonical([dict(tag) for tag in pipeline.tags]),
        "KMS key": canonical(pipeline.kms_key),
    }
    return {part: _digest(text) for part, text in said.items()}


def _uploads(plan: Plan) -> dict[str, str]:
    return {upload.uri: upload.sha256 for upload in plan.pipeline.uploads}


def _beside(plan: Plan) -> Iterator[str]:
    return (f"{change.action} {change.what} {change.name}" for change in plan.changes if change.what in BESIDE)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
