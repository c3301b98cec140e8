"""Choices that several step classes offer: exactly one of several keys, and what an earlier step made where a key is left out."""

from __future__ import annotations

from collections.abc import Sequence

from framework.steps.base import StepSpec, Surroundings

RULE = "SMP310"


def exactly_one(spec: StepSpec, keys: Sequence[str], around: Surroundings, needed: bool = True) -> str:
    """Which one of these keys is given; "" after a finding, or where none is and none is needed."""
    given = [key for key in keys if key in spec.values]
    listed = f"{', '.join(keys[:-1])} or {keys[-1]}"
    if len(given) > 1:
        message = f"{spec.name} has {' and '.join(given)}; it takes exactly one of {listed}"
        around.missing(spec, (given[-1],), message, "keep one of them", RULE)
    elif needed and not given:
        around.missing(spec, (), f"{spec.name} needs exactly one of {listed}", f"set {listed}", RULE)
    return given[0] if len(given) == 1 else ""


def earlier(spec: StepSpec, step_class: str, around: Surroundings) -> StepSpec | None:
    """The last step of a class that is listed before `spec`, preferably of its own model."""
    found: StepSpec | None = None
    for other in around.specs.values():
        if other.name == spec.name:
            break
        own = found is None or other.config.model == spec.config.model or found.config.model != spec.config.model
        if other.step_class == step_class and own:
            found = other
    return found
