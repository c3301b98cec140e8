"""A terminal of SageMaker Studio: what its metadata file says is used where nothing is set, and told."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from framework.cli import smp
from framework.deploy import studio
from tests.functional.deploy.faithful import Frame

ROOT = Path(__file__).resolve().parents[3]
ARN = "arn:aws:sagemaker:eu-west-1:123456789012:app/d-abc123/churn/JupyterLab/default"
ROLE = "arn:aws:iam::123456789012:role/service-role/AmazonSageMaker-ExecutionRole-1"
BUCKET = "sagemaker-eu-west-1-123456789012"
METADATA = {
    "AppType": "JupyterLab",
    "DomainId": "d-abc123",
    "SpaceName": "churn",
    "UserProfileName": "ana",
    "ResourceArn": ARN,
    "ExecutionRoleArn": ROLE,
}
PROJECT = ["--root", str(ROOT), "-c", "examples/lgbm/conf/conf.yaml"]
PAGE = "https://studio-d-abc123.studio.eu-west-1.sagemaker.aws/pipelines/view/lgbm-test/executions"


@pytest.fixture
def inside(tmp_path, monkeypatch):
    """Puts this terminal into Studio, with these members of the metadata file replaced; None leaves one out."""

    def act(**members) -> None:
        path = tmp_path / "resource-metadata.json"
        path.write_text(json.dumps({key: value for key, value in {**METADATA, **members}.items() if value is not None}))
        monkeypatch.setattr(studio, "METADATA", path)

    return act


def call(*words: str):
    return CliRunner().invoke(smp, [*PROJECT, *words])


def test_region_role_and_bucket_come_from_studio_and_are_told(aws, inside):
    inside()
    aws.s3.buckets[BUCKET] = {}

    deployed, run = call("deploy"), call("run")

    assert deployed.exit_code == 0
    assert deployed.stderr == (
        f"from SageMaker Studio: region eu-west-1, role {ROLE}, bucket {BUCKET}; set SMP_REGION, SMP_ROLE, SMP_S3BUCKETNAME for "
        f"others\n3 uploaded, 0 already there\nin Studio: {PAGE}\n"
    )
    [pipeline] = aws.sagemaker.pipelines.values()
    assert pipeline.about["RoleArn"] == ROLE
    assert len(aws.s3.buckets[BUCKET]) == 3
    [execution] = aws.sagemaker.runs.values()
    assert f"in Studio: {PAGE}/{execution.id}/graph\n" in run.stderr
    assert f"in Studio: {PAGE}/{execution.id}/graph\n" in call("status").stderr
    aws.sagemaker.script("lgbm-test", Frame({"lgbm-Training": "Failed"}, "Failed"))
    failed = call("run", "--wait", "--interval", "0.01")
    assert failed.stderr.endswith(f"in Studio: {PAGE}/{[*aws.sagemaker.runs][-1][-12:]}/graph\n")


def test_what_is_set_is_not_from_studio(aws, inside, monkeypatch):
    inside()
    monkeypatch.setenv("SMP_ROLE", "arn:aws:iam::123456789012:role/own")
    monkeypatch.setenv("SMP_REGION", "")

    some = call("compile", "--set", "s3Bucket=models")
    none = call("compile", "--env-file", "env.env", "--set", "region=us-east-2")

    assert some.stderr == "from SageMaker Studio: region eu-west-1; set SMP_REGION for others\n"
    assert '"arn:aws:iam::123456789012:role/own"' in some.stdout
    assert (none.exit_code, none.stderr) == (0, "")
    assert aws.calls == []


def test_validate_asks_nobody(aws, inside):
    inside(ExecutionRoleArn=None)

    result = call("validate")

    assert (result.exit_code, "SMP_ROLE is not set" in result.stdout) == (1, True)
    assert "SMP_REGION" not in result.stdout
    assert aws.calls == []


@pytest.mark.parametrize(("user", "settings"), [("ana", "DefaultUserSettings"), (None, "DefaultSpaceSettings")])
def test_a_file_without_the_role(aws, inside, user, settings):
    inside(ExecutionRoleArn=None, UserProfileName=user)
    aws.s3.buckets[BUCKET] = {}
    denied = call("deploy")
    aws.sagemaker.profiles["d-abc123", "ana"] = {"DomainId": "d-abc123", "UserProfileName": "ana"}
    aws.sagemaker.domains["d-abc123"] = {"DomainId": "d-abc123", settings: {"ExecutionRole": ROLE}}

    result = call("deploy")

    assert (denied.exit_code, "SMP_ROLE is not set" in denied.stderr) == (1, True)
    assert (result.exit_code, f"role {ROLE}" in result.stderr) == (0, True)
    asked = (["DescribeUserProfile"] if user else []) + ["DescribeDomain"]
    assert aws.operations[: 1 + len(asked)] == [asked[0], *asked]


def test_the_role_of_the_user_profile_comes_first(aws, inside):
    inside(ExecutionRoleArn=None)
    aws.s3.buckets[BUCKET] = {}
    about = {"DomainId": "d-abc123", "UserProfileName": "ana", "UserSettings": {"ExecutionRole": ROLE}}
    aws.sagemaker.profiles["d-abc123", "ana"] = about

    assert f"role {ROLE}" in call("deploy").stderr
    assert "DescribeDomain" not in aws.operations


@pytest.mark.parametrize(
    "content",
    ["", "[1]", "{}", '{"DomainId": "d-1"}', json.dumps({**METADATA, "DomainId": 1}), json.dumps({**METADATA, "ResourceArn": "x"})],
)
def test_what_is_no_studio(tmp_path, content):
    path = tmp_path / "resource-metadata.json"
    path.write_text(content)

    assert studio.read(path) is None
    assert studio.read(tmp_path / "none.json") is None


def test_an_execution_elsewhere_has_no_page_in_this_studio(aws, inside):
    from framework.commands.following import studio_page

    inside()
    arn = "arn:aws:sagemaker:{}:123456789012:pipeline/churn/execution/abcdefghijkl"
    assert studio_page(arn.format("eu-west-1")).endswith("/pipelines/view/churn/executions/abcdefghijkl/graph")
    assert studio_page(arn.format("us-east-1")) == studio_page("arn:odd") == ""
    inside(ResourceArn=ARN.replace(":aws:", ":aws-cn:").replace("eu-west-1", "cn-north-1"))
    assert studio_page(arn.format("cn-north-1").replace(":aws:", ":aws-cn:")) == ""
