"""What becomes of each step in the next execution: the definition that will be deployed and the one that is in, for each step
whether it runs or the service takes over its earlier result, and why, out.

It is worked out as if the deployed pipeline had run, with the defaults of its parameters and not too long ago. A reference to a
step is what it was where that step is reused; where it runs, it is something else, unless it is a place that the step itself says
and that is the same in every execution.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from framework.deploy.elements import Element, Elements, parameters, steps
from framework.deploy.fields import ABSENT, canonical, field_changes
from framework.deploy.values import Fresh, Values
from framework.pipeline.cache_keys import ATTRIBUTES, attributes

RUN, REUSE, CONTROL = "run", "reuse", "control"
_CONTROL = {
    "Condition": "it is decided anew in every execution",
    "ForEach": "its steps are reused or run one by one",
    "Fail": "it ends the execution",
}
_CACHEABLE = frozenset({*ATTRIBUTES, "EMRServerless", "Endpoint", "EndpointConfig"})
"""The step types that can have a CacheConfig; which attributes count is not documented of those outside of the tables."""


@dataclass(frozen=True, slots=True)
class NextRun:
    """What becomes of a step in the next execution.

    Attributes:
        name, type: of the step.
        verdict: "run", "reuse" or "control" for what the service itself carries out.
        why: the reason, without a full stop.
        attributes: those of its cache key that are not what they were.
        fields: what in them differs, as paths.
    """

    name: str
    type: str
    verdict: str
    why: str
    attributes: tuple[str, ...] = ()
    fields: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """In JSON types."""
        about = {"name": self.name, "type": self.type, "verdict": self.verdict, "why": self.why}
        return {**about, "attributes": list(self.attributes), "fields": list(self.fields)}


def next_run(new: Mapping[str, Any], old: Mapping[str, Any] | None, names: Mapping[str, str]) -> tuple[NextRun, ...]:
    """What becomes of each step of the `new` definition.

    Args:
        new: the definition that will be deployed; a step stands behind those that it needs.
        old: the one that is; None for none.
        names: the old names of steps that are called otherwise.
    """
    runs: dict[str, bool] = {}
    before = Values(steps(old or {}), parameters(old or {}), runs, is_next=False)
    after = Values(steps(new), parameters(new), runs, is_next=True)
    found = []
    for name, step in after.steps.items():
        told = _without_a_key(name, step, before.steps, names) or _by_key(name, before, after)
        runs[name] = told.verdict != REUSE
        found.append(told)
    return tuple(found)


def _without_a_key(name: str, step: Element, before: Elements, names: Mapping[str, str]) -> NextRun | None:
    """What becomes of a step as far as no value of it matters; None where they do."""
    if step.type in _CONTROL:
        return NextRun(name, step.type, CONTROL, _CONTROL[step.type])
    why = ""
    if step.type not in _CACHEABLE:
        why = f"steps of type {step.type} are never reused"
    elif not _enabled(step):
        why = "enable_cache is off"
    elif name in names:
        why = f"it was called {names[name]}, and results are kept by name"
    elif name not in before:
        why = "it is new"
    elif before[name].type != step.type:
        why = f"it was of type {before[name].type}"
    elif not _enabled(before[name]):
        why = "enable_cache was off until now"
    return NextRun(name, step.type, RUN, why) if why else None


def _by_key(name: str, before: Values, after: Values) -> NextRun:
    """What becomes of a step that can be reused: its cache key tells."""
    step = after.steps[name]
    old, new = _key(before.steps[name]), _key(step)
    found = list(field_changes(before.known(old, name), after.known(new, name)))
    if not found:
        return NextRun(name, step.type, REUSE, _reused(step, new, after.runs))
    by_attribute: dict[str, list[Any]] = {}
    for each in found:
        by_attribute.setdefault(str(each.new[0]), []).append(each.after)
    reasons = []
    for attribute, values in by_attribute.items():
        same = canonical(old.get(attribute, ABSENT)) == canonical(new.get(attribute, ABSENT))
        why = _behind(new.get(attribute), values, before, after) if same else "changed"
        reasons.append(f"{attribute} {why}")
    return NextRun(name, step.type, RUN, "; ".join(reasons), tuple(by_attribute), tuple(each.path for each in found))


def _behind(attribute: Any, values: Sequence[Any], before: Values, after: Values) -> str:
    """What has changed where the attribute itself has not: something that it refers to."""
    fresh = [value.why for value in values if isinstance(value, Fresh)]
    names = _named_in(attribute, "Parameters")
    fresh += [
        f"holds Parameters.{name}, whose default changed" for name in names if _default(before, name) != _default(after, name)
    ]
    return " and ".join(dict.fromkeys(fresh)) or "refers to something that changed"


def _reused(step: Element, key: Mapping[str, Any], runs: Mapping[str, bool]) -> str:
    """Why a step is reused; and that a step which it reads runs, where the key does not show that."""
    expiry = str((step.value.get("CacheConfig") or {}).get("ExpireAfter") or "")
    why = f"{', '.join(sorted(key)) or 'all that counts'} did not change" + (f"; results count for {expiry}" if expiry else "")
    again = [name for name in _named_in(key, "Steps") if runs.get(name)]
    return why + "".join(f"; {name} runs, but its results are in the same place, which is all that counts" for name in again)


def _named_in(value: Any, kind: str) -> list[str]:
    """The names behind `Steps.` or `Parameters.` of the references anywhere in a value, each once."""
    found: dict[str, None] = {}
    waiting = [value]
    while waiting:
        each = waiting.pop(0)
        if isinstance(each, Mapping):
            parts = str(each.get("Get", "")).split(".")
            found |= {parts[1]: None} if parts[0] == kind and len(parts) > 1 else {}
            waiting += each.values()
        elif isinstance(each, list):
            waiting += each
    return list(found)


def _default(side: Values, name: str) -> str:
    """The default of a parameter, comparable."""
    found = side.parameters.get(name)
    return canonical(found.value.get("DefaultValue", ABSENT) if found else ABSENT)


def _enabled(step: Element) -> bool:
    config = step.value.get("CacheConfig")
    return isinstance(config, Mapping) and config.get("Enabled") is True


def _key(step: Element) -> dict[str, Any]:
    """The attributes of a step that count; all of its arguments where that is not documented."""
    arguments = step.value.get("Arguments")
    given = arguments if isinstance(arguments, Mapping) else {}
    return attributes(step.type, step.value, given) if step.type in ATTRIBUTES else dict(given)
