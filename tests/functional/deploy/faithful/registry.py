"""Model package groups and their versions, and what Studio's domain says of roles."""

from __future__ import annotations

from typing import Any

from tests.functional.deploy.faithful.pipelines import Pipelines, Request
from tests.functional.deploy.faithful.refusal import invalid, missing, page


class Registry(Pipelines):
    """The operations on model package groups, and those on a domain.

    Attributes:
        groups: what DescribeModelPackageGroup tells, by ARN.
        packages: what ListModelPackages tells, oldest first; a test puts them there.
        domains: what DescribeDomain tells, by id; a test puts them there. `profiles`: likewise DescribeUserProfile.
    """

    domains: dict[str, dict[str, Any]]
    profiles: dict[tuple[str, str], dict[str, Any]]

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self.domains, self.profiles = {}, {}

    def CreateModelPackageGroup(self, request: Request, region: str) -> Request:
        arn = self._group_arn(request, region)
        if arn in self.groups:
            raise invalid(f"Model Package Group already exists: {arn}")
        self.groups[arn] = {
            "ModelPackageGroupName": request["ModelPackageGroupName"],
            "ModelPackageGroupArn": arn,
            "CreationTime": self.now(),
            "CreatedBy": {},
            "ModelPackageGroupStatus": "Completed",
        }
        if "ModelPackageGroupDescription" in request:
            self.groups[arn]["ModelPackageGroupDescription"] = request["ModelPackageGroupDescription"]
        self.tags[arn] = {tag["Key"]: tag["Value"] for tag in request.get("Tags", [])}
        return {"ModelPackageGroupArn": arn}

    def DescribeModelPackageGroup(self, request: Request, region: str) -> Request:
        return self._group(request, region)

    def DeleteModelPackageGroup(self, request: Request, region: str) -> Request:
        arn = self._group(request, region)["ModelPackageGroupArn"]
        del self.groups[arn], self.tags[arn]
        return {}

    def ListModelPackages(self, request: Request, region: str) -> Request:
        group, status = request.get("ModelPackageGroupName"), request.get("ModelApprovalStatus")
        found = [
            package
            for package in self.packages
            if (group in (None, package.get("ModelPackageGroupName"))) and (status in (None, package.get("ModelApprovalStatus")))
        ]
        part, more = page(found[::-1] if request.get("SortOrder") == "Descending" else found, request, self.page_size)
        return {"ModelPackageSummaryList": part, **more}

    def _group_arn(self, request: Request, region: str) -> str:
        name = request["ModelPackageGroupName"]
        return name if name.startswith("arn:") else self.arn(region, f"model-package-group/{name.lower()}")

    def _group(self, request: Request, region: str) -> dict[str, Any]:
        arn = self._group_arn(request, region)
        if arn not in self.groups:
            raise invalid(f"ModelPackageGroup {arn} does not exist.")
        return self.groups[arn]

    def DescribeDomain(self, request: Request, region: str) -> Request:
        if request["DomainId"] not in self.domains:
            raise missing(f"Domain {request['DomainId']}")
        return self.domains[request["DomainId"]]

    def DescribeUserProfile(self, request: Request, region: str) -> Request:
        key = request["DomainId"], request["UserProfileName"]
        if key not in self.profiles:
            raise missing(f"UserProfile {key[1]}")
        return self.profiles[key]
