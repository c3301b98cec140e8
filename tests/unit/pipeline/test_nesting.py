"""The order of steps in branches and loops, and who may wait for whom across them."""

from __future__ import annotations

from framework.findings import Place
from framework.pipeline.graph import DATA, EXPLICIT, Edge, Graph
from framework.pipeline.nesting import Nesting, nest

AT = Place("f.yaml", 1, 1)


def nested(names: str, edges: str, containers: dict[str, str], loops: str = "") -> Nesting:
    """`edges` is a list of "ab" for a before b, "a~b" for data."""
    graph = Graph(list(names))
    graph.add(Edge(edge[0], edge[-1], DATA if "~" in edge else EXPLICIT, AT) for edge in edges.split())
    return nest(graph, containers, frozenset(loops))


def waits(nesting: Nesting) -> dict[str, str]:
    return {name: "".join(edge.upstream for edge in edges) for name, edges in nesting.depends_on.items()}


def test_each_list_has_an_order_of_its_own() -> None:
    nesting = nested("cxyab", "yx ba", {"x": "c", "y": "c"})
    assert nesting.lists == {"": ("c", "b", "a"), "c": ("y", "x")}
    assert waits(nesting) == {"x": "y", "a": "b"}
    assert nesting.findings == ()


def test_what_a_step_inside_waits_for_comes_before_the_step_that_holds_it() -> None:
    nesting = nested("cxa", "ax", {"x": "c"})
    assert nesting.lists == {"": ("a", "c"), "c": ("x",)}
    assert waits(nesting) == {"x": "a"}


def test_data_orders_as_well_and_is_no_dependency() -> None:
    nesting = nested("cxa", "a~x", {"x": "c"})
    assert nesting.lists[""] == ("a", "c")
    assert waits(nesting) == {}


def test_a_loop_waits_as_a_whole_for_what_its_body_waits_for() -> None:
    nesting = nested("lxya", "ax xy", {"x": "l", "y": "l"}, loops="l")
    assert waits(nesting) == {"l": "a", "y": "x"}


def test_nothing_outside_waits_for_a_step_inside() -> None:
    [finding] = nested("cxa", "xa", {"x": "c"}).findings
    assert str(finding) == (
        "f.yaml:1:1 SMP209 a waits for x, which stands in c and may not run. Try: put a there too, or let it wait for c."
    )


def test_nor_does_a_step_of_the_other_branch_of_a_condition_within() -> None:
    nesting = nested("cdxa", "xa", {"d": "c", "x": "d", "a": "c"})
    assert [finding.rule for finding in nesting.findings] == ["SMP209"]


def test_a_step_cannot_wait_for_one_inside_it() -> None:
    [finding] = nested("cx", "xc", {"x": "c"}).findings
    assert str(finding) == "f.yaml:1:1 SMP209 c waits for x, which stands inside it. Try: take x out of it."


def test_a_step_inside_may_wait_for_the_one_that_holds_it() -> None:
    assert nested("cx", "cx", {"x": "c"}).findings == ()


def test_a_cycle_through_a_branch_is_one_between_the_steps_that_hold_it() -> None:
    [finding] = nested("cxa", "ax ca", {"x": "c"}).findings
    assert finding.rule == "SMP203"
    assert "c >> a >> c" in finding.message


def test_a_cycle_inside_a_branch_is_found() -> None:
    assert [finding.rule for finding in nested("cxy", "xy yx", {"x": "c", "y": "c"}).findings] == ["SMP203"]


def test_a_step_that_waits_for_itself_is_a_cycle() -> None:
    assert [finding.rule for finding in nested("a", "aa", {}).findings] == ["SMP203"]
