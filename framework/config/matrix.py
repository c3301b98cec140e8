"""`matrix` in a unit: one unit, and one model, for each combination of its values; `${matrix.KEY}` is the value.

In: the joined tree before variables are put in, and the variables, which names are made of. Out: the tree with every matrix written
out; findings. Where a matrix cannot be, its first values stand for it, so that the rest can be looked at.
"""

from __future__ import annotations

import itertools
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from framework.config.environment import substitute
from framework.config.expressions import Expression, written
from framework.config.merge import copied
from framework.config.renaming import Renaming, step_lists
from framework.config.values import Map, Seq
from framework.findings import Finding, Place, nearest

RULE = "SMP122"
KEY = "matrix"
MOST = 100
"""How many units a matrix may make."""

_VALUE = re.compile(r"\$\$\{|\$\{\s*matrix\.([A-Za-z0-9_-]+)\s*\}")
_TOKEN = re.compile(r"SMP_[A-Z0-9_]+")


@dataclass(frozen=True, slots=True)
class Value:
    """A value of a matrix: itself, how it was written, how it reads inside text, and what names are made of."""

    value: Any
    raw: str | None
    text: str
    name: str


Chosen = Mapping[str, Value]


def multiply(conf: Map, variables: Mapping[str, str]) -> list[Finding]:
    """Replace every unit that has a matrix, and its model, by those of its combinations, in place."""
    units: Map = conf["sagemakerPipeline"]["models"]
    work = _Multiplying(conf, units, variables)
    for name in [name for name, unit in units.items() if isinstance(unit, Map) and KEY in unit]:
        work.unit(name)
    Renaming(work.made, work.models, work.findings).outside(conf)
    return work.findings


@dataclass(slots=True)
class _Multiplying:
    """What has been made so far: for each step that was multiplied, its unit and its new names; the models of each unit."""

    conf: Map
    units: Map
    variables: Mapping[str, str]
    findings: list[Finding] = field(default_factory=list)
    made: dict[str, tuple[str, list[str]]] = field(default_factory=dict)
    models: dict[str, list[str]] = field(default_factory=dict)

    def unit(self, name: str) -> None:
        """Put the units of all combinations in the place of one."""
        place, known = self.units[name].place_of(KEY), len(self.findings)
        axes = self._axes(name, self.units[name][KEY], place)
        combinations = [dict(combination) for combination in itertools.product(*axes)] if len(self.findings) == known else []
        steps = _step_names(self.units[name])
        if not combinations or len(set(steps)) < len(steps) or self._taken(name, combinations, steps, place):
            first = {axis[0][0]: axis[0][1] for axis in axes}
            self._put(name, name, first, {step: _filled_name(step, first) for step in steps})
            self.units[name].drop(KEY)
            return
        for chosen in combinations:
            names = {step: _named(step, chosen) for step in steps}
            self._put(name, _named(name, chosen), chosen, names)
            self.models.setdefault(name, []).append(_named(name, chosen))
            for step in steps:
                self.made.setdefault(step, (name, []))[1].append(names[step])
        for holder in (self.units, self.conf["models"]):
            if name in holder:
                holder.drop(name)

    def _axes(self, name: str, matrix: Any, place: Place) -> list[list[tuple[str, Value]]]:
        """The values of each key; findings where they make no units."""
        lists = (
            {key: values for key, values in matrix.items() if isinstance(values, Seq) and values} if isinstance(matrix, Map) else {}
        )
        axes = [[(key, value) for value in self._values(values)] for key, values in lists.items()]
        count = 1
        for axis in axes:
            count *= len(axis)
        if not lists or len(lists) < len(matrix):
            message = f"the matrix of {name} must give a list of values for each key"
            self.findings.append(Finding(RULE, place, message, "write matrix: {KEY: [VALUE, …]}"))
        elif count > MOST:
            message = f"the matrix of {name} makes {count} units; {MOST} is the most"
            self.findings.append(Finding(RULE, place, message, "make it smaller"))
        return axes

    def _values(self, values: Seq) -> Iterator[Value]:
        holder = Map(values.place)
        holder.put("values", values, values.place, values.place)
        replaced = substitute(holder, self.variables)
        for index, value in enumerate(values):
            text = value if isinstance(value, str) else values.raw.get(index, str(value))
            known = replaced.tree["values"][index]
            name = written(known) if isinstance(known, (str, Expression)) else text
            whole = "${" + text + "}" if _TOKEN.fullmatch(text) else text
            yield Value(value, values.raw.get(index), whole, name)

    def _taken(self, name: str, combinations: Sequence[Chosen], steps: Sequence[str], place: Place) -> bool:
        """Whether the names that a matrix makes are no names, or stand for something else, which is said."""
        others = {other for holder in (self.units, self.conf["models"]) for other in holder if other != name}
        made = Counter(_named(name, chosen) for chosen in combinations)
        of_steps = Counter(_named(step, chosen) for chosen in combinations for step in steps)
        beside = {step for key, unit in self.units.items() if key != name for step in _step_names(unit)}
        beside.update(_step_names(self.conf["sagemakerPipeline"]))
        empty = next((key for chosen in combinations for key, value in chosen.items() if not _clean(value.name)), None)
        if empty is not None:
            message = f"the matrix of {name} has a value of {empty} that names nothing: it has neither letters nor digits"
            self.findings.append(Finding(RULE, place, message, "use letters a to z or digits"))
            return True
        for kind, counted, known in (("models", made, others), ("steps", of_steps, beside)):
            twice = next((word for word, times in counted.items() if times > 1 or word in known), None)
            if twice is not None:
                other = "there is one already" if twice in known else "its combinations need names of their own"
                message = f"the matrix of {name} makes {kind} called {twice}, and {other}"
                hint = "use values that differ in letters or digits, and put every ${matrix.KEY} into names that have one"
                self.findings.append(Finding(RULE, place, message, hint))
                return True
        return False

    def _put(self, name: str, own: str, chosen: Chosen, names: Mapping[str, str]) -> None:
        """Add the unit of one combination, and its model."""
        models, units = self.conf["models"], self.units
        filling = _Filling(name, chosen, names, self.findings, units[name].get(KEY))
        unit = copied(units[name])
        if own != name:
            unit.drop(KEY)
        for listed in step_lists(unit):
            for step in listed:
                _rename(step, names)
        units.put(own, filling.filled(unit, units.place_of(name)), units.key_place_of(name), units.place_of(name))
        if isinstance(models.get(name), Map):
            model = filling.filled(models[name], models.place_of(name))
            models.put(own, model, models.key_place_of(name), models.place_of(name))


@dataclass(frozen=True, slots=True)
class _Filling:
    """Puts the values of one combination into trees, and the new names of steps into expressions."""

    unit: str
    chosen: Chosen
    names: Mapping[str, str]
    findings: list[Finding]
    matrix: Any

    def filled(self, value: Any, place: Place) -> Any:
        """A copy of a tree."""
        if isinstance(value, Map):
            mapping = Map(value.place)
            for key in value:
                mapping.take(key, value)
                if key != KEY:
                    self._entry(mapping, key, value)
            return mapping
        if isinstance(value, Seq):
            listed = Seq(value.place)
            for index, item in enumerate(value):
                whole = self._whole(item)
                filled = whole.value if whole else self.filled(item, value.place_of(index))
                listed.add(filled, value.place_of(index), whole.raw if whole else value.raw.get(index))
            return listed
        return self._text(value, place) if isinstance(value, str) and "${" in value else value

    def _entry(self, mapping: Map, key: str, source: Map) -> None:
        whole, place = self._whole(source[key]), source.place_of(key)
        if whole:
            mapping.put(key, whole.value, source.key_place_of(key), place, whole.raw)
        else:
            mapping[key] = self.filled(source[key], place)

    def _whole(self, value: Any) -> Value | None:
        match = _VALUE.fullmatch(value.strip()) if isinstance(value, str) else None
        return self.chosen.get(match[1]) if match and match[1] else None

    def _text(self, text: str, place: Place) -> str:
        def value(match: re.Match[str]) -> str:
            if match[1] is None:
                return match[0]
            if match[1] in self.chosen:
                return self.chosen[match[1]].text
            if not isinstance(self.matrix, Map) or match[1] not in self.matrix:
                message = f"the matrix of {self.unit} has no {match[1]}"
                self.findings.append(Finding(RULE, place, message, nearest(match[1], self.chosen)))
            return match[1]

        return Renaming.renamed(_VALUE.sub(value, text), self.names)


def _named(name: str, chosen: Chosen) -> str:
    """The name that a unit or a step has in a combination: with the values put in, else with them behind it."""
    filled = _filled_name(name, chosen)
    return filled if filled != name else "-".join([name, *(_clean(value.name) for value in chosen.values())])


def _filled_name(name: str, chosen: Chosen) -> str:
    return _VALUE.sub(lambda match: _clean(chosen[match[1]].name) if match[1] in chosen else match[0], name)


def _clean(text: str) -> str:
    """A value as a part of a name; a minus becomes an m, so that -1 is another one than 1."""
    return re.sub(r"[^A-Za-z0-9_]+", "-", re.sub(r"^-(?=[0-9.])", "m", text)).strip("-")


def _step_names(unit: Any) -> list[str]:
    steps = [step for listed in step_lists(unit) for step in listed if isinstance(step, Map)] if isinstance(unit, Map) else []
    return [step["step_name"] for step in steps if isinstance(step.get("step_name"), str)]


def _rename(step: Any, names: Mapping[str, str]) -> None:
    """Give a step its new name, and those that it names."""
    if isinstance(step, Map):
        if isinstance(step.get("step_name"), str):
            step["step_name"] = names.get(step["step_name"], step["step_name"])
        Renaming.named(step, {name: [new] for name, new in names.items()})
