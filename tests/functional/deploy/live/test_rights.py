"""Live checks: what the role of the pipeline may do."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest

from framework.deploy.clients import Clients
from framework.deploy.live import live_clients
from framework.deploy.permissions import POLICIES
from framework.deploy.permissions_check import lacking
from tests.functional.deploy.live.account import ACCOUNT, REGION, ROLE, line, pipeline, training
from tests.functional.deploy.live.simulated import Simulated
from tests.unit.deploy.every_step_type import everything

HINT = "allow it in its policies: smp iam-policy --for execution prints all that it needs"
SOFT = (
    "allow it in its policies, unless the policies of those resources do: smp iam-policy --for execution prints all that it needs"
)
JOBS = f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:training-job/pipelines-*"


@pytest.fixture
def clients(cloud: Any) -> Clients:
    return live_clients(REGION)


def smallest(*steps: dict[str, Any]) -> dict[str, Any]:
    return copy.deepcopy(POLICIES["execution"](pipeline(*steps)).to_json())


def found(cloud: Any, clients: Clients, policy: dict[str, Any], **members: Any) -> list[str]:
    cloud.always("SimulatePrincipalPolicy", Simulated(policy))
    return [line(each) for each in lacking(pipeline(training(), **members), clients)]


@pytest.mark.parametrize("page", [2, 100])
def test_a_role_with_the_smallest_policy_lacks_nothing(cloud, clients, page):
    simulated = Simulated(POLICIES["execution"](everything()).to_json(), page)
    cloud.always("SimulatePrincipalPolicy", simulated)

    assert lacking(everything(), clients) == ()
    assert simulated.roles == {ROLE}
    assert set(cloud.operations) == {"GetCallerIdentity", "SimulatePrincipalPolicy"}


def test_a_role_that_may_everything_lacks_nothing(cloud, clients):
    assert found(cloud, clients, {"Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}) == []


def test_what_is_not_allowed_is_named(cloud, clients):
    policy = smallest(training())
    statements = {statement["Sid"]: statement for statement in policy["Statement"]}
    statements["TrainingJobs"]["Action"] = ["sagemaker:Describe*", "sagemaker:AddTags"]
    statements["ReadObjects"]["Resource"] = ["arn:aws:s3:::models/*"]
    statements["PassRole"]["Condition"]["StringEquals"]["iam:PassedToService"] = "lambda.amazonaws.com"
    del policy["Statement"][[each["Sid"] for each in policy["Statement"]].index("Metrics")]

    assert found(cloud, clients, policy) == [
        f"- SMP908 error: the role {ROLE} lacks cloudwatch:PutMetricData on *. Try: {HINT}.",
        f"- SMP908 error: the role {ROLE} lacks iam:PassRole on {ROLE}. Try: {HINT}.",
        f"- SMP908 warning: the role {ROLE} lacks s3:GetObject on arn:aws:s3:::lake/raw/train*. Try: {SOFT}.",
        f"- SMP908 error: the role {ROLE} lacks sagemaker:CreateTrainingJob, sagemaker:StopTrainingJob on {JOBS}. Try: {HINT}.",
    ]


def test_a_deny_is_an_error_even_where_others_could_allow(cloud, clients):
    policy = smallest(training())
    policy["Statement"].append({"Sid": "No", "Effect": "Deny", "Action": "s3:Put*", "Resource": "arn:aws:s3:::models/out/*"})

    assert found(cloud, clients, policy) == [
        f"- SMP908 error: the role {ROLE} is denied s3:PutObject on arn:aws:s3:::models/out/*. "
        "Try: remove the deny from its policies, or ask who keeps that policy."
    ]


def test_of_many_resources_some_are_named(cloud, clients):
    inputs = [{"DataSource": {"S3DataSource": {"S3Uri": f"s3://lake/{name}/", "S3DataType": "S3Prefix"}}} for name in "abcde"]
    cloud.always("SimulatePrincipalPolicy", Simulated({"Statement": []}))

    lines = [line(each) for each in lacking(pipeline(training(InputDataConfig=inputs)), clients)]
    read = [each for each in lines if "s3:GetObject" in each]
    assert read == [
        f"- SMP908 warning: the role {ROLE} lacks s3:GetObject on arn:aws:s3:::lake/a/*, arn:aws:s3:::lake/b/*, "
        f"arn:aws:s3:::lake/c/* and 2 more. Try: {SOFT}."
    ]
    assert len(lines) == len(smallest(training(InputDataConfig=inputs))["Statement"])


def test_who_may_not_ask_is_told_once(cloud, clients):
    message = "User: ci is not authorized to perform: iam:SimulatePrincipalPolicy on resource: role pipelines"
    cloud.always("SimulatePrincipalPolicy", cloud.query_refusal("AccessDenied", message, 403))

    assert [line(each) for each in lacking(pipeline(training()), clients)] == [
        f"- SMP900 warning: could not check what the role {ROLE} may do: {message} (AccessDenied). "
        "Try: allow iam:SimulatePrincipalPolicy on role pipelines to who runs this, in the policy of the user or role."
    ]
    assert len(cloud.of("SimulatePrincipalPolicy")) == 1


def test_a_role_that_is_not_there_or_not_of_this_account_is_for_others_to_say(cloud, clients):
    gone = cloud.query_refusal("NoSuchEntity", "The role with name pipelines cannot be found.", 404)
    cloud.always("SimulatePrincipalPolicy", gone)

    assert lacking(pipeline(training()), clients) == ()
    cloud.calls.clear()
    assert lacking(pipeline(training(), role=ROLE.replace(ACCOUNT, "999999999999")), clients) == ()
    assert lacking(pipeline(training(), role=""), clients) == ()
    assert cloud.operations == ["GetCallerIdentity", "GetCallerIdentity"]


def test_an_answer_that_aws_does_not_give_is_no_answer(cloud, clients):
    empty = cloud.query_refusal("x", "x")
    body = b"<SimulatePrincipalPolicyResponse><SimulatePrincipalPolicyResult/></SimulatePrincipalPolicyResponse>"
    cloud.always("SimulatePrincipalPolicy", type(empty)(200, body, "text/xml"))

    (only,) = lacking(pipeline(training()), clients)
    assert only.rule == "SMP900"
    assert "the answer has no EvaluationResults" in only.message


def test_without_credentials_nothing_is_asked(cloud, clients):
    message = "The security token included in the request is invalid"
    cloud.always("GetCallerIdentity", cloud.query_refusal("InvalidClientTokenId", message, 403))

    (only,) = lacking(pipeline(training()), clients)
    assert (only.rule, only.message) == (
        "SMP900",
        f"could not check what the role of the pipeline may do: {message} (InvalidClientTokenId)",
    )
    assert cloud.operations == ["GetCallerIdentity"]


def test_contexts_of_conditions_are_what_iam_takes(cloud, clients):
    policy = json.loads(json.dumps(POLICIES["execution"](everything()).to_json()))
    aliases = next(each for each in policy["Statement"] if each["Sid"] == "VolumeKeysByAlias")
    aliases["Condition"] = {"ForAnyValue:StringEquals": {"kms:ResourceAliases": ["alias/others"]}}
    cloud.always("SimulatePrincipalPolicy", Simulated(policy))

    assert [line(each) for each in lacking(everything(), clients)] == [
        f"- SMP908 warning: the role {ROLE} lacks kms:CreateGrant, kms:DescribeKey on arn:aws:kms:{REGION}:{ACCOUNT}:key/*. "
        f"Try: {SOFT}."
    ]
