"""What the local engine cannot run, as findings (rule SMP801), and what it would only record (SMP802); asked before a run."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from framework.findings import Finding, Place
from framework.local import conditions, durations
from framework.local.functions import Resolver
from framework.local.graph import circle, needs
from framework.local.shapes import MAX_DEPTH, misshapen, too_deep
from framework.local.step_types.base import StepType
from framework.pipeline.compiled import LocalSettings
from framework.pipeline.step_graph import CONDITION, CONTROL, FOR_EACH, TRIGGERS, Step, body, depends_on, every_step, flat

RULE, SIMULATED = "SMP801", "SMP802"
PLACE = Place("definition")
NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")
Said = Iterator[tuple[str, str]]
Types = Mapping[str, StepType]


def problems(steps: Sequence[Step], supported: Collection[str]) -> list[Finding]:
    """Why these steps cannot run here; empty when they can.

    Args:
        steps: the definition's steps.
        supported: the step types that can run, beside those that the engine itself carries out.
    """
    if too_deep(steps):
        return [Finding(RULE, PLACE, f"more than {MAX_DEPTH} lists and objects stand in one another", "flatten it")]
    if wrong := list(misshapen(steps)):
        return [Finding(RULE, PLACE, message, hint) for message, hint in wrong]
    every = list(every_step(steps))
    names = [str(step.get("Name") or "") for step in every]
    said = [*_types(every, supported), *_names(names), *_dependencies(steps), *_loops(every, names), *_caches(every)]
    if not said and (trail := circle(needs(steps))):
        said.append(("the steps wait for each other: " + " → ".join(trail), "cut the circle"))
    return [Finding(RULE, PLACE, message, hint) for message, hint in said]


def simulations(steps: Sequence[Step], types: Types, settings: LocalSettings) -> list[Finding]:
    """The steps that would only be recorded here.

    Args:
        steps: those to run; those inside of conditions stand in the list themselves.
        types: the step types, by name.
        settings: what the configuration says of local runs.
    """
    found = []
    for step in _with_bodies(steps):
        kind = types.get(str(step.get("Type")))
        if kind and kind.simulated and (why := kind.simulated(step, settings)):
            message = f"step {step.get('Name')} would only be recorded: {why.rstrip('.')}"
            found.append(Finding(SIMULATED, PLACE, message, "run without --strict-local, or give it a stand-in in conf.local"))
    return found


def lacks(
    steps: Sequence[Step], types: Mapping[str, StepType], settings: LocalSettings, parameters: Mapping[str, Any]
) -> list[Finding]:
    """The steps whose images would have to run, and nothing stands for them.

    Args:
        steps, types, settings: as `simulations` takes them.
        parameters: the typed values of the pipeline parameters.
    """
    resolver = Resolver(parameters, {}, {}, lambda _: b"")
    found = []
    for step in _with_bodies(steps):
        kind = types.get(str(step.get("Type")))
        arguments = {key: resolver.as_far_as_known(value) for key, value in (step.get("Arguments") or {}).items()}
        if kind and kind.lacking and (lack := kind.lacking(arguments, settings)):
            found.append(Finding(RULE, PLACE, f"step {step.get('Name')} cannot run here: {lack[0]}", lack[1]))
    return found


def _with_bodies(steps: Sequence[Step]) -> Iterator[Step]:
    for step in steps:
        yield step
        yield from body(step)


def _types(steps: Sequence[Step], supported: Collection[str]) -> Said:
    for step in steps:
        kind = step.get("Type")
        if kind not in supported and kind not in CONTROL:
            legal = ", ".join(sorted({*supported, *CONTROL}))
            yield (
                f"step {step.get('Name')} is of type {kind}, which the local engine cannot run",
                f"run steps of type {legal} here",
            )
        if kind == CONDITION:
            yield from _condition(step)


def _condition(step: Step) -> Said:
    given = (step.get("Arguments") or {}).get("Conditions")
    if not isinstance(given, list) or not given:
        yield f"step {step.get('Name')} is of type Condition and has no Conditions", "give it one"
    for kind in sorted(set(_kinds(given)) - conditions.TYPES):
        yield (
            f"step {step.get('Name')} has a condition of type {kind}, which does not exist",
            f"use one of {', '.join(sorted(conditions.TYPES))}",
        )


def _kinds(value: Any) -> Iterator[str]:
    """The types of conditions and of those inside of them."""
    for condition in value if isinstance(value, list) else []:
        if isinstance(condition, Mapping):
            yield str(condition.get("Type"))
            yield from _kinds(condition.get("Conditions"))
            yield from _kinds([condition["Condition"]] if "Condition" in condition else [])


def _names(names: Sequence[str]) -> Said:
    for name in dict.fromkeys(names):
        if not NAME.fullmatch(name):
            yield f"{name!r} is not a step name", "use up to 64 letters, digits, - and _"
        elif names.count(name) > 1:
            yield f"{names.count(name)} steps are named {name}", "give each its own name"


def _dependencies(steps: Sequence[Step]) -> Said:
    found = [step for step, _ in flat(steps)]
    names = {str(step.get("Name")) for step in found}
    for step in found:
        inner = body(step)
        siblings = {str(each.get("Name")) for each in inner}
        yield from _unknown(step, names)
        for each in inner:
            yield from _unknown(each, names | siblings)


def _unknown(step: Step, names: Collection[str]) -> Said:
    for entry in step.get("DependsOn") or ():
        if isinstance(entry, Mapping) and str(entry.get("Trigger", "Completed")) not in TRIGGERS:
            yield (
                f"step {step.get('Name')} depends on {entry.get('Step')} with the unknown trigger {entry.get('Trigger')}",
                f"use one of {', '.join(TRIGGERS)}",
            )
        elif not isinstance(entry, (str, Mapping)):
            yield f"step {step.get('Name')} depends on {entry}, which is no step's name", "name the step"
    for name, _ in depends_on(step):
        if name not in names:
            yield f"step {step.get('Name')} depends on {name}, which does not exist", "name a step of this pipeline"


def _loops(steps: Sequence[Step], names: Sequence[str]) -> Said:
    for loop in steps:
        inner = body(loop)
        if loop.get("Type") == FOR_EACH and not inner:
            yield f"step {loop.get('Name')} is of type ForEach and has no ForEachBody", "give it a step"
        for each in inner:
            if each.get("Type") in CONTROL:
                yield (
                    f"step {each.get('Name')} is of type {each['Type']}, which may not stand in the body of {loop.get('Name')}",
                    "put it outside of the loop",
                )
            for name in names:
                if re.fullmatch(re.escape(str(each.get("Name"))) + r"-[0-9]+", name):
                    yield f"step {name} is named like an iteration of {each.get('Name')}", "give it another name"


def _caches(steps: Sequence[Step]) -> Said:
    for step in steps:
        after = (step.get("CacheConfig") or {}).get("ExpireAfter")
        if after is not None and durations.seconds(str(after)) is None:
            yield f"step {step.get('Name')} has the ExpireAfter {after!r}, which is not a duration", "write it like P30D or PT1H"
