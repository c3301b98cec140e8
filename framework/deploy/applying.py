"""Applying a plan: clients and a plan in, the calls that make the account so, the pipeline's ARN out.

Only what the plan names is written. Every function raises `BackendError` where AWS refuses.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any

from botocore.exceptions import ClientError

from framework.deploy.clients import Clients
from framework.deploy.cures import DENIED, EXISTS, INVALID
from framework.deploy.mark import as_it_is, mark_of, under_way
from framework.deploy.plan import MARK, REMOVE, Deployed, Plan, diff, expected
from framework.deploy.refusals import code_of, half, is_missing, says, told
from framework.deploy.rivals import interfered, overtaken, refuse_moved, unending
from framework.deploy.triggers import STARTING
from framework.deploy.uploads import look_for, put_all
from framework.errors import BackendError
from framework.pipeline.compiled import CompiledPipeline, PackageGroup, Upload

Warn = Callable[[str], None]
Look = Callable[[], Deployed | None]

INLINE_LIMIT = 102_400
"""UTF-8 bytes from which a definition goes to the service by S3."""

_UNMARKED = (
    f"the tag {MARK} could not be written ({{why}}), so `smp drift` will not know what was deployed; "
    "allow sagemaker:AddTags on the pipeline"
)


def ignored(message: str) -> None:
    """The `Warn` that says nothing."""


def apply(clients: Clients, plan: Plan, look: Look, warn: Warn = ignored) -> str:
    """Makes the calls of a plan; returns the pipeline's ARN. Of one that changes nothing it is at most the mark that is written.

    Args:
        clients: make the calls.
        plan: says what is to be.
        look: fetches the pipeline as it is now.
        warn: told when the mark cannot be written, for which a deploy does not fail, and when another deploy interfered.
    """
    pipeline, deployed = plan.pipeline, plan.deployed
    if plan.changes or deployed is None:
        # The groups come first: what fails after the pipeline is written, the next plan would not see.
        for group in pipeline.package_groups:
            _ensure_group(clients, group, pipeline.tags)
    if deployed is None:
        mark = mark_of(pipeline, None, plan.beside)
        starts = plan.touches(*STARTING)
        return _create(clients, pipeline, under_way(mark, expected(pipeline, None)) if starts else mark, warn)
    now = _update(clients, plan, deployed, look, warn)
    if now is not None and (parts := interfered(plan, deployed, now)):
        warn(f"another deploy changed the pipeline at the same time ({', '.join(parts)}); it is made as this one says")
        again = anew(plan, now)
        after = _update(clients, again, now, look, warn)
        if after is not None and interfered(again, now, after):
            raise unending(pipeline.name)
    return deployed.arn


def anew(plan: Plan, now: Deployed | None) -> Plan:
    """The plan for the same pipeline against what is there now; what starts it is to be made as before."""
    starting = (change for change in plan.changes if change.what in STARTING)
    return replace(diff(plan.pipeline, now), beside=plan.beside).with_changes(starting)


def _update(clients: Clients, plan: Plan, deployed: Deployed, look: Look, warn: Warn) -> Deployed | None:
    """Makes the calls of an update; the pipeline after them, None where nothing but the mark was to be written."""
    mark, request = mark_of(plan.pipeline, deployed, plan.beside), _update_request(clients, plan)
    starts, moves, now = plan.touches(*STARTING), bool(request) or plan.touches("tag"), None
    claim = under_way(mark, deployed)
    marks = not (moves or starts) or _mark(clients, plan, deployed.arn, claim, warn)
    if moves or starts:
        _refuse_rival(clients, plan, deployed, look(), claim)
    if request:
        with told("UpdatePipeline", f"pipeline {plan.pipeline.name}"):
            clients.sagemaker.update_pipeline(PipelineName=plan.pipeline.name, **request)
    _update_tags(clients, plan, deployed)
    if moves:
        now = look()
        if now is None:
            raise BackendError(f"Deploying pipeline {plan.pipeline.name}", "it was deleted at the same time", "deploy it again")
    if marks and not starts and (moves or deployed.mark != mark):
        _mark(clients, plan, deployed.arn, mark, warn)
    return now


def _refuse_rival(clients: Clients, plan: Plan, deployed: Deployed, now: Deployed | None, claim: str) -> None:
    """Goes on only if nobody else has begun to change the pipeline. Raises BackendError otherwise, and leaves no claim behind."""
    try:
        refuse_moved(plan, deployed, now, claim)
    except BackendError:
        if now is not None and now.mark == claim:
            # Whose mark the claim has replaced is not known: it says now that a deploy was not finished, which is true of this one.
            with suppress(BackendError):
                _mark(clients, plan, deployed.arn, under_way(as_it_is(now), deployed), ignored)
        raise


def finish(clients: Clients, plan: Plan, look: Look, warn: Warn = ignored) -> None:
    """Writes the mark of the end, once triggers and notifications are made, too; arguments as of `apply`.

    `apply` has written it where the plan changes none of them.

    Raises:
        BackendError: AWS refuses, or another deploy has come since.
    """
    if not plan.touches(*STARTING):
        return
    mark, now = mark_of(plan.pipeline, plan.deployed, plan.beside), look()
    old = plan.deployed.mark if plan.deployed else ""  # what is read may be a little old, and without the right to write it stays
    if now is None or (now.mark.partition("/")[0] != mark and now.mark not in (old, "")):
        raise overtaken(plan.pipeline.name)
    if not _mark(clients, plan, now.arn, mark, warn):
        return
    now = look()
    if interfered(plan, plan.deployed or expected(plan.pipeline, None), now):
        if now is not None:
            with suppress(BackendError):
                _mark(clients, plan, now.arn, under_way(as_it_is(now), now), ignored)
        raise overtaken(plan.pipeline.name)


def create_token(pipeline: CompiledPipeline, mark: str = "") -> str:
    """64 characters made of what is created, so that a create which is tried again is one create."""
    said = [pipeline.description or "", pipeline.display_name or "", str(pipeline.parallelism or "")]
    said += [f"{tag['Key']}={tag['Value']}" for tag in pipeline.tags]
    content = "\0".join((pipeline.name, pipeline.definition_body(), pipeline.role, *said, mark))
    return hashlib.sha256(content.encode()).hexdigest()


def _create(clients: Clients, pipeline: CompiledPipeline, mark: str, warn: Warn) -> str:
    definition = _definition(clients, pipeline)
    with told("CreatePipeline", f"pipeline {pipeline.name}"):
        try:
            made = clients.sagemaker.create_pipeline(**_create_request(pipeline, definition, mark))
        except ClientError as error:
            if code_of(error) not in DENIED or not mark:
                raise
            # Tags may be what is denied; without the mark there may be none.
            made = clients.sagemaker.create_pipeline(**_create_request(pipeline, definition, ""))
            warn(_UNMARKED.format(why=code_of(error)))
    arn = made.get("PipelineArn")
    if not arn:
        raise half("CreatePipeline", f"pipeline {pipeline.name}", "PipelineArn")
    return arn


def _create_request(pipeline: CompiledPipeline, definition: Mapping[str, Any], mark: str) -> dict[str, Any]:
    token = create_token(pipeline, mark)
    request = {"PipelineName": pipeline.name, "RoleArn": pipeline.role, "ClientRequestToken": token, **definition}
    if pipeline.description:
        request["PipelineDescription"] = pipeline.description
    if pipeline.display_name:
        request["PipelineDisplayName"] = pipeline.display_name
    if pipeline.parallelism:
        request["ParallelismConfiguration"] = {"MaxParallelExecutionSteps": pipeline.parallelism}
    tags = [dict(tag) for tag in pipeline.tags if tag["Key"] != MARK] + ([{"Key": MARK, "Value": mark}] if mark else [])
    return {**request, "Tags": tags} if tags else request


def _update_request(clients: Clients, plan: Plan) -> dict[str, Any]:
    pipeline = plan.pipeline
    request: dict[str, Any] = {}
    if plan.touches("step", "parameter", "definition"):
        request |= _definition(clients, pipeline)
    if plan.touches("role"):
        request["RoleArn"] = pipeline.role
    if plan.touches("description"):
        request["PipelineDescription"] = pipeline.description
    if plan.touches("display name"):
        request["PipelineDisplayName"] = pipeline.display_name
    if plan.touches("parallelism"):
        request["ParallelismConfiguration"] = {"MaxParallelExecutionSteps": pipeline.parallelism}
    return request


def _update_tags(clients: Clients, plan: Plan, deployed: Deployed) -> None:
    resource = f"pipeline {plan.pipeline.name}"
    removed = [change.name for change in plan.changes if change.what == "tag" and change.action == REMOVE]
    if removed:
        with told("DeleteTags", resource):
            clients.sagemaker.delete_tags(ResourceArn=deployed.arn, TagKeys=removed)
    wanted = {tag["Key"]: tag["Value"] for tag in plan.pipeline.tags}
    keys = [change.name for change in plan.changes if change.what == "tag" and change.action != REMOVE]
    if keys:
        with told("AddTags", resource):
            clients.sagemaker.add_tags(ResourceArn=deployed.arn, Tags=[{"Key": key, "Value": wanted[key]} for key in keys])


def _mark(clients: Clients, plan: Plan, arn: str, mark: str, warn: Warn) -> bool:
    """Writes the mark; whether that went well. It takes one of the fifty tags, and a right that a deploy can do without."""
    with told("AddTags", f"pipeline {plan.pipeline.name}"):
        try:
            clients.sagemaker.add_tags(ResourceArn=arn, Tags=[{"Key": MARK, "Value": mark}])
        except ClientError as error:
            if code_of(error) not in {*DENIED, *INVALID, "ResourceLimitExceeded"}:
                raise
            warn(_UNMARKED.format(why=code_of(error)))
            return False
    return True


def _definition(clients: Clients, pipeline: CompiledPipeline) -> dict[str, Any]:
    """The arguments that hand the definition over: itself, or where in S3 it lies after this."""
    content = pipeline.definition_body().encode()
    if len(content) < INLINE_LIMIT:
        return {"PipelineDefinition": content.decode()}
    digest = hashlib.sha256(content).hexdigest()
    key = f"{pipeline.name}/definition/{digest}.json"
    missing, unseen = look_for(clients.s3, [Upload(f"s3://{pipeline.bucket}/{key}", digest, content)], pipeline.kms_key)
    put_all(clients.s3, [*missing, *unseen], pipeline.kms_key)
    return {"PipelineDefinitionS3Location": {"Bucket": pipeline.bucket, "ObjectKey": key}}


def has_group(clients: Clients, group: PackageGroup) -> bool:
    """Whether a model package group exists. Raises BackendError where that cannot be asked."""
    with told("DescribeModelPackageGroup", f"model package group {group.name}"):
        try:
            clients.sagemaker.describe_model_package_group(ModelPackageGroupName=group.name)
        except ClientError as error:
            if is_missing(error):
                return False
            raise
    return True


def _ensure_group(clients: Clients, group: PackageGroup, tags: Iterable[Mapping[str, str]]) -> None:
    if has_group(clients, group):
        return
    with told("CreateModelPackageGroup", f"model package group {group.name}"):
        try:
            _create_group(clients, group, tags)
        except ClientError as error:
            # Two deployments at once: the other one made it, and that is as good.
            if not says(error, EXISTS):
                raise


def _create_group(clients: Clients, group: PackageGroup, tags: Iterable[Mapping[str, str]]) -> None:
    request: dict[str, Any] = {"ModelPackageGroupName": group.name}
    if group.description:
        request["ModelPackageGroupDescription"] = group.description
    if copied := [dict(tag) for tag in tags]:
        request["Tags"] = copied
    clients.sagemaker.create_model_package_group(**request)
