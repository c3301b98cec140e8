"""SageMaker, as the rest of the framework sees it: a compiled pipeline, a plan or the ARN of an execution in, what AWS answers out.

Every method raises `BackendError` where AWS, or the way to it, refuses; none ever lets an error of boto3 through.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from datetime import datetime, timezone
from typing import Any

from botocore.exceptions import ClientError

from framework.deploy import applying, deleting, executions, looking, rivals, triggering
from framework.deploy.clients import Clients
from framework.deploy.earlier import Earlier
from framework.deploy.mark import is_of, without_mark
from framework.deploy.plan import UNCHANGED, Deployed, Plan, diff
from framework.deploy.refusals import half, is_missing, told
from framework.deploy.triggers import FoundTriggers
from framework.deploy.watching import POLL_SECONDS, Bear, follow, give_up
from framework.errors import BackendError
from framework.pipeline.compiled import CompiledPipeline, PackageRequest
from framework.pipeline.execution import Execution, Watcher

_ROUNDS = 3
"""So often a deploy makes good what another one does to its triggers."""


class SageMakerBackend:
    """SageMaker and S3 in one region.

    Args:
        region: None leaves it to boto3. No call is made and no credential looked for before the first method is.
    """

    def __init__(self, region: str | None = None) -> None:
        self._clients = Clients(region)

    @property
    def clients(self) -> Clients:
        """What the other modules of this room make their calls with."""
        return self._clients

    def fetch(self, name: str) -> Deployed | None:
        """The pipeline of this name as it is deployed; None when there is none.

        Raises:
            BackendError: AWS refuses, or is deleting it.
        """
        call = "DescribePipeline", f"pipeline {name}"
        with told(*call):
            try:
                found = self._clients.sagemaker.describe_pipeline(PipelineName=name)
            except ClientError as error:
                if is_missing(error):
                    return None
                raise
        if found.get("PipelineStatus") == "Deleting":
            raise BackendError(" on ".join(call), "it is being deleted", "wait until it is gone, and run the command again")
        arn = _member(found, "PipelineArn", *call)
        return without_mark(
            Deployed(
                arn=arn,
                definition=_definition(_member(found, "PipelineDefinition", *call), *call),
                role=found.get("RoleArn", ""),
                description=found.get("PipelineDescription", ""),
                tags=self._tags(arn, name),
                modified=_iso(found.get("LastModifiedTime")),
                display_name=found.get("PipelineDisplayName") or "",
                parallelism=(found.get("ParallelismConfiguration") or {}).get("MaxParallelExecutionSteps"),
            )
        )

    def apply(self, plan: Plan, warn: applying.Warn = applying.ignored) -> str:
        """Makes the account as the plan says, and nothing else of it.

        Args:
            plan: says what is to be.
            warn: told what went wrong without making the deploy fail.

        Returns:
            The pipeline's ARN. A plan that changes nothing makes no call, except to write a mark that is missing.

        Raises:
            BackendError: AWS refused, or the pipeline is no longer what the plan was made against.
        """
        name = plan.pipeline.name
        if plan.deployed and plan.action != UNCHANGED:
            rivals.refuse_moved(plan, plan.deployed, self.fetch(name))
        return applying.apply(self._clients, plan, lambda: self.fetch(name), warn)

    def finish(self, plan: Plan, warn: applying.Warn = applying.ignored) -> None:
        """Says in the mark that all is made, triggers and notifications included; arguments and errors as of `apply`."""
        applying.finish(self._clients, plan, lambda: self.fetch(plan.pipeline.name), warn)

    def mend_mark(self, plan: Plan) -> None:
        """Writes the mark that this very plan lacks, because who applied it before did not get so far; else calls nothing."""
        if plan.deployed and "/" in plan.deployed.mark and is_of(plan.pipeline, plan.deployed):
            applying.apply(self._clients, plan, lambda: plan.deployed)

    def triggers(self, pipeline: CompiledPipeline, deployed: Deployed | None) -> FoundTriggers:
        """The triggers and notifications of a pipeline as they are; nothing is called where none are to be there and none are."""
        return looking.fetch(self._clients, pipeline, deployed)

    def apply_triggers(self, plan: Plan, arn: str, found: FoundTriggers, warn: applying.Warn = applying.ignored) -> None:
        """Makes triggers and notifications as they are to be, once the pipeline, which has this ARN, is written.

        What another deploy has made of them meanwhile, or of the pipeline, goes away again, and `warn` is told.

        Raises:
            BackendError: AWS refuses, or another deploy does not leave off.
        """
        pipeline = plan.pipeline
        began, missing = self._reconcile(pipeline, arn, found)
        for number in range(_ROUNDS if began else 0):
            deployed = self.fetch(pipeline.name)
            now = self.triggers(pipeline, deployed)
            names = rivals.strange(pipeline, found, now)
            lost = bool(diff(pipeline, deployed).changes) and (bool(names) or not is_of(pipeline, deployed, plan.beside))
            if not (names or lost) and (missing is None or number):
                break
            if changed := ", ".join([*(["the pipeline"] if lost else []), *names]):
                warn(f"another deploy changed {changed} at the same time; all is made as this one says")
            if lost:
                self.apply(applying.anew(plan, deployed), warn)
            found, missing = now, self._reconcile(pipeline, arn, now)[1]
        else:
            if began:
                raise rivals.unending(pipeline.name)
        if missing:
            raise missing

    def _reconcile(self, pipeline: CompiledPipeline, arn: str, found: FoundTriggers) -> tuple[bool, BackendError | None]:
        """Whether there was anything to do, and the error where something was not there: another deploy may have taken it away."""
        try:
            return triggering.reconcile(self._clients, pipeline, arn, found), None
        except BackendError as error:
            if isinstance(error.__cause__, ClientError) and is_missing(error.__cause__):
                return True, error
            raise

    def removal(self, pipeline: CompiledPipeline) -> deleting.Removal:
        """What deleting the pipeline would take away, and leave."""
        deployed = self.fetch(pipeline.name)
        return deleting.removal(pipeline, deployed, looking.fetch(self._clients, pipeline, deployed, thorough=True))

    def delete(self, removal: deleting.Removal) -> None:
        """Deletes the pipeline and what starts it. Raises BackendError where executions go on."""
        deleting.delete(self._clients, removal)

    def model_package(self, request: PackageRequest) -> str:
        """The ARN of the version of a registered model that is asked for.

        Raises:
            BackendError: there is none, or AWS refuses.
        """
        resource = f"model package group {request.group}"
        pages = self._clients.sagemaker.get_paginator("list_model_packages")
        with told("ListModelPackages", resource):
            listed = pages.paginate(
                ModelPackageGroupName=request.group,
                ModelApprovalStatus=request.status,  # type: ignore[arg-type]  # its values were checked when the file was read
                SortBy="CreationTime",
                SortOrder="Descending",
            )
            found = (package for page in listed for package in page.get("ModelPackageSummaryList", []))
            arn = next((it["ModelPackageArn"] for it in found if request.version in {None, it.get("ModelPackageVersion")}), None)
        if arn is None:
            raise BackendError(
                f"Looking for the {request}", "there is none", f"register a model in {request.group}, and approve it"
            )
        return arn

    def earlier(self, name: str) -> Earlier:
        """The executions of a pipeline that a run of a part of it can take results from."""
        return Earlier(self._clients, name)

    def start(
        self,
        name: str,
        parameters: Mapping[str, str],
        token: str | None = None,
        display_name: str | None = None,
        selective: Mapping[str, Any] | None = None,
        parallelism: int | None = None,
    ) -> str:
        """Starts an execution.

        Args:
            name: the pipeline's name.
            parameters: start values of its parameters; the others keep their defaults.
            token: 32 to 128 characters; two starts with the same one are one execution. None stands for a fresh one.
            display_name: what the console shows.
            selective: the SelectiveExecutionConfig of a run of a part; None runs all.
            parallelism: how many steps may run at a time; None leaves it to the pipeline.

        Returns:
            The execution's ARN.
        """
        call = "StartPipelineExecution", f"pipeline {name}"
        request: dict[str, Any] = {"PipelineName": name, "ClientRequestToken": token or uuid.uuid4().hex}
        if parameters:
            request["PipelineParameters"] = [{"Name": key, "Value": value} for key, value in parameters.items()]
        if display_name:
            request["PipelineExecutionDisplayName"] = display_name
        if selective:
            request["SelectiveExecutionConfig"] = selective
        if parallelism:
            request["ParallelismConfiguration"] = {"MaxParallelExecutionSteps": parallelism}
        with told(*call):
            started = self._clients.sagemaker.start_pipeline_execution(**request)
        return _member(started, "PipelineExecutionArn", *call)

    def describe(self, execution_arn: str) -> Execution:
        """The execution as it stands; where who asks may not list its steps, it has a reason instead of them."""
        return executions.execution(self._clients, execution_arn)

    def wait(
        self,
        execution_arn: str,
        watch: Watcher,
        poll_seconds: float = POLL_SECONDS,
        timeout_seconds: float | None = None,
        bear: Bear = give_up,
    ) -> Execution:
        """Follows an execution to its end; arguments, result and errors as of `watching.follow`."""
        return follow(lambda: self.describe(execution_arn), watch, poll_seconds, timeout_seconds, bear)

    def _tags(self, arn: str, name: str) -> tuple[Mapping[str, str], ...]:
        call = "ListTags", f"pipeline {name}"
        with told(*call):
            pages = list(self._clients.sagemaker.get_paginator("list_tags").paginate(ResourceArn=arn))
        if not all("Tags" in page for page in pages):
            raise half(*call, "Tags")
        tags = {tag["Key"]: tag["Value"] for page in pages for tag in page["Tags"]}
        return tuple({"Key": key, "Value": value} for key, value in sorted(tags.items()))


def _definition(text: str, operation: str, resource: str) -> Mapping[str, Any]:
    try:
        definition = json.loads(text)
    except ValueError:
        definition = None
    if not isinstance(definition, dict):
        raise half(operation, resource, "definition in JSON")
    return definition


def _iso(moment: datetime | None) -> str:
    return moment.astimezone(timezone.utc).isoformat() if moment else ""


def _member(answer: Mapping[str, Any], member: str, operation: str, resource: str) -> str:
    value = answer.get(member)
    if not isinstance(value, str) or not value:
        raise half(operation, resource, member)
    return value
