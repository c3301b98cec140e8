"""`smp versions` and `smp rollback`, over HTTP against the faithful server."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from framework.cli import smp
from framework.deploy.backend import SageMakerBackend
from framework.deploy.plan import diff
from framework.deploy.versions import uploads

ROOT = Path(__file__).resolve().parents[3]
PIPELINE = "arn:aws:sagemaker:eu-west-1:123456789012:pipeline/lgbm-test"
CODE = f"s3://models/lgbm-test/code/{'a' * 64}/sourcedir.tar.gz"
FOLDER = f"s3://models/lgbm-test/code/{'b' * 64}"
NAMED = ("--name", "lgbm-test")


@pytest.fixture
def call(aws, tmp_path, monkeypatch):
    monkeypatch.setenv("SMP_REGION", "eu-west-1")

    def invoke(*words: str):
        return CliRunner().invoke(smp, ["--root", str(tmp_path), *words, *NAMED])

    return invoke


@pytest.fixture
def deploy(aws, make):
    """Deploys with another depth: a version for each."""
    backend = SageMakerBackend()

    def act(depth: str, **members) -> None:
        pipeline = make(depth, **members)
        backend.apply(diff(pipeline, backend.fetch("lgbm-test")))

    return act


def depth(aws) -> str:
    [step] = json.loads(aws.sagemaker.pipelines[PIPELINE].newest.definition)["Steps"]
    return step["Arguments"]["HyperParameters"]["max_depth"]


def test_the_versions_are_listed(call, aws, deploy):
    deploy("6")
    arn = SageMakerBackend().start("lgbm-test", {})
    deploy("7")
    aws.sagemaker.pipelines[PIPELINE].versions[0].display_name = "first"
    aws.sagemaker.page_size = 1

    listed, limited = call("versions"), call("versions", "-n", "1", "--format", "json")

    times = [version.created.isoformat().replace("+00:00", "Z") for version in aws.sagemaker.pipelines[PIPELINE].versions]
    assert (listed.exit_code, listed.stdout) == (0, f"   2  {times[1]}  never run\n   1  {times[0]}  {arn[-12:]}  first\n")
    [only] = json.loads(limited.stdout)
    assert (only["PipelineVersionId"], only["PipelineExecutionArn"]) == (2, None)


def test_back_to_the_version_before_and_forth_again(call, aws, deploy):
    for each in "678":
        deploy(each)

    back, forth = call("rollback", "--yes"), call("rollback", "--yes")

    assert (back.exit_code, back.stderr) == (0, "back to version 2:\n")
    assert back.stdout == (
        "pipeline lgbm-test will be updated\n\n"
        '  ~ step train-0 (Training)\n      ~ Arguments.HyperParameters.max_depth: "(hidden)" → "(hidden)"\n\n'
        "  the next execution:\n    train-0 runs: enable_cache is off\n\n"
        "Plan: 0 to add, 1 to change, 0 to remove; 1 step runs again, 0 reuse their results.\n"
        f"rolled back {PIPELINE} to version 2, which is version 4 now\n"
    )
    assert forth.stdout.endswith(f"rolled back {PIPELINE} to version 3, which is version 5 now\n")
    assert depth(aws) == "8"


def test_back_to_a_version_by_number_which_can_be_done_twice(call, aws, deploy):
    for each in "678":
        deploy(each, description=f"depth {each}")
    aws.calls.clear()

    first, second = call("rollback", "1", "--yes", "--format", "json"), call("rollback", "1", "--yes")

    answer = json.loads(first.stdout)
    assert (answer["Version"], answer["PipelineVersionId"], answer["action"]) == ("1", 4, "update")
    assert second.stdout == "pipeline lgbm-test is as in version 1 already\n"
    assert depth(aws) == "6"
    assert aws.sagemaker.pipelines[PIPELINE].about["PipelineDescription"] == "depth 8"
    assert aws.sagemaker.tags[PIPELINE].keys() == {"team", "smp:deployed"}
    [update] = [call.parameters for call in aws.calls if call.operation == "UpdatePipeline"]
    assert update.keys() == {"PipelineName", "PipelineDefinition"}
    assert json.loads(call("rollback", "1", "--yes", "--format", "json").stdout)["action"] == "unchanged"


def test_back_to_what_an_execution_ran(call, aws, deploy):
    deploy("6")
    arn = SageMakerBackend().start("lgbm-test", {})
    deploy("7")

    shown, done = call("rollback", arn[-12:], "--dry-run"), call("rollback", arn, "--yes")

    assert shown.stderr == f"back to the definition of execution {arn[-12:]}:\n"
    assert (done.exit_code, depth(aws)) == (0, "6")
    other = call("rollback", arn.replace("lgbm-test", "other"), "--yes")
    assert (other.exit_code, "is an execution of another pipeline than lgbm-test" in other.stderr) == (2, True)


def test_where_the_service_keeps_no_versions(call, aws, deploy):
    deploy("6")
    first = [SageMakerBackend().start("lgbm-test", {}) for _ in range(2)][1]
    deploy("7")
    second = SageMakerBackend().start("lgbm-test", {})
    aws.refuse("ListPipelineVersions", "UnknownOperationException", times=None)

    listed, done = call("versions"), call("rollback", "--yes")

    assert [line[-12:] for line in listed.stdout.splitlines()] == [second[-12:], first[-12:]]
    assert done.stdout.endswith(f"rolled back {PIPELINE} to the definition of execution {first[-12:]}\n")
    assert depth(aws) == "6"
    told = json.loads(call("versions", "--format", "json").stdout)
    assert told[0].keys() == {"PipelineVersionId", "CreationTime", "PipelineExecutionArn"}


def test_nothing_to_go_back_to(call, aws, deploy):
    missing = call("rollback", "--yes")
    deploy("6")
    only, unknown = call("rollback", "--yes"), call("rollback", "9", "--yes")

    assert missing.stderr == "Rolling back pipeline lgbm-test failed: it is not deployed. Try: deploy it with `smp deploy`.\n"
    assert only.stderr == (
        "Looking for an earlier version of pipeline lgbm-test failed: it has had no other definition. "
        "Try: `smp versions` lists those that there are.\n"
    )
    assert unknown.stderr == (
        "Looking for version 9 of pipeline lgbm-test failed: there is none. Try: `smp versions` lists those that there are.\n"
    )
    assert [missing.exit_code, only.exit_code, unknown.exit_code] == [5, 5, 5]
    aws.refuse("ListPipelineVersions", "AccessDeniedException", "No.")
    assert call("versions").stderr.endswith(
        "Try: allow sagemaker:ListPipelineVersions on pipeline lgbm-test to who runs this, in the policy of the user or role.\n"
    )


def test_nobody_to_ask(call, aws, deploy):
    deploy("6")
    deploy("7")

    for words in ((), ("--format", "json")):
        result = call("rollback", *words)
        assert (result.exit_code, "there is nobody to ask: give --yes, or --dry-run to see the plan" in result.stderr) == (2, True)
    assert depth(aws) == "7"


@pytest.mark.parametrize(("answer", "code", "after"), [("n", 1, "7"), ("y", 0, "6")])
def test_it_is_asked_on_a_terminal(aws, deploy, tmp_path, answer, code, after):
    deploy("6")
    deploy("7")
    master, slave = pty.openpty()
    os.write(master, f"{answer}\n".encode())

    result = subprocess.run(
        [sys.executable, "-m", "framework", "rollback", *NAMED],
        stdin=slave,
        capture_output=True,
        text=True,
        timeout=60,
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )

    os.close(master)
    os.close(slave)
    assert (result.returncode, depth(aws)) == (code, after)
    assert result.stderr.startswith("back to version 1:\nRoll back to version 1? [y/N]: ")
    assert result.stderr.endswith("nothing was changed\n") == (answer == "n")


def test_uploads_that_are_gone(call, aws, deploy, make):
    backend = SageMakerBackend()
    steps = [
        {"Name": "train", "Type": "Training", "Arguments": {"Code": CODE, "Folder": FOLDER, "Data": "s3://models/raw/data.csv"}}
    ]
    named = make()
    old = type(named)(named.name, {**named.definition, "Steps": steps}, role=named.role, bucket="models", tags=named.tags)
    backend.apply(diff(old, None))
    deploy("7")
    aws.s3.put("models", f"{FOLDER.removeprefix('s3://models/')}/config.json", b"{}")

    gone = call("rollback", "1", "--yes")
    aws.s3.put("models", CODE.removeprefix("s3://models/"), b"code")
    aws.refuse("HeadObject", "AccessDenied", status=403)
    hidden = call("rollback", "1", "--yes")

    assert uploads(old.definition) == [CODE, FOLDER]
    assert gone.exit_code == 5
    assert gone.stderr.endswith(
        f"Rolling back pipeline lgbm-test to version 1 failed: S3 no longer has {CODE}. "
        "Try: check out the commit that it was deployed from, and `smp deploy`.\n"
    )
    assert hidden.exit_code == 0
    assert "is still there cannot be seen (s3:GetObject is denied)\n" in hidden.stderr


def test_a_large_definition_goes_back_by_s3(call, aws, make, monkeypatch):
    backend = SageMakerBackend()
    for each in "67":
        backend.apply(diff(make(each, steps=1200), backend.fetch("lgbm-test")))
    aws.s3.buckets["models"].clear()

    nowhere = call("rollback", "--yes")
    monkeypatch.setenv("SMP_S3BUCKETNAME", "models")
    done = call("rollback", "--yes")

    assert nowhere.stderr.endswith(
        "Rolling back pipeline lgbm-test failed: its definition is too large to be sent without a bucket. "
        "Try: set SMP_S3BUCKETNAME, or run this where the configuration is.\n"
    )
    assert (nowhere.exit_code, done.exit_code, len(aws.s3.buckets["models"])) == (5, 0, 1)
    assert aws.of("UpdatePipeline")[-1].parameters.keys() == {"PipelineName", "PipelineDefinitionS3Location"}


def test_somebody_deploys_meanwhile(call, aws, deploy):
    deploy("6")
    deploy("7")
    aws.before("ListTags", lambda: deploy("8"))

    result = call("rollback", "1", "--yes")

    assert (result.exit_code, "since then it was changed at" in result.stderr, depth(aws)) == (5, True, "8")
