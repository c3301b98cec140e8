"""Step class Tuning: many training jobs with other hyperparameters each; later steps take the model of the best."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from framework.config.expressions import Expression, Join, Parameter
from framework.config.values import Map
from framework.findings import nearest
from framework.steps import training
from framework.steps.base import Arguments, Origins, Step, StepSpec, Surroundings, as_text, json_text, with_overrides, within
from framework.steps.jobs import job_name, tags, without_nothing

_CONFIG, _JOB = "HyperParameterTuningJobConfig", "TrainingJobDefinition"
_OBJECTIVE = "HyperParameterTuningJobObjective"

ORIGINS: Origins = {
    ("HyperParameterTuningJobName",): ("base_job_name",),
    (_CONFIG, "Strategy"): ("strategy",),
    (_CONFIG, _OBJECTIVE, "Type"): ("objective_type",),
    (_CONFIG, _OBJECTIVE): ("objective_metric_name",),
    (_CONFIG, "ResourceLimits", "MaxParallelTrainingJobs"): ("max_parallel_jobs",),
    (_CONFIG, "ResourceLimits", "MaxRuntimeInSeconds"): ("max_runtime_in_seconds",),
    (_CONFIG, "ResourceLimits"): ("max_jobs",),
    (_CONFIG, "ParameterRanges"): ("hyperparameter_ranges",),
    (_CONFIG, "TrainingJobEarlyStoppingType"): ("early_stopping_type",),
    (_CONFIG, "RandomSeed"): ("random_seed",),
    (_JOB, "AlgorithmSpecification", "MetricDefinitions"): ("metric_definitions",),
    (_JOB, "StaticHyperParameters"): ("train", "hyperparameters"),
    **{(_JOB, *path): ("train", *keys) for path, keys in training.ORIGINS.items() if path != ("Tags",)},
    ("Tags",): ("tags",),
}
"""For the arguments of a tuning job, the keys of the section that set them; below `train`, those of the section of its jobs."""

_ALGORITHM = frozenset({"TrainingImage", "TrainingInputMode", "AlgorithmName", "MetricDefinitions"})
_MEMBERS = frozenset({
    "AlgorithmSpecification", "CheckpointConfig", "EnableInterContainerTrafficEncryption", "EnableManagedSpotTraining",
    "EnableNetworkIsolation", "Environment", "HyperParameters", "InputDataConfig", "OutputDataConfig", "ResourceConfig",
    "RetryStrategy", "RoleArn", "StoppingCondition", "VpcConfig",
})  # fmt: skip
"""What a training job of a tuning job can be told."""

_CHANGED = {
    "AlgorithmSpecification": "AlgorithmSpecification",
    "OutputDataConfig": "OutputDataConfig",
    "HyperParameters": "StaticHyperParameters",
}
"""The members that are looked into, and what they are called in a tuning job."""

_KINDS = {
    "integer": "IntegerParameterRanges",
    "continuous": "ContinuousParameterRanges",
    "categorical": "CategoricalParameterRanges",
}


def build(spec: StepSpec, around: Surroundings) -> Step:
    """The Tuning step of `spec`."""
    assert spec.jobs is not None
    values, jobs = spec.values, spec.as_training
    _check_needs(spec, around)
    ranges, tuned = _ranges(spec, around), set(values.get("hyperparameter_ranges") or {})
    arguments: Arguments = {
        "HyperParameterTuningJobName": job_name(spec, around),
        _CONFIG: without_nothing(
            {
                "Strategy": values["strategy"],
                _OBJECTIVE: {"Type": values["objective_type"], "MetricName": values.get("objective_metric_name")},
                "ResourceLimits": _limits(values),
                "ParameterRanges": ranges,
                "TrainingJobEarlyStoppingType": values["early_stopping_type"],
                "RandomSeed": values.get("random_seed"),
            }
        ),
        _JOB: _definition(spec, jobs, tuned, around),
        "Tags": _tags(spec, jobs, around),
    }
    arguments = with_overrides(without_nothing(arguments), spec)
    return Step(spec.name, "Tuning", arguments, _with_jobs(spec), ORIGINS, spec.config.enable_cache)


def _with_jobs(spec: StepSpec) -> StepSpec:
    """The step with the section of its jobs inside its own, so that places of both are found from one root."""
    assert spec.jobs is not None
    values = Map(spec.values.place)
    for key in spec.values:
        values.take(key, spec.values)
    values.put("train", spec.jobs.values, spec.jobs.values.place, spec.jobs.values.place)
    return replace(spec, section=replace(spec.section, values=values))


def _limits(values: Map) -> Arguments:
    members = {
        "max_jobs": "MaxNumberOfTrainingJobs",
        "max_parallel_jobs": "MaxParallelTrainingJobs",
        "max_runtime_in_seconds": "MaxRuntimeInSeconds",
    }
    return {member: values[key] for key, member in members.items() if key in values}


def _check_needs(spec: StepSpec, around: Surroundings) -> None:
    """Report what a search cannot do without. A section that no step uses may lack it, so the schema does not ask for it."""
    values, given = spec.values, (spec.values.get("arguments") or {})
    overridden = within(given, _CONFIG)
    needs = {
        "objective_metric_name": ("the metric that says which training job is the best", _OBJECTIVE),
        "hyperparameter_ranges": ("what is tuned, and between which values", "ParameterRanges"),
        "max_jobs": ("how many training jobs there are; only a Grid search ends by itself", "ResourceLimits"),
    }
    for key, (about, member) in needs.items():
        by_itself = key == "max_jobs" and values["strategy"] == "Grid"
        elsewhere = member in overridden or (key == "hyperparameter_ranges" and "Autotune" in given)
        if not values.get(key) and not by_itself and not elsewhere:
            around.missing(spec, (), f"{spec.name} needs {key}", f"add {key} ({about})", "SMP105")


def _definition(spec: StepSpec, jobs: StepSpec, tuned: set[str], around: Surroundings) -> Arguments:
    """What each training job is: that of the train section, less the hyperparameters that are tuned."""
    given = jobs.values.get("arguments") or {}
    job = with_overrides(without_nothing(training.training_job(jobs, around)), jobs, frozenset(given) - _MEMBERS)
    job = {key: value for key, value in job.items() if key in _MEMBERS}
    specification = within(job, "AlgorithmSpecification")
    algorithm = {key: value for key, value in specification.items() if key in _ALGORITHM}
    if "ContainerEntrypoint" in specification:
        message = f"{spec.name} tunes {jobs.model.name}.{jobs.section.name}, which starts its container with a command of its own; "
        message += "the training jobs of a tuning job run the image's"
        around.missing(jobs, ("launcher",), message, "use an image with the training toolkit and launcher: toolkit")
    if spec.values.get("metric_definitions"):
        algorithm["MetricDefinitions"] = list(spec.values["metric_definitions"])
    _check_metric(spec, jobs, algorithm.get("MetricDefinitions"), around)
    made = {
        "AlgorithmSpecification": algorithm,
        "OutputDataConfig": {
            key: _without_slash(value) if key == "S3OutputPath" else value for key, value in within(job, "OutputDataConfig").items()
        },
        "StaticHyperParameters": {name: value for name, value in within(job, "HyperParameters").items() if name not in tuned},
    }
    mistyped = {member: job[key] for key, member in _CHANGED.items() if not isinstance(job.get(key, {}), dict)}
    return without_nothing({**{key: value for key, value in job.items() if key != "HyperParameters"}, **made, **mistyped})


def _without_slash(uri: Any) -> Any:
    """A folder's URI as what is joined behind a slash follows it: without one of its own."""
    if isinstance(uri, Join) and isinstance(uri.values[-1], str):
        return Join(uri.on, (*uri.values[:-1], uri.values[-1].rstrip("/")))
    return uri.rstrip("/") if isinstance(uri, str) else uri


def _check_metric(spec: StepSpec, jobs: StepSpec, definitions: Any, around: Surroundings) -> None:
    """Report an objective that no log line gives: with a script, or with definitions, these must define it."""
    wanted = spec.values.get("objective_metric_name")
    listed = definitions if isinstance(definitions, list) else []
    names = [str(definition.get("Name")) for definition in listed if isinstance(definition, dict)]
    if wanted is None or isinstance(wanted, Expression) or wanted in names or not (names or jobs.values.get("entry_point")):
        return
    message = f'{spec.name} looks for the metric "{wanted}", which no metric_definitions define'
    hint = nearest(wanted, names) if names else "add metric_definitions: [{Name: …, Regex: …}], which find it in the log"
    around.missing(spec, ("objective_metric_name",), message, hint)


def _tags(spec: StepSpec, jobs: StepSpec, around: Surroundings) -> list[dict[str, str]]:
    """Those of both sections: a tuning job gives its tags to its training jobs."""
    merged = {tag["Key"]: tag for tag in (*tags(jobs, around), *spec.values.get("tags", ()))}
    return [dict(tag) for tag in merged.values()]


def _ranges(spec: StepSpec, around: Surroundings) -> dict[str, list[Arguments]]:
    found: dict[str, list[Arguments]] = {}
    as_json = bool(spec.as_training.values.get("entry_point"))
    for name, given in (spec.values.get("hyperparameter_ranges") or {}).items():
        for problem in _problems(given):
            message = f"the range of {name} in {spec.name} {problem}"
            around.missing(
                spec, ("hyperparameter_ranges", name), message, "write {min: 0.01, max: 0.1} or {values: [a, b]}", "SMP104"
            )
            break
        else:
            kind = (
                "categorical" if "values" in given else "integer" if _whole(given["min"]) and _whole(given["max"]) else "continuous"
            )
            found.setdefault(_KINDS[kind], []).append(_range(name, given, as_json))
    return {kind: found[kind] for kind in _KINDS.values() if kind in found}


def _range(name: str, given: Map, as_json: bool) -> Arguments:
    if "values" in given:
        write = json_text if as_json else _plain
        return {"Name": name, "Values": [write(value) for value in given["values"]]}
    ends = {"MinValue": _plain(given["min"]), "MaxValue": _plain(given["max"])}
    return {"Name": name, **ends, "ScalingType": given["scaling"]}


def _plain(value: Any) -> Any:
    return as_text(value) if isinstance(value, Expression) else str(value)


def _problems(given: Mapping[str, Any]) -> Iterator[str]:
    if "values" in given:
        if "min" in given or "max" in given:
            yield "has both values and ends"
        return
    missing = [key for key in ("min", "max") if key not in given]
    if missing:
        yield f"has no {missing[0]}" if len(missing) == 1 else "has neither ends nor values"
    elif not any(isinstance(given[key], Expression) for key in ("min", "max")) and float(given["min"]) > float(given["max"]):
        yield f"ends below its beginning: {given['min']} to {given['max']}"


def _whole(value: Any) -> bool:
    """Whether an end of a range is a whole number; of a parameter, its type says so."""
    if isinstance(value, Parameter):
        return value.kind == "Integer"
    return isinstance(value, int) or (isinstance(value, str) and value.lstrip("+-").isdecimal())
