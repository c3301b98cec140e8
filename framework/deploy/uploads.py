"""Uploads in, the same objects in S3 out. Keys are content-addressed, so what is there already is never sent again."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from framework.deploy.refusals import told
from framework.pipeline.compiled import Upload

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

THREADS = 8

Progress = Callable[[int, int], None]
"""Called after every upload with how many are done and how many there are."""


def quiet(done: int, total: int) -> None:
    """The `Progress` that shows nothing."""


def put_missing(client: S3Client, uploads: Iterable[Upload], kms_key: str | None, progress: Progress = quiet) -> tuple[int, int]:
    """Sends what is not in S3 yet.

    Args:
        client: an S3 client.
        uploads: what must be there; of one URI given twice, one is sent.
        kms_key: encrypts what is sent; None leaves it to the bucket.
        progress: told after every object, in the order of the URIs.

    Returns:
        How many were sent, and how many were there already.

    Raises:
        BackendError: S3 refused; objects sent until then stay.
    """
    wanted = [upload for _, upload in sorted({upload.uri: upload for upload in uploads}.items())]
    sent = 0
    with ThreadPoolExecutor(max_workers=THREADS, thread_name_prefix="smp-upload") as pool:
        for done, was_sent in enumerate(pool.map(lambda upload: _ensure(client, upload, kms_key), wanted), start=1):
            sent += was_sent
            progress(done, len(wanted))
    return sent, len(wanted) - sent


def missing(client: S3Client, upload: Upload) -> bool:
    """Whether the object is not in S3 at its full size. Raises BackendError where S3 cannot be asked."""
    bucket, key = location(upload.uri)
    with told("HeadObject", upload.uri):
        try:
            return client.head_object(Bucket=bucket, Key=key)["ContentLength"] != len(upload.content)
        except ClientError:
            # The answer to a HEAD has no body, and without s3:ListBucket a missing key is a 403: the PUT will say what is wrong.
            return True


def put(client: S3Client, upload: Upload, kms_key: str | None) -> None:
    """Sends one object. Raises BackendError where S3 refuses it."""
    bucket, key = location(upload.uri)
    encryption: dict[str, Any] = {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": kms_key} if kms_key else {}
    with told("PutObject", upload.uri):
        client.put_object(Bucket=bucket, Key=key, Body=upload.content, **encryption)


def location(uri: str) -> tuple[str, str]:
    """Bucket and key of an s3:// URI."""
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    return bucket, key


def _ensure(client: S3Client, upload: Upload, kms_key: str | None) -> bool:
    if not missing(client, upload):
        return False
    put(client, upload, kms_key)
    return True
