"""Where the values of a step come from: a step in; for each key of its section the value, what set it, and what it becomes out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, cast

from framework.config.values import Map, Seq, dotted
from framework.findings import NOWHERE, Place
from framework.pipeline.build import Pipeline
from framework.pipeline.secrets import HIDDEN, shown, shown_data
from framework.steps.base import Step

DEFAULT = "default"
_NO_VALUES = frozenset({"step_name", "step_class", "step_type", "model"})
"""Keys of a step that say which step it is."""


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
    """The values of a step at a key and below it: of its section, and its own; all of them for no key. Empty where there is none.

    Args:
        pipeline: has the step.
        name: of the step.
        key: the parts of the key, as dots part them; a part may be the index of a list, and a key may hold dots itself.
    """
    step = pipeline.steps[name]
    values = _values(step)
    if not key:
        return list(_within(step, values, ()))
    holder, path = _found(values, list(key))
    if holder is None:
        return []
    found = holder[path[-1]]
    return list(_within(step, found, path)) if isinstance(found, Map) and found else [_value(step, holder, path)]


def _values(step: Step) -> Map:
    """What the step is built from. A step that is made for another takes over only what it says where it goes."""
    section, made = step.spec.values, step.name != step.spec.name
    taken = {keys[0] for keys in step.origins.values()}
    result = Map(section.place)
    for key in section:
        if not made or key in taken:
            result.take(key, section)
    for key in step.spec.config.values if not made else ():
        if key not in result and key not in _NO_VALUES:
            result.take(key, step.spec.config.values)
    return result


def _found(tree: Any, parts: list[str]) -> tuple[Any, tuple[str | int, ...]]:
    """What holds the value at a path, and the path; nothing where there is no such value."""
    path: tuple[str | int, ...] = ()
    holder, key = None, cast(Any, "")
    while parts:
        holder = tree
        if isinstance(tree, Seq) and parts[0].isdecimal() and int(parts[0]) < len(tree):
            length, key = 1, int(parts[0])
        elif isinstance(tree, Map):
            length = next((length for length in range(len(parts), 0, -1) if ".".join(parts[:length]) in tree), 0)
            key = ".".join(parts[:length])
        else:
            length = 0
        if not length:
            return None, ()
        path, tree, parts = (*path, key), tree[key], parts[length:]
    return holder, path


def _within(step: Step, tree: Map, path: tuple[str | int, ...]) -> Iterator[Explained]:
    for key, value in tree.items():
        if isinstance(value, Map) and value:
            yield from _within(step, value, (*path, key))
        else:
            yield _value(step, tree, (*path, key))


def _value(step: Step, holder: Any, path: tuple[str | int, ...]) -> Explained:
    key: Any = path[-1]
    place = holder.places.get(key, NOWHERE) if isinstance(holder, Map) else holder.place_of(key)
    below = holder.replaced.get(key, ()) if isinstance(holder, Map) else ()
    layers = [(holder[key], place), *below]
    hides = _hidden_among(holder, key, path)
    texts = tuple((HIDDEN if hides else shown(value, path), where) for value, where in layers)
    return Explained(dotted(path), texts, _becomes(step, path))


def _hidden_among(holder: Any, key: Any, path: tuple[str | int, ...]) -> bool:
    """Whether a value is a secret by what stands beside it: the flag before it, the key of its tag."""
    whole = shown_data(holder, path[:-1])
    return bool(whole == HIDDEN or whole[key] != shown_data(holder[key], path))


def _becomes(step: Step, path: tuple[str | int, ...]) -> str:
    """The member of the Arguments that a key sets, where it is one."""
    for length in range(len(path), 0, -1):
        members = [member for member, keys in step.origins.items() if keys == path[:length]]
        if len(members) == 1:
            return dotted(("Arguments", *members[0], *path[length:]))
    return dotted(("Arguments", *path[1:])) if path[0] == "arguments" else ""
