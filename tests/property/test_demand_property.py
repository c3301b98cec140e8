"""The demand on instances against runs: every run of a small pipeline is played, and what any of them wanted most counts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import combinations
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from framework.deploy.live.antichain import heaviest
from framework.deploy.live.demand import demands
from framework.deploy.live.order import each

TYPE = "ml.m5.xlarge"
Step = dict[str, Any]


def job(name: str, count: int, after: list[str]) -> Step:
    """A Training step of so many instances; half of what it waits for is named in DependsOn, the other half in references."""
    environment = {other: {"Get": f"Steps.{other}.CreationTime"} for other in after[1::2]}
    arguments = {"ResourceConfig": {"InstanceType": TYPE, "InstanceCount": count}, "Environment": environment}
    return {"Name": name, "Type": "Training", "Arguments": arguments, "DependsOn": after[::2]}


@st.composite
def pipelines(draw: st.DrawFn) -> list[Step]:
    """Jobs at the top, in branches and in loops; each waits for some steps before it that stand beside it or around it."""
    names = iter(f"S{number}" for number in range(1000))
    left = draw(st.integers(1, 6))

    def steps(visible: list[str], depth: int, times: int = 1) -> list[Step]:
        nonlocal left
        found: list[Step] = []
        while left > 0 and (not found or draw(st.integers(0, 3))):
            name = next(names)
            after = [other for other in visible if draw(st.integers(0, 3)) == 0]
            kinds = ["job", "job", "condition"] + (["loop"] if times == 1 else [])
            kind = draw(st.sampled_from(kinds if depth else ["job"]))
            if kind == "job":
                left -= times
                found.append(job(name, draw(st.integers(1, 4)), after))
            elif kind == "condition":
                arguments: Step = {member: steps(list(visible), depth - 1, times) for member in ("IfSteps", "ElseSteps")}
                found.append({"Name": name, "Type": "Condition", "Arguments": arguments, "DependsOn": after})
            else:
                items, most = draw(st.integers(1, 2)), draw(st.integers(1, 2))
                arguments = {
                    "IterableItems": list(range(items)),
                    "MaxConcurrency": most,
                    "ForEachBody": steps(list(visible), depth - 1, items),
                }
                found.append({"Name": name, "Type": "ForEach", "Arguments": arguments, "DependsOn": after})
            visible = [*visible, name]
        return found

    return steps([], 2)


@dataclass(frozen=True)
class Unit:
    """Something that runs in one run: what it wants, whom it waits for, and the iterations that it belongs to."""

    name: str
    count: int
    waits: frozenset[str]
    iterations: tuple[tuple[str, int, int], ...] = ()


def plays(steps: list[Step], held: frozenset[str] = frozenset(), suffix: str = "", iterations: Any = ()) -> Iterator[list[Unit]]:
    """What runs, for every way in which the conditions may choose. An iteration's steps have its number in their names."""
    if not steps:
        yield []
        return
    for some in _plays(steps[0], held, suffix, iterations):
        for rest in plays(steps[1:], held, suffix, iterations):
            yield [*some, *rest]


def _plays(step: Step, held: frozenset[str], suffix: str, iterations: Any) -> Iterator[list[Unit]]:
    arguments, name = step["Arguments"], step["Name"] + suffix
    waits = held | {other + suffix for other in (*step["DependsOn"], *arguments.get("Environment", ()))}
    if step["Type"] == "Training":
        yield [Unit(name, arguments["ResourceConfig"]["InstanceCount"], waits, iterations)]
    elif step["Type"] == "Condition":
        for branch in ("IfSteps", "ElseSteps"):
            for inner in plays(arguments[branch], frozenset({name}), suffix, iterations):
                yield [Unit(name, 0, waits, iterations), *inner]
    else:
        begin, bodies = Unit(f"{name}:begin", 0, waits, iterations), [[]]
        for number in range(len(arguments["IterableItems"])):
            inside = (*iterations, (name, number, arguments["MaxConcurrency"]))
            more = list(plays(arguments["ForEachBody"], frozenset({begin.name}), f"{suffix}.{number}", inside))
            bodies = [[*before, *now] for before in bodies for now in more]
        for body in bodies:
            yield [begin, *body, Unit(name, 0, frozenset({begin.name, *(unit.name for unit in body)}), iterations)]


def wanted(units: list[Unit], limit: int) -> int:
    """The most instances that are wanted at a time in any order in which these can run."""
    all_names = {unit.name for unit in units}
    units = [Unit(u.name, u.count, frozenset(_resolve(w, all_names) for w in u.waits), u.iterations) for u in units]

    @cache
    def after(ended: frozenset[str]) -> int:
        while idle := {unit.name for unit in units if not unit.count and unit.waits <= ended} - ended:
            ended |= idle
        ready = [unit for unit in units if unit.count and unit.name not in ended and unit.waits <= ended]
        some = [c for size in range(1, min(limit, len(ready)) + 1) for c in combinations(ready, size) if _allowed(c, units, ended)]
        now = max((sum(unit.count for unit in running) for running in some), default=0)
        return max([now, *(after(ended | {running[0].name}) for running in some if len(running) == 1)])

    return after(frozenset())


def _resolve(name: str, names: set[str]) -> str:
    """The step that a name means in an iteration: the one of the iteration, else the one around it."""
    while name not in names and "." in name:
        name = name.rpartition(".")[0]
    return name


def _allowed(running: tuple[Unit, ...], units: list[Unit], ended: frozenset[str]) -> bool:
    """Whether these may run together: a loop has no more iterations under way than its MaxConcurrency."""
    active: dict[tuple[str, int], set[int]] = {}
    for loop, number, most in {iteration for unit in units for iteration in unit.iterations}:
        inside = [unit for unit in units if (loop, number, most) in unit.iterations and unit.count]
        begun = any(unit.name in ended or unit in running for unit in inside)
        if begun and not all(unit.name in ended for unit in inside):
            active.setdefault((loop, most), set()).add(number)
    return all(len(numbers) <= most for (_, most), numbers in active.items())


@settings(max_examples=300)
@given(pipelines(), st.sampled_from([None, 1, 2, 3]))
def test_the_demand_is_the_most_that_any_run_wants(steps: list[Step], parallelism: int | None) -> None:
    expected = max(wanted(units, parallelism or 99) for units in plays(steps))

    found = demands({"Steps": steps}, parallelism)

    assert [demand.most for demand in found] == ([expected] if expected else [])


@st.composite
def orders(draw: st.DrawFn) -> tuple[dict[int, int], list[int], list[tuple[int, int]]]:
    """Weights, a transitive order, and sides, which may cross each other in any way."""
    size = draw(st.integers(1, 8))
    later = [0] * size
    for step in reversed(range(size)):
        for other in range(step + 1, size):
            if draw(st.integers(0, 3)) == 0:
                later[step] |= 1 << other | later[other]
    everything = st.integers(0, (1 << size) - 1)
    sides = [(one, other & ~one) for one, other in draw(st.lists(st.tuples(everything, everything), max_size=3))]
    return {step: draw(st.integers(1, 5)) for step in range(size)}, later, sides


@settings(max_examples=300)
@given(orders(), st.sampled_from([None, 1, 2, 3]))
def test_the_heaviest_set_is_the_heaviest_of_all_sets(given_order: Any, limit: int | None) -> None:
    weights, later, sides = given_order

    def may_run(steps: int) -> bool:
        in_order = not any(later[step] & steps for step in each(steps))
        return in_order and not any(steps & one and steps & other for one, other in sides) and steps.bit_count() <= (limit or 99)

    def weigh(steps: int) -> int:
        return sum(weights[step] for step in each(steps))

    found = heaviest(weights, later, sides, limit)

    assert may_run(found)
    assert weigh(found) == max(weigh(steps) for steps in range(1 << len(weights)) if may_run(steps))
