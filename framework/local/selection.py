"""Running a part of a pipeline: the steps that are chosen run, what they need of others comes from an earlier execution.

In: the steps of a definition and the chosen names. Out: the nodes to run, and the names of the steps whose results are needed; or
findings (rule SMP803). The rules are those of `framework.pipeline.partial`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from framework.local.graph import Node, nodes
from framework.pipeline.partial import part
from framework.pipeline.step_graph import Step


@dataclass(frozen=True)
class Selection:
    """A part of a pipeline.

    Attributes:
        nodes: the steps to run, by name.
        needed: other steps, whose results they use or whose end they wait for.
    """

    nodes: Mapping[str, Node]
    needed: tuple[str, ...] = ()


def select(steps: Sequence[Step], chosen: Iterable[str]) -> Selection:
    """The part of a pipeline that consists of the chosen steps; all of it when none is chosen.

    Raises:
        FindingsError: a name is unknown, or a step between two chosen ones is not chosen.
    """
    every = nodes(steps)
    asked = list(chosen)
    if not asked:
        return Selection(every)
    run = part(steps, asked)
    taken = set(run.steps)
    return Selection({name: _freed(every[name], taken) for name in run.steps}, run.needed)


def _freed(node: Node, taken: Collection[str]) -> Node:
    """A chosen step waits for chosen steps only, and not for a condition that is not chosen, whatever it said."""
    return replace(node, waits=tuple((other, ends) for other, ends in node.waits if other in taken))
