"""The steps that the engine itself carries out: Condition, Fail, and the beginning and the end of ForEach.

In: a node, the record, a resolver. Out: what the scheduler goes on with. Reasons of failures are `UnresolvedError`s.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from framework.local import conditions, loops
from framework.local.functions import Resolver, text
from framework.local.graph import Node
from framework.local.names import now
from framework.local.record import Record
from framework.local.scheduler import Outcome
from framework.pipeline.execution import EXECUTING, FAILED, SUCCEEDED
from framework.pipeline.step_graph import CONDITION, FAIL

LONGEST_MESSAGE = 3072
DEFAULT_LIMIT = 1


def carry_out(node: Node, record: Record, resolver: Resolver) -> Outcome:
    """Runs a Condition or a Fail step, or begins a loop.

    Raises:
        UnresolvedError: a value is nowhere, or is not what is needed.
    """
    record.change(node.name, StepStatus=EXECUTING)
    arguments: Mapping[str, Any] = node.step.get("Arguments") or {}
    kind = node.step["Type"]
    if kind == CONDITION:
        return _condition(node, arguments, record, resolver)
    if kind == FAIL:
        return _fail(node, arguments, record, resolver)
    found = loops.items(resolver.resolve(arguments.get("IterableItems")))
    limit = int(text(resolver.resolve(arguments.get("MaxConcurrency", DEFAULT_LIMIT))))
    return Outcome(children=loops.children(node, found), limit=limit)


def _condition(node: Node, arguments: Mapping[str, Any], record: Record, resolver: Resolver) -> Outcome:
    """The guide's page "build-and-manage-steps-types", Condition step; all conditions must hold."""
    outcome = "True" if conditions.holds(arguments.get("Conditions") or (), resolver.resolve) else "False"
    keep(node.name, record, {"Outcome": outcome}, {"Condition": {"Outcome": outcome}})
    return Outcome(branch=outcome)


def _fail(node: Node, arguments: Mapping[str, Any], record: Record, resolver: Resolver) -> Outcome:
    """The guide's page "build-and-manage-steps-types", Fail step; its message is the reason."""
    message = text(resolver.resolve(arguments.get("ErrorMessage", "")))[:LONGEST_MESSAGE]
    record.fail(node.name, message, Metadata={"Fail": {"ErrorMessage": message}})
    return Outcome(FAILED)


def close_loop(node: Node, record: Record, resolver: Resolver) -> Outcome:
    """Ends a loop whose steps have ended.

    Raises:
        UnresolvedError: the selector's field is nowhere.
    """
    count = len(loops.items(resolver.resolve((node.step.get("Arguments") or {}).get("IterableItems"))))
    description, metadata = loops.outcome(node.step, count, record.statuses(), record.descriptions)
    if description["Status"] == SUCCEEDED:
        keep(node.name, record, description, metadata)
        return Outcome()
    reason = f"{description['FailedStepCount']} of the {description['TotalStepCount']} steps of the loop failed"
    if not description["FailedStepCount"]:
        record.change(node.name, Metadata=metadata)
        record.stop(node.name)
        return Outcome(description["Status"])
    record.fail(node.name, reason, Metadata=metadata)
    return Outcome(FAILED)


def keep(name: str, record: Record, description: Mapping[str, Any], metadata: Mapping[str, Any], **members: Any) -> None:
    """Keeps the success of a step for which nothing had to run."""
    record.step_folder(name).mkdir(parents=True, exist_ok=True)
    record.succeed(name, {"CreationTime": now(), **description}, Metadata=metadata, **members)
