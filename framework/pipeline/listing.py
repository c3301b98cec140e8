"""The steps of a definition, as they are listed and selected from: a definition in, its steps in topological order out.

The definition may be any: what is not shaped like a step is passed over, and steps that wait for each other in a circle come last.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from framework.pipeline.compiled import Definition, StepOrigin
from framework.pipeline.step_graph import FOR_EACH, INNER_STEPS, depends_on, own_references

TYPES = (
    "AutoML", "Callback", "ClarifyCheck", "Cleanup", "Condition", "EMR", "EMRServerless", "Endpoint", "EndpointConfig", "Fail",
    "ForEach", "InferenceComponent", "Lambda", "Lineage", "Model", "Processing", "QualityCheck", "RegisterModel", "Training",
    "Transform", "Tuning",
)  # fmt: skip
"""The step types of SageMaker."""


@dataclass(frozen=True, slots=True)
class Listed:
    """A step.

    Attributes:
        name, type: as in the definition.
        step_class, model: as in the configuration; "" where that is not known, or it has none.
        after: the steps whose results it uses or whose end it waits for, in topological order.
        holders: the conditions and loops that it stands in, the outermost first.
    """

    name: str
    type: str
    step_class: str = ""
    model: str = ""
    after: tuple[str, ...] = ()
    holders: tuple[str, ...] = ()


def every(definition: Definition) -> Iterator[tuple[Mapping[str, Any], tuple[str, ...]]]:
    """All steps, each before those in it, with the names of those that hold it; what is not shaped like a step is left out."""
    todo: list[tuple[Mapping[str, Any], tuple[str, ...]]] = [(step, ()) for step in reversed(_steps(definition.get("Steps")))]
    while todo:
        step, holders = todo.pop()
        arguments = dict(step.get("Arguments") or {})
        inner = {member: _steps(arguments[member]) for member in INNER_STEPS.get(str(step.get("Type")), ()) if member in arguments}
        yield ({**step, "Arguments": arguments | inner} if inner else step), holders
        todo += [(each, (*holders, str(step["Name"]))) for steps in reversed(inner.values()) for each in reversed(steps)]


def listed(definition: Definition, origins: Iterable[StepOrigin] = ()) -> dict[str, Listed]:
    """The steps by name, in topological order and otherwise that of the definition; of two that share a name, the first."""
    found: dict[str, tuple[Mapping[str, Any], tuple[str, ...]]] = {}
    for step, holders in every(definition):
        found.setdefault(str(step["Name"]), (step, holders))
    waits = {name: {other for other in _after(step) if other in found} for name, (step, _) in found.items()}
    for name, (_, holders) in found.items():
        for holder in (*holders, name):  # what stands in a loop is no outer step to it, however deep it stands
            waits[holder].discard(name)
    order = _ordered({name: {*waits[name], *holders[-1:]} for name, (_, holders) in found.items()})
    rank = {name: index for index, name in enumerate(order)}
    known = {origin.step: origin for origin in origins}
    result = {}
    for name in order:
        step, holders = found[name]
        origin = known.get(name, StepOrigin(name))
        after = tuple(sorted(waits[name], key=rank.__getitem__))
        result[name] = Listed(name, str(step.get("Type", "")), origin.step_class, origin.model, after, holders)
    return result


def upstream(steps: Mapping[str, Listed]) -> dict[str, frozenset[str]]:
    """For each step, those directly before it: those that it waits for, and what holds it; for a loop, also what is in that."""
    inside: dict[str, list[str]] = {}
    for name, step in steps.items():
        for holder in step.holders:
            inside.setdefault(holder, []).append(name)
    found = {}
    for name, step in steps.items():
        loops = [other for other in step.after if steps[other].type == FOR_EACH and other not in step.holders]
        found[name] = frozenset({*step.after, *step.holders[-1:], *(each for loop in loops for each in inside.get(loop, ()))})
    return found


def _after(step: Mapping[str, Any]) -> set[str]:
    return own_references(step) | {other for other, _ in depends_on(step)}


def _ordered(waits: Mapping[str, set[str]]) -> list[str]:
    """The names so that each stands behind those that it waits for; circles behind all others, as they come."""
    position = {name: index for index, name in enumerate(waits)}
    left = {name: len(others) for name, others in waits.items()}
    waiting: dict[str, list[str]] = {}
    for name, others in waits.items():
        for other in others:
            waiting.setdefault(other, []).append(name)
    ready = [(position[name], name) for name, count in left.items() if not count]
    order = []
    while ready:
        _, name = heapq.heappop(ready)
        order.append(name)
        for other in waiting.get(name, ()):
            left[other] -= 1
            if not left[other]:
                heapq.heappush(ready, (position[other], other))
    done = set(order)
    return [*order, *(name for name in waits if name not in done)]


def _steps(value: Any) -> Sequence[Mapping[str, Any]]:
    return [step for step in value if _is_step(step)] if isinstance(value, list) else []


def _is_step(step: Any) -> bool:
    """Whether a value is shaped so that what looks at steps can look at it."""
    if not isinstance(step, Mapping) or not isinstance(step.get("Name"), str):
        return False
    arguments, depends = step.get("Arguments"), step.get("DependsOn")
    return isinstance(arguments, (Mapping, type(None))) and isinstance(depends, (list, type(None)))
