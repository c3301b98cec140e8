"""Steps in branches and loops: which order each list of steps has, and who may wait for whom across the lists.

In: the graph of all steps, and for each step that stands inside another the list that it stands in. Out: the steps of every list
in topological order, what each waits for, and findings. An edge between two lists orders the steps that hold them; a step outside
cannot wait for one inside, which may never run, nor can one of the other branch.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from framework.findings import Finding
from framework.pipeline.graph import COMPLETED, DATA, EXPLICIT, Edge, Graph

Slot = tuple[str, str]
"""A list of steps: the step that holds it, and the member of that step's Arguments that it is."""

TOP: Slot = ("", "")
"""The list of the pipeline itself."""


@dataclass(frozen=True, slots=True)
class Nesting:
    """The order of a pipeline.

    Attributes:
        lists: the steps of each list, that of the pipeline itself under TOP, in topological order.
        depends_on: for each step, the explicit edges that lead to it, in the order of their upstream steps.
        findings: cycles, and edges that cannot be.
    """

    lists: Mapping[Slot, tuple[str, ...]]
    depends_on: Mapping[str, tuple[Edge, ...]]
    findings: tuple[Finding, ...]


def nest(graph: Graph, slots: Mapping[str, Slot], loops: frozenset[str]) -> Nesting:
    """The order of the steps.

    Args:
        graph: all steps, in the order of the configuration, and the edges between them.
        slots: for each step inside another, the list that it stands in.
        loops: the steps that are loops: what their bodies wait for, they wait for as a whole.
    """
    chains = {name: chain_of(name, slots) for name in graph.names}
    findings: list[Finding] = []
    inner: dict[Slot, list[Edge]] = {}
    for edge in graph.edges:
        findings += _forbidden(edge, chains, slots, loops)
        lifted = _lifted(edge, chains, slots)
        if lifted is not None:
            inner.setdefault(lifted[0], []).append(lifted[1])
    members: dict[Slot, list[str]] = {TOP: []}
    for name in graph.names:
        members.setdefault(slots.get(name, TOP), []).append(name)
    lists = {}
    for slot, names in members.items():
        part = Graph(names, inner.get(slot, []))
        order = part.order()
        cycle = part.cycle_finding(order)
        findings += [cycle] if cycle else []
        lists[slot] = tuple(order)
    rank = {name: index for index, name in enumerate(_walk(lists))}
    return Nesting(lists, _explicit(graph, chains, slots, loops, rank), tuple(findings))


def chain_of(name: str, slots: Mapping[str, Slot]) -> tuple[str, ...]:
    """The steps that hold a step, outermost first, and the step itself."""
    chain = [name]
    while chain[0] in slots and slots[chain[0]][0] not in chain:
        chain.insert(0, slots[chain[0]][0])
    return tuple(chain)


def common_slot(names: Sequence[str], slots: Mapping[str, Slot]) -> Slot:
    """The innermost list that has all of these steps in it, or in steps that it holds."""
    paths = [[slots.get(name, TOP) for name in chain_of(one, slots)] for one in names]
    shared = TOP
    for level in zip(*paths, strict=False):
        if len(set(level)) > 1:
            break
        shared = level[0]
    return shared


def _parting(edge: Edge, chains: Mapping[str, Sequence[str]]) -> int | None:
    """Where the two steps of an edge part: the first level at which different steps hold them; None where one holds the other."""
    pairs = zip(chains[edge.upstream], chains[edge.downstream], strict=False)
    return next((level for level, (one, other) in enumerate(pairs) if one != other), None)


def _lifted(edge: Edge, chains: Mapping[str, Sequence[str]], slots: Mapping[str, Slot]) -> tuple[Slot, Edge] | None:
    """The edge between the two steps of one list that an edge comes down to, and that list; None where there are no such two."""
    level = len(chains[edge.upstream]) - 1 if edge.upstream == edge.downstream else _parting(edge, chains)
    if level is None:
        return None
    above, below = chains[edge.upstream][level], chains[edge.downstream][level]
    slot = slots.get(above, TOP)
    return (slot, replace(edge, upstream=above, downstream=below)) if slot == slots.get(below, TOP) else None


def _forbidden(
    edge: Edge, chains: Mapping[str, Sequence[str]], slots: Mapping[str, Slot], loops: frozenset[str]
) -> Iterator[Finding]:
    """Findings for an edge to a step from where it cannot be waited for."""
    level = _parting(edge, chains)
    above, below = chains[edge.upstream], chains[edge.downstream]
    waits = f"{edge.downstream} waits for {edge.upstream}, which"
    if level is None and len(above) > len(below):
        yield Finding("SMP209", edge.place, f"{waits} stands inside it", f"take {edge.upstream} out of it")
    elif level is None and len(above) < len(below) and _needs_the_end(edge, loops):
        yield Finding("SMP209", edge.place, f"{waits} holds it and has not ended then", f"take {edge.downstream} out of it")
    elif level is not None and slots.get(above[level], TOP) != slots.get(below[level], TOP):
        holder = above[level - 1]
        message = f"{waits} stands in another branch of {holder}: only one of them runs"
        yield Finding("SMP209", edge.place, message, f"put both into one branch, or take {edge.upstream} out of {holder}")
    elif level is not None and above[level] != edge.upstream:
        message = f"{waits} stands in {above[level]} and may not run"
        yield Finding("SMP209", edge.place, message, f"put {edge.downstream} there too, or let it wait for {above[level]}")


def _needs_the_end(edge: Edge, loops: frozenset[str]) -> bool:
    """Whether an edge is about what its upstream step has come to: how it ended, or what all its iterations made."""
    return edge.trigger != COMPLETED or (edge.kind == DATA and edge.upstream in loops)


def _walk(lists: Mapping[Slot, Sequence[str]]) -> Iterator[str]:
    """Every step, each before those inside it."""
    inside: dict[str, list[str]] = {}
    for (holder, _), names in lists.items():
        inside.setdefault(holder, []).extend(names)
    todo = list(reversed(inside[TOP[0]]))
    while todo:
        name = todo.pop()
        yield name
        todo += reversed(inside.get(name, ()))


def _explicit(
    graph: Graph,
    chains: Mapping[str, Sequence[str]],
    slots: Mapping[str, Slot],
    loops: frozenset[str],
    rank: Mapping[str, int],
) -> dict[str, tuple[Edge, ...]]:
    """What each step waits for. That a step waits for the one that holds it goes without saying: it runs inside it."""
    found: dict[str, dict[str, Edge]] = {}
    for edge in graph.edges:
        held = edge.upstream in chains[edge.downstream]
        if edge.kind == EXPLICIT and not held and edge.upstream in rank and edge.downstream in rank:
            waiting = edge.downstream
            holder = slots.get(waiting, TOP)[0]
            if holder in loops and slots.get(edge.upstream, TOP)[0] != holder:
                waiting = holder
            found.setdefault(waiting, {}).setdefault(edge.upstream, edge)
    return {name: tuple(sorted(edges.values(), key=lambda edge: rank[edge.upstream])) for name, edges in found.items()}
