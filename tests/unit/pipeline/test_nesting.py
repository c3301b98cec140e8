"""The order of steps in branches and loops, and who may wait for whom across them."""

from __future__ import annotations

import pytest

from framework.findings import Place
from framework.pipeline.graph import DATA, EXPLICIT, Edge, Graph
from framework.pipeline.nesting import TOP, Nesting, common_slot, nest

AT = Place("f.yaml", 1, 1)


def nested(names: str, edges: str, holders: dict[str, str], loops: str = "") -> Nesting:
    """`edges` is a list of "ab" for a before b, "a~b" for data, "a!b" for a failed; a holder is "c", or "c2" for its list 2."""
    graph = Graph(list(names))
    for edge in edges.split():
        graph.add([Edge(edge[0], edge[-1], DATA if "~" in edge else EXPLICIT, AT, "Failed" if "!" in edge else "Completed")])
    return nest(graph, {name: (holder[0], holder[1:]) for name, holder in holders.items()}, frozenset(loops))


def lists(nesting: Nesting) -> dict[str, str]:
    return {"".join(slot): "".join(names) for slot, names in nesting.lists.items()}


def waits(nesting: Nesting) -> dict[str, str]:
    return {name: "".join(edge.upstream for edge in edges) for name, edges in nesting.depends_on.items()}


def test_each_list_has_an_order_of_its_own() -> None:
    nesting = nested("cxyab", "yx ba", {"x": "c", "y": "c"})
    assert lists(nesting) == {"": "cba", "c": "yx"}
    assert waits(nesting) == {"x": "y", "a": "b"}
    assert nesting.findings == ()


def test_what_a_step_inside_waits_for_comes_before_the_step_that_holds_it() -> None:
    nesting = nested("cxa", "ax", {"x": "c"})
    assert lists(nesting) == {"": "ac", "c": "x"}
    assert waits(nesting) == {"x": "a"}


def test_data_orders_as_well_and_is_no_dependency() -> None:
    nesting = nested("cxa", "a~x", {"x": "c"})
    assert lists(nesting)[""] == "ac"
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


@pytest.mark.parametrize("loops", ["", "c"])
def test_that_a_step_inside_waits_for_the_one_that_holds_it_goes_without_saying(loops: str) -> None:
    nesting = nested("cdx", "cx dx", {"d": "c", "x": "d"}, loops)
    assert nesting.findings == ()
    assert waits(nesting) == {}


@pytest.mark.parametrize(("edge", "loops"), [("c!x", ""), ("c~x", "c")])
def test_a_step_inside_cannot_wait_for_the_end_of_the_one_that_holds_it(edge: str, loops: str) -> None:
    [finding] = nested("cx", edge, {"x": "c"}, loops).findings
    assert str(finding) == "f.yaml:1:1 SMP209 x waits for c, which holds it and has not ended then. Try: take x out of it."


def test_a_branch_may_look_at_the_condition_that_holds_it() -> None:
    assert nested("cx", "c~x", {"x": "c"}).findings == ()


def test_each_branch_has_a_list_of_its_own() -> None:
    nesting = nested("cxyz", "zx", {"x": "c1", "y": "c2", "z": "c1"})
    assert lists(nesting) == {"": "c", "c1": "zx", "c2": "y"}
    assert waits(nesting) == {"x": "z"}


@pytest.mark.parametrize("edge", ["xy", "x~y"])
def test_a_step_of_one_branch_cannot_wait_for_one_of_the_other(edge: str) -> None:
    [finding] = nested("cxy", edge, {"x": "c1", "y": "c2"}).findings
    assert str(finding) == (
        "f.yaml:1:1 SMP209 y waits for x, which stands in another branch of c: only one of them runs. "
        "Try: put both into one branch, or take x out of c."
    )


def test_nor_can_what_a_step_of_one_branch_holds() -> None:
    [finding] = nested("cdxy", "xy", {"x": "c1", "d": "c2", "y": "d1"}).findings
    assert "y waits for x, which stands in another branch of c" in finding.message


@pytest.mark.parametrize(
    ("names", "slot"),
    [("x", ("c", "1")), ("xy", ("c", "1")), ("xz", TOP), ("xa", TOP), ("xv", ("c", "1")), ("v", ("d", "1")), ("vz", TOP)],
)
def test_the_innermost_list_that_holds_several_steps(names: str, slot: tuple[str, str]) -> None:
    slots = {"x": ("c", "1"), "y": ("c", "1"), "z": ("c", "2"), "d": ("c", "1"), "v": ("d", "1")}
    assert common_slot(list(names), slots) == slot


def test_a_cycle_through_a_branch_is_one_between_the_steps_that_hold_it() -> None:
    [finding] = nested("cxa", "ax ca", {"x": "c"}).findings
    assert finding.rule == "SMP203"
    assert "c >> a >> c" in finding.message


def test_a_cycle_inside_a_branch_is_found() -> None:
    assert [finding.rule for finding in nested("cxy", "xy yx", {"x": "c", "y": "c"}).findings] == ["SMP203"]


def test_a_step_that_waits_for_itself_is_a_cycle() -> None:
    assert [finding.rule for finding in nested("a", "aa", {}).findings] == ["SMP203"]
