"""Which steps are not as they were: two definitions in, names of steps out.

A step has changed when what the definition says of it has, or when a parameter that it uses is declared otherwise. What stands in
a condition or a loop has changed by itself; the condition or the loop has when other steps stand in it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from framework.pipeline.compiled import Definition
from framework.pipeline.listing import every
from framework.pipeline.step_graph import INNER_STEPS

PARAMETER = "Parameters."


def new(now: Definition, before: Definition | None) -> frozenset[str]:
    """The steps that were not there; all of them where there was no definition."""
    return frozenset(_prints(now).keys() - (_prints(before).keys() if before else set()))


def modified(now: Definition, before: Definition | None) -> frozenset[str]:
    """The steps that were not there, or were otherwise."""
    old = _prints(before) if before else {}
    return frozenset(name for name, text in _prints(now).items() if old.get(name) != text)


def _prints(definition: Definition) -> dict[str, str]:
    """For each step, a text that is equal exactly where the step is."""
    declared = {str(each.get("Name")): each for each in definition.get("Parameters") or () if isinstance(each, Mapping)}
    found: dict[str, str] = {}
    for step, _ in every(definition):
        own = _own(step)
        used = {name: declared.get(name) for name in _parameters(own)}
        found.setdefault(str(step["Name"]), json.dumps([own, used], sort_keys=True, ensure_ascii=False))
    return found


def _own(step: Mapping[str, Any]) -> dict[str, Any]:
    """The step with names in place of the steps that stand in it; for whom it waits is a set."""
    own = dict(step)
    if inner := INNER_STEPS.get(str(step.get("Type"))):
        arguments = dict(step.get("Arguments") or {})
        own["Arguments"] = arguments | {key: _names(arguments[key]) for key in inner if key in arguments}
    if isinstance(own.get("DependsOn"), list):
        own["DependsOn"] = sorted(json.dumps(each, sort_keys=True) for each in own["DependsOn"])
    return own


def _names(steps: Any) -> list[str]:
    return sorted(str(step.get("Name")) for step in steps if isinstance(step, Mapping)) if isinstance(steps, list) else []


def _parameters(value: Any) -> Iterator[str]:
    """The names of the parameters that a value uses."""
    todo = [value]
    while todo:
        each = todo.pop()
        if isinstance(each, Mapping):
            target = each.get("Get")
            if isinstance(target, str) and target.startswith(PARAMETER):
                yield target[len(PARAMETER) :]
            todo += each.values()
        elif isinstance(each, list):
            todo += each
