"""From the joined tree to the immutable `Config`: brought into shape, checked section by section, and given types."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Set
from pathlib import Path
from typing import Any

from framework.config import model as m
from framework.config.schema import Shaper, check, definition
from framework.config.values import Map, Seq
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

CLASS_KINDS = {
    m.PROCESSING: "processing",
    m.TRAINING: "train",
    m.CREATE_MODEL: "registry",
    m.TRANSFORM: "transform",
    m.METRICS: "evaluate",
    m.REGISTER_MODEL: "registry",
}

_MODEL_KEYS = frozenset({"source_directory", "name"})
_LEGACY_SECTIONS = {"metrics": "evaluate", "create": "registry"}


def typed_config(tree: Map, root: Path, files: tuple[Path, ...], environment: Mapping[str, str], excused: Set[Place]) -> m.Config:
    """The configuration that a joined, substituted tree makes.

    Args:
        tree: the tree, `conf` at its root.
        excused: places whose value could not be substituted; nothing more is said of them.

    Returns:
        a configuration whose `findings` are those made here.
    """
    work = _Typing(excused, environment.get("SMP_SOURCE_DIR_PATH"))
    conf = work.shaped_root(tree)
    pipeline = work.pipeline(conf)
    models = work.models(conf, _section_kinds(pipeline))
    pipeline = pipeline or work.default_pipeline(conf, models)
    work.unused(pipeline, models)
    security = _map(conf.get("sagemakerNetworkSecurity"))
    local = _map(_map(conf.get("local")).get("data"))
    region = conf.get("region") or environment.get("SMP_REGION") or None
    return m.Config(
        root=root,
        files=files,
        bucket=_text(conf.get("s3Bucket")),
        region=region if isinstance(region, str) else None,
        network=m.Network(
            role=_text(security.get("role")),
            subnets=tuple(_texts(security.get("subnets"))),
            security_groups=tuple(_texts(security.get("security_groups_id"))),
            kms_key=security.get("kms_key"),
        ),
        models=models,
        pipeline=pipeline,
        findings=tuple(work.findings),
        local_data=tuple(sorted((prefix, str(root / _text(folder))) for prefix, folder in local.items())),
    )


class _Typing:
    def __init__(self, excused: Set[Place], source_directory: str | None) -> None:
        self.excused = excused
        self.source_directory = source_directory or None
        self.findings: list[Finding] = []

    def say(self, findings: Iterable[Finding]) -> bool:
        """Keep the findings that are not excused; whether there are errors among them."""
        kept = [finding for finding in findings if finding.place not in self.excused]
        self.findings += kept
        return has_errors(kept)

    def shaped_root(self, tree: Map) -> Map:
        shaper = Shaper()
        shaped = shaper.shape(tree, definition(""), (), tree.place)
        self.say(shaper.findings)
        self.say(check(shaped, "", ()))
        security = _map(shaped["conf"].get("sagemakerNetworkSecurity"))
        if bool(security.get("subnets")) != bool(security.get("security_groups_id")):
            message = "subnets and security groups must be given together: a VPC configuration needs both"
            self.say([Finding("SMP105", security.place, message, "set SMP_SUBNETS and SMP_SECURITYGROUPS, or neither")])
        return _map(shaped["conf"])

    def pipeline(self, conf: Map) -> m.PipelineConfig | None:
        raw = conf.get("sagemakerPipeline")
        if not isinstance(raw, Map):
            return None
        models = _map(raw.get("models"))
        known = _map(conf.get("models"))
        for name in models:
            if name not in known:
                message = f'the pipeline names a model "{name}" that no file configures'
                self.say([Finding("SMP201", models.key_place_of(name), message, nearest(name, known))])
        names = list(models) if models else [name for name in known if len(known) == 1]
        if not names:
            self.say(
                [
                    Finding(
                        "SMP105",
                        raw.place,
                        "conf.sagemakerPipeline needs models",
                        "name the models of the pipeline, with their steps",
                    )
                ]
            )
        place = conf.key_place_of("sagemakerPipeline")
        dependencies = raw.get("dependencies")
        places = dependencies.places if isinstance(dependencies, Seq) else []
        return m.PipelineConfig(
            name=_text(raw.get("pipelineName")) or _default_name(names, known),
            units=tuple(self._unit(name, models) for name in names if name in known),
            dependencies=tuple(zip(_texts(dependencies), places, strict=False)),
            place=place,
            description=raw.get("description"),
            tags=tuple(dict(tag) for tag in raw.get("tags", ()) if isinstance(tag, Map)),
        )

    def _unit(self, name: str, models: Map) -> m.UnitConfig:
        place = models.key_place_of(name)
        steps = _map(models.get(name)).get("steps")
        if not isinstance(steps, Seq):
            return m.UnitConfig(name, None, place)
        return m.UnitConfig(
            name, tuple(self._step(name, steps, index) for index in range(len(steps)) if _is_step(steps[index])), place
        )

    def _step(self, model: str, steps: Seq, index: int) -> m.StepConfig:
        values: Map = steps[index]
        step_class = values["step_class"]
        section = values.get("step_type")
        return m.StepConfig(
            name=values["step_name"],
            step_class=step_class,
            section=section if isinstance(section, str) else m.DEFAULT_SECTIONS[step_class],
            enable_cache=values.get("enable_cache") is True,
            chain=tuple(_texts(values.get("chain_input_source_step"))),
            prefix=_text(values.get("chain_input_additional_prefix")).strip("/"),
            values=values,
            model=model,
            place=values.key_place_of("step_name"),
        )

    def models(self, conf: Map, kinds: Mapping[tuple[str, str], str]) -> dict[str, m.Model]:
        raw = _map(conf.get("models"))
        return {name: self._model(name, raw[name], raw.key_place_of(name), kinds) for name in raw if isinstance(raw[name], Map)}

    def _model(self, name: str, raw: Map, place: Place, kinds: Mapping[tuple[str, str], str]) -> m.Model:
        sections = {}
        for key in raw:
            if key not in _MODEL_KEYS and isinstance(raw[key], Map):
                kind = KINDS.get(key) or kinds.get((name, key), "processing")
                sections[key] = self._section(key, kind, raw, ("conf", "models", name, key))
        source = raw.get("source_directory")
        source_place = raw.place_of("source_directory") if source else place
        return m.Model(name, sections, place, source if isinstance(source, str) else self.source_directory, source_place)

    def _section(self, key: str, kind: str, raw: Map, path: tuple[str | int, ...]) -> m.Section:
        shaper = Shaper()
        place = raw.key_place_of(key)
        values = shaper.shape(raw[key], definition(kind), path[1:], place)
        values.place = place
        broken = self.say([*shaper.findings, *check(values, kind, path[1:])])
        return m.Section(key, values, broken)

    def default_pipeline(self, conf: Map, models: Mapping[str, m.Model]) -> m.PipelineConfig | None:
        """The pipeline of a single model that no file describes."""
        if len(models) == 1:
            [(name, model)] = models.items()
            return m.PipelineConfig(_default_name([name], models), (m.UnitConfig(name, None, model.place),), (), model.place)
        if models:
            place = min(model.place for model in models.values())
            message = f"there are {len(models)} models and no file says how they make a pipeline"
            self.say([Finding("SMP108", place, message, "give one of the files a sagemakerPipeline section")])
        elif not has_errors(self.findings):
            self.say([Finding("SMP105", conf.place, "conf needs models", "configure at least one model under conf.models")])
        return None

    def unused(self, pipeline: m.PipelineConfig | None, models: Mapping[str, m.Model]) -> None:
        """Warn of models that no unit builds, and of sections that no step uses."""
        if pipeline is None:
            return
        units = {unit.model: unit for unit in pipeline.units}
        for name, model in models.items():
            unit = units.get(name)
            if unit is None:
                message = f'the model "{name}" is not part of the pipeline'
                self.say([Finding("SMP117", model.place, message, "name it under sagemakerPipeline.models, or remove it", WARNING)])
            elif unit.steps is not None:
                used = set(_used_sections(unit.steps))
                self.say(_unused_section(model, section) for key, section in model.sections.items() if key not in used)


def _used_sections(steps: Iterable[m.StepConfig]) -> Iterator[str]:
    for step in steps:
        yield _LEGACY_SECTIONS.get(step.section, step.section)
        yield step.section
        if step.step_class in {m.CREATE_MODEL, m.REGISTER_MODEL}:
            yield from ("registry", "transform")


def _unused_section(model: m.Model, section: m.Section) -> Finding:
    message = f'no step of the model "{model.name}" uses its section "{section.name}"'
    return Finding("SMP116", section.values.place, message, "name it as the step_type of a step, or remove it", WARNING)


def section_of(model: m.Model, step: m.StepConfig) -> m.Section | None:
    """The section that parametrises a step; older names of sections are understood."""
    return model.sections.get(step.section) or model.sections.get(_LEGACY_SECTIONS.get(step.section, ""))


def _section_kinds(pipeline: m.PipelineConfig | None) -> dict[tuple[str, str], str]:
    """For each model and section name, the kind that the first step which uses it asks for."""
    kinds: dict[tuple[str, str], str] = {}
    for unit in pipeline.units if pipeline else ():
        for step in unit.steps or ():
            kinds.setdefault((unit.model, step.section), CLASS_KINDS[step.step_class])
    return kinds


def _default_name(names: list[str], models: Mapping[str, Any]) -> str:
    return f"{next(iter(names or models), 'model')}-pipeline"


def _is_step(value: Any) -> bool:
    """Whether an element of `steps` is whole enough to be looked at; what is wrong with it was said by its schema."""
    if not isinstance(value, Map) or not isinstance(value.get("step_name"), str):
        return False
    step_class = value.get("step_class")
    return isinstance(step_class, str) and step_class in CLASS_KINDS


def _map(value: Any) -> Map:
    return value if isinstance(value, Map) else Map()


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _texts(value: Any) -> list[str]:
    return [item for item in value if isinstance(item, str)] if isinstance(value, list) else []
