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

from framework.deploy.refusals import told
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

    def ensure(upload: Upload) -> bool:
        return missing(client, upload, kms_key) and put(client, upload, kms_key)

    wanted = each_once(uploads)
    sent = 0
    with ThreadPoolExecutor(max_workers=THREADS, thread_name_prefix="smp-upload") as pool:
        for done, was_sent in enumerate(pool.map(ensure, wanted), start=1):
            sent += was_sent
            progress(done, len(wanted))
    return sent, len(wanted) - sent


def find_missing(client: S3Client, uploads: Iterable[Upload], kms_key: str | None) -> tuple[Upload, ...]:
    """Those that are not in S3 yet, in the order of their URIs. Raises BackendError where S3 cannot be asked."""
    wanted = each_once(uploads)
    if not wanted:
        return ()
    with ThreadPoolExecutor(max_workers=THREADS, thread_name_prefix="smp-head") as pool:
        absent = list(pool.map(lambda upload: missing(client, upload, kms_key), wanted))
    return tuple(upload for upload, is_absent in zip(wanted, absent, strict=True) if is_absent)


def put_all(client: S3Client, uploads: Iterable[Upload], kms_key: str | None, progress: Progress = quiet) -> None:
    """Sends objects, whether they are there or not; arguments and errors as of `put_missing`."""
    wanted = each_once(uploads)
    with ThreadPoolExecutor(max_workers=THREADS, thread_name_prefix="smp-upload") as pool:
        for done, _ in enumerate(pool.map(lambda upload: put(client, upload, kms_key), wanted), start=1):
            progress(done, len(wanted))


def each_once(uploads: Iterable[Upload]) -> list[Upload]:
    """The uploads in the order of their URIs, of each URI one."""
    return [upload for _, upload in sorted({upload.uri: upload for upload in uploads}.items())]


def missing(client: S3Client, upload: Upload, kms_key: str | None = None) -> bool:
    """Whether the object is not in S3 as it should be. Raises BackendError where S3 cannot be asked."""
    bucket, key = location(upload.uri)
    with told("HeadObject", upload.uri):
        try:
            found = client.head_object(Bucket=bucket, Key=key)
        except ClientError:
            # The answer to a HEAD has no body, and without s3:ListBucket a missing key is a 403: the PUT will say what is wrong.
            return True
    whole = found.get("ContentLength") == len(upload.content)  # an answer that was cut short may lack it
    # An object that another tool put there has no digest: its key says what it is.
    right = found.get("Metadata", {}).get(DIGEST, upload.sha256) == upload.sha256
    return not (whole and right and _encrypted(found, kms_key))


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
