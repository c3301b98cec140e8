"""Compiling: the pipeline in its final form, the definition (schema 2020-12-01) that SageMaker gets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from framework.config.expressions import Variable
from framework.config.model import Local, ParameterConfig, PipelineConfig
from framework.pipeline.build import Pipeline
from framework.pipeline.compiled import CompiledPipeline, LocalSettings, ParameterRule, StandIn, StepOrigin
from framework.pipeline.graph import COMPLETED, Edge
from framework.pipeline.idle import NEVER_RETRIED, OF_JOBS, WITHOUT_JOBS
from framework.pipeline.nesting import TOP, Slot
from framework.pipeline.triggers import compile_notifications, compile_triggers
from framework.steps.base import PropertyFile, Step, as_json, as_text

VERSION = "2020-12-01"
CACHE_EXPIRY = "P10D"
"""How long the service may reuse a result; ISO 8601."""

CACHEABLE = frozenset({
    "AutoML", "Callback", "ClarifyCheck", "EMR", "EMRServerless", "Endpoint", "EndpointConfig", "Lambda", "Processing",
    "QualityCheck", "Training", "Transform", "Tuning",
})  # fmt: skip


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
        rules=tuple(_rule(parameter) for parameter in pipeline.settings.parameters),
        display_name=pipeline.settings.display_name,
        parallelism=pipeline.settings.parallelism,
        model_packages=pipeline.model_packages,
        triggers=compile_triggers(pipeline.settings.triggers, pipeline.name, config.network),
        notifications=compile_notifications(pipeline.settings.notifications, pipeline.name, config.network),
        origins=tuple(_origin(pipeline.steps[name]) for name in sorted(pipeline.steps)),
    )


def as_local_settings(settings: Local) -> LocalSettings:
    """What the configuration says of local runs, in the shape that the local engine knows."""
    images = tuple((pattern, StandIn(**dict(stand_in))) for pattern, stand_in in settings.images)
    return LocalSettings(settings.data, images, settings.lambdas, settings.environment)


def _definition(pipeline: Pipeline) -> dict[str, Any]:
    settings = pipeline.settings
    definition: dict[str, Any] = {
        "Version": VERSION,
        "Metadata": {},
        "Parameters": [
            *(_parameter(parameter) for parameter in settings.parameters),
            *({"Name": request.parameter, "Type": "String"} for request in pipeline.model_packages),
        ],
        "PipelineExperimentConfig": _experiment(settings),
    }
    if settings.mlflow is not None:
        definition["MlflowConfig"] = _mlflow(settings.mlflow)
    return {**definition, "Steps": _steps(pipeline, TOP)}


def _origin(step: Step) -> StepOrigin:
    spec = step.spec
    return StepOrigin(step.name, spec.step_class if spec.name == step.name else "", spec.model.name)


def _rule(parameter: ParameterConfig) -> ParameterRule:
    return ParameterRule(parameter.name, parameter.minimum, parameter.maximum, parameter.enum, parameter.description)


def _parameter(parameter: ParameterConfig) -> dict[str, Any]:
    """A parameter as the definition has it: it knows no limits, and choices for texts only."""
    result: dict[str, Any] = {"Name": parameter.name, "Type": parameter.kind}
    if parameter.default is not None:
        result["DefaultValue"] = parameter.default
    if parameter.enum and parameter.kind == "String":
        result["EnumValues"] = list(parameter.enum)
    return result


def _experiment(settings: PipelineConfig) -> dict[str, Any] | None:
    if settings.experiment is None:
        return None
    name, trial = settings.experiment
    return {
        "ExperimentName": as_json(name or Variable("PipelineName")),
        "TrialName": as_json(trial or Variable("PipelineExecutionId")),
    }


def _mlflow(given: Mapping[str, Any]) -> dict[str, Any]:
    names = {"resource_arn": "MlflowResourceArn", "experiment_name": "MlflowExperimentName"}
    return {member: as_json(given[key]) for key, member in names.items() if key in given}


def _steps(pipeline: Pipeline, slot: Slot) -> list[dict[str, Any]]:
    """The steps of one list, those inside them put into their arguments."""
    names = [name for name in pipeline.nesting.lists.get(slot, ()) if name in pipeline.steps]
    return [_step(pipeline, pipeline.steps[name]) for name in names]


def _step(pipeline: Pipeline, step: Step) -> dict[str, Any]:
    arguments = as_json(step.arguments)
    for member in step.spec.config.branches if step.name == step.spec.name else ():
        arguments[member] = _steps(pipeline, (step.name, member))
    result: dict[str, Any] = {"Name": step.name, "Type": step.type, "Arguments": arguments}
    given = step.given
    if "display_name" in given:
        result["DisplayName"] = as_json(as_text(given["display_name"]))
    if given.get("description") or step.description:
        result["Description"] = as_json(as_text(given.get("description") or step.description))
    depends_on = pipeline.nesting.depends_on.get(step.name, ())
    if depends_on:
        result["DependsOn"] = [_dependency(edge) for edge in depends_on]
    if step.cached and step.type in CACHEABLE:
        result["CacheConfig"] = {"Enabled": True, "ExpireAfter": str(given.get("cache_expire_after") or CACHE_EXPIRY)}
    policies = _retry_policies(step, given.get("retry_policies") or ())
    if policies:
        result["RetryPolicies"] = policies
    if step.property_files:
        result["PropertyFiles"] = [_property_file(file) for file in step.property_files]
    return {**result, **as_json(dict(step.members))}


def _dependency(edge: Edge) -> Any:
    return edge.upstream if edge.trigger == COMPLETED else {"Step": edge.upstream, "Trigger": edge.trigger}


def _retry_policies(step: Step, given: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The policies that have an effect on a step of this class; that the others have none has been said."""
    if step.spec.step_class in NEVER_RETRIED:
        return []
    no_job = step.spec.step_class in WITHOUT_JOBS
    policies = [_retry_policy(policy) for policy in given]
    for policy in policies if no_job else ():
        policy["ExceptionType"] = [name for name in policy["ExceptionType"] if not name.startswith(OF_JOBS)]
    return [policy for policy in policies if policy["ExceptionType"]]


def _retry_policy(policy: Mapping[str, Any]) -> dict[str, Any]:
    members = {"max_attempts": "MaxAttempts", "expire_after_minutes": "ExpireAfterMin"}
    return {
        "BackoffRate": policy["backoff_rate"],
        "IntervalSeconds": policy["interval_seconds"],
        **{member: policy[key] for key, member in members.items() if key in policy},
        "ExceptionType": list(policy["exceptions"]),
    }


def _property_file(file: PropertyFile) -> dict[str, str]:
    return {"PropertyFileName": file.name, "OutputName": file.output, "FilePath": file.path}
