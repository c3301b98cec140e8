"""Trust policies: who may assume a role."""

from __future__ import annotations

from typing import Any

import pytest

from framework.deploy.live.trust import Caller, Verdict, may_assume

SERVICE = "sagemaker.amazonaws.com"
CALLER = Caller(SERVICE, "aws", "eu-west-1", "123456789012")
YES, NO, DENIED = Verdict(True), Verdict(False), Verdict(False, denied=True)


def allow(principal: Any = SERVICE, action: Any = "sts:AssumeRole", **members: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Principal": {"Service": principal}, "Action": action, **members}


def deny(**members: Any) -> dict[str, Any]:
    return {**allow(**members), "Effect": "Deny"}


def only_if(operator: str, key: str, value: Any) -> dict[str, Any]:
    return {"Condition": {operator: {key: value}}}


ACCOUNT = only_if("StringEquals", "aws:SourceAccount", "123456789012")
OTHER = only_if("StringEquals", "aws:SourceAccount", "999999999999")


@pytest.mark.parametrize(
    ("statements", "verdict"),
    [
        ([allow()], YES),
        (allow(), YES),
        ([allow(["lambda.amazonaws.com", SERVICE])], YES),
        ([allow(action=["sts:TagSession", "sts:assumerole"])], YES),
        ([allow(action="sts:*")], YES),
        ([allow(action="*")], YES),
        ([allow(action="sts:Assume???e")], YES),
        ([{**allow(), "Principal": "*"}], YES),
        ([{"Effect": "Allow", "Principal": {"Service": SERVICE}, "NotAction": "sts:TagSession"}], YES),
        ([], NO),
        (None, NO),
        (["Allow"], NO),
        ([allow("lambda.amazonaws.com")], NO),
        ([allow("SageMaker.amazonaws.com.cn")], NO),
        ([{**allow(), "Principal": {"AWS": "*"}}], NO),
        ([allow(action="sts:AssumeRoleWithWebIdentity")], NO),
        ([allow(action="sts:Assume.*")], NO),
        ([{"Effect": "Allow", "Principal": {"Service": SERVICE}, "NotAction": "sts:*"}], NO),
        ([allow(), deny()], DENIED),
        ([deny(), allow()], DENIED),
        ([allow(), {"Effect": "Deny", "NotPrincipal": {"Service": "lambda.amazonaws.com"}, "Action": "*"}], DENIED),
        ([allow(), {"Effect": "Deny", "NotPrincipal": {"Service": SERVICE}, "Action": "*"}], YES),
        ([allow(), deny(action="sts:TagSession")], YES),
    ],
)
def test_statements(statements: Any, verdict: Verdict) -> None:
    assert may_assume({"Statement": statements}, CALLER) == verdict


@pytest.mark.parametrize(
    ("statements", "verdict"),
    [
        ([allow(**ACCOUNT)], YES),
        ([allow(**only_if("StringLikeIfExists", "AWS:sourceaccount", ["9*", "123456789012"]))], YES),
        ([allow(**only_if("ArnLike", "aws:SourceArn", "arn:aws:sagemaker:*:123456789012:*"))], YES),
        ([allow(**only_if("ArnLike", "aws:SourceArn", "arn:aws:sagemaker:eu-west-1:123456789012:*"))], YES),
        (
            [allow(**only_if("ArnLike", "aws:SourceArn", "arn:aws:sagemaker:us-east-1:123456789012:*"))],
            Verdict(True, conditions="ArnLike aws:SourceArn"),
        ),
        (
            [allow(**only_if("ArnLike", "aws:SourceArn", "arn:aws:sagemaker:eu-west-1:123456789012:pipeline/*"))],
            Verdict(True, conditions="ArnLike aws:SourceArn"),
        ),
        ([allow(**OTHER)], Verdict(True, conditions="StringEquals aws:SourceAccount")),
        ([allow(**OTHER), allow()], YES),
        (
            [allow(Condition={**OTHER["Condition"], "Bool": {"aws:SecureTransport": "true", "aws:ViaAWSService": "true"}})],
            Verdict(True, conditions="Bool aws:SecureTransport, Bool aws:ViaAWSService, StringEquals aws:SourceAccount"),
        ),
        (
            [allow(**OTHER), allow(**only_if("StringEquals", "sts:ExternalId", "x"))],
            Verdict(True, conditions="StringEquals aws:SourceAccount or StringEquals sts:ExternalId"),
        ),
        (
            [allow(), deny(**only_if("StringNotEquals", "aws:SourceAccount", "123456789012"))],
            Verdict(True, conditions="StringNotEquals aws:SourceAccount"),
        ),
        ([allow(), deny(**ACCOUNT)], DENIED),
        ([deny(**OTHER)], NO),
    ],
)
def test_conditions(statements: Any, verdict: Verdict) -> None:
    assert may_assume({"Statement": statements}, CALLER) == verdict


def test_an_account_that_is_not_known_meets_no_condition() -> None:
    caller = Caller(SERVICE, "aws", "eu-west-1", "")

    assert may_assume({"Statement": allow(**ACCOUNT)}, caller) == Verdict(True, conditions="StringEquals aws:SourceAccount")
