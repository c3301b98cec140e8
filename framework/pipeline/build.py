"""From the configuration to the pipeline: units, steps, edges, code; everything but the final form."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

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
)
from framework.findings import Finding, FindingsError
from framework.pipeline.bundles import Bundles
from framework.pipeline.compiled import PackageGroup, PackageRequest, Upload
from framework.pipeline.graph import Graph
from framework.pipeline.nesting import Nesting, Slot, chain_of, nest
from framework.pipeline.served import requests
from framework.pipeline.units import Units, plan_units
from framework.pipeline.wiring import all_slots, stray_items, wired
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
from framework.steps.base import Builder, Step, StepSpec, Surroundings

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
        sources: for each source directory that a step's code comes from, its files by their paths in the bundle.
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
    sources: Mapping[Path, Mapping[str, Path]] = field(default_factory=dict)


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
    slots = all_slots(units)
    around = Surroundings(config, pipeline.name, units.specs, bundles, findings.append, _items(units, slots))
    steps = {step.name: step for step in _steps(units, around)}
    findings += stray_items(steps, around.items)
    graph = wired(steps, pipeline, units, findings.append)
    nesting = nest(graph, slots, frozenset(name for name, spec in units.specs.items() if spec.step_class == FOR_EACH))
    findings += nesting.findings
    model_packages = requests(units.specs.values(), {each.name for each in pipeline.parameters}, findings.append)
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
        model_packages=model_packages,
        sources=bundles.sources(),
    )


def _items(units: Units, slots: Mapping[str, Slot]) -> dict[str, Item]:
    """For each step of a loop, what tells its iterations apart."""
    held = [(name, units.specs[holder]) for name in slots for holder in chain_of(name, slots)[:-1] if holder in units.specs]
    return {name: Item(str(loop.values.get("item_key") or "")) for name, loop in held if loop.step_class == FOR_EACH}


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
            if isinstance(name, str):
                groups[name] = PackageGroup(name, description)
    return tuple(groups[name] for name in sorted(groups))
