"""Which step waits for which, read off a definition, whoever made it.

In: the steps of a definition. Out: the steps inside others, what each refers to, and whom each waits for. The body of a ForEach is
no part of the order of the pipeline: it becomes steps when the loop's items are known.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

REFERENCE = re.compile(r"Steps\.([^.\[\]]+)")
CONDITION, FAIL, FOR_EACH = "Condition", "Fail", "ForEach"
CONTROL = frozenset({CONDITION, FAIL, FOR_EACH})
"""The step types that are carried out where the order of the pipeline is kept."""

INNER_STEPS: Mapping[str, tuple[str, ...]] = {CONDITION: ("IfSteps", "ElseSteps"), FOR_EACH: ("ForEachBody",)}
"""For the types of steps that hold steps, the members of their Arguments that are lists of these."""

COMPLETED = frozenset({"Completed"})
TRIGGERS = {
    "Completed": COMPLETED,
    "Failed": frozenset({"Failed"}),
    "Stopped": frozenset({"Stopped"}),
    "Any": frozenset({"Completed", "Failed", "Stopped"}),
}
"""Which ends of a step let another one start, by the Trigger of a DependsOn entry."""

Step = Mapping[str, Any]
Waits = tuple[tuple[str, frozenset[str]], ...]
"""Other steps, each with the results of it that let a step start; all of them are awaited."""

Needs = Mapping[str, frozenset[str]]
"""For each step, in the order of the definition, the steps that it waits for."""


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


def branches(step: Step) -> Iterator[tuple[str, Step]]:
    """The steps directly in the branches of a condition, each with the outcome that starts it: "True" or "False"."""
    if step.get("Type") == CONDITION:
        arguments = step.get("Arguments") or {}
        for outcome, key in (("True", "IfSteps"), ("False", "ElseSteps")):
            for inner in arguments.get(key) or ():
                yield outcome, inner


def body(step: Step) -> list[Step]:
    """The steps of a loop's body; none of another step."""
    return list((step.get("Arguments") or {}).get("ForEachBody") or ()) if step.get("Type") == FOR_EACH else []


def flat(steps: Sequence[Step], guard: tuple[str, str] | None = None) -> Iterator[tuple[Step, tuple[str, str] | None]]:
    """The steps and those inside of conditions, each with the condition and the outcome that it needs."""
    for step in steps:
        yield step, guard
        for outcome, inner in branches(step):
            yield from flat([inner], (str(step.get("Name")), outcome))


def every_step(steps: Sequence[Step]) -> Iterator[Step]:
    """The steps, those inside of conditions, and those of the bodies of loops."""
    for step, _ in flat(steps):
        yield step
        yield from every_step(body(step))


def own_references(step: Step) -> set[str]:
    """The steps whose results a step uses; for a condition, those that its conditions use."""
    arguments = step.get("Arguments") or {}
    if step.get("Type") == CONDITION:
        return set(references(arguments.get("Conditions")))
    outer = {key: value for key, value in step.items() if key not in ("Name", "DependsOn")}
    inner = [str(each.get("Name")) for each in body(step)]
    after = {name for each in body(step) for name, _ in depends_on(each)}
    return {*references(outer), *after} - set(inner)


def depends_on(step: Step) -> Iterator[tuple[str, frozenset[str]]]:
    """The entries of DependsOn: a step, and which ends of it let this one start."""
    for entry in step.get("DependsOn") or ():
        if isinstance(entry, str):
            yield entry, COMPLETED
        elif isinstance(entry, Mapping):
            yield str(entry.get("Step")), TRIGGERS.get(str(entry.get("Trigger", "Completed")), COMPLETED)


def waits(steps: Sequence[Step]) -> dict[str, Waits]:
    """Whom each step waits for, and for which end of it: data references, DependsOn, and the condition that it stands in.

    References to steps that do not exist are left out here; they fail when they are resolved.
    """
    found = list(flat(steps))
    names = {str(step["Name"]) for step, _ in found}
    return {step["Name"]: _waits(step, guard, names) for step, guard in found}


def _waits(step: Step, guard: tuple[str, str] | None, names: set[str]) -> Waits:
    others = [(other, COMPLETED) for other in sorted(own_references(step) & names)]
    others += [(other, ends) for other, ends in depends_on(step) if other in names]
    if guard:
        others.append((guard[0], frozenset({guard[1]})))
    return tuple(dict.fromkeys(others))
