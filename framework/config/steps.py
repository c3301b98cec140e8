"""The steps that `sagemakerPipeline` lists, in its units and outside them, given types.

In: the elements of `steps` as they were written. Out: `StepConfig`s, those written inside a condition or a loop behind the step
that holds them; what parametrises each is put to it later, when the models are known.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from framework.config import model as m
from framework.config.schema import Shaper, check, definition
from framework.config.schema_wording import constants
from framework.config.values import Map, Seq
from framework.config.values import Path as ValuePath
from framework.findings import Finding, Place

Say = Callable[[Iterable[Finding]], bool]

_CLASSES = {name.lower(): name for name in m.STEP_CLASSES}
EXPRESSIVE = ("role", "display_name", "description")
"""The keys of a step itself that an expression may stand for."""


@dataclass(slots=True)
class Steps:
    """The steps of one list. `left_out`: names of those too broken to be looked at; "" for one whose name is not known."""

    whole: list[m.StepConfig] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)


def read_steps(listed: Seq, model: str, path: ValuePath, say: Say) -> Steps:
    """The steps of a list that stands at `path`; `model` is the one they belong to, "" where each names its own, or none."""
    found = Steps()
    for index, raw in enumerate(listed):
        if isinstance(raw, Map):
            _read(raw, model, (*path, index), listed.place_of(index), say, found)
        else:  # which was said
            found.left_out.append("")
    return found


def own_keys(step: m.StepConfig) -> Map:
    """The keys of the section that stand on the step itself, as they were written; of the steps inside it, the names."""
    own, about = Map(step.place), m.STEP_CLASSES[step.step_class]
    branches, mine, known = about.branches, definition("step")["properties"], definition(f"step:{about.kind}")["properties"]
    for key in step.values:
        if key in branches:
            names = Seq(step.values.place_of(key))
            for name in step.branches[branches[key]]:
                names.add(name, step.values.place_of(key))
            own.put(key, names, step.values.key_place_of(key), names.place)
        elif key not in mine and key in known:
            own.take(key, step.values)
    return own


def _read(raw: Map, model: str, path: ValuePath, place: Place, say: Say, found: Steps) -> None:
    """Add a step, and the steps that are written inside it."""
    step_class = raw.get("step_class")
    known = _CLASSES.get(step_class.lower()) if isinstance(step_class, str) else None
    schema = f"step:{m.STEP_CLASSES[known].kind}" if known else "step"
    shaper = Shaper()
    values = shaper.shape(raw, definition(schema), path, place)
    say([*shaper.findings, *check(values, schema, path), *_not_constants(values, path)])
    name = values.get("step_name")
    if known is None or not isinstance(name, str):
        found.left_out.append(name if isinstance(name, str) else "")
        return
    about = m.STEP_CLASSES[known]
    section = values.get("step_type")
    owner = values.get("model")
    position = len(found.whole)
    belongs = model or (owner if isinstance(owner, str) else "")
    branches = {}
    for key, member in about.branches.items():
        branches[member] = tuple(_branch(values.get(key), belongs, (*path, key), say, found))
    step = m.StepConfig(
        name=name,
        step_class=known,
        section=section if isinstance(section, str) else about.section if belongs else "",
        enable_cache=values.get("enable_cache") is True,
        chain=tuple(item for item in _listed(values.get("chain_input_source_step")) if isinstance(item, str)),
        prefix=str(values.get("chain_input_additional_prefix") or "").strip("/"),
        values=values,
        model=belongs,
        place=values.key_place_of("step_name"),
        branches=branches,
    )
    found.whole.insert(position, step)


def _branch(listed: Any, model: str, path: ValuePath, say: Say, found: Steps) -> Iterator[str]:
    """The names of the steps in a branch; those that are written in it are added to `found`."""
    for index, item in enumerate(_listed(listed)):
        if isinstance(item, str):
            yield item
        elif isinstance(item, Map):
            _read(item, model, (*path, index), _listed(listed).place_of(index), say, found)
            if isinstance(item.get("step_name"), str):
                yield item["step_name"]


def _listed(value: Any) -> Seq:
    return value if isinstance(value, Seq) else Seq()


def _not_constants(values: Map, path: ValuePath) -> Iterator[Finding]:
    """Findings for expressions in the keys of the step itself: they say what the definition is made of."""
    for key in definition("step")["properties"]:
        if key not in EXPRESSIVE and key in values:
            yield from constants(values[key], (*path, key), values.place_of(key))
