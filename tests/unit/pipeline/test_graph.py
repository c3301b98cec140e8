"""The graph: an order that follows the edges and else the configuration, and cycles printed edge by edge."""

from __future__ import annotations

import pytest

from framework.findings import Place
from framework.pipeline.graph import DATA, EXPLICIT, Edge, Graph


def graph(names: str, edges: str = "") -> Graph:
    """Names and edges are single letters; an edge is two names, and "!" makes it one of data. Lines count from 1."""
    result = Graph(names.split())
    for line, edge in enumerate(edges.split(), 1):
        kind = DATA if edge.endswith("!") else EXPLICIT
        result.add([Edge(edge[0], edge[1], kind, Place("conf.yaml", line, 1))])
    return result


@pytest.mark.parametrize(("names", "edges", "order"), [
    ("", "", ""),
    ("c a b", "", "c a b"),
    ("c a b", "ab", "c a b"),
    ("c a b", "bc", "a b c"),
    ("a b c d", "da", "b c d a"),
    ("a b c d", "ca da", "b c d a"),
    ("a b c d e", "eb bd", "a c e b d"),
    ("a b", "ab ab! ab", "a b"),
])  # fmt: skip
def test_the_order(names: str, edges: str, order: str) -> None:
    assert graph(names, edges).order() == order.split()


@pytest.mark.parametrize(("names", "edges", "order"), [("a b", "ab ba", ""), ("a b c d", "bc cb cd", "a"), ("a", "aa", "")])
def test_steps_on_a_cycle_and_behind_it_are_missing_from_the_order(names: str, edges: str, order: str) -> None:
    assert graph(names, edges).order() == order.split()


def test_of_several_edges_between_two_steps_the_first_is_kept() -> None:
    assert graph("a b", "ab! ab").upstream()["b"]["a"] == Edge("a", "b", DATA, Place("conf.yaml", 1, 1))


@pytest.mark.parametrize(("names", "edges", "message"), [
    ("a", "aa", "a >> a (a >> a by dependencies at conf.yaml:1:1)"),
    ("a b", "ba! ab", "a >> b >> a (a >> b by dependencies at conf.yaml:2:1; b >> a by data at conf.yaml:1:1)"),
    (
        "c b a",
        "ab bc ca!",
        "c >> a >> b >> c (c >> a by data at conf.yaml:3:1; a >> b by dependencies at conf.yaml:1:1; "
        "b >> c by dependencies at conf.yaml:2:1)",
    ),
    ("x a b y", "xa ab ba by", "a >> b >> a (a >> b by dependencies at conf.yaml:2:1; b >> a by dependencies at conf.yaml:3:1)"),
    ("y a b", "by ab ba", "a >> b >> a (a >> b by dependencies at conf.yaml:2:1; b >> a by dependencies at conf.yaml:3:1)"),
])  # fmt: skip
def test_a_cycle_is_printed_edge_by_edge(names: str, edges: str, message: str) -> None:
    it = graph(names, edges)
    finding = it.cycle_finding(it.order())
    assert finding is not None
    assert finding.message == f"the steps wait for each other in a cycle: {message}"
    assert (finding.rule, finding.hint) == ("SMP203", "remove one of these edges")


def test_the_finding_stands_where_the_first_edge_of_the_cycle_was_written() -> None:
    it = graph("a b c", "bc ab! ba")
    finding = it.cycle_finding(it.order())
    assert finding is not None
    assert finding.place == Place("conf.yaml", 2, 1)


def test_no_cycle_no_finding() -> None:
    it = graph("a b", "ab")
    assert it.cycle_finding(it.order()) is None
