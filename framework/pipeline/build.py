"""From the configuration to the pipeline: units, steps, edges, code; everything but the final form."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace

from framework.config.expressions import Item
from framework.config.images import LOCK
from framework.config.model import (
    AUTO_ML,
    CALLBACK,
    CLARIFY_CHECK,
    CLEANUP,
    CONDITION,
    CREATE_MODEL,
    CUSTOM,
    EMR,
    EMR_SERVERLESS,
    ENDPOINT,
    ENDPOINT_CONFIG,
    FAIL,
    FOR_EACH,
    INFERENCE_COMPONENT,
    LAMBDA,
    LINEAGE,
    METRICS,
    NOTEBOOK_JOB,
    PROCESSING,
    QUALITY_CHECK,
    RAW,
    REGISTER_MODEL,
    TRAINING,
    TRANSFORM,
    TUNING,
    Config,
    PipelineConfig,
    StepConfig,
)
from framework.config.values import Map, Seq
from framework.findings import Finding, FindingsError, nearest
from framework.pipeline.bundles import Bundles
from framework.pipeline.compiled import PackageGroup, PackageRequest, Upload
from framework.pipeline.dependencies import DependencyError, parse_dependency
from framework.pipeline.graph import COMPLETED, DATA, EXPLICIT, Edge, Graph
from framework.pipeline.nesting import Nesting, nest
from framework.pipeline.served import requests
from framework.pipeline.units import Report, Units, plan_units
from framework.steps import (
    automl,
    calls,
    clarify_check,
    cleanup,
    control,
    create_model,
    custom,
    emr,
    endpoints,
    lineage,
    metrics,
    notebook_job,
    processing,
    quality_check,
    raw,
    register_model,
    repack,
    training,
    transform,
    tuning,
)
from framework.steps.base import Builder, Step, StepSpec, Surroundings, references

BUILDERS: Mapping[str, Builder] = {
    PROCESSING: processing.build,
    TRAINING: training.build,
    CREATE_MODEL: create_model.build,
    TRANSFORM: transform.build,
    METRICS: metrics.build,
    REGISTER_MODEL: register_model.build,
    CONDITION: control.condition,
    FOR_EACH: control.for_each,
    FAIL: control.fail,
    LAMBDA: calls.lambda_,
    CALLBACK: calls.callback,
    RAW: raw.build,
    ENDPOINT_CONFIG: endpoints.endpoint_config,
    ENDPOINT: endpoints.endpoint,
    INFERENCE_COMPONENT: endpoints.inference_component,
    LINEAGE: lineage.build,
    CLEANUP: cleanup.build,
    EMR: emr.emr,
    EMR_SERVERLESS: emr.emr_serverless,
    CUSTOM: custom.build,
    TUNING: tuning.build,
    QUALITY_CHECK: quality_check.build,
    CLARIFY_CHECK: clarify_check.build,
    AUTO_ML: automl.build,
    NOTEBOOK_JOB: notebook_job.build,
}


@dataclass(frozen=True, slots=True)
class Pipeline:
    """The built pipeline.

    Attributes:
        steps: by name.
        settings: what the configuration says of the pipeline as a whole.
        nesting: the order of the steps in each list, and the explicit dependencies.
        findings: all that is wrong with the configuration and with what was built from it.
    """

    config: Config
    name: str
    steps: Mapping[str, Step]
    settings: PipelineConfig
    nesting: Nesting
    graph: Graph
    uploads: tuple[Upload, ...]
    package_groups: tuple[PackageGroup, ...]
    findings: tuple[Finding, ...]
    model_packages: tuple[PackageRequest, ...] = ()


def build_pipeline(config: Config) -> Pipeline:
    """Build every step that can be built, and say what is wrong with the others.

    Raises:
        FindingsError: when the configuration describes no pipeline at all.
    """
    pipeline = config.pipeline
    if pipeline is None:
        raise FindingsError(config.findings)
    findings = list(config.findings)
    units = plan_units(config, pipeline, findings.append)
    prefix = f"s3://{config.bucket}/{pipeline.name}/code"
    bundles = Bundles(config.root, prefix, (*config.files, config.root / LOCK), findings.append)
    around = Surroundings(config, pipeline.name, units.specs, bundles, findings.append, _items(units))
    steps = {step.name: step for step in _steps(units, around)}
    containers = _containers(steps, units)
    graph = _graph(steps, pipeline, units, findings.append)
    nesting = nest(graph, containers, frozenset(name for name, spec in units.specs.items() if spec.step_class == FOR_EACH))
    findings += nesting.findings
    return Pipeline(
        config=config,
        name=pipeline.name,
        steps=steps,
        settings=_settings(pipeline, units),
        nesting=nesting,
        graph=graph,
        uploads=bundles.uploads(),
        package_groups=_package_groups(units, pipeline.name),
        findings=tuple(findings),
        model_packages=requests(units.specs.values()),
    )


def _items(units: Units) -> dict[str, Item]:
    """For each step of a loop, what tells its iterations apart."""
    held = {name: units.specs[holder] for name, holder in units.containers.items() if holder in units.specs}
    return {name: Item(str(loop.values.get("item_key") or "")) for name, loop in held.items() if loop.step_class == FOR_EACH}


def _steps(units: Units, around: Surroundings) -> Iterator[Step]:
    """The steps of all units; those whose section or surroundings are broken are left out, which has been said."""
    repacked: set[str] = set()
    for spec in units.specs.values():
        if not _whole(spec):
            continue
        if spec.repack is not None and spec.repack not in repacked:
            repacked.add(spec.repack)
            if spec.repack in around.specs:
                message = f'the name "{spec.repack}" is needed for the step that repacks the model'
                around.report(Finding("SMP202", around.specs[spec.repack].config.place, message, "rename this step"))
            yield repack.build(spec, around)
        yield BUILDERS[spec.step_class](spec, around)


def _whole(spec: StepSpec) -> bool:
    """Whether everything that the step is built from is free of errors."""
    parts = [spec.section, *([spec.jobs] if spec.jobs else [])]
    if spec.step_class in {CREATE_MODEL, REGISTER_MODEL}:
        parts += [section for name, section in spec.model.sections.items() if name in {"registry", "transform"}]
        parts += [spec.training.section, spec.training.as_training.section] if spec.training else []
    return not any(section.broken for section in parts)


def _graph(steps: Mapping[str, Step], pipeline: PipelineConfig, units: Units, report: Report) -> Graph:
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
    inner = set(custom.inner_names(step.arguments))
    for target in dict.fromkeys(reference.step for reference in references([step.arguments, dict(step.members)])):
        if target in known:
            yield Edge(target, step.name, DATA, place)
        elif not pipeline.names(target) and target not in inner:
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


def _containers(steps: Mapping[str, Step], units: Units) -> dict[str, str]:
    """For each step inside another, the one that holds it; the step that repacks a model goes where its users are."""
    containers = dict(units.containers)
    users: dict[str, set[str]] = {}
    for spec in units.specs.values():
        if spec.repack is not None:
            users.setdefault(spec.repack, set()).add(containers.get(spec.name, ""))
    containers.update({name: holder for name, holders in users.items() if len(holders) == 1 for holder in holders if holder})
    return {name: holder for name, holder in containers.items() if name in steps or name in units.specs}


def _settings(pipeline: PipelineConfig, units: Units) -> PipelineConfig:
    """The pipeline's settings with their expressions resolved."""
    experiment = pipeline.experiment
    if experiment is not None:
        name, trial = (units.resolver.value(value, pipeline.place) for value in experiment)
        experiment = (name, trial)
    mlflow = None if pipeline.mlflow is None else units.resolver.value(pipeline.mlflow, pipeline.place)
    return replace(pipeline, experiment=experiment, mlflow=mlflow)


def _package_groups(units: Units, pipeline_name: str) -> tuple[PackageGroup, ...]:
    groups = {}
    for spec in units.specs.values():
        description = spec.values.get("ModelPackageGroupDescription") if spec.step_class == REGISTER_MODEL else None
        if isinstance(description, str):
            name = register_model.group_name(spec, pipeline_name)
            groups[name] = PackageGroup(name, description)
    return tuple(groups[name] for name in sorted(groups))
