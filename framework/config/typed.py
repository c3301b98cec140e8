"""From the joined tree to the immutable `Config`: brought into shape, checked section by section, and given types."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Set
from pathlib import Path
from typing import Any

from framework.config import model as m
from framework.config.checks import checks_of, read_policy
from framework.config.defaults import Defaults
from framework.config.dialect import MODEL_KEYS
from framework.config.images import Images, Lock, read_lock, stale
from framework.config.local import local_runs
from framework.config.parameters import read_parameters
from framework.config.schema import Shaper, check, definition
from framework.config.schema_wording import constants
from framework.config.sections import KINDS, LEGACY_SECTIONS, Sections, section_of
from framework.config.steps import Steps, read_steps
from framework.config.triggers import read_notifications, read_triggers
from framework.config.values import Map, Seq
from framework.findings import WARNING, Finding, Place, has_errors, nearest

_DEFAULT_UNIT = frozenset(m.STEP_CLASSES[name].section for name in m.UNIT_CLASSES)
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
    sections = Sections(unresolved, environment.get("SMP_SOURCE_DIR_PATH"))
    work = _Typing(sections, incomplete)
    conf = work.shaped_root(tree)
    pipeline = work.pipeline(conf)
    models, lock = work.looked_up(conf, pipeline, root)
    pipeline = sections.with_own_sections(pipeline, conf, models)
    if pipeline is None or not (pipeline.steps or pipeline.left_out):
        work.missing_models(tree, models)
    pipeline = pipeline or work.default_pipeline(conf, models)
    work.unused(pipeline, models, extended)
    requests = tuple(sections.images.requests.values())
    work.say([*(lock.findings if requests else ()), *stale(lock, requests)])
    policy = read_policy(conf.get("checks"), root)
    work.say(policy.findings)
    security = _map(conf.get("sagemakerNetworkSecurity"))
    return m.Config(
        root=root,
        files=(*files, policy.path) if policy.path.is_file() else files,
        bucket=_text(conf.get("s3Bucket")),
        region=sections.images.region,
        network=m.Network(
            role=_text(security.get("role")),
            subnets=tuple(_texts(security.get("subnets"))),
            security_groups=tuple(_texts(security.get("security_groups_id"))),
            kms_key=_text(security.get("kms_key")) or None,
            trigger_role=_text(security.get("trigger_role")),
        ),
        models=models,
        pipeline=pipeline,
        findings=tuple(sections.findings),
        local=local_runs(conf.get("local"), root),
        images=requests,
        checks=checks_of(conf.get("checks"), policy.clauses),
        ignores=policy.ignores,
        values=conf,
    )


class _Typing:
    """Gives types to the root and to the pipeline; what is said goes to the sections' findings."""

    def __init__(self, sections: Sections, incomplete: bool) -> None:
        self.sections = sections
        self.incomplete = incomplete
        self.say = sections.say

    def shaped_root(self, tree: Map) -> Map:
        self._unknown_model_keys(_map(_map(tree["conf"]).get("models")))
        shaper = Shaper()
        shaped = shaper.shape(tree, definition(""), (), tree.place)
        self.say(shaper.findings)
        self.say(check(shaped, "", ()))
        conf = _map(shaped["conf"])
        self.sections.defaults = Defaults.of(conf)
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
            triggers=read_triggers(raw.get("triggers"), self.say),
            notifications=read_notifications(raw.get("notifications"), self.say),
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

    def looked_up(self, conf: Map, pipeline: m.PipelineConfig | None, root: Path) -> tuple[dict[str, m.Model], Lock]:
        """The models, their images looked up in the lock of the project, and the lock."""
        lock = read_lock(root)
        region = conf.get("region") if isinstance(conf.get("region"), str) else None
        defaults = {parameter.name: parameter.default for parameter in pipeline.parameters} if pipeline else {}
        self.sections.images = Images(lock, region, defaults)
        return self.sections.models(conf, self.sections.section_kinds(pipeline)), lock

    def missing_models(self, tree: Map, models: Mapping[str, m.Model]) -> None:
        """Say that there are none, unless something else that was said may be the reason."""
        if not models and not self.incomplete and not has_errors(self.sections.findings):
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
        self.say(self.sections.defaults.unused([*KINDS, *(key for model in models.values() for key in model.sections)]))


def _used_sections(model: m.Model, steps: Iterable[m.StepConfig]) -> Iterator[str]:
    for step in steps:
        if step.step_class == m.TUNING:
            section = section_of(model, step)
            name = str(section.values.get("train") if section else "train")
            yield from [name] if name in model.sections else model.sections  # any of them may be meant
        yield LEGACY_SECTIONS.get(step.section, step.section)
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


def _not_constants(conf: Map) -> Iterator[Finding]:
    """Findings for expressions in what must be known when compiling; sections and steps are looked at elsewhere."""
    for key, value in conf.items():
        if key == "sagemakerPipeline" and isinstance(value, Map):
            settings = Map(value.place)
            for name in value:
                if name not in {*_EXPRESSIVE, "models", "steps", "defaults", "triggers", "notifications"}:
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
