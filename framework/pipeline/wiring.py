"""Who waits for whom, and where each step stands: the built steps and the configuration in, the graph and the lists out."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from framework.config.expressions import Item, Join, written
from framework.config.model import PipelineConfig, StepConfig
from framework.config.values import Map, Seq
from framework.findings import Finding, nearest
from framework.pipeline.dependencies import DependencyError, parse_dependency
from framework.pipeline.graph import COMPLETED, DATA, EXPLICIT, Edge, Graph
from framework.pipeline.nesting import TOP, Slot, common_slot
from framework.pipeline.units import Report, Units
from framework.steps import custom
from framework.steps.base import Step, references


def all_slots(units: Units) -> dict[str, Slot]:
    """For each step inside another, the list it stands in; one that repacks a model stands where all who use it can see it."""
    users: dict[str, list[str]] = {}
    for spec in units.specs.values():
        if spec.repack is not None:
            users.setdefault(spec.repack, []).append(spec.name)
    repacks = {name: common_slot(names, units.slots) for name, names in users.items()}
    return {**units.slots, **{name: slot for name, slot in repacks.items() if slot != TOP}}


def wired(steps: Mapping[str, Step], pipeline: PipelineConfig, units: Units, report: Report) -> Graph:
    """The steps, and why one waits for another: `dependencies`, `depends_on`, and data that flows between them."""
    names = list(dict.fromkeys([*steps, *units.specs]))
    known = set(names)
    graph = Graph(names)
    for text, place in pipeline.dependencies:
        try:
            pairs = parse_dependency(text)
        except DependencyError as error:
            report(
                Finding("SMP204", place, f'the dependency "{text}" cannot be read: {error}', "write a >> b, b << a or [a, b] >> c")
            )
            continue
        pairs = [(units.last(before), units.first(after)) for before, after in pairs]
        for name in dict.fromkeys(name for pair in pairs for name in pair if name not in known and not pipeline.names(name)):
            report(Finding("SMP201", place, f'the dependencies name "{name}", which is no step', nearest(name, known)))
        graph.add(Edge(*pair, EXPLICIT, place) for pair in pairs if known.issuperset(pair))
    default = pipeline.place
    graph.add(Edge(*pair, EXPLICIT, default) for pair in units.default_edges if known.issuperset(pair))
    for spec in units.specs.values():
        graph.add(edge for edge in _waits(spec.config, known, units, pipeline, report))
    for step in steps.values():
        graph.add(_data_edges(step, known, pipeline, report))
        graph.add(_own_waits(step, known, pipeline, report))
    return graph


def _data_edges(step: Step, known: Collection[str], pipeline: PipelineConfig, report: Report) -> Iterator[Edge]:
    """The edges from the steps whose values a step looks at."""
    place = step.spec.config.values.place_of("chain_input_source_step")
    place = place if place.file else step.spec.config.place
    targets = dict.fromkeys(reference.step for reference in references([step.arguments, dict(step.members), *_texts(step)]))
    for target in targets:
        if target in known:
            yield Edge(target, step.name, DATA, place)
        elif not pipeline.names(target) and target not in custom.inner_names(step.arguments):
            message = f'{step.name} refers to "{target}", which is no step'
            report(Finding("SMP201", step.spec.place_of("arguments"), message, nearest(target, known)))


def _own_waits(step: Step, known: Collection[str], pipeline: PipelineConfig, report: Report) -> Iterator[Edge]:
    """The edges from the steps that a step waits for by what it is."""
    for wait in step.waits:
        place = wait.place or step.spec.config.place
        if wait.step in known:
            yield Edge(wait.step, step.name, EXPLICIT, place, wait.trigger)
        elif not pipeline.names(wait.step):
            report(Finding("SMP201", place, f'{step.name} waits for "{wait.step}", which is no step', nearest(wait.step, known)))


def _waits(step: StepConfig, known: Collection[str], units: Units, pipeline: PipelineConfig, report: Report) -> Iterator[Edge]:
    """The edges that a step's `depends_on` makes."""
    given = step.values.get("depends_on")
    listed = given if isinstance(given, Seq) else Seq()
    for index, item in enumerate(listed):
        place = listed.place_of(index)
        name, trigger = (item.get("step"), item.get("trigger", COMPLETED)) if isinstance(item, Map) else (item, COMPLETED)
        if isinstance(name, str) and units.last(name) in known:
            yield Edge(units.last(name), step.name, EXPLICIT, place, trigger)
        elif isinstance(name, str) and not pipeline.names(name):
            report(Finding("SMP201", place, f'{step.name} depends on "{name}", which is no step', nearest(name, known)))


def stray_items(steps: Mapping[str, Step], items: Collection[str]) -> Iterator[Finding]:
    """Findings for the items of a loop in steps that run in none; what several steps share cannot be looked at by itself."""
    for step in steps.values():
        found = () if step.name in items else _items((), {**step.members, **step.arguments})
        for path, item in found:
            message = f"{written(item)} names nothing: {step.name} runs in no loop"
            yield Finding("SMP308", step.origin(path), message, "put the step under the steps of a ForEach step")


def _items(path: tuple[str | int, ...], value: Any) -> Iterator[tuple[tuple[str | int, ...], Item]]:
    """Every item of a loop within a value, and where it stands."""
    if isinstance(value, Item):
        yield path, value
    elif isinstance(value, Join):
        for part in value.values:
            yield from _items(path, part)
    elif isinstance(value, (dict, list, tuple)):
        for key, inner in value.items() if isinstance(value, dict) else enumerate(value):
            yield from _items((*path, key), inner)


def _texts(step: Step) -> Iterator[Any]:
    """The step's texts for people, which may hold expressions too."""
    for key in ("display_name", "description"):
        if key in step.given:
            yield step.given[key]
