"""Two executions, of SageMaker or of this machine, side by side: what is known of each in, what differs out as data.

Pure: nothing here talks to AWS.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from framework.deploy.plan import Deployed, Plan, diff
from framework.pipeline.compiled import CompiledPipeline, Definition
from framework.pipeline.execution import Execution, StepState
from framework.pipeline.listing import every
from framework.pipeline.step_graph import INNER_STEPS

_DIGEST = re.compile(r"(?<![0-9a-f])[0-9a-f]{64}(?![0-9a-f])")
SHOWN = 12
"""Of a digest, so many digits are enough to tell it from others."""


@dataclass(frozen=True, slots=True)
class Run:
    """What is known of an execution.

    Attributes:
        execution: itself, with the states of its steps.
        definition: what it ran.
        parameters: the values of its parameters as they were given; defaults are in the definition.
        metrics: numbers of its reports, by step and path.
    """

    execution: Execution
    definition: Definition
    parameters: Mapping[str, Any]
    metrics: Mapping[tuple[str, str], float]

    def values(self) -> dict[str, str]:
        """The value of each parameter."""
        declared = {str(one["Name"]): one.get("DefaultValue") for one in self.definition.get("Parameters") or ()}
        values = {name: value for name, value in {**declared, **self.parameters}.items() if value is not None}
        return {name: value if isinstance(value, str) else json.dumps(value) for name, value in values.items()}


def between(left: Run, right: Run) -> Plan:
    """What differs between the definitions, as a plan that would make the one of the other."""
    old = Deployed("", left.definition, "", "", (), "")
    return diff(CompiledPipeline("", right.definition), old)


def parameters(left: Run, right: Run) -> list[dict[str, Any]]:
    """Each parameter with its two values, None where one has none."""
    return [
        {"name": name, "values": list(pair), "same": pair[0] == pair[1]} for name, pair in _pairs(left.values(), right.values())
    ]


def steps(left: Run, right: Run, changes: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Each step that is in one of the definitions or has run: how its definition and code differ, status and seconds of both.

    Args:
        left, right: the executions.
        changes: those of the plan between them, as data.
    """
    actions = {change["name"]: change["action"] for change in changes if change["what"] == "step"}
    codes = _pairs(_codes(left.definition), _codes(right.definition))
    code = {name: [list(one or ()) for one in pair] for name, pair in codes}
    states = [_states(left.execution.steps), _states(right.execution.steps)]
    names = dict.fromkeys([*code, *states[0], *states[1]])
    words = {"add": "added", "remove": "removed", "change": "changed", "move": "moved"}
    return [
        {
            "name": name,
            "definition": words.get(actions.get(name, ""), "same"),
            "code": code.get(name, [[], []]),
            "status": [str(each[name]["StepStatus"]) if name in each else None for each in states],
            "seconds": [_seconds(each.get(name, {})) for each in states],
        }
        for name in names
    ]


def metrics(left: Run, right: Run) -> list[dict[str, Any]]:
    """Each number that one of them has reported, with its two values and how much the second is more."""
    return [
        {
            "step": step,
            "metric": path,
            "values": list(pair),
            "difference": None if pair[0] is None or pair[1] is None else pair[1] - pair[0],
        }
        for (step, path), pair in _pairs(_finite(left.metrics), _finite(right.metrics))
    ]


def _finite(metrics: Mapping[tuple[str, str], float]) -> dict[tuple[str, str], float | None]:
    """The numbers without NaN and infinity, which JSON does not know."""
    return {key: value if math.isfinite(value) else None for key, value in metrics.items()}


def _pairs(left: Mapping[Any, Any], right: Mapping[Any, Any]) -> list[tuple[Any, tuple[Any, Any]]]:
    return [(key, (left.get(key), right.get(key))) for key in dict.fromkeys([*left, *right])]


def _codes(definition: Definition) -> dict[str, list[str]]:
    """For each step the digests in the addresses of its code, shortened."""
    return {str(step["Name"]): _digests(step) for step, _ in every(definition)}


def _digests(step: Mapping[str, Any]) -> list[str]:
    """Those of the step itself; the steps of its branches have their own."""
    branches = INNER_STEPS.get(str(step.get("Type")), ())
    own = {key: value for key, value in step["Arguments"].items() if key not in branches} if branches else step
    return [digest[:SHOWN] for digest in dict.fromkeys(_DIGEST.findall(json.dumps(own)))]


def _states(states: Sequence[StepState]) -> dict[str, StepState]:
    return {str(state["StepName"]): state for state in states}


def _seconds(state: StepState) -> float | None:
    begin, end = state.get("StartTime"), state.get("EndTime")
    return round((_time(end) - _time(begin)).total_seconds(), 3) if begin and end else None


def _time(value: Any) -> datetime:
    return value if isinstance(value, datetime) else datetime.fromisoformat(str(value).replace("Z", "+00:00"))
