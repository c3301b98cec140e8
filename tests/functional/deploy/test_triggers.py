"""Triggers and notifications in the account: made, changed, taken away, and nothing of anybody else touched."""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from framework.commands.planning import carry_out, prepare
from framework.config.load import Sources
from framework.deploy.backend import SageMakerBackend
from framework.deploy.fields import ABSENT, FieldChange
from framework.deploy.identity import Identity
from framework.deploy.mark import drift
from framework.deploy.plan import Change, diff
from framework.deploy.saved import Circumstances, is_saved, moved, saved
from framework.deploy.triggers import FoundTriggers, trigger_changes
from framework.errors import BackendError
from framework.pipeline.compiled import CompiledPipeline
from framework.road import travel
from tests.functional.deploy.conftest import Answer, Call, Cloud, post

ROLE = "arn:aws:iam::123456789012:role/pipelines"
ARN = "arn:aws:sagemaker:eu-west-1:123456789012:pipeline/churn"
TOPIC = "arn:aws:sns:eu-west-1:123456789012:alerts"
VARIABLES = {"SMP_S3BUCKETNAME": "models", "SMP_ROLE": ROLE, "SMP_REGION": "eu-west-1"}
ALL = """
    triggers:
      nightly: {schedule: cron(0 3 * * ? *), timezone: Europe/Vienna, parameters: {Day: <aws.scheduler.scheduled-time>, Count: 7}}
      hourly: {schedule: rate(1 hour), window_minutes: 5, enabled: false, parameters: {Count: 3}, retry: {max_attempts: 2}}
      on-data: {s3: {bucket: lake, prefix: raw/, suffix: .csv}, parameters: {Day: "${event.detail.object.key}"}}
      custom: {event_pattern: {source: [my.app]}, event_bus: mine}
    notifications:
      - {on: failed, topic: "arn:aws:sns:eu-west-1:123456789012:alerts"}
"""
NOTIFICATION = "execution-failed-2bfc51be"

Make = Callable[[str], CompiledPipeline]


@pytest.fixture
def compile_(tmp_path: Path) -> Make:
    """What a configuration with these settings of the pipeline compiles to."""

    def compiled(settings: str) -> CompiledPipeline:
        text = """
conf:
  models: {m: {train: {image_uri: i, env: {A: "${parameters.Day} ${parameters.Count}"}}}}
  sagemakerPipeline:
    pipelineName: churn
    parameters: {Day: today, Count: 1}
    models: {m: }
"""
        (tmp_path / "model.yaml").write_text(text + settings, encoding="utf-8")
        pipeline, findings = travel(Sources(tmp_path, patterns=("model.yaml",)), VARIABLES)
        assert [str(finding) for finding in findings] == []
        assert pipeline is not None
        return pipeline

    return compiled


@functools.cache
def one_backend() -> SageMakerBackend:
    """One for all tests: making clients takes longer than a test."""
    return SageMakerBackend()


@pytest.fixture
def backend(cloud: Cloud) -> SageMakerBackend:
    return one_backend()


EMPTY = b'<NotificationConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/"/>'
TELLING = EMPTY.replace(b"/>", b"><EventBridgeConfiguration/></NotificationConfiguration>")


class Notifications:
    """Whom the bucket `lake` tells of its objects, as it was put: moto forgets of it what is for EventBridge."""

    def __init__(self) -> None:
        self.told = TELLING

    def __call__(self, call: Call) -> Answer | None:
        if not call.path.startswith("/lake?notification"):
            return None
        if call.operation == "GetBucket":
            return Answer(200, self.told, "application/xml")
        self.told = call.body
        return Answer(200, b"", "application/xml")


@pytest.fixture
def lake(cloud: Cloud) -> Notifications:
    notifications = Notifications()
    for name in ("GetBucket", "PutBucket"):
        cloud.always(name, notifications)  # type: ignore[arg-type]  # where it gives none, moto answers
    return notifications


@pytest.fixture(autouse=True)
def account(cloud: Cloud, lake: Notifications) -> None:
    """A bus, a topic that takes messages and a bucket that tells EventBridge."""
    lay_out(cloud)


def lay_out(cloud: Cloud) -> None:
    cloud.client("events").create_event_bus(Name="mine")
    policy = {"Statement": [{"Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"}, "Action": "sns:Publish"}]}
    cloud.client("sns").create_topic(Name="alerts", Attributes={"Policy": json.dumps(policy)})


def deploy(backend: SageMakerBackend, pipeline: CompiledPipeline) -> tuple[tuple[Change, ...], FoundTriggers]:
    """As the commands do."""
    made = prepare(backend, pipeline)
    carry_out(backend, made)
    return trigger_changes(pipeline, made.found), made.found


def with_power(cloud: Cloud, calls: int | None) -> None:
    """Lets so many more calls through, and hangs up on all others, as if the process were gone; None ends that."""
    left = iter(range(calls or 0))
    dead = Answer(500, b"", cut=-1)
    if calls is None:
        cloud.__dict__.pop("answer_for", None)
    else:
        cloud.answer_for = lambda call: dead if next(left, None) is None else Cloud.answer_for(cloud, call)  # type: ignore[method-assign]


@pytest.fixture
def reset(moto: str, cloud: Cloud) -> Callable[[], None]:
    """Empties the account."""

    def emptied() -> None:
        post(moto, "/moto-api/reset")
        cloud.client("s3").create_bucket(Bucket="models", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
        lay_out(cloud)

    return emptied


def operation(call: Call) -> str:
    """The operation of a call; the Scheduler's are told by method and path."""
    kind = next((word for word in ("schedule-groups", "schedules", "tags") if call.path.startswith(f"/{word}")), None)
    return (
        call.operation
        if kind is None
        else f"{call.operation.removesuffix('Object').removesuffix('Bucket')} {call.path.split('?')[0]}"
    )


def rest_refusal(code: str, message: str, status: int = 400) -> Answer:
    """As the Scheduler refuses."""
    body = json.dumps({"Message": message}).encode()
    return Answer(status, body, "application/json", headers=(("x-amzn-errortype", code),))


def writes(cloud: Cloud) -> list[str]:
    return [name for name in map(operation, cloud.calls) if not name.startswith(("Get", "List", "Describe", "Head"))]


def state(cloud: Cloud) -> dict[str, Any]:
    """Everything that triggers and notifications are made of, as AWS tells it."""
    events, scheduler = cloud.client("events"), cloud.client("scheduler")
    told: dict[str, Any] = {}
    for bus in ("default", "mine"):
        for rule in events.list_rules(EventBusName=bus)["Rules"]:
            targets = events.list_targets_by_rule(Rule=rule["Name"], EventBusName=bus)["Targets"]
            tags = events.list_tags_for_resource(ResourceARN=rule["Arn"])["Tags"]
            told[f"{bus} {rule['Name']}"] = {**rule, "Targets": targets, "Tags": sorted((tag["Key"], tag["Value"]) for tag in tags)}
    for listed in scheduler.list_schedules()["Schedules"]:
        answer = scheduler.get_schedule(GroupName=listed["GroupName"], Name=listed["Name"])
        kept = {
            key: value for key, value in answer.items() if key not in {"CreationDate", "LastModificationDate", "ResponseMetadata"}
        }
        told[f"{listed['GroupName']}/{listed['Name']}"] = kept
    told["groups"] = sorted(group["Name"] for group in scheduler.list_schedule_groups()["ScheduleGroups"])
    sagemaker = cloud.client("sagemaker")
    if sagemaker.list_pipelines()["PipelineSummaries"]:
        tags = sagemaker.list_tags(ResourceArn=ARN)["Tags"]
        told["tags"] = {tag["Key"]: tag["Value"] for tag in tags if tag["Key"] != "smp:deployed"}
    return told


def test_all_kinds_are_made_as_they_are_written(cloud: Cloud, backend: SageMakerBackend, compile_: Make) -> None:
    changes, found = deploy(backend, compile_(ALL))

    names = ["custom", "hourly", "nightly", "on-data"]
    assert changes == (*(Change("add", "trigger", name) for name in names), Change("add", "notification", NOTIFICATION))
    assert found.notes == ()
    there = state(cloud)
    assert sorted(there) == [
        "default smp-churn.notify.execution-failed-2bfc51be",
        "default smp-churn.on-data",
        "groups",
        "mine smp-churn.custom",
        "smp-churn/hourly",
        "smp-churn/nightly",
        "tags",
    ]
    assert there["tags"] == {"smp:triggers": "@scheduler default mine"}
    assert there["groups"] == ["default", "smp-churn"]
    rule = there["default smp-churn.on-data"]
    assert json.loads(rule["EventPattern"]) == {
        "source": ["aws.s3"],
        "detail-type": ["Object Created"],
        "detail": {"bucket": {"name": ["lake"]}, "object": {"key": [{"wildcard": "raw/*.csv"}]}},
    }
    assert rule["Tags"] == [("smp:pipeline", "churn"), ("smp:trigger", "on-data")]
    assert rule["Targets"] == [
        {
            "Id": "smp",
            "Arn": ARN,
            "RoleArn": ROLE,
            "SageMakerPipelineParameters": {"PipelineParameterList": [{"Name": "Day", "Value": "$.detail.object.key"}]},
        }
    ]
    hourly = there["smp-churn/hourly"]
    assert (hourly["State"], hourly["FlexibleTimeWindow"]) == ("DISABLED", {"Mode": "FLEXIBLE", "MaximumWindowInMinutes": 5})
    assert hourly["Target"] == {
        "Arn": ARN,
        "RoleArn": ROLE,
        "SageMakerPipelineParameters": {"PipelineParameterList": [{"Name": "Count", "Value": "3"}]},
        "RetryPolicy": {"MaximumRetryAttempts": 2, "MaximumEventAgeInSeconds": 86400},
    }
    nightly = there["smp-churn/nightly"]
    assert (nightly["ScheduleExpression"], nightly["ScheduleExpressionTimezone"]) == ("cron(0 3 * * ? *)", "Europe/Vienna")
    assert nightly["Target"]["Arn"] == "arn:aws:scheduler:::aws-sdk:sagemaker:startPipelineExecution"
    sent = json.loads(nightly["Target"]["Input"])
    assert sent["PipelineName"] == "churn"
    assert sent["PipelineParameters"] == [
        {"Name": "Day", "Value": "<aws.scheduler.scheduled-time>"},
        {"Name": "Count", "Value": "7"},
    ]
    assert 32 <= len(sent["ClientRequestToken"]) <= 128
    notification = there["default smp-churn.notify.execution-failed-2bfc51be"]
    assert json.loads(notification["EventPattern"])["detail"] == {
        "pipelineArn": [ARN],
        "currentPipelineExecutionStatus": ["Failed"],
    }
    assert notification["Targets"][0]["Arn"] == TOPIC


def test_the_second_time_nothing_is_written(cloud: Cloud, backend: SageMakerBackend, compile_: Make) -> None:
    deploy(backend, compile_(ALL))
    before = state(cloud)
    cloud.calls.clear()

    changes, _ = deploy(backend, compile_(ALL))

    assert changes == ()
    assert writes(cloud) == []
    assert state(cloud) == before


def test_without_triggers_nothing_is_asked(cloud: Cloud, backend: SageMakerBackend, compile_: Make) -> None:
    deploy(backend, compile_(""))
    cloud.calls.clear()

    deploy(backend, compile_(""))

    assert cloud.operations == ["DescribePipeline", "ListTags"]


def test_what_changed_is_told_field_by_field_and_written_alone(cloud: Cloud, backend: SageMakerBackend, compile_: Make) -> None:
    deploy(backend, compile_(ALL))
    cloud.calls.clear()

    other = (
        ALL.replace("Count: 7", "Count: 8").replace("prefix: raw/", "prefix: new/").replace("on: failed", "on: failed, text: No")
    )
    changes, _ = deploy(backend, compile_(other))

    nightly, data, notification = changes
    assert nightly == Change("change", "trigger", "nightly", (FieldChange("Target.Input.PipelineParameters.Count", "7", "8"),))
    path = "EventPattern.detail.object.key[0].wildcard"
    assert data == Change("change", "trigger", "on-data", (FieldChange(path, "raw/*.csv", "new/*.csv"),))
    assert [field.path.rpartition(".")[2] for field in notification.fields][-1] == "InputTemplate"
    made = ["Put /schedules/nightly", "PutRule", "PutTargets", "PutRule", "PutTargets"]
    assert writes(cloud) == ["AddTags", *made, "AddTags"]
    assert trigger_changes(compile_(other), backend.triggers(compile_(other), backend.fetch("churn"))) == ()


def test_what_is_no_longer_written_is_taken_away(cloud: Cloud, backend: SageMakerBackend, compile_: Make) -> None:
    deploy(backend, compile_(ALL))
    cloud.calls.clear()

    changes, _ = deploy(backend, compile_(""))

    names = ["custom", "hourly", "nightly", "on-data"]
    assert changes == (*(Change("remove", "trigger", name) for name in names), Change("remove", "notification", NOTIFICATION))
    assert state(cloud) == {"groups": ["default"], "tags": {}}
    assert writes(cloud)[-2:] == ["DeleteTags", "AddTags"]
    cloud.calls.clear()
    assert deploy(backend, compile_(""))[0] == ()
    assert cloud.operations == ["DescribePipeline", "ListTags"]


def test_a_trigger_of_another_kind_is_a_change(cloud: Cloud, backend: SageMakerBackend, compile_: Make) -> None:
    deploy(backend, compile_("    triggers: {daily: {schedule: rate(1 day)}}\n"))

    changes, _ = deploy(backend, compile_("    triggers: {daily: {event_pattern: {source: [a]}, event_bus: mine}}\n"))

    [change] = changes
    assert (change.action, change.what, change.name) == ("change", "trigger", "daily")
    assert FieldChange("ScheduleExpression", "rate(1 day)", ABSENT) in change.fields
    assert FieldChange("EventBusName", ABSENT, "mine") in change.fields
    assert sorted(state(cloud)) == ["groups", "mine smp-churn.daily", "tags"]
    assert state(cloud)["tags"] == {"smp:triggers": "mine"}


def test_what_somebody_else_made_stays(cloud: Cloud, backend: SageMakerBackend, compile_: Make) -> None:
    events = cloud.client("events")
    events.put_rule(Name="smp-churn.theirs", EventPattern='{"source":["x"]}')
    other = [{"Key": "smp:pipeline", "Value": "churn-other"}]
    events.put_rule(Name="smp-churn.more", EventPattern='{"source":["x"]}', Tags=other)
    before = state(cloud)

    deploy(backend, compile_(ALL))
    deploy(backend, compile_(""))

    after = state(cloud)
    assert {key: after[key] for key in before if key.startswith("default ")} == {
        key: before[key] for key in before if key.startswith("default ")
    }
    assert sorted(key for key in after if " " in key) == ["default smp-churn.more", "default smp-churn.theirs"]


def test_a_rule_of_the_same_name_is_not_taken_over(cloud: Cloud, backend: SageMakerBackend, compile_: Make) -> None:
    cloud.client("events").put_rule(Name="smp-churn.on-data", EventPattern='{"source":["x"]}')

    with pytest.raises(BackendError) as caught:
        deploy(backend, compile_(ALL))

    assert str(caught.value) == (
        "Looking at rule smp-churn.on-data failed: it lacks the tag smp:pipeline, so somebody else made it. "
        "Try: rename the trigger or the pipeline, or tag it smp:pipeline=churn if it is meant."
    )
    assert "CreatePipeline" not in cloud.operations


def test_a_schedule_group_of_another_pipeline_is_not_taken_over(cloud: Cloud, backend: SageMakerBackend, compile_: Make) -> None:
    tags = [{"Key": "smp:pipeline", "Value": "Churn"}]
    cloud.client("scheduler").create_schedule_group(Name="smp-churn", Tags=tags)

    with pytest.raises(BackendError, match="Looking at schedule group smp-churn failed: it belongs to the pipeline Churn"):
        deploy(backend, compile_(ALL))


def test_a_change_by_hand_is_told_and_undone(cloud: Cloud, backend: SageMakerBackend, compile_: Make) -> None:
    deploy(backend, compile_(ALL))
    good = state(cloud)
    cloud.client("events").disable_rule(Name="smp-churn.on-data")
    cloud.client("events").remove_targets(Rule="smp-churn.custom", EventBusName="mine", Ids=["smp"])
    cloud.client("scheduler").delete_schedule(GroupName="smp-churn", Name="hourly")

    changes, _ = deploy(backend, compile_(ALL))

    assert [(change.action, change.name, [field.path for field in change.fields]) for change in changes] == [
        ("change", "custom", ["Target"]),
        ("add", "hourly", []),
        ("change", "on-data", ["State"]),
    ]
    assert state(cloud) == good


def test_a_silent_bucket_is_told(backend: SageMakerBackend, compile_: Make, lake: Notifications) -> None:
    lake.told = EMPTY
    settings = "    triggers: {data: {s3: {bucket: lake}}, more: {s3: {bucket: lost}}}\n"

    _, found = deploy(backend, compile_(settings))

    assert found.notes == (
        "the bucket lake does not tell EventBridge of its objects, so nothing sets off data: "
        "set configure_bucket: true, or switch Amazon EventBridge on in the properties of the bucket",
        "the bucket lost does not exist, so nothing sets off more",
    )
    assert lake.told == EMPTY


def test_a_bucket_is_switched_on_and_keeps_whom_it_tells(backend: SageMakerBackend, compile_: Make, lake: Notifications) -> None:
    told = "<Id>q</Id><Queue>arn:aws:sqs:eu-west-1:123456789012:q</Queue><Event>s3:ObjectCreated:*</Event>"
    queue = f"<QueueConfiguration>{told}</QueueConfiguration>"
    lake.told = EMPTY.replace(b"/>", f">{queue}</NotificationConfiguration>".encode())
    pipeline = compile_("    triggers: {data: {s3: {bucket: lake, configure_bucket: true}}}\n")

    changes, found = deploy(backend, pipeline)

    setting = Change("change", "bucket", "lake", (FieldChange("EventBridgeConfiguration", ABSENT, {}),))
    assert (changes, found.notes) == ((Change("add", "trigger", "data"), setting), ())
    assert queue.encode() in lake.told
    assert re.search(rb"<EventBridgeConfiguration\s*/>|<EventBridgeConfiguration></EventBridgeConfiguration>", lake.told)
    assert deploy(backend, pipeline)[0] == ()


SWITCHING = "    triggers: {data: {s3: {bucket: lake, configure_bucket: true}}}\n"


def test_a_bucket_to_switch_on_that_may_not_be_looked_at(cloud: Cloud, backend: SageMakerBackend, compile_: Make) -> None:
    cloud.always("GetBucket", Cloud.s3_refusal("AccessDenied", "Access Denied", 403))

    assert deploy(backend, compile_(SWITCHING))[1].notes == (
        "whether the bucket lake tells EventBridge of its objects, for data, cannot be seen: "
        "allow s3:GetBucketNotification to who deploys",
    )


def test_a_bucket_to_switch_on_of_which_s3_does_not_tell_now(cloud: Cloud, backend: SageMakerBackend, compile_: Make) -> None:
    cloud.always("GetBucket", Cloud.s3_refusal("SlowDown", "Please reduce your request rate", 503))

    with pytest.raises(BackendError) as caught:
        deploy(backend, compile_(SWITCHING))

    assert caught.value.what == "GetBucketNotificationConfiguration on s3://lake"


@pytest.mark.parametrize(
    ("principal", "condition", "takes"),
    [
        ({"Service": "events.amazonaws.com"}, {}, True),
        ({"Service": ["s3.amazonaws.com", "events.amazonaws.com"]}, {"ArnLike": {"aws:SourceArn": "x"}}, True),
        ("*", {}, True),
        ({"AWS": "*"}, {"StringEquals": {"AWS:SourceOwner": "123456789012"}}, False),
        ({"Service": "s3.amazonaws.com"}, {}, False),
    ],
)
def test_a_topic_that_takes_no_messages_is_told(
    cloud: Cloud, backend: SageMakerBackend, compile_: Make, principal: Any, condition: Any, takes: bool
) -> None:
    statement = {"Effect": "Allow", "Principal": principal, "Action": ["SNS:Publish"], "Condition": condition}
    policy = json.dumps({"Statement": [statement]})
    cloud.client("sns").set_topic_attributes(TopicArn=TOPIC, AttributeName="Policy", AttributeValue=policy)

    _, found = deploy(backend, compile_(ALL))

    said = (
        f"the policy of the topic {TOPIC} does not let EventBridge publish, so {NOTIFICATION} will not be sent: "
        "allow sns:Publish to the service events.amazonaws.com"
    )
    assert found.notes == (() if takes else (said,))


def test_a_topic_that_is_gone_is_told_and_one_that_may_not_be_looked_at_is_not(
    cloud: Cloud, backend: SageMakerBackend, compile_: Make
) -> None:
    cloud.client("sns").delete_topic(TopicArn=TOPIC)
    assert deploy(backend, compile_(ALL))[1].notes == (f"the topic {TOPIC} does not exist, so {NOTIFICATION} will not be sent",)
    cloud.always("GetTopicAttributes", cloud.query_refusal("AuthorizationError", "No", 403))
    assert deploy(backend, compile_(ALL))[1].notes == ()


def test_what_is_refused_names_the_rule_and_the_permission(cloud: Cloud, backend: SageMakerBackend, compile_: Make) -> None:
    cloud.always("PutRule", cloud.refusal("AccessDeniedException", "User x may not"))

    with pytest.raises(BackendError) as caught:
        deploy(backend, compile_(ALL))

    assert str(caught.value) == (
        "PutRule on rule smp-churn.custom failed: User x may not (AccessDeniedException). "
        "Try: allow events:PutRule on rule smp-churn.custom to who runs this, in the policy of the user or role."
    )


def test_a_target_that_is_refused_in_an_answer_that_came_is_an_error(
    cloud: Cloud, backend: SageMakerBackend, compile_: Make
) -> None:
    entry = {"TargetId": "smp", "ErrorCode": "ConcurrentModificationException", "ErrorMessage": "Somebody else is at it."}
    cloud.next("PutTargets", cloud.ok(FailedEntryCount=1, FailedEntries=[entry]))

    with pytest.raises(BackendError) as caught:
        deploy(backend, compile_(ALL))

    assert str(caught.value) == (
        "PutTargets on rule smp-churn.custom failed: Somebody else is at it. (ConcurrentModificationException). "
        "Try: wait a minute and run the command again."
    )
    deploy(backend, compile_(ALL))
    assert len(state(cloud)["mine smp-churn.custom"]["Targets"]) == 1


def test_a_role_that_the_scheduler_may_not_assume_is_told_with_its_cure(
    cloud: Cloud, backend: SageMakerBackend, compile_: Make
) -> None:
    reason = "The execution role you provide must allow AWS EventBridge Scheduler to assume the role."
    refused = rest_refusal("ValidationException", reason)
    cloud.always("PostObject", lambda call: refused if call.path == "/schedules/hourly" else None)  # type: ignore[arg-type,return-value]

    with pytest.raises(BackendError) as caught:
        deploy(backend, compile_(ALL))

    assert str(caught.value) == (
        f"CreateSchedule on schedule smp-churn/hourly failed: {reason[:-1]} (ValidationException). "
        "Try: let events.amazonaws.com and scheduler.amazonaws.com assume the role, in its trust policy; "
        "or name another: role in the trigger, SMP_TRIGGER_ROLE or conf.sagemakerNetworkSecurity.trigger_role."
    )


def test_of_two_deployments_at_once_both_end_well(cloud: Cloud, backend: SageMakerBackend, compile_: Make) -> None:
    pipeline = compile_(ALL)
    early = backend.triggers(pipeline, None)
    deploy(backend, pipeline)
    good = state(cloud)
    refused = rest_refusal("ConflictException", "Schedule group smp-churn already exists.", 409)  # moto would make it anew
    cloud.always("PostObject", lambda call: refused if call.path.startswith("/schedule-groups") else None)  # type: ignore[arg-type,return-value]

    backend.apply_triggers(diff(pipeline, backend.fetch(pipeline.name)), ARN, early)

    assert state(cloud) == good
    assert [name for name in writes(cloud) if name.startswith("Put /schedules")] == [
        "Put /schedules/hourly",
        "Put /schedules/nightly",
    ]


def test_where_the_mark_does_not_name_the_buses_all_are_looked_at(cloud: Cloud, backend: SageMakerBackend, compile_: Make) -> None:
    deploy(backend, compile_(ALL))
    cloud.client("sagemaker").add_tags(ResourceArn=ARN, Tags=[{"Key": "smp:triggers", "Value": "@all"}])

    deploy(backend, compile_(""))

    assert state(cloud) == {"groups": ["default"], "tags": {}}


def test_a_mark_that_somebody_took_away_comes_back(cloud: Cloud, backend: SageMakerBackend, compile_: Make) -> None:
    deploy(backend, compile_(ALL))
    good = state(cloud)
    cloud.client("sagemaker").delete_tags(ResourceArn=ARN, TagKeys=["smp:triggers"])

    assert deploy(backend, compile_(ALL))[0] == ()
    assert state(cloud) == good


def test_long_names_are_shortened_and_found_again(cloud: Cloud, backend: SageMakerBackend, compile_: Make) -> None:
    settings = ALL.replace("on-data:", f"{'on-data-' * 8}:").replace("nightly:", f"{'n' * 64}:")
    pipeline = replace(compile_(settings), name="churn")
    deploy(backend, pipeline)

    names = [key for key in state(cloud) if "on-data" in key]
    assert [len(name.removeprefix("default ")) for name in names] == [64]
    cloud.calls.clear()
    assert deploy(backend, pipeline)[0] == ()
    assert writes(cloud) == []


SOME = """
    triggers:
      nightly: {schedule: rate(1 day)}
      custom: {event_pattern: {source: [my.app]}, event_bus: mine}
    notifications:
      - {on: failed, topic: "arn:aws:sns:eu-west-1:123456789012:alerts"}
"""
OTHER = """
    triggers:
      nightly: {event_pattern: {source: [a]}}
      custom: {event_pattern: {source: [my.app]}}
    notifications:
      - {name: bad, on: failed, topic: "arn:aws:sns:eu-west-1:123456789012:alerts"}
"""
FEW = SOME.partition("    notifications:")[0]
STAGES = {"from no pipeline": (None, FEW), "to others": (SOME, OTHER)}
HERE = Circumstances(Identity("123456789012", "eu-west-1"), {}, {})


@pytest.mark.parametrize("stage", STAGES)
def test_killed_after_any_call_it_is_finished_by_running_it_again(
    cloud: Cloud, backend: SageMakerBackend, compile_: Make, stage: str, reset: Callable[[], None]
) -> None:
    """The mark tells that it was not finished, and a plan that was saved before is still the one to apply."""
    before, after = (None if settings is None else compile_(settings) for settings in STAGES[stage])
    assert after is not None
    lay = (lambda: deploy(backend, before)) if before else (lambda: None)
    lay()
    plan = json.loads(json.dumps(saved(prepare(backend, after).plan, HERE)))
    assert is_saved(plan)
    cloud.calls.clear()
    deploy(backend, after)
    calls, good = [operation(call) for call in cloud.calls], state(cloud)
    moments = [number for number, name in enumerate(calls, 1) if not name.startswith(("Get", "List", "Describe", "Head"))]
    assert len(moments) >= 5

    for moment in moments:
        reset()
        lay()
        with_power(cloud, moment)
        with pytest.raises(BackendError) if moment < len(calls) else nullcontext():
            deploy(backend, after)
        with_power(cloud, None)
        again, when = prepare(backend, after).plan, f"killed after {calls[moment - 1]}, call {moment} of {len(calls)}"
        assert (drift(again.deployed, again.beside).state, when) == ("unfinished" if moment < moments[-1] else "same", when)
        assert (moved(plan, again, HERE), when) == ([], when)
        deploy(backend, after)
        assert (state(cloud), when) == (good, when)
        again = prepare(backend, after).plan
        assert (again.changes, drift(again.deployed, again.beside).state, when) == ((), "same", when)
