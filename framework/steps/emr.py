"""Step classes EMR and EMRServerless: a step of a cluster, and a job of a serverless application."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from framework.config.expressions import Expression, Ref
from framework.findings import nearest
from framework.steps.base import Arguments, Origins, Step, StepSpec, Surroundings, as_text, with_overrides, within
from framework.steps.choices import RULE, exactly_one
from framework.steps.jobs import tags, without_nothing

EMR_ORIGINS: Origins = {
    ("StepConfig", "HadoopJarStep", "Jar"): ("jar",),
    ("StepConfig", "HadoopJarStep", "Args"): ("args",),
    ("StepConfig", "HadoopJarStep", "MainClass"): ("main_class",),
    ("StepConfig", "HadoopJarStep", "Properties"): ("properties",),
    ("ClusterId",): ("cluster_id",),
    ("ClusterConfig",): ("cluster_config",),
    ("ExecutionRoleArn",): ("execution_role",),
}

_SET_BY_THE_SERVICE = ("Name", "AutoTerminationPolicy", "Steps")
_SET_OF_INSTANCES = ("KeepJobFlowAliveWhenNoSteps", "TerminationProtected")
_FLEETS = ("InstanceGroups", "InstanceFleets")


def emr(spec: StepSpec, around: Surroundings) -> Step:
    """The EMR step of `spec`: AddJobFlowSteps on a cluster that is there, or RunJobFlow for a cluster of its own."""
    values = spec.values
    if exactly_one(spec, ("cluster_id", "cluster_config"), around) == "cluster_config":
        _check_cluster(spec, values["cluster_config"], around)
        if "execution_role" in values:
            message = f"execution_role of {spec.name} goes with cluster_id only; a cluster of its own has a JobFlowRole"
            around.missing(spec, ("execution_role",), message, "set cluster_config.JobFlowRole", RULE)
    jar = {
        "Jar": values["jar"],
        "Args": arguments_of(values) or None,
        "MainClass": values.get("main_class"),
        "Properties": [{"Key": key, "Value": value} for key, value in (values.get("properties") or {}).items()],
    }
    arguments: Arguments = {
        "StepConfig": {"HadoopJarStep": without_nothing(jar)},
        "ClusterId": values.get("cluster_id"),
        "ClusterConfig": values.get("cluster_config"),
        "ExecutionRoleArn": values.get("execution_role"),
    }
    return Step(spec.name, "EMR", with_overrides(without_nothing(arguments), spec), spec, EMR_ORIGINS, spec.config.enable_cache)


def arguments_of(values: Mapping[str, Any]) -> list[Any]:
    """What the main class gets: `args`, then each of `outputs` as an option of that name."""
    given = [as_text(word) for word in values.get("args") or ()]
    for name, uri in (values.get("outputs") or {}).items():
        given += [f"--{name}", uri]
    return given


def argument_of(step: str, values: Mapping[str, Any], name: str) -> Ref:
    """The URI that a step was given for one of its `outputs`."""
    return Ref(step, f"Config.Args[{arguments_of(values).index(f'--{name}') + 1}]", "String")


def _check_cluster(spec: StepSpec, given: Any, around: Surroundings) -> None:
    """Report what EMR steps do not take of RunJobFlow (the SDK's EMRStep lists it)."""
    instances = given.get("Instances")
    for keys, tree in (((), given), (("Instances",), instances)):
        for key in _SET_OF_INSTANCES if keys else _SET_BY_THE_SERVICE:
            if isinstance(tree, dict) and key in tree:
                message = f"{spec.name} cannot set {'.'.join(('cluster_config', *keys, key))}: SageMaker does that"
                around.missing(spec, ("cluster_config", *keys, key), message, "remove it", RULE)
    fleets = [key for key in _FLEETS if isinstance(instances, dict) and key in instances]
    if len(fleets) != 1 and not isinstance(instances, Expression):
        message = f"cluster_config of {spec.name} needs Instances with exactly one of {' and '.join(_FLEETS)}"
        wrong = [key for key in within(given, "Instances") if nearest(key, _FLEETS) in _FLEETS] if not fleets else []
        hint = f"use {nearest(wrong[0], _FLEETS)}" if wrong else f"give it {_FLEETS[0]}, or {_FLEETS[1]}"
        around.missing(spec, ("cluster_config", *(["Instances"] if instances else [])), message, hint, RULE)


SERVERLESS_ORIGINS: Origins = {
    ("ExecutionRoleArn",): ("execution_role",),
    ("JobConfig", "executionRoleArn"): ("execution_role",),
    ("JobConfig", "jobDriver"): ("job_driver",),
    ("JobConfig", "configurationOverrides"): ("configuration_overrides",),
    ("JobConfig", "executionTimeoutMinutes"): ("execution_timeout_minutes",),
    ("JobConfig", "name"): ("job_name",),
    ("JobConfig", "tags"): ("tags",),
    ("ApplicationId",): ("application_id",),
    ("ApplicationConfig",): ("application_config",),
}


def emr_serverless(spec: StepSpec, around: Surroundings) -> Step:
    """The EMRServerless step of `spec`: StartJobRun in an application that is there, or in one of its own."""
    values = spec.values
    exactly_one(spec, ("application_id", "application_config"), around)
    role = values.get("execution_role") or around.role(spec)
    job = {
        "executionRoleArn": role,
        "jobDriver": values["job_driver"],
        "applicationId": values.get("application_id"),
        "configurationOverrides": values.get("configuration_overrides"),
        "executionTimeoutMinutes": values.get("execution_timeout_minutes"),
        "name": values.get("job_name"),
        "tags": {tag["Key"]: tag["Value"] for tag in tags(spec, around)},
    }
    arguments: Arguments = {
        "ExecutionRoleArn": role,
        "JobConfig": without_nothing(job),
        "ApplicationId": values.get("application_id"),
        "ApplicationConfig": values.get("application_config"),
    }
    arguments = with_overrides(without_nothing(arguments), spec)
    return Step(spec.name, "EMRServerless", arguments, spec, SERVERLESS_ORIGINS, spec.config.enable_cache)
