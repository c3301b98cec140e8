"""The check of Arguments against definitions that work, made by the SageMaker SDK (2.257.7, 3.27.0) and the original framework.

None of them may yield a violation; one single mistake put into one of them yields exactly that one.
"""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from framework.checks.service_model import check_arguments

DEFINITIONS = Path(__file__).parent / "definitions"
FILES = sorted(path.relative_to(DEFINITIONS).as_posix() for path in DEFINITIONS.glob("*/*.json"))
Key = str | int
Edit = Callable[[Any, Key], tuple[Key, ...]]  # puts a mistake in; where it is to be reported, from its owner


def read(file: str) -> dict[str, Any]:
    return json.loads((DEFINITIONS / file).read_text())


@pytest.mark.parametrize("file", FILES)
def test_a_definition_that_works_yields_nothing(file: str) -> None:
    assert check_arguments(read(file)) == []


def test_every_origin_is_here() -> None:
    assert {origin: sum(file.startswith(origin) for file in FILES) for origin in ("original/", "sdk-v2/", "sdk-v3/")} == {
        "original/": 4,
        "sdk-v2/": 16,
        "sdk-v3/": 16,
    }


def put(value: Any) -> Edit:
    def edit(owner: Any, key: Key) -> tuple[Key, ...]:
        owner[key] = value
        return (key,)

    return edit


def repeat(count: int) -> Edit:
    return lambda owner, key: put([owner[key][0]] * count)(owner, key)


def rename(name: str) -> Edit:
    return lambda owner, key: put(owner.pop(key))(owner, name)


def drop(owner: Any, key: Key) -> tuple[Key, ...]:
    del owner[key]
    return ()


UNIT, V3, CONDITION = "sdk-v2/c01_unit.json", "sdk-v3/c01_unit.json", "sdk-v2/c02_condition.json"
PREPROCESS, TRAIN, MODEL, TRANSFORM, REGISTER = ([at] for at in (0, 1, 2, 3, 5))
CLUSTER = "ProcessingResources.ClusterConfig"

# the file, the step, the member (dots between, from Arguments), the mistake made there; the rule, a part of the hint
MISTAKES: list[tuple[str, list[Key], str, Edit, str, str]] = [
    (UNIT, PREPROCESS, f"{CLUSTER}.InstanceType", rename("InstanceTyp"), "SMP401", "use InstanceType"),
    (UNIT, PREPROCESS, "Environment", rename("Enviroment"), "SMP401", "use Environment"),
    (UNIT, PREPROCESS, "ProcessingInputs.1.S3Input.LocalPath", rename("localPath"), "SMP401", "use LocalPath"),
    (UNIT, TRAIN, "StoppingCondition.MaxRuntimeInSeconds", rename("MaxRuntime"), "SMP401", "use MaxRuntimeInSeconds"),
    (UNIT, REGISTER, "CertifyForMarketplace", put(True), "SMP401", "leave it out"),
    (CONDITION, [5, "IfSteps", 0], "ModelApprovalStatus", rename("ApprovalStatus"), "SMP401", "use ModelApprovalStatus"),
    (UNIT, PREPROCESS, f"{CLUSTER}.InstanceCount", put("1"), "SMP402", "write 1 without quotes"),
    (UNIT, PREPROCESS, "NetworkConfig.EnableNetworkIsolation", put("false"), "SMP402", "write false without quotes"),
    (UNIT, TRAIN, "HyperParameters.epochs", put(10), "SMP402", "write a string of at most 2500 characters"),
    (UNIT, TRAIN, "ResourceConfig.InstanceCount", put(True), "SMP402", "write a whole number"),
    (UNIT, PREPROCESS, "AppSpecification.ContainerArguments", put("--split"), "SMP402", "write a list of 1 to 100 elements"),
    (UNIT, MODEL, "PrimaryContainer.Environment", put([]), "SMP402", "write a mapping"),
    (UNIT, TRANSFORM, "MaxPayloadInMB", put(6.5), "SMP402", "write a whole number"),
    (UNIT, TRAIN, "VpcConfig", put(None), "SMP402", "leave it out"),
    (UNIT, PREPROCESS, "RoleArn", drop, "SMP403", "add RoleArn, a string of 20 to 2048 characters"),
    (V3, TRAIN, "OutputDataConfig", drop, "SMP403", "add OutputDataConfig, a mapping with S3OutputPath"),
    (UNIT, PREPROCESS, f"{CLUSTER}.VolumeSizeInGB", drop, "SMP403", "add VolumeSizeInGB, a whole number from 1 to 16384"),
    (UNIT, TRAIN, "InputDataConfig.0.ChannelName", drop, "SMP403", "add ChannelName"),
    (UNIT, TRANSFORM, "ModelName", drop, "SMP403", "add ModelName"),
    ("sdk-v3/c10_endpoint.json", [1], "EndpointName", drop, "SMP403", "add EndpointName"),
    ("sdk-v2/c04_tuning.json", [0], "HyperParameterTuningJobConfig.Strategy", drop, "SMP403", "add Strategy, one of "),
    (UNIT, PREPROCESS, f"{CLUSTER}.InstanceType", put("ml.m5.xlage"), "SMP404", "use ml.m5.xlarge"),
    (UNIT, TRAIN, "AlgorithmSpecification.TrainingInputMode", put("file"), "SMP404", "use File (legal: "),
    (UNIT, REGISTER, "InferenceSpecification.SupportedTransformInstanceTypes.0", put("m5.xlarge"), "SMP404", "use ml.m5.xlarge"),
    ("sdk-v2/c04_automl.json", [0], "AutoMLJobConfig.Mode", put("ENSEMBLE"), "SMP404", "use ENSEMBLING"),
    (UNIT, PREPROCESS, "RoleArn", put("SageMakerExecutionRole"), "SMP405", "arn:aws"),
    (UNIT, PREPROCESS, "ProcessingInputs.0.S3Input.S3Uri", put("oracle-bucket/data/raw"), "SMP405", "(https|s3)://"),
    (UNIT, TRAIN, "Environment.1ST", put("x"), "SMP405", "[a-zA-Z_][a-zA-Z0-9_]*"),
    (UNIT, TRAIN, "HyperParameters.name", put("two\nlines"), "SMP405", "write it without line breaks"),
    (UNIT, PREPROCESS, "Tags.0.Value", put("a,b"), "SMP405", "write it so that all of it matches"),
    (UNIT, PREPROCESS, f"{CLUSTER}.InstanceCount", put(-1), "SMP406", "write a whole number from 1 to 100"),
    (UNIT, PREPROCESS, "Environment.LOG_LEVEL", put("x" * 257), "SMP406", "write a string of at most 256 characters"),
    (UNIT, PREPROCESS, "ProcessingInputs", repeat(11), "SMP406", "write a list of at most 10 elements"),
    (UNIT, TRAIN, "InputDataConfig", repeat(21), "SMP406", "write a list of 1 to 20 elements"),
    (UNIT, TRAIN, "HyperParameters", put({f"p{n}": "1" for n in range(101)}), "SMP406", "write a mapping of at most 100 entries"),
    (UNIT, PREPROCESS, "Tags", repeat(51), "SMP406", "write a list of at most 50 elements"),
    ("sdk-v3/c06_new_v3_steps.json", [0, "ForEachBody", 0], f"{CLUSTER}.VolumeSizeInGB", put(0), "SMP406", "from 1 to 16384"),
    ("sdk-v2/c04_quality_clarify.json", [2], f"{CLUSTER}.InstanceCount", put(101), "SMP406", "from 1 to 100"),
]


def path_to(steps: list[Key], member: str) -> list[Key]:
    """The path of a member; `steps` is the step's index, or the index of an outer step, a branch of it, an index there, …"""
    path: list[Key] = ["Steps"]
    for part in steps:
        path += [part, "Arguments"] if isinstance(part, int) else [part]
    return path + [int(part) if part.isdigit() else part for part in member.split(".")]


@pytest.mark.parametrize(("file", "steps", "member", "mistake", "rule", "hint"), MISTAKES)
def test_one_mistake_yields_one_violation(file: str, steps: list[Key], member: str, mistake: Edit, rule: str, hint: str) -> None:
    definition = read(file)
    *way, key = path_to(steps, member)
    owner: Any = definition
    for part in way:
        owner = owner[part]
    tail = mistake(owner, key)
    (found,) = check_arguments(definition)
    assert (found.rule, found.path) == (rule, (*way, *tail))
    assert hint in found.hint


def test_the_sentences_about_a_wrong_instance_type() -> None:
    definition = read(UNIT)
    definition["Steps"][0]["Arguments"]["ProcessingResources"]["ClusterConfig"]["InstanceType"] = "ml.m5.xlage"
    (found,) = check_arguments(definition)
    assert found.message == 'InstanceType is "ml.m5.xlage", which is no value of ProcessingInstanceType'
    assert found.hint == "use ml.m5.xlarge; a value newer than the installed boto3 needs a newer boto3"


def test_no_sdk_is_imported() -> None:
    program = (
        "import json, sys; from framework.checks.service_model import check_arguments;"
        "found = check_arguments(json.load(open(sys.argv[1])));"
        "print(found, sorted({'boto3', 'botocore', 'sagemaker'} & {name.partition('.')[0] for name in sys.modules}))"
    )
    command = [sys.executable, "-c", program, str(DEFINITIONS / UNIT)]
    root = Path(__file__).parents[2]
    run = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    assert (run.stdout, run.stderr) == ("[] []\n", "")
