"""The mark: what was deployed last, remembered in a tag of the pipeline itself. A pipeline in, its mark out; a mark and what is
there in, whether somebody changed the pipeline otherwise out.

A mark holds a digest for each part of the pipeline that the configuration decides. While an update is under way it holds those of
before as well: whoever finds it then knows that a deploy was not finished, and does not take its half for somebody's change.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from framework.deploy.fields import canonical
from framework.deploy.plan import MARK as MARK
from framework.deploy.plan import SERVICE_TAGS, Deployed, expected
from framework.pipeline.compiled import CompiledPipeline

PARTS = ("definition", "role", "description", "display name", "parallelism", "tags")
LEFT = "-"
"""Stands for a part that the configuration leaves as it is."""

SAME, CHANGED, UNFINISHED, UNKNOWN, MISSING = "same", "changed", "unfinished", "unknown", "missing"
_LENGTH = 16
_FORM = re.compile(rf"1:((?:[0-9a-f]{{{_LENGTH}}}|-)(?:\.(?:[0-9a-f]{{{_LENGTH}}}|-)){{{len(PARTS) - 1}}})(?:/(.+))?")


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


def mark_of(pipeline: CompiledPipeline, deployed: Deployed | None) -> str:
    """The mark of a pipeline when it is deployed."""
    left, digests = left_by(pipeline), _digests(expected(pipeline, deployed))
    return f"1:{'.'.join(LEFT if part in left else digests[part] for part in PARTS)}"


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
    return f"{mark}/{'.'.join(_digests(deployed).values())}"


def as_it_is(deployed: Deployed) -> str:
    """The mark that a pipeline would have if all of it had been deployed as it is."""
    return f"1:{'.'.join(_digests(deployed).values())}"


def is_of(pipeline: CompiledPipeline, deployed: Deployed | None) -> bool:
    """Whether it is this very pipeline that was deployed last."""
    return deployed is not None and deployed.mark.partition("/")[0] == mark_of(pipeline, deployed)


def drift(deployed: Deployed | None) -> Drift:
    """How a pipeline stands to its mark; None is no pipeline."""
    if deployed is None:
        return Drift(MISSING)
    match = _FORM.fullmatch(deployed.mark)
    if match is None:
        return Drift(UNKNOWN)
    now, before = _digests(deployed), (match[2] or "").split(".")
    wanted = dict(zip(PARTS, match[1].split("."), strict=True))
    legal = {part: {wanted[part]} for part in PARTS}
    if len(before) == len(PARTS):
        for part, digest in zip(PARTS, before, strict=True):
            legal[part].add(digest)
    # Tags are changed one by one: in between they are neither what they were nor what they will be.
    checked = [part for part in PARTS if wanted[part] != LEFT and not (match[2] and part == "tags")]
    parts = tuple(part for part in checked if now[part] not in legal[part])
    if parts:
        return Drift(CHANGED, parts)
    return Drift(UNFINISHED if match[2] else SAME)


def parts_of(deployed: Deployed) -> Iterator[tuple[str, str]]:
    """The parts of a pipeline and what each is, as text; the tags without those that AWS puts there."""
    tags = {tag["Key"]: tag["Value"] for tag in deployed.tags if not tag["Key"].startswith(SERVICE_TAGS)}
    yield "definition", canonical(deployed.definition)
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


def _digests(deployed: Deployed) -> dict[str, str]:
    return {part: hashlib.sha256(text.encode()).hexdigest()[:_LENGTH] for part, text in parts_of(deployed)}
