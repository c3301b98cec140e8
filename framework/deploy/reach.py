"""What triggers and notifications need of others: buckets that tell EventBridge of their objects, topics that take its messages.

In: clients and a compiled pipeline. Out: what is not so, said as notes. It is only looked at: who may not look is told nothing. A
bucket is switched on where the configuration asks for it, so there looking is a part of the work.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from botocore.exceptions import ClientError

from framework.deploy.clients import Clients
from framework.deploy.refusals import code_of, is_passing, told
from framework.errors import BackendError
from framework.pipeline.compiled import CompiledPipeline, EventRule

SETTING = "EventBridgeConfiguration"
_PUBLISHING = ("sns:publish", "sns:*", "*")
_GONE = ("NoSuchBucket", "404", "NotFound", "NotFoundException")


def survey(clients: Clients, compiled: CompiledPipeline) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The buckets of triggers that do not tell EventBridge of their objects; and notes on what is not the pipeline's to change."""
    silent: list[str] = []
    notes: list[str] = []
    for bucket, items in _grouped((item.bucket, item) for item in compiled.triggers if isinstance(item, EventRule)).items():
        configures = any(item.configure_bucket for item in items)
        now = _notifications(clients, bucket, configures)
        names = ", ".join(item.name for item in items)
        if now is None:
            notes.append(f"the bucket {bucket} does not exist, so nothing sets off {names}")
        elif configures and not now:
            cure = "allow s3:GetBucketNotification to who deploys"
            notes.append(f"whether the bucket {bucket} tells EventBridge of its objects, for {names}, cannot be seen: {cure}")
        elif now and SETTING not in now["Set"]:
            silent.append(bucket)
            if not configures:
                cure = "set configure_bucket: true, or switch Amazon EventBridge on in the properties of the bucket"
                notes.append(f"the bucket {bucket} does not tell EventBridge of its objects, so nothing sets off {names}: {cure}")
    for topic, items in _grouped((str(item.target["Arn"]), item) for item in compiled.notifications).items():
        notes += (
            f"{why}, so {', '.join(item.name for item in items)} will not be sent{cure}" for why, cure in _of_topic(clients, topic)
        )
    return tuple(silent), tuple(notes)


def _grouped(pairs: Iterable[tuple[str, EventRule]]) -> dict[str, list[EventRule]]:
    groups: dict[str, list[EventRule]] = {}
    for name, item in sorted(pairs, key=lambda pair: (pair[0], pair[1].name)):
        if name:
            groups.setdefault(name, []).append(item)
    return groups


def _notifications(clients: Clients, bucket: str, needed: bool) -> Mapping[str, Any] | None:
    """Whom a bucket tells, as `Set`; None where there is no such bucket, nothing where that cannot be known.

    Raises:
        BackendError: it is needed, and S3 will say it a little later.
    """
    call = (clients if needed else clients.brief).s3.get_bucket_notification_configuration
    return _known("GetBucketNotificationConfiguration", f"s3://{bucket}", lambda: {"Set": call(Bucket=bucket)}, needed)


def _of_topic(clients: Clients, topic: str) -> Iterator[tuple[str, str]]:
    """Why a topic takes no message of EventBridge, and the cure."""
    call = clients.brief.client("sns").get_topic_attributes
    answer = _known("GetTopicAttributes", f"topic {topic}", lambda: call(TopicArn=topic))
    if answer is None:
        yield f"the topic {topic} does not exist", ""
    elif answer and not _takes(str(answer.get("Attributes", {}).get("Policy", ""))):
        yield (
            f"the policy of the topic {topic} does not let EventBridge publish",
            ": allow sns:Publish to the service events.amazonaws.com",
        )


def _known(operation: str, resource: str, call: Callable[[], Mapping[str, Any]], needed: bool = False) -> Mapping[str, Any] | None:
    """What AWS answers; None where there is no such thing, nothing where AWS does not say."""
    try:
        with told(operation, resource):
            try:
                return call()
            except ClientError as error:
                if code_of(error) in _GONE:
                    return None
                raise
    except BackendError as error:
        if needed and is_passing(error):
            raise
        return {}


def _takes(policy: str) -> bool:
    """Whether a topic's policy lets EventBridge publish, as far as can be told without its conditions."""
    try:
        statements = json.loads(policy).get("Statement", [])
    except (ValueError, AttributeError):
        return True
    listed = statements if isinstance(statements, list) else [statements]
    return any(_allows(each) for each in listed if isinstance(each, dict) and each.get("Effect") == "Allow")


def _allows(statement: Mapping[str, Any]) -> bool:
    principal = statement.get("Principal")
    named = _texts(principal.get("Service")) + _texts(principal.get("AWS")) if isinstance(principal, dict) else _texts(principal)
    everybody = "*" in named and not statement.get("Condition")
    return ("events.amazonaws.com" in named or everybody) and any(
        action.lower() in _PUBLISHING for action in _texts(statement.get("Action"))
    )


def _texts(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else [each for each in value or () if isinstance(each, str)]


def switch_on(clients: Clients, bucket: str) -> None:
    """Lets a bucket tell EventBridge of its objects, beside whom it tells already. Raises BackendError where AWS refuses."""
    resource = f"s3://{bucket}"
    with told("GetBucketNotificationConfiguration", resource):
        now = dict(clients.s3.get_bucket_notification_configuration(Bucket=bucket))
    now.pop("ResponseMetadata", None)
    wanted: Any = {**now, SETTING: {}}
    with told("PutBucketNotificationConfiguration", resource):
        # Whom it tells already was checked when that was set, and is not to be bothered again.
        clients.s3.put_bucket_notification_configuration(
            Bucket=bucket, NotificationConfiguration=wanted, SkipDestinationValidation=True
        )
