"""The graph of steps: who waits for whom and why, in an order that never changes without a reason."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from framework.findings import Finding, Place

EXPLICIT, DATA = "dependencies", "data"
COMPLETED = "Completed"


@dataclass(frozen=True, slots=True)
class Edge:
    """`upstream` must be done before `downstream` begins; `kind` says why, `place` where that was written.

    `trigger` says how it must have ended: Completed, Failed, Stopped or Any.
    """

    upstream: str
    downstream: str
    kind: str
    place: Place
    trigger: str = COMPLETED


@dataclass(slots=True)
class Graph:
    """The edges between the steps called `names`, which stand in the order of the configuration."""

    names: Sequence[str]
    edges: list[Edge] = field(default_factory=list)

    def add(self, edges: Iterable[Edge]) -> None:
        """Add edges; of several between the same two steps the first is kept."""
        self.edges += edges

    def upstream(self) -> dict[str, dict[str, Edge]]:
        """For each step, the edges that lead to it, by the name of their upstream step."""
        result: dict[str, dict[str, Edge]] = {name: {} for name in self.names}
        for edge in self.edges:
            result[edge.downstream].setdefault(edge.upstream, edge)
        return result

    def order(self) -> list[str]:
        """The names in topological order; among those that are ready, the one configured first comes first.

        Steps on a cycle, and all that wait for them, are missing from it.
        """
        rank = {name: index for index, name in enumerate(self.names)}
        waiting = {name: len(edges) for name, edges in self.upstream().items()}
        followers: dict[str, list[str]] = {name: [] for name in self.names}
        for name, edges in self.upstream().items():
            for upstream in edges:
                followers[upstream].append(name)
        ready = [rank[name] for name, count in waiting.items() if count == 0]
        heapq.heapify(ready)
        ordered = []
        while ready:
            name = self.names[heapq.heappop(ready)]
            ordered.append(name)
            for follower in followers[name]:
                waiting[follower] -= 1
                if waiting[follower] == 0:
                    heapq.heappush(ready, rank[follower])
        return ordered

    def cycle_finding(self, ordered: Sequence[str]) -> Finding | None:
        """The finding that prints one cycle, if the steps left out of `ordered` hold one."""
        done = set(ordered)
        left = [name for name in self.names if name not in done]
        if not left:
            return None
        edges = _one_cycle(left, self.upstream())
        path = " >> ".join([edges[0].upstream, *(edge.downstream for edge in edges)])
        reasons = "; ".join(f"{edge.upstream} >> {edge.downstream} by {edge.kind} at {edge.place}" for edge in edges)
        place = min(edge.place for edge in edges)
        return Finding(
            "SMP203", place, f"the steps wait for each other in a cycle: {path} ({reasons})", "remove one of these edges"
        )


def _one_cycle(left: Sequence[str], upstream: Mapping[str, Mapping[str, Edge]]) -> list[Edge]:
    """Walk against the edges from the first step that is left until a step comes again."""
    remaining = set(left)
    walked: list[Edge] = []
    seen: dict[str, int] = {}
    name = left[0]
    while name not in seen:
        seen[name] = len(walked)
        edge = next(edge for source, edge in upstream[name].items() if source in remaining)
        walked.append(edge)
        name = edge.upstream
    cycle = walked[seen[name] :][::-1]
    first = min(range(len(cycle)), key=lambda index: left.index(cycle[index].upstream))
    return cycle[first:] + cycle[:first]
