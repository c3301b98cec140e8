"""What goes wrong between here and AWS, over real connections: never a traceback, always what to do."""

from __future__ import annotations

import dataclasses

import pytest

from framework.deploy.backend import SageMakerBackend
from framework.deploy.plan import diff
from framework.deploy.uploads import put_all
from framework.errors import BackendError

CALLER = "arn:aws:sts::123456789012:assumed-role/ci/build"
TARGET = "arn:aws:sagemaker:eu-west-1:123456789012:pipeline/lgbm-test"


def test_access_denied_names_the_action(cloud, backend, make):
    message = (
        f"User: {CALLER} is not authorized to perform: sagemaker:CreatePipeline on resource: {TARGET} because no "
        "identity-based policy allows the sagemaker:CreatePipeline action"
    )
    cloud.always("CreatePipeline", cloud.refusal("AccessDeniedException", message))

    with pytest.raises(BackendError) as caught:
        backend.apply(diff(make(), None))

    assert str(caught.value) == (
        f"CreatePipeline on pipeline lgbm-test failed: {message} (AccessDeniedException). "
        f"Try: allow sagemaker:CreatePipeline on {TARGET} to who runs this, in the policy of the user or role."
    )


def test_throttled_twice_then_served(cloud, backend, make):
    cloud.next("CreatePipeline", *[cloud.refusal("ThrottlingException", "Rate exceeded")] * 2)

    assert backend.apply(diff(make(), None)) == TARGET
    assert len(cloud.of("CreatePipeline")) == 3


def test_throttled_for_ever(cloud, backend):
    cloud.always("DescribePipeline", cloud.refusal("ThrottlingException", "Rate exceeded"))

    with pytest.raises(BackendError) as caught:
        backend.fetch("lgbm-test")

    assert str(caught.value) == (
        "DescribePipeline on pipeline lgbm-test failed: Rate exceeded (ThrottlingException). "
        "Try: it was refused 5 times in a row: wait a minute and run the command again."
    )
    assert len(cloud.calls) == 5


def test_expired_token(cloud, backend):
    message = "The security token included in the request is expired"
    cloud.always("DescribePipeline", cloud.refusal("ExpiredTokenException", message))

    with pytest.raises(BackendError) as caught:
        backend.fetch("lgbm-test")

    assert caught.value.why == f"{message} (ExpiredTokenException)"
    assert caught.value.cure.startswith("the credentials have expired: sign in again (`aws sso login`")


def test_no_credentials(cloud, backend, monkeypatch):
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")

    with pytest.raises(BackendError) as caught:
        backend.fetch("lgbm-test")

    assert str(caught.value) == (
        "DescribePipeline on pipeline lgbm-test failed: Unable to locate credentials. "
        "Try: sign in (`aws sso login`), or set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY."
    )
    assert cloud.calls == []


def test_no_region(cloud, backend, monkeypatch):
    monkeypatch.delenv("AWS_DEFAULT_REGION")

    with pytest.raises(BackendError) as caught:
        backend.fetch("lgbm-test")

    assert str(caught.value) == (
        "Choosing the region failed: none is set. Try: set SMP_REGION, AWS_REGION or conf.region, for example to eu-west-1."
    )


def test_aws_region_and_the_argument(cloud, make, monkeypatch):
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    monkeypatch.setenv("AWS_REGION", "eu-central-1")

    assert SageMakerBackend().apply(diff(make(), None)) == TARGET.replace("west", "central")
    assert SageMakerBackend("eu-north-1").apply(diff(make(), None)) == TARGET.replace("west", "north")


def test_unknown_profile(cloud, backend, monkeypatch):
    monkeypatch.setenv("AWS_PROFILE", "nobody")

    with pytest.raises(BackendError) as caught:
        backend.fetch("lgbm-test")

    assert str(caught.value) == (
        "Signing in on AWS failed: The config profile (nobody) could not be found. Try: set AWS_PROFILE to one of the profiles "
        "that `aws configure list-profiles` shows, or unset it."
    )


def test_nobody_answers(cloud, backend, monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://user:secret-word@127.0.0.1:9")

    with pytest.raises(BackendError) as caught:
        backend.fetch("lgbm-test")

    assert "Could not connect to the endpoint URL" in caught.value.why
    assert "secret-word" not in str(caught.value)
    assert caught.value.cure.startswith("check the network, HTTPS_PROXY, AWS_ENDPOINT_URL")


def test_a_connection_lost_twice_is_taken_up_again(cloud, backend, make):
    backend.apply(diff(make(), None))
    silent = dataclasses.replace(cloud.ok(), cut=-1)
    cloud.next("DescribePipeline", silent, silent)

    assert backend.fetch("lgbm-test").definition == make().definition
    assert len(cloud.of("DescribePipeline")) == 3


def test_a_connection_lost_every_time(cloud, backend):
    cloud.always("DescribePipeline", dataclasses.replace(cloud.ok(), cut=-1))

    with pytest.raises(BackendError) as caught:
        backend.fetch("lgbm-test")

    assert caught.value.what == "DescribePipeline on pipeline lgbm-test"
    assert caught.value.why.startswith("Connection was closed before we received a valid response from endpoint URL")
    assert caught.value.cure.startswith("check the network")


ODD_CURE = " Try: run the command again; if AWS_ENDPOINT_URL or a proxy is set, check that AWS is what answers there."


@pytest.mark.parametrize(
    ("members", "missing"),
    [
        ({}, "PipelineArn"),
        ({"PipelineArn": TARGET}, "PipelineDefinition"),
        ({"PipelineArn": TARGET, "PipelineDefinition": "{'half"}, "definition in JSON"),
        ({"PipelineArn": TARGET, "PipelineDefinition": "[1]"}, "definition in JSON"),
    ],
)
def test_half_an_answer(cloud, backend, members, missing):
    cloud.next("DescribePipeline", cloud.ok(**members))

    with pytest.raises(BackendError) as caught:
        backend.fetch("lgbm-test")

    assert str(caught.value) == f"DescribePipeline on pipeline lgbm-test failed: the answer has no {missing}." + ODD_CURE


@pytest.mark.parametrize("operation", ["DescribePipeline", "ListTags"])
def test_an_answer_cut_short(cloud, backend, make, operation):
    backend.apply(diff(make(), None))
    whole = cloud.ok(PipelineArn=TARGET, PipelineDefinition="{}", Tags=[])
    cut = dataclasses.replace(whole, cut=len(whole.body) // 2)
    cloud.next(operation, cut)

    assert backend.fetch("lgbm-test").definition == make().definition

    cloud.always(operation, cut)
    with pytest.raises(BackendError) as caught:
        backend.fetch("lgbm-test")

    assert str(caught.value) == (
        f"{operation} on pipeline lgbm-test failed: the answer was cut short, 5 attempts in a row: {len(whole.body) // 2} of "
        f"{len(whole.body)} bytes came." + ODD_CURE
    )


def test_half_of_the_json_though_its_length_is_right(cloud, backend):
    cloud.always("DescribePipeline", dataclasses.replace(cloud.ok(), body=b'{"PipelineArn": "arn'))

    with pytest.raises(BackendError) as caught:
        backend.fetch("lgbm-test")

    why = "the answer was cut short, 5 attempts in a row: it is no whole JSON"
    assert str(caught.value) == f"DescribePipeline on pipeline lgbm-test failed: {why}." + ODD_CURE


def test_a_page_of_html_instead_of_an_answer(cloud, backend, make):
    page = dataclasses.replace(cloud.ok(), body=b"<html>Please sign in to the network</html>", kind="text/html")
    for operation in ("DescribePipeline", "CreatePipeline", "StartPipelineExecution", "DescribePipelineExecution"):
        cloud.always(operation, page)

    for call in (
        lambda: backend.fetch("lgbm-test"),
        lambda: backend.apply(diff(make(), None)),
        lambda: backend.start("lgbm-test", {}),
        lambda: backend.describe(f"{TARGET}/execution/abcdefghijkl"),
    ):
        with pytest.raises(BackendError, match="check that AWS is what answers there"):
            call()


def test_xml_that_is_none(cloud, backend, make, upload):
    cloud.always("PutObject", dataclasses.replace(cloud.s3_refusal("", "", 400), body=b"<Error><Code>Half"))

    with pytest.raises(BackendError) as caught:
        put_all(backend.clients.s3, (upload(b"x"),), None)

    assert caught.value.what.startswith("PutObject on s3://models/lgbm-test/code/")


def test_no_role(backend, make):
    with pytest.raises(BackendError) as caught:
        backend.apply(diff(make(role=""), None))

    assert str(caught.value) == (
        "CreatePipeline on pipeline lgbm-test failed: Parameter validation failed: Invalid length for parameter RoleArn, value: 0, "
        "valid min length: 20. Try: correct the value: `smp validate` says where it was written."
    )
