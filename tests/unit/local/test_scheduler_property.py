"""The scheduler against a plain model of the same rules, on random graphs."""

from __future__ import annotations

import random
import threading
from typing import Any

import pytest

from framework.local.graph import Node, nodes
from framework.local.scheduler import Outcome, Scheduler


def model(name: str, *after: Any) -> dict[str, Any]:
    return {"Name": name, "Type": "Model", "DependsOn": list(after)}


def graph(chance: random.Random) -> list[dict[str, Any]]:
    """Steps that depend on earlier ones, in random order, some of them with a trigger, some in branches."""
    steps: list[dict[str, Any]] = []
    inside: list[dict[str, Any]] = []
    for number in range(chance.randrange(1, 25)):
        after: list[Any] = [f"S{other}" for other in range(number) if chance.random() < 0.12]
        if number and chance.random() < 0.15:
            after.append({"Step": f"S{chance.randrange(number)}", "Trigger": chance.choice(["Failed", "Any"])})
        step = model(f"S{number}", *after)
        conditions = [each for each in steps if each["Type"] == "Condition"]
        if chance.random() < 0.15:
            step |= {"Type": "Condition", "Arguments": {"Conditions": [1], "IfSteps": [], "ElseSteps": []}}
        if conditions and chance.random() < 0.4:
            chance.choice(conditions)["Arguments"][chance.choice(["IfSteps", "ElseSteps"])].append(step)
            inside.append(step)
        steps.append(step)
    top = [step for step in steps if step not in inside]
    chance.shuffle(top)
    return top


def end(name: str, failing: set[str]) -> Outcome:
    return Outcome("Failed") if name in failing else Outcome(branch="True" if int(name[1:]) % 2 else "False")


def expected(found: dict[str, Node], failing: set[str]) -> set[str]:
    """What runs when the run goes on after failures: the fixed point of the rules."""
    ran: dict[str, set[str]] = {}
    while True:
        more = {
            name: {"Failed"} if name in failing else {"Completed", end(name, failing).branch}
            for name, node in found.items()
            if name not in ran and all(other in ran and ends & ran[other] for other, ends in node.waits)
        }
        if not more:
            return set(ran)
        ran |= more


@pytest.mark.parametrize("seed", range(150))
def test_random_graphs(seed: int) -> None:
    chance = random.Random(seed)
    steps = graph(chance)
    found = nodes(steps)
    failing = {name for name in found if chance.random() < 0.2}
    lock, started, running, most = threading.Lock(), list[str](), [0], [0]
    parallelism = chance.randrange(1, 5)

    def execute(node: Node) -> Outcome:
        with lock:
            started.append(node.name)
            running[0] += 1
            most[0] = max(most[0], running[0])
        outcome = end(node.name, failing)
        with lock:
            running[0] -= 1
        return outcome

    Scheduler(execute, execute, parallelism, keep_going=True).run(found.values())
    assert len(started) == len(set(started))
    assert set(started) == expected(found, failing)
    assert most[0] <= parallelism
    for name in started:
        assert all(started.index(other) < started.index(name) for other, _ in found[name].waits)
    started.clear()
    halting = Scheduler(execute, execute, 1)
    halting.run(found.values())
    assert set(started) <= expected(found, failing)
    assert halting.unhandled or set(started) == expected(found, failing)
    first = list(started)
    started.clear()
    Scheduler(execute, execute, 1).run(found.values())
    assert started == first, "the order of starts is always the same"
