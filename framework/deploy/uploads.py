"""Uploads in, the same objects in S3 out. Keys are content-addressed, so what is there already is never sent again.

An object counts as there when its size, the digest in its metadata and its encryption are right. The digest was compared with the
content by S3 itself when it took the object in.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from framework.deploy.cures import ABSENT, DENIED
from framework.deploy.refusals import code_of, told
from framework.pipeline.compiled import Upload

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

THREADS = 8
DIGEST = "sha256"
"""The key of the metadata that holds an object's digest."""

Progress = Callable[[int, int], None]
"""Called after every upload with how many are done and how many there are."""


def quiet(done: int, total: int) -> None:
    """The `Progress` that shows nothing."""


def look_for(client: S3Client, uploads: Iterable[Upload], kms_key: str | None) -> tuple[tuple[Upload, ...], tuple[Upload, ...]]:
    """Those that are not in S3 as they should be, and those of which S3 does not say, each in the order of their URIs.

    Raises:
        BackendError: S3 cannot be asked.
    """
    wanted = each_once(uploads)
    if not wanted:
        return (), ()
    with ThreadPoolExecutor(max_workers=THREADS, thread_name_prefix="smp-head") as pool:
        there = list(pool.map(lambda upload: is_there(client, upload, kms_key), wanted))
    missing, unseen = ([each for each, found in zip(wanted, there, strict=True) if found is answer] for answer in (False, None))
    return tuple(missing), tuple(unseen)


def put_all(client: S3Client, uploads: Iterable[Upload], kms_key: str | None, progress: Progress = quiet) -> None:
    """Sends objects, whether they are there or not.

    Args:
        client: an S3 client.
        uploads: what is sent; of one URI given twice, one.
        kms_key: encrypts what is sent; None leaves it to the bucket.
        progress: told after every object, in the order of the URIs.

    Raises:
        BackendError: S3 refused; objects sent until then stay.
    """
    wanted = each_once(uploads)
    with ThreadPoolExecutor(max_workers=THREADS, thread_name_prefix="smp-upload") as pool:
        for done, _ in enumerate(pool.map(lambda upload: put(client, upload, kms_key), wanted), start=1):
            progress(done, len(wanted))


def each_once(uploads: Iterable[Upload]) -> list[Upload]:
    """The uploads in the order of their URIs, of each URI one."""
    return [upload for _, upload in sorted({upload.uri: upload for upload in uploads}.items())]


def is_there(client: S3Client, upload: Upload, kms_key: str | None = None) -> bool | None:
    """Whether the object is in S3 as it should be; None where that may not be seen. Raises BackendError where S3 refuses."""
    bucket, key = location(upload.uri)
    with told("HeadObject", upload.uri):
        try:
            found = client.head_object(Bucket=bucket, Key=key)
        except ClientError as error:
            if code_of(error) in ABSENT:
                return False
            if code_of(error) in DENIED:  # so is a missing key, without s3:ListBucket
                return None
            raise
    whole = found.get("ContentLength") == len(upload.content)  # an answer that was cut short may lack it
    # An object that another tool put there has no digest: its key says what it is.
    right = found.get("Metadata", {}).get(DIGEST, upload.sha256) == upload.sha256
    return whole and right and _encrypted(found, kms_key)


def put(client: S3Client, upload: Upload, kms_key: str | None) -> bool:
    """Sends one object, and says that it was sent. Raises BackendError where S3 refuses it."""
    bucket, key = location(upload.uri)
    more: dict[str, Any] = {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": kms_key} if kms_key else {}
    more |= {"Metadata": {DIGEST: upload.sha256}, "ChecksumSHA256": base64.b64encode(bytes.fromhex(upload.sha256)).decode()}
    with told("PutObject", upload.uri):
        client.put_object(Bucket=bucket, Key=key, Body=upload.content, **more)
    return True


def location(uri: str) -> tuple[str, str]:
    """Bucket and key of an s3:// URI."""
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    return bucket, key


def _encrypted(found: Mapping[str, Any], kms_key: str | None) -> bool:
    """Whether an object is encrypted as it should be, as far as its key can be told: an alias stands for some key."""
    if kms_key is None:
        return True
    told = str(found.get("SSEKMSKeyId", ""))
    named = kms_key.rpartition("/")[2] if ":key/" in kms_key or "/" not in kms_key else ""
    return str(found.get("ServerSideEncryption", "")).startswith("aws:kms") and (not named or told.endswith(named))
