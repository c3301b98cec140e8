"""From the configuration to the pipeline: units, steps, edges, code; everything but the final form."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from framework.config.model import (
    CREATE_MODEL,
    METRICS,
    PROCESSING,
    REGISTER_MODEL,
    TRAINING,
    TRANSFORM,
    Config,
    PipelineConfig,
)
from framework.findings import Finding, FindingsError, nearest
from framework.pipeline.bundles import Bundles
from framework.pipeline.compiled import PackageGroup, Upload
from framework.pipeline.dependencies import DependencyError, parse_dependency
from framework.pipeline.graph import DATA, EXPLICIT, Edge, Graph
from framework.pipeline.units import Report, Units, plan_units
from framework.steps import create_model, metrics, processing, register_model, repack, training, transform
from framework.steps.base import Builder, Step, StepSpec, Surroundings, references

BUILDERS: Mapping[str, Builder] = {
    PROCESSING: processing.build,
    TRAINING: training.build,
    CREATE_MODEL: create_model.build,
    TRANSFORM: transform.build,
    METRICS: metrics.build,
    REGISTER_MODEL: register_model.build,
}


@dataclass(frozen=True, slots=True)
class Pipeline:
    """The built pipeline.

    Attributes:
        steps: in topological order.
        depends_on: for each step, the steps it waits for by explicit dependency, in the order of `steps`.
        findings: all that is wrong with the configuration and with what was built from it.
    """

    config: Config
    name: str
    steps: tuple[Step, ...]
    depends_on: Mapping[str, tuple[str, ...]]
    graph: Graph
    uploads: tuple[Upload, ...]
    package_groups: tuple[PackageGroup, ...]
    findings: tuple[Finding, ...]


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
    bundles = Bundles(config.root, prefix, config.files, findings.append)
    around = Surroundings(config, pipeline.name, units.specs, bundles, findings.append)
    steps = {step.name: step for step in _steps(units, around)}
    graph = _graph(steps, pipeline, units, findings.append)
    order = graph.order()
    cycle = graph.cycle_finding(order)
    findings += [cycle] if cycle else []
    return Pipeline(
        config=config,
        name=pipeline.name,
        steps=tuple(steps[name] for name in order if name in steps),
        depends_on=_explicit(graph, order),
        graph=graph,
        uploads=bundles.uploads(),
        package_groups=_package_groups(units, pipeline.name),
        findings=tuple(findings),
    )


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
    parts = [spec.section]
    if spec.step_class in {CREATE_MODEL, REGISTER_MODEL}:
        parts += [section for name, section in spec.model.sections.items() if name in {"registry", "transform"}]
        parts += [spec.training.section] if spec.training else []
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
        for name in dict.fromkeys(name for pair in pairs for name in pair if name not in known and not pipeline.names(name)):
            report(Finding("SMP201", place, f'the dependencies name "{name}", which is no step', nearest(name, known)))
        graph.add(Edge(*pair, EXPLICIT, place) for pair in pairs if known.issuperset(pair))
    default = pipeline.place
    graph.add(Edge(*pair, EXPLICIT, default) for pair in units.default_edges if known.issuperset(pair))
    for step in steps.values():
        place = step.spec.config.values.place_of("chain_input_source_step")
        place = place if place.file else step.spec.config.place
        targets = dict.fromkeys(reference.step for reference in references(step.arguments))
        graph.add(Edge(target, step.name, DATA, place) for target in targets if target in known)
        for target in targets:
            if target not in known and not pipeline.names(target):
                message = f'{step.name} refers to "{target}", which is no step'
                report(Finding("SMP201", step.spec.place_of("arguments"), message, nearest(target, known)))
    return graph


def _explicit(graph: Graph, order: list[str]) -> dict[str, tuple[str, ...]]:
    rank = {name: index for index, name in enumerate(order)}
    result: dict[str, set[str]] = {}
    for edge in graph.edges:
        if edge.kind == EXPLICIT and edge.upstream in rank and edge.downstream in rank:
            result.setdefault(edge.downstream, set()).add(edge.upstream)
    return {name: tuple(sorted(upstream, key=rank.__getitem__)) for name, upstream in result.items()}


def _package_groups(units: Units, pipeline_name: str) -> tuple[PackageGroup, ...]:
    groups = {}
    for spec in units.specs.values():
        description = spec.values.get("ModelPackageGroupDescription") if spec.step_class == REGISTER_MODEL else None
        if isinstance(description, str):
            name = register_model.group_name(spec, pipeline_name)
            groups[name] = PackageGroup(name, description)
    return tuple(groups[name] for name in sorted(groups))
