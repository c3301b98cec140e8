"""What who deploys, runs, looks at or deletes a pipeline needs: a compiled pipeline in, the policy of a user or of a CI job out."""

from __future__ import annotations

from collections.abc import Sequence

from framework.deploy.applying import INLINE_LIMIT
from framework.deploy.permissions.calls import of, pass_role, use_key
from framework.deploy.permissions.facts import Facts, Place
from framework.deploy.permissions.jobs import LOGS, list_buckets, log_groups
from framework.deploy.permissions.policy import ANY, Draft, Policy, Where
from framework.deploy.permissions.triggering import roles_of
from framework.pipeline.compiled import CompiledPipeline, EventRule, Schedule

PIPELINE = (
    "AddTags", "CreatePipeline", "DeleteTags", "DescribePipeline", "ListPipelineExecutions", "ListPipelineVersions", "ListTags",
    "StartPipelineExecution", "UpdatePipeline",
)  # fmt: skip
EXECUTIONS = (
    "DescribePipelineDefinitionForExecution", "DescribePipelineExecution", "ListPipelineExecutionSteps",
    "ListPipelineParametersForExecution", "StopPipelineExecution",
)  # fmt: skip


LOOKING = ("Decrypt", "Describe", "Filter", "Get", "List")
"""What the names of actions begin with that change nothing."""


def plan(compiled: CompiledPipeline) -> Policy:
    """What who may see everything and change nothing needs: for plan, drift, status, logs, history, compare and versions."""
    return deploy(compiled).limited(LOOKING)


def delete(compiled: CompiledPipeline) -> Policy:
    """What who deletes the pipeline needs."""
    draft = Draft(Where.of(compiled))
    _triggers(compiled, draft)
    actions = of("sagemaker", "DeletePipeline", "DescribePipeline", "ListPipelineExecutions", "ListTags")
    draft.allow("Pipeline", actions, draft.where.named("pipeline", compiled.name))
    return draft.policy().limited((*LOOKING, "Delete", "Remove"))


def deploy(compiled: CompiledPipeline) -> Policy:
    """What who deploys the pipeline and runs it needs: for all of `plan`, and for deploy, run, stop and rollback."""
    draft = Draft(Where.of(compiled))
    where, facts = draft.where, Facts(compiled, lambda _: None)
    draft.allow("Pipeline", of("sagemaker", *PIPELINE), where.named("pipeline", compiled.name))
    draft.allow("Executions", of("sagemaker", *EXECUTIONS), where.named("pipeline", compiled.name, "/execution/*"))
    pass_role([compiled.role] if compiled.role else [], "sagemaker.amazonaws.com", draft)
    _uploads(compiled, facts, draft)
    _packages(compiled, draft)
    _logs(facts, draft)
    _triggers(compiled, draft)
    return draft.policy()


def _uploads(compiled: CompiledPipeline, facts: Facts, draft: Draft) -> None:
    """Code, and a definition too large to be sent inline: whether it is there, and where it is not, that it gets there."""
    sent = set(facts.uploads())
    if len(compiled.definition_body().encode()) >= INLINE_LIMIT:
        sent.add(Place(compiled.bucket, f"{compiled.name}/definition/"))
    reports = {place for at in facts.steps if at.step.get("PropertyFiles") for place in facts.writes(at)}
    stored = draft.where.stored
    draft.allow("Uploads", of("s3", "GetObject", "PutObject"), [stored(each.bucket, each.pattern) for each in sent])
    draft.allow("Reports", of("s3", "GetObject"), [stored(each.bucket, each.pattern) for each in reports])
    jobs = draft.where.arn("sagemaker", "processing-job/*")  # what they are called is the service's, or a parameter's
    draft.allow("ReportsOfJobs", of("sagemaker", "DescribeProcessingJob"), [jobs] if reports else ())
    list_buckets(sent, draft)  # without it, S3 answers 403 and not 404 where there is nothing
    if compiled.kms_key and (sent or reports):
        use_key("UploadKey", ("Decrypt", "GenerateDataKey"), compiled.kms_key, draft)


def _packages(compiled: CompiledPipeline, draft: Draft) -> None:
    """Groups that are made before the pipeline runs, and versions of registered models that are looked up."""
    for group in compiled.package_groups:
        tags = ["AddTags"] if compiled.tags else []
        actions = of("sagemaker", *tags, "CreateModelPackageGroup", "DescribeModelPackageGroup")
        draft.allow("ModelPackageGroups", actions, draft.where.named("model-package-group", group.name))
    for request in compiled.model_packages:
        versions = draft.where.named("model-package", request.group, "/*")
        draft.allow("ModelPackages", of("sagemaker", "ListModelPackages"), versions)


def _logs(facts: Facts, draft: Draft) -> None:
    """What the jobs of an execution, and its functions, have written."""
    groups = {f"/aws/sagemaker/{group}" for at in facts.steps for group in LOGS.get(at.type, ()) if not group.endswith("/*")}
    for at in facts.steps:
        if at.type == "Lambda":
            arn = facts.text(at.step.get("FunctionArn")) or ""
            groups.add(f"/aws/lambda/{arn.partition(':function:')[2].partition(':')[0] or '*'}")
    log_groups(groups, "ReadLogs", ("DescribeLogStreams", "FilterLogEvents"), ("GetLogEvents",), draft)


def _triggers(compiled: CompiledPipeline, draft: Draft) -> None:
    """Schedules and rules of EventBridge, and the roles that they start the pipeline with."""
    _schedules({each.group for each in compiled.triggers if isinstance(each, Schedule)}, draft)
    _rules([each for each in (*compiled.triggers, *compiled.notifications) if isinstance(each, EventRule)], draft)
    for service, roles in roles_of(compiled).items():
        pass_role(roles, service, draft)
    topics = [str(each.target["Arn"]) for each in compiled.notifications]
    draft.allow("LookAtTopics", of("sns", "GetTopicAttributes"), topics)


def _schedules(groups: set[str], draft: Draft) -> None:
    where = draft.where
    actions = of("scheduler", "CreateSchedule", "DeleteSchedule", "GetSchedule", "UpdateSchedule")
    draft.allow("Schedules", actions, [where.arn("scheduler", f"schedule/{group}/*") for group in groups])
    actions = of(
        "scheduler", "CreateScheduleGroup", "DeleteScheduleGroup", "GetScheduleGroup", "ListTagsForResource", "TagResource"
    )
    draft.allow("ScheduleGroups", actions, [where.arn("scheduler", f"schedule-group/{group}") for group in groups])
    # ListSchedules cannot be limited to a group.
    draft.allow("ListSchedules", of("scheduler", "ListSchedules"), ANY if groups else ())


def _rules(rules: Sequence[EventRule], draft: Draft) -> None:
    """Rules, and that buckets tell EventBridge of their objects."""
    where = draft.where
    names = []
    for rule in rules:
        bus = rule.bus.rpartition("event-bus/")[2]
        names.append(where.arn("events", f"rule/{'' if bus == 'default' else f'{bus}/'}{rule.rule.partition('.')[0]}.*"))
    actions = of("events", "DeleteRule", "ListTagsForResource", "ListTargetsByRule", "PutRule", "PutTargets", "RemoveTargets",
                 "TagResource")  # fmt: skip
    draft.allow("Rules", actions, names)
    # Neither lists of rules nor lists of buses can be limited.
    draft.allow("ListRules", of("events", "ListEventBuses", "ListRules"), ANY if rules else ())
    draft.allow("LookAtBuckets", of("s3", "GetBucketNotification"), [where.stored(rule.bucket) for rule in rules if rule.bucket])
    switched = [where.stored(rule.bucket) for rule in rules if rule.bucket and rule.configure_bucket]
    draft.allow("BucketsThatTell", of("s3", "PutBucketNotification"), switched)
