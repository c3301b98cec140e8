from __future__ import annotations

from typing import Any

import pytest

from framework.local.graph import Node, needs, nodes
from framework.local.problems import problems
from framework.local.scheduler import Outcome, Scheduler

SUPPORTED = ("Processing", "Model")


def step(name: str, *after: str, kind: str = "Processing", **arguments: Any) -> dict[str, Any]:
    return {"Name": name, "Type": kind, "Arguments": arguments, **({"DependsOn": list(after)} if after else {})}


def get(path: str) -> dict[str, str]:
    return {"Get": path}


def order(steps: list[dict[str, Any]], failing: str = "", **how: Any) -> list[str]:
    started: list[str] = []

    def execute(node: Node) -> Outcome:
        started.append(node.name)
        return Outcome("Failed" if node.name == failing else "Succeeded")

    Scheduler(execute, execute, **how).run(nodes(steps).values())
    return started


def test_needs_come_from_references_at_any_depth_and_from_depends_on() -> None:
    steps = [
        step("C", "A", deep=[{"Std:Join": {"On": "/", "Values": ["x", get("Steps.B-1.Outputs['a']")]}}]),
        step("D", x={"Std:JsonGet": {"PropertyFile": get("Steps.A.PropertyFiles.R"), "Path": "x"}}, y=get("Steps.Nowhere.Name")),
        step("A", x=get("Parameters.A")),
        step("B-1"),
    ]
    assert needs(steps) == {"C": {"A", "B-1"}, "D": {"A"}, "A": set(), "B-1": set()}


def test_order_is_that_of_the_definition_as_far_as_needs_allow() -> None:
    steps = [step("C", "B"), step("Z"), step("B", "A"), step("A")]
    assert order(steps) == ["Z", "A", "B", "C"]


def test_nothing_starts_after_a_failure() -> None:
    assert order([step("A"), step("B", "A"), step("C")], failing="A") == ["A"]


@pytest.mark.parametrize(
    ("steps", "messages"),
    [
        (
            [step("A"), step("If", kind="Athena")],
            [
                "definition SMP801 step If is of type Athena, which the local engine cannot run. "
                "Try: run steps of type Condition, Fail, ForEach, Model, Processing here."
            ],
        ),
        (
            [step("../A"), step("B"), step("B")],
            [
                "definition SMP801 '../A' is not a step name. Try: use up to 64 letters, digits, - and _.",
                "definition SMP801 2 steps are named B. Try: give each its own name.",
            ],
        ),
        (
            [step("A", "B")],
            ["definition SMP801 step A depends on B, which does not exist. Try: name a step of this pipeline."],
        ),
        (
            [step("A", "C"), step("B", x=get("Steps.A.y")), step("C", "B"), step("D", "C")],
            ["definition SMP801 the steps wait for each other: A → C → B → A. Try: cut the circle."],
        ),
        ([step("A"), step("B", "A", kind="Model")], []),
    ],
)
def test_what_cannot_run_is_said_before(steps: list[dict[str, Any]], messages: list[str]) -> None:
    assert [str(finding) for finding in problems(steps, SUPPORTED)] == messages
