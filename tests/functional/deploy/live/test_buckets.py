"""Live checks: the buckets that are written to."""

from __future__ import annotations

import pytest

from tests.functional.deploy.conftest import Answer
from tests.functional.deploy.live.account import S3_OUTPUT, at, check, elsewhere, encrypt, key, training


def test_a_bucket_that_does_not_exist(account):
    steps = [training(OutputDataConfig={"S3OutputPath": "s3://gone/out"}), training("b")]

    assert check(*steps, bucket="gone") == [
        "- SMP902 error: the bucket gone does not exist; 1 step uses it too. "
        "Try: make it with `aws s3 mb s3://gone`, or name one that exists."
    ]


def test_a_bucket_in_another_region(account):
    constraint = {"LocationConstraint": "us-west-2"}
    elsewhere(account, "s3", "us-west-2").create_bucket(Bucket="far", CreateBucketConfiguration=constraint)
    encrypt(account, "far", "AES256")

    assert check(training(OutputDataConfig={"S3OutputPath": "s3://far/out"})) == [
        f"{at(0, *S3_OUTPUT)} SMP902 error: the bucket far is in us-west-2, and the pipeline runs in eu-west-1. "
        "Try: name a bucket in eu-west-1, or set SMP_REGION or conf.region to us-west-2."
    ]


@pytest.mark.parametrize("status", [301, 403])
def test_the_region_of_a_bucket_is_told_to_who_may_not_look_into_it(account, status):
    account.always("HeadBucket", Answer(status, b"", "application/xml", headers=(("x-amz-bucket-region", "us-west-2"),)))

    assert check() == [
        "- SMP902 error: the bucket models is in us-west-2, and the pipeline runs in eu-west-1. "
        "Try: name a bucket in eu-west-1, or set SMP_REGION or conf.region to us-west-2."
    ]


@pytest.mark.parametrize(
    ("location", "found"),
    [
        (
            "<LocationConstraint/>",
            [
                "- SMP902 error: the bucket models is in us-east-1, and the pipeline runs in eu-west-1. "
                "Try: name a bucket in eu-west-1, or set SMP_REGION or conf.region to us-east-1."
            ],
        ),
        ("<LocationConstraint>EU</LocationConstraint>", []),
    ],
)
def test_a_server_that_does_not_tell_the_region_at_once_is_asked_for_the_location(account, location, found):
    account.always("HeadBucket", Answer(200, b"", "application/xml"))
    account.always("GetBucketLocation", Answer(200, location.encode(), "application/xml"))

    assert check() == found


def test_a_bucket_without_encryption(account):
    step = training(
        OutputDataConfig={"S3OutputPath": {"Std:Join": {"On": "/", "Values": ["s3:/", "lake", {"Get": "Execution.X"}]}}}
    )

    assert check(step) == [
        f"{at(0, *S3_OUTPUT)} SMP902 warning: the bucket lake has no default encryption. "
        "Try: give it one with `aws s3api put-bucket-encryption --bucket lake …`."
    ]


def test_a_bucket_that_encrypts_without_the_key(account):
    arn = key(account)
    encrypt(account, "lake", "aws:kms")

    assert check(training(OutputDataConfig={"S3OutputPath": "s3://lake/out"}), kms_key=arn) == [
        "- SMP902 warning: the bucket models encrypts with AES256 by default, and the configuration sets a KMS key. "
        "Try: make aws:kms its default encryption: what a script writes by itself is encrypted as the bucket says."
    ]
