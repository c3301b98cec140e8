"""Two deploys of one pipeline at once, on two machines: one is held at a call while the other goes on, at one call after the other:
at each that writes, and every second that reads, or at all with SMP_DRILL=all.

One wins and the account is wholly as it says; the other says so, or begins so late that it is simply the later one. Only the mark
may be left unfinished by the one that gives way, and deploying again finishes it.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.functional.deploy.drill.machine import Ended, Machine
from tests.functional.deploy.drill.scenarios import Scenario, project
from tests.functional.deploy.drill.state import copied, differences, empty, state
from tests.functional.deploy.faithful import Faithful
from tests.functional.deploy.faithful.server import READS

ARN = "arn:aws:sagemaker:eu-west-1:123456789012:pipeline/churn"
MARK = "smp:deployed"
PATIENCE = 20.0
MINE, THEIRS = "after", "other"
EVERYTHING = os.environ.get("SMP_DRILL") == "all"
FIRST_LOOK = ("DescribePipeline", "ListTags")


class Race:
    """Two machines, and what each of two configurations leads to."""

    def __init__(self, machines: list[Machine], folder: Path) -> None:
        self.machines = machines
        self.words = {name: ["deploy", *project(folder, name)] for name in ("before", MINE, THEIRS)}
        self.nothing = empty()
        self.made = Scenario("before", self.words["before"], self.nothing).learn(machines[0])
        self.updates = {name: self._learn(name, self.made) for name in (MINE, THEIRS)}
        self.creates = {name: self._learn(name, self.nothing) for name in (MINE, THEIRS)}

    def _learn(self, name: str, begin: Faithful) -> Scenario:
        scenario = Scenario(name, self.words[name], begin)
        scenario.learn(self.machines[0])
        return scenario

    def held(self, server: Faithful, number: int, meanwhile: Callable[[], None]) -> Ended:
        """My deploy, held at this call until the meanwhile is over."""
        machine = self.machines[0]
        machine.gate.set(server)
        arrived, on = threading.Event(), threading.Event()

        def hold() -> None:
            arrived.set()
            on.wait(PATIENCE)

        machine.gate.holds[number] = hold
        pid = machine.start(self.words[MINE])
        try:
            assert arrived.wait(PATIENCE), f"call {number} was never made"
            meanwhile()
        finally:
            on.set()
        return machine.ended(pid)


@pytest.fixture(scope="module")
def race(machines: list[Machine], projects: Path) -> Race:
    return Race(machines, projects)


def told(ended: Ended) -> bool:
    """Whether a deploy has said that another one was at work."""
    words = ("another deploy", "since then it was changed", "made by someone else since", "another change of pipeline")
    return any(word in ended.stderr for word in words)


def but_uploads_and_mark(now: dict[str, Any]) -> dict[str, Any]:
    """What must be wholly of one deploy. What another one uploaded may lie beside it; who is first tags the group of models."""
    return {**now, "tags": {key: value for key, value in now["tags"].get(ARN, {}).items() if key != MARK}, "objects": {}}


def unfinished_or(now: dict[str, Any], right: dict[str, Any]) -> bool:
    marks = [each["tags"][ARN][MARK] for each in (now, right)]
    return marks[0] == marks[1] or "/" in marks[0]


def wrong(race: Race, server: Faithful, mine: Ended, theirs: Ended, rights: dict[str, Scenario], in_turn: bool) -> list[str]:
    """What is wrong after two deploys; `in_turn` says that one saw all that the other had done, or was to do nothing more."""
    now, found = state(server), []
    winners = [name for name in rights if not differences(but_uploads_and_mark(now), but_uploads_and_mark(rights[name].right))]
    for ended in (mine, theirs):
        if ended.code not in (0, 5) or "Traceback" in ended.stderr or (ended.code == 5 and not told(ended)):
            found.append(f"it ended so: {ended}")
    if not winners:
        lines = [differences(but_uploads_and_mark(now), but_uploads_and_mark(rights[name].right)) for name in rights]
        return [f"a mixture: {min(lines, key=len)}"]
    winner = winners[0]
    if (mine if winner == MINE else theirs).code != 0:
        found.append("who has won does not know it")
    if mine.code == theirs.code == 0 and not (told(mine) or told(theirs) or in_turn):
        found.append("nobody has said a word")
    if not unfinished_or(now, rights[winner].right):
        found.append(f"the mark is {now['tags'][ARN][MARK]}")
    again = race.machines[1].run(race.words[winner], server)
    found += differences(but_uploads_and_mark(state(server)), but_uploads_and_mark(rights[winner].right))
    if again.code != 0 or state(server)["tags"][ARN] != rights[winner].right["tags"][ARN]:
        found.append(f"again: {again}")
    return [*found, *server.faults, *server.invalid]


def whole(race: Race, begin: Faithful, rights: dict[str, Scenario]) -> list[str]:
    """Their deploy, from its begin to its end, while mine is held at each of its calls in turn."""
    found: list[str] = []
    last = max(number for number, operation in enumerate(rights[MINE].calls, 1) if not operation.startswith(READS))
    for number, operation in enumerate(rights[MINE].calls, 1):
        if operation.startswith(READS) and number % 2 and not EVERYTHING:
            continue
        server, theirs = copied(begin), []
        mine = race.held(server, number, lambda: theirs.append(race.machines[1].run(race.words[THEIRS], server)))  # noqa: B023
        in_turn = (operation in FIRST_LOOK and number <= len(FIRST_LOOK)) or number > last
        lines = wrong(race, server, mine, theirs[0], rights, in_turn)
        found += [f"held at call {number} ({operation}): {line}\nmine: {mine}theirs: {theirs[0]}" for line in lines]
    return found


def test_another_update_in_the_midst_of_an_update(race: Race) -> None:
    found = whole(race, race.made, race.updates)

    assert not found, "\n".join(found)


def test_another_create_in_the_midst_of_a_create(race: Race) -> None:
    found = whole(race, race.nothing, race.creates)

    assert not found, "\n".join(found)
