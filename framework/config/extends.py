"""`extends`: a section or a model that lies over another one.

In: the models of the joined tree. Out: the same models, every `extends` carried out and gone; findings; and where the models and
sections stand that others extend. Places are kept: what was extended is shown where it was written.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from framework.config.merge import overlay
from framework.config.values import Map, quoted
from framework.findings import Finding, Place, nearest

KEY = "extends"
_Where = tuple[str, ...]
"""A model, or a section of one."""


def extend(models: Map) -> tuple[list[Finding], frozenset[Place]]:
    """Lay every model and section over what it extends, in place; findings, and the places of what was extended."""
    work = _Extending(models)
    for name in models:
        work.carry_out((name,))
    for name, model in models.items():
        for section in list(_sections(model)):
            work.carry_out((name, section))
    return work.findings, frozenset(work.bases)


@dataclass(slots=True)
class _Extending:
    models: Map
    findings: list[Finding] = field(default_factory=list)
    bases: set[Place] = field(default_factory=set)
    done: set[_Where] = field(default_factory=set)

    def carry_out(self, where: _Where) -> None:
        """Lay a model or a section over all that it extends. A loop, since what extends what may be a long story."""
        chain = [where]
        while (base := self._base(chain)) is not None:
            chain.append(base)
        for upper, lower in zip(reversed(chain[:-1]), reversed(chain[1:]), strict=True):
            top, holder = self._at(upper), self._holder(upper)
            self.bases.add(self._holder(lower).key_place_of(lower[-1]))
            merged = overlay(self._at(lower), _without(top, KEY))
            merged.place = top.place
            holder[upper[-1]] = merged
        self.done.update(chain)

    def _base(self, chain: Sequence[_Where]) -> _Where | None:
        """What the last of a chain extends, which is not done yet or has no base of its own; None, after a finding, if nothing."""
        where = chain[-1]
        values = self._at(where) if where not in self.done else None
        if not isinstance(values, Map) or KEY not in values:
            return None
        written, place, shown = values[KEY], values.place_of(KEY), _shown(where)
        base = self._named(written, where) if isinstance(written, str) else None
        if base is not None and base not in chain:
            return base
        if base is not None:
            message, hint = f"{shown} extends itself, by way of {_shown(base)}", "break the circle"
            self.findings.append(Finding("SMP121", place, message, hint))
        elif written is not None:
            self.findings.append(self._no_base(where, written, place))
        self._holder(where)[where[-1]] = _without(values, KEY)
        return None

    def _named(self, written: str, where: _Where) -> _Where | None:
        """What a name means: a model; for a section, one of the model itself, or `model.section`."""
        if len(where) == 1:
            return (written,) if isinstance(self.models.get(written), Map) else None
        if written in _sections(self.models[where[0]]):
            return where[0], written
        other, _, section = written.rpartition(".")
        return (other, section) if section in _sections(self.models.get(other)) else None

    def _no_base(self, where: _Where, written: Any, place: Place) -> Finding:
        kind = "model" if len(where) == 1 else "section"
        if not isinstance(written, str):
            return Finding(
                "SMP121", place, f"{_shown(where)} needs the name of one {kind} to extend", f"write extends: {kind.upper()}"
            )
        legal = list(self.models)
        if kind == "section":
            named = [f"{model}.{section}" for model, values in self.models.items() for section in _sections(values)]
            legal = [*_sections(self.models[where[0]]), *named]
        return Finding("SMP121", place, f"{_shown(where)} extends {quoted(written)}, which is no {kind}", nearest(written, legal))

    def _holder(self, where: _Where) -> Map:
        holder: Map = self.models if len(where) == 1 else self.models[where[0]]
        return holder

    def _at(self, where: _Where) -> Any:
        return self._holder(where)[where[-1]]


def _shown(where: _Where) -> str:
    return f"the model {where[0]}" if len(where) == 1 else ".".join(where)


def _sections(model: Any) -> Iterator[str]:
    return iter([name for name, value in model.items() if isinstance(value, Map)] if isinstance(model, Map) else [])


def _without(values: Map, key: str) -> Map:
    rest = Map(values.place)
    for name in values:
        if name != key:
            rest.take(name, values)
    return rest
