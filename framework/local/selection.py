"""Running a part of a pipeline: the steps that are chosen run, what they need of others comes from an earlier execution.

In: the steps of a definition and the chosen names. Out: the nodes to run, and the names of the steps whose results are needed; or
findings (rule SMP803). The rules are those of the guide's page "pipelines-selective-ex": the chosen steps hang together, and steps
after them do not run. A chosen condition takes its branches with it, a chosen loop its body.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from framework.findings import Finding, FindingsError, Place, nearest
from framework.local.graph import Node, Step, branches, nodes

RULE = "SMP803"
PLACE = Place("selection")
GUARDS = {"True", "False"}


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
    asked = list(dict.fromkeys(chosen))
    if not asked:
        return Selection(every)
    unknown = [name for name in asked if name not in every]
    if unknown:
        raise FindingsError(Finding(RULE, PLACE, f"there is no step {name}", nearest(name, every)) for name in unknown)
    taken = {inner for name in asked for inner in _with_branches(every[name].step)}
    between = sorted(_after(every, taken) & _before(every, taken) - taken)
    if between:
        raise FindingsError(
            Finding(RULE, PLACE, f"step {name} lies between chosen steps and is not chosen", f"choose {name} too")
            for name in between
        )
    part = {name: _freed(every[name], taken) for name in every if name in taken}
    needed = {other for name in part for other, ends in every[name].waits if not ends & GUARDS} - taken
    return Selection(part, tuple(name for name in every if name in needed))


def _with_branches(step: Step) -> set[str]:
    return {step["Name"], *(name for _, inner in branches(step) for name in _with_branches(inner))}


def _after(every: Mapping[str, Node], start: set[str]) -> set[str]:
    """Everything that waits for one of the steps."""
    found: set[str] = set()
    while more := {name for name, node in every.items() if {other for other, _ in node.waits} & (start | found)} - found:
        found |= more
    return found


def _before(every: Mapping[str, Node], start: set[str]) -> set[str]:
    """Everything that one of the steps waits for."""
    found: set[str] = set()
    front = set(start)
    while front:
        front = {other for name in front for other, _ in every[name].waits} - found
        found |= front
    return found


def _freed(node: Node, taken: set[str]) -> Node:
    """A chosen step waits for chosen steps only, and not for a condition that is not chosen, whatever it said."""
    return replace(node, waits=tuple((other, ends) for other, ends in node.waits if other in taken))
