"""The policies of a pipeline with a step of every type: what is allowed, what next to it is not, and what IAM can take of them."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from framework.deploy.permissions import POLICIES
from framework.deploy.permissions.policy import Where, without_covered
from framework.pipeline.compiled import CompiledPipeline
from tests.iam_simulator import Call, allowed, like, overlap
from tests.unit.deploy.every_step_type import ACCOUNT, KEY, OTHER, QUEUE, REGION, ROLE, STARTER, STEPS, TOPIC, everything

REFERENCE = json.loads(Path(__file__).with_name("iam_reference.json").read_text())
"""For each action the resources that it can be limited to, and whether it must name one."""

SAGEMAKER = f"arn:aws:sagemaker:{REGION}:{ACCOUNT}"
PASSED = {"iam:PassedToService": "sagemaker.amazonaws.com"}


def policy(purpose: str, compiled: CompiledPipeline | None = None) -> dict[str, Any]:
    return POLICIES[purpose](compiled or everything()).to_json()


def sagemaker(action: str, resource: str) -> Call:
    return Call(f"sagemaker:{action}", f"{SAGEMAKER}:{resource}")


def s3(action: str, place: str, prefix: str | None = None) -> Call:
    return Call(f"s3:{action}", f"arn:aws:s3:::{place}", {} if prefix is None else {"s3:prefix": prefix})


JOB = "abc123-prep-x1y2-0"
EXECUTION: dict[str, tuple[list[Call], list[Call]]] = {
    "jobs by their prefix": (
        [
            sagemaker("CreateProcessingJob", "processing-job/risk-abc123-x1y2-0"),
            sagemaker("CreateProcessingJob", "processing-job/Risk-abc123-x1y2-0"),
            sagemaker("StopProcessingJob", f"processing-job/pipelines-{JOB}"),
            sagemaker("AddTags", f"training-job/pipelines-{JOB}"),
            sagemaker("CreateTrainingJob", f"training-job/pipelines-{JOB}"),
            sagemaker("DescribeTransformJob", f"transform-job/pipelines-{JOB}"),
            sagemaker("CreateHyperParameterTuningJob", f"hyper-parameter-tuning-job/pipelines-{JOB}"),
            sagemaker("ListTrainingJobsForHyperParameterTuningJob", f"hyper-parameter-tuning-job/pipelines-{JOB}"),
            sagemaker("CreateAutoMLJob", f"automl-job/pipelines-{JOB}"),
            sagemaker("CreateModel", f"model/pipelines-{JOB}"),
        ],
        [
            sagemaker("CreateProcessingJob", "processing-job/mine"),
            sagemaker("CreateTrainingJob", "training-job/risk-abc123-x1y2-0"),
            sagemaker("CreateTrainingJob", f"processing-job/pipelines-{JOB}"),
            sagemaker("DeletePipeline", "pipeline/churn"),
            Call("sagemaker:CreateModel", f"arn:aws:sagemaker:us-east-1:{ACCOUNT}:model/pipelines-{JOB}"),
        ],
    ),
    "registered models": (
        [
            sagemaker("CreateModelPackageGroup", "model-package-group/churn"),
            sagemaker("CreateModelPackage", "model-package/churn/1"),
            sagemaker("ListModelPackages", "model-package/churn/*"),
            sagemaker("DescribeModelPackage", "model-package/churn-models/3"),
        ],
        [
            sagemaker("CreateModelPackage", "model-package/churn-models/1"),
            sagemaker("UpdateModelPackage", "model-package/churn/1"),
            sagemaker("CreateModelPackageGroup", "model-package-group/other"),
        ],
    ),
    "endpoints": (
        [
            sagemaker("CreateEndpointConfig", f"endpoint-config/pipelines-{JOB}"),
            sagemaker("CreateEndpoint", "endpoint/churn"),
            sagemaker("CreateEndpoint", f"endpoint-config/pipelines-{JOB}"),
            sagemaker("CreateInferenceComponent", "inference-component/small"),
            sagemaker("CreateInferenceComponent", "endpoint/churn"),
        ],
        [sagemaker("UpdateEndpoint", "endpoint/other"), sagemaker("UpdateInferenceComponent", "inference-component/large")],
    ),
    "roles for one service each": (
        [
            Call("iam:PassRole", ROLE, PASSED),
            Call("iam:PassRole", OTHER, PASSED),
            Call("iam:PassRole", OTHER, {"iam:PassedToService": "emr-serverless.amazonaws.com"}),
            Call(
                "iam:PassRole",
                ROLE.replace("pipelines", "EMR_DefaultRole"),
                {"iam:PassedToService": "elasticmapreduce.amazonaws.com"},
            ),
            Call("iam:PassRole", ROLE.replace("pipelines", "EMR_EC2_DefaultRole"), {"iam:PassedToService": "ec2.amazonaws.com"}),
        ],
        [
            Call("iam:PassRole", ROLE),
            Call("iam:PassRole", ROLE, {"iam:PassedToService": "lambda.amazonaws.com"}),
            Call("iam:PassRole", ROLE.replace("pipelines", "admin"), PASSED),
        ],
    ),
    "S3": (
        [
            s3("GetObject", "models/churn/code/ffff/sourcedir.tar.gz"),
            s3("GetObject", "lake/raw/a/b.csv"),
            s3("GetObject", "lake/some.manifest"),
            s3("GetObject", "lake/new/day.csv"),
            s3("GetObject", "models/trained/pipelines-x/output/model.tar.gz"),
            s3("GetObject", "models/checkpoints/1"),
            s3("PutObject", "models/churn/abc/out/report.json"),
            s3("GetObject", "models/churn/abc/out/report.json"),
            s3("PutObject", "scores/new.csv.out"),
            s3("DeleteObject", "models/trained/x"),
            s3("ListBucket", "lake", "raw/"),
            s3("ListBucket", "models", "checkpoints"),
            s3("ListBucket", "models", "checkpoints/"),
        ],
        [
            s3("PutObject", "lake/raw/a"),
            s3("PutObject", "lake/some.manifest"),
            s3("GetObject", "lake/some.manifest.old"),
            s3("GetObject", "lake/secret"),
            s3("GetObject", "scores/new.csv.out"),
            s3("DeleteObject", "models/churn/abc/out/x"),
            s3("ListBucket", "lake", ""),
            s3("ListBucket", "lake"),
            s3("GetObject", "models-of-others/churn/code/x"),
        ],
    ),
    "keys": (
        [
            Call("kms:GenerateDataKey", KEY),
            Call("kms:CreateGrant", KEY),
            Call("kms:CreateGrant", KEY[:-1] + "6", {"kms:ResourceAliases": ["alias/x", "alias/volumes"]}),
        ],
        [Call("kms:CreateGrant", KEY[:-1] + "6", {"kms:ResourceAliases": ["alias/x"]}), Call("kms:ScheduleKeyDeletion", KEY)],
    ),
    "images and networks": (
        [
            Call("ecr:BatchGetImage", f"arn:aws:ecr:{REGION}:210987654321:repository/team/churn"),
            Call("ecr:GetAuthorizationToken", "*"),
            Call("ec2:CreateNetworkInterface", f"arn:aws:ec2:{REGION}:999999999999:subnet/subnet-1"),
            Call("ec2:DeleteNetworkInterface", f"arn:aws:ec2:{REGION}:{ACCOUNT}:network-interface/eni-1"),
            Call("ec2:DescribeSubnets", "*"),
        ],
        [
            Call("ecr:BatchGetImage", f"arn:aws:ecr:{REGION}:210987654321:repository/team/other"),
            Call("ecr:PutImage", f"arn:aws:ecr:{REGION}:210987654321:repository/team/churn"),
            Call("ec2:CreateNetworkInterface", f"arn:aws:ec2:{REGION}:{ACCOUNT}:subnet/subnet-2"),
        ],
    ),
    "logs and metrics": (
        [
            Call(
                "logs:PutLogEvents", f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:/aws/sagemaker/ProcessingJobs:log-stream:x/algo-1"
            ),
            Call("logs:CreateLogGroup", f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:/aws/sagemaker/TrainingJobs"),
            Call("cloudwatch:PutMetricData", "*", {"cloudwatch:namespace": "/aws/sagemaker/TrainingJobs"}),
        ],
        [
            Call("logs:PutLogEvents", f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:/aws/lambda/x:log-stream:y"),
            Call("cloudwatch:PutMetricData", "*", {"cloudwatch:namespace": "AWS/EC2"}),
            Call("cloudwatch:PutMetricData", "*"),
        ],
    ),
    "other services": (
        [
            Call("lambda:InvokeFunction", f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:tell"),
            Call("sqs:SendMessage", f"arn:aws:sqs:{REGION}:{ACCOUNT}:asked"),
            Call("elasticmapreduce:AddJobFlowSteps", f"arn:aws:elasticmapreduce:{REGION}:{ACCOUNT}:cluster/j-1"),
            Call("elasticmapreduce:RunJobFlow", "*"),
            Call("events:PutRule", f"arn:aws:events:{REGION}:{ACCOUNT}:rule/SageMakerPipelineExecutionEMRClusterStatusUpdateRule"),
            Call("emr-serverless:StartJobRun", f"arn:aws:emr-serverless:{REGION}:{ACCOUNT}:/applications/a"),
            Call("emr-serverless:GetJobRun", f"arn:aws:emr-serverless:{REGION}:{ACCOUNT}:/applications/a/jobruns/b"),
            sagemaker("CreateAction", "action/approve"),
            sagemaker("AddAssociation", "artifact/0123"),
            sagemaker("CreateTrial", "experiment/churn"),
            Call("sagemaker-mlflow:LogMetric", f"{SAGEMAKER}:mlflow-tracking-server/runs"),
        ],
        [
            Call("lambda:InvokeFunction", f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:other"),
            Call("sqs:SendMessage", f"arn:aws:sqs:{REGION}:{ACCOUNT}:other"),
            sagemaker("CreateAction", "action/deny"),
            sagemaker("CreateExperiment", "experiment/other"),
            Call("iam:CreateRole", ROLE),
        ],
    ),
}


@pytest.mark.parametrize("about", EXECUTION)
def test_what_the_role_of_the_pipeline_may_and_what_next_to_it_it_may_not(about: str) -> None:
    may, may_not = EXECUTION[about]
    made = policy("execution")
    assert [call for call in may if not allowed(made, call)] == []
    assert [call for call in may_not if allowed(made, call)] == []


def test_what_a_policy_cannot_say_is_said() -> None:
    assert POLICIES["execution"](everything()).notes == (
        f"Apart runs as {OTHER}: what its jobs need is not in the policy",
        "Registered is made of a registered model: its image and its artifacts are not in the policy",
        "of the parameter New the default alone is in the policy",
        f"the policy has {size('execution')} characters, and a managed policy takes 6144: split it",
    )


def size(purpose: str) -> int:
    return len(json.dumps(policy(purpose), separators=(",", ":")))


def test_a_step_with_a_role_of_its_own_brings_nothing_of_its_jobs() -> None:
    apart = {"Name": "Apart", "Type": "Processing", "Arguments": {**STEPS[0]["Arguments"], "RoleArn": OTHER}}
    only = replace(everything(), definition={"Steps": [apart]}, kms_key=None)
    assert [statement["Sid"] for statement in policy("execution", only)["Statement"]] == ["PassRole", "ProcessingJobs"]


def test_what_is_known_only_when_the_pipeline_runs_is_named() -> None:
    unknown = {"Get": "Parameters.Unknown"}
    dataset = {"DatasetDefinition": {"AthenaDatasetDefinition": {"OutputS3Uri": unknown}}}
    arguments = {"AppSpecification": {"ImageUri": unknown}, "ProcessingInputs": [{"S3Input": {"S3Uri": unknown}}, dataset]}
    steps = [
        {"Name": "A", "Type": "Processing", "Arguments": arguments},
        {"Name": "B", "Type": "Lambda", "FunctionArn": unknown, "Arguments": {}},
        {"Name": "C", "Type": "Callback", "SqsQueueUrl": unknown, "Arguments": {}},
    ]
    made = POLICIES["execution"](replace(everything(), definition={"Parameters": [{"Name": "Unknown"}], "Steps": steps}))
    assert (
        made.notes
        == (
            "A reads through AthenaDatasetDefinition: what that needs is not in the policy",
            "ImageUri of A is known only when the pipeline runs: its repository is not in the policy",
            "OutputS3Uri of A is known only when the pipeline runs: its place in S3 is not in the policy",
            "S3Uri of A is known only when the pipeline runs: its place in S3 is not in the policy",
            "the function of B is known only when the pipeline runs: all are in the policy",
            "the queue of C is known only when the pipeline runs: all are in the policy",
        )
        or made.notes
    )
    assert allowed(made.to_json(), Call("lambda:InvokeFunction", f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:any"))


@pytest.mark.parametrize("purpose", POLICIES)
def test_a_policy_is_one_that_iam_takes(purpose: str) -> None:
    made = policy(purpose)
    sids = [statement["Sid"] for statement in made["Statement"]]
    assert sids == sorted(set(sids))
    for statement in made["Statement"]:
        assert statement["Sid"].isalnum()
        assert statement["Action"] == sorted(set(statement["Action"])) != []
        assert statement["Resource"] == sorted(set(statement["Resource"])) != []
        pairs = [(action, resource) for action in statement["Action"] for resource in statement["Resource"]]
        assert [pair for pair in pairs if not taken(*pair)] == []
        for action in statement["Action"]:
            assert any(taken(action, resource) for resource in statement["Resource"]), (statement["Sid"], action)
        for resource in statement["Resource"]:
            assert any(taken(action, resource) for action in statement["Action"]), (statement["Sid"], resource)


def taken(action: str, resource: str) -> bool:
    """Whether the action can be limited to such a resource; "*" is for those that cannot be limited, or need not be."""
    known = REFERENCE["actions"][action]
    if resource == "*":
        return not known["required"]
    return any(fits(pattern.split(":", 5), resource.split(":", 5)) for pattern in known["resources"])


def fits(pattern: list[str], arn: list[str]) -> bool:
    return all(overlap(one, other) for one, other in zip(pattern, arn, strict=True))


@pytest.mark.parametrize("purpose", POLICIES)
def test_equal_pipelines_have_equal_policies_however_their_steps_stand(purpose: str) -> None:
    turned = replace(everything(), definition={**everything().definition, "Steps": STEPS[::-1]})
    assert str(POLICIES[purpose](turned)) == str(POLICIES[purpose](everything()))


@pytest.mark.parametrize(
    ("region", "partition"),
    [
        ("eu-west-1", "aws"),
        ("cn-north-1", "aws-cn"),
        ("us-gov-west-1", "aws-us-gov"),
        ("us-iso-east-1", "aws-iso"),
        ("us-isob-east-1", "aws-iso-b"),
        ("eusc-de-east-1", "aws-eusc"),
        (None, "aws"),
    ],
)
def test_partitions(region: str | None, partition: str) -> None:
    for purpose in POLICIES:
        made = POLICIES[purpose](everything(region=region, kms_key=None))
        arns = [arn for statement in made.statements for arn in statement.resources if arn != "*"]
        own = [arn for arn in arns if ":iam:" not in arn and ":kms:" not in arn and ":lambda:" not in arn and "mlflow" not in arn]
        own = [arn for arn in own if arn not in (TOPIC, QUEUE)]
        assert {arn.split(":")[1] for arn in own} == {partition}
        assert {arn.split(":")[3] for arn in own} <= {region or "*", "", REGION}


def test_the_partition_is_that_of_the_role_where_no_region_is_set() -> None:
    china = everything(region=None, role=ROLE.replace("arn:aws:", "arn:aws-cn:"))
    assert Where.of(china) == Where("aws-cn", "*", ACCOUNT)
    assert Where.of(everything(region=None, role="")) == Where("aws", "*", "*")


DEPLOY: tuple[list[Call], list[Call]] = (
    [
        sagemaker("CreatePipeline", "pipeline/churn"),
        sagemaker("StopPipelineExecution", "pipeline/churn/execution/abc"),
        sagemaker("CreateModelPackageGroup", "model-package-group/churn"),
        sagemaker("AddTags", "model-package-group/churn"),
        sagemaker("ListModelPackages", "model-package/churn-models/*"),
        Call("iam:PassRole", ROLE, PASSED),
        s3("PutObject", "models/churn/code/ffff/sourcedir.tar.gz"),
        s3("PutObject", "elsewhere/config.json"),
        s3("ListBucket", "elsewhere", "config.json"),
        s3("GetObject", "models/churn/abc/out/report.json"),
        Call("kms:GenerateDataKey", KEY),
        Call("logs:GetLogEvents", f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:/aws/sagemaker/TrainingJobs:log-stream:x"),
        Call("logs:FilterLogEvents", f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:/aws/lambda/tell"),
        Call("iam:PassRole", STARTER, {"iam:PassedToService": "scheduler.amazonaws.com"}),
        Call("iam:PassRole", STARTER, {"iam:PassedToService": "events.amazonaws.com"}),
        Call("scheduler:CreateSchedule", f"arn:aws:scheduler:{REGION}:{ACCOUNT}:schedule/smp-churn/nightly"),
        Call("scheduler:TagResource", f"arn:aws:scheduler:{REGION}:{ACCOUNT}:schedule-group/smp-churn"),
        Call("events:PutTargets", f"arn:aws:events:{REGION}:{ACCOUNT}:rule/smp-churn.notify.failed"),
        Call("events:DeleteRule", f"arn:aws:events:{REGION}:{ACCOUNT}:rule/mine/smp-churn.gone"),
        s3("PutBucketNotification", "lake"),
        s3("GetBucketNotification", "quiet"),
        Call("sns:GetTopicAttributes", TOPIC),
    ],
    [
        sagemaker("DeletePipeline", "pipeline/churn"),
        sagemaker("UpdatePipeline", "pipeline/churn-2"),
        sagemaker("CreateTrainingJob", "training-job/pipelines-x"),
        Call("iam:PassRole", OTHER, PASSED),
        s3("PutObject", "models/churn/definition/x.json"),
        s3("PutObject", "models/churn/abc/out/report.json"),
        s3("GetObject", "lake/raw/a"),
        Call("events:PutRule", f"arn:aws:events:{REGION}:{ACCOUNT}:rule/x"),
        Call("events:PutRule", f"arn:aws:events:{REGION}:{ACCOUNT}:rule/smp-churn2.x"),
        Call("scheduler:DeleteSchedule", f"arn:aws:scheduler:{REGION}:{ACCOUNT}:schedule/default/nightly"),
        Call("iam:PassRole", STARTER, PASSED),
        s3("PutBucketNotification", "quiet"),
        Call("sns:Publish", TOPIC),
    ],
)


def test_what_who_deploys_may_and_what_next_to_it_they_may_not() -> None:
    made = policy("deploy")
    assert [call for call in DEPLOY[0] if not allowed(made, call)] == []
    assert [call for call in DEPLOY[1] if allowed(made, call)] == []


def test_a_definition_that_goes_by_s3_may_be_put_there() -> None:
    large = replace(everything(), definition={**everything().definition, "Metadata": {"x": "y" * 110_000}})
    assert allowed(policy("deploy", large), s3("PutObject", "models/churn/definition/0123.json"))


def test_what_starts_a_pipeline_may_do_that_alone() -> None:
    made = policy("trigger")
    assert allowed(made, sagemaker("StartPipelineExecution", "pipeline/churn"))
    assert allowed(made, Call("sqs:SendMessage", QUEUE))
    actions = [statement["Action"] for statement in made["Statement"]]
    assert actions == [["sqs:SendMessage"], ["sagemaker:StartPipelineExecution"]]
    assert not allowed(made, sagemaker("StartPipelineExecution", "pipeline/churn2"))


def test_no_resource_is_named_that_another_one_covers() -> None:
    assert without_covered(["b/*", "b/c*", "a", "b/c/d", "c*", "a"]) == ("a", "b/*", "c*")


def test_the_simulator_denies_where_any_statement_does() -> None:
    statements = [
        {"Effect": "Allow", "Action": "s3:*", "NotResource": "arn:aws:s3:::secret*"},
        {"Effect": "Deny", "NotAction": ["s3:get*"], "Resource": "*"},
    ]
    made = {"Statement": statements}
    assert allowed(made, s3("GetObject", "open/x"))
    assert not allowed(made, s3("PutObject", "open/x"))
    assert not allowed(made, s3("GetObject", "secret/x"))
    assert like("a*c?e", "abbcde")
    assert overlap("a*c", "ab*") and not overlap("a*c", "b*")
