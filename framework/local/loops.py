"""ForEach: the steps of its body once for every item.

In: a loop's arguments with its items resolved. Out: nodes named <body step>-<index>, and what later steps can Get of the loop:
Status, InputItemCount, TotalStepCount, SucceededStepCount, FailedStepCount, StoppedStepCount, IterationOutputs[i].<body step>,
Selected. The names, the members and the limits are those of the SDK (v3, sagemaker.mlops.workflow.for_each_step); an iteration
shows as IterationContext in the state of a step (API page PipelineExecutionStep).
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from framework.local.functions import UnresolvedError, look_up
from framework.local.graph import Iteration, Node
from framework.pipeline.execution import FAILED, STOPPED, SUCCEEDED
from framework.pipeline.step_graph import COMPLETED, Step, body, depends_on, references

FIELD = re.compile(r"IterationOutput\.([^.\[\]]+)(.+)", re.DOTALL)
LONGEST_ITEM = 12800


def items(value: Any) -> list[Any]:
    """The items of a loop: a list, or the text of a JSON list.

    Raises:
        UnresolvedError: it is neither.
    """
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except ValueError as error:
            raise UnresolvedError(f"IterableItems is not the text of a JSON list: {error}") from None
    if not isinstance(value, list):
        raise UnresolvedError(f"IterableItems is not a list but {json.dumps(value)[:100]}")
    return value


def child_name(name: str, index: int) -> str:
    """The name of a body step in an iteration."""
    return f"{name}-{index}"


def children(loop: Node, found: Sequence[Any]) -> tuple[Node, ...]:
    """The nodes of all iterations, iteration by iteration."""
    steps = body(loop.step)
    return tuple(
        _child(loop, step, number, Iteration(loop.name, index, item, _aliases(steps, index)))
        for index, item in enumerate(found)
        for number, step in enumerate(steps)
    )


def _aliases(steps: Sequence[Step], index: int) -> dict[str, str]:
    return {step["Name"]: child_name(step["Name"], index) for step in steps}


def _child(loop: Node, step: Step, number: int, iteration: Iteration) -> Node:
    inner = iteration.aliases
    waits = [(inner[name], COMPLETED) for name in sorted(set(references(step.get("Arguments"))) & inner.keys())]
    waits += [(inner[name], ends) for name, ends in depends_on(step) if name in inner]
    name = inner[step["Name"]]
    order = (*loop.order, iteration.index, number)
    return Node(name, {**step, "Name": name}, order, tuple(dict.fromkeys(waits)), iteration)


def context(iteration: Iteration) -> dict[str, Any]:
    """How the state of a step tells its iteration."""
    item = iteration.item if isinstance(iteration.item, str) else json.dumps(iteration.item)
    return {"ParentStepName": iteration.parent, "Index": iteration.index, "Item": item[:LONGEST_ITEM]}


def outcome(
    loop: Step, count: int, statuses: Mapping[str, str], descriptions: Mapping[str, Mapping[str, Any]]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """What a loop tells when its steps have ended.

    Args:
        loop: the ForEach step.
        count: how many items it had.
        statuses: the status of every step that has started, by name.
        descriptions: what the succeeded ones tell.

    Returns:
        its description, and its Metadata.

    Raises:
        UnresolvedError: the selector's field is nowhere, or has no order.
    """
    names = [step["Name"] for step in body(loop)]
    ends = [statuses.get(child_name(name, index), STOPPED) for index in range(count) for name in names]
    failed, succeeded = ends.count(FAILED), ends.count(SUCCEEDED)
    about: dict[str, Any] = {
        "Status": FAILED if failed else SUCCEEDED if succeeded == len(ends) else STOPPED,
        "InputItemCount": count,
        "TotalStepCount": len(ends),
        "SucceededStepCount": succeeded,
        "FailedStepCount": failed,
        "StoppedStepCount": len(ends) - failed - succeeded,
    }
    outputs = [_outputs(names, index, descriptions) for index in range(count)]
    chosen = {}
    if about["Status"] == SUCCEEDED and (selector := (loop.get("Arguments") or {}).get("Selector")):
        index, name = select(selector, outputs)
        chosen = {"Selected": outputs[index][name]}
    return {**about, "IterationOutputs": outputs, **chosen}, {"ForEach": about}


def _outputs(names: Sequence[str], index: int, descriptions: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """What the steps of an iteration tell, by the name of the body step."""
    found = {name: descriptions.get(child_name(name, index)) for name in names}
    return {name: about for name, about in found.items() if about is not None}


def select(selector: Mapping[str, Any], outputs: Sequence[Mapping[str, Any]]) -> tuple[int, str]:
    """The iteration that a selector picks, the first of equals, and the body step whose output it compares.

    Raises:
        UnresolvedError: the field is nowhere, is not a number, or there is no iteration.
    """
    path = str((selector.get("Field") or {}).get("Get"))
    match = FIELD.fullmatch(path)
    if not match or selector.get("Pick") not in ("MaxBy", "MinBy"):
        raise UnresolvedError(f"the Selector wants Pick MaxBy or MinBy, and a Field of IterationOutput, not {path}")
    if not outputs:
        raise UnresolvedError("the Selector has no iteration to pick from")
    values = [_number(look_up(output.get(match[1], {}), match[2]), path) for output in outputs]
    best = max(values) if selector["Pick"] == "MaxBy" else min(values)
    return values.index(best), match[1]


def _number(value: Any, path: str) -> float:
    try:
        return float(value)
    except (TypeError, ValueError):
        raise UnresolvedError(f"{path} is {value!r}, and the Selector compares numbers") from None
