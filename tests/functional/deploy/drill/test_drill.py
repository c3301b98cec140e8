"""The fault drill: each call of deploy, run, rollback and delete fails in turn, or is the last that the process makes.

A command that is killed is a process of its own, and killed by SIGKILL. For speed it is forked from one that has imported all
(mother.py), which runs itself what is not killed; `test_a_process_from_nothing` starts and kills whole ones. SMP_DRILL=all drills
each call with every kind of fault: several times as many cases.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import chain
from pathlib import Path
from queue import SimpleQueue

import pytest

from tests.functional.deploy.drill.gate import Fault
from tests.functional.deploy.drill.judging import cases, wrong
from tests.functional.deploy.drill.machine import KILLED, ROOT, Machine, environment
from tests.functional.deploy.drill.scenarios import Scenario, scenarios
from tests.functional.deploy.drill.state import differences, empty, state

EVERYTHING = os.environ.get("SMP_DRILL") == "all"
NAMES = (
    "create",
    "update",
    "changed back",
    "create by S3",
    "run what is new",
    "run what is changed",
    "rollback",
    "delete",
)


class Drill:
    """The machines, and what is drilled on them."""

    def __init__(self, machines: Sequence[Machine], folder: Path) -> None:
        self.machines, self.folder = machines, folder
        self.scenarios = scenarios(machines[0], folder)

    def cases(self, name: str) -> list[Fault]:
        return cases(self.scenarios[name], NAMES.index(name), EVERYTHING)

    def wrong(self, scenario: Scenario, faults: Sequence[Fault]) -> list[str]:
        """Run these cases on all machines; what is wrong."""
        free: SimpleQueue[Machine] = SimpleQueue()
        for machine in self.machines:
            free.put(machine)

        def judge(fault: Fault) -> list[str]:
            machine = free.get()
            try:
                return wrong(machine, scenario, fault)
            finally:
                free.put(machine)

        with ThreadPoolExecutor(len(self.machines)) as pool:
            return list(chain.from_iterable(pool.map(judge, faults)))


@pytest.fixture(scope="module")
def drill(machines: list[Machine], projects: Path) -> Drill:
    return Drill(machines, projects)


def test_there_are_enough_cases(drill: Drill, record_property: Callable[[str, object], None]) -> None:
    counts = {name: len(drill.cases(name)) for name in NAMES}
    named = ", ".join(f"{name} {count}" for name, count in counts.items())
    record_property("said", f"fault drill: {sum(counts.values())} cases ({named})")

    assert drill.scenarios.keys() == set(NAMES)
    assert sum(counts.values()) >= 500
    drilled = {(name, fault.at) for name in NAMES for fault in drill.cases(name)}
    for name in ("create", "update", "create by S3", "run what is new", "rollback", "delete"):
        assert {at for of, at in drilled if of == name} == set(range(1, len(drill.scenarios[name].calls) + 1))


@pytest.mark.parametrize("name", NAMES)
def test_whatever_befalls_a_command_running_it_again_ends_right(drill: Drill, name: str) -> None:
    found = drill.wrong(drill.scenarios[name], drill.cases(name))

    assert not found, "\n".join(found)


def test_what_is_wrong_is_found(drill: Drill) -> None:
    """The drill itself: of a scenario that is said to end otherwise, every case is wrong."""
    scenario = drill.scenarios["rollback"]
    other = Scenario(scenario.name, scenario.words, scenario.begin, right=drill.scenarios["delete"].right, calls=scenario.calls)

    assert len({line.partition(": ")[0] for line in drill.wrong(other, [Fault("500", 1), Fault("kill after", 9)])}) == 2


@pytest.mark.parametrize("moment", ["kill before", "kill after"])
@pytest.mark.parametrize("operation", ["PutObject", "CreatePipeline", "PutRule"])
def test_a_process_from_nothing(drill: Drill, tmp_path: Path, operation: str, moment: str) -> None:
    """As for those that are forked: a whole `python -m framework`, killed."""
    scenario, machine, server = drill.scenarios["create"], drill.machines[0], empty()
    machine.gate.set(server, Fault(moment, scenario.calls.index(operation) + 1))

    def run() -> int:
        command = [sys.executable, "-m", "framework", *scenario.words]
        where = {"cwd": ROOT, "env": environment(machine.gate.url, tmp_path)}
        with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **where) as process:  # type: ignore[call-overload]
            machine.victim_is(process.pid)
            return process.wait(timeout=60)

    killed = run()
    struck = machine.gate.struck
    machine.gate.set(server)
    again = run()

    assert (killed, struck, again) == (KILLED, operation, 0)
    assert differences(state(server), scenario.right) == []


def test_a_lost_answer_to_a_start_without_a_token(drill: Drill) -> None:
    """The command has said which token it used, and with that nothing is started a second time."""
    scenario, machine = drill.scenarios["run what is new"], drill.machines[0]
    server, words = empty(), [word for word in scenario.words if word not in ("--token", "release-42")]

    lost = machine.run(words, server, Fault("silence after", len(scenario.calls), lasting=True))
    token = next(line for line in lost.stderr.splitlines() if line.startswith("token ")).split()[1].rstrip(";")
    again = machine.run([*words, "--token", token], server)

    assert (lost.code, again.code) == (5, 0)
    assert [run.request["ClientRequestToken"] for run in server.sagemaker.runs.values()] == [token]
