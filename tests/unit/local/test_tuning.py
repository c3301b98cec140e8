"""What a tuning job searches, in which order, and when it ends: without any process."""

from __future__ import annotations

import builtins
import math
import sys
from collections.abc import Callable, Mapping
from types import SimpleNamespace
from typing import Any

import botocore.session
import pytest

from framework.local.job import StepError
from framework.local.step_types.tuning import Tuner, best_first
from framework.local.tuning.plan import read_plan
from framework.local.tuning.search import GridSearch, Proposal, grid_size, make_search
from framework.local.tuning.space import Choice, Range, read_space
from framework.local.tuning.stop import StopSign
from framework.local.tuning.trials import Outcome, trial_name

LR = {"Name": "lr", "MinValue": "0.0001", "MaxValue": "0.1"}
UNITS = {"Name": "units", "MinValue": "8", "MaxValue": "64"}
OPT = {"Name": "opt", "Values": ["adam", '"sgd"']}


def arguments(config: Mapping[str, Any] | None = None, **definition: Any) -> dict[str, Any]:
    """Of CreateHyperParameterTuningJob: a grid of two values, changed as wanted."""
    return {
        "HyperParameterTuningJobConfig": {
            "Strategy": "Grid",
            "ResourceLimits": {"MaxParallelTrainingJobs": 1},
            "HyperParameterTuningJobObjective": {"Type": "Minimize", "MetricName": "loss"},
            "ParameterRanges": {"CategoricalParameterRanges": [OPT]},
            **(config or {}),
        },
        "TrainingJobDefinition": {
            "AlgorithmSpecification": {"TrainingImage": "i", "MetricDefinitions": [{"Name": "loss", "Regex": "loss=(.*)"}]},
            **definition,
        },
    }


def test_ranges_are_read() -> None:
    space = read_space(
        {
            "ContinuousParameterRanges": [{**LR, "ScalingType": "Logarithmic"}, {**LR, "Name": "auto", "ScalingType": "Auto"}],
            "IntegerParameterRanges": [{**UNITS, "ScalingType": "Auto"}],
            "CategoricalParameterRanges": [OPT],
            "AutoParameters": [
                {"Name": "depth", "ValueHint": "5"},
                {"Name": "eta", "ValueHint": "0.5"},
                {"Name": "kind", "ValueHint": "tree"},
            ],
        }
    )
    assert space == [
        Range("units", 8, 64, True, "Linear"),
        Range("lr", 0.0001, 0.1, False, "Logarithmic"),
        Range("auto", 0.0001, 0.1, False, "Logarithmic"),
        Choice("opt", ("adam", '"sgd"')),
        Range("depth", 1, 50, True, "Logarithmic"),
        Range("eta", 0.05, 5.0, False, "Logarithmic"),
        Choice("kind", ("tree",)),
    ]


@pytest.mark.parametrize(
    ("member", "entry", "reason"),
    [
        ("IntegerParameterRanges", {**UNITS, "MinValue": "x"}, "MinValue of units is 'x', not a whole number"),
        ("IntegerParameterRanges", {**UNITS, "MaxValue": "9.5"}, "MaxValue of units is '9.5', not a whole number"),
        ("ContinuousParameterRanges", {**LR, "MaxValue": "inf"}, "MaxValue of lr is 'inf', not a number"),
        ("ContinuousParameterRanges", {**LR, "MinValue": "1"}, "MinValue of lr (1.0) is larger than MaxValue (0.1)"),
        (
            "ContinuousParameterRanges",
            {**LR, "MinValue": "0", "ScalingType": "Logarithmic"},
            "the range of lr begins at 0.0; Logarithmic wants values greater than 0",
        ),
        (
            "IntegerParameterRanges",
            {**UNITS, "ScalingType": "ReverseLogarithmic"},
            "ReverseLogarithmic wants a continuous range within 0 <= x < 1; that of units is not one",
        ),
        ("ContinuousParameterRanges", {**LR, "ScalingType": "Cubic"}, "the range of lr has the unknown ScalingType Cubic"),
        ("CategoricalParameterRanges", {"Name": "opt", "Values": []}, "the categorical range of opt has no Values"),
    ],
)
def test_a_range_that_cannot_be_searched(member: str, entry: dict[str, Any], reason: str) -> None:
    with pytest.raises(StepError) as error:
        read_space({member: [entry]})
    assert str(error.value) == f"ClientError: {reason}"


def test_a_space_needs_something_and_nothing_twice() -> None:
    with pytest.raises(StepError, match="there are no ParameterRanges"):
        read_space({})
    with pytest.raises(StepError, match="lr has more than one range"):
        read_space({"ContinuousParameterRanges": [LR], "AutoParameters": [{"Name": "lr", "ValueHint": "1"}]})


@pytest.mark.parametrize("strategy", ["Random", "Hyperband", "Bayesian"])
def test_a_search_repeats_and_stays_within_its_ranges(strategy: str) -> None:
    ranges = {"ContinuousParameterRanges": [LR], "IntegerParameterRanges": [UNITS], "CategoricalParameterRanges": [OPT]}

    def search(seed: int) -> list[dict[str, str]]:
        found = make_search(strategy, read_space(ranges), True, seed, 20)
        values = []
        for place in range(20):
            proposal = found.ask()
            assert proposal is not None
            values.append(dict(proposal.values))
            lr = float(proposal.values["lr"])
            found.tell(proposal, None if place == 3 else abs(math.log10(lr) + 2))
        return values

    first = search(1)
    assert first == search(1)
    assert first != search(2)
    assert all(0.0001 <= float(values["lr"]) <= 0.1 for values in first)
    assert {values["units"].isdigit() and 8 <= int(values["units"]) <= 64 for values in first} == {True}
    assert {values["opt"] for values in first} == {"adam", '"sgd"'}, "handed on as they stand"


def test_a_bayesian_search_learns() -> None:
    def distances(strategy: str, seed: int) -> list[float]:
        search = make_search(strategy, read_space({"ContinuousParameterRanges": [LR]}), True, seed, 40)
        found = []
        for _ in range(40):
            proposal = search.ask()
            assert proposal is not None
            found.append(abs(math.log10(float(proposal.values["lr"])) + 2))
            search.tell(proposal, found[-1])
        return found[20:]

    bayesian, random = (sum(sum(distances(strategy, seed)) for seed in range(5)) for strategy in ("Bayesian", "Random"))
    assert bayesian < 0.75 * random


def test_scales_decide_where_values_lie() -> None:
    def middle(scale: str, low: str, high: str) -> float:
        entry = {"Name": "x", "MinValue": low, "MaxValue": high, "ScalingType": scale}
        search = make_search("Random", read_space({"ContinuousParameterRanges": [entry]}), True, 0, None)
        proposals = [search.ask() for _ in range(101)]
        return sorted(float(proposal.values["x"]) for proposal in proposals if proposal)[50]

    assert 0.3 < middle("Linear", "0", "0.9999") < 0.7
    assert middle("Logarithmic", "0.0001", "0.9999") < 0.05
    assert middle("ReverseLogarithmic", "0", "0.9999") > 0.95


def test_a_grid_is_counted_through() -> None:
    space = [Choice("a", ("1", "2")), Choice("b", ("x", "y"))]
    search = GridSearch(space)
    found = [search.ask() for _ in range(5)]
    assert [proposal and dict(proposal.values) for proposal in found] == [
        {"a": "1", "b": "x"},
        {"a": "1", "b": "y"},
        {"a": "2", "b": "x"},
        {"a": "2", "b": "y"},
        None,
    ]
    assert grid_size(space) == 4
    with pytest.raises(StepError, match="the strategy Grid takes categorical ranges only, and that of n is not one"):
        grid_size([*space, Range("n", 1, 2, True, "Linear")])


def test_optuna_is_asked_for_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def without(name: str, *rest: Any, **more: Any) -> Any:
        if name == "optuna":
            raise ImportError(name)
        return real(name, *rest, **more)

    monkeypatch.delitem(sys.modules, "optuna", raising=False)
    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(StepError, match=r"needs the package optuna: pip install 'sagemaker-pipelines-framework\[local\]'"):
        make_search("Random", [Choice("a", ("1",))], True, 0, 1)


RANDOM = {"Strategy": "Random"}
LOSS = {"MetricName": "loss", "Type": "Minimize"}


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({**arguments(), "WarmStartConfig": {"WarmStartType": "TransferLearning"}}, "WarmStartConfig builds on tuning jobs"),
        ({**arguments(), "TrainingJobDefinition": None}, "there is neither TrainingJobDefinition nor TrainingJobDefinitions"),
        (arguments({"Strategy": "Guess", "ResourceLimits": {"MaxNumberOfTrainingJobs": 1}}), ""),
        (arguments(RANDOM), "neither MaxNumberOfTrainingJobs nor MaxRuntimeInSeconds"),
        (
            arguments({"ResourceLimits": {"MaxNumberOfTrainingJobs": 3}}),
            "MaxNumberOfTrainingJobs is 3, and the grid has 2 combinations",
        ),
        (arguments({"HyperParameterTuningJobObjective": {"MetricName": "loss"}}), "its Type is neither Minimize nor Maximize"),
        (arguments(TuningObjective={"MetricName": "f1", "Type": "Maximize"}), "no metric definition is named f1"),
        (arguments(StaticHyperParameters={"opt": "x"}), "opt is a static hyperparameter and has a range too"),
        (arguments({"RandomSeed": "x"}), "RandomSeed is 'x', not a number"),
        (
            {
                **arguments(),
                "TrainingJobDefinition": None,
                "TrainingJobDefinitions": [
                    {"TuningObjective": LOSS},
                    {"TuningObjective": {"MetricName": "f1", "Type": "Maximize"}},
                ],
            },
            "objectives of both types",
        ),
    ],
)
def test_what_is_refused(given: dict[str, Any], reason: str) -> None:
    with pytest.raises(StepError) as error:
        plan = read_plan(given)
        make_search(plan.strategy, plan.recipes[0].space, True, 0, 1)
    assert str(error.value).startswith("ClientError: ")
    assert reason in str(error.value)


def test_what_a_training_job_gets() -> None:
    definition = {
        "StaticHyperParameters": {"epochs": 3, "sagemaker_program": '"train.py"'},
        "HyperParameterTuningResourceConfig": {
            "InstanceConfigs": [{"InstanceType": "ml.m5.large", "InstanceCount": 2, "VolumeSizeInGB": 30}],
            "AllocationStrategy": "Prioritized",
        },
        "RoleArn": "role",
        "DefinitionName": "one",
    }
    (script,) = read_plan(arguments(**definition)).recipes
    assert script.name == "one"
    assert script.arguments["ResourceConfig"] == {"InstanceType": "ml.m5.large", "InstanceCount": 2, "VolumeSizeInGB": 30}
    assert script.arguments["RoleArn"] == "role"
    assert not {"DefinitionName", "StaticHyperParameters", "HyperParameterTuningResourceConfig"} & script.arguments.keys()
    assert script.hyperparameters({"opt": '"sgd"'}) == {"epochs": "3", "sagemaker_program": '"train.py"', "opt": '"sgd"'}
    (image,) = read_plan(arguments()).recipes
    assert image.hyperparameters({"opt": "adam"}) == {"_tuning_objective_metric": "loss", "opt": "adam"}


def test_an_algorithm_that_brings_its_metrics(regex_value: Callable[[str, str], str | None]) -> None:
    objective = {"HyperParameterTuningJobObjective": {"Type": "Maximize", "MetricName": "validation:auc"}}
    plan = read_plan(arguments(objective, AlgorithmSpecification={"TrainingImage": "xgboost"}))
    (definition,) = plan.recipes[0].arguments["AlgorithmSpecification"]["MetricDefinitions"]
    assert definition["Name"] == "validation:auc"
    assert plan.notes == (
        "there are no MetricDefinitions; a number after the name of the metric (validation:auc) is taken for its value",
    )
    assert regex_value(definition["Regex"], "[3]\ttrain-auc:0.9\tvalidation-auc:0.83") == "0.83"
    assert regex_value(definition["Regex"], '{"validation:auc": 1e-3}') == "1e-3"
    assert regex_value(definition["Regex"], "my-validation-auc:0.5") is None


@pytest.mark.parametrize(
    ("metric", "line", "value"),
    [
        ("test:RMSE", "[12/08/2021 INFO 1] #quality_metric: host=algo-1, test RMSE <loss>=2.13", "2.13"),
        ("test:mean_wQuantileLoss", "#quality_metric: host=algo-1, test mean_wQuantileLoss <loss>=2e-3", "2e-3"),
        ("validation:dcg", "#quality_metric: host=algo-1, validation dcg <score>=0.9", "0.9"),
        ("train:mse", "#quality_metric: host=algo-2, epoch=3, batch=7 train mse <loss>=4", "4"),
        ("test:RMSE", "#quality_metric: host=algo-1, my test RMSE <loss>=2.13", None),
        ("test:RMSE", "#quality_metric: host=algo-1, test RMSE of all <loss>=2.13", None),
        ("test:RMSE", "#test_score (algo-1, RMSE): 2.13", None),
    ],
)
def test_how_amazons_algorithms_report_a_metric(
    regex_value: Callable[[str, str], str | None], metric: str, line: str, value: str | None
) -> None:
    objective = {"HyperParameterTuningJobObjective": {"Type": "Minimize", "MetricName": metric}}
    plan = read_plan(arguments(objective, AlgorithmSpecification={"TrainingImage": "deepar"}))
    (definition,) = plan.recipes[0].arguments["AlgorithmSpecification"]["MetricDefinitions"]
    assert regex_value(definition["Regex"], line) == value


@pytest.fixture
def regex_value() -> Callable[[str, str], str | None]:
    import re

    def value(regex: str, line: str) -> str | None:
        match = re.search(regex, line)
        return match and match[1]

    return value


def test_what_is_done_differently_is_said() -> None:
    criteria = {"ConvergenceDetected": {"CompleteOnConvergence": "Enabled"}}
    config = {
        "Strategy": "Hyperband",
        "ResourceLimits": {"MaxNumberOfTrainingJobs": 1},
        "TuningJobCompletionCriteria": criteria,
        "ParameterRanges": {"AutoParameters": [{"Name": "a", "ValueHint": "1"}]},
    }
    assert read_plan(arguments(config)).notes == (
        "the strategy Hyperband is run as Random: no training job is stopped early",
        "ConvergenceDetected is not applied",
        "AutoParameters are searched from a tenth to ten times of their hint",
    )
    early = read_plan(arguments({"TrainingJobEarlyStoppingType": "Auto"}))
    assert early.notes == ("TrainingJobEarlyStoppingType is not applied: every training job runs to its end",)
    assert read_plan(arguments({"TrainingJobEarlyStoppingType": "Off"})).notes == ()


def test_names_of_training_jobs() -> None:
    long = "p" * 63
    names = [trial_name(name, number) for name in ("job", long, "q" * 63) for number in (1, 1000)]
    assert len(set(names)) == 6
    assert all(len(name) <= 63 for name in names)
    assert names[0].startswith("job-001-")


class Objectives:
    """Stands for the launcher: the objective of the n-th training job."""

    def __init__(self, *values: float | None) -> None:
        self.values = values

    def launch(self, number: int, recipe: Any, proposal: Any) -> Outcome:
        value = self.values[number - 1]
        return Outcome(number, f"t{number}", recipe, proposal, "Completed", value, "", "", "", 0.0)


def tried(objectives: Objectives, config: Mapping[str, Any], **definition: Any) -> list[int]:
    grid = {"CategoricalParameterRanges": [{"Name": "n", "Values": [str(n) for n in range(len(objectives.values))]}]}
    plan = read_plan(arguments({"ParameterRanges": grid, **config}, **definition))
    launcher: Any = objectives
    return [outcome.number for outcome in Tuner(plan, launcher, StopSign(plan.seconds)).run()]


def test_a_tuning_job_ends_when_its_criteria_are_met() -> None:
    falling = Objectives(9.0, None, 4.0, 3.0, 2.0)
    target = {"TuningJobCompletionCriteria": {"TargetObjectiveMetricValue": 4.0}}
    assert tried(falling, {}) == [1, 2, 3, 4, 5]
    assert tried(falling, target) == [1, 2, 3]
    assert tried(falling, {**target, "ResourceLimits": {"MaxParallelTrainingJobs": 2}}) == [1, 2, 3, 4], "one more was on its way"
    patience = {"TuningJobCompletionCriteria": {"BestObjectiveNotImproving": {"MaxNumberOfTrainingJobsNotImproving": 2}}}
    assert tried(Objectives(5.0, 6.0, 4.0, 4.0, 3.999, 1.0), patience) == [1, 2, 3, 4, 5], "less than a hundredth is not better"
    highest = {"HyperParameterTuningJobObjective": {"Type": "Maximize", "MetricName": "loss"}}
    assert tried(falling, {**highest, **target}) == [1]
    assert tried(falling, {"ResourceLimits": {"MaxParallelTrainingJobs": 1, "MaxRuntimeInSeconds": 0}}) == []


def test_the_best_comes_first_or_the_step_fails() -> None:
    plan = read_plan(arguments({"ResourceLimits": {"MaxParallelTrainingJobs": 1, "MaxRuntimeInSeconds": 5}}))
    recipe = plan.recipes[0]

    def outcome(number: int, status: str, objective: float | None = None, reason: str = "") -> Outcome:
        return Outcome(number, f"t{number}", recipe, Proposal({}), status, objective, reason, "", "", 0.0)

    stopped, failed = outcome(1, "Stopped", reason="Stopped: late"), outcome(2, "Failed", reason="AlgorithmError: bad: x")
    silent, good, better = outcome(3, "Completed"), outcome(4, "Completed", 2.0), outcome(5, "Completed", 1.0)
    ranked = best_first([stopped, failed, silent, good, better, outcome(6, "Completed", 1.0)], plan)
    assert [entry.number for entry in ranked] == [5, 6, 4, 1, 2, 3]
    for outcomes, reason in (
        ([], "MaxRuntimeExceeded: no training job ended within MaxRuntimeInSeconds = 5"),
        ([stopped], "MaxRuntimeExceeded: no training job ended within MaxRuntimeInSeconds = 5"),
        ([stopped, failed], "AlgorithmError: none of 2 training jobs completed; t2: bad: x"),
        ([failed, failed], "AlgorithmError: all 2 training jobs failed; t2: bad: x"),
        ([failed, silent], "ClientError: none of 2 training jobs wrote the objective metric loss to its log"),
    ):
        with pytest.raises(StepError) as error:
            best_first(outcomes, plan)
        assert str(error.value) == reason


def test_definitions_take_turns() -> None:
    def definition(name: str, *values: str) -> dict[str, Any]:
        ranges = {"CategoricalParameterRanges": [{"Name": "n", "Values": list(values)}]}
        return {"DefinitionName": name, "TuningObjective": LOSS, "HyperParameterRanges": ranges}

    given = arguments()
    given["TrainingJobDefinition"] = None
    given["TrainingJobDefinitions"] = [definition("a", "1"), definition("b", "1", "2", "3"), definition("c", "1", "2")]
    plan = read_plan(given)
    launcher: Any = Objectives(*[1.0] * 6)
    outcomes = Tuner(plan, launcher, StopSign(None)).run()
    assert [outcome.recipe.name for outcome in outcomes] == ["a", "b", "c", "b", "c", "b"]


def test_a_summary_has_the_shape_of_the_api() -> None:
    recipe = read_plan(arguments()).recipes[0]
    proposal: Any = SimpleNamespace(values={"opt": "adam"})
    good = Outcome(1, "t1", recipe, proposal, "Completed", 0.5, "", "b", "e", 1.0).summary("job")
    bad = Outcome(2, "t2", recipe, proposal, "Failed", None, "AlgorithmError: x", "b", "e", 1.0).summary("job")
    metric = {"MetricName": "loss", "Type": "Minimize", "Value": 0.5}
    assert good["FinalHyperParameterTuningJobObjectiveMetric"] == metric
    assert good["TrainingJobArn"].endswith(":training-job/t1")
    assert (good["ObjectiveStatus"], bad["ObjectiveStatus"]) == ("Succeeded", "Failed")
    assert bad["FailureReason"] == "AlgorithmError: x"
    assert "FinalHyperParameterTuningJobObjectiveMetric" not in bad
    shape: Any = botocore.session.get_session().get_service_model("sagemaker").shape_for("HyperParameterTrainingJobSummary")
    assert {*good, *bad} <= set(shape.members)
    assert set(shape.required_members) <= set(bad)
