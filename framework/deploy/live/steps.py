"""A walk over a definition: every step with its path, and every member of what a step sends, with its path.

References (`Get`, `Std:Join`, `Std:JsonGet`) are values here, never looked into.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from framework.pipeline.compiled import Definition
from framework.pipeline.step_graph import INNER_STEPS

Path = tuple[str | int, ...]
"""Keys and indices that lead to a value in the definition."""

REFERENCES = frozenset({"Get", "Std:Join", "Std:JsonGet"})
FREE = frozenset({"CustomerMetadataProperties", "Environment", "HyperParameters", "StaticHyperParameters", "Tags"})
"""Members whose keys are the user's own."""


@dataclass(frozen=True, slots=True)
class StepAt:
    """A step of a definition, and the path that leads to it."""

    name: str
    type: str
    path: Path
    step: Mapping[str, Any]

    @property
    def arguments(self) -> Mapping[str, Any]:
        """Its Arguments; empty where it has none."""
        return _mapping(self.step.get("Arguments"))

    def inner(self) -> Iterator[tuple[str, list[StepAt]]]:
        """The lists of steps that it holds, by their members."""
        for member in INNER_STEPS.get(self.type, ()):
            yield member, listed(self.arguments.get(member), (*self.path, "Arguments", member))


@dataclass(frozen=True, slots=True)
class Member:
    """A member of what a step sends: its path, its key, its value, and the mapping that it is in."""

    path: Path
    key: str
    value: Any
    holder: Mapping[str, Any]


def listed(value: Any, path: Path) -> list[StepAt]:
    """The steps of a list that stands at `path`."""
    steps = enumerate(value if isinstance(value, list) else ())
    return [
        StepAt(str(step.get("Name", "")), str(step.get("Type", "")), (*path, index), step)
        for index, step in steps
        if isinstance(step, Mapping)
    ]


def top(definition: Definition) -> list[StepAt]:
    """The steps of the pipeline itself."""
    return listed(definition.get("Steps"), ("Steps",))


def every_step(definition: Definition) -> Iterator[StepAt]:
    """All steps, each before those that it holds, in the order of the definition."""
    todo = top(definition)[::-1]
    while todo:
        at = todo.pop()
        yield at
        inner = [each for _, steps in at.inner() for each in steps]
        todo += reversed(inner)


def members(at: StepAt) -> Iterator[Member]:
    """Every member of a step, outer before inner; without the steps that it holds, and mappings whose keys are the user's own."""
    inner = {(*at.path, "Arguments", member) for member in INNER_STEPS.get(at.type, ())}
    todo: list[tuple[Path, Any]] = [(at.path, at.step)]
    while todo:
        path, value = todo.pop()
        found: list[tuple[Path, Any]] = []
        if isinstance(value, Mapping) and not is_reference(value):
            for key, member in value.items():
                here = (*path, key)
                if here not in inner and key not in FREE:
                    yield Member(here, key, member, value)
                    found.append((here, member))
        elif isinstance(value, list):
            found = [((*path, index), each) for index, each in enumerate(value)]
        todo += reversed(found)


def is_reference(value: Any) -> bool:
    """Whether a value is known only when the pipeline runs."""
    return isinstance(value, Mapping) and len(value) == 1 and not REFERENCES.isdisjoint(value)


def literal(value: Any) -> str | None:
    """The text that a value is, also where it is joined of texts alone; None where it is no text or not known before."""
    text, whole = _joined(value)
    return text if whole else None


def beginning(value: Any) -> str:
    """The text that a value is known to begin with."""
    return _joined(value)[0]


def _joined(value: Any) -> tuple[str, bool]:
    """What is known of a text from its beginning on, and whether that is all of it."""
    if isinstance(value, str):
        return value, True
    join = _mapping(value.get("Std:Join")) if is_reference(value) else {}
    text, on = "", join.get("On", "")
    parts = join.get("Values")
    for index, part in enumerate(parts if isinstance(parts, list) else ()):
        known, whole = _joined(part)
        text += (str(on) if index else "") + known
        if not whole:
            return text, False
    return text, bool(join)


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
