"""Steps in branches and loops: which order each list of steps has, and who may wait for whom across the lists.

In: the graph of all steps, and for each step that stands inside another the one that holds it. Out: the steps of every list in
topological order, what each waits for, and findings. An edge between two lists orders the steps that hold them; a step outside
cannot wait for one inside, which may never run.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from framework.findings import Finding
from framework.pipeline.graph import EXPLICIT, Edge, Graph

TOP = ""
"""The list of the pipeline itself."""


@dataclass(frozen=True, slots=True)
class Nesting:
    """The order of a pipeline.

    Attributes:
        lists: the steps inside each step that holds some, and those of the pipeline itself under "", in topological order.
        depends_on: for each step, the explicit edges that lead to it, in the order of their upstream steps.
        findings: cycles, and edges that cannot be.
    """

    lists: Mapping[str, tuple[str, ...]]
    depends_on: Mapping[str, tuple[Edge, ...]]
    findings: tuple[Finding, ...]


def nest(graph: Graph, containers: Mapping[str, str], loops: frozenset[str]) -> Nesting:
    """The order of the steps.

    Args:
        graph: all steps, in the order of the configuration, and the edges between them.
        containers: for each step inside another, the one that holds it.
        loops: the steps that are loops: what their bodies wait for, they wait for as a whole.
    """
    chains = {name: _chain(name, containers) for name in graph.names}
    findings: list[Finding] = []
    inner: dict[str, list[Edge]] = {}
    for edge in graph.edges:
        findings += _forbidden(edge, chains)
        lifted = _lifted(edge, chains)
        if lifted is not None:
            inner.setdefault(lifted[0], []).append(lifted[1])
    members: dict[str, list[str]] = {TOP: []}
    for name in graph.names:
        members.setdefault(containers.get(name, TOP), []).append(name)
    lists = {}
    for holder, names in members.items():
        part = Graph(names, inner.get(holder, []))
        order = part.order()
        cycle = part.cycle_finding(order)
        findings += [cycle] if cycle else []
        lists[holder] = tuple(order)
    rank = {name: index for index, name in enumerate(_walk(TOP, lists))}
    return Nesting(lists, _explicit(graph, containers, loops, rank), tuple(findings))


def _chain(name: str, containers: Mapping[str, str]) -> tuple[str, ...]:
    """The steps that hold a step, outermost first, and the step itself."""
    chain = [name]
    while chain[0] in containers and containers[chain[0]] not in chain:
        chain.insert(0, containers[chain[0]])
    return tuple(chain)


def _parting(edge: Edge, chains: Mapping[str, Sequence[str]]) -> int | None:
    """Where the two steps of an edge part: the first level at which different steps hold them; None where one holds the other."""
    pairs = zip(chains[edge.upstream], chains[edge.downstream], strict=False)
    return next((level for level, (one, other) in enumerate(pairs) if one != other), None)


def _lifted(edge: Edge, chains: Mapping[str, Sequence[str]]) -> tuple[str, Edge] | None:
    """The edge between the two steps of one list that an edge comes down to, and whose list it is."""
    level = len(chains[edge.upstream]) - 1 if edge.upstream == edge.downstream else _parting(edge, chains)
    if level is None:
        return None
    above, below = chains[edge.upstream], chains[edge.downstream]
    return (above[level - 1] if level else TOP), replace(edge, upstream=above[level], downstream=below[level])


def _forbidden(edge: Edge, chains: Mapping[str, Sequence[str]]) -> Iterator[Finding]:
    """Findings for an edge from inside a branch or a loop to a step outside of it."""
    level = _parting(edge, chains)
    holders = chains[edge.upstream]
    if level is None and len(holders) > len(chains[edge.downstream]):
        message = f"{edge.downstream} waits for {edge.upstream}, which stands inside it"
        yield Finding("SMP209", edge.place, message, f"take {edge.upstream} out of it")
    elif level is not None and holders[level] != edge.upstream:
        message = f"{edge.downstream} waits for {edge.upstream}, which stands in {holders[level]} and may not run"
        yield Finding("SMP209", edge.place, message, f"put {edge.downstream} there too, or let it wait for {holders[level]}")


def _walk(holder: str, lists: Mapping[str, Sequence[str]]) -> Iterator[str]:
    """Every step, each before those inside it."""
    todo = list(reversed(lists.get(holder, ())))
    while todo:
        name = todo.pop()
        yield name
        todo += reversed(lists.get(name, ()))


def _explicit(
    graph: Graph, containers: Mapping[str, str], loops: frozenset[str], rank: Mapping[str, int]
) -> dict[str, tuple[Edge, ...]]:
    found: dict[str, dict[str, Edge]] = {}
    for edge in graph.edges:
        if edge.kind == EXPLICIT and edge.upstream in rank and edge.downstream in rank:
            waiting = edge.downstream
            holder = containers.get(waiting, TOP)
            if holder in loops and containers.get(edge.upstream, TOP) != holder:
                waiting = holder
            found.setdefault(waiting, {}).setdefault(edge.upstream, edge)
    return {name: tuple(sorted(edges.values(), key=lambda edge: rank[edge.upstream])) for name, edges in found.items()}
