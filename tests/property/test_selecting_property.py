"""The algebra of selections, against sets that are made the slow way: from the edges themselves, a step of the way at a time."""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cached_property
from typing import Any

from hypothesis import assume, given
from hypothesis import strategies as st

from framework.findings import FindingsError
from framework.pipeline.compiled import StepOrigin
from framework.pipeline.listing import listed
from framework.pipeline.partial import part
from framework.pipeline.selecting import Subject, choose

KINDS = ("Processing", "Training", "Condition", "ForEach")
MODELS = ("m", "n")


@dataclass(frozen=True)
class Drawn:
    """A pipeline: for each step its kind, model and holder (None at the top), and the pairs of steps that are data edges."""

    kinds: tuple[str, ...]
    models: tuple[str, ...]
    holders: tuple[int | None, ...]
    edges: frozenset[tuple[int, int]]

    def chain(self, step: int) -> list[int]:
        holder = self.holders[step]
        return [] if holder is None else [*self.chain(holder), holder]

    def inside(self, step: int) -> set[int]:
        return {other for other in range(len(self.kinds)) if step in self.chain(other)}

    def definition(self, holder: int | None = None) -> list[dict[str, Any]]:
        return [self.step(number) for number in range(len(self.kinds)) if self.holders[number] == holder]

    def step(self, number: int) -> dict[str, Any]:
        used = [{"Get": f"Steps.s{before}.Output"} for before, after in sorted(self.edges) if after == number]
        inner = {"Condition": "IfSteps", "ForEach": "ForEachBody"}.get(self.kinds[number])
        held = {inner: self.definition(number)} if inner else {}
        names = "Conditions" if inner == "IfSteps" else "Uses"
        return {"Name": f"s{number}", "Type": self.kinds[number], "Arguments": {names: used, **held}}

    @cached_property
    def ways(self) -> set[tuple[int, int]]:
        """All pairs of steps of which one is directly before the other."""
        found = {(holder, number) for number, holder in enumerate(self.holders) if holder is not None}
        for before, after in self.edges:
            found.add((before, after))
            for loop in (each for each in self.chain(after) if self.kinds[each] == "ForEach" and each not in self.chain(before)):
                if before != loop:  # a loop waits for what the steps of its body use of others
                    found.add((before, loop))
                    found |= self.of_loop(before, loop)
            found |= self.of_loop(before, after)
        return found

    def of_loop(self, before: int, after: int) -> set[tuple[int, int]]:
        inner = self.inside(before) if self.kinds[before] == "ForEach" and before not in self.chain(after) else set()
        return {(each, after) for each in inner}


@st.composite
def drawn(draw: st.DrawFn) -> Drawn:
    count = draw(st.integers(1, 8))
    kinds = tuple(draw(st.sampled_from(KINDS)) for _ in range(count))
    holders: list[int | None] = []
    for number in range(count):
        legal = [other for other in range(number) if kinds[other] in KINDS[2:]]
        holders.append(draw(st.sampled_from([None, *legal])))
    plan = Drawn(kinds, tuple(draw(st.sampled_from(MODELS)) for _ in range(count)), tuple(holders), frozenset())
    pairs = [
        (before, after)
        for after in range(count)
        for before in range(after)
        # a step may wait for one beside it or beside what holds it, that does not itself wait for what holds it
        if holders[before] in [None, *plan.chain(after)]
        and all(before < each for each in plan.chain(after) if each not in plan.chain(before))
    ]
    edges = draw(st.sets(st.sampled_from(pairs))) if pairs else set()
    return Drawn(kinds, plan.models, tuple(holders), frozenset(edges))


@dataclass(frozen=True)
class Wanted:
    """A term: what it matches, how far it goes (None: all the way), and how that is written."""

    method: str
    value: str
    before: int | None
    after: int | None

    def text(self) -> str:
        head = {0: "", None: "+"}.get(self.before, f"{self.before}+")
        tail = {0: "", None: "+"}.get(self.after, f"+{self.after}")
        return f"{head}{self.method and self.method + ':'}{self.value}{tail}"

    def steps(self, plan: Drawn) -> set[int]:
        about = {"": [f"s{n}" for n in range(len(plan.kinds))], "model": plan.models, "type": plan.kinds, "class": plan.kinds}
        found = {number for number, value in enumerate(about[self.method]) if fnmatchcase(value, self.value)}
        ways = plan.ways
        up = walked(found, {(after, before) for before, after in ways}, self.before)
        return up | walked(found, ways, self.after)


def walked(start: set[int], ways: set[tuple[int, int]], most: int | None) -> set[int]:
    found, steps = set(start), 0
    while most is None or steps < most:
        more = found | {after for before, after in ways if before in found}
        if more == found:
            break
        found, steps = more, steps + 1
    return found


def a_term(count: int) -> st.SearchStrategy[Wanted]:
    depth = st.sampled_from([0, 0, 1, 2, None])
    names = st.sampled_from([*(f"s{number}" for number in range(count)), "s*", "s[0-3]", "?2", "x*"])
    method = st.one_of(
        names.map(lambda value: ("", value)),
        st.sampled_from([("model", "*"), ("type", "Training"), ("class", "Processing"), ("type", "ForEach"), ("class", "C*")]),
    )
    return st.builds(lambda pair, before, after: Wanted(*pair, before, after), method, depth, depth)


def union(options: list[list[list[Wanted]]], plan: Drawn) -> set[int]:
    return {number for words in options for group in words for number in set.intersection(*(term.steps(plan) for term in group))}


def texts(options: list[list[list[Wanted]]]) -> list[str]:
    return [" ".join(",".join(term.text() for term in group) for group in words) for words in options]


@given(st.data())
def test_a_selection_is_the_set_that_its_words_say(data: st.DataObject) -> None:
    plan = data.draw(drawn())
    group = st.lists(a_term(len(plan.kinds)), min_size=1, max_size=2)
    options = st.lists(st.lists(group, min_size=1, max_size=2), max_size=2)
    select, exclude = data.draw(options), data.draw(options)
    definition = {"Steps": plan.definition()}
    origins = tuple(
        StepOrigin(f"s{number}", kind, model) for number, (kind, model) in enumerate(zip(plan.kinds, plan.models, strict=True))
    )
    out = union(exclude, plan)
    own = (union(select, plan) if select else set(range(len(plan.kinds)))) - out
    roots = own | {next(each for each in plan.chain(step) if plan.kinds[each] == "ForEach") for step in own if in_loop(step, plan)}
    whole = roots | {inner for root in roots for inner in plan.inside(root)}
    try:
        chosen = choose(Subject(definition, origins), texts(select), texts(exclude))
    except FindingsError:
        assert out & whole
        return
    assert not out & whole
    assert {int(name[1:]) for name, other in chosen.steps.items() if not other} == own
    assert {int(name[1:]) for name in chosen.steps} == whole
    assert {int(name[1:]) for name in chosen.runs} == {step for step in whole if not in_loop(step, plan)}
    assert chosen.every == (len(whole) == len(plan.kinds))


def in_loop(step: int, plan: Drawn) -> bool:
    return any(plan.kinds[each] == "ForEach" for each in plan.chain(step))


@given(drawn(), st.randoms(use_true_random=False))
def test_steps_are_listed_behind_what_they_wait_for_however_they_stand(plan: Drawn, random: Any) -> None:
    assume(len(plan.kinds) > 1)
    steps = plan.definition()
    random.shuffle(steps)
    order = [int(name[1:]) for name in listed({"Steps": steps})]
    assert sorted(order) == list(range(len(plan.kinds)))
    assert all(order.index(before) < order.index(after) for before, after in plan.edges)
    assert all(order.index(holder) < order.index(step) for step, holder in enumerate(plan.holders) if holder is not None)


@given(st.data())
def test_a_part_leaves_no_step_out_that_lies_between_two_of_its_own(data: st.DataObject) -> None:
    plan = data.draw(drawn())
    nodes = [step for step in range(len(plan.kinds)) if not in_loop(step, plan)]
    chosen = data.draw(st.sets(st.sampled_from(nodes), min_size=1))
    run = chosen | {inner for step in chosen for inner in plan.inside(step) if inner in nodes}
    uses = {(before, outermost(after, plan)) for before, after in plan.edges if before in nodes}
    uses = {(before, after) for before, after in uses if before != after}
    guards = {(holder, step) for step, holder in enumerate(plan.holders) if holder is not None and step in nodes}
    ways = uses | guards
    behind, ahead = walked(run, ways, None), walked(run, {(after, before) for before, after in ways}, None)
    try:
        found = part(plan.definition(), [f"s{step}" for step in sorted(chosen)])
    except FindingsError as error:
        between = (behind & ahead) - run
        assert {finding.hint for finding in error.findings} == {f"choose s{step} too" for step in between} != set()
        return
    assert behind & ahead == run
    assert {int(name[1:]) for name in found.steps} == run
    assert {int(name[1:]) for name in found.needed} == {before for before, after in uses if after in run} - run
    assert found.whole == (run == set(nodes))


def outermost(step: int, plan: Drawn) -> int:
    """The loop that a step runs in, or the step."""
    return next((each for each in plan.chain(step) if plan.kinds[each] == "ForEach"), step)
