"""Live checks: container images."""

from __future__ import annotations

from typing import Any

import pytest

from tests.functional.deploy.live.account import ACCOUNT, IMAGE, MANIFEST, REGION, at, check, elsewhere, training


def image(uri: str) -> dict[str, Any]:
    return {"AlgorithmSpecification": {"TrainingImage": uri, "TrainingInputMode": "File"}}


IMAGE_PATH = ("Arguments", "AlgorithmSpecification", "TrainingImage")
HOST = f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com"
DIGEST = "sha256:" + "0f" * 32


@pytest.mark.parametrize(
    ("uri", "missing"),
    [
        (f"{HOST}/gone:1", "registry 123456789012 has no repository gone in eu-west-1"),
        (f"{HOST}/churn:2", "the repository churn has no tag 2"),
        (f"{HOST}/churn", "the repository churn has no tag latest"),
        (f"{HOST}/churn@{DIGEST}", f"the repository churn has no digest {DIGEST}"),
        (f"{HOST}/churn:1@{DIGEST}", f"the repository churn has no tag 1 of digest {DIGEST}"),
    ],
)
def test_an_image_that_does_not_exist(account, uri, missing):
    assert check(training(**image(uri)), training("b", **image(uri))) == [
        f"{at(0, *IMAGE_PATH)} SMP904 error: the image {uri} does not exist: {missing}; 1 more step uses it. "
        "Try: push it, or correct the URI."
    ]


def test_an_image_that_is_there_by_its_digest(account):
    [details] = account.client("ecr").describe_images(repositoryName="churn")["imageDetails"]

    assert check(training(**image(f"{HOST}/churn@{details['imageDigest']}"))) == []


def test_an_image_in_another_region(account):
    ecr = elsewhere(account, "ecr", "us-east-1")
    ecr.create_repository(repositoryName="churn")
    ecr.put_image(repositoryName="churn", imageManifest=MANIFEST, imageTag="1")
    uri = IMAGE.replace(REGION, "us-east-1")

    assert check(training(**image(uri))) == [
        f"{at(0, *IMAGE_PATH)} SMP904 warning: the image {uri} is in us-east-1, and the pipeline runs in eu-west-1. "
        "Try: use the one in eu-west-1."
    ]


@pytest.mark.parametrize(
    ("name", "missing"),
    [
        ("churn:1", ""),
        ("churn:2", "the repository churn has no tag 2"),
        ("gone:1", f"registry {ACCOUNT} has no repository gone in {REGION}"),
    ],
)
def test_who_may_only_pull_learns_the_same(account, name, missing):
    account.always("DescribeImages", account.refusal("AccessDeniedException", "You may not"))
    uri = f"{HOST}/{name}"

    said = f"{at(0, *IMAGE_PATH)} SMP904 error: the image {uri} does not exist: {missing}. Try: push it, or correct the URI."
    assert check(training(**image(uri))) == ([said] if missing else [])
