"""Step caching as the service does it: for a step type, what may change and a step is reused all the same, and what may not.

Each row runs twice for real, the second time with a change. The attributes of every type stand in tests/unit/local/test_caching.py;
the pages of the developer guide are "pipelines-default-keys" for what counts and "pipelines-caching" for the rest.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from framework.errors import BackendError
from framework.local.backend import LocalBackend
from framework.local.isolation import choose_runner
from framework.pipeline.compiled import CompiledPipeline, LocalSettings
from framework.pipeline.execution import Execution

Step = dict[str, Any]
TRAIN = {
    "TrainingImage": "image",
    "ContainerEntrypoint": ["/bin/sh", "-c", "echo 1 > /opt/ml/model/m; echo loss=1"],
    "MetricDefinitions": [{"Name": "loss", "Regex": "loss=([0-9]+)"}],
}
OBJECTIVE = {"Type": "Minimize", "MetricName": "loss"}
RANGES = {"IntegerParameterRanges": [{"Name": "n", "MinValue": "1", "MaxValue": "2"}]}
STEPS: dict[str, Step] = {
    "Processing": {
        "AppSpecification": {"ImageUri": "image", "ContainerEntrypoint": ["/bin/sh", "-c", "echo 1 > /opt/ml/processing/o/x"]},
        "Environment": {"X": "1"},
        "ProcessingInputs": [{"InputName": "i", "S3Input": {"S3Uri": "s3://b/in", "LocalPath": "/opt/ml/processing/i"}}],
        "ProcessingOutputConfig": {
            "Outputs": [{"OutputName": "o", "S3Output": {"S3Uri": "s3://b/out", "LocalPath": "/opt/ml/processing/o"}}]
        },
    },
    "Training": {
        "AlgorithmSpecification": TRAIN,
        "HyperParameters": {"n": "1"},
        "OutputDataConfig": {"S3OutputPath": "s3://b/m"},
        "StoppingCondition": {"MaxRuntimeInSeconds": 60},
    },
    "Tuning": {
        "HyperParameterTuningJobConfig": {
            "Strategy": "Random",
            "ResourceLimits": {"MaxNumberOfTrainingJobs": 1, "MaxParallelTrainingJobs": 1},
            "HyperParameterTuningJobObjective": OBJECTIVE,
            "ParameterRanges": RANGES,
        },
        "TrainingJobDefinition": {
            "AlgorithmSpecification": TRAIN,
            "StaticHyperParameters": {"m": "1"},
            "OutputDataConfig": {"S3OutputPath": "s3://b/t"},
        },
    },
    "Lambda": {"x": 1},
}


def at(*path: Any, to: Any) -> Callable[[Step], None]:
    """Sets a value somewhere in a step."""

    def change(step: Step) -> None:
        for part in path[:-1]:
            step = step[part]
        step[path[-1]] = to

    return change


ROWS: list[tuple[str, Callable[[Step], None], bool]] = [
    ("Processing", at("DisplayName", to="another"), True),
    ("Processing", at("CacheConfig", "ExpireAfter", to="PT1H"), True),
    ("Processing", at("Arguments", "ProcessingResources", to={"ClusterConfig": {"InstanceCount": 1}}), True),
    ("Processing", at("Arguments", "Tags", to=[{"Key": "a", "Value": "b"}]), True),
    ("Processing", at("Arguments", "Environment", "X", to="2"), False),
    ("Processing", at("Arguments", "AppSpecification", "ContainerArguments", to=["x"]), False),
    ("Processing", at("Arguments", "ProcessingInputs", 0, "InputName", to="j"), False),
    ("Processing", at("CacheConfig", "Enabled", to=False), False),
    ("Processing", at("Name", to="B"), False),
    ("Training", at("Arguments", "StoppingCondition", "MaxRuntimeInSeconds", to=50), True),
    ("Training", at("Arguments", "OutputDataConfig", "S3OutputPath", to="s3://b/other"), True),
    ("Training", at("Arguments", "HyperParameters", "n", to="2"), False),
    ("Training", at("Arguments", "Environment", to={"X": "1"}), False),
    ("Tuning", at("Arguments", "TrainingJobDefinition", "OutputDataConfig", "S3OutputPath", to="s3://b/other"), True),
    ("Tuning", at("Arguments", "TrainingJobDefinition", "StaticHyperParameters", "m", to="2"), False),
    ("Tuning", at("Arguments", "HyperParameterTuningJobConfig", "ResourceLimits", "MaxNumberOfTrainingJobs", to=2), False),
    ("Lambda", at("Description", to="another"), True),
    ("Lambda", at("Arguments", "x", to=2), False),
    ("Lambda", at("FunctionArn", to="arn:aws:lambda:eu-west-1:000000000000:function:g"), False),
]


@pytest.fixture
def backend(tmp_path: Path) -> LocalBackend:
    try:
        choose_runner(tmp_path / "probe")
    except BackendError as error:
        pytest.skip(str(error))
    (tmp_path / "in").mkdir()
    (tmp_path / "in/x").write_text("1")
    (tmp_path / "f.py").write_text("def handler(event, context):\n    return event\n")
    settings = LocalSettings(data=(("s3://b/in", str(tmp_path / "in")),), lambdas=(("*", f"{tmp_path}/f.py:handler"),))
    return LocalBackend(tmp_path / ".smp", settings=settings)


def step(kind: str) -> Step:
    function = {"FunctionArn": "arn:aws:lambda:eu-west-1:000000000000:function:f"} if kind == "Lambda" else {}
    cache = {"Enabled": True, "ExpireAfter": "P1D"}
    return {"Name": "A", "Type": kind, "Arguments": copy.deepcopy(STEPS[kind]), "CacheConfig": cache, **function}


def run(backend: LocalBackend, *steps: Step) -> Execution:
    done = backend.run(CompiledPipeline("pipe", {"Steps": list(steps)}), {})
    assert done.status == "Succeeded", done.description
    return done


@pytest.mark.parametrize(("kind", "change", "reused"), ROWS)
def test_what_counts(backend: LocalBackend, kind: str, change: Callable[[Step], None], reused: bool) -> None:
    first = run(backend, step(kind))
    changed = step(kind)
    change(changed)
    second = run(backend, changed)
    source = {"SourcePipelineExecutionArn": first.description["PipelineExecutionArn"]}
    assert second.steps[0].get("CacheHitResult") == (source if reused else None)
    if reused:
        assert second.steps[0]["Metadata"] == first.steps[0]["Metadata"]


def test_new_content_of_an_input_counts_beyond_the_service(backend: LocalBackend, tmp_path: Path) -> None:
    run(backend, step("Processing"))
    (tmp_path / "in/x").write_text("2")
    assert "CacheHitResult" not in run(backend, step("Processing")).steps[0]


def test_another_pipeline_reuses_nothing(backend: LocalBackend) -> None:
    run(backend, step("Processing"))
    other = backend.run(CompiledPipeline("other", {"Steps": [step("Processing")]}), {})
    assert "CacheHitResult" not in other.steps[0]
