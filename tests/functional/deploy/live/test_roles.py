"""Live checks: roles, and the account as a whole."""

from __future__ import annotations

import json

import pytest

from framework.deploy.live import PERMISSIONS
from tests.functional.deploy.live.account import ACCOUNT, ROLE, TRUST, at, check, key, network, training


def test_nothing_is_missing(account):
    step = training(VpcConfig=network(account), OutputDataConfig={"S3OutputPath": "s3://models/out", "KmsKeyId": key(account)})

    assert check(step, training("again", InputDataConfig=[]), bucket="models") == []

    assert account.writes == []
    assert sorted(each for each in account.operations if each != "SimulatePrincipalPolicy") == [
        "DescribeImages", "DescribeKey", "DescribeSecurityGroups", "DescribeSubnets", "GetBucketEncryption", "GetCallerIdentity",
        "GetRole", "HeadBucket", "ListObjectsV2", "ListServiceQuotas",
    ]  # fmt: skip


def test_the_permissions_are_those_of_the_calls():
    assert PERMISSIONS == (
        "ec2:DescribeSecurityGroups",
        "ec2:DescribeSubnets",
        "ecr:BatchGetImage",
        "ecr:DescribeImages",
        "iam:GetRole",
        "iam:SimulatePrincipalPolicy",
        "kms:DescribeKey",
        "s3:GetBucketLocation",
        "s3:GetEncryptionConfiguration",
        "s3:ListBucket",
        "servicequotas:ListAWSDefaultServiceQuotas",
        "servicequotas:ListServiceQuotas",
        "sts:GetCallerIdentity",
    )


def test_a_role_that_does_not_exist(account):
    gone = f"arn:aws:iam::{ACCOUNT}:role/service-role/gone"
    steps = [training(RoleArn=gone), training("b", RoleArn=gone), training("c")]

    assert check(*steps) == [
        f"{at(0, 'Arguments', 'RoleArn')} SMP901 error: the role {gone} does not exist; 1 more step uses it. "
        "Try: make it, or set SMP_ROLE or conf.sagemakerNetworkSecurity.role to one that exists."
    ]
    assert len(account.of("GetRole")) == 2


def test_a_role_under_another_path_is_another_role(account):
    wrong = f"arn:aws:iam::{ACCOUNT}:role/service-role/pipelines"

    assert check(role=wrong) == [
        f"- SMP901 error: the role {wrong} does not exist. "
        "Try: make it, or set SMP_ROLE or conf.sagemakerNetworkSecurity.role to one that exists."
    ]


def test_a_role_of_another_account_is_not_asked_for(account):
    foreign = "arn:aws:iam::999999999999:role/pipelines"

    assert check(training(RoleArn=foreign), role=foreign) == [
        f"- SMP901 error: the role {foreign} belongs to account 999999999999, and the credentials to account {ACCOUNT}; 1 step "
        f"uses it too. Try: sign in to account 999999999999, or name a role of account {ACCOUNT}: none is ever passed to "
        "another account."
    ]
    assert account.of("GetRole") == []


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        (
            {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"},
            f"- SMP901 error: sagemaker.amazonaws.com cannot assume the role {ROLE}: its trust policy does not allow it. Try: add "
            'a statement to it: {"Effect": "Allow", "Principal": {"Service": "sagemaker.amazonaws.com"}, "Action": '
            '"sts:AssumeRole"}.',
        ),
        (
            {"Effect": "Deny", "Principal": "*", "Action": "sts:*"},
            f"- SMP901 error: sagemaker.amazonaws.com cannot assume the role {ROLE}: its trust policy denies it. "
            "Try: remove the deny.",
        ),
        (
            {**TRUST["Statement"], "Condition": {"StringEquals": {"aws:SourceAccount": "999999999999"}}},
            f"- SMP901 warning: sagemaker.amazonaws.com can assume the role {ROLE} under a condition only (StringEquals "
            "aws:SourceAccount), which is not checked. Try: see that it holds for this pipeline.",
        ),
    ],
)
def test_who_may_assume_the_role(account, statement, said):
    iam = account.client("iam")
    iam.delete_role(RoleName="pipelines")
    iam.create_role(RoleName="pipelines", AssumeRolePolicyDocument=json.dumps({"Statement": [statement]}))

    assert check() == [said]


def test_emr_serverless_must_be_able_to_assume_its_role(account):
    step = {"Name": "spark", "Type": "EMRServerless", "Arguments": {"ExecutionRoleArn": ROLE, "JobConfig": {}}}

    assert check(step) == [
        f"{at(0, 'Arguments', 'ExecutionRoleArn')} SMP901 error: emr-serverless.amazonaws.com cannot assume the role {ROLE}: its "
        'trust policy does not allow it. Try: add a statement to it: {"Effect": "Allow", "Principal": {"Service": '
        '"emr-serverless.amazonaws.com"}, "Action": "sts:AssumeRole"}.'
    ]
