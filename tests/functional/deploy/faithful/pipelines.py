"""Pipelines and their versions, tags and model package groups, as SageMaker keeps them; requests in, answers out.

A version is made by CreatePipeline, and by each UpdatePipeline that changes the definition. ARNs hold names in lower case.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from tests.functional.deploy.faithful.refusal import Refusal, conflict, invalid, missing, page

ACCOUNT = "123456789012"
Request = dict[str, Any]


@dataclass
class Version:
    id: int
    definition: str
    created: datetime
    display_name: str | None = None
    description: str | None = None
    aliases: list[str] = field(default_factory=list)
    last_execution: str | None = None


@dataclass
class Pipeline:
    """`about` holds the members of DescribePipeline that updates replace."""

    name: str
    arn: str
    about: dict[str, Any]
    versions: list[Version]
    created: datetime
    modified: datetime
    last_run: datetime | None = None

    @property
    def newest(self) -> Version:
        return self.versions[-1]


class Pipelines:
    """The operations on pipelines of one account, in all regions.

    Attributes:
        pipelines: by ARN.
        tags: by ARN of what they are on.
        tokens: what was answered to each ClientRequestToken, with the request.
        object: reads an object of S3, for definitions that lie there.
        page_size: the most elements of a page, whatever is asked.
    """

    ALIASES = ("PipelineDisplayName", "PipelineDescription", "RoleArn", "ParallelismConfiguration")

    def __init__(self, now: Callable[[], datetime], read_object: Callable[[str, str], bytes], account: str = ACCOUNT) -> None:
        self.now, self.object, self.account = now, read_object, account
        self.pipelines: dict[str, Pipeline] = {}
        self.tags: dict[str, dict[str, str]] = {}
        self.groups: dict[str, dict[str, Any]] = {}
        self.packages: list[dict[str, Any]] = []
        self.tokens: dict[tuple[str, str], tuple[Request, Request]] = {}
        self.busy: set[str] = set()
        self.page_size = 100

    def arn(self, region: str, resource: str) -> str:
        partition = "aws-cn" if region.startswith("cn-") else "aws-us-gov" if region.startswith("us-gov-") else "aws"
        return f"arn:{partition}:sagemaker:{region}:{self.account}:{resource}"

    def pipeline(self, name_or_arn: str, region: str) -> Pipeline:
        arn = name_or_arn if name_or_arn.startswith("arn:") else self.arn(region, f"pipeline/{name_or_arn.lower()}")
        if arn not in self.pipelines:
            raise missing(f"Pipeline '{arn}'")
        return self.pipelines[arn]

    def once(self, operation: str, request: Request, answer: Callable[[], Request]) -> Request:
        """The answer to a request with a token: a second one is answered as the first, and does nothing."""
        key = operation, request["ClientRequestToken"]
        if key not in self.tokens:
            self.tokens[key] = request, answer()
        first, told = self.tokens[key]
        if first != request:
            raise invalid("The ClientRequestToken was used before, with other parameters")
        return told

    def CreatePipeline(self, request: Request, region: str) -> Request:
        return self.once("CreatePipeline", request, lambda: self._create(request, region))

    def _create(self, request: Request, region: str) -> Request:
        name, now = request["PipelineName"], self.now()
        arn = self.arn(region, f"pipeline/{name.lower()}")
        if arn in self.pipelines:
            raise invalid(
                "Pipeline names must be unique within an AWS account and region. "
                f"Pipeline with name ({self.pipelines[arn].name}) already exists."
            )
        self._forget(arn)
        version = Version(1, self._definition(request), now, aliases=list(request.get("PipelineVersionAliases", [])))
        about = {key: request[key] for key in self.ALIASES if key in request}
        self.pipelines[arn] = Pipeline(name, arn, about, [version], now, now)
        self.tags[arn] = {tag["Key"]: tag["Value"] for tag in request.get("Tags", [])}
        return {"PipelineArn": arn}

    def _forget(self, arn: str) -> None:
        """A create or delete that comes again is answered as the first only for as long as that is how things are."""
        self.tokens = {key: told for key, told in self.tokens.items() if told[1] != {"PipelineArn": arn}}

    def UpdatePipeline(self, request: Request, region: str) -> Request:
        pipeline = self._free(self.pipeline(request["PipelineName"], region))
        definition = self._definition(request) if {"PipelineDefinition", "PipelineDefinitionS3Location"} & request.keys() else None
        if definition is not None and definition != pipeline.newest.definition:
            pipeline.versions.append(Version(pipeline.newest.id + 1, definition, self.now()))
            pipeline.newest.aliases = list(request.get("PipelineVersionAliases", []))
        elif request.get("PipelineVersionAliases"):
            raise invalid("Aliases can be specified only when the update changes the pipeline definition")
        pipeline.about |= {key: request[key] for key in self.ALIASES if key in request}
        pipeline.modified = self.now()
        return {"PipelineArn": pipeline.arn, "PipelineVersionId": pipeline.newest.id}

    def _free(self, pipeline: Pipeline) -> Pipeline:
        if pipeline.arn in self.busy:
            raise conflict(f"Pipeline '{pipeline.arn}' is being modified by another request")
        return pipeline

    def _definition(self, request: Request) -> str:
        given = [key for key in ("PipelineDefinition", "PipelineDefinitionS3Location") if key in request]
        if len(given) != 1:
            raise invalid("Exactly one of PipelineDefinition and PipelineDefinitionS3Location must be provided")
        text = request.get("PipelineDefinition")
        if text is None:
            place = request["PipelineDefinitionS3Location"]
            try:
                text = self.object(place["Bucket"], place["ObjectKey"]).decode()
            except Refusal:
                raise invalid(f"Unable to read s3://{place['Bucket']}/{place['ObjectKey']}") from None
        try:
            definition = json.loads(text)
        except ValueError:
            definition = None
        if not isinstance(definition, dict) or not isinstance(definition.get("Steps"), list) or "Version" not in definition:
            raise invalid("Unable to parse pipeline definition: it is not a JSON object with Version and Steps")
        return text

    def DescribePipeline(self, request: Request, region: str) -> Request:
        pipeline = self.pipeline(request["PipelineName"], region)
        version = self.version(pipeline, request)
        told = {
            "PipelineArn": pipeline.arn,
            "PipelineName": pipeline.name,
            "PipelineDisplayName": pipeline.name,
            "PipelineDefinition": version.definition,
            "PipelineStatus": "Active",
            "CreationTime": pipeline.created,
            "LastModifiedTime": pipeline.modified,
            "LastRunTime": pipeline.last_run,
            "PipelineVersionDisplayName": version.display_name,
            "PipelineVersionDescription": version.description,
            "PipelineVersionAliases": version.aliases or None,
            **pipeline.about,
        }
        return {key: value for key, value in told.items() if value is not None}

    def version(self, pipeline: Pipeline, request: Request) -> Version:
        number, alias = request.get("PipelineVersionId"), request.get("PipelineVersionAlias")
        if number is not None and alias is not None:
            raise invalid("PipelineVersionId and PipelineVersionAlias cannot be specified together")
        for version in pipeline.versions:
            if version.id == number or alias in version.aliases:
                return version
        if number is None and alias is None:
            return pipeline.newest
        raise missing(f"Pipeline version '{number or alias}' of '{pipeline.arn}'")

    def ListPipelines(self, request: Request, region: str) -> Request:
        prefix = request.get("PipelineNamePrefix", "")
        here = [one for arn, one in self.pipelines.items() if arn.split(":")[3] == region and one.name.startswith(prefix)]
        key = (lambda one: one.name) if request.get("SortBy") == "Name" else (lambda one: one.created)
        here.sort(key=key, reverse=request.get("SortOrder", "Descending") == "Descending")
        part, more = page(here, request, self.page_size)
        told = [
            {"PipelineArn": one.arn, "PipelineName": one.name, "CreationTime": one.created, "LastModifiedTime": one.modified}
            for one in part
        ]
        return {"PipelineSummaries": told, **more}

    def ListPipelineVersions(self, request: Request, region: str) -> Request:
        pipeline = self.pipeline(request["PipelineName"], region)
        ordered = pipeline.versions if request.get("SortOrder") == "Ascending" else pipeline.versions[::-1]
        part, more = page(ordered, request, self.page_size)
        return {"PipelineVersionSummaries": [self._summary(pipeline, version) for version in part], **more}

    def _summary(self, pipeline: Pipeline, version: Version) -> Request:
        told = {
            "PipelineArn": pipeline.arn,
            "PipelineVersionId": version.id,
            "CreationTime": version.created,
            "PipelineVersionDescription": version.description,
            "PipelineVersionDisplayName": version.display_name,
            "LastExecutionPipelineExecutionArn": version.last_execution,
            "PipelineVersionAliases": version.aliases or None,
        }
        return {key: value for key, value in told.items() if value is not None}

    def UpdatePipelineVersion(self, request: Request, region: str) -> Request:
        pipeline = self._free(self.pipeline(request["PipelineArn"], region))
        version = self.version(pipeline, {"PipelineVersionId": request["PipelineVersionId"]})
        version.display_name = request.get("PipelineVersionDisplayName", version.display_name)
        version.description = request.get("PipelineVersionDescription", version.description)
        asked = request.get("PipelineVersionAliasOperations", {})
        taken = {alias for other in pipeline.versions if other is not version for alias in other.aliases}
        if taken & set(asked.get("Add", [])):
            raise conflict("An alias must be unique within the pipeline")
        kept = [alias for alias in version.aliases if alias not in asked.get("Remove", [])]
        version.aliases = list(dict.fromkeys([*kept, *asked.get("Add", [])]))
        return {"PipelineArn": pipeline.arn, "PipelineVersionId": version.id}

    def DeletePipeline(self, request: Request, region: str) -> Request:
        return self.once("DeletePipeline", request, lambda: self._delete(request, region))

    def _delete(self, request: Request, region: str) -> Request:
        pipeline = self._free(self.pipeline(request["PipelineName"], region))
        self.refuse_running(pipeline)
        del self.pipelines[pipeline.arn]
        self.tags.pop(pipeline.arn, None)
        self._forget(pipeline.arn)
        return {"PipelineArn": pipeline.arn}

    def refuse_running(self, pipeline: Pipeline) -> None:
        """Raises where executions of the pipeline are under way."""

    def ListTags(self, request: Request, region: str) -> Request:
        tags = sorted(self._tags(request).items())
        part, more = page(tags, request, self.page_size)
        return {"Tags": [{"Key": key, "Value": value} for key, value in part], **more}

    def AddTags(self, request: Request, region: str) -> Request:
        tags = self._tags(request)
        tags |= {tag["Key"]: tag["Value"] for tag in request["Tags"]}
        return {"Tags": [{"Key": key, "Value": value} for key, value in sorted(tags.items())]}

    def DeleteTags(self, request: Request, region: str) -> Request:
        for key in request["TagKeys"]:
            self._tags(request).pop(key, None)
        return {}

    def _tags(self, request: Request) -> dict[str, str]:
        if request["ResourceArn"] not in self.tags:
            raise missing(f"Resource '{request['ResourceArn']}'")
        return self.tags[request["ResourceArn"]]
