"""The sections of models, and what parametrises each step: brought into the shape of their kind, over defaults, and checked.

In: `conf` in shape, and the steps of the pipeline as `StepConfig`s. Out: `Section`s; what is wrong with them is in `findings`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Set
from dataclasses import replace
from typing import Any

from framework.config import model as m
from framework.config.defaults import Defaults
from framework.config.dialect import MODEL_KEYS
from framework.config.expressions import Output
from framework.config.images import Images, Lock
from framework.config.merge import copied, overlay
from framework.config.schema import Shaper, check, definition
from framework.config.steps import own_keys
from framework.config.values import Map, Seq, dotted, entries
from framework.findings import Finding, Place, has_errors, nearest

KINDS = {
    "preprocess": "processing",
    "train": "train",
    "transform": "transform",
    "evaluate": "evaluate",
    "registry": "registry",
    "tune": "tune",
}
"""The schema of each section with a name of its own. Any other section has that of the step class that uses it."""

LEGACY_SECTIONS = {"metrics": "evaluate", "create": "registry"}
"""Older names of sections, and the ones they stand for."""

_ALIKE = {"evaluate": "processing", "create_model": "registry"}
"""Kinds of sections that can stand in for another."""

_NARROWER = {"registry": ("create_model",), "transform": ("monitor",)}
"""For sections with names of their own, kinds that only some of their users ask for."""


class Sections:
    """Shapes and checks sections.

    Args:
        unresolved: places whose variables could not be replaced; nothing more is said of them.
        source_directory: where the scripts of a model lie that does not say it.

    Attributes:
        findings: all that was said so far.
        defaults, images: what lies below sections, and what their images are called; set once they are known.
    """

    def __init__(self, unresolved: Set[Place], source_directory: str | None) -> None:
        self.unresolved = unresolved
        self.source_directory = source_directory or None
        self.findings: list[Finding] = []
        self.defaults = Defaults()
        self.images = Images(Lock(), None, {})
        self._said: set[tuple[str, Place, str]] = set()
        self._torn: set[tuple[str, str]] = set()
        self._shared: set[tuple[str, str]] = set()

    def say(self, findings: Iterable[Finding]) -> bool:
        """Keep the findings that say something new; whether there are errors among them."""
        kept = [finding for finding in findings if finding.place not in self.unresolved]
        self.findings += kept
        return has_errors(kept)

    def say_once(self, findings: Iterable[Finding], name: str) -> bool:
        """Likewise of what is called `name`, unless the same was said of the same place under the name of another user of it."""
        kept = [finding for finding in findings if finding.place not in self.unresolved]
        for finding in kept:
            what = (finding.rule, finding.place, re.sub(rf"(?<![\w.-]){re.escape(name)}(?![\w-])", "", finding.message))
            if not finding.place.file or what not in self._said:
                self.findings.append(finding)
            self._said.add(what)
        return has_errors(kept)

    def is_unresolved(self, values: Map | Seq) -> bool:
        """Whether anything within these values could not be replaced."""
        return any(
            values.place_of(key) in self.unresolved or (isinstance(value, (Map, Seq)) and self.is_unresolved(value))
            for key, value in entries(values)
        )

    def with_own_sections(
        self, pipeline: m.PipelineConfig | None, conf: Map, models: Mapping[str, m.Model]
    ) -> m.PipelineConfig | None:
        """The pipeline with what parametrises the steps on which keys of the section stand, or whose class has no section."""
        if pipeline is None:
            return None
        raw = _map(conf.get("models"))

        def given(steps: tuple[m.StepConfig, ...]) -> tuple[m.StepConfig, ...]:
            return tuple(replace(step, given=self._given(step, raw, models)) for step in steps)

        units = tuple(replace(unit, steps=None if unit.steps is None else given(unit.steps)) for unit in pipeline.units)
        return replace(pipeline, units=units, steps=given(pipeline.steps))

    def _given(self, step: m.StepConfig, raw: Map, models: Mapping[str, m.Model]) -> m.Section | None:
        own, model = own_keys(step), models.get(step.model)
        if not own and _takes_the_section(step):
            return None
        sections = _map(raw.get(step.model))
        shared = next((name for name in (step.section, LEGACY_SECTIONS.get(step.section, "")) if name in sections), None)
        if shared is not None and not isinstance(sections[shared], Map):  # which was said
            return m.Section(step.section, own, broken=True)
        merged = overlay(sections[shared], own) if shared is not None else own
        merged.place = sections.key_place_of(shared) if shared is not None else step.place
        section = self._shaped(step.section, m.STEP_CLASSES[step.step_class].kind, merged, (step.name,), step.model)
        if step.step_class == m.MONITOR:
            section = self._with_monitor(section, step)
        section = self._without_branches(section, step, own)
        homeless = model is not None and self._homeless(sections)
        return replace(section, broken=section.broken or homeless)

    def _without_branches(self, section: m.Section, step: m.StepConfig, own: Map) -> m.Section:
        """The section, broken where lists of steps came from elsewhere than the step: nobody would read them."""
        strays = [key for key in m.STEP_CLASSES[step.step_class].branches if key in section.values and key not in own]
        for key in strays:
            message = f"{key} holds steps, which stand on the step itself"
            self.say([Finding("SMP104", section.values.key_place_of(key), message, "move it to the step")])
        return replace(section, broken=section.broken or bool(strays))

    def _with_monitor(self, section: m.Section, step: m.StepConfig) -> m.Section:
        """The section of a monitored transform with its check in shape; what is checked is what comes out, unless it says."""
        monitor = section.values.get("monitor")
        if not isinstance(monitor, Map):
            return section
        given, check_class = Map(monitor.place), monitor.get("step_class")
        for key in monitor:
            if key != "step_class":
                given.take(key, monitor)
        if check_class not in (m.QUALITY_CHECK, m.CLARIFY_CHECK):
            message = f"{step.name}.monitor needs a step_class, QualityCheck or ClarifyCheck"
            hint = nearest(check_class, (m.QUALITY_CHECK, m.CLARIFY_CHECK))
            self.say([Finding("SMP104", monitor.place_of("step_class"), message, hint)])
            return replace(section, broken=True)
        if "dataset" not in given and section.values.get("monitor_before_transform") is not True:
            given.put("dataset", Output(step.name, "data"), monitor.place, monitor.place)
        shaped = self._shaped("monitor", m.STEP_CLASSES[check_class].kind, given, (step.name, "monitor"), step.model)
        shaped.values.put("step_class", check_class, monitor.place, monitor.place)
        section.values.put("monitor", shaped.values, section.values.key_place_of("monitor"), monitor.place)
        return replace(section, broken=section.broken or shaped.broken)

    def section_kinds(self, pipeline: m.PipelineConfig | None) -> dict[tuple[str, str], str]:
        """For each model and section name, the kind that the first step which uses it asks for."""
        users: dict[tuple[str, str], m.StepConfig] = {}
        default_units = [unit.model for unit in pipeline.units if unit.steps is None] if pipeline else []
        self._shared.update((model, section) for model in default_units for section in KINDS)
        for step in _with_sections(pipeline):
            first = users.setdefault((step.model, step.section), step)
            if step.section not in KINDS and not _alike(_kind(step), _kind(first)):
                message = f'{step.name} is a {step.step_class} step, but its section "{step.section}" is that of {first.name}, '
                message += f"a {first.step_class} step"
                place = step.values.place_of("step_type")
                self.say([Finding("SMP205", place, message, "give each of the two a section of its own")])
                self._torn.add((step.model, step.section))
            if not own_keys(step) and _takes_the_section(step):
                self._shared.add((step.model, step.section))
            if _kind(step) == KINDS.get(step.section):
                users[step.model, step.section] = step
        return {key: _kind(step) for key, step in users.items()}

    def models(self, conf: Map, kinds: Mapping[tuple[str, str], str]) -> dict[str, m.Model]:
        """Every model with its sections, by name; `kinds` are those of `section_kinds`."""
        raw = _map(conf.get("models"))
        return {name: self._model(name, raw[name], raw.key_place_of(name), kinds) for name in raw if isinstance(raw[name], Map)}

    def _model(self, name: str, raw: Map, place: Place, kinds: Mapping[tuple[str, str], str]) -> m.Model:
        source = raw.get("source_directory")
        source_place = raw.place_of("source_directory") if source else place
        homeless = self._homeless(raw)
        sections = {}
        for key in (key for key in raw if key not in MODEL_KEYS):
            kind = kinds.get((name, key))
            kind = kind if kind in _NARROWER.get(key, ()) else KINDS.get(key) or kind
            section = self._section(name, key, kind, raw, (name, key) in kinds)
            sections[key] = m.Section(key, section.values, section.broken or homeless or (name, key) in self._torn)
        return m.Model(name, sections, place, source if isinstance(source, str) else self.source_directory, source_place)

    def _homeless(self, model: Map) -> bool:
        """Whether nobody can tell where a model's scripts lie, which has been said."""
        source = model.get("source_directory")
        return bool(source) and (model.place_of("source_directory") in self.unresolved or not isinstance(source, str))

    def _section(self, model: str, key: str, kind: str | None, raw: Map, used: bool) -> m.Section:
        place = raw.key_place_of(key)
        if not isinstance(raw[key], Map):  # which was said
            return m.Section(key, Map(place), broken=True)
        values: Map = raw[key]
        values.place = place
        if kind is None:  # no step uses it, so nobody can tell what it should look like
            return m.Section(key, Shaper().shape(values, {}, ("models", model, key), place), broken=True)
        if used and (model, key) not in self._shared:  # it is checked with the keys that its steps lay over it
            whole = copied(self.defaults.below(values, model, key, kind))
            self.images.pin(whole, kind, ())
            return m.Section(key, Shaper().shape(whole, definition(kind), ("models", model, key), place))
        return self._shaped(key, kind, values, ("models", model, key), model)

    def _shaped(self, name: str, kind: str, raw: Map, path: tuple[str | int, ...], model: str) -> m.Section:
        """A section in the shape of its kind, over the defaults that there are for it, checked."""
        shaper = Shaper()
        raw = copied(self.defaults.below(raw, model, name, kind))  # steps lay keys over the section as it is written
        unpinned = self.images.pin(raw, kind, path)
        values = shaper.shape(raw, definition(kind), path, raw.place)
        broken = self.say_once([*unpinned, *shaper.findings, *check(values, kind, path)], dotted(path))
        return m.Section(name, values, broken or self.is_unresolved(values))


def section_of(model: m.Model, step: m.StepConfig) -> m.Section | None:
    """The section that parametrises a step; older names of sections are understood."""
    return step.given or model.sections.get(step.section) or model.sections.get(LEGACY_SECTIONS.get(step.section, ""))


def _alike(kind: str, other: str) -> bool:
    return _ALIKE.get(kind, kind) == _ALIKE.get(other, other)


def _with_sections(pipeline: m.PipelineConfig | None) -> Iterator[m.StepConfig]:
    """The steps that sections of a model parametrise."""
    for steps in (*(unit.steps or () for unit in pipeline.units), pipeline.steps) if pipeline else ():
        yield from (step for step in steps if step.section)


def _takes_the_section(step: m.StepConfig) -> bool:
    """Whether a step without keys of its own is parametrised by its section as that stands there."""
    return bool(step.section) and step.step_class != m.MONITOR and not m.STEP_CLASSES[step.step_class].branches


def _kind(step: m.StepConfig) -> str:
    return m.STEP_CLASSES[step.step_class].kind


def _map(value: Any) -> Map:
    return value if isinstance(value, Map) else Map()
