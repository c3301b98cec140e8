"""Modeling units: which steps there are, what parametrises each, and which earlier steps of its unit each one builds on."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Set
from dataclasses import dataclass, field, replace
from itertools import pairwise

from framework.config.model import (
    CONDITION,
    CREATE_MODEL,
    FAIL,
    FOR_EACH,
    METRICS,
    PROCESSING,
    REGISTER_MODEL,
    STEP_CLASSES,
    TRAINING,
    TRANSFORM,
    TUNING,
    Config,
    Model,
    PipelineConfig,
    Section,
    StepConfig,
    UnitConfig,
)
from framework.config.sections import KINDS, section_of
from framework.config.values import Map
from framework.findings import WARNING, Finding, nearest
from framework.pipeline.contradictions import report_contradictions
from framework.pipeline.expressions import GENERATED, Resolver
from framework.pipeline.idle import report_idle_keys
from framework.pipeline.nesting import Slot, chain_of
from framework.pipeline.pairs import Pair, expanded, pairs_of
from framework.pipeline.served import models_of, with_model
from framework.steps.base import StepSpec, shortened
from framework.steps.channels import DEFAULT_CHANNEL, channels_of
from framework.steps.create_model import brings_model, inference_script

Report = Callable[[Finding], None]

Group = tuple[Model, tuple[StepConfig, ...], bool]
"""A model, its steps, and whether some of them are too broken to be looked at."""

REPACK_SUFFIX = GENERATED
_NAME_LIMIT = 64

_DEFAULT_STEPS = (
    (PROCESSING, "preprocess", "Preprocessing"),
    (TRAINING, "train", "Training"),
    (CREATE_MODEL, "registry", "CreateModel"),
    (TRANSFORM, "transform", "Transform"),
    (METRICS, "evaluate", "Metrics"),
    (REGISTER_MODEL, "registry", "Register"),
)
"""The steps of the default unit: class, section, and what their names end in."""

_LEGAL_KINDS = {
    PROCESSING: {"processing", "evaluate"},
    TRAINING: {"train"},
    TUNING: {"tune"},
    TRANSFORM: {"transform"},
    METRICS: {"evaluate", "processing"},
    CREATE_MODEL: {"registry", "model"},
    REGISTER_MODEL: {"registry"},
}


_OF_SERVING = ("entry_point", "image_uri")
"""Keys of a transform that say how its model is served."""

_NOT_IN_LOOPS = frozenset({CONDITION, FAIL, FOR_EACH})


@dataclass(frozen=True, slots=True)
class Units:
    """All steps of the pipeline.

    Attributes:
        specs: by name, in the order of the configuration.
        default_edges: the dependencies of the default units.
        slots: for each step in a branch or in a loop, the list that it stands in.
        resolver: resolves the expressions of the pipeline.
        pairs: the configured steps that became two, by name.
    """

    specs: Mapping[str, StepSpec]
    default_edges: tuple[tuple[str, str], ...]
    slots: Mapping[str, Slot]
    resolver: Resolver
    pairs: Mapping[str, Pair] = field(default_factory=dict)

    def first(self, name: str) -> str:
        """The step of the definition that waits for what the configured step waits for."""
        return self.pairs[name].first if name in self.pairs else name

    def last(self, name: str) -> str:
        """The step of the definition that is waited for when the configured step is."""
        return self.pairs[name].last if name in self.pairs else name


def plan_units(config: Config, pipeline: PipelineConfig, report: Report) -> Units:
    """Find what each step of the pipeline is to be built from; what is missing or contradictory is reported."""
    groups, edges = _groups(config, pipeline, report)
    configured = {step.name: (step, section_of(model, step)) for model, steps, _ in groups for step in steps}
    pairs = pairs_of([step for step, _ in configured.values()], report)
    groups = [(model, tuple(one for step in steps for one in expanded(step, pairs)), left_out) for model, steps, left_out in groups]
    groups = _with_models(groups)
    edges += tuple((pair.first, pair.last) for pair in pairs.values())
    slots = _slots(groups, pipeline, report)
    known = {step.name: (step, section_of(model, step)) for model, steps, _ in groups for step in steps}
    loops = {name: loop for name in slots for loop in chain_of(name, slots)[:-1] if known[loop][0].step_class == FOR_EACH}
    resolver = Resolver(pipeline, {**configured, **known}, loops, report, pairs=pairs)
    specs: dict[str, StepSpec] = {}
    for model, steps, incomplete in groups:
        model = replace(model, sections={name: resolver.section(section) for name, section in model.sections.items()})
        steps = tuple(_resolved(step, resolver) for step in steps)
        for spec in _unit_specs(model, steps, incomplete, report):
            if spec.name in specs:
                message = f'there are two steps called "{spec.name}"; the other is at {specs[spec.name].config.place}'
                report(Finding("SMP202", spec.config.place, message, "give each step a name of its own"))
            else:
                specs[spec.name] = spec
    return Units(specs, edges, slots, resolver, pairs)


def _with_models(groups: list[Group]) -> list[Group]:
    """The steps, each that uses a registered model behind the Model step that is made for it."""
    sections = {step.name: (step, section_of(model, step)) for model, steps, _ in groups for step in steps}
    models = models_of(sections.values())
    if not models:
        return groups
    return [
        (model, tuple(one for step in steps for one in with_model(step, sections[step.name][1], models)), left_out)
        for model, steps, left_out in groups
    ]


def _groups(config: Config, pipeline: PipelineConfig, report: Report) -> tuple[list[Group], tuple[tuple[str, str], ...]]:
    """The steps by model, each unit's first and then those outside that name the model; and the default units' dependencies.

    Steps of no model come last, with a model that has neither name nor sections.
    """
    groups: list[Group] = []
    edges: list[tuple[str, str]] = []
    for unit in pipeline.units:
        model = config.models.get(unit.model)
        if model is None:
            continue
        steps = unit.steps
        if steps is None:
            steps = tuple(_default_steps(model))
            edges += pairwise(step.name for step in steps)
            _report_empty(unit, steps, report)
        groups.append((model, steps, bool(unit.left_out)))
    free: dict[str, list[StepConfig]] = {}
    for step in pipeline.steps:
        free.setdefault(step.model, []).append(step)
    for name, outside in free.items():
        group = next((at for at, (model, _, _) in enumerate(groups) if model.name == name), None)
        if group is not None:
            model, steps, incomplete = groups[group]
            groups[group] = (model, (*steps, *outside), incomplete)
        elif name in config.models or not name:
            groups.append((config.models.get(name) or Model("", {}, pipeline.place), tuple(outside), bool(pipeline.left_out)))
        else:
            for step in outside:
                message = f'{step.name} is to use the model "{name}", which no file configures'
                report(Finding("SMP201", step.values.place_of("model"), message, nearest(name, config.models)))
    return groups, tuple(edges)


def _slots(groups: Iterable[Group], pipeline: PipelineConfig, report: Report) -> dict[str, Slot]:
    """For each step that stands in a branch of a condition or in a loop, the list that it stands in."""
    steps = {step.name: step for _, members, _ in groups for step in members}
    found: dict[str, Slot] = {}
    for step in steps.values():
        for member, name in ((member, name) for member, names in step.branches.items() for name in names):
            place = step.place
            if name not in steps:
                if not pipeline.names(name):
                    message = f'{step.name} holds "{name}", which is no step'
                    report(Finding("SMP201", place, message, nearest(name, [other for other in steps if other != step.name])))
            elif name in found:
                message = f"{name} stands in {found[name][0]} already, and cannot stand in {step.name} as well"
                report(Finding("SMP209", place, message, "keep it in one of the two"))
            else:
                found[name] = (step.name, member)
                _report_not_in_loops(steps[name], step, report)
    for name in [name for name in found if _holds_itself(name, found)]:
        report(Finding("SMP209", steps[name].place, f"{name} stands in a branch of itself", "take it out of that branch"))
        del found[name]
    return found


def _report_not_in_loops(step: StepConfig, holder: StepConfig, report: Report) -> None:
    if holder.step_class == FOR_EACH and step.step_class in _NOT_IN_LOOPS and step.name != holder.name:
        message = f"{step.name}, a {step.step_class} step, stands in the loop {holder.name}, which can hold none"
        report(Finding("SMP209", step.place, message, "take it out of the loop"))


def _holds_itself(name: str, slots: Mapping[str, Slot]) -> bool:
    outer, seen = slots[name][0], {name}
    while outer in slots and outer not in seen:
        seen.add(outer)
        outer = slots[outer][0]
    return outer == name


def _resolved(step: StepConfig, resolver: Resolver) -> StepConfig:
    step = resolver.values(step)
    return replace(step, given=resolver.section(step.given, step)) if step.given else step


def _unit_specs(model: Model, steps: tuple[StepConfig, ...], incomplete: bool, report: Report) -> Iterator[StepSpec]:
    last: dict[str, StepSpec] = {}
    repacks: dict[str, str] = {}
    served = _served(model, steps, report)
    seen = {TRAINING, CREATE_MODEL} if incomplete else set()  # they may be among the steps too broken to be looked at
    for step in steps:
        stands_for = TRAINING if step.step_class == TUNING else step.step_class
        seen.add(stands_for)
        section = _section(model, step, report)
        if section is None:
            continue
        owner = served if step.step_class in {CREATE_MODEL, REGISTER_MODEL} else model
        spec = StepSpec(step, owner, section, last.get(TRAINING), last.get(CREATE_MODEL), last.get(METRICS))
        if step.step_class == TUNING:
            spec = replace(spec, jobs=_jobs(spec, report))
        _report_missing_steps(spec, seen, report)
        report_idle_keys(spec, report)
        report_contradictions(spec, report)
        _report_late_metrics(spec, last, report)
        if step.step_class in {CREATE_MODEL, REGISTER_MODEL}:
            spec = _with_repack(spec, repacks)
        last[stands_for] = spec
        yield spec


def _served(model: Model, steps: Iterable[StepConfig], report: Report) -> Model:
    """The model as the steps that make it see it: its image and its script are those of its Transform step, own keys included."""
    own = [step for step in steps if step.step_class == TRANSFORM and step.given is not None and step.given.name == "transform"]
    own = [step for step in own if any(key in step.values for key in _OF_SERVING)]
    for step in own[1:]:
        for key in (key for key in _OF_SERVING if key in step.values and step.values[key] != own[0].values.get(key)):
            message = f"{key} of {step.name} has no effect: the model is served as {own[0].name} says"
            report(Finding("SMP113", step.values.key_place_of(key), message, "remove it, or make the two the same", WARNING))
    if not own or own[0].given is None:
        return model
    return replace(model, sections={**model.sections, "transform": own[0].given})


def _section(model: Model, step: StepConfig, report: Report) -> Section | None:
    section = section_of(model, step)
    if step.given is not None:
        return step.given
    if section is None and step.step_class == CREATE_MODEL:
        return model.sections.get("registry") or Section("registry", Map(step.place))
    if section is None:
        message = f'{step.name} needs the section "{step.section}" of the model "{model.name}", which has none'
        hint = nearest(step.section, model.sections) if "step_type" in step.values else 'add it, or name another with "step_type"'
        report(Finding("SMP205", step.values.place_of("step_type"), message, hint))
        return None
    kind = KINDS.get(section.name)
    legal = _LEGAL_KINDS.get(step.step_class, {STEP_CLASSES[step.step_class].kind})
    if kind is not None and kind not in legal and step.step_class != CREATE_MODEL:
        message = f'{step.name} is a {step.step_class} step, which the section "{section.name}" cannot parametrise'
        report(Finding("SMP205", step.values.place_of("step_type"), message, "check step_class and step_type"))
        return None
    return section


def _jobs(spec: StepSpec, report: Report) -> Section:
    """The section of a Tuning step's training jobs."""
    name = str(spec.values.get("train") or "train")
    section = spec.model.sections.get(name)
    if section is None:
        if not spec.section.broken:
            message = f'{spec.name} tunes the section "{name}" of the model "{spec.model.name}", which has none'
            report(Finding("SMP205", spec.place_of("train"), message, nearest(name, spec.model.sections)))
        return Section(name, Map(spec.config.place), broken=True)
    if "image_uri" not in spec.values or section.broken:
        return section
    values = Map(section.values.place)
    for key in section.values:
        values.take(key, section.values)
    values.take("image_uri", spec.values)
    return replace(section, values=values)


def _report_missing_steps(spec: StepSpec, seen: Set[str], report: Report) -> None:
    """Report steps that must stand before this one; one of `seen` does, even where it cannot be built."""
    if spec.step_class in {CREATE_MODEL, REGISTER_MODEL} and TRAINING not in seen and not brings_model(spec.values):
        _report_missing(spec, TRAINING, report)
    if spec.step_class == TRANSFORM and CREATE_MODEL not in seen and "model_name" not in spec.values:
        _report_missing(spec, CREATE_MODEL, report)


def _report_missing(spec: StepSpec, step_class: str, report: Report) -> None:
    message = f'{spec.name} needs a {step_class} step before it in the unit of "{spec.model.name}"'
    report(Finding("SMP206", spec.config.place, message, f"add a step of class {step_class} above it"))


def _report_late_metrics(spec: StepSpec, last: Mapping[str, StepSpec], report: Report) -> None:
    earlier = last.get(REGISTER_MODEL)
    if spec.step_class == METRICS and earlier is not None and earlier.metrics is None:
        message = f"{earlier.name} registers its model without the metrics of {spec.name}, which stands below it"
        report(Finding("SMP206", spec.config.place, message, f"list it above {earlier.name}", WARNING))


def _with_repack(spec: StepSpec, repacks: dict[str, str]) -> StepSpec:
    """The step with the name of its repack step; one repack serves all steps that use the same trained model."""
    registry = spec.section if "ModelRepack" in spec.values.key_places else spec.model.sections.get("registry")
    wanted = registry is None or registry.broken or registry.values.get("ModelRepack") is not False
    wanted = wanted and not brings_model(spec.values)
    if not wanted or spec.training is None or inference_script(spec) is None:
        return spec
    return replace(spec, repack=repacks.setdefault(spec.training.name, shortened(spec.name, REPACK_SUFFIX)))


def _report_empty(unit: UnitConfig, steps: tuple[StepConfig, ...], report: Report) -> None:
    if not steps:
        message = f'the model "{unit.model}" has neither steps nor sections to make them from'
        report(Finding("SMP208", unit.place, message, "add sections such as train and registry, or steps"))


def _default_steps(model: Model) -> Iterator[StepConfig]:
    """The steps that the sections of a model ask for when no file lists them."""
    stem = re.sub(r"[^A-Za-z0-9_-]+", "-", model.name)
    names = {ending: f"{stem[: _NAME_LIMIT - len(ending) - 1]}-{ending}" for _, _, ending in _DEFAULT_STEPS}
    for step_class, section_name, ending in _DEFAULT_STEPS:
        section = model.sections.get(section_name)
        if step_class == CREATE_MODEL:
            section = section or model.sections.get("transform")
        if section is None or (step_class == CREATE_MODEL and "train" not in model.sections):
            continue
        place = section.values.place
        chain = tuple(_default_chain(model, step_class, section, names))
        yield StepConfig(names[ending], step_class, section_name, False, chain, "", Map(place), model.name, place)


def _default_chain(model: Model, step_class: str, section: Section, names: Mapping[str, str]) -> Iterator[str]:
    channels = channels_of(section)
    static = any(isinstance(settings, dict) and settings.get("dataFiles") for settings in channels.values())
    preprocess = model.sections.get("preprocess")
    if preprocess and not static and step_class in {TRAINING, TRANSFORM, METRICS}:
        outputs = list(channels_of(preprocess)) or [DEFAULT_CHANNEL]
        if step_class == TRAINING or preprocess.broken or next(iter(channels), DEFAULT_CHANNEL) in outputs:
            yield names["Preprocessing"]
    if step_class == METRICS and "transform" in model.sections:
        yield names["Transform"]
