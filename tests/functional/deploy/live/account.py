"""An account in which nothing is missing, and pipelines that are at peace with it."""

from __future__ import annotations

import functools
import json
import os
from typing import Any

import boto3
from botocore.config import Config

from framework.deploy.clients import Clients
from framework.deploy.live import LiveViolation, check_live, live_clients
from framework.deploy.permissions_check import asks
from framework.pipeline.compiled import CompiledPipeline
from tests.functional.deploy.live.quotas import Quotas
from tests.functional.deploy.live.simulated import Simulated

REGION, ACCOUNT = "eu-west-1", "123456789012"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/pipelines"
HOST = f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com"
IMAGE = f"{HOST}/churn:1"
TRUST = {"Statement": {"Effect": "Allow", "Principal": {"Service": "sagemaker.amazonaws.com"}, "Action": "sts:AssumeRole"}}
MANIFEST = json.dumps(
    {
        "schemaVersion": 2,
        "mediaType": "application/vnd.docker.distribution.manifest.v2+json",
        "config": {"digest": "sha256:0f"},
    }
)
TRAINING, PROCESSING = "ml.m5.xlarge for training job usage", "ml.m5.xlarge for processing job usage"
S3_OUTPUT = ("Arguments", "OutputDataConfig", "S3OutputPath")
S3_INPUT = ("Arguments", "InputDataConfig", 0, "DataSource", "S3DataSource", "S3Uri")


def training(name: str = "fit", **arguments: Any) -> dict[str, Any]:
    """A Training step that is at peace with the account of `account`; keywords replace its arguments."""
    usual = {
        "RoleArn": ROLE,
        "AlgorithmSpecification": {"TrainingImage": IMAGE, "TrainingInputMode": "File"},
        "InputDataConfig": [channel("s3://lake/raw/train")],
        "OutputDataConfig": {"S3OutputPath": "s3://models/out"},
        "ResourceConfig": {"InstanceType": "ml.m5.xlarge", "InstanceCount": 1, "VolumeSizeInGB": 10},
        "StoppingCondition": {"MaxRuntimeInSeconds": 60},
    }
    return {"Name": name, "Type": "Training", "Arguments": {**usual, **arguments}}


def channel(uri: Any, kind: str = "S3Prefix") -> dict[str, Any]:
    return {"ChannelName": "train", "DataSource": {"S3DataSource": {"S3DataType": kind, "S3Uri": uri}}}


def pipeline(*steps: dict[str, Any], **members: Any) -> CompiledPipeline:
    definition = {"Version": "2020-12-01", "Parameters": members.pop("parameters", []), "Steps": list(steps)}
    return CompiledPipeline("churn", definition, **{"role": ROLE, "bucket": "models", "region": REGION, **members})


def furnish(cloud: Any) -> None:
    """Put into an empty account what `training` needs."""
    cloud.client("iam").create_role(RoleName="pipelines", AssumeRolePolicyDocument=json.dumps(TRUST))
    cloud.always("SimulatePrincipalPolicy", Simulated({"Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}))
    s3 = cloud.client("s3")
    s3.create_bucket(Bucket="lake", CreateBucketConfiguration={"LocationConstraint": REGION})
    s3.put_object(Bucket="lake", Key="raw/train/part-0.csv", Body=b"1")
    encrypt(cloud, "models", "AES256")
    ecr = cloud.client("ecr")
    ecr.create_repository(repositoryName="churn")
    ecr.put_image(repositoryName="churn", imageManifest=MANIFEST, imageTag="1")
    serve(cloud, Quotas({TRAINING: 4, PROCESSING: 4}))


def network(cloud: Any) -> dict[str, list[str]]:
    ec2 = cloud.client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.1.0/24")["Subnet"]["SubnetId"]
    group = ec2.create_security_group(VpcId=vpc, GroupName="jobs", Description="jobs")["GroupId"]
    return {"Subnets": [subnet], "SecurityGroupIds": [group]}


def key(cloud: Any, **members: Any) -> str:
    return cloud.client("kms").create_key(**members)["KeyMetadata"]["Arn"]


def encrypt(cloud: Any, bucket: str, algorithm: str) -> None:
    rules = {"Rules": [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": algorithm}}]}
    cloud.client("s3").put_bucket_encryption(Bucket=bucket, ServerSideEncryptionConfiguration=rules)


def serve(cloud: Any, quotas: Quotas) -> None:
    for operation in quotas.lists:
        cloud.always(operation, quotas)


def elsewhere(cloud: Any, service: str, region: str) -> Any:
    session = boto3.Session("dummy-access-key", "dummy-secret-key", region_name=region)
    return session.client(service, endpoint_url=cloud.moto, config=Config(s3={"addressing_style": "path"}))


def check(*steps: dict[str, Any], clients: Clients | None = None, **members: Any) -> list[str]:
    """What is found, each as a line. Clients take long to make: a test that changes what they are made of makes its own."""
    clients = clients or usual_clients(os.environ["AWS_ENDPOINT_URL"])
    return [line(violation) for violation in check_live(pipeline(*steps, **members), clients, [asks])]


@functools.cache
def usual_clients(endpoint: str) -> Clients:
    return live_clients(REGION)


def line(violation: LiveViolation) -> str:
    path = ".".join(map(str, violation.path)) or "-"
    return f"{path} {violation.rule} {violation.severity}: {violation.message}. Try: {violation.hint}."


def at(step: int, *path: str | int) -> str:
    return ".".join(map(str, ("Steps", step, *path)))
