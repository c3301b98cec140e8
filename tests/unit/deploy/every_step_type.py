"""A pipeline with a step of every type, each asking for all that a policy can be about."""

from __future__ import annotations

from typing import Any

from framework.pipeline.compiled import CompiledPipeline, EventRule, PackageGroup, PackageRequest, Schedule, Upload

ACCOUNT, REGION = "123456789012", "eu-west-1"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/pipelines"
OTHER = f"arn:aws:iam::{ACCOUNT}:role/others"
IMAGE = f"210987654321.dkr.ecr.{REGION}.amazonaws.com/team/churn:1"
KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/11111111-2222-3333-4444-555555555555"
CODE = "s3://models/churn/code/0123/sourcedir.tar.gz"


def get(target: str) -> dict[str, str]:
    return {"Get": target}


def joined(*values: Any) -> dict[str, Any]:
    return {"Std:Join": {"On": "/", "Values": list(values)}}


OUTPUT = joined("s3:/", "models", "churn", get("Execution.PipelineExecutionId"), "out")
VPC = {"Subnets": ["subnet-1"], "SecurityGroupIds": ["sg-1"]}


def processing(**more: Any) -> dict[str, Any]:
    return {
        "RoleArn": ROLE,
        "AppSpecification": {"ImageUri": IMAGE},
        "ProcessingInputs": [
            {"InputName": "code", "S3Input": {"S3Uri": CODE, "S3DataType": "S3Prefix"}},
            {"InputName": "raw", "S3Input": {"S3Uri": "s3://lake/raw/", "S3DataType": "S3Prefix"}},
            {"InputName": "list", "S3Input": {"S3Uri": "s3://lake/some.manifest", "S3DataType": "ManifestFile"}},
        ],
        "ProcessingOutputConfig": {"KmsKeyId": KEY, "Outputs": [{"OutputName": "out", "S3Output": {"S3Uri": OUTPUT}}]},
        "ProcessingResources": {"ClusterConfig": {"VolumeKmsKeyId": "alias/volumes"}},
        "NetworkConfig": {"VpcConfig": VPC},
        **more,
    }


TRAINING = {
    "RoleArn": ROLE,
    "AlgorithmSpecification": {"TrainingImage": IMAGE},
    "InputDataConfig": [
        {"DataSource": {"S3DataSource": {"S3Uri": get("Steps.Prep.ProcessingOutputConfig.Outputs['out'].S3Output.S3Uri")}}}
    ],
    "OutputDataConfig": {"S3OutputPath": "s3://models/trained"},
    "CheckpointConfig": {"S3Uri": "s3://models/checkpoints"},
}
STEPS: list[dict[str, Any]] = [
    {
        "Name": "Prep",
        "Type": "Processing",
        "Arguments": processing(ProcessingJobName="Risk"),
        "PropertyFiles": [{"PropertyFileName": "report", "OutputName": "out", "FilePath": "report.json"}],
    },
    {"Name": "Fit", "Type": "Training", "Arguments": TRAINING},
    {"Name": "Tune", "Type": "Tuning", "Arguments": {"TrainingJobDefinition": {**TRAINING, "CheckpointConfig": {}}}},
    {
        "Name": "Model",
        "Type": "Model",
        "Arguments": {
            "ExecutionRoleArn": ROLE,
            "PrimaryContainer": {"Image": IMAGE, "ModelDataUrl": get("Steps.Fit.ModelArtifacts.S3ModelArtifacts")},
        },
    },
    {
        "Name": "Registered",
        "Type": "Model",
        "Arguments": {"ExecutionRoleArn": ROLE, "PrimaryContainer": {"ModelPackageName": get("Parameters.Version")}},
    },
    {
        "Name": "Score",
        "Type": "Transform",
        "Arguments": {
            "ModelName": get("Steps.Model.ModelName"),
            "TransformInput": {"DataSource": {"S3DataSource": {"S3Uri": get("Parameters.New"), "S3DataType": "S3Prefix"}}},
            "TransformOutput": {"S3OutputPath": "s3://scores"},
        },
    },
    {
        "Name": "Quality",
        "Type": "QualityCheck",
        "ModelPackageGroupName": "Churn",
        "Arguments": processing(),
    },
    {
        "Name": "Clarify",
        "Type": "ClarifyCheck",
        "ModelPackageGroupName": "Churn",
        "ModelName": get("Steps.Model.ModelName"),
        "Arguments": processing(),
    },
    {"Name": "Register", "Type": "RegisterModel", "Arguments": {"ModelPackageGroupName": "Churn"}},
    {
        "Name": "Search",
        "Type": "AutoML",
        "Arguments": {"RoleArn": ROLE, "OutputDataConfig": {"S3OutputPath": "s3://models/automl"}},
    },
    {"Name": "Config", "Type": "EndpointConfig", "Arguments": {"ExecutionRoleArn": ROLE, "KmsKeyId": KEY}},
    {
        "Name": "Serve",
        "Type": "Endpoint",
        "Arguments": {"EndpointName": "Churn", "EndpointConfigName": get("Steps.Config.EndpointConfigName")},
    },
    {
        "Name": "Component",
        "Type": "InferenceComponent",
        "Arguments": {"InferenceComponentName": "small", "EndpointName": "Churn"},
    },
    {"Name": "Call", "Type": "Lambda", "FunctionArn": f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:tell", "Arguments": {}},
    {"Name": "Ask", "Type": "Callback", "SqsQueueUrl": f"https://sqs.{REGION}.amazonaws.com/{ACCOUNT}/asked", "Arguments": {}},
    {"Name": "Spark", "Type": "EMR", "Arguments": {"ClusterId": "j-1", "StepConfig": {}}},
    {
        "Name": "Cluster",
        "Type": "EMR",
        "Arguments": {"ClusterConfig": {"ServiceRole": "EMR_DefaultRole", "JobFlowRole": "EMR_EC2_DefaultRole"}},
    },
    {
        "Name": "Serverless",
        "Type": "EMRServerless",
        "Arguments": {"ExecutionRoleArn": OTHER, "ApplicationConfig": {"type": "SPARK"}},
    },
    {
        "Name": "Lineage",
        "Type": "Lineage",
        "Arguments": {
            "Actions": [{"ActionName": "Approve"}],
            "Artifacts": [{"ArtifactName": "data"}],
            "Contexts": [{"ContextName": "team"}],
            "Associations": [{}],
        },
    },
    {
        "Name": "Gate",
        "Type": "Condition",
        "Arguments": {
            "Conditions": [{"LeftValue": {"Std:JsonGet": {"PropertyFile": get("Steps.Prep.PropertyFiles.report"), "Path": "f1"}}}],
            "IfSteps": [{"Name": "Tidy", "Type": "Cleanup", "Arguments": {"Resources": {"S3": [{"StepName": "Fit"}]}}}],
            "ElseSteps": [{"Name": "No", "Type": "Fail", "Arguments": {"ErrorMessage": "no"}}],
        },
    },
    {
        "Name": "Loop",
        "Type": "ForEach",
        "Arguments": {
            "IterableItems": ["a"],
            "ForEachBody": [{"Name": "Apart", "Type": "Processing", "Arguments": {**processing(), "RoleArn": OTHER}}],
        },
    },
]


QUEUE = f"arn:aws:sqs:{REGION}:{ACCOUNT}:undelivered"
STARTER = f"arn:aws:iam::{ACCOUNT}:role/starter"
TRIGGERS = (
    Schedule("nightly", "smp-churn", {"Target": {"RoleArn": STARTER, "DeadLetterConfig": {"Arn": QUEUE}}}),
    EventRule("data", "smp-churn.data", "default", {}, {"RoleArn": STARTER}, "lake", True),
    EventRule("own", "smp-churn.own", f"arn:aws:events:{REGION}:{ACCOUNT}:event-bus/mine", {}, {"RoleArn": STARTER}, "quiet"),
)
TOPIC = f"arn:aws:sns:{REGION}:{ACCOUNT}:alerts"
NOTIFICATIONS = (EventRule("failed", "smp-churn.notify.failed", "default", {}, {"Arn": TOPIC}),)


def everything(**members: Any) -> CompiledPipeline:
    definition = {
        "Version": "2020-12-01",
        "Parameters": [
            {"Name": "New", "Type": "String", "DefaultValue": "s3://lake/new/day.csv"},
            {"Name": "Version", "Type": "String"},
        ],
        "PipelineExperimentConfig": {"ExperimentName": get("Execution.PipelineName"), "TrialName": "t"},
        "MlflowConfig": {"MlflowResourceArn": f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:mlflow-tracking-server/runs"},
        "Steps": STEPS,
    }
    given: dict[str, Any] = {
        "role": ROLE,
        "bucket": "models",
        "region": REGION,
        "kms_key": KEY,
        "tags": ({"Key": "team", "Value": "risk"},),
        "uploads": (Upload(CODE, "0123", b"x"), Upload("s3://elsewhere/config.json", "4567", b"{}")),
        "package_groups": (PackageGroup("Churn", "churn"),),
        "model_packages": (PackageRequest("Version", "churn-models"),),
        "triggers": TRIGGERS,
        "notifications": NOTIFICATIONS,
    }
    return CompiledPipeline("churn", definition, **{**given, **members})
