from __future__ import annotations

from typing import Any

import pytest

from framework.findings import FindingsError
from framework.local.selection import select


def step(name: str, *after: str, kind: str = "Model", **arguments: Any) -> dict[str, Any]:
    return {"Name": name, "Type": kind, "Arguments": arguments, "DependsOn": list(after)}


CONDITION = step("C", "B", kind="Condition", Conditions=[], IfSteps=[step("Yes", "A")], ElseSteps=[step("No")])
STEPS = [step("A"), step("B", "A"), CONDITION, step("D", "C"), step("E", "D")]


@pytest.mark.parametrize(
    ("chosen", "run", "needed"),
    [
        ([], ["A", "B", "C", "Yes", "No", "D", "E"], []),
        (["A"], ["A"], []),
        (["B", "A"], ["A", "B"], []),
        (["D", "E"], ["D", "E"], ["C"]),
        (["C"], ["C", "Yes", "No"], ["A", "B"]),
        (["Yes"], ["Yes"], ["A"]),
    ],
)
def test_parts(chosen: list[str], run: list[str], needed: list[str]) -> None:
    part = select(STEPS, chosen)
    assert list(part.nodes) == run
    assert list(part.needed) == needed


def test_a_gap_between_chosen_steps_is_a_finding() -> None:
    with pytest.raises(FindingsError) as caught:
        select(STEPS, ["B", "D"])
    assert [str(finding) for finding in caught.value.findings] == [
        "selection SMP803 step C lies between chosen steps and is not chosen. Try: choose C too."
    ]


def test_an_unknown_name_is_a_finding() -> None:
    with pytest.raises(FindingsError, match=r"there is no step X\. Try: one of"):
        select(STEPS, ["X"])
