"""`smp validate --live`: what the account lacks, at the lines of the configuration that ask for it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from framework.cli import smp
from tests.functional.deploy.live.account import ACCOUNT, ROLE

MODEL = f"""\
conf:
  s3Bucket: models
  region: eu-west-1
  sagemakerNetworkSecurity:
    role: {ROLE}
  models:
    m:
      train:
        image_uri: {ACCOUNT}.dkr.ecr.eu-west-1.amazonaws.com/churn:none
        channels:
          train: {{dataFiles: [{{fileName: "s3://models/nothing/here"}}]}}
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "model.yaml").write_text(MODEL, encoding="utf-8")
    return tmp_path


def findings(project: Path, *words: str) -> list[tuple[object, ...]]:
    result = CliRunner().invoke(smp, ["--root", str(project), "-c", "model.yaml", "validate", "--format", "json", *words])
    told = json.loads(result.stdout)["findings"]
    assert result.exit_code == int(any(each["severity"] == "error" for each in told))
    return [(each["line"], each["column"], each["rule"], each["severity"], each["message"]) for each in told]


def test_each_thing_that_is_missing_is_told_at_its_line(project, account):
    found = findings(project, "--live", "--ignore", "SMP900")  # moto knows no quotas
    assert [(each[0], *each[2:4]) for each in found] == [(9, "SMP904", "error"), (11, "SMP903", "error")]
    assert findings(project) == []


def test_one_call_asks_the_account_for_some_rules_alone(project, account):
    assert [each[2] for each in findings(project, "--live", "--select", "SMP904")] == ["SMP904"]


def test_a_comment_takes_back_what_the_account_lacks(project, account):
    path = project / "model.yaml"
    path.write_text(MODEL.replace(":none\n", ":none  # smp: ignore SMP904 because it is pushed later\n"), encoding="utf-8")
    assert [each[2] for each in findings(project, "--live", "--ignore", "SMP900")] == ["SMP903"]
    assert findings(project) == []  # not asked for, the account cannot tell whether the comment is needless


def test_a_definition_that_came_from_elsewhere(project, account, tmp_path):
    compiled = CliRunner().invoke(smp, ["--root", str(project), "-c", "model.yaml", "compile"])
    path = tmp_path / "definition.json"
    path.write_text(compiled.stdout, encoding="utf-8")
    assert [each[2] for each in findings(project, "--live", "--ignore", "SMP900", "--definition", str(path))] == [
        "SMP904",
        "SMP903",
    ]


def test_without_credentials_there_is_one_warning(project, account, monkeypatch):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(project / "none"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(project / "none"))
    assert findings(project, "--live") == [
        (7, 5, "SMP900", "warning", "could not check what lies in the account: Unable to locate credentials")
    ]
