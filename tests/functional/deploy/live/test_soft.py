"""Live checks that cannot be made: one warning for each kind of question, with the reason and what is missing; never an error."""

from __future__ import annotations

from typing import Any

import pytest

from framework.deploy.live import live_clients
from tests.functional.deploy.conftest import Answer
from tests.functional.deploy.live.account import (
    ACCOUNT,
    IMAGE,
    REGION,
    ROLE,
    check,
    encrypt,
    key,
    network,
    training,
)

CALLER = f"User: arn:aws:sts::{ACCOUNT}:assumed-role/ci/build is not authorized to perform"
JSON = ("DescribeImages", "BatchGetImage", "DescribeKey", "ListServiceQuotas", "ListAWSDefaultServiceQuotas")
QUERY = ("GetRole", "SimulatePrincipalPolicy", "DescribeSubnets", "DescribeSecurityGroups")
S3 = ("ListObjectsV2", "GetBucketEncryption")


@pytest.fixture
def step(account: Any) -> dict[str, Any]:
    """A step for which every question is asked; its key and its network are the same at every run."""
    vpc = {"Subnets": ["subnet-0f"], "SecurityGroupIds": ["sg-0f"]}
    return training(VpcConfig=vpc, OutputDataConfig={"S3OutputPath": "s3://models/out", "KmsKeyId": "alias/models"})


def refuse(account: Any, code: str, message: str, status: int, head: int) -> None:
    """Let every operation but that of STS be refused."""
    for operation in JSON:
        account.always(operation, account.refusal(code, message, status))
    for operation in QUERY:
        account.always(operation, account.query_refusal(code, message, status, of_ec2=operation.startswith("Describe")))
    for operation in S3:
        account.always(operation, account.s3_refusal(code, message, status))
    account.always("HeadBucket", Answer(head, b"", "application/xml"))


def expected(reason: str, cure: Any, head: str, head_cure: str | None = None) -> list[str]:
    """The warnings where every question is refused for one reason; `cure` makes that of an action on something."""
    about = {
        "the KMS key alias/models": ("kms:DescribeKey", "KMS key alias/models"),
        "the bucket models": ("s3:ListBucket", "s3://models"),
        "the encryption of the bucket models": ("s3:GetEncryptionConfiguration", "s3://models"),
        f"the image {IMAGE}": ("ecr:BatchGetImage", f"image {IMAGE}"),
        "the input s3://lake/raw/train": ("s3:ListBucket", "s3://lake/raw/train"),
        "the quotas of instances": ("servicequotas:ListServiceQuotas", "quotas of sagemaker"),
        f"the role {ROLE}": ("iam:GetRole", "role pipelines"),
        "the security groups sg-0f": ("ec2:DescribeSecurityGroups", "security groups sg-0f"),
        "the subnets subnet-0f": ("ec2:DescribeSubnets", "subnets subnet-0f"),
        f"what the role {ROLE} may do": ("iam:SimulatePrincipalPolicy", "role pipelines"),
    }
    return [
        f"- SMP900 warning: could not check {what}: {head if what == 'the bucket models' else reason}. "
        f"Try: {head_cure if head_cure and what == 'the bucket models' else cure(action, on)}."
        for what, (action, on) in about.items()
    ]


def test_no_permission(account, step):
    refuse(account, "AccessDenied", "Access Denied", 403, 403)

    assert check(step) == expected(
        "Access Denied (AccessDenied)",
        lambda action, on: f"allow {action} on {on} to who runs this, in the policy of the user or role",
        "Forbidden (403)",
    )


def test_the_service_says_which_permission_is_missing(account):
    message = f"{CALLER}: iam:GetRole on resource: role pipelines because no identity-based policy allows the iam:GetRole action"
    account.always("GetRole", account.query_refusal("AccessDenied", message, 403))
    message = f"You are not authorized to perform this operation. {CALLER}: ec2:DescribeSubnets because no policy allows it"
    account.always("DescribeSubnets", account.query_refusal("UnauthorizedOperation", message, 403, of_ec2=True))
    vpc = network(account)

    assert check(training(VpcConfig=vpc)) == [
        f"- SMP900 warning: could not check the role {ROLE}: {CALLER}: iam:GetRole on resource: role pipelines because no "
        "identity-based policy allows the iam:GetRole action (AccessDenied). "
        "Try: allow iam:GetRole on role pipelines to who runs this, in the policy of the user or role.",
        f"- SMP900 warning: could not check the subnets {vpc['Subnets'][0]}: You are not authorized to perform this operation. "
        f"{CALLER}: ec2:DescribeSubnets because no policy allows it (UnauthorizedOperation). Try: allow ec2:DescribeSubnets on "
        f"subnets {vpc['Subnets'][0]} to who runs this, in the policy of the user or role.",
    ]


def test_several_of_a_kind_are_one_warning(account):
    account.always("ListObjectsV2", account.s3_refusal("AccessDenied", "Access Denied", 403))
    uris = ["s3://lake/a", "s3://lake/b", "s3://lake/c"]
    steps = [training(f"s{n}", InputDataConfig=[{"DataSource": {"S3DataSource": {"S3Uri": uri}}}]) for n, uri in enumerate(uris)]

    assert check(*steps) == [
        "- SMP900 warning: could not check 3 inputs, the input s3://lake/a among them: Access Denied (AccessDenied). "
        "Try: allow s3:ListBucket on s3://lake/a to who runs this, in the policy of the user or role."
    ]


def test_throttled_for_ever(account, step):
    refuse(account, "ThrottlingException", "Rate exceeded", 400, 503)

    wait = "it was refused 3 times in a row: wait a minute and run the command again"
    fault = "the fault is the service's, 3 attempts in a row: run the command again in a few minutes"
    assert check(step) == expected("Rate exceeded (ThrottlingException)", lambda *_: wait, "Service Unavailable (503)", fault)


def test_throttled_once(account, step):
    for operation in JSON:
        account.next(operation, account.refusal("ThrottlingException", "Rate exceeded"))
    account.client("kms").create_alias(AliasName="alias/models", TargetKeyId=key(account))
    step["Arguments"]["VpcConfig"] = network(account)

    assert check(step) == []


def test_the_services_fail(account, step):
    refuse(account, "InternalFailure", "We encountered an internal error", 500, 500)

    fault = "the fault is the service's, 3 attempts in a row: run the command again in a few minutes"
    assert check(step) == expected(
        "We encountered an internal error (InternalFailure)", lambda *_: fault, "Internal Server Error (500)"
    )


def test_nothing_answers(account, step, monkeypatch):
    for service in ("EC2", "ECR", "IAM", "KMS", "S3", "SERVICE_QUOTAS"):
        monkeypatch.setenv(f"AWS_ENDPOINT_URL_{service}", "http://127.0.0.1:1")

    found = check(step, clients=live_clients(REGION))

    cure = "check the network, HTTPS_PROXY, AWS_ENDPOINT_URL and that the region exists; without internet a VPC endpoint is needed"
    assert account.operations == ["GetCallerIdentity"]
    reason = 'Could not connect to the endpoint URL: "http://127.0.0.1:1"'
    assert found == [
        f"- SMP900 warning: could not check {what}: {reason}. Try: {cure}."
        for what in (
            f"2 things, the role {ROLE} among them",
            "2 things, the subnets subnet-0f among them",
            "3 things, the bucket models among them",
            "the KMS key alias/models",
            f"the image {IMAGE}",
            "the quotas of instances",
        )
    ]


def test_a_service_that_does_not_answer_is_not_asked_again(account, monkeypatch):
    monkeypatch.setattr("framework.deploy.live.asking.THREADS", 1)
    account.always("DescribeKey", Answer(200, b"{}", cut=-1))
    steps = [training(name, OutputDataConfig={"S3OutputPath": "s3://models", "KmsKeyId": f"alias/{name}"}) for name in "abc"]

    [found] = check(*steps)

    assert found.startswith("- SMP900 warning: could not check 3 things, the KMS key alias/a among them: Connection was closed")
    assert len(account.of("DescribeKey")) == 3  # one question, in three attempts


def test_answers_that_are_none(account, step):
    for operation in JSON:
        account.always(operation, Answer(200, b"{}"))
    for operation in (*QUERY, *S3, "HeadBucket", "GetBucketLocation"):
        account.always(operation, Answer(200, b"<html>Sign in to the network</html>", "text/html"))

    cure = "run the command again; if AWS_ENDPOINT_URL or a proxy is set, check that AWS is what answers there"
    assert check(step) == [
        f"- SMP900 warning: could not check {what}: the answer has no {missing}. Try: {cure}."
        for what, missing in {
            "the KMS key alias/models": "KeyState",
            "the bucket models": "LocationConstraint",
            "the encryption of the bucket models": "Rules",
            f"the image {IMAGE}": "imageDetails",
            "the input s3://lake/raw/train": "IsTruncated",
            "the quotas of instances": "Quotas",
            f"the role {ROLE}": "shape that is known (KeyError)",
            "the security groups sg-0f": "SecurityGroups",
            "the subnets subnet-0f": "Subnets",
            f"what the role {ROLE} may do": "shape that is known (KeyError)",
        }.items()
    ]


def test_a_role_without_a_policy_is_an_answer_that_is_none(account):
    body = f"<GetRoleResponse><GetRoleResult><Role><Arn>{ROLE}</Arn></Role></GetRoleResult></GetRoleResponse>"
    account.always("GetRole", Answer(200, body.encode(), "text/xml"))

    assert check() == [
        f"- SMP900 warning: could not check the role {ROLE}: the answer has no AssumeRolePolicyDocument. "
        "Try: run the command again; if AWS_ENDPOINT_URL or a proxy is set, check that AWS is what answers there."
    ]


def test_an_account_that_may_not_be_known(account):
    account.always("GetCallerIdentity", account.query_refusal("AccessDenied", "explicit deny", 403))
    foreign = "arn:aws:iam::999999999999:role/pipelines"

    assert check(role=foreign) == [
        f"- SMP901 error: the role {foreign} does not exist. "
        "Try: make it, or set SMP_ROLE or conf.sagemakerNetworkSecurity.role to one that exists."
    ]


def test_credentials_that_expire_on_the_way(account, step):
    message = "The security token included in the request is expired"
    refuse(account, "ExpiredToken", message, 400, 403)

    assert check(step) == [
        f"- SMP900 warning: could not check 9 things, the quotas of instances among them: {message} (ExpiredToken). Try: the "
        "credentials have expired: sign in again (`aws sso login`, or fresh AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and "
        "AWS_SESSION_TOKEN) and run the command again.",
        "- SMP900 warning: could not check the bucket models: Forbidden (403). "
        "Try: allow s3:ListBucket on s3://models to who runs this, in the policy of the user or role.",
    ]


def test_credentials_that_have_expired(account, step):
    message = "The security token included in the request is expired"
    account.always("GetCallerIdentity", account.query_refusal("ExpiredToken", message, 403))

    assert check(step) == [
        f"- SMP900 warning: could not check what lies in the account: {message} (ExpiredToken). Try: the credentials have expired: "
        "sign in again (`aws sso login`, or fresh AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN) and run the "
        "command again."
    ]
    assert account.operations == ["GetCallerIdentity"]


def test_no_credentials(account, step, monkeypatch):
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")

    assert check(step, clients=live_clients(REGION)) == [
        "- SMP900 warning: could not check what lies in the account: Unable to locate credentials. "
        "Try: sign in (`aws sso login`), or set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY."
    ]
    assert account.operations == []


def test_a_profile_that_does_not_exist(account, monkeypatch):
    monkeypatch.setenv("AWS_PROFILE", "nobody")

    assert check(clients=live_clients(REGION)) == [
        "- SMP900 warning: could not check what lies in the account: The config profile (nobody) could not be found. "
        "Try: set AWS_PROFILE to one of the profiles that `aws configure list-profiles` shows, or unset it."
    ]


def test_no_region(account, monkeypatch):
    monkeypatch.delenv("AWS_DEFAULT_REGION")

    assert check(clients=live_clients(), region=None) == [
        "- SMP900 warning: could not check what lies in the account: none is set. "
        "Try: set SMP_REGION, AWS_REGION or conf.region, for example to eu-west-1."
    ]


def test_an_endpoint_that_is_none(account, monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL_KMS", "localhost")

    encrypt(account, "models", "aws:kms")

    assert check(kms_key="alias/models", clients=live_clients(REGION)) == [
        "- SMP900 warning: could not check the KMS key alias/models: Invalid endpoint: localhost. "
        "Try: correct AWS_ENDPOINT_URL, or the like of it for this service, to https://…, or unset it."
    ]
