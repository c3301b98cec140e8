"""Registered models that a pipeline uses: the newest approved version becomes a parameter's default when it is deployed."""

from __future__ import annotations

from typing import Any

import pytest

from framework.deploy.plan import diff
from framework.errors import BackendError
from framework.pipeline.compiled import PackageRequest
from framework.pipeline.packages import with_packages

REQUEST = PackageRequest("ChurnModelPackage", "churn")
PARAMETER = {"Name": "ChurnModelPackage", "Type": "String"}


@pytest.fixture
def versions(cloud) -> list[str]:
    """The ARNs of three versions: approved, approved, pending."""
    sagemaker = cloud.client("sagemaker")
    sagemaker.create_model_package_group(ModelPackageGroupName="churn")
    arns = []
    for status in ("Approved", "Approved", "PendingManualApproval"):
        created = sagemaker.create_model_package(ModelPackageGroupName="churn", ModelApprovalStatus=status)
        arns.append(created["ModelPackageArn"])
    return arns


def using(make: Any, *requests: PackageRequest) -> Any:
    pipeline = make(model_packages=requests)
    pipeline.definition["Parameters"].append(PARAMETER)
    return pipeline


def test_the_newest_approved_version(backend, versions):
    assert backend.model_package(REQUEST) == versions[1]


@pytest.mark.parametrize(
    ("status", "version", "index"), [("Approved", 1, 0), ("PendingManualApproval", None, 2), ("PendingManualApproval", 3, 2)]
)
def test_another_version(backend, versions, status, version, index):
    assert backend.model_package(PackageRequest("P", "churn", status, version)) == versions[index]


@pytest.mark.parametrize(("status", "version"), [("Rejected", None), ("Approved", 3)])
def test_a_version_that_is_not_there(backend, versions, status, version):
    with pytest.raises(BackendError) as caught:
        backend.model_package(PackageRequest("P", "churn", status, version))
    which = "newest" if version is None else f"version {version}"
    assert str(caught.value) == (
        f"Looking for the {which} {status} of model package group churn failed: there is none. "
        "Try: register a model in churn, and approve it."
    )


def test_it_becomes_the_default_that_is_deployed(backend, make, versions):
    pipeline = with_packages(using(make, REQUEST), backend.model_package)

    backend.apply(diff(pipeline, backend.fetch(pipeline.name)))

    deployed = {each["Name"]: each for each in backend.fetch(pipeline.name).definition["Parameters"]}
    assert deployed["ChurnModelPackage"] == {**PARAMETER, "DefaultValue": versions[1]}
    assert diff(pipeline, backend.fetch(pipeline.name)).action == "unchanged"


def test_a_version_that_is_given_is_not_looked_for(backend, make):
    pipeline = using(make, REQUEST)
    assert with_packages(pipeline, backend.model_package, ["ChurnModelPackage"]) is pipeline
