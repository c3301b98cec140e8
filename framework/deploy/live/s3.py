"""S3: whether the buckets that are written to exist, where they are and how they encrypt, and whether what is read is there."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import partial
from typing import Any

from botocore.exceptions import ClientError

from framework.deploy.clients import Clients
from framework.deploy.live.asking import Ask
from framework.deploy.live.questions import Questions, Stored, Uses
from framework.deploy.live.violations import LiveViolation, more
from framework.deploy.live.where import Where
from framework.deploy.refusals import code_of, half, member, told
from framework.findings import ERROR, WARNING

WRITTEN, READ = "SMP902", "SMP903"
NO_BUCKET = ("404", "NoSuchBucket")
NO_ENCRYPTION = "ServerSideEncryptionConfigurationNotFoundError"
REGION = re.compile(r"[a-z]{2,4}(-[a-z]+)+-\d+")
LOCATIONS = {"": "us-east-1", "EU": "eu-west-1"}
"""What GetBucketLocation says of two regions."""


def asks(questions: Questions, kms_key: str | None, clients: Clients, where: Where) -> Iterator[Ask]:
    """The questions about buckets and what is read from S3; `kms_key` is the one that the configuration sets."""
    for bucket, uses in questions.buckets.items():
        yield Ask("s3", f"the bucket {bucket}", "buckets", partial(_bucket, bucket, uses, clients, where))
        about = f"the encryption of the bucket {bucket}"
        yield Ask("s3", about, "encryptions of buckets", partial(_encryption, bucket, uses, kms_key, clients))
    for stored, uses in questions.stored.items():
        yield Ask("s3", f"the input {stored.uri}", "inputs", partial(_input, stored, uses, questions, clients))


def region_of(location: str | None) -> str:
    """The region that GetBucketLocation means."""
    return LOCATIONS.get(location or "", location or "")


def _bucket(bucket: str, uses: Uses, clients: Clients, where: Where) -> Iterator[LiveViolation]:
    """Whether a bucket exists, and in which region."""
    with told("HeadBucket", f"s3://{bucket}"):
        try:
            answer: Any = clients.s3.head_bucket(Bucket=bucket)
        except ClientError as error:
            if code_of(error) in NO_BUCKET:
                yield _missing(WRITTEN, bucket, uses)
                return
            answer = error.response
            if _region(answer) in ("", where.region):
                raise
    region = _region(answer) or _asked_region(bucket, clients)
    if region != where.region:
        message = f"the bucket {bucket} is in {region}, and the pipeline runs in {where.region}"
        hint = f"name a bucket in {where.region}, or set SMP_REGION or conf.region to {region}"
        yield LiveViolation(WRITTEN, uses[0].path, message + more(uses), hint)


def _region(answer: Any) -> str:
    """The region of a bucket as the answer to a HEAD tells it, also where it is a refusal; "" where it does not."""
    headers = (answer.get("ResponseMetadata") or {}).get("HTTPHeaders") or {}
    return str(answer.get("BucketRegion") or headers.get("x-amz-bucket-region") or "")


def _asked_region(bucket: str, clients: Clients) -> str:
    call = "GetBucketLocation", f"s3://{bucket}"
    with told(*call):
        region = region_of(clients.s3.get_bucket_location(Bucket=bucket).get("LocationConstraint"))
    if not REGION.fullmatch(region):  # botocore takes any text for it
        raise half(*call, "LocationConstraint")
    return region


def _encryption(bucket: str, uses: Uses, kms_key: str | None, clients: Clients) -> Iterator[LiveViolation]:
    """How a bucket encrypts what it is given without a word about it."""
    call = "GetBucketEncryption", f"s3://{bucket}"
    with told(*call):
        try:
            answer: Any = clients.s3.get_bucket_encryption(Bucket=bucket)
        except ClientError as error:
            if code_of(error) in NO_BUCKET:  # which is said once
                return
            if code_of(error) != NO_ENCRYPTION:
                raise
            answer = {"ServerSideEncryptionConfiguration": {"Rules": []}}
    rules = member(answer.get("ServerSideEncryptionConfiguration") or {}, "Rules", *call)
    found = [(rule.get("ApplyServerSideEncryptionByDefault") or {}).get("SSEAlgorithm", "") for rule in rules]
    if not any(found):
        message = f"the bucket {bucket} has no default encryption"
        hint = f"give it one with `aws s3api put-bucket-encryption --bucket {bucket} …`"
        yield LiveViolation(WRITTEN, uses[0].path, message + more(uses), hint, WARNING)
    elif kms_key and not any(algorithm.startswith("aws:kms") for algorithm in found):
        message = f"the bucket {bucket} encrypts with {found[0]} by default, and the configuration sets a KMS key"
        hint = "make aws:kms its default encryption: what a script writes by itself is encrypted as the bucket says"
        yield LiveViolation(WRITTEN, uses[0].path, message + more(uses), hint, WARNING)


def _input(stored: Stored, uses: Uses, questions: Questions, clients: Clients) -> Iterator[LiveViolation]:
    """Whether something lies where a step reads."""
    try:
        found = _first_key(stored.bucket, stored.key, clients)
        key = stored.key.rstrip("/")
        there = found == stored.key if stored.exact else (found is not None and (not key or f"{found}/".startswith(f"{key}/")))
        if there or (found and key and not stored.exact and _first_key(stored.bucket, f"{key}/", clients) is not None):
            return
    except _NoBucketError:
        if stored.bucket not in questions.buckets:  # of those that are written to as well, it is said already
            same = [use for each, several in questions.stored.items() if each.bucket == stored.bucket for use in several]
            yield _missing(READ, stored.bucket, same)
        return
    yield _nothing(stored, uses, found, all(use.step in questions.fed for use in uses))


def _nothing(stored: Stored, uses: Uses, similar: str | None, fed: bool) -> LiveViolation:
    """That nothing lies where a step reads; `fed` where a step before it may still put something there."""
    message = f"there is no object {stored.uri}" if stored.exact else f"there is no object {stored.uri}, and none below it"
    severity, hint = ERROR, "put it there, or correct the URI"
    if similar and not stored.exact:
        message += f", only such as s3://{stored.bucket}/{similar}"
        severity, hint = WARNING, "end the URI where the name of a file or a folder ends, if that is not what is meant"
    elif fed:
        message += ", unless a step before puts one there"
        severity, hint = WARNING, "nothing, if one does: let the step refer to its output, and no more is said of it"
    return LiveViolation(READ, uses[0].path, message + more(uses), hint, severity)


def _missing(rule: str, bucket: str, uses: Uses) -> LiveViolation:
    hint = f"make it with `aws s3 mb s3://{bucket}`, or name one that exists"
    return LiveViolation(rule, uses[0].path, f"the bucket {bucket} does not exist{more(uses)}", hint)


class _NoBucketError(Exception):
    """There is no such bucket."""


def _first_key(bucket: str, prefix: str, clients: Clients) -> str | None:
    """The first key of a bucket that begins so. Raises _NoBucketError, or BackendError where S3 cannot be asked."""
    call = "ListObjectsV2", f"s3://{bucket}/{prefix}"
    with told(*call):
        try:
            listed = clients.s3.list_objects_v2(Bucket=bucket, Prefix=prefix, MaxKeys=1)
        except ClientError as error:
            if code_of(error) in NO_BUCKET:
                raise _NoBucketError from error
            raise
    member(listed, "IsTruncated", *call)
    return next((each.get("Key") for each in listed.get("Contents", [])), None)
