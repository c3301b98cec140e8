"""What a definition asks for: each thing once, with all who need it; nothing that is known only later, or made by the pipeline."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import botocore.session
import pytest

from framework.deploy.live import questions as module
from framework.deploy.live.questions import Image, Network, Role, Stored, Use, to_ask
from framework.deploy.live.s3 import region_of
from framework.deploy.live.violations import LiveViolation, more, sorted_violations
from framework.pipeline.compiled import CompiledPipeline, Upload

ROLE = "arn:aws:iam::123456789012:role/service-role/jobs"
JOBS = Role(ROLE, "aws", "123456789012", "jobs", "sagemaker.amazonaws.com")
GET = {"Get": "Parameters.X"}


def step(name: str = "a", kind: str = "Training", **arguments: Any) -> dict[str, Any]:
    return {"Name": name, "Type": kind, "Arguments": arguments}


def asked(*steps: dict[str, Any], **members: Any) -> module.Questions:
    return to_ask(CompiledPipeline("churn", {"Steps": list(steps)}, **members))


def read(uri: Any, **members: Any) -> dict[str, Any]:
    return {"S3DataSource": {"S3Uri": uri, **members}}


def in_first(*path: str | int) -> Use:
    return Use(("Steps", 0, "Arguments", *path), ("Steps", 0))


def test_the_pipeline_itself_asks_for_its_role_its_bucket_and_its_key():
    found = asked(role=ROLE, bucket="models", kms_key="alias/models")

    assert (found.roles, found.buckets, found.keys) == ({JOBS: [Use()]}, {"models": [Use()]}, {"alias/models": [Use()]})


def test_what_is_not_given_is_not_asked_for():
    assert asked(step(RoleArn=GET, OutputDataConfig={"S3OutputPath": GET, "KmsKeyId": ""}), role="SMP_ROLE") == module.Questions()


def test_steps_in_branches_and_loops_ask_too():
    loop = step("loop", "ForEach", ForEachBody=[step("b", RoleArn=ROLE)])
    condition = step("if", "Condition", Conditions=[], IfSteps=[loop], ElseSteps=[step("c", RoleArn=ROLE)])

    [(role, uses)] = asked(step(RoleArn=ROLE), condition).roles.items()

    branches = ("Steps", 1, "Arguments")
    in_loop = (*branches, "IfSteps", 0, "Arguments", "ForEachBody", 0)
    in_else = (*branches, "ElseSteps", 0)
    assert role == JOBS
    assert uses == [
        in_first("RoleArn"),
        Use((*in_loop, "Arguments", "RoleArn"), in_loop),
        Use((*in_else, "Arguments", "RoleArn"), in_else),
    ]


def test_roles_of_other_services():
    emr = step("emr", "EMR", ExecutionRoleArn=ROLE)
    serverless = step("spark", "EMRServerless", ExecutionRoleArn=ROLE, JobConfig={"executionRoleArn": ROLE})
    function = step("function", "Lambda", RoleArn=ROLE, FunctionArn="x")

    assert list(asked(emr, serverless, function).roles) == [replace(JOBS, service="emr-serverless.amazonaws.com")]


def test_what_is_the_users_own_is_not_looked_into():
    own = {"RoleArn": ROLE, "ModelDataUrl": "s3://lake/model.tar.gz", "KmsKeyId": "alias/x"}

    assert asked(step(HyperParameters=own, Environment=own, Tags=[own])) == module.Questions()


@pytest.mark.parametrize(
    ("arguments", "stored"),
    [
        ({"DataSource": read("s3://lake/raw")}, [Stored("s3://lake/raw")]),
        ({"DataSource": read("s3://lake/raw", S3DataType="S3Prefix")}, [Stored("s3://lake/raw")]),
        ({"DataSource": read("s3://lake/list", S3DataType="ManifestFile")}, [Stored("s3://lake/list", exact=True)]),
        ({"DataSource": read("s3://lake/list", S3DataType="AugmentedManifestFile")}, [Stored("s3://lake/list", exact=True)]),
        ({"ProcessingInputs": [{"S3Input": {"S3Uri": "s3://lake/raw"}}]}, [Stored("s3://lake/raw")]),
        ({"PrimaryContainer": {"ModelDataUrl": "s3://lake/m.tar.gz"}}, [Stored("s3://lake/m.tar.gz", exact=True)]),
        ({"PrimaryContainer": {"ModelDataUrl": "s3://lake/m", "Mode": "MultiModel"}}, [Stored("s3://lake/m")]),
        ({"DataSource": read({"Std:Join": {"On": "/", "Values": ["s3:/", "lake", "raw"]}})}, [Stored("s3://lake/raw")]),
        ({"DataSource": read({"Std:Join": {"On": "/", "Values": ["s3://lake", GET]}})}, []),
        ({"DataSource": read(GET)}, []),
        ({"DataSource": read("https://host/raw")}, []),
        ({"DataSource": read("s3://arn:aws:s3:eu-west-1:123456789012:accesspoint/x/raw")}, []),
        ({"ModelMetrics": {"ModelQuality": {"Statistics": {"S3Uri": "s3://lake/metrics.json"}}}}, []),
    ],
)
def test_what_is_read(arguments, stored):
    assert list(asked(step(**arguments)).stored) == stored


def test_the_baselines_of_a_check_step_stand_beside_its_arguments():
    check = {**step(kind="QualityCheck"), "SuppliedBaselineStatistics": "s3://lake/statistics.json", "CheckType": "DATA_QUALITY"}

    use = Use(("Steps", 0, "SuppliedBaselineStatistics"), ("Steps", 0))
    assert asked(check).stored == {Stored("s3://lake/statistics.json", exact=True): [use]}


@pytest.mark.parametrize(
    ("uri", "bucket"),
    [
        ("s3://models/out", ["models"]),
        ("s3://models", ["models"]),
        ({"Std:Join": {"On": "/", "Values": ["s3:/", "models", GET]}}, ["models"]),
        ({"Std:Join": {"On": "", "Values": ["s3://models/", GET]}}, ["models"]),
        ({"Std:Join": {"On": "", "Values": ["s3://models", GET]}}, []),
        ({"Std:Join": {"On": "/", "Values": ["s3:/", GET, "out"]}}, []),
        (GET, []),
    ],
)
def test_the_buckets_that_are_written_to(uri, bucket):
    assert list(asked(step(OutputDataConfig={"S3OutputPath": uri})).buckets) == bucket
    assert list(asked(step(CheckpointConfig={"S3Uri": uri})).buckets) == bucket


@pytest.mark.parametrize(
    ("uri", "there"),
    [
        ("s3://models/code/0f/run.sh", True),
        ("s3://models/code/0f", True),
        ("s3://models/code/0f/", True),
        ("s3://models/code/0f/other.sh", False),
        ("s3://models/code/0", False),
        ("s3://models/out", True),
        ("s3://models/out/", True),
        ("s3://models/out/fit/model.tar.gz", True),
        ("s3://models/outer", False),
        ("s3://models", True),
    ],
)
def test_what_is_uploaded_or_written_will_be_there(uri, there):
    upload = Upload("s3://models/code/0f/run.sh", "0f", b"")
    steps = [step("b", DataSource=read(uri)), step(OutputDataConfig={"S3OutputPath": "s3://models/out/"})]

    assert (not asked(*steps, uploads=(upload,)).stored) is there


HOST = "123456789012.dkr.ecr.eu-west-1.amazonaws.com"
DIGEST = "sha256:" + "0f" * 32


@pytest.mark.parametrize(
    ("uri", "image"),
    [
        (f"{HOST}/churn", Image(f"{HOST}/churn", "123456789012", "eu-west-1", "churn")),
        (f"{HOST}/team/churn:1.0", Image(f"{HOST}/team/churn:1.0", "123456789012", "eu-west-1", "team/churn", "1.0")),
        (f"{HOST}/churn@{DIGEST}", Image(f"{HOST}/churn@{DIGEST}", "123456789012", "eu-west-1", "churn", None, DIGEST)),
        (f"{HOST}/churn:1@{DIGEST}", Image(f"{HOST}/churn:1@{DIGEST}", "123456789012", "eu-west-1", "churn", "1", DIGEST)),
        (
            "123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn/churn:1",
            Image("123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn/churn:1", "123456789012", "cn-north-1", "churn", "1"),
        ),
        ("docker.io/library/python:3", None),
        (f"{HOST}/churn@sha256:0f", None),
        ({"Std:Join": {"On": ":", "Values": [f"{HOST}/churn", GET]}}, None),
    ],
)
def test_images(uri, image):
    expected = {image: [in_first("AlgorithmSpecification", "TrainingImage")]} if image else {}
    assert asked(step(AlgorithmSpecification={"TrainingImage": uri})).images == expected


def test_the_same_network_in_another_order_is_the_same():
    one = {"Subnets": ["subnet-b", "subnet-a", GET], "SecurityGroupIds": ["sg-a"]}
    other = {"Subnets": ["subnet-a", "subnet-b"], "SecurityGroupIds": ["sg-a"]}

    found = asked(step(VpcConfig=one), step("b", NetworkConfig={"VpcConfig": other}), step("c", VpcConfig=GET)).networks

    assert {network: len(uses) for network, uses in found.items()} == {Network(("subnet-a", "subnet-b"), ("sg-a",)): 2}


def test_who_reads_what_a_step_before_may_have_written():
    waiting = {**step("b"), "DependsOn": ["spark"]}
    referring = step("c", Environment={"X": {"Get": "Steps.b.Y"}})

    assert asked(step("a"), step("spark", "EMR"), waiting, referring).fed == {("Steps", 2), ("Steps", 3)}


OPERATIONS = (
    "CreateAutoMLJobV2", "CreateAutoMLJob", "CreateEndpointConfig", "CreateHyperParameterTuningJob", "CreateInferenceComponent",
    "CreateModel", "CreateModelPackage", "CreateProcessingJob", "CreateTrainingJob", "CreateTransformJob",
)  # fmt: skip


def test_the_members_that_are_looked_at_are_those_of_the_api():
    model = botocore.session.get_session().get_service_model("sagemaker")
    there = {name for operation in OPERATIONS for name in _names(model.operation_model(operation).input_shape, frozenset())}
    of_check_steps = {"SuppliedBaselineConstraints", "SuppliedBaselineStatistics"}

    looked_at = {*module.ROLES, *module.READ, *module.READ_OBJECTS, *module.WRITTEN, *module.WRITTEN_URIS, "VpcConfig"}

    assert looked_at - of_check_steps <= there


def _names(shape: Any, seen: frozenset[str]) -> Iterator[str]:
    if shape.type_name == "list":
        yield from _names(shape.member, seen)
    elif shape.type_name == "structure" and shape.name not in seen:
        for name, member in shape.members.items():
            yield name
            yield from _names(member, seen | {shape.name})


@pytest.mark.parametrize(
    ("location", "region"),
    [(None, "us-east-1"), ("", "us-east-1"), ("EU", "eu-west-1"), ("eu-west-1", "eu-west-1")],
)
def test_what_a_location_of_a_bucket_means(location, region):
    assert region_of(location) == region


@pytest.mark.parametrize(
    ("uses", "said"),
    [
        ([Use()], ""),
        ([in_first("a")], ""),
        ([in_first("a"), in_first("b")], ""),
        ([in_first("a"), Use(("x",), ("Steps", 1))], "; 1 more step uses it"),
        ([in_first("a"), *(Use(("x",), ("Steps", n)) for n in (1, 2, 2, 3))], "; 3 more steps use it"),
        ([Use(), in_first("a")], "; 1 step uses it too"),
        ([Use(), in_first("a"), Use(("x",), ("Steps", 1))], "; 2 steps use it too"),
    ],
)
def test_how_many_others_are_named(uses, said):
    assert more(uses) == said


def test_violations_stand_in_the_order_of_their_paths_each_once():
    paths = [("Steps", 10), ("Steps", 2, "Arguments"), (), ("Steps", 2, 0), ("Steps", 2)]
    violations = [LiveViolation("SMP901", path, "x") for path in paths]

    found = sorted_violations([*violations, *violations])

    assert [each.path for each in found] == [(), ("Steps", 2), ("Steps", 2, 0), ("Steps", 2, "Arguments"), ("Steps", 10)]
