"""Live checks: what is read from S3."""

from __future__ import annotations

import threading

import pytest

from framework.pipeline.compiled import Upload
from tests.functional.deploy.conftest import Answer, Call
from tests.functional.deploy.live.account import S3_INPUT, at, channel, check, training


@pytest.mark.parametrize(
    ("uri", "kind", "found"),
    [
        ("s3://lake/raw/train", "S3Prefix", ""),
        ("s3://lake/raw/train/", "S3Prefix", ""),
        ("s3://lake/raw/train/part-0.csv", "S3Prefix", ""),
        ("s3://lake", "S3Prefix", ""),
        ("s3://lake/raw/list.json", "ManifestFile", ""),
        (
            "s3://lake/raw/test",
            "S3Prefix",
            "error: there is no object s3://lake/raw/test, and none below it. Try: put it there, or correct the URI.",
        ),
        (
            "s3://lake/raw/tra",
            "S3Prefix",
            "warning: there is no object s3://lake/raw/tra, and none below it, only such as s3://lake/raw/train/part-0.csv. "
            "Try: end the URI where the name of a file or a folder ends, if that is not what is meant.",
        ),
        (
            "s3://lake/raw/list",
            "AugmentedManifestFile",
            "error: there is no object s3://lake/raw/list. Try: put it there, or correct the URI.",
        ),
        (
            "s3://gone/raw",
            "S3Prefix",
            "error: the bucket gone does not exist. Try: make it with `aws s3 mb s3://gone`, or name one that exists.",
        ),
    ],
)
def test_what_is_read(account, uri, kind, found):
    account.client("s3").put_object(Bucket="lake", Key="raw/list.json", Body=b"[]")

    expected = [f"{at(0, *S3_INPUT)} SMP903 {found}"] if found else []
    assert check(training(InputDataConfig=[channel(uri, kind)])) == expected


def test_a_folder_is_found_behind_keys_that_begin_like_it(account):
    s3 = account.client("s3")
    for name in ("raw/train-old/part-0.csv", "raw/train.csv"):
        s3.put_object(Bucket="lake", Key=name, Body=b"1")

    assert check(training()) == []


def test_a_bucket_that_is_missing_is_said_once(account):
    steps = [training(name, InputDataConfig=[channel(f"s3://gone/{name}")]) for name in "abc"]

    assert check(*steps) == [
        f"{at(0, *S3_INPUT)} SMP903 error: the bucket gone does not exist; 2 more steps use it. "
        "Try: make it with `aws s3 mb s3://gone`, or name one that exists."
    ]
    assert check(*steps, bucket="gone") == [
        "- SMP902 error: the bucket gone does not exist. Try: make it with `aws s3 mb s3://gone`, or name one that exists."
    ]


def test_what_a_step_before_may_write_is_a_warning(account):
    emr = {"Name": "spark", "Type": "EMR", "Arguments": {"ClusterId": "j-1", "StepConfig": {}}}
    step = {**training(InputDataConfig=[channel("s3://lake/features")]), "DependsOn": ["spark"]}

    assert check(emr, step) == [
        f"{at(1, *S3_INPUT)} SMP903 warning: there is no object s3://lake/features, and none below it, unless a step before puts "
        "one there. Try: nothing, if one does: let the step refer to its output, and no more is said of it."
    ]


def test_questions_are_put_at_the_same_time(account):
    together = threading.Barrier(4)

    def late(call: Call) -> Answer:
        together.wait(timeout=10)
        return Answer(200, b"<ListBucketResult><IsTruncated>false</IsTruncated></ListBucketResult>", "application/xml")

    account.always("ListObjectsV2", late)
    steps = [training(str(n), InputDataConfig=[channel(f"s3://lake/{n}")]) for n in range(4)]

    assert check(*steps) == [
        f"{at(n, *S3_INPUT)} SMP903 error: there is no object s3://lake/{n}, and none below it. "
        "Try: put it there, or correct the URI."
        for n in range(4)
    ]


def test_uploads_and_outputs_are_not_looked_for(account):
    uploaded = Upload("s3://models/churn/code/0f/run.sh", "0f", b"")
    code = [channel("s3://models/churn/code/0f/run.sh"), channel("s3://models/churn/code/0f"), channel("s3://models/out/fit")]

    assert check(training(InputDataConfig=code), uploads=(uploaded,)) == []
    assert account.of("ListObjectsV2") == []
