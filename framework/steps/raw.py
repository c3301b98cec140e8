"""Step class Raw: a step as the definition has it, for what no other class can say."""

from __future__ import annotations

from framework.steps.base import Step, StepSpec, Surroundings


def build(spec: StepSpec, around: Surroundings) -> Step:
    """The step of `spec`, its arguments and other members as they were written."""
    values = spec.values
    members = dict(values.get("members") or {})
    return Step(
        spec.name, str(values["type"]), dict(values.get("arguments") or {}), spec, {}, spec.config.enable_cache, members=members
    )
