"""Applying a plan: clients and a plan in, the calls that make the account so, the pipeline's ARN out.

Only what the plan names is written. Every function raises `BackendError` where AWS refuses.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from framework.deploy.clients import Clients
from framework.deploy.cures import EXISTS
from framework.deploy.plan import REMOVE, Deployed, Plan
from framework.deploy.refusals import half, is_missing, says, told
from framework.deploy.uploads import put_missing
from framework.pipeline.compiled import CompiledPipeline, PackageGroup, Upload

if TYPE_CHECKING:
    from mypy_boto3_sagemaker.type_defs import TagTypeDef

INLINE_LIMIT = 102_400
"""UTF-8 bytes from which a definition goes to the service by S3."""


def apply(clients: Clients, plan: Plan) -> str:
    """Makes the calls of a plan that changes something; returns the pipeline's ARN."""
    # The groups come first: what fails after the pipeline is written, the next plan would not see.
    for group in plan.pipeline.package_groups:
        _ensure_group(clients, group, plan.pipeline.tags)
    if plan.deployed is None:
        return _create(clients, plan.pipeline)
    _update(clients, plan)
    _update_tags(clients, plan, plan.deployed)
    return plan.deployed.arn


def create_token(pipeline: CompiledPipeline) -> str:
    """64 characters made of what is created, so that a create which is tried again is one create."""
    told = [pipeline.description or "", pipeline.display_name or "", str(pipeline.parallelism or "")]
    told += [f"{tag['Key']}={tag['Value']}" for tag in pipeline.tags]
    content = "\0".join((pipeline.name, pipeline.definition_body(), pipeline.role, *told))
    return hashlib.sha256(content.encode()).hexdigest()


def _create(clients: Clients, pipeline: CompiledPipeline) -> str:
    request: dict[str, Any] = {
        "PipelineName": pipeline.name,
        "RoleArn": pipeline.role,
        "ClientRequestToken": create_token(pipeline),
        **_definition(clients, pipeline),
    }
    if pipeline.description:
        request["PipelineDescription"] = pipeline.description
    if pipeline.display_name:
        request["PipelineDisplayName"] = pipeline.display_name
    if pipeline.parallelism:
        request["ParallelismConfiguration"] = {"MaxParallelExecutionSteps": pipeline.parallelism}
    if pipeline.tags:
        request["Tags"] = list(pipeline.tags)
    with told("CreatePipeline", f"pipeline {pipeline.name}"):
        arn = clients.sagemaker.create_pipeline(**request).get("PipelineArn")
    if not arn:
        raise half("CreatePipeline", f"pipeline {pipeline.name}", "PipelineArn")
    return arn


def _update(clients: Clients, plan: Plan) -> None:
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
    if request:
        with told("UpdatePipeline", f"pipeline {pipeline.name}"):
            clients.sagemaker.update_pipeline(PipelineName=pipeline.name, **request)


def _update_tags(clients: Clients, plan: Plan, deployed: Deployed) -> None:
    actions = {change.name: change.action for change in plan.changes if change.what == "tag"}
    wanted = {tag["Key"]: tag["Value"] for tag in plan.pipeline.tags}
    removed = [key for key, action in actions.items() if action == REMOVE]
    resource = f"pipeline {plan.pipeline.name}"
    if removed:
        with told("DeleteTags", resource):
            clients.sagemaker.delete_tags(ResourceArn=deployed.arn, TagKeys=removed)
    written: list[TagTypeDef] = [{"Key": key, "Value": wanted[key]} for key in actions if key in wanted]
    if written:
        with told("AddTags", resource):
            clients.sagemaker.add_tags(ResourceArn=deployed.arn, Tags=written)


def _definition(clients: Clients, pipeline: CompiledPipeline) -> dict[str, Any]:
    """The arguments that hand the definition over: itself, or where in S3 it lies after this."""
    content = pipeline.definition_body().encode()
    if len(content) < INLINE_LIMIT:
        return {"PipelineDefinition": content.decode()}
    digest = hashlib.sha256(content).hexdigest()
    key = f"{pipeline.name}/definition/{digest}.json"
    put_missing(clients.s3, [Upload(f"s3://{pipeline.bucket}/{key}", digest, content)], pipeline.kms_key)
    return {"PipelineDefinitionS3Location": {"Bucket": pipeline.bucket, "ObjectKey": key}}


def _ensure_group(clients: Clients, group: PackageGroup, tags: Iterable[Mapping[str, str]]) -> None:
    resource = f"model package group {group.name}"
    with told("DescribeModelPackageGroup", resource):
        try:
            clients.sagemaker.describe_model_package_group(ModelPackageGroupName=group.name)
        except ClientError as error:
            if not is_missing(error):
                raise
        else:
            return
    with told("CreateModelPackageGroup", resource):
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
