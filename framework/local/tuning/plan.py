"""What a tuning job is to do, read off the arguments of CreateHyperParameterTuningJob.

In: the arguments, resolved. Out: a plan. What cannot be done here is a `StepError`; what is done differently is a note for the log.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from framework.local.functions import text
from framework.local.job import StepError
from framework.local.toolkit import PROGRAM
from framework.local.tuning.search import grid_size
from framework.local.tuning.space import Dimension, read_space

OBJECTIVE_PARAMETER = "_tuning_objective_metric"
"""SageMaker tells the objective to every training job under this name; the training toolkit keeps it away from scripts."""
NOT_OF_TRAINING = frozenset(
    ("DefinitionName", "TuningObjective", "HyperParameterRanges", "StaticHyperParameters", "HyperParameterTuningResourceConfig")
)
AMAZON = r"#quality_metric: host=\S+ (?:(?:epoch|batch)=\S+ )*"
"""How Amazon's algorithms begin the line of a metric: "#quality_metric: host=algo-1, test RMSE <loss>=1.5" tells test:RMSE."""
NUMBER = r"([-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?)"


@dataclass(frozen=True)
class Objective:
    """The metric that decides, and whether less of it is better."""

    metric: str
    minimize: bool


@dataclass(frozen=True)
class Recipe:
    """What all training jobs of one TrainingJobDefinition share.

    Attributes:
        name: its DefinitionName; may be empty.
        arguments: of CreateTrainingJob, less HyperParameters.
        static: the hyperparameters that do not change.
        space: those that do.
        objective: what is measured.
    """

    name: str
    arguments: Mapping[str, Any]
    static: Mapping[str, str]
    space: tuple[Dimension, ...]
    objective: Objective

    def hyperparameters(self, values: Mapping[str, str]) -> dict[str, str]:
        """All hyperparameters of a training job that tries these values."""
        told = {} if PROGRAM in self.static else {OBJECTIVE_PARAMETER: self.objective.metric}
        return {**told, **self.static, **values}


@dataclass(frozen=True)
class Plan:
    """A tuning job.

    Attributes:
        strategy: Bayesian, Grid, Hyperband or Random.
        recipes: one for each TrainingJobDefinition; they take turns.
        jobs: how many training jobs at most; None where only the time limits them.
        parallel: how many of them at once.
        seconds: how long all of it may take; None for no limit.
        seed: makes the search repeatable.
        target: an objective that is good enough; None when there is none.
        patience: how many training jobs in a row may bring nothing better; None for any number.
        notes: what is done differently here, for the log.
    """

    strategy: str
    recipes: tuple[Recipe, ...]
    jobs: int | None
    parallel: int
    seconds: int | None
    seed: int
    target: float | None
    patience: int | None
    notes: tuple[str, ...]

    @property
    def minimize(self) -> bool:
        """The direction, which all recipes share."""
        return self.recipes[0].objective.minimize


def read_plan(arguments: Mapping[str, Any]) -> Plan:
    """The plan of a tuning job.

    Args:
        arguments: of CreateHyperParameterTuningJob.

    Raises:
        StepError: it cannot be done here, or SageMaker would refuse it.
    """
    if arguments.get("WarmStartConfig"):
        raise StepError("ClientError: WarmStartConfig builds on tuning jobs that a local run does not have; leave it out")
    config = arguments.get("HyperParameterTuningJobConfig") or {}
    limits, criteria = config.get("ResourceLimits") or {}, config.get("TuningJobCompletionCriteria") or {}
    strategy = str(config.get("Strategy") or "Bayesian")
    recipes = tuple(_recipes(arguments, config))
    if len({recipe.objective.minimize for recipe in recipes}) > 1:
        raise StepError(
            "ClientError: the training job definitions have objectives of both types, so none of their jobs is the best"
        )
    seconds = _whole(limits, "MaxRuntimeInSeconds")
    return Plan(
        strategy=strategy,
        recipes=recipes,
        jobs=_jobs(strategy, recipes, _whole(limits, "MaxNumberOfTrainingJobs"), seconds),
        parallel=max(1, _whole(limits, "MaxParallelTrainingJobs") or 1),
        seconds=seconds,
        seed=_whole(config, "RandomSeed") or 0,
        target=_number(criteria, "TargetObjectiveMetricValue"),
        patience=_whole(criteria.get("BestObjectiveNotImproving") or {}, "MaxNumberOfTrainingJobsNotImproving"),
        notes=tuple(_notes(arguments, config, recipes)),
    )


def _jobs(strategy: str, recipes: tuple[Recipe, ...], wanted: int | None, seconds: int | None) -> int | None:
    if strategy == "Grid":
        combinations = sum(grid_size(recipe.space) for recipe in recipes)
        if wanted not in (None, combinations):
            raise StepError(f"ClientError: MaxNumberOfTrainingJobs is {wanted}, and the grid has {combinations} combinations")
        return combinations
    if wanted is None and seconds is None:
        raise StepError(
            "ClientError: ResourceLimits has neither MaxNumberOfTrainingJobs nor MaxRuntimeInSeconds; nothing would end it"
        )
    return wanted


def _whole(values: Mapping[str, Any], name: str) -> int | None:
    number = _number(values, name)
    return None if number is None else int(number)


def _number(values: Mapping[str, Any], name: str) -> float | None:
    value = values.get(name)
    try:
        return None if value is None else float(text(value))
    except ValueError:
        raise StepError(f"ClientError: {name} is {value!r}, not a number") from None


def _recipes(arguments: Mapping[str, Any], config: Mapping[str, Any]) -> Iterator[Recipe]:
    single = arguments.get("TrainingJobDefinition")
    definitions = [single] if single else arguments.get("TrainingJobDefinitions") or []
    if not definitions:
        raise StepError("ClientError: there is neither TrainingJobDefinition nor TrainingJobDefinitions")
    for definition in definitions:
        objective = _objective(definition.get("TuningObjective") or config.get("HyperParameterTuningJobObjective") or {})
        ranges = definition.get("HyperParameterRanges") or config.get("ParameterRanges") or {}
        static = {name: text(value) for name, value in (definition.get("StaticHyperParameters") or {}).items()}
        space = tuple(read_space(ranges))
        if both := sorted({dimension.name for dimension in space} & static.keys()):
            raise StepError(f"ClientError: {both[0]} is a static hyperparameter and has a range too")
        name = str(definition.get("DefinitionName") or "")
        yield Recipe(name, _training_arguments(definition, objective), static, space, objective)


def _objective(given: Mapping[str, Any]) -> Objective:
    kind = given.get("Type")
    if kind not in ("Minimize", "Maximize") or not given.get("MetricName"):
        raise StepError("ClientError: the tuning objective has no MetricName, or its Type is neither Minimize nor Maximize")
    return Objective(text(given["MetricName"]), kind == "Minimize")


def _training_arguments(definition: Mapping[str, Any], objective: Objective) -> dict[str, Any]:
    arguments = {name: value for name, value in definition.items() if name not in NOT_OF_TRAINING}
    specification = dict(definition.get("AlgorithmSpecification") or {})
    specification["MetricDefinitions"] = _metric_definitions(specification.get("MetricDefinitions") or [], objective)
    return {
        "ResourceConfig": _resources(definition.get("HyperParameterTuningResourceConfig") or {}),
        **arguments,
        "AlgorithmSpecification": specification,
    }


def _metric_definitions(given: list[dict[str, str]], objective: Objective) -> list[dict[str, str]]:
    """The definitions with one for the objective: an algorithm of AWS brings its own, and is given none."""
    if any(definition.get("Name") == objective.metric for definition in given):
        return given
    if given:
        raise StepError(f"ClientError: no metric definition is named {objective.metric}, as the objective is")
    name = "[:_-]".join(re.escape(part) for part in re.split("[:_-]", objective.metric))
    words = re.escape(objective.metric.replace(":", " "))
    before = rf"(?:(?<![\w:-]){name}['\"]?\s*[:=]\s*|{AMAZON}{words} <(?:loss|score)>=)"
    return [{"Name": objective.metric, "Regex": before + NUMBER}]


def _resources(given: Mapping[str, Any]) -> dict[str, Any]:
    """HyperParameterTuningResourceConfig as ResourceConfig; of several InstanceConfigs the first, which SageMaker prefers."""
    first: Mapping[str, Any] = next(iter(given.get("InstanceConfigs") or ()), {})
    wanted = ("InstanceType", "InstanceCount", "VolumeSizeInGB", "VolumeKmsKeyId")
    return {name: value for name, value in {**given, **first}.items() if name in wanted}


def _notes(arguments: Mapping[str, Any], config: Mapping[str, Any], recipes: tuple[Recipe, ...]) -> Iterator[str]:
    if config.get("Strategy") == "Hyperband":
        yield "the strategy Hyperband is run as Random: no training job is stopped early"
    elif config.get("TrainingJobEarlyStoppingType", "Off") != "Off":
        yield "TrainingJobEarlyStoppingType is not applied: every training job runs to its end"
    criteria = config.get("TuningJobCompletionCriteria") or {}
    if (criteria.get("ConvergenceDetected") or {}).get("CompleteOnConvergence") == "Enabled":
        yield "ConvergenceDetected is not applied"
    definitions = [arguments.get("TrainingJobDefinition") or {}, *(arguments.get("TrainingJobDefinitions") or ())]
    ranges = [config.get("ParameterRanges") or {}, *(definition.get("HyperParameterRanges") or {} for definition in definitions)]
    if any(entry.get("AutoParameters") for entry in ranges):
        yield "AutoParameters are searched from a tenth to ten times of their hint"
    if not all(
        (definition.get("AlgorithmSpecification") or {}).get("MetricDefinitions") for definition in definitions if definition
    ):
        metrics = ", ".join(dict.fromkeys(recipe.objective.metric for recipe in recipes))
        yield f"there are no MetricDefinitions; a number after the name of the metric ({metrics}) is taken for its value"
