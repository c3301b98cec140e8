"""Which step waits for which, as the scheduler sees it: top-level steps and those in the branches of conditions, in one list.

In: the steps of a definition. Out: nodes for the scheduler. The body of a ForEach is not in the list: it becomes nodes when the
loop's items are known (`framework.local.loops`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from framework.pipeline.step_graph import Needs, Step, Waits, flat, waits


@dataclass(frozen=True)
class Iteration:
    """Where a step of a loop's body stands.

    Attributes:
        parent: the ForEach step.
        index: counts the items from 0.
        item: the item.
        aliases: for each step of the body, its name in this iteration.
    """

    parent: str
    index: int
    item: Any
    aliases: Mapping[str, str]


@dataclass(frozen=True)
class Node:
    """A step as the scheduler sees it.

    Attributes:
        name: unique in the execution.
        step: the step of the definition.
        order: of several steps that are ready, the one with the smallest order starts first.
        waits: pairs of another step's name and the results of it that let this one start; all of them are awaited.
        iteration: the iteration of a loop that it belongs to.
    """

    name: str
    step: Step
    order: tuple[int, ...]
    waits: Waits = ()
    iteration: Iteration | None = None


def nodes(steps: Sequence[Step]) -> dict[str, Node]:
    """The nodes of a definition, in its order."""
    awaited = waits(steps)
    found = enumerate(step for step, _ in flat(steps))
    return {step["Name"]: Node(step["Name"], step, (number,), awaited[step["Name"]]) for number, step in found}


def needs(steps: Sequence[Step]) -> Needs:
    """Whom each step waits for: data references, DependsOn, and the condition that it stands in."""
    return {name: frozenset(other for other, _ in node.waits) for name, node in nodes(steps).items()}


def circle(graph: Needs) -> list[str]:
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
