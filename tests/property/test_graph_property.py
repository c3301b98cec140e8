"""The graph over arbitrary edges, the notation over arbitrary lines, and the gzip layer over arbitrary bytes."""

from __future__ import annotations

import contextlib
import gzip
import random
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from framework.findings import Place
from framework.pipeline.bundles import stored_gzip
from framework.pipeline.dependencies import DependencyError, parse_dependency
from framework.pipeline.graph import EXPLICIT, Edge, Graph

NAMES = st.lists(st.sampled_from("abcdefghij"), unique=True, min_size=1)
Pairs = list[tuple[str, str]]


@st.composite
def graphs(draw: st.DrawFn) -> tuple[list[str], Pairs]:
    names = draw(NAMES)
    return names, draw(st.lists(st.tuples(st.sampled_from(names), st.sampled_from(names)), max_size=20))


@st.composite
def acyclic(draw: st.DrawFn) -> tuple[list[str], Pairs]:
    names, pairs = draw(graphs())
    shuffled = draw(st.permutations(names))
    return shuffled, [pair for pair in pairs if names.index(pair[0]) < names.index(pair[1])]


def build(names: list[str], pairs: Pairs) -> Graph:
    return Graph(names, [Edge(*pair, EXPLICIT, Place("conf.yaml", line, 1)) for line, pair in enumerate(pairs, 1)])


@given(acyclic())
def test_an_acyclic_graph_is_ordered_whole_and_along_its_edges(given_graph: tuple[list[str], Pairs]) -> None:
    names, pairs = given_graph
    order = build(names, pairs).order()
    assert sorted(order) == sorted(names)
    assert all(order.index(before) < order.index(after) for before, after in pairs)


@given(acyclic())
def test_of_the_steps_that_are_ready_the_first_configured_comes_first(given_graph: tuple[list[str], Pairs]) -> None:
    names, pairs = given_graph
    order = build(names, pairs).order()
    for position, name in enumerate(order):
        done = set(order[:position])
        ready = [other for other in names if other not in done and all(one in done for one, two in pairs if two == other)]
        assert name == ready[0]


@given(graphs(), st.randoms(use_true_random=False))
def test_the_order_of_the_edges_does_not_matter(given_graph: tuple[list[str], Pairs], shuffler: random.Random) -> None:
    names, pairs = given_graph
    order = build(names, pairs).order()
    shuffler.shuffle(pairs)
    assert build(names, pairs).order() == order


@given(graphs())
def test_steps_are_left_out_exactly_when_a_cycle_is_printed(given_graph: tuple[list[str], Pairs]) -> None:
    names, pairs = given_graph
    graph = build(names, pairs)
    finding = graph.cycle_finding(graph.order())
    assert (finding is None) == (len(graph.order()) == len(names))
    if finding is not None:
        cycle = finding.message.partition("in a cycle: ")[2].partition(" (")[0].split(" >> ")
        assert cycle[0] == cycle[-1]
        assert len(set(cycle)) == len(cycle) - 1
        assert all((before, after) in pairs for before, after in pairwise(cycle))


@given(st.lists(st.lists(st.sampled_from("abcdef"), min_size=1, max_size=3, unique=True), min_size=2, max_size=4))
def test_a_chain_reads_the_same_in_both_directions(terms: list[list[str]]) -> None:
    words = [f"[{', '.join(term)}]" for term in terms]
    forwards = parse_dependency(" >> ".join(words))
    assert set(parse_dependency("<<".join(reversed(words)))) == set(forwards)
    assert set(forwards) == {(one, two) for left, right in pairwise(terms) for one in left for two in right}


@given(st.text(alphabet="ab[],<> \n") | st.text())
def test_any_line_is_read_or_refused(line: str) -> None:
    with contextlib.suppress(DependencyError):
        pairs = parse_dependency(line)
        assert pairs
        assert all(not set("[],<> \n") & set(name) for pair in pairs for name in pair)


@given(st.binary(max_size=2_000), st.integers(0, 140))
def test_any_bytes_survive_the_gzip_layer(data: bytes, times: int) -> None:
    assert gzip.decompress(stored_gzip(data * times)) == data * times
