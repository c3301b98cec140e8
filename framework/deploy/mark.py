"""The mark: what was deployed last, remembered in a tag of the pipeline itself. A pipeline in, its mark out; a mark and what is
there in, whether somebody changed the pipeline otherwise out.

A mark holds a digest for each part of the pipeline that the configuration decides, and one for what starts the pipeline and tells
of it, where there is any. While an update is under way it holds those of before as well: whoever finds it then knows that a deploy
was not finished, and does not take its half for somebody's change.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from framework.deploy.beside import Beside, after, digest, found
from framework.deploy.fields import canonical, in_order
from framework.deploy.plan import MARK as MARK
from framework.deploy.plan import SERVICE_TAGS, Deployed, expected
from framework.deploy.triggers import NOTIFICATION, TRIGGER
from framework.pipeline.compiled import CompiledPipeline

PARTS = ("definition", "role", "description", "display name", "parallelism", "tags")
TRIGGERS = "triggers and notifications"
"""A part of its own, which marks of pipelines without any lack; so do marks of older versions of this tool."""

LEFT = "-"
"""Stands for a part that the configuration leaves as it is."""

SAME, CHANGED, UNFINISHED, UNKNOWN, MISSING = "same", "changed", "unfinished", "unknown", "missing"
_LENGTH = 16
_PART = rf"(?:[0-9a-f]{{{_LENGTH}}}|-)"
_FORM = re.compile(rf"1:({_PART}(?:\.{_PART}){{{len(PARTS) - 1}}})(?:\.({_PART}))?(?:/(.+))?")


@dataclass(frozen=True, slots=True)
class Drift:
    """How a pipeline stands to what was deployed last.

    Attributes:
        state: "same"; "changed", by somebody else; "unfinished", by a deploy that did not end; "unknown", because there is no mark;
            "missing", because there is no pipeline.
        parts: those that somebody else changed.
    """

    state: str
    parts: tuple[str, ...] = ()


def mark_of(pipeline: CompiledPipeline, deployed: Deployed | None, beside: Iterable[Beside] | None = None) -> str:
    """The mark of a pipeline when it is deployed.

    Args:
        pipeline: what is to be deployed.
        deployed: what is there.
        beside: what stands beside it; None leaves triggers and notifications as they are.
    """
    left, digests = left_by(pipeline), _digests(expected(pipeline, deployed))
    starting = _left_triggers(deployed) if beside is None else _of_triggers(after(_starting(beside)))
    parts = [LEFT if part in left else digests[part] for part in PARTS]
    return f"1:{'.'.join([*parts, *([starting] if starting else [])])}"


def left_by(pipeline: CompiledPipeline) -> set[str]:
    """The parts that the configuration leaves as they are. What they are then, the service decides or somebody else."""
    given = {
        "role": pipeline.role or None,
        "description": pipeline.description,
        "display name": pipeline.display_name,
        "parallelism": pipeline.parallelism,
    }
    return {part for part, value in given.items() if value is None}


def under_way(mark: str, deployed: Deployed) -> str:
    """The mark while the pipeline is made what `mark` stands for."""
    starting = _left_triggers(deployed)
    return f"{mark}/{'.'.join([*_digests(deployed).values(), *([starting] if starting else [])])}"


def as_it_is(deployed: Deployed) -> str:
    """The mark that a pipeline would have if all of it had been deployed as it is."""
    return f"1:{'.'.join(_digests(deployed).values())}"


def is_of(pipeline: CompiledPipeline, deployed: Deployed | None, beside: Iterable[Beside] | None = None) -> bool:
    """Whether it is this very pipeline that was deployed last; arguments as of `mark_of`."""
    return deployed is not None and deployed.mark.partition("/")[0] == mark_of(pipeline, deployed, beside)


def drift(deployed: Deployed | None, beside: Iterable[Beside] | None = None) -> Drift:
    """How a pipeline stands to its mark.

    Args:
        deployed: the pipeline; None is none.
        beside: what was found beside it; None where nobody has looked.
    """
    if deployed is None:
        return Drift(MISSING)
    match = _FORM.fullmatch(deployed.mark)
    if match is None:
        return Drift(UNKNOWN)
    now, before = _digests(deployed), (match[3] or "").split(".")
    wanted = dict(zip(PARTS, match[1].split("."), strict=True))
    legal = {part: {wanted[part]} for part in PARTS}
    if len(before) >= len(PARTS):
        for part, then in zip(PARTS, before, strict=False):
            legal[part].add(then)
    # Tags and triggers are changed one by one: in between they are neither what they were nor what they will be.
    checked = [part for part in PARTS if wanted[part] != LEFT and not (match[3] and part == "tags")]
    parts = [part for part in checked if now[part] not in legal[part]]
    if beside is not None and not match[3] and match[2] not in {None, LEFT, _of_triggers(found(_starting(beside)))}:
        parts.append(TRIGGERS)
    if parts:
        return Drift(CHANGED, tuple(parts))
    return Drift(UNFINISHED if match[3] else SAME)


def parts_of(deployed: Deployed) -> Iterator[tuple[str, str]]:
    """The parts of a pipeline and what each is, as text; the tags without those that AWS puts there."""
    tags = {tag["Key"]: tag["Value"] for tag in deployed.tags if not tag["Key"].startswith(SERVICE_TAGS)}
    yield "definition", canonical(in_order(deployed.definition))
    yield "role", deployed.role
    yield "description", deployed.description
    yield "display name", deployed.display_name
    yield "parallelism", str(deployed.parallelism or "")
    yield "tags", canonical(tags)


def without_mark(deployed: Deployed) -> Deployed:
    """The pipeline with its mark taken out of its tags."""
    marks = [tag["Value"] for tag in deployed.tags if tag["Key"] == MARK]
    tags = tuple(tag for tag in deployed.tags if tag["Key"] != MARK)
    return replace(deployed, tags=tags, mark=marks[0] if marks else "")


def _starting(beside: Iterable[Beside]) -> Iterator[Beside]:
    """Triggers and notifications. A bucket is not the pipeline's alone, and a model package group starts nothing."""
    return (each for each in beside if each.what in {TRIGGER, NOTIFICATION})


def _of_triggers(digests: Mapping[str, str]) -> str:
    return digest(canonical(digests))[:_LENGTH] if digests else ""


def _left_triggers(deployed: Deployed | None) -> str:
    """What the mark says of them; nothing while a deploy is under way that changes them, and may or may not have come to them."""
    match = _FORM.fullmatch(deployed.mark) if deployed else None
    if match is None or not match[2]:
        return ""
    before = (match[3] or "").split(".")[len(PARTS) :]
    return match[2] if not match[3] or before == [match[2]] else ""


def _digests(deployed: Deployed) -> dict[str, str]:
    return {part: digest(text)[:_LENGTH] for part, text in parts_of(deployed)}
