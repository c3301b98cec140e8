"""From the joined tree to the immutable `Config`: brought into shape, checked section by section, and given types."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Set
from dataclasses import replace
from pathlib import Path
from typing import Any

from framework.config import model as m
from framework.config.defaults import Defaults
from framework.config.dialect import MODEL_KEYS
from framework.config.expressions import Output
from framework.config.images import Images, Lock, read_lock, stale
from framework.config.local import local_runs
from framework.config.merge import copied, overlay
from framework.config.parameters import read_parameters
from framework.config.schema import Shaper, check, definition
from framework.config.steps import Steps, constants, own_keys, read_steps
from framework.config.values import Map, Seq, dotted, entries
from framework.findings import WARNING, Finding, Place, has_errors, nearest

KINDS = {
    "preprocess": "processing",
    "train": "train",
    "transform": "transform",
    "evaluate": "evaluate",
    "registry": "registry",
    "tune": "tune",
}
"""The schema of each section with a name of its own. Any other section has that of the step class that uses it."""

_LEGACY_SECTIONS = {"metrics": "evaluate", "create": "registry"}
_DEFAULT_UNIT = frozenset(m.STEP_CLASSES[name].section for name in m.UNIT_CLASSES)
_ALIKE = {"evaluate": "processing", "create_model": "registry"}
"""Kinds of sections that can stand in for another."""

_NARROWER = {"registry": ("create_model",), "transform": ("monitor",)}
"""For sections with names of their own, kinds that only some of their users ask for."""

_EXPRESSIVE = ("experiment", "mlflow")
"""The settings of the pipeline that an expression may stand for. Those of steps and sections have rules of their own."""


def typed_config(
    tree: Map,
    root: Path,
    files: tuple[Path, ...],
    environment: Mapping[str, str],
    unresolved: Set[Place] = frozenset(),
    incomplete: bool = False,
    extended: Set[Place] = frozenset(),
) -> m.Config:
    """The configuration that a joined, substituted tree makes.

    Args:
        tree: the tree, `conf` at its root.
        unresolved: places whose variables could not be replaced; nothing more is said of them.
        incomplete: some files could not be used, so nothing is said of what may stand in them.
        extended: places of the models and sections that others extend.

    Returns:
        a configuration whose `findings` are those made here.
    """
    work = _Typing(unresolved, incomplete, environment.get("SMP_SOURCE_DIR_PATH"))
    conf = work.shaped_root(tree)
    pipeline = work.pipeline(conf)
    lock = read_lock(root)
    region = conf.get("region") if isinstance(conf.get("region"), str) else None
    defaults = {parameter.name: parameter.default for parameter in pipeline.parameters} if pipeline else {}
    work.images = Images(lock, region, defaults)
    models = work.models(conf, work.section_kinds(pipeline))
    pipeline = work.with_own_sections(pipeline, conf, models)
    if pipeline is None or not (pipeline.steps or pipeline.left_out):
        work.missing_models(tree, models)
    pipeline = pipeline or work.default_pipeline(conf, models)
    work.unused(pipeline, models, extended)
    work.say(work.defaults.unused([*KINDS, *(key for model in models.values() for key in model.sections)]))
    requests = tuple(work.images.requests.values())
    work.say([*(lock.findings if requests else ()), *stale(lock, requests)])
    security = _map(conf.get("sagemakerNetworkSecurity"))
    return m.Config(
        root=root,
        files=files,
        bucket=_text(conf.get("s3Bucket")),
        region=region,
        network=m.Network(
            role=_text(security.get("role")),
            subnets=tuple(_texts(security.get("subnets"))),
            security_groups=tuple(_texts(security.get("security_groups_id"))),
            kms_key=_text(security.get("kms_key")) or None,
        ),
        models=models,
        pipeline=pipeline,
        findings=tuple(work.findings),
        local=local_runs(conf.get("local"), root),
        images=requests,
    )


class _Typing:
    def __init__(self, unresolved: Set[Place], incomplete: bool, source_directory: str | None) -> None:
        self.unresolved = unresolved
        self.incomplete = incomplete
        self.source_directory = source_directory or None
        self.findings: list[Finding] = []
        self.said: set[tuple[str, Place, str]] = set()
        self.torn: set[tuple[str, str]] = set()
        self.shared: set[tuple[str, str]] = set()
        self.defaults = Defaults()
        self.images = Images(Lock(), None, {})

    def say(self, findings: Iterable[Finding]) -> bool:
        """Keep the findings that say something new; whether there are errors among them."""
        kept = [finding for finding in findings if finding.place not in self.unresolved]
        self.findings += kept
        return has_errors(kept)

    def say_once(self, findings: Iterable[Finding], name: str) -> bool:
        """Likewise of what is called `name`, unless the same was said of the same place under the name of another user of it."""
        kept = [finding for finding in findings if finding.place not in self.unresolved]
        for finding in kept:
            what = (finding.rule, finding.place, finding.message.replace(name, ""))
            if not finding.place.file or what not in self.said:
                self.findings.append(finding)
            self.said.add(what)
        return has_errors(kept)

    def is_unresolved(self, values: Map | Seq) -> bool:
        """Whether anything within these values could not be replaced."""
        return any(
            values.place_of(key) in self.unresolved or (isinstance(value, (Map, Seq)) and self.is_unresolved(value))
            for key, value in entries(values)
        )

    def shaped_root(self, tree: Map) -> Map:
        self._unknown_model_keys(_map(_map(tree["conf"]).get("models")))
        shaper = Shaper()
        shaped = shaper.shape(tree, definition(""), (), tree.place)
        self.say(shaper.findings)
        self.say(check(shaped, "", ()))
        conf = _map(shaped["conf"])
        self.defaults = Defaults.of(conf)
        self.say(_not_constants(conf))
        security = _map(conf.get("sagemakerNetworkSecurity"))
        given = [key for key in ("subnets", "security_groups_id") if security.get(key)]
        if len(given) == 1:
            message = "subnets and security groups must be given together: a VPC configuration needs both"
            hint = "give subnets and security_groups_id (SMP_SUBNETS and SMP_SECURITYGROUPS), or neither"
            self.say([Finding("SMP105", security.key_place_of(given[0]), message, hint)])
        return conf

    def _unknown_model_keys(self, models: Map) -> None:
        """Take out what is neither a section nor a key of a model: a section is a mapping, so this must be a misspelt key."""
        legal = [*MODEL_KEYS, *KINDS]
        for name, model in models.items():
            for key in [key for key, value in _map(model).items() if key not in legal and not isinstance(value, Map)]:
                self.say([Finding("SMP103", model.key_place_of(key), f'unknown key "{key}" in models.{name}', nearest(key, legal))])
                model.drop(key)

    def pipeline(self, conf: Map) -> m.PipelineConfig | None:
        raw = conf.get("sagemakerPipeline")
        if not isinstance(raw, Map):
            return None
        models = _map(raw.get("models"))
        known = _map(conf.get("models"))
        for name in models:
            if name not in known and not self.incomplete:
                message = f'the pipeline names a model "{name}" that no file configures'
                self.say([Finding("SMP201", models.key_place_of(name), message, nearest(name, known))])
        names = list(models) if models else [name for name in known if len(known) == 1 and not raw.get("steps")]
        if len(known) > 1 and raw.get("models") in (None, {}) and not raw.get("steps"):
            message = "conf.sagemakerPipeline needs models"
            self.say([Finding("SMP105", raw.place, message, "name the models of the pipeline, with their steps")])
        free = self._steps(raw.get("steps"), "", ("conf", "sagemakerPipeline", "steps"))
        parameters, findings = read_parameters(raw.get("parameters"))
        self.say(findings)
        return m.PipelineConfig(
            name=_text(raw.get("pipelineName")) or _default_name(names),
            units=tuple(self._unit(name, models) for name in names),
            dependencies=tuple(_dependencies(raw.get("dependencies"))),
            place=conf.key_place_of("sagemakerPipeline"),
            description=_text(raw.get("description")) or None,
            tags=tuple(dict(tag) for tag in raw.get("tags") or () if _is_tag(tag)) if isinstance(raw.get("tags"), Seq) else (),
            steps=tuple(free.whole),
            left_out=tuple(free.left_out),
            parameters=parameters,
            display_name=_text(raw.get("display_name")) or None,
            parallelism=_whole_number(raw.get("parallelism")),
            experiment=_experiment(raw.get("experiment")),
            mlflow=raw["mlflow"] if isinstance(raw.get("mlflow"), Map) else None,
            custom_job_prefixes=raw.get("custom_job_prefixes") is not False,
        )

    def _unit(self, name: str, models: Map) -> m.UnitConfig:
        place = models.key_place_of(name)
        given = models.get(name)
        steps = _map(given).get("steps")
        if steps is None and (given is None or isinstance(given, Map)):
            return m.UnitConfig(name, None, place)
        if not isinstance(steps, Seq) or not steps:
            return m.UnitConfig(name, (), place, ("",))
        read = self._steps(steps, name, ("conf", "sagemakerPipeline", "models", name, "steps"))
        return m.UnitConfig(name, tuple(read.whole), place, tuple(read.left_out))

    def _steps(self, listed: Any, model: str, path: tuple[str, ...]) -> Steps:
        return read_steps(listed, model, path, self.say) if isinstance(listed, Seq) else Steps()

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
        shared = next((name for name in (step.section, _LEGACY_SECTIONS.get(step.section, "")) if name in sections), None)
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
        for step in _with_sections(pipeline):
            first = users.setdefault((step.model, step.section), step)
            if step.section not in KINDS and not _alike(_kind(step), _kind(first)):
                message = f'{step.name} is a {step.step_class} step, but its section "{step.section}" is that of {first.name}, '
                message += f"a {first.step_class} step"
                place = step.values.place_of("step_type")
                self.say([Finding("SMP205", place, message, "give each of the two a section of its own")])
                self.torn.add((step.model, step.section))
            if not own_keys(step) and _takes_the_section(step):
                self.shared.add((step.model, step.section))
            if _kind(step) == KINDS.get(step.section):
                users[step.model, step.section] = step
        return {key: _kind(step) for key, step in users.items()}

    def models(self, conf: Map, kinds: Mapping[tuple[str, str], str]) -> dict[str, m.Model]:
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
            sections[key] = m.Section(key, section.values, section.broken or homeless or (name, key) in self.torn)
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
        if used and (model, key) not in self.shared:  # it is checked with the keys that its steps lay over it
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

    def missing_models(self, tree: Map, models: Mapping[str, m.Model]) -> None:
        """Say that there are none, unless something else that was said may be the reason."""
        if not models and not self.incomplete and not has_errors(self.findings):
            place = tree.key_place_of("conf")
            self.say([Finding("SMP105", place, "conf needs models", "configure at least one model under conf.models")])

    def default_pipeline(self, conf: Map, models: Mapping[str, m.Model]) -> m.PipelineConfig | None:
        """The pipeline of a single model that no file describes."""
        if self.incomplete:
            return None
        if len(models) == 1:
            [(name, model)] = models.items()
            return m.PipelineConfig(_default_name([name]), (m.UnitConfig(name, None, model.place),), (), model.place)
        if models and conf.get("sagemakerPipeline") is None:
            place = min(model.place for model in models.values())
            message = f"there are {len(models)} models and no file says how they make a pipeline"
            self.say([Finding("SMP108", place, message, "give one of the files a sagemakerPipeline section")])
        return None

    def unused(self, pipeline: m.PipelineConfig | None, models: Mapping[str, m.Model], extended: Set[Place]) -> None:
        """Warn of models that no unit builds, and of sections that no step uses, unless what uses them may be misspelt.

        What others extend is used. What several models have from one place is used if one of them uses it, and named once.
        """
        units = {unit.model: unit for unit in pipeline.units} if pipeline else {}
        free = {step.model for step in pipeline.steps} if pipeline else set()
        all_known = bool(units) and units.keys() <= models.keys() and not self.incomplete
        used, idle = set(extended), list[Finding]()
        for name, model in models.items():
            unit = units.get(name)
            if unit is None and name not in free:
                if all_known and model.place not in extended:
                    hint = "name it under sagemakerPipeline.models, or remove it"
                    self.say([Finding("SMP117", model.place, f'the model "{name}" is not part of the pipeline', hint, WARNING)])
                continue
            names = set(_used_sections(model, (step for step in pipeline.steps if step.model == name) if pipeline else ()))
            names.update(_DEFAULT_UNIT if unit and unit.steps is None else _used_sections(model, (unit and unit.steps) or ()))
            used.update(section.values.place for key, section in model.sections.items() if key in names)
            if unit is not None and pipeline is not None and not unit.left_out and not pipeline.left_out:
                idle += [_unused_section(model, section) for key, section in model.sections.items() if key not in names]
        first = {finding.place: finding for finding in reversed(idle)}
        self.say(finding for place, finding in first.items() if place not in used)


def _used_sections(model: m.Model, steps: Iterable[m.StepConfig]) -> Iterator[str]:
    for step in steps:
        if step.step_class == m.TUNING:
            section = section_of(model, step)
            name = str(section.values.get("train") if section else "train")
            yield from [name] if name in model.sections else model.sections  # any of them may be meant
        yield _LEGACY_SECTIONS.get(step.section, step.section)
        yield step.section
        if step.step_class in {m.CREATE_MODEL, m.REGISTER_MODEL}:
            yield from ("registry", "transform")


def _unused_section(model: m.Model, section: m.Section) -> Finding:
    message = f'no step of the model "{model.name}" uses its section "{section.name}"'
    meant = nearest(section.name, KINDS)
    hint = "name it as the step_type of a step, or remove it"
    if section.name in KINDS:
        hint = "add a step that does, or remove it"
    elif meant in KINDS and meant not in model.sections:
        hint = f"call it {meant}, name it as the step_type of a step, or remove it"
    return Finding("SMP116", section.values.place, message, hint, WARNING)


def section_of(model: m.Model, step: m.StepConfig) -> m.Section | None:
    """The section that parametrises a step; older names of sections are understood."""
    return step.given or model.sections.get(step.section) or model.sections.get(_LEGACY_SECTIONS.get(step.section, ""))


def _alike(kind: str, other: str) -> bool:
    return _ALIKE.get(kind, kind) == _ALIKE.get(other, other)


def _default_name(models: list[str]) -> str:
    """A legal name for the pipeline that none was given to."""
    name = re.sub(r"[^a-zA-Z0-9]+", "-", next(iter(models), "model")).strip("-")
    return f"{name or 'model'}-pipeline"


def _dependencies(raw: Any) -> Iterator[tuple[str, Place]]:
    for index, text in enumerate(raw if isinstance(raw, Seq) else ()):
        if isinstance(text, str):
            yield text, raw.place_of(index)


def _is_tag(value: Any) -> bool:
    return isinstance(value, Map) and isinstance(value.get("Key"), str) and isinstance(value.get("Value"), str)


def _with_sections(pipeline: m.PipelineConfig | None) -> Iterator[m.StepConfig]:
    """The steps that sections of a model parametrise."""
    for steps in (*(unit.steps or () for unit in pipeline.units), pipeline.steps) if pipeline else ():
        yield from (step for step in steps if step.section)


def _takes_the_section(step: m.StepConfig) -> bool:
    """Whether a step without keys of its own is parametrised by its section as that stands there."""
    return bool(step.section) and step.step_class != m.MONITOR and not m.STEP_CLASSES[step.step_class].branches


def _kind(step: m.StepConfig) -> str:
    return m.STEP_CLASSES[step.step_class].kind


def _not_constants(conf: Map) -> Iterator[Finding]:
    """Findings for expressions in what must be known when compiling; sections and steps are looked at elsewhere."""
    for key, value in conf.items():
        if key == "sagemakerPipeline" and isinstance(value, Map):
            settings = Map(value.place)
            for name in value:
                if name not in {*_EXPRESSIVE, "models", "steps", "defaults"}:
                    settings.take(name, value)
            yield from constants(settings, ("conf", key), value.place)
        elif key == "models":
            for name, model in _map(value).items():
                for entry in ("source_directory", "name") if isinstance(model, Map) else ():
                    yield from constants(model.get(entry), ("conf", key, name, entry), model.place_of(entry))
        elif key != "defaults":
            yield from constants(value, ("conf", key), conf.place_of(key))


def _whole_number(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _experiment(given: Any) -> tuple[Any, Any] | None:
    """Name and trial, each None where nothing is said; None where there is to be no experiment."""
    if given is False:
        return None
    return (_map(given).get("name"), _map(given).get("trial"))


def _map(value: Any) -> Map:
    return value if isinstance(value, Map) else Map()


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _texts(value: Any) -> list[str]:
    return [item for item in value if isinstance(item, str)] if isinstance(value, list) else []
