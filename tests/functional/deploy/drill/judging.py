"""Cases, and what must be so after each: a scenario and a fault in, all that is wrong out.

After a fault that botocore's tries outlast, the command has ended well. After one that lasts it has said which call failed, and on
what. After any, running the command again ends well and leaves exactly the account that a command without a fault leaves.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import cycle

from tests.functional.deploy.drill.gate import BEHEADED, KILLS, TRANSIENT, Fault
from tests.functional.deploy.drill.machine import KILLED, Ended, Machine
from tests.functional.deploy.drill.scenarios import Scenario
from tests.functional.deploy.drill.state import copied, differences, state
from tests.functional.deploy.faithful import Faithful
from tests.functional.deploy.faithful.server import READS

LASTING = ("500", "throttling", "reset before", "reset after", "half", "503", "silence after")
BACKEND = 5
WITHOUT = ("HeadObject", "GetBucketNotificationConfiguration", "GetTopicAttributes", "ListPipelineVersions")
"""What a command can do without: it does more, or says less, and ends well."""


def cases(scenario: Scenario, first: int, everything: bool = False) -> list[Fault]:
    """The faults of a scenario: it is killed at each of its calls, and each fails.

    Args:
        scenario: it has been learnt.
        first: with which kind of fault to begin.
        everything: whether each call fails in all ways, and is a moment to be killed before and after it. If not, the kinds take
            turns: two that pass and one that lasts for a call that writes. One that only reads leaves the account as it was, so
            there one moment and one kind are drilled, as they are for all calls of a light scenario.
    """
    kills, passing, lasting = (cycle(kinds[first % len(kinds) :] + kinds) for kinds in (KILLS, TRANSIENT, LASTING))
    found: list[Fault] = []
    for number, operation in enumerate(scenario.calls, 1):
        whole = everything or not (scenario.light or operation.startswith(READS))
        if number < scenario.since or (scenario.only_killed and not whole):
            continue
        found += [Fault(kind, number) for kind in (KILLS if whole else (next(kills),))]
        if scenario.only_killed:
            continue
        if everything:
            found += [Fault(kind, number) for kind in (*TRANSIENT, BEHEADED)] + [Fault(kind, number, True) for kind in LASTING]
            continue
        found += [Fault(next(passing), number) for _ in range(1 + whole)]
        if whole or (number % 2 == 0 and not scenario.light):
            found.append(Fault(next(lasting), number, lasting=True))
        if number % 6 == first % 6:
            found.append(Fault(BEHEADED, number))
    return found


def wrong(machine: Machine, scenario: Scenario, fault: Fault) -> list[str]:
    """Run a case; what is wrong."""
    server = copied(scenario.begin)
    first = machine.run(scenario.words, server, fault)
    struck = machine.gate.struck
    found = [*_first(first, fault, struck), *_safe(server)]
    if first.code == 0 and not scenario.again:
        found += differences(state(server), scenario.right)
    second = machine.run(scenario.again or scenario.words, server)
    found += [] if second.code == 0 else [f"again: {second}"]
    found += [f"again{line}" for line in differences(scenario.compared(state(server)), scenario.right)]
    about = f"{scenario.name}, call {fault.at} ({struck}), {fault.kind}{', lasting' * fault.lasting}"
    return [f"{about}: {line}" for line in (*found, *server.faults, *server.invalid)]


def _first(ended: Ended, fault: Fault, struck: str) -> Iterator[str]:
    """What is wrong with how a command ended that a fault befell."""
    if not struck:
        yield "the call was never made"
    if "Traceback" in ended.stderr:
        yield f"a traceback: {ended.stderr}"
    if fault.kind in KILLS:
        wanted = ended.code == KILLED
    elif fault.kind == BEHEADED:
        wanted = ended.code == 0 or _told(ended, struck)
    elif fault.lasting:
        wanted = _told(ended, struck) or (ended.code == 0 and struck in WITHOUT)
    else:
        wanted = ended.code == 0
    if not wanted:
        yield f"it ended so: {ended}"


def _told(ended: Ended, struck: str) -> bool:
    """Whether a command ended by saying which call failed and on what."""
    return ended.code == BACKEND and f"{struck} on " in ended.stderr


def _safe(server: Faithful) -> Iterator[str]:
    """What may not be so at any moment."""
    if len(server.sagemaker.pipelines) > 1:
        yield f"there are {len(server.sagemaker.pipelines)} pipelines"
    if len(server.sagemaker.runs) > 1:
        yield f"there are {len(server.sagemaker.runs)} executions"
