"""What is missing in S3 is sent, once; what S3 refuses is said."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import replace

import pytest

from framework.deploy import planning
from framework.deploy.plan import diff
from framework.deploy.uploads import look_for, quiet
from framework.errors import BackendError

KEY = "arn:aws:kms:eu-west-1:123456789012:key/0f0f"
OTHER_KEY = KEY.replace("0f0f", "1a1a")


def send(backend, pipeline, progress=quiet):
    missing, unseen = look_for(backend.clients.s3, pipeline.uploads, pipeline.kms_key)
    return planning.send(backend, replace(diff(pipeline, None), missing=missing, unseen=unseen), progress)


def test_the_second_time_nothing_is_sent(cloud, backend, make, upload):
    pipeline = make(uploads=tuple(upload(bytes([n]) * 100) for n in range(20)))
    seen = []

    assert send(backend, pipeline, lambda done, total: seen.append((done, total))) == (20, 0)

    assert seen == [(n, 20) for n in range(1, 21)]
    s3 = cloud.client("s3")
    for each in pipeline.uploads:
        key = each.uri.removeprefix("s3://models/")
        assert s3.get_object(Bucket="models", Key=key)["Body"].read() == each.content
    cloud.calls.clear()
    assert send(backend, pipeline) == (0, 20)
    assert cloud.operations == ["HeadObject"] * 20


def test_no_uploads_no_calls(cloud, backend, make):
    assert send(backend, make()) == (0, 0)
    assert cloud.calls == []


def test_the_same_object_twice_is_sent_once(cloud, backend, make, upload):
    assert send(backend, make(uploads=(upload(b"x"), upload(b"x")))) == (1, 0)
    assert cloud.writes == ["PutObject"]


def test_an_object_cut_short_is_sent_again(cloud, backend, make, upload):
    whole = upload(b"whole")
    cloud.client("s3").put_object(Bucket="models", Key=whole.uri.removeprefix("s3://models/"), Body=b"who")

    assert send(backend, make(uploads=(whole,))) == (1, 0)


def test_what_arrives_is_compared_with_its_digest_by_s3(cloud, backend, make, upload):
    each = upload(b"whole")
    send(backend, make(uploads=(each,)))

    (put,) = cloud.of("PutObject")
    digest = base64.b64encode(hashlib.sha256(b"whole").digest()).decode()
    assert put.headers["x-amz-checksum-sha256"] == digest
    stored = cloud.client("s3").head_object(Bucket="models", Key=each.uri.removeprefix("s3://models/"))
    assert stored["Metadata"] == {"sha256": each.sha256}


def test_another_content_of_the_same_size_is_sent_again(cloud, backend, make, upload):
    whole = upload(b"whole")
    key = whole.uri.removeprefix("s3://models/")
    cloud.client("s3").put_object(Bucket="models", Key=key, Body=b"other", Metadata={"sha256": "0" * 64})

    assert send(backend, make(uploads=(whole,))) == (1, 0)
    assert cloud.client("s3").get_object(Bucket="models", Key=key)["Body"].read() == b"whole"


def test_what_another_tool_put_there_is_known_by_its_key(cloud, backend, make, upload):
    whole = upload(b"whole")
    cloud.client("s3").put_object(Bucket="models", Key=whole.uri.removeprefix("s3://models/"), Body=b"whole")

    assert send(backend, make(uploads=(whole,))) == (0, 1)


@pytest.mark.parametrize(
    ("before", "now", "sent"),
    [
        (None, KEY, 1),
        (KEY, KEY, 0),
        (KEY, KEY.replace("0f0f", "1a1a"), 1),
        (KEY, "0f0f", 0),
        (KEY, "alias/models", 0),
        (KEY, None, 0),
    ],
)
def test_what_is_encrypted_otherwise_is_sent_again(cloud, backend, make, upload, before, now, sent):
    each = upload(b"x")
    send(backend, make(uploads=(each,), kms_key=before))

    assert send(backend, make(uploads=(each,), kms_key=now)) == (sent, 1 - sent)


@pytest.mark.parametrize("key", [KEY, None])
def test_encryption(cloud, backend, make, upload, key):
    each = upload(b"x")

    send(backend, make(uploads=(each,), kms_key=key))

    (put,) = cloud.of("PutObject")
    assert put.path.startswith("/models/")
    assert put.headers.get("x-amz-server-side-encryption") == ("aws:kms" if key else None)
    stored = cloud.client("s3").head_object(Bucket="models", Key=each.uri.removeprefix("s3://models/"))
    assert stored.get("SSEKMSKeyId") == key


def test_the_bucket_goes_into_the_path_with_an_endpoint_of_ones_own(cloud, backend, make, upload, monkeypatch, proxy):
    monkeypatch.setenv("AWS_ENDPOINT_URL", proxy[0].replace("127.0.0.1", "localhost"))

    assert send(backend, make(uploads=(upload(b"x"),))) == (1, 0)
    assert cloud.of("PutObject")[0].path.startswith("/models/lgbm-test/code/")


def test_a_missing_bucket_is_named(backend, make, upload):
    each = upload(b"x", bucket="nowhere")

    with pytest.raises(BackendError) as caught:
        send(backend, make(uploads=(each,)))

    assert str(caught.value) == (
        f"PutObject on {each.uri} failed: The specified bucket does not exist (NoSuchBucket). Try: make it with "
        "`aws s3 mb s3://nowhere`, or set SMP_S3BUCKETNAME or conf.s3Bucket to a bucket that exists."
    )


def test_a_refused_bucket_names_action_and_bucket(cloud, backend, make, upload):
    cloud.always("HeadObject", cloud.s3_refusal("", "", 403))
    cloud.always("PutObject", cloud.s3_refusal("AccessDenied", "Access Denied", 403))
    each = upload(b"x")

    with pytest.raises(BackendError) as caught:
        send(backend, make(uploads=(each,)))

    assert str(caught.value) == (
        f"PutObject on {each.uri} failed: Access Denied (AccessDenied). Try: allow s3:PutObject on {each.uri} to who deploys; "
        "when the bucket models belongs to another account, its bucket policy must allow it too; for a bucket of your own set "
        "SMP_S3BUCKETNAME or conf.s3Bucket."
    )


def test_without_the_right_to_list_a_missing_key_is_still_sent(cloud, backend, make, upload):
    cloud.next("HeadObject", cloud.s3_refusal("", "", 403))

    assert send(backend, make(uploads=(upload(b"x"),))) == (1, 0)


def test_another_region(cloud, backend, make, upload):
    cloud.always("PutObject", cloud.s3_refusal("PermanentRedirect", "Use the specified endpoint.", 301))

    with pytest.raises(BackendError) as caught:
        send(backend, make(uploads=(upload(b"x"),)))

    assert caught.value.why == "Use the specified endpoint (PermanentRedirect)"
    assert caught.value.cure.startswith("the bucket models is in another region: set SMP_REGION or conf.region")


def test_one_refusal_ends_the_upload(cloud, backend, make, upload):
    refused = cloud.s3_refusal("AccessDenied", "Access Denied", 403)
    cloud.always("PutObject", refused)

    with pytest.raises(BackendError):
        send(backend, make(uploads=tuple(upload(bytes([n])) for n in range(200))))

    assert len(cloud.of("PutObject")) < 200
