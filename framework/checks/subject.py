"""What rules look at: a compiled pipeline in; its steps, its references and its texts, each with its place, out.

The definition may be any, not only one that this tool compiled: what is not shaped like a step or a reference is passed over. One
walk serves all rules. A place is a trail, from the inside out, of which a path is made only where there is something to say.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import takewhile
from typing import Any

from framework.checks.shapes import Trail
from framework.config.model import Clause, Network
from framework.pipeline.compiled import CompiledPipeline
from framework.pipeline.step_graph import INNER_STEPS

JOIN, JSON_GET = "Std:Join", "Std:JsonGet"


@dataclass(frozen=True, slots=True)
class PlacedStep:
    """A step of the definition. `trail` is its place; `holders` are the steps around it, the outermost first."""

    value: Mapping[str, Any]
    trail: Trail
    holders: tuple[PlacedStep, ...] = ()

    @property
    def name(self) -> str:
        """Its name; "" where that is no text."""
        return _text(self.value.get("Name"))

    @property
    def type(self) -> str:
        """Its type; "" where that is no text."""
        return _text(self.value.get("Type"))

    @property
    def arguments(self) -> Mapping[str, Any]:
        """Its Arguments; empty where they are no mapping."""
        arguments = self.value.get("Arguments")
        return arguments if isinstance(arguments, Mapping) else {}

    def at(self, *keys: str | int) -> Trail:
        """The place of what stands below the step under some keys."""
        return below(self.trail, *keys)


@dataclass(frozen=True, slots=True)
class Reference:
    """A reference in the definition.

    Attributes:
        target: what stands behind `Get`; of a `Std:JsonGet` that of its PropertyFile.
        trail: its place.
        owner: the step that it stands in; None in the pipeline's settings.
        is_file: whether a property file is read.
    """

    target: str
    trail: Trail
    owner: PlacedStep | None
    is_file: bool = False


@dataclass(frozen=True, slots=True)
class Text:
    """A text in a step's Arguments, or in the parts of a Join there."""

    value: str
    trail: Trail
    owner: PlacedStep

    @property
    def keys(self) -> tuple[str | int, ...]:
        """The keys and indices that lead to it from its step."""
        inside_out: list[str | int] = []
        trail = self.trail
        while trail is not None and trail is not self.owner.trail:
            trail, key = trail
            inside_out.append(key)
        return tuple(reversed(inside_out))

    def above(self, levels: int) -> Any:
        """What it stands in, some levels higher."""
        value: Any = self.owner.value
        for key in self.keys[:-levels]:
            value = value[key]
        return value

    @property
    def beginning(self) -> str:
        """The text or, of the first part of a joined one, all texts that it begins with; "" of a later part."""
        keys = self.keys
        if keys[-3:-1] != (JOIN, "Values"):
            return self.value
        first = list(takewhile(lambda part: isinstance(part, str), self.above(1)))
        return str(self.above(2).get("On", "")).join(first) if keys[-1] == 0 else ""


@dataclass(slots=True)
class _Seen:
    references: list[Reference] = field(default_factory=list)
    texts: list[Text] = field(default_factory=list)


class Subject:
    """A compiled pipeline, and all that one walk over its definition finds.

    Args:
        compiled: the pipeline; of one that came from elsewhere at least the definition.
        network: what the framework configuration asks for; None where there is none.
        policy: the clauses that it is held against.
    """

    def __init__(self, compiled: CompiledPipeline, network: Network | None = None, policy: Sequence[Clause] = ()) -> None:
        self.compiled, self.network, self.policy = compiled, network, policy
        self.definition = compiled.definition
        self.steps: tuple[PlacedStep, ...] = tuple(placed_steps(self.definition))

    @cached_property
    def by_name(self) -> Mapping[str, PlacedStep]:
        """The steps by name; of several of one name the first."""
        return {step.name: step for step in reversed(self.steps)}

    @cached_property
    def parameters(self) -> Mapping[str, tuple[int, Mapping[str, Any]]]:
        """The parameters by name, each with its index."""
        listed = self.definition.get("Parameters")
        found = enumerate(listed if isinstance(listed, list) else ())
        return {_text(value.get("Name")): (at, value) for at, value in found if isinstance(value, Mapping)}

    @property
    def references(self) -> Sequence[Reference]:
        """Every reference, in the order of the definition."""
        return self._seen.references

    @property
    def texts(self) -> Sequence[Text]:
        """Every text in the steps' Arguments, in the order of the definition; references are none."""
        return self._seen.texts

    @cached_property
    def _seen(self) -> _Seen:
        seen = _Seen()
        for key, value in self.definition.items():
            if key not in {"Steps", "Parameters"}:
                _look(value, (None, key), None, (), seen)
        for step in self.steps:
            for key, value in step.value.items():
                _look(value, (step.trail, key), step, INNER_STEPS.get(step.type, ()) if key == "Arguments" else (), seen)
        return seen


def below(trail: Trail, *keys: str | int) -> Trail:
    """The place of what stands under some keys of what stands at `trail`."""
    for key in keys:
        trail = (trail, key)
    return trail


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def placed_steps(definition: Mapping[str, Any]) -> Iterator[PlacedStep]:
    """Every step, outer before inner, in the order of the definition; without recursion, however deep it is."""
    todo = _listed(definition, ("Steps",), None, ())
    while todo:
        step = todo.pop()
        yield step
        if step.type in INNER_STEPS:
            todo += _listed(step.arguments, INNER_STEPS[step.type], step.at("Arguments"), (*step.holders, step))


def _listed(owner: Mapping[str, Any], keys: Iterable[str], trail: Trail, holders: tuple[PlacedStep, ...]) -> list[PlacedStep]:
    """The steps in these lists of `owner`, the last one first."""
    found = [
        PlacedStep(step, ((trail, key), at), holders)
        for key in owner
        if key in keys and isinstance(owner[key], list)
        for at, step in enumerate(owner[key])
        if isinstance(step, Mapping)
    ]
    return found[::-1]


def _look(value: Any, trail: Trail, owner: PlacedStep | None, left_out: tuple[str, ...], seen: _Seen) -> None:
    """Collect what stands at `trail` and below, in document order, less the members `left_out` at its top."""
    todo: list[tuple[Any, Trail]] = [(value, trail)]
    while todo:
        value, trail = todo.pop()
        if isinstance(value, str):
            if owner is not None:
                seen.texts.append(Text(value, trail, owner))
        elif isinstance(value, list):
            todo += [(item, (trail, at)) for at, item in enumerate(value)][::-1]
        elif isinstance(value, dict):
            todo += _parts(value, trail, owner, left_out, seen)[::-1]
        left_out = ()


def _parts(
    value: Mapping[str, Any], trail: Trail, owner: PlacedStep | None, left_out: tuple[str, ...], seen: _Seen
) -> list[tuple[Any, Trail]]:
    """What is still to be looked at in a mapping; of a function that are the values it joins."""
    if len(value) == 1:
        (key,) = value
        if key in _FUNCTIONS:
            return _FUNCTIONS[key](value[key], trail, owner, seen)
    return [(item, (trail, key)) for key, item in value.items() if key not in left_out]


Parts = list[tuple[Any, Trail]]


def _get(target: Any, trail: Trail, owner: PlacedStep | None, seen: _Seen) -> Parts:
    seen.references.append(Reference(_text(target), trail, owner))
    return []


def _join(join: Any, trail: Trail, owner: PlacedStep | None, seen: _Seen) -> Parts:
    values = join.get("Values") if isinstance(join, Mapping) else None
    place = below(trail, JOIN, "Values")
    return [(item, (place, at)) for at, item in enumerate(values)] if isinstance(values, list) else []


def _json_get(given: Any, trail: Trail, owner: PlacedStep | None, seen: _Seen) -> Parts:
    if not isinstance(given, Mapping):
        return []
    file = given.get("PropertyFile")
    if isinstance(file, Mapping):
        seen.references.append(Reference(_text(file.get("Get")), trail, owner, is_file=True))
    return [(given["S3Uri"], below(trail, JSON_GET, "S3Uri"))] if "S3Uri" in given else []


_FUNCTIONS: Mapping[str, Callable[[Any, Trail, PlacedStep | None, _Seen], Parts]] = {
    "Get": _get,
    JOIN: _join,
    JSON_GET: _json_get,
}
