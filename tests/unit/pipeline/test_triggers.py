"""What triggers and notifications compile to: names, patterns, and messages as a reader gets them."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from framework.config.expressions import Event, Join
from framework.config.model import Network
from framework.config.triggers import KINDS, NotificationConfig, TriggerConfig
from framework.config.values import Map, Seq
from framework.findings import NOWHERE
from framework.pipeline.compiled import EventRule, Schedule, rule_name, shortened, trigger_group
from framework.pipeline.triggers import compile_notifications, compile_triggers

ROLE = "arn:aws:iam::111122223333:role/pipelines"
TOPIC = "arn:aws:sns:eu-west-1:111122223333:alerts"
EXECUTION = "arn:aws:sagemaker:eu-west-1:111122223333:pipeline/churn/execution/p4jn9xou8a8s"
EVENT = {
    "account": "111122223333",
    "region": "eu-west-1",
    "time": "2021-03-15T16:10:11Z",
    "detail": {
        "pipelineExecutionDisplayName": "nightly",
        "currentPipelineExecutionStatus": "Succeeded",
        "pipelineExecutionArn": EXECUTION,
        "stepName": "fit",
        "currentStepStatus": "Failed",
        "failureReason": 'ClientError: no "data"',
    },
}


def tree(value: Any) -> Any:
    """A value as the reader makes it."""
    if isinstance(value, dict):
        made = Map()
        for key, item in value.items():
            made.put(key, tree(item), NOWHERE, NOWHERE, str(item) if isinstance(item, float) else None)
        return made
    if isinstance(value, list):
        listed = Seq()
        for item in value:
            listed.add(tree(item), NOWHERE)
        return listed
    return value


def trigger(name: str, network: Network | None = None, **values: Any) -> Any:
    kind = next(kind for kind in KINDS if kind in values)
    [made] = compile_triggers([TriggerConfig(name, kind, tree(values), NOWHERE)], "churn", network or Network(ROLE))
    return made


def notification(partition: str = "aws", **values: Any) -> EventRule:
    given = tree({"scope": "execution", "on": ["failed"], "topic": TOPIC, **values})
    declared = NotificationConfig(values.get("name", ""), given, NOWHERE)
    [made] = compile_notifications([declared], "churn", Network(ROLE.replace("arn:aws:", f"arn:{partition}:")))
    return made


def read(rule: EventRule, event: dict[str, Any]) -> str:
    """The message as EventBridge makes it of an event, and as an e-mail shows it: what is not there is left out."""
    made = rule.target["InputTransformer"]
    values: dict[str, Any] = {}
    for name, path in made["InputPathsMap"].items():
        value: Any = event
        for part in path.removeprefix("$.").split("."):
            value = value.get(part, "") if isinstance(value, dict) else ""
        values[name] = value
    lines = [json.loads(line) for line in made["InputTemplate"].split("\n")]
    return "\n".join(re.sub(r"<([A-Za-z0-9]+)>", lambda match: str(values[match[1]]), line) for line in lines)


def test_a_succeeded_execution_reads_well() -> None:
    assert read(notification(on=["succeeded"]), EVENT) == (
        "Pipeline churn: Succeeded\n"
        "Execution: nightly\n"
        "When: 2021-03-15T16:10:11Z, account 111122223333, region eu-west-1\n"
        f"ARN: {EXECUTION}\n"
        f"Steps: aws sagemaker list-pipeline-execution-steps --region eu-west-1 --pipeline-execution-arn {EXECUTION}\n"
        "Console: https://eu-west-1.console.aws.amazon.com/sagemaker/home?region=eu-west-1#/studio-landing"
    )


def test_a_failed_step_says_why() -> None:
    assert read(notification(scope="step"), EVENT).splitlines()[:2] == [
        "Pipeline churn, step fit: Failed",
        'Reason: ClientError: no "data"',
    ]


def test_only_what_the_text_names_is_taken_from_the_event() -> None:
    made = notification(scope="step", on=["succeeded"]).target["InputTransformer"]
    assert {f"<{name}>" for name in made["InputPathsMap"]} == set(re.findall("<[a-z]+>", made["InputTemplate"]))


def test_the_console_is_that_of_the_partition() -> None:
    assert read(notification("aws-cn"), EVENT).splitlines()[-1].startswith("Console: https://eu-west-1.console.amazonaws.cn/")


def test_a_text_of_ones_own_keeps_its_lines_and_quotes() -> None:
    parts = ('Step "', Event("detail.stepName"), '" < all:\n', Event("detail.failureReason"), "\nat ", Event("time"), " \\o/\n")
    assert read(notification(scope="step", text=Join("", parts)), EVENT) == (
        'Step "fit" < all:\nClientError: no "data"\nat 2021-03-15T16:10:11Z \\o/'
    )


def test_parts_of_the_event_have_placeholders_of_their_own() -> None:
    paths = ("detail.a.name", "detail.b.name", "resources[0]", "resources[1]", "detail.aws-id", "detail.a.name")
    made = notification(text=Join("", tuple(map(Event, paths)))).target["InputTransformer"]
    assert made["InputTemplate"] == '"<name><name2><resources><resources2><eventawsid><name>"'
    assert made["InputPathsMap"]["resources2"] == "$.resources[1]"


@pytest.mark.parametrize(
    ("prefix", "suffix", "key"),
    [
        ("raw/", "", {"prefix": "raw/"}),
        ("", ".csv", {"suffix": ".csv"}),
        ("raw*/", "\\.csv", {"wildcard": "raw\\*/*\\\\.csv"}),
    ],
)
def test_keys_begin_and_end_as_they_are_to(prefix: str, suffix: str, key: dict[str, str]) -> None:
    made = trigger("data", s3={"bucket": "lake", "prefix": prefix, "suffix": suffix})
    assert made.request["EventPattern"]["detail"] == {"bucket": {"name": ["lake"]}, "object": {"key": [key]}}


def test_pushes_and_approvals() -> None:
    push = trigger("push", codecommit={"repository": "models", "branch": ["main", "next"]}).request["EventPattern"]
    assert push["detail"]["repositoryName"] == ["models"]
    assert push["detail"]["referenceName"] == ["main", "next"]
    assert "referenceName" not in trigger("push", codecommit={"repository": "models"}).request["EventPattern"]["detail"]
    approval = trigger("ok", model_package_group=["churn"], status=["Rejected"]).request["EventPattern"]
    assert approval["detail"] == {"ModelPackageGroupName": ["churn"], "ModelApprovalStatus": ["Rejected"]}


def test_the_role_is_the_nearest_that_is_said() -> None:
    network = Network(ROLE, trigger_role="arn:aws:iam::111122223333:role/triggers")
    assert trigger("a", s3={"bucket": "lake"}).target["RoleArn"] == ROLE
    assert trigger("a", network, s3={"bucket": "lake"}).target["RoleArn"] == network.trigger_role
    own = "arn:aws:iam::111122223333:role/own"
    assert trigger("a", network, schedule="rate(1 day)", role=own).request["Target"]["RoleArn"] == own


def test_values_are_texts_as_they_were_written() -> None:
    made: Schedule = trigger("a", schedule="rate(1 day)", parameters={"A": True, "B": 7, "C": 1.5, "D": "x"})
    sent = made.request["Target"]["SageMakerPipelineParameters"]["PipelineParameterList"]
    assert {each["Name"]: each["Value"] for each in sent} == {"A": "true", "B": "7", "C": "1.5", "D": "x"}


def test_tokens_of_two_schedules_differ() -> None:
    values = {"schedule": "rate(1 day)", "parameters": {"A": "<aws.scheduler.scheduled-time>"}}
    one, other = (json.loads(trigger(name, **values).request["Target"]["Input"])["ClientRequestToken"] for name in ("a", "b"))
    assert one != other
    assert re.fullmatch(r"smp-[0-9a-f]{16}-<aws\.scheduler\.execution-id>", one)


def test_the_arn_of_a_universal_target_is_of_the_partition() -> None:
    network = Network("arn:aws-cn:iam::111122223333:role/x")
    made = trigger("a", network, schedule="rate(1 day)", parameters={"A": "<aws.scheduler.scheduled-time>"})
    assert made.request["Target"]["Arn"] == "arn:aws-cn:scheduler:::aws-sdk:sagemaker:startPipelineExecution"


def test_a_notification_is_called_by_what_it_tells_and_whom() -> None:
    names = {
        notification().name,
        notification(on=["failed", "stopped"]).name,
        notification(scope="step").name,
        notification(scope="step", steps=["fit"]).name,
        notification(topic=f"{TOPIC}2").name,
    }
    assert len(names) == 5
    assert notification(on=["stopped", "failed"]).name == notification(on=["failed", "stopped"], text="x").name
    assert notification(name="bad").rule == "smp-churn.notify.bad"


def test_names_of_rules_are_short_enough_and_differ() -> None:
    long = "p" * 256
    assert len(trigger_group(long)) == 40
    assert trigger_group(long) != trigger_group(long[:-1])
    names = {rule_name(pipeline, name) for pipeline in ("churn", "churn-daily", long) for name in ("nightly", "t" * 63, "t" * 64)}
    assert len(names) == 9
    assert all(len(name) <= 64 for name in names)
    assert all(rule_name(pipeline, "t" * 64).startswith(f"{trigger_group(pipeline)}.") for pipeline in ("churn", long))
    assert rule_name("churn", "daily-x") != rule_name("churn-daily", "x")
    assert shortened("abc", 3) == "abc"
