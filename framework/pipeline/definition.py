"""Compiling: the pipeline in its final form, the definition (schema 2020-12-01) that SageMaker gets."""

from __future__ import annotations

from typing import Any

from framework.config.model import Local
from framework.pipeline.build import Pipeline
from framework.pipeline.compiled import CompiledPipeline, LocalSettings, StandIn
from framework.steps.base import PropertyFile, Step, as_json

VERSION = "2020-12-01"
CACHE_EXPIRY = "P10D"
"""How long the service may reuse a result; ISO 8601."""

_CACHEABLE = frozenset({"Processing", "Training", "Transform"})


def compile_pipeline(pipeline: Pipeline) -> CompiledPipeline:
    """The definition of a pipeline, and all that must be there for it. Equal pipelines give equal results."""
    config = pipeline.config
    described = config.pipeline
    return CompiledPipeline(
        name=pipeline.name,
        definition=_definition(pipeline),
        uploads=pipeline.uploads,
        role=config.network.role,
        bucket=config.bucket,
        tags=described.tags if described else (),
        kms_key=config.network.kms_key,
        region=config.region,
        description=described.description if described else None,
        package_groups=pipeline.package_groups,
        local=as_local_settings(config.local),
    )


def as_local_settings(settings: Local) -> LocalSettings:
    """What the configuration says of local runs, in the shape that the local engine knows."""
    images = tuple((pattern, StandIn(**dict(stand_in))) for pattern, stand_in in settings.images)
    return LocalSettings(settings.data, images, settings.lambdas, settings.environment)


def _definition(pipeline: Pipeline) -> dict[str, Any]:
    return {
        "Version": VERSION,
        "Metadata": {},
        "Parameters": [],
        "PipelineExperimentConfig": {
            "ExperimentName": {"Get": "Execution.PipelineName"},
            "TrialName": {"Get": "Execution.PipelineExecutionId"},
        },
        "Steps": [_step(step, pipeline.depends_on.get(step.name, ())) for step in pipeline.steps],
    }


def _step(step: Step, depends_on: tuple[str, ...]) -> dict[str, Any]:
    result: dict[str, Any] = {"Name": step.name, "Type": step.type, "Arguments": as_json(step.arguments)}
    if step.description:
        result["Description"] = step.description
    if depends_on:
        result["DependsOn"] = list(depends_on)
    if step.cached and step.type in _CACHEABLE:
        result["CacheConfig"] = {"Enabled": True, "ExpireAfter": CACHE_EXPIRY}
    if step.property_files:
        result["PropertyFiles"] = [_property_file(file) for file in step.property_files]
    return result


def _property_file(file: PropertyFile) -> dict[str, str]:
    return {"PropertyFileName": file.name, "OutputName": file.output, "FilePath": file.path}
