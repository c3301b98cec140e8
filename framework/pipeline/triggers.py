"""Triggers and notifications in their final form: the requests to EventBridge and its Scheduler that make them.

In: what the configuration says of them, with its constants known. Out: `Schedule`s and `EventRule`s. The pipeline's ARN is not
known yet; `THIS_PIPELINE` stands for it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from typing import Any

from framework.config import triggers as t
from framework.config.expressions import Event
from framework.config.model import Network
from framework.config.values import Map, Seq
from framework.pipeline.compiled import THIS_PIPELINE, EventRule, Schedule, rule_name, trigger_group
from framework.pipeline.messages import message

SCHEDULER_ATTRIBUTE = "<aws.scheduler."
"""What the Scheduler's own facts begin with. It replaces them in the input of universal targets, so what is given some is one."""

MOST_ATTEMPTS, LONGEST_AGE = 185, 86_400
"""What EventBridge does where nothing is said: the Scheduler tells it back as if it had been said."""

_ENDED = {"succeeded": "Succeeded", "failed": "Failed", "stopping": "Stopping", "stopped": "Stopped"}
STATUSES = {"execution": {"started": "Executing", **_ENDED}, "step": {"started": "Starting", **_ENDED}}
"""For each scope, the statuses that events tell, by what the configuration calls them."""

_STATUS = {"execution": "currentPipelineExecutionStatus", "step": "currentStepStatus"}
_DETAIL_TYPE = {
    "execution": "SageMaker Model Building Pipeline Execution Status Change",
    "step": "SageMaker Model Building Pipeline Execution Step Status Change",
}


def compile_triggers(declared: Iterable[t.TriggerConfig], pipeline: str, network: Network) -> tuple[Schedule | EventRule, ...]:
    """The triggers of a pipeline, in the order of their names; `network` has the role of those that name none."""
    ordered = sorted(declared, key=lambda trigger: trigger.name)
    return tuple(_schedule(it, pipeline, network) if it.kind == t.SCHEDULE else _rule(it, pipeline, network) for it in ordered)


def compile_notifications(declared: Iterable[t.NotificationConfig], pipeline: str, network: Network) -> tuple[EventRule, ...]:
    """The notifications of a pipeline, each once, in the order of their names."""
    partition = network.role.split(":")[1] if network.role.startswith("arn:") else "aws"
    made = (_notification(each, pipeline, partition) for each in declared)
    return tuple(rule for _, rule in sorted({rule.name: rule for rule in made}.items()))


def notification_name(declared: t.NotificationConfig) -> str:
    """What a notification is called: as it says or, where it does not, by what it tells, and a digest of that and of the topic."""
    values = declared.values
    told = [str(values["scope"]), *sorted(set(values["on"]))]
    content = json.dumps([*told, sorted(values.get("steps") or ()), values["topic"]])
    return declared.name or "-".join([*told, hashlib.sha256(content.encode()).hexdigest()[:8]])


def _schedule(declared: t.TriggerConfig, pipeline: str, network: Network) -> Schedule:
    values, group = declared.values, trigger_group(pipeline)
    minutes = values.get("window_minutes")
    window = {"Mode": "FLEXIBLE", "MaximumWindowInMinutes": minutes} if minutes else {"Mode": "OFF"}
    return Schedule(
        declared.name,
        group,
        {
            "ScheduleExpression": str(values["schedule"]),
            "ScheduleExpressionTimezone": str(values.get("timezone") or "UTC"),
            "FlexibleTimeWindow": window,
            "ActionAfterCompletion": "NONE",
            **_told(values, f"Starts the SageMaker pipeline {pipeline}"),
            "Target": {
                **_started(values, pipeline, f"{group}/{declared.name}", network),
                "RetryPolicy": {"MaximumRetryAttempts": MOST_ATTEMPTS, "MaximumEventAgeInSeconds": LONGEST_AGE},
                **_delivery(values),
            },
        },
    )


def _started(values: Map, pipeline: str, name: str, network: Network) -> dict[str, Any]:
    """The target of a schedule: the pipeline or, where it is given facts of the Scheduler, the call that starts it."""
    role, parameters = _role(values, network), _parameters(values)
    if not any(SCHEDULER_ATTRIBUTE in parameter["Value"] for parameter in parameters):
        sent = {"SageMakerPipelineParameters": {"PipelineParameterList": parameters}} if parameters else {}
        return {"Arn": THIS_PIPELINE, "RoleArn": role, **sent}
    # A token is asked for, of 32 characters at least; that of one attempt must differ from that of the next schedule.
    token = f"smp-{hashlib.sha256(name.encode()).hexdigest()[:16]}-<aws.scheduler.execution-id>"
    call = {"PipelineName": pipeline, "ClientRequestToken": token, "PipelineParameters": parameters}
    return {
        "Arn": f"arn:{role.split(':')[1]}:scheduler:::aws-sdk:sagemaker:startPipelineExecution",
        "RoleArn": role,
        "Input": json.dumps(call, ensure_ascii=False, separators=(",", ":")),
    }


def _rule(declared: t.TriggerConfig, pipeline: str, network: Network) -> EventRule:
    values, parameters = declared.values, _parameters(declared.values)
    sent = {"SageMakerPipelineParameters": {"PipelineParameterList": parameters}} if parameters else {}
    s3 = values.get("s3") or {}
    return EventRule(
        declared.name,
        rule_name(pipeline, declared.name),
        str(values.get("event_bus") or "default"),
        {"EventPattern": event_pattern(declared), **_told(values, f"Starts the SageMaker pipeline {pipeline}")},
        {"Arn": THIS_PIPELINE, "RoleArn": _role(values, network), **sent, **_delivery(values)},
        str(s3.get("bucket", "")),
        s3.get("configure_bucket") is True,
    )


def event_pattern(declared: t.TriggerConfig) -> dict[str, Any]:
    """The pattern of the events that set a trigger off."""
    values = declared.values
    if declared.kind == t.S3:
        key = _key_pattern(str(values["s3"].get("prefix", "")), str(values["s3"].get("suffix", "")))
        detail = {"bucket": {"name": [str(values["s3"]["bucket"])]}, **({"object": {"key": [key]}} if key else {})}
        return {"source": ["aws.s3"], "detail-type": ["Object Created"], "detail": detail}
    if declared.kind == t.CODECOMMIT:
        branches = plain(values["codecommit"].get("branch"))
        detail = {
            "event": ["referenceCreated", "referenceUpdated"],
            "repositoryName": [str(values["codecommit"]["repository"])],
            "referenceType": ["branch"],
            **({"referenceName": branches} if branches else {}),
        }
        return {"source": ["aws.codecommit"], "detail-type": ["CodeCommit Repository State Change"], "detail": detail}
    if declared.kind == t.MODEL_PACKAGE:
        detail = {
            "ModelPackageGroupName": plain(values[t.MODEL_PACKAGE]),
            "ModelApprovalStatus": plain(values.get("status")) or ["Approved"],
        }
        return {"source": ["aws.sagemaker"], "detail-type": ["SageMaker Model Package State Change"], "detail": detail}
    return dict(plain(values[t.EVENT_PATTERN]))


def _key_pattern(prefix: str, suffix: str) -> dict[str, str]:
    """What keys must be like. Two filters in one list would mean the one or the other; both is one with a wildcard."""
    if prefix and suffix:
        written = [part.replace("\\", "\\\\").replace("*", "\\*") for part in (prefix, suffix)]
        return {"wildcard": "*".join(written)}
    return {"prefix": prefix} if prefix else {"suffix": suffix} if suffix else {}


def _notification(declared: t.NotificationConfig, pipeline: str, partition: str) -> EventRule:
    values, scope = declared.values, str(declared.values["scope"])
    told = [STATUSES[scope][word] for word in dict.fromkeys(values["on"])]
    steps = {"stepName": plain(values["steps"])} if values.get("steps") and scope == "step" else {}
    pattern = {
        "source": ["aws.sagemaker"],
        "detail-type": [_DETAIL_TYPE[scope]],
        "detail": {"pipelineArn": [THIS_PIPELINE], _STATUS[scope]: told, **steps},
    }
    name = notification_name(declared)
    return EventRule(
        name,
        rule_name(pipeline, f"notify.{name}"),
        "default",
        {"EventPattern": pattern, **_told(values, f"Tells of the SageMaker pipeline {pipeline}")},
        {"Arn": str(values["topic"]), "InputTransformer": message(values, pipeline, partition), **_delivery(values)},
    )


def _told(values: Map, description: str) -> dict[str, Any]:
    state = "DISABLED" if values.get("enabled") is False else "ENABLED"
    return {"State": state, "Description": str(values.get("description") or description)}


def _role(values: Map, network: Network) -> str:
    return str(values.get("role") or network.trigger_role or network.role)


def _delivery(values: Map) -> dict[str, Any]:
    """What becomes of what cannot be delivered; the two settings of retrying come together."""
    queue, retry = values.get("dead_letter_queue"), values.get("retry") or {}
    policy = {
        "MaximumRetryAttempts": retry.get("max_attempts", MOST_ATTEMPTS),
        "MaximumEventAgeInSeconds": retry.get("max_age_seconds", LONGEST_AGE),
    }
    return {**({"RetryPolicy": policy} if retry else {}), **({"DeadLetterConfig": {"Arn": str(queue)}} if queue else {})}


def _parameters(values: Map) -> list[dict[str, str]]:
    given = values.get("parameters")
    return [{"Name": name, "Value": start_value(given, name)} for name in given] if isinstance(given, Map) else []


def start_value(given: Map, name: str) -> str:
    """What EventBridge hands over for a parameter: a text, or the path of a part of the event."""
    value = given[name]
    if isinstance(value, Event):
        return f"$.{value.path}"
    return value if isinstance(value, str) else str(value).lower() if isinstance(value, bool) else given.raw.get(name, str(value))


def plain(value: Any) -> Any:
    """A value of the configuration in JSON types, without its places."""
    if isinstance(value, Map):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, Seq):
        return [plain(item) for item in value]
    return str(value) if isinstance(value, str) else value
