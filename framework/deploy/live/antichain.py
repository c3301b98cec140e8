"""The heaviest set of steps that can run at once: weights and an order in, such a set out.

Steps that can run at once are an antichain of the order: none of them comes later than another. The heaviest one is what a minimum
cut leaves over (Dilworth's theorem with weights): on the one side of the network stand the steps as those before, on the other as
those after, and an edge leads from each step to every later one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from framework.deploy.live.order import Steps, each

WORK = 20_000
"""How many steps are looked at for one answer, all antichains together; few pipelines need more than one antichain."""
LEVELS = 8
"""How many prices of a place among those that run are tried where their number is limited."""

Sides = tuple[Steps, Steps]
"""Two sets of steps, of which those of one alone can run."""


def heaviest(weights: Mapping[int, int], later: Sequence[Steps], sides: Sequence[Sides] = (), limit: int | None = None) -> Steps:
    """The heaviest set of steps that can run at once.

    Args:
        weights: the steps in question and what each of them weighs, more than 0.
        later: for each step of the pipeline, all that come later.
        sides: the branches that exclude each other.
        limit: how many steps can run at a time.

    Returns:
        The set. Limits and branches that cross each other need a search; where that is cut short, a set that can run as well, and
        may not be quite the heaviest.
    """
    order, open_sides = _with_sides({step: later[step] & _all(weights) for step in weights}, sides)
    return _Search(weights, order, open_sides, len(weights) if limit is None else limit).run()


class _Search:
    """Branch and bound over the antichains; one look is enough unless a limit or sides still open are in the way."""

    def __init__(self, weights: Mapping[int, int], later: Mapping[int, Steps], sides: Sequence[Sides], limit: int) -> None:
        self._weights, self._later, self._sides, self._limit = weights, later, sides, limit
        self._found, self._weight = 0, 0
        self._work = WORK

    def run(self) -> Steps:
        todo = [(_all(self._weights), 0)]
        while todo and (self._work > 0 or not self._found):
            todo += self._look(*todo.pop())
        return self._found

    def _look(self, left: Steps, taken: Steps) -> list[tuple[Steps, Steps]]:
        """Look at the sets that hold `taken` and else only steps of `left`; returns where the heavier ones may be, if anywhere."""
        room, own = self._limit - taken.bit_count(), self._weigh(taken)
        bound, first = own + self._weigh(self._top(left, room)), None
        for price in self._prices(left, room):
            chosen = self._antichain(left, price)
            # Every set of so many steps weighs at most what it weighs beyond the price of its places, and their price.
            bound = min(bound, own + self._weigh(chosen, price) + price * room)
            first = chosen if first is None else first
            self._keep(taken | self._top(self._one_side(chosen), room))
            if self._weight >= bound:
                return []
        return self._parts(left, taken, first or 0)

    def _parts(self, left: Steps, taken: Steps, chosen: Steps) -> list[tuple[Steps, Steps]]:
        """Two parts of what a look was at: what is wrong with its antichain is in neither."""
        for one, other in self._sides:
            if chosen & one and chosen & other:
                return [(left & ~one, taken), (left & ~other, taken)]
        step = self._top(left, 1)
        return [(left & ~step, taken), (left & ~step & ~self._against(step), taken | step)]

    def _prices(self, left: Steps, room: int) -> list[int]:
        """Prices of a place: none, and where there are few places, weights of which all heavier ones are worth more."""
        weights = sorted({self._weights[step] for step in each(left)})[:-1] if left.bit_count() > room else []
        return [0, *weights[:: len(weights) // LEVELS + 1]]

    def _antichain(self, left: Steps, price: int) -> Steps:
        beyond = {step: self._weights[step] - price for step in each(left) if self._weights[step] > price}
        self._work -= len(beyond) + 1
        return antichain(beyond, self._later)

    def _keep(self, steps: Steps) -> None:
        if self._weigh(steps) > self._weight:
            self._found, self._weight = steps, self._weigh(steps)

    def _top(self, steps: Steps, count: int) -> Steps:
        """The heaviest steps of a set, at most so many."""
        ranked = sorted(each(steps), key=lambda step: -self._weights[step])
        return sum(1 << step for step in ranked[:count])

    def _one_side(self, steps: Steps) -> Steps:
        for one, other in self._sides:
            if steps & one and steps & other:
                steps &= ~min(one, other, key=lambda side: self._weigh(steps & side))
        return steps

    def _against(self, step: Steps) -> Steps:
        """What cannot run together with a step, given as a set of one."""
        number = step.bit_length() - 1
        against = self._later[number] | sum(1 << other for other, later in self._later.items() if later & step)
        for one, other in self._sides:
            against |= (other if one & step else 0) | (one if other & step else 0)
        return against

    def _weigh(self, steps: Steps, price: int = 0) -> int:
        return sum(self._weights[step] - price for step in each(steps))


def antichain(weights: Mapping[int, int], later: Mapping[int, Steps]) -> Steps:
    """The heaviest antichain of a transitive order."""
    flow = _Flow(weights, later)
    while path := flow.path():
        flow.push(path)
    return flow.uncut()


class _Flow:
    """A flow of the network: what each step can still send as one before, and take as one after."""

    def __init__(self, weights: Mapping[int, int], later: Mapping[int, Steps]) -> None:
        self._all = _all(weights)
        self._later = {step: later[step] & self._all for step in weights}
        self._sends, self._takes = dict(weights), dict(weights)
        self._amounts: dict[int, dict[int, int]] = {step: {} for step in weights}
        self._from: dict[int, int] = {}
        self._over: dict[int, int] = {}
        self._fill()

    def path(self) -> list[tuple[int, int]]:
        """The edges, from the last to the first, of a shortest way on which more can flow; empty when there is none."""
        self._from, self._over, unseen = {}, {}, self._all
        queue = [step for step, rest in self._sends.items() if rest]
        reached = set(queue)
        for before in queue:
            new = self._later[before] & unseen
            unseen ^= new
            for after in each(new):
                self._from[after] = before
                if self._takes[after]:
                    return self._way(after)
                for other, amount in self._amounts[after].items():
                    if amount and other not in reached:
                        reached.add(other)
                        self._over[other] = after
                        queue.append(other)
        self._reached = _all(reached)
        return []

    def push(self, path: list[tuple[int, int]]) -> None:
        """Send along a way what goes through it."""
        backwards = [self._amounts[self._over[before]][before] for before, _ in path[:-1]]
        amount = min([self._takes[path[0][1]], self._sends[path[-1][0]], *backwards])
        self._takes[path[0][1]] -= amount
        self._sends[path[-1][0]] -= amount
        for before, after in path:
            self._amounts[after][before] = self._amounts[after].get(before, 0) + amount
        for before, _ in path[:-1]:
            self._amounts[self._over[before]][before] -= amount

    def uncut(self) -> Steps:
        """The steps that the minimum cut leaves alone on both sides; after `path` has found none."""
        return self._reached & ~_all(self._from)

    def _fill(self) -> None:
        """A flow to begin with: each step to the nearest later ones that can take something."""
        for before, later in self._later.items():
            for after in each(later):
                amount = min(self._sends[before], self._takes[after])
                if amount:
                    self.push([(before, after)])
                if not self._sends[before]:
                    break

    def _way(self, after: int) -> list[tuple[int, int]]:
        way = [(self._from[after], after)]
        while way[-1][0] in self._over:
            after = self._over[way[-1][0]]
            way.append((self._from[after], after))
        return way


def _with_sides(later: dict[int, Steps], sides: Sequence[Sides]) -> tuple[dict[int, Steps], list[Sides]]:
    """The order with sides put one after the other, which excludes them as well, and the sides that no such order has room for."""
    known, open_sides = _all(later), []
    for one, other in ((one & known, other & known) for one, other in sides):
        fitting = [pair for pair in ((one, other), (other, one)) if _room(later, *pair)]
        if fitting:
            first, second = fitting[0]
            for step in each(first):
                later[step] |= second
        else:
            open_sides.append((one, other))
    return later, open_sides


def _room(later: Mapping[int, Steps], first: Steps, second: Steps) -> bool:
    """Whether an order stays one where all of `second` comes later than all of `first`."""
    before = [after for step, after in later.items() if after & first and not first >> step & 1]
    beyond = 0
    for step in each(second):
        beyond |= later[step] & ~second
    return all(after & second == second for after in before) and all(later[step] & beyond == beyond for step in each(first))


def _all(steps: Iterable[int]) -> Steps:
    found = 0
    for step in steps:
        found |= 1 << step
    return found
