"""The steps of a definition, whoever made it: names, and who waits for whom. Rules SMP201, SMP202, SMP203 and SMP209 once more.

A definition that this tool compiled has been checked for them already; this finds them in one that came from elsewhere, and in what
Raw and Custom steps hold.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from framework.checks.paths import step_and_path
from framework.checks.shapes import MISSING, Trail, Violation, path_of
from framework.checks.subject import PlacedStep, Subject
from framework.findings import nearest
from framework.pipeline.definition import VERSION

NO_STEP, TAKEN, CYCLE, OUTSIDE = "SMP201", "SMP202", "SMP203", "SMP209"

Waits = Mapping[str, dict[str, Trail]]
"""For each step, the steps that it waits for, each with the first place that says so."""


def violations(subject: Subject) -> Iterator[Violation]:
    """All that is wrong with the definition as a whole, and with the steps as a graph."""
    yield from _whole(subject.definition)
    taken = list(_names(subject))
    yield from taken
    waits: dict[str, dict[str, Trail]] = {step.name: {} for step in subject.steps}
    for name, owner, trail in _named(subject):
        if name not in subject.by_name:
            message = f'{owner.name} names "{name}", which is no step'
            yield Violation(NO_STEP, path_of(trail), message, nearest(name, subject.by_name))
        elif (fault := _outside(subject.by_name[name], owner)) is not None:
            yield Violation(OUTSIDE, path_of(trail), *fault)
        else:
            waits[owner.name].setdefault(name, trail)
    for step in subject.steps:  # a step that holds others ends after them
        if step.holders:
            waits[step.holders[-1].name].setdefault(step.name, step.trail)
    if not taken:  # where names mean one step each
        yield from _cycle(waits)


def _whole(definition: Mapping[str, Any]) -> Iterator[Violation]:
    if definition.get("Version") != VERSION:
        what = "lacks Version" if "Version" not in definition else "has another Version"
        yield Violation(
            "SMP403", ("Version",), f"the definition {what}, and SageMaker reads {VERSION}", f'write "Version": "{VERSION}"'
        )
    steps = definition.get("Steps")
    if not isinstance(steps, list):
        yield Violation("SMP403", ("Steps",), "the definition lacks a list of Steps", "give it at least one step")
    for at, step in enumerate(steps if isinstance(steps, list) else ()):
        if not isinstance(step, Mapping):
            yield Violation(
                "SMP402", ("Steps", at), f"Steps[{at}] is no mapping, and every step is", "write Name, Type and Arguments"
            )


def _names(subject: Subject) -> Iterator[Violation]:
    seen: dict[str, PlacedStep] = {}
    for step in subject.steps:
        if not step.name:
            message, hint = "a step lacks Name, which every step requires", "give it one"
            yield Violation(MISSING, path_of(step.trail), message, hint, lacks="Name")
        elif seen.setdefault(step.name, step) is not step:
            message, hint = f'two steps are called "{step.name}"', "give each a name of its own"
            yield Violation(TAKEN, path_of(step.at("Name")), message, hint)


def _named(subject: Subject) -> Iterator[tuple[str, PlacedStep, Trail]]:
    """The steps that a step waits for or refers to, with the place."""
    for step in subject.steps:
        given = step.value.get("DependsOn")
        for at, entry in enumerate(given if isinstance(given, list) else ()):
            name: Any = entry.get("Step") if isinstance(entry, Mapping) else entry
            if isinstance(name, str):
                yield name, step, step.at("DependsOn", at)
    for reference in subject.references:
        named = step_and_path(reference.target)
        if named is not None and reference.owner is not None:
            yield named[0], reference.owner, reference.trail


def _outside(upstream: PlacedStep, owner: PlacedStep) -> tuple[str, str] | None:
    """Why a step cannot wait for another, and what to do: it holds it, or stands in a branch or loop that it does not stand in."""
    around = {holder.name for holder in owner.holders}
    if upstream.name in around:
        return f"{owner.name} waits for {upstream.name}, which holds it and has not ended then", f"take {owner.name} out of it"
    hidden = [holder.name for holder in upstream.holders if holder.name not in around]
    if not hidden:
        return None
    if hidden[0] == owner.name:
        return f"{owner.name} waits for {upstream.name}, which it holds and which begins later", f"take {upstream.name} out of it"
    hint = f"let it wait for {hidden[0]}, or take {upstream.name} out of it"
    return f"{owner.name} waits for {upstream.name}, which stands inside {hidden[0]}", hint


def _cycle(waits: Waits) -> Iterator[Violation]:
    """One cycle among the steps that can never begin."""
    waiting = {name: set(others) for name, others in waits.items()}
    followers: dict[str, list[str]] = {}
    for name, others in waits.items():
        for other in others:
            followers.setdefault(other, []).append(name)
    ready = [name for name, others in waiting.items() if not others]
    while ready:
        done = ready.pop()
        del waiting[done]
        for name in followers.get(done, ()):
            waiting[name].discard(done)
            if not waiting[name]:
                ready.append(name)
    if waiting:
        walked = [next(iter(waiting))]
        while walked[-1] not in walked[:-1]:
            walked.append(min(waiting[walked[-1]]))
        walked = walked[walked.index(walked[-1]) :][::-1]
        message = f"the steps wait for each other in a cycle: {' >> '.join(walked)}"
        yield Violation(CYCLE, path_of(waits[walked[1]][walked[0]]), message, "remove one of these edges")
