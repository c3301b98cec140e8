"""Configurations like the four of the original framework, compiled, against the definitions that the original made of its own.

Whatever differs must be one of the differences listed here with its reason; each of these must be met. The projects are in
projects/<name>.yaml: written from the definitions, so that they say the same in the dialect; their scripts are empty.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

if TYPE_CHECKING:
    from tests.conftest import Project

HERE = Path(__file__).parent
NAMES = ("lgbm", "tf", "llm-text-summarization", "multi")
VARIABLES = {
    "SMP_ACCOUNTID": "123456789012",
    "SMP_REGION": "us-east-1",
    "SMP_S3BUCKETNAME": "my-bucket",
    "SMP_ROLE": "arn:aws:iam::123456789012:role/SageMakerRole",
    "SMP_MODEL_CONFIGPATH": "*/conf/conf.yaml",
    "SMP_SUBNETS": "subnet-0aaaaaaaaaaaaaaa0,subnet-0bbbbbbbbbbbbbbb0",
    "SMP_SECURITYGROUPS": "sg-0123456789abcdef0",
}
ABSENT = "absent"
VPC = {"SecurityGroupIds": ["sg-0123456789abcdef0"], "Subnets": VARIABLES["SMP_SUBNETS"].split(",")}
Test = Callable[[Any], bool]


def any_of(*values: Any) -> Test:
    return lambda value: value in values


def is_like(pattern: str) -> Test:
    return lambda value: isinstance(value, str) and re.fullmatch(pattern, value) is not None


def ends_like(*tail: Any) -> Test:
    """A Join of the s3:// URI of an output: bucket, pipeline, execution, step, "output", and `tail`."""

    def test(value: Any) -> bool:
        parts = value["Std:Join"]["Values"]
        head = ["s3:/", "my-bucket"]
        return bool(parts[:2] == head and parts[3] == {"Get": "Execution.PipelineExecutionId"} and parts[5:] == ["output", *tail])

    return test


@dataclass(frozen=True, eq=False)
class Difference:
    """Where a step may differ, what stands there in the original's definition and in ours, and why it is meant to."""

    reason: str
    step_type: str
    path: str
    theirs: Any
    ours: Any

    def covers(self, step_type: str, path: str, theirs: Any, ours: Any) -> bool:
        return (
            fnmatchcase(step_type, self.step_type)
            and fnmatchcase(path, self.path)
            and _fits(self.theirs, theirs)
            and _fits(self.ours, ours)
        )


def _fits(expected: Any, value: Any) -> bool:
    return bool(expected(value)) if callable(expected) else expected == value


def anything(value: Any) -> bool:
    return value != ABSENT


SHA = r"[0-9a-f]{64}"
DIFFERENCES = [
    Difference(
        "a key holds the digest of the archive's bytes; the original's that of paths and sources",
        "Processing", "Arguments.ProcessingInputs.*.S3Input.S3Uri",
        is_like(rf"s3://my-bucket/[\w-]+/code/{SHA}/(sourcedir.tar.gz|runproc.sh)"),
        is_like(rf"s3://my-bucket/[\w-]+/code/{SHA}/(sourcedir.tar.gz|runproc.sh)"),
    ),
    Difference(
        "the same, for the code of a training",
        "Training", "Arguments.HyperParameters.sagemaker_submit_directory",
        is_like(rf'"s3://my-bucket/[\w-]+/code/{SHA}/sourcedir.tar.gz"'),
        is_like(rf'"s3://my-bucket/[\w-]+/code/{SHA}/sourcedir.tar.gz"'),
    ),
    Difference(
        "a default of SDK 2 that SDK 3 no longer writes and the service fills in",
        "Processing", "Arguments.ProcessingInputs.*.AppManaged", False, ABSENT,
    ),
    Difference(
        "the same, for outputs",
        "Processing", "Arguments.ProcessingOutputConfig.Outputs.*.AppManaged", False, ABSENT,
    ),
    Difference("a default of SDK 2; the service's own is the same", "Training", "Arguments.ProfilerConfig", anything, ABSENT),
    Difference("a default of SDK 2 without any hook", "Training", "Arguments.DebugHookConfig", anything, ABSENT),
    Difference("empty members say nothing", "RegisterModel", "Arguments.ModelMetrics.Bias", {}, ABSENT),
    Difference("the same", "RegisterModel", "Arguments.ModelMetrics.Explainability", {}, ABSENT),
    Difference("the network reaches trainings too", "Training", "Arguments.VpcConfig", ABSENT, VPC),
    Difference("and so does encryption", "Training", "Arguments.EnableInterContainerTrafficEncryption", ABSENT, True),
    Difference(
        "an artifact lies below its pipeline, execution and step, like every other output",
        "Training", "Arguments.OutputDataConfig.S3OutputPath", "s3://my-bucket/", ends_like(),
    ),
    Difference(
        "so do predictions: executions do not overwrite each other's, and no bucket of the SDK's choice is needed",
        "Transform", "Arguments.TransformOutput.S3OutputPath",
        lambda value: value == "s3://my-bucket/lgbm/predictions/transform" or "sagemaker-us-east-1-123456789012" in str(value),
        ends_like(),
    ),
    Difference(
        "so do metrics: no two models share one path",
        "Processing", "Arguments.ProcessingOutputConfig.Outputs.0.S3Output.S3Uri",
        any_of("s3://my-bucket/lgbm/evaluation/", "s3://my-bucket/default-model-metrics-job-name/output/model_evaluation_metrics"),
        ends_like("model_evaluation_metrics"),
    ),
    Difference(
        "the report is a well-formed child of the metrics output of the same execution",
        "RegisterModel", "Arguments.ModelMetrics.ModelQuality.Statistics.S3Uri",
        is_like("s3://my-bucket/.*model_evaluation_metrics.json"),
        lambda value: value["Std:Join"]["On"] == "/" and value["Std:Join"]["Values"][1] == "model_evaluation_metrics.json"
        and value["Std:Join"]["Values"][0]["Get"].endswith(".Outputs['model_evaluation_metrics'].S3Output.S3Uri"),
    ),
    Difference(
        "each training channel has its own source; the original gives all the first one's",
        "Training", "Arguments.InputDataConfig.0.DataSource.S3DataSource.S3Uri", "s3://my-bucket/lightGBM/test",
        "s3://my-bucket/lightGBM/train",
    ),
    Difference(
        "a group is named after the pipeline where the configuration names none",
        "RegisterModel", "Arguments.ModelPackageGroupName", is_like("None-[a-z0-9-]+"), is_like("(?!None)[A-Za-z0-9-]+-[a-z0-9-]+"),
    ),
    Difference(
        "no description is better than one that asks for a description",
        "RegisterModel", "Arguments.ModelPackageDescription", is_like("Default Model Package Description.*"), ABSENT,
    ),
    Difference(
        "transform.entry_point as it is written; the toolkits take both forms",
        "Model", "Arguments.PrimaryContainer.Environment.SAGEMAKER_PROGRAM", "inference", "inference.py",
    ),
    Difference(
        "the same",
        "RegisterModel", "Arguments.InferenceSpecification.Containers.0.Environment.SAGEMAKER_PROGRAM", "inference", "inference.py",
    ),
    Difference("caching only where enable_cache asks for it", "*", "CacheConfig", {"Enabled": False, "ExpireAfter": "10d"}, ABSENT),
    Difference("an ISO 8601 duration, as documented", "*", "CacheConfig.ExpireAfter", "10d", "P10D"),
]  # fmt: skip


def original(name: str) -> list[dict[str, Any]]:
    """The original's steps, by the names that the configuration gives them: its SDK adds -CreateModel and -RegisterModel."""
    text = (HERE / f"definitions/original/{name}.json").read_text(encoding="utf-8")
    suffixed = [step["Name"] for step in json.loads(text)["Steps"] if step["Type"] in {"Model", "RegisterModel"}]
    for full in suffixed:
        text = re.sub(rf"\b{full}\b", re.sub("-(CreateModel|RegisterModel)$", "", full), text)
    return json.loads(text)["Steps"]


def compiled(project: Project, name: str) -> list[dict[str, Any]]:
    files = yaml.safe_load((HERE / f"projects/{name}.yaml").read_text(encoding="utf-8"))
    project.variables = VARIABLES
    project.save = lambda: None  # type: ignore[method-assign]
    project.write("env.env", "".join(f'export {key}="{value}"\n' for key, value in VARIABLES.items()))
    for path, content in files.items():
        project.write(path, content or "")
    outcome = project.compile()
    assert outcome.texts == []
    return [*outcome.steps.values()]


def differences(theirs: Any, ours: Any, path: str) -> Iterator[tuple[str, Any, Any]]:
    """The paths at which two values differ, as deep as both are containers of one kind. DependsOn is a set."""
    if path == "DependsOn" and ABSENT not in (theirs, ours):
        theirs, ours = sorted(theirs), sorted(ours)
    references = any(isinstance(side, dict) and set(side) & {"Get", "Std:Join"} for side in (theirs, ours))
    if isinstance(theirs, dict) and isinstance(ours, dict) and not references:
        for key in dict.fromkeys([*theirs, *ours]):
            yield from differences(theirs.get(key, ABSENT), ours.get(key, ABSENT), f"{path}.{key}" if path else key)
    elif isinstance(theirs, list) and isinstance(ours, list) and len(theirs) == len(ours):
        for index, (one, other) in enumerate(zip(theirs, ours, strict=True)):
            yield from differences(one, other, f"{path}.{index}")
    elif theirs != ours:
        yield path, theirs, ours


@dataclass(frozen=True)
class Found:
    """A place where a step of ours differs from the original's."""

    step: dict[str, Any]
    path: str
    theirs: Any
    ours: Any

    @property
    def reasons(self) -> list[Difference]:
        return [known for known in DIFFERENCES if known.covers(self.step["Type"], self.path, self.theirs, self.ours)]


@pytest.fixture(scope="module")
def projects(new_project: type[Project], tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[dict[str, Any]]]:
    return {name: compiled(new_project(tmp_path_factory.mktemp(name)), name) for name in NAMES}


@pytest.fixture(scope="module")
def found(projects: dict[str, list[dict[str, Any]]]) -> dict[str, list[Found]]:
    return {
        name: [
            Found(step, *where)
            for theirs, step in zip(original(name), steps, strict=True)
            for where in differences(theirs, step, "")
        ]
        for name, steps in projects.items()
    }


@pytest.mark.parametrize("name", NAMES)
def test_the_steps_are_those_of_the_original(name: str, projects: dict[str, list[dict[str, Any]]]) -> None:
    assert [(step["Name"], step["Type"]) for step in projects[name]] == [(step["Name"], step["Type"]) for step in original(name)]


@pytest.mark.parametrize("name", NAMES)
def test_they_differ_from_the_original_only_on_purpose(name: str, found: dict[str, list[Found]]) -> None:
    assert [(one.step["Name"], one.path, one.theirs, one.ours) for one in found[name] if len(one.reasons) != 1] == []


def test_every_listed_difference_is_met(found: dict[str, list[Found]]) -> None:
    met = {known for differing in found.values() for one in differing for known in one.reasons}
    assert [(known.reason, known.path) for known in DIFFERENCES if known not in met] == []
