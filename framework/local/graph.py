"""Which step waits for which, read off the definition; and what the local engine cannot run, as findings (rule SMP801)."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from framework.findings import Finding, Place

RULE = "SMP801"
PLACE = Place("definition")
NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")
REFERENCE = re.compile(r"Steps\.([^.\[\]]+)")

Step = Mapping[str, Any]
Needs = Mapping[str, frozenset[str]]
"""For each step, in the order of the definition, the steps that must have succeeded before it."""


def references(value: Any) -> Iterator[str]:
    """The names of the steps that any Get inside of a value refers to."""
    if isinstance(value, Mapping):
        target = value.get("Get")
        if isinstance(target, str) and (match := REFERENCE.match(target)):
            yield match[1]
        for member in value.values():
            yield from references(member)
    elif isinstance(value, (list, tuple)):
        for member in value:
            yield from references(member)


def needs(steps: Sequence[Step]) -> Needs:
    """Whom each step waits for: data references and DependsOn.

    References to steps that do not exist fail when they are resolved.
    """
    names = {step["Name"] for step in steps}
    return {step["Name"]: frozenset({*references(step), *_depends_on(step)} & names) for step in steps}


def _depends_on(step: Step) -> list[str]:
    return [name for name in step.get("DependsOn") or () if isinstance(name, str)]


def problems(steps: Sequence[Step], supported: Collection[str]) -> list[Finding]:
    """Why these steps cannot run here; empty when they can.

    Args:
        steps: the definition's steps.
        supported: the step types that can run.
    """
    names = [str(step.get("Name") or "") for step in steps]
    said = [*_types(steps, supported), *_names(names), *_dependencies(steps, names)]
    if not said and (circle := _circle(needs(steps))):
        said.append(("the steps wait for each other: " + " → ".join(circle), "cut the circle"))
    return [Finding(RULE, PLACE, message, hint) for message, hint in said]


def _types(steps: Sequence[Step], supported: Collection[str]) -> Iterator[tuple[str, str]]:
    for step in steps:
        if step.get("Type") not in supported:
            legal = ", ".join(sorted(supported))
            yield (
                f"step {step.get('Name')} is of type {step.get('Type')}, which the local engine cannot run",
                f"run steps of type {legal} here",
            )


def _names(names: Sequence[str]) -> Iterator[tuple[str, str]]:
    for name in dict.fromkeys(names):
        if not NAME.fullmatch(name):
            yield f"{name!r} is not a step name", "use up to 64 letters, digits, - and _"
        elif names.count(name) > 1:
            yield f"{names.count(name)} steps are named {name}", "give each its own name"


def _dependencies(steps: Sequence[Step], names: Collection[str]) -> Iterator[tuple[str, str]]:
    for step in steps:
        for other in step.get("DependsOn") or ():
            if not isinstance(other, str):
                yield f"step {step.get('Name')} depends on {other}, and the local engine knows only names there", "name the step"
            elif other not in names:
                yield f"step {step.get('Name')} depends on {other}, which does not exist", "name a step of this pipeline"


def _circle(graph: Needs) -> list[str]:
    """The names along a circle, the first one again at the end; empty when there is none."""
    left = dict(graph)
    while free := [name for name, others in left.items() if not others & left.keys()]:
        for name in free:
            del left[name]
    if not left:
        return []
    trail = [min(left)]
    while trail[-1] not in trail[:-1]:
        trail.append(min(graph[trail[-1]] & left.keys()))
    return trail[trail.index(trail[-1]) :]
