"""Model package groups: made when they are missing, left alone when they are there."""

from __future__ import annotations

import pytest

from framework.deploy.plan import diff
from framework.errors import BackendError
from framework.pipeline.compiled import PackageGroup

GROUPS = (PackageGroup("churn", "Who leaves"),)


def deploy(backend, pipeline):
    return backend.apply(diff(pipeline, backend.fetch(pipeline.name)))


def test_made_once_with_description_and_tags(cloud, backend, make):
    deploy(backend, make(package_groups=GROUPS))
    deploy(backend, make(depth="8", package_groups=GROUPS))

    (created,) = cloud.of("CreateModelPackageGroup")
    assert created.json == {
        "ModelPackageGroupName": "churn",
        "ModelPackageGroupDescription": "Who leaves",
        "Tags": [{"Key": "team", "Value": "risk"}],
    }
    assert cloud.writes == ["CreateModelPackageGroup", "CreatePipeline", "AddTags", "UpdatePipeline", "AddTags"]


def test_an_existing_group_is_left_as_it_is(cloud, backend, make):
    sagemaker = cloud.client("sagemaker")
    sagemaker.create_model_package_group(ModelPackageGroupName="churn", ModelPackageGroupDescription="By hand")

    deploy(backend, make(package_groups=GROUPS))

    assert "CreateModelPackageGroup" not in cloud.writes
    found = sagemaker.describe_model_package_group(ModelPackageGroupName="churn")
    assert found["ModelPackageGroupDescription"] == "By hand"


def test_made_by_someone_else_in_between(cloud, backend, make):
    cloud.next("CreateModelPackageGroup", cloud.refusal("ValidationException", "Model Package Group already exists: churn"))

    deploy(backend, make(package_groups=GROUPS))

    assert cloud.writes == ["CreateModelPackageGroup", "CreatePipeline"]


def test_refused_before_the_pipeline_is_written(cloud, backend, make):
    cloud.always("CreateModelPackageGroup", cloud.refusal("ResourceLimitExceeded", "You have 5000 groups."))

    with pytest.raises(BackendError) as caught:
        deploy(backend, make(package_groups=GROUPS))

    assert str(caught.value) == (
        "CreateModelPackageGroup on model package group churn failed: You have 5000 groups (ResourceLimitExceeded). "
        "Try: ask for a higher quota (`aws service-quotas`, service code sagemaker), or remove what is no longer needed."
    )
    assert "CreatePipeline" not in cloud.writes


def test_looking_may_be_refused(cloud, backend, make):
    cloud.always("DescribeModelPackageGroup", cloud.refusal("AccessDeniedException", "You may not look."))

    with pytest.raises(BackendError, match="allow sagemaker:DescribeModelPackageGroup on model package group churn"):
        deploy(backend, make(package_groups=GROUPS))
