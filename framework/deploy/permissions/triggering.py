"""What starts a pipeline by itself needs: a compiled pipeline in, the policy of the role of EventBridge or its Scheduler out."""

from __future__ import annotations

from collections.abc import Mapping

from framework.deploy.permissions.calls import of
from framework.deploy.permissions.policy import Draft, Policy, Where
from framework.pipeline.compiled import CompiledPipeline, Schedule

EVENTS, SCHEDULER = "events.amazonaws.com", "scheduler.amazonaws.com"


def trigger(compiled: CompiledPipeline) -> Policy:
    """What the role needs that EventBridge, or its Scheduler, starts the pipeline with."""
    draft = Draft(Where.of(compiled))
    draft.allow("StartPipeline", of("sagemaker", "StartPipelineExecution"), draft.where.named("pipeline", compiled.name))
    # To the queue of a rule EventBridge writes by the policy of the queue, to that of a schedule with this role.
    targets = [each.request.get("Target") or {} for each in compiled.triggers if isinstance(each, Schedule)]
    queues = [str(target["DeadLetterConfig"]["Arn"]) for target in targets if target.get("DeadLetterConfig")]
    draft.allow("DeadLetters", of("sqs", "SendMessage"), queues)
    return draft.policy()


def roles_of(compiled: CompiledPipeline) -> Mapping[str, list[str]]:
    """The roles that are handed over to EventBridge and to its Scheduler, by the service."""
    found: dict[str, list[str]] = {}
    for each in compiled.triggers:
        service = SCHEDULER if isinstance(each, Schedule) else EVENTS
        target = (each.request.get("Target") or {}) if isinstance(each, Schedule) else each.target
        if role := target.get("RoleArn"):
            found.setdefault(service, []).append(str(role))
    return found
