"""The demand on instances: what each kind of step takes, and what can be wanted at once. Runs are played in tests/property."""

from __future__ import annotations

import time
from typing import Any

import pytest

from framework.deploy.live.demand import Share, demands

M5 = "ml.m5.xlarge"
TYPE = {"Get": "Parameters.Type"}
COUNT = {"Get": "Parameters.Count"}
PARAMETERS = [{"Name": "Type", "Type": "String", "DefaultValue": M5}, {"Name": "Count", "Type": "Integer", "DefaultValue": 3}]


def step(name: str, kind: str = "Training", after: Any = (), **arguments: Any) -> dict[str, Any]:
    return {"Name": name, "Type": kind, "Arguments": arguments, "DependsOn": list(after)}


def training(name: str, count: Any = 1, instance: Any = M5, after: Any = (), **arguments: Any) -> dict[str, Any]:
    return step(name, after=after, ResourceConfig={"InstanceType": instance, "InstanceCount": count}, **arguments)


def most(*steps: dict[str, Any], parallelism: int | None = None, parameters: Any = PARAMETERS) -> dict[str, int]:
    definition = {"Parameters": parameters, "Steps": list(steps)}
    return {demand.quota: demand.most for demand in demands(definition, parallelism)}


def processing(kind: str = "Processing") -> dict[str, Any]:
    return step("a", kind, ProcessingResources={"ClusterConfig": {"InstanceType": M5, "InstanceCount": 2}})


GROUPS = [{"InstanceType": "ml.c5.xlarge", "InstanceCount": 4}, {"InstanceType": M5, "InstanceCount": 1}]
SPOT = {"EnableManagedSpotTraining": True}


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (processing(), {f"{M5} for processing job usage": 2}),
        (processing("QualityCheck"), {f"{M5} for processing job usage": 2}),
        (processing("ClarifyCheck"), {f"{M5} for processing job usage": 2}),
        (step("a", "Transform", TransformResources={"InstanceType": M5, "InstanceCount": 2}), {f"{M5} for transform job usage": 2}),
        (training("a", 2), {f"{M5} for training job usage": 2}),
        (training("a", 2, **SPOT), {f"{M5} for spot training job usage": 2}),
        (
            step("a", ResourceConfig={"InstanceType": M5, "InstanceCount": 2, "KeepAlivePeriodInSeconds": 60}),
            {f"{M5} for training job usage": 2, f"{M5} for training warm pool usage": 2},
        ),
        (
            step("a", ResourceConfig={"InstanceGroups": GROUPS}),
            {"ml.c5.xlarge for training job usage": 4, f"{M5} for training job usage": 1},
        ),
        (training("a", COUNT, TYPE), {f"{M5} for training job usage": 3}),
        (training("a", {"Get": "Steps.x.y"}), {f"{M5} for training job usage": 1}),
        (training("a", 1, {"Get": "Parameters.Nothing"}), {}),
        (training("a", 1, {"Get": "ForEach.CurrentItem"}), {}),
        (step("a", "Model", InstanceType=M5), {}),
        (step("a"), {}),
    ],
)
def test_what_a_step_takes(given, expected):
    assert most(given) == expected


def test_a_search_takes_its_parallel_jobs():
    limits = {"HyperParameterTuningJobConfig": {"ResourceLimits": {"MaxParallelTrainingJobs": 5, "MaxNumberOfTrainingJobs": 20}}}
    small = {"ResourceConfig": {"InstanceType": M5, "InstanceCount": 2}}
    large = {"ResourceConfig": {"InstanceType": M5, "InstanceCount": 3}}
    flexible = {"HyperParameterTuningResourceConfig": {"InstanceType": "ml.c5.xlarge", "InstanceCount": 1}}

    assert most(step("a", "Tuning", TrainingJobDefinition=small, **limits)) == {f"{M5} for training job usage": 10}
    assert most(step("a", "Tuning", TrainingJobDefinitions=[small, large, flexible], **limits)) == {
        "ml.c5.xlarge for training job usage": 5,
        f"{M5} for training job usage": 15,
    }
    assert most(step("a", "Tuning", TrainingJobDefinition={**small, **SPOT}, **limits)) == {f"{M5} for spot training job usage": 10}


def endpoint(name: str, count: int, after: Any = ()) -> list[dict[str, Any]]:
    variants = [{"InstanceType": M5, "InitialInstanceCount": count}]
    config = step(f"{name}-config", "EndpointConfig", after, EndpointConfigName=f"{name}-1", ProductionVariants=variants)
    return [config, step(name, "Endpoint", EndpointConfigName={"Get": f"Steps.{name}-config.EndpointConfigName"})]


def test_endpoints_stay():
    condition = step("if", "Condition", IfSteps=endpoint("c", 4), ElseSteps=endpoint("d", 3))

    assert most(*endpoint("a", 1), *endpoint("b", 2, after=["a"]), parallelism=1) == {f"{M5} for endpoint usage": 3}
    assert most(*endpoint("a", 1), condition) == {f"{M5} for endpoint usage": 5}


def test_a_configuration_without_an_endpoint_takes_nothing():
    [config, _] = endpoint("a", 1)

    assert most(config) == {}
    assert most(config, step("b", "Endpoint", EndpointConfigName="a-1")) == {f"{M5} for endpoint usage": 1}
    assert most(config, step("b", "Endpoint", EndpointConfigName="another")) == {}


@pytest.mark.parametrize(
    ("steps", "parallelism", "expected"),
    [
        ([training("a"), training("b")], None, 2),
        ([training("a"), training("b", after=["a"])], None, 1),
        ([training("a"), training("b", after=[{"Step": "a", "Trigger": "Failed"}])], None, 1),
        ([training("a"), training("b", Environment={"X": {"Std:Join": {"On": "", "Values": [{"Get": "Steps.a.X"}]}}})], None, 1),
        ([training("a"), training("b", Environment={"X": {"Std:JsonGet": {"PropertyFile": {"Get": "Steps.a.P.x"}}}})], None, 1),
        ([training("a"), step("m", "Model", after=["a"]), training("b", after=["m"])], None, 1),
        ([training("a", 2), training("b", 3), training("c", 4)], 2, 7),
        ([training("a", 9), training("b", 5, after=["a"]), training("c", 5, after=["a"])], None, 10),
        ([training("a", 9), training("b", 5, after=["a"]), training("c", 5, after=["a"])], 1, 9),
        ([step("if", "Condition", IfSteps=[training("a", 2)], ElseSteps=[training("b", 3)]), training("c")], None, 4),
        ([step("if", "Condition", IfSteps=[training("a"), training("b")], ElseSteps=[])], None, 2),
        ([training("z"), step("if", "Condition", after=["z"], IfSteps=[training("a", 2)], ElseSteps=[])], None, 2),
        ([step("l", "ForEach", MaxConcurrency=4, ForEachBody=[training("a"), training("b")])], None, 8),
        ([step("l", "ForEach", MaxConcurrency=4, IterableItems=[1, 2], ForEachBody=[training("a")])], None, 2),
        ([step("l", "ForEach", MaxConcurrency=4, ForEachBody=[training("a")]), training("b", 9, after=["l"])], None, 9),
        ([step("l", "ForEach", ForEachBody=[training("a")])], None, 1),
        ([training("a", after=["b"]), training("b", after=["a"])], None, 2),
        ([training("a", after=["nobody"])], None, 1),
    ],
)
def test_what_can_run_at_once(steps, parallelism, expected):
    assert most(*steps, parallelism=parallelism) == {f"{M5} for training job usage": expected}


def test_a_demand_says_who_wants_what():
    steps = [training("a", 2), training("b", 3, after=["a"]), step("l", "ForEach", MaxConcurrency=2, ForEachBody=[training("c")])]

    [demand] = demands({"Steps": steps})

    body = ("Steps", 2, "Arguments", "ForEachBody", 0)
    assert (demand.instance_type, demand.most, demand.at_once) == (M5, 5, ("b", "c"))
    assert demand.shares == tuple(
        Share(name, path, (*path, "Arguments", "ResourceConfig", "InstanceType"), count)
        for name, path, count in (("a", ("Steps", 0), 2), ("b", ("Steps", 1), 3), ("c", body, 1))
    )


def test_hundreds_of_steps_take_no_time():
    layers = [training(f"{n}", n % 7 + 1, after=[f"{n - 30 - n % 3}", f"{n - 35}"]) for n in range(600)]
    branches = [
        step(f"if{n}", "Condition", IfSteps=[training(f"a{n}", 2)], ElseSteps=[training(f"b{n}", 3)], after=["0"])
        for n in range(100)
    ]

    start = time.perf_counter()
    found = most(*layers, *branches)

    assert found[f"{M5} for training job usage"] > 300
    assert time.perf_counter() - start < 5  # a machine under load; it takes a fifth of a second
