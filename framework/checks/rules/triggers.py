"""SMP320, SMP322 to SMP325: triggers and notifications, as far as EventBridge and the pipeline would not take them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from typing import Any

from framework.checks.event_patterns import pattern_faults
from framework.checks.rules import policy, secrets
from framework.checks.schedules import schedule_fault, timezone_fault
from framework.checks.trigger_values import value_faults
from framework.config import triggers as t
from framework.config.values import Map, dotted, place_at, quoted
from framework.findings import ERROR, WARNING, Finding, Rule, nearest
from framework.pipeline.build import Pipeline
from framework.pipeline.messages import PREDEFINED
from framework.pipeline.secrets import credential_in, gives_secret
from framework.pipeline.triggers import compile_notifications, notification_name, plain

SCHEDULES, VALUES, PATTERNS, NOTIFICATIONS, LOOPS = "SMP320", "SMP322", "SMP323", "SMP324", "SMP325"
_GUIDE = "Amazon EventBridge user guide"
RULES = (
    Rule(
        SCHEDULES,
        "Schedule that cannot be read",
        "The schedule of a trigger is none that EventBridge Scheduler reads, means a day that does not exist, or its time zone is "
        "none. A cron expression has six fields: minutes, hours, day of the month, month, day of the week, year. One of the two "
        "days is said, the other is a question mark; the days of the week begin with Sunday as 1.",
        'Write "cron(0 3 * * ? *)", "rate(12 hours)" or "at(2030-01-31T12:00:00)", and the time zone by its name, such as '
        "Europe/Vienna.",
        source="EventBridge Scheduler user guide, page schedule-types",
    ),
    Rule(
        VALUES,
        "Value of a trigger that its parameter does not take",
        "A trigger gives a value to a parameter that the pipeline does not have, or one that is of another type, not allowed, "
        "outside the limits or too long; or it leaves out a parameter that has no default; or it takes the value from what it "
        "does not know: only events have parts, and only schedules have the facts of the Scheduler. EventBridge hands over a part "
        "of an event whole, joined with nothing, and to no parameter with an underscore in its name. Every execution that the "
        "trigger is to start would be refused, where nobody sees it.",
        "Give each parameter a value of its type, or a part of the event that is nothing but that part. What is made of several "
        "parts is joined in the pipeline, from a parameter for each.",
        source=f"{_GUIDE}, page eb-targets; API PutTargets, StartPipelineExecution",
    ),
    Rule(
        PATTERNS,
        "Event pattern that EventBridge refuses",
        "In an event pattern every value is a list of what may stand there, and a mapping in such a list has one operator with "
        "what the operator takes. A pattern of another form is refused when the pipeline is deployed.",
        'Write lists, and operators as in "[{prefix: raw/}]" or "[{anything-but: [a, b]}]".',
        source=f"{_GUIDE}, page eb-create-pattern-operators; API PutRule",
    ),
    Rule(
        NOTIFICATIONS,
        "Notification that is not sent as it is written",
        "A notification names a step that the pipeline does not have, or steps though it tells of executions; two notifications "
        "have one name; or the text is longer than an input template may be, or holds a word in angle brackets, which EventBridge "
        "takes for something to replace.",
        'Correct the names of the steps, with "scope: step"; give each notification a name of its own; write parts of the event '
        'as "${event.detail.stepName}".',
        source=f"{_GUIDE}, page eb-transform-target-input",
    ),
    Rule(
        LOOPS,
        "Trigger that the pipeline may set off itself",
        "A trigger starts the pipeline when objects are created where the pipeline itself writes, or when a version gets the "
        "status with which the pipeline registers versions in the same group. Each execution may then start the next, without "
        "end.",
        "Watch a prefix, a bucket or a group that the pipeline does not write to, or a status that somebody else gives.",
        WARNING,
        source="API PutRule",
    ),
)

_LONGEST_TEMPLATE = 8192
_PLACEHOLDER = re.compile(r"<([^<>\s]+)>")


def findings(pipeline: Pipeline) -> Iterator[Finding]:
    """What is wrong with the triggers and notifications of a pipeline."""
    for trigger in pipeline.settings.triggers:
        yield from _schedule(trigger)
        yield from _pattern(trigger)
        for key, message, hint in value_faults(trigger, pipeline):
            place = _parameters(trigger).place_of(key) if key else trigger.place
            yield Finding(VALUES, place, f"the trigger {trigger.name} {message}", hint)
        yield from _secrets(trigger)
        yield from _loop(trigger, pipeline)
        yield from _role(trigger, pipeline)
    yield from _notifications(pipeline)


def _parameters(trigger: t.TriggerConfig) -> Map:
    given = trigger.values.get("parameters")
    return given if isinstance(given, Map) else Map()


def _schedule(trigger: t.TriggerConfig) -> Iterator[Finding]:
    values = trigger.values
    for key, fault_of in (("schedule", schedule_fault), ("timezone", timezone_fault)):
        fault = fault_of(str(values[key])) if key in values else None
        if fault:
            message = f"the {key} of the trigger {trigger.name}, {quoted(str(values[key]))}, {fault[0]}"
            yield Finding(SCHEDULES, values.place_of(key), message, fault[1])


def _pattern(trigger: t.TriggerConfig) -> Iterator[Finding]:
    if trigger.kind == t.EVENT_PATTERN:
        for path, message, hint in pattern_faults(plain(trigger.values[t.EVENT_PATTERN])):
            where = f"{dotted(path)} in " if path else ""
            said = f"{where}the event pattern of the trigger {trigger.name} {message}"
            yield Finding(PATTERNS, place_at(trigger.values, (t.EVENT_PATTERN, *path)), said, hint)


def _secrets(trigger: t.TriggerConfig) -> Iterator[Finding]:
    given = _parameters(trigger)
    hint = "keep it in Secrets Manager, and let the script read it by its name"
    for name, value in given.items():
        what = credential_in(value) if isinstance(value, str) else ""
        message = f"the trigger {trigger.name} gives the parameter {name}"
        if what:
            yield Finding(secrets.CREDENTIAL, given.place_of(name), f"{message} {what}", hint)
        elif isinstance(value, str) and len(value) >= 6 and "<aws.scheduler." not in value and gives_secret(name):
            said = f"{message} a value, and it is called like a secret: whoever may look at the trigger reads it"
            yield Finding(secrets.NAMED, given.place_of(name), said, hint, WARNING)


def _loop(trigger: t.TriggerConfig, pipeline: Pipeline) -> Iterator[Finding]:
    values, own = trigger.values, f"{pipeline.name}/"
    if trigger.kind == t.S3 and values["s3"]["bucket"] == pipeline.config.bucket:
        prefix = str(values["s3"].get("prefix", ""))
        if own.startswith(prefix) or prefix.startswith(own):
            message = (
                f"the trigger {trigger.name} watches s3://{pipeline.config.bucket}/{prefix}, and the pipeline writes to {own} there"
            )
            yield Finding(LOOPS, values.place_of("s3"), message, "watch another prefix, or another bucket", WARNING)
    if trigger.kind == t.MODEL_PACKAGE:
        statuses = values.get("status") or ["Approved"]
        for step in pipeline.steps.values():
            told = (step.arguments.get("ModelPackageGroupName"), step.arguments.get("ModelApprovalStatus"))
            if step.type == "RegisterModel" and told[0] in values[t.MODEL_PACKAGE] and told[1] in statuses:
                message = f"the trigger {trigger.name} waits for {told[1]} versions of {told[0]}, and {step.name} registers such"
                hint = "register versions that wait for approval, or watch another group"
                yield Finding(LOOPS, values.place_of(t.MODEL_PACKAGE), message, hint, WARNING)


def _role(trigger: t.TriggerConfig, pipeline: Pipeline) -> Iterator[Finding]:
    """What the policy has against the role of a trigger, where that is not the pipeline's."""
    network = pipeline.config.network
    role = str(trigger.values.get("role") or network.trigger_role or network.role)
    for clause in pipeline.config.checks.policy if role != network.role else ():
        if clause.key == "roles" and not any(fnmatchcase(role, glob) for glob in clause.value):
            verb = "denies" if clause.denies else "warns of"
            message = f"the trigger {trigger.name} starts the pipeline as {role}; the policy {verb} it at {clause.place}"
            hint = f"use one that {' or '.join(clause.value)} names"
            place = trigger.values.place_of("role") if "role" in trigger.values else trigger.place
            yield Finding(policy.ROLES, place, message, hint, ERROR if clause.denies else WARNING)


def _notifications(pipeline: Pipeline) -> Iterator[Finding]:
    names: set[str] = set()
    for declared in pipeline.settings.notifications:
        name, values = notification_name(declared), declared.values
        if name in names:
            hint = "give it another name, or say all in one notification"
            yield Finding(NOTIFICATIONS, declared.place, f"there are two notifications called {name}", hint)
        names.add(name)
        yield from _steps(values, pipeline)
        yield from _text(declared, pipeline)


def _steps(values: Map, pipeline: Pipeline) -> Iterator[Finding]:
    listed = values.get("steps") or ()
    if listed and values["scope"] != "step":
        message = "a notification of executions names steps, which has no effect"
        yield Finding(NOTIFICATIONS, values.key_place_of("steps"), message, "set scope: step, or remove them")
        return
    for index, step in enumerate(listed):
        if step not in pipeline.steps:
            message = f'a notification names a step "{step}", which the pipeline does not have'
            yield Finding(NOTIFICATIONS, place_at(values, ("steps", index)), message, nearest(step, pipeline.steps))


def _text(declared: t.NotificationConfig, pipeline: Pipeline) -> Iterator[Finding]:
    values = declared.values
    if "text" not in values:
        return
    [rule] = compile_notifications([declared], pipeline.name, pipeline.config.network)
    made: Mapping[str, Any] = rule.target["InputTransformer"]
    place = values.place_of("text")
    for word in dict.fromkeys(_PLACEHOLDER.findall(made["InputTemplate"])):
        if word not in made["InputPathsMap"] and word not in PREDEFINED:
            message = f"EventBridge would replace <{word[:40]}> in the text of a notification, and knows no such thing"
            yield Finding(NOTIFICATIONS, place, message, "write ${event.detail.…} for a part of the event, and other brackets")
    if len(made["InputTemplate"]) > _LONGEST_TEMPLATE:
        message = f"the text of a notification makes a template of {len(made['InputTemplate']):,} characters"
        yield Finding(NOTIFICATIONS, place, message, f"at most {_LONGEST_TEMPLATE:,}")
