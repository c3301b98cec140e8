"""A plan on disk: a plan and what it was made from in, data to be saved out; that data and a new plan in, what has moved since out.

What is saved are digests wherever a value might be a secret: a plan is kept by CI systems and read by many.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from framework import __version__
from framework.deploy import beside
from framework.deploy.beside import digest
from framework.deploy.fields import canonical
from framework.deploy.identity import Identity
from framework.deploy.mark import left_by, parts_of
from framework.deploy.plan import SERVICE_TAGS, Deployed, Plan, expected

FORMAT = "smp plan 2"
_NEVER = re.compile(r"[\0\ud800-\udc7f\udd00-\udfff]")
"""What no word of a command line holds: what is not a character, but for bytes that are none."""

_TEXTS, _LISTS = ("framework_conf", "environment_name", "env_file"), ("patterns", "overrides")
"""The options of the command line that a plan is made with: those that are given once, and those that add up."""


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
        "arn": _arn(plan),
        "options": dict(around.options),
        "inputs": dict(sorted(around.inputs.items())),
        "wanted": _wanted(plan),
        "before": None if plan.deployed is None else _parts(plan.deployed),
        "after": _parts(expected(plan.pipeline, plan.deployed)),
        "uploads": _uploads(plan),
        "packages": dict(plan.packages),
        "beside": {"before": beside.found(plan.beside or ()), "after": beside.after(plan.beside or ())},
    }


def is_saved(data: Any) -> bool:
    """Whether data is a saved plan of this form: read from a file, which somebody may have edited."""
    if not isinstance(data, dict) or data.get("format") != FORMAT:
        return False
    sides = data.get("beside")
    texts = [data.get(key) for key in ("framework", "pipeline", "action", "account", "region", "arn")]
    digests = [data.get(key) for key in ("inputs", "wanted", "after", "uploads", "packages")]
    digests += [sides.get("before"), sides.get("after")] if isinstance(sides, dict) else [None]
    digests += [data.get("before")] if data.get("before", "") is not None else []
    return all(isinstance(text, str) for text in texts) and all(map(_are_texts, digests)) and _are_options(data.get("options"))


def _are_texts(data: Any) -> bool:
    return isinstance(data, dict) and all(isinstance(value, str) for value in data.values())


def _are_options(data: Any) -> bool:
    return isinstance(data, dict) and all(_is_option(name, value) for name, value in data.items())


def _is_option(name: str, value: Any) -> bool:
    if name in _LISTS:
        return isinstance(value, list) and all(map(_is_word, value))
    return name in _TEXTS and _is_word(value)


def _is_word(value: Any) -> bool:
    """Whether a command line can hold it."""
    return isinstance(value, str) and not _NEVER.search(value)


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
    (region, account), (region_now, account_now) = _stands(data["arn"]), _stands(_arn(plan))
    here = around.identity
    for what, then, now in (
        ("region", (data["region"], region), (here.region, region_now)),
        ("account", (data["account"], account), (here.account, account_now)),
    ):
        # STS may be silent, and a pipeline that is not there has no ARN.
        pairs = (*zip(then, now, strict=True), (then[0] or then[1], now[0] or now[1]))
        other = next((pair for pair in pairs if all(pair) and pair[0] != pair[1]), None)
        if other:
            yield f"it was made in {what} {other[0]}, and this is {other[1]}"


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
    before, wanted = data["wanted"], _wanted(plan)
    parts = [part for part in {**wanted, **before} if before.get(part) != wanted.get(part)]
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
    if data["beside"]["after"] == beside.after(plan.beside or ()):
        # Otherwise the configuration is another one, and with it what was looked at.
        yield from _beside_moved(data["beside"]["before"], data["beside"]["after"], beside.found(plan.beside or ()))


def _beside_moved(before: Mapping[str, str], after: Mapping[str, str], now: Mapping[str, str]) -> Iterator[str]:
    for thing in sorted(before.keys() | after.keys() | now.keys()):
        if now.get(thing) in {before.get(thing), after.get(thing)}:
            continue
        if thing not in now:
            yield f"the {thing} is gone"
        else:
            yield f"the {thing} was changed" if thing in before else f"there is a {thing} now"


def _parts(deployed: Deployed) -> dict[str, str]:
    parts = {part: text for part, text in parts_of(deployed) if part != "tags"}
    tags = {f"tag {tag['Key']}": tag["Value"] for tag in deployed.tags if not tag["Key"].startswith(SERVICE_TAGS)}
    return {part: digest(text) for part, text in {**parts, **tags}.items()}


def _wanted(plan: Plan) -> dict[str, str]:
    """What the configuration says of each part of the pipeline, and of what stands beside it."""
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
    return {part: digest(text) for part, text in said.items()} | beside.wanted(plan.beside or ())


def _uploads(plan: Plan) -> dict[str, str]:
    return {upload.uri: upload.sha256 for upload in plan.pipeline.uploads}


def _arn(plan: Plan) -> str:
    return plan.deployed.arn if plan.deployed else ""


def _stands(arn: str) -> tuple[str, str]:
    """The region and the account of an ARN; "" where there is none."""
    _, _, _, region, account, *_ = *arn.split(":"), "", "", "", "", ""
    return region, account
