"""Which step can start only after which other has ended: a definition in, for each step the set of those that come later out.

Sets of steps are whole numbers whose bits are the steps' positions. A step waits for those that its DependsOn and its references
name, and for the condition that it stands in; what waits for a loop waits for the whole of its body. A condition has ended when it
has chosen its branch.
"""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from framework.deploy.live.steps import Path, StepAt, top
from framework.pipeline.compiled import Definition
from framework.pipeline.step_graph import INNER_STEPS

Steps = int
"""A set of steps."""

MOST_ITERATIONS = 50
"""How many iterations of a loop run at a time at most (MaxConcurrency in the SDK)."""
MOST_NODES = 1500
"""As many nodes as there may be before a further iteration is no node of its own."""


Branches = tuple[tuple[int, str], ...]
Scope = ChainMap[str, int]
"""The node that a name stands for."""


@dataclass(frozen=True, slots=True)
class Node:
    """A step, or one iteration of a step in a loop.

    Attributes:
        at: the step.
        branches: for each condition that it stands in, the node of the condition and the branch.
        times: how many iterations of it can run at a time, with those that are nodes of their own.
    """

    at: StepAt
    branches: Branches = ()
    times: int = 1


@dataclass(frozen=True, slots=True)
class Order:
    """The steps of a pipeline, and for each of them those that can start only after it has ended."""

    nodes: tuple[Node, ...]
    later: tuple[Steps, ...]


def each(steps: Steps) -> Iterator[int]:
    """The positions of the steps in a set, from the first on."""
    while steps:
        lowest = steps & -steps
        yield lowest.bit_length() - 1
        steps ^= lowest


def order_of(definition: Definition, iterations: int = 1) -> Order:
    """The order of the steps.

    Args:
        definition: where its steps wait for each other in a circle, some of their order is missing.
        iterations: how many iterations of a loop are nodes of their own, at most.
    """
    flat = _Flat(iterations)
    flat.add(top(definition), ChainMap(), Node(StepAt("", "", (), {})), ())
    return Order(tuple(flat.nodes), _later(flat.waits()))


def waiting_for(definition: Definition, types: Collection[str]) -> frozenset[Path]:
    """The paths of the steps that start only after a step of one of these types has ended."""
    order = order_of(definition)
    after = 0
    for node, later in zip(order.nodes, order.later, strict=True):
        after |= later if node.at.type in types else 0
    return frozenset(order.nodes[index].at.path for index in each(after))


class _Flat:
    """The nodes of all steps, however deep they stand, and whom each waits for."""

    def __init__(self, iterations: int) -> None:
        self.nodes: list[Node] = []
        self._iterations = iterations
        self._scopes: list[Scope] = []
        self._held: list[Steps] = []

    def add(self, steps: list[StepAt], scope: Scope, around: Node, holders: tuple[int, ...]) -> None:
        """Add the steps of a list, and those inside them.

        Args:
            steps: the list.
            scope: what names stand for there.
            around: its branches and times are those of all steps of the list.
            holders: the nodes of the conditions and loops that the list stands in.
        """
        for at in steps:
            number = self._node(replace(around, at=at), scope, sum(1 << holder for holder in holders))
            for member, inner in at.inner():
                if at.type == "Condition":
                    branches = (*around.branches, (number, member))
                    self.add(inner, scope, replace(around, branches=branches), (*holders, number))
                else:
                    self._loop(at, inner, scope, around, (*holders, number))

    def waits(self) -> list[Steps]:
        """For each node, the nodes that it waits for."""
        return [
            (held | sum({1 << scope[name] for name in set(_names(node.at)) if name in scope})) & ~(1 << number)
            for number, (node, scope, held) in enumerate(zip(self.nodes, self._scopes, self._held, strict=True))
        ]

    def _node(self, node: Node, scope: Scope, held: Steps) -> int:
        number = len(self.nodes)
        scope.setdefault(node.at.name, number)
        self.nodes.append(node)
        self._scopes.append(scope)
        self._held.append(held)
        return number

    def _loop(self, at: StepAt, body: list[StepAt], scope: Scope, around: Node, holders: tuple[int, ...]) -> None:
        """Add the iterations of a loop, and a node that stands for its end."""
        first, at_a_time = len(self.nodes), _at_a_time(at)
        inside = replace(around, times=around.times * at_a_time)
        for number in range(min(at_a_time, self._iterations)):
            if number == 0 or len(self.nodes) + (len(self.nodes) - first) // number <= MOST_NODES:
                self.add(body, scope.new_child(), inside, holders)
        held = (1 << len(self.nodes)) - (1 << first) | 1 << holders[-1]
        scope[at.name] = self._node(replace(around, at=replace(at, step={})), scope, held)


def _at_a_time(loop: StepAt) -> int:
    """How many iterations of a loop can run at a time."""
    most, items = loop.arguments.get("MaxConcurrency"), loop.arguments.get("IterableItems")
    most = min(most, MOST_ITERATIONS) if isinstance(most, int) and most > 0 else 1
    return min(most, len(items)) if isinstance(items, list) else most


def _names(at: StepAt) -> Iterator[str]:
    """The names of the steps that a step waits for, without what those inside it wait for."""
    entries = at.step.get("DependsOn")
    for entry in entries if isinstance(entries, list) else ():
        yield str(entry.get("Step")) if isinstance(entry, Mapping) else str(entry)
    inner = INNER_STEPS.get(at.type, ())
    todo: list[Any] = [value for key, value in at.step.items() if key not in ("Arguments", "DependsOn")]
    todo += [value for key, value in at.arguments.items() if key not in inner]
    while todo:
        value = todo.pop()
        if isinstance(value, Mapping):
            target = value.get("Get")
            if isinstance(target, str) and target.startswith("Steps."):
                yield target.split(".")[1].partition("[")[0]
            todo += value.values()
        elif isinstance(value, list):
            todo += value


def _later(waits: list[Steps]) -> tuple[Steps, ...]:
    """For each node, all that wait for it, directly or not."""
    direct = [0] * len(waits)
    for number, before in enumerate(waits):
        for other in each(before):
            direct[other] |= 1 << number
    later = [0] * len(waits)
    for number in reversed(_sorted(waits, direct)):
        missing = direct[number]
        while missing:
            nearest = missing & -missing
            later[number] |= nearest | later[nearest.bit_length() - 1]
            missing &= ~later[number]
    return tuple(later)


def _sorted(waits: list[Steps], direct: list[Steps]) -> list[int]:
    """The nodes, each after those that it waits for; those in circles, and what waits for them, are left out."""
    missing = [before.bit_count() for before in waits]
    ready = [number for number, count in enumerate(missing) if not count]
    for number in ready:
        for other in each(direct[number]):
            missing[other] -= 1
            if not missing[other]:
                ready.append(other)
    return ready
