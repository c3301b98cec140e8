"""Step class Raw: a step as the definition has it, for what no other class can say."""

from __future__ import annotations

from framework.steps.base import Step, StepSpec, Surroundings

_TAKEN = {
    "Name": "set step_name",
    "Type": "set type",
    "Arguments": "set arguments",
    "DependsOn": "set depends_on",
}
"""Members of a step that keys of their own set, and those keys."""


def build(spec: StepSpec, around: Surroundings) -> Step:
    """The step of `spec`, its arguments and other members as they were written."""
    values = spec.values
    members = dict(values.get("members") or {})
    for member in sorted(_TAKEN.keys() & members.keys()):
        around.missing(spec, ("members", member), f"members of {spec.name} cannot set {member}", _TAKEN[member], "SMP104")
        del members[member]
    return Step(
        spec.name, str(values["type"]), dict(values.get("arguments") or {}), spec, {}, spec.config.enable_cache, members=members
    )
