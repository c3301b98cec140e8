"""The policy for who deploys, against the calls that commands really make: all of them allowed, and nothing that none needs."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from framework.cli import smp
from framework.deploy.clients import Clients
from tests.functional.deploy.conftest import REGION
from tests.functional.deploy.faithful import Faithful, Frame
from tests.iam_simulator import Call, allowed, matching

ROOT = Path(__file__).resolve().parents[3]
ROLE = "arn:aws:iam::123456789012:role/pipelines"
KEY = f"arn:aws:kms:{REGION}:123456789012:key/11111111-2222-3333-4444-555555555555"
SAGEMAKER = f"arn:aws:sagemaker:{REGION}:123456789012"
PROJECT = [
    *["--root", str(ROOT), "--env-file", "env.env", "--set", "s3Bucket=models", "--set", f"region={REGION}"],
    *["--set", f"sagemakerNetworkSecurity.role={ROLE}", "--set", f"sagemakerNetworkSecurity.kms_key={KEY}"],
    *["--set", "models.lgbm.registry.ModelPackageGroupDescription=Purchases"],
]
TAG = ["--set", 'sagemakerPipeline.tags=[{"Key": "team", "Value": "risk"}]']

ALONE = ("plan", "drift", "status", "history", "versions")
LOOKING = (*((each,) for each in ALONE), ("logs", "lgbm-Preprocessing", "--execution", "latest"))
FAST = ("--interval", "0.01")
REPORT = {"model_evaluation_metrics": "s3://models/lgbm-test/first/lgbm-Metrics/output/model_evaluation_metrics"}
STEPS = ("Preprocessing", "Training", "CreateModel", "Transform", "Register")
EVALUATED = Frame(
    {**{f"lgbm-{name}": "Succeeded" for name in STEPS}, "lgbm-Metrics": {"StepStatus": "Succeeded", "outputs": REPORT}}, "Succeeded"
)
FAILING = Frame(
    {"lgbm-Preprocessing": {"StepStatus": "Failed", "FailureReason": "No such key", "logs": ["no such key"]}},
    "Failed",
    "Step failure",
)


@pytest.fixture
def recorded(monkeypatch: pytest.MonkeyPatch) -> list[Call]:
    """What is asked of IAM for each call that boto3 makes."""
    calls: list[Call] = []
    make = Clients._make

    def watched(self: Clients, service: str, *arguments: Any) -> Any:
        client = make(self, service, *arguments)
        client.meta.events.register(
            "provide-client-params.*.*",
            lambda params, model, **_: calls.extend(asked(model.service_model.service_name, model.name, params)),
        )
        return client

    monkeypatch.setattr(Clients, "_make", watched)
    return calls


def asked(service: str, operation: str, params: dict[str, Any]) -> Iterator[Call]:
    if service in ("events", "scheduler", "sns"):
        yield from of_events(service, operation, params)
        return
    if service == "s3" and "Key" not in params:
        yield Call(f"s3:{operation.removesuffix('Configuration')}", f"arn:aws:s3:::{params['Bucket']}")
        return
    if service == "s3":
        place = f"arn:aws:s3:::{params['Bucket']}/{params['Key']}"
        yield Call("s3:PutObject" if operation == "PutObject" else "s3:GetObject", place)
        if operation == "GetObject":  # all that is there was encrypted
            yield Call("kms:Decrypt", KEY)
        if operation == "HeadObject":  # or a missing object could not be told from a forbidden one
            yield Call("s3:ListBucket", f"arn:aws:s3:::{params['Bucket']}", {"s3:prefix": params["Key"]})
        if "SSEKMSKeyId" in params:
            yield Call("kms:GenerateDataKey", params["SSEKMSKeyId"])
        return
    if service == "logs":
        group = f"arn:aws:logs:{REGION}:123456789012:log-group:{params['logGroupName']}"
        yield Call(
            f"logs:{operation}", f"{group}:log-stream:{params['logStreamName']}" if "logStreamName" in params else f"{group}:*"
        )
        return
    assert service == "sagemaker"
    resource = resource_of(params)
    yield Call(f"sagemaker:{operation}", resource)
    if params.get("Tags") and operation.startswith("Create"):
        yield Call("sagemaker:AddTags", resource)
    if operation in ("CreatePipeline", "UpdatePipeline") and "RoleArn" in params:
        yield Call("iam:PassRole", params["RoleArn"], {"iam:PassedToService": "sagemaker.amazonaws.com"})


def of_events(service: str, operation: str, params: dict[str, Any]) -> Iterator[Call]:
    """What is asked for by calls to EventBridge, its Scheduler and SNS."""
    arn = f"arn:aws:{service}:{REGION}:123456789012"
    if service == "sns":
        yield Call(f"sns:{operation}", params["TopicArn"])
        return
    named = {
        "rule": f"{arn}:rule/{'' if params.get('EventBusName', 'default') == 'default' else params['EventBusName'] + '/'}",
        "group": f"{arn}:schedule-group/{params.get('Name')}",
        "schedule": f"{arn}:schedule/{params.get('GroupName')}/{params.get('Name')}",
    }
    if operation in ("ListSchedules", "ListRules", "ListEventBuses"):
        yield Call(f"{service}:{operation}", "*")
    elif "ResourceARN" in params or "ResourceArn" in params:
        yield Call(f"{service}:{operation}", params.get("ResourceARN") or params["ResourceArn"])
    elif service == "events":
        yield Call(f"events:{operation}", named["rule"] + str(params.get("Rule") or params["Name"]))
    else:
        yield Call(f"scheduler:{operation}", named["group" if operation.endswith("Group") else "schedule"])
    if params.get("Tags"):
        rule = named["rule"] + str(params.get("Name"))
        yield Call(f"{service}:TagResource", named["group"] if service == "scheduler" else rule)
    for target in [*params.get("Targets", []), *([params["Target"]] if "Target" in params else [])]:
        if "RoleArn" in target:
            yield Call("iam:PassRole", target["RoleArn"], {"iam:PassedToService": f"{service}.amazonaws.com"})


def resource_of(params: dict[str, Any]) -> str:
    for member in ("PipelineExecutionArn", "ResourceArn"):
        if member in params:
            return str(params[member])
    if "ProcessingJobName" in params:
        return f"{SAGEMAKER}:processing-job/{params['ProcessingJobName']}"
    if "PipelineName" in params:
        return f"{SAGEMAKER}:pipeline/{params['PipelineName']}"
    return f"{SAGEMAKER}:model-package-group/{params['ModelPackageGroupName']}"


def call(*words: str, code: int = 0) -> str:
    result = CliRunner().invoke(smp, [*PROJECT, *words])
    assert result.exit_code == code, result.output
    return result.stdout


def used_of(policy: dict[str, Any], calls: list[Call]) -> set[tuple[str, str]]:
    return {(statement["Sid"], each.action) for each in calls for statement in matching(policy, each)}


def unused(policy: dict[str, Any], calls: list[Call]) -> set[tuple[str, str]]:
    listed = {(statement["Sid"], action) for statement in policy["Statement"] for action in statement["Action"]}
    return listed - used_of(policy, calls)


def test_what_is_called_is_allowed_and_no_more_than_that(aws: Faithful, recorded: list[Call]) -> None:
    policy = json.loads(call(*TAG, "iam-policy", "--for", "deploy"))
    call(*TAG, "deploy")
    aws.sagemaker.script("lgbm-test", EVALUATED)
    call("run", "--wait", *FAST)
    call("run", "--select", "state:modified lgbm-Metrics", "--source", "latest")
    call("stop")
    aws.sagemaker.script("lgbm-test", FAILING)
    call("run", "--wait", *FAST, code=4)
    before = len(recorded)
    call("compare", *list(aws.sagemaker.runs)[:2])
    for command in LOOKING:
        call(*command)
    looking = recorded[before:]
    call("rollback", "1", "--yes")

    assert len(recorded) > 20
    assert [each for each in recorded if not allowed(policy, each)] == []
    assert unused(policy, recorded) == set()
    only_looks = json.loads(call(*TAG, "iam-policy", "--for", "plan"))
    assert [each for each in looking if not allowed(only_looks, each)] == []
    assert unused(only_looks, looking) == set()


TRIGGERS = json.dumps({
    "nightly": {"schedule": "cron(0 3 * * ? *)"},
    "on-data": {"s3": {"bucket": "models", "prefix": "raw/", "configure_bucket": True}},
    "custom": {"event_pattern": {"source": ["my.app"]}, "event_bus": "mine"},
})  # fmt: skip
FAILED = json.dumps([{"on": "failed", "topic": f"arn:aws:sns:{REGION}:123456789012:alerts"}])
NEVER_CALLED = {("ListRules", "events:ListEventBuses"): "triggers have lain on more buses than the tag of the pipeline can say"}


def test_what_triggers_need_is_allowed_and_no_more_than_that(cloud: Any, recorded: list[Call]) -> None:
    cloud.client("events").create_event_bus(Name="mine")
    cloud.client("sns").create_topic(Name="alerts")
    some = ["--set", f"sagemakerPipeline.triggers={TRIGGERS}", "--set", f"sagemakerPipeline.notifications={FAILED}"]
    call("deploy")
    plain = json.loads(call("iam-policy", "--for", "deploy"))
    policy = json.loads(call(*some, "iam-policy", "--for", "deploy"))
    call(*some, "deploy")
    call(*some, "--set", "sagemakerPipeline.triggers.nightly.schedule=rate(1 day)", "deploy")
    call("deploy")

    assert [each for each in recorded if not allowed(policy, each)] == []
    used = used_of(policy, recorded)
    more = [statement for statement in policy["Statement"] if statement not in plain["Statement"]]
    listed = {(statement["Sid"], action) for statement in more for action in statement["Action"]}
    assert listed - used == NEVER_CALLED.keys()


def test_what_deleting_needs_is_allowed_and_no_more_than_that(cloud: Any, recorded: list[Call]) -> None:
    cloud.client("events").create_event_bus(Name="mine")
    cloud.client("sns").create_topic(Name="alerts")
    some = ["--set", f"sagemakerPipeline.triggers={TRIGGERS}", "--set", f"sagemakerPipeline.notifications={FAILED}"]
    policy = json.loads(call(*some, "iam-policy", "--for", "delete"))
    call(*some, "deploy")
    recorded.clear()
    call(*some, "delete", "--yes")

    assert [each for each in recorded if not allowed(policy, each)] == []
    assert unused(policy, recorded) == NEVER_CALLED.keys()


def test_who_deploys_one_pipeline_cannot_deploy_another(cloud: Any, recorded: list[Call]) -> None:
    policy = json.loads(call("iam-policy", "--for", "deploy"))
    call("deploy", "--set", "sagemakerPipeline.pipelineName=other")
    assert {each.action for each in recorded if not allowed(policy, each)} == {
        "s3:GetObject",
        "s3:ListBucket",
        "s3:PutObject",
        "sagemaker:AddTags",
        "sagemaker:CreatePipeline",
        "sagemaker:DescribePipeline",
    }


@pytest.mark.parametrize("purpose", ["execution", "deploy", "trigger", "plan", "delete"])
def test_the_command_answers_with_the_policy_alone(purpose: str) -> None:
    result = CliRunner().invoke(smp, [*PROJECT, "iam-policy", "--for", purpose])
    again = CliRunner().invoke(smp, [*PROJECT, "iam-policy", "--for", purpose, "--format", "json"])
    assert (result.exit_code, result.stdout) == (0, again.stdout)
    assert json.loads(result.stdout)["Version"] == "2012-10-17"
    assert result.stdout.endswith("\n}\n")


def test_what_the_policy_cannot_say_goes_to_stderr() -> None:
    options = ["-c", "examples/sales-forecast/conf/inference.yaml"]
    result = CliRunner().invoke(smp, [*PROJECT[:8], *options, "iam-policy", "--for", "execution"])
    assert result.exit_code == 0
    assert "of the parameter History the default alone is in the policy\n" in result.stderr
    json.loads(result.stdout)


def test_without_a_purpose_nothing_is_printed() -> None:
    result = CliRunner().invoke(smp, [*PROJECT, "iam-policy"])
    assert (result.exit_code, result.stdout) == (2, "")
    assert "Missing option '--for'. Choose from:\n\texecution,\n\tdeploy,\n\ttrigger,\n\tplan,\n\tdelete" in result.stderr
