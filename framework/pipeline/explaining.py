"""Where the values of a step come from: a step in; for each key of its section the value, what set it, and what it becomes out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from framework.config.values import Map, dotted
from framework.findings import NOWHERE, Place
from framework.pipeline.build import Pipeline
from framework.pipeline.secrets import shown
from framework.steps.base import Step

DEFAULT = "default"


@dataclass(frozen=True, slots=True)
class Explained:
    """One value of a step.

    Attributes:
        key: its path in the section.
        layers: the value and where it was written, then what lies below it, nearest first. The place of a default is nowhere.
        becomes: where in the step's Arguments it goes; "" where that is not one place.
    """

    key: str
    layers: tuple[tuple[str, Place], ...]
    becomes: str = ""

    def to_json(self) -> dict[str, Any]:
        """In JSON types."""
        layers = [{"value": value, "place": str(place) or DEFAULT} for value, place in self.layers]
        return {"key": self.key, "value": self.layers[0][0], "layers": layers, "becomes": self.becomes}


def explain(pipeline: Pipeline, name: str, key: Sequence[str]) -> list[Explained]:
    """The values of a step's section at a key and below it; those of the whole section for no key. Empty where there is none."""
    step = pipeline.steps[name]
    tree: Any = step.spec.values
    for part in key[:-1]:
        tree = tree.get(part) if isinstance(tree, dict) else None
    if not key:
        return list(_within(step, step.spec.values, ()))
    if not isinstance(tree, dict) or key[-1] not in tree:
        return []
    found = tree[key[-1]]
    return list(_within(step, found, tuple(key))) if isinstance(found, Map) and found else [_value(step, tree, tuple(key))]


def _within(step: Step, tree: Map, path: tuple[str, ...]) -> Iterator[Explained]:
    for key, value in tree.items():
        if isinstance(value, Map) and value:
            yield from _within(step, value, (*path, key))
        else:
            yield _value(step, tree, (*path, key))


def _value(step: Step, holder: Any, path: tuple[str, ...]) -> Explained:
    key = path[-1]
    place = holder.places.get(key, NOWHERE) if isinstance(holder, Map) else NOWHERE
    below = holder.replaced.get(key, ()) if isinstance(holder, Map) else ()
    layers = [(holder[key], place), *below]
    return Explained(dotted(path), tuple((shown(value, path), where) for value, where in layers), _becomes(step, path))


def _becomes(step: Step, path: tuple[str, ...]) -> str:
    """The member of the Arguments that a key sets, where it is one."""
    for length in range(len(path), 0, -1):
        members = [member for member, keys in step.origins.items() if keys == path[:length]]
        if len(members) == 1:
            return dotted(("Arguments", *members[0], *path[length:]))
    return dotted(("Arguments", *path[1:])) if path[0] == "arguments" else ""
