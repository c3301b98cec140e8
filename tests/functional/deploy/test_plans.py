"""`smp plan` of the LightGBM example against AWS: what it says, how it ends, and that it changes nothing."""

from __future__ import annotations

import html
import json
import re
import shutil
import threading
from pathlib import Path

import pytest
from click.testing import CliRunner

from framework.cli import smp

ROOT = Path(__file__).resolve().parents[3]
SETTINGS = ["--env-file", "env.env", "--set", "s3Bucket=models", "--set", "region=eu-west-1"]
TRAINING = "examples/lgbm/conf/conf.yaml"
DEEP, DEEPER = " " * 16, " " * 20
"""How far the keys of a section, and those in one of its mappings, are indented there."""


@pytest.fixture
def project(tmp_path):
    """A copy of the example that a test may change."""
    for name in ("conf", "examples/lgbm"):
        shutil.copytree(ROOT / name, tmp_path / "project" / name, ignore=shutil.ignore_patterns("data", "__pycache__"))
    shutil.copy(ROOT / "env.env", tmp_path / "project" / "env.env")
    return tmp_path / "project"


@pytest.fixture
def call(cloud, project):
    def invoke(*words: str):
        return CliRunner().invoke(smp, ["--root", str(project), *SETTINGS, *words])

    return invoke


@pytest.fixture
def edit(project):
    """Change one line of a file; the number of the line."""

    def change(old: str, new: str, name: str = TRAINING) -> int:
        path = project / name
        text = path.read_text()
        assert text.count(old) == 1, f"{old} stands {text.count(old)} times in {name}"
        path.write_text(text.replace(old, new))
        return text[: text.index(old)].count("\n") + 1

    return change


def writes(cloud):
    """What was written; the question whose account it is, is a POST as well."""
    return [name for name in cloud.writes if name not in {"PostObject", "GetCallerIdentity"}]


def test_nothing_is_changed_by_looking(call, cloud):
    result = call("plan")

    assert result.exit_code == 0
    assert result.stdout.startswith("pipeline lgbm-test does not exist yet: it will be created\n\n  + role: ")
    assert "  uploads: 3 of 3 to send, " in result.stdout
    assert result.stdout.endswith(
        "\nPlan: 7 to add, 0 to change, 0 to remove; 3 uploads to send; 6 steps run, 0 reuse their results.\n"
    )
    assert (writes(cloud), result.stderr) == ([], "")
    assert call("plan", "--detailed-exitcode").exit_code == 3


def test_after_a_deploy_there_is_nothing_to_do(call, cloud):
    call("deploy")
    cloud.calls.clear()

    result = call("plan", "--detailed-exitcode")

    assert (result.exit_code, writes(cloud)) == (0, [])
    assert result.stdout == (
        "pipeline lgbm-test is as configured\n\n  uploads: 0 of 3 to send\n\n"
        "No changes: the account is as the configuration says.\n"
    )


def test_one_line_is_one_change_with_its_line(call, edit):
    call("deploy")
    line = edit("num_leaves: 7", "num_leaves: 9")

    result = call("plan", "--detailed-exitcode")

    assert result.exit_code == 3
    head, _, rest = result.stdout.partition("\n\n  the next execution:\n")
    assert re.fullmatch(
        r"pipeline lgbm-test will be updated\n\n  ~ step lgbm-Training \(Training\)\n"
        rf'      ~ Arguments\.HyperParameters\.num_leaves: "7" → "9"  \({TRAINING}:{line}:\d+\)',
        head,
    )
    assert (
        "    lgbm-Preprocessing reuses its result: AppSpecification, ProcessingInputs did not change; results count for P10D\n"
        in rest
    )
    assert rest.endswith("Plan: 0 to add, 1 to change, 0 to remove; 5 steps run again, 1 reuses its result.\n")


def test_changed_code_is_an_upload_and_another_run(call, project):
    call("deploy")
    script = project / "examples/lgbm/scripts/preprocess.py"
    script.write_text(script.read_text() + "\n# more\n")

    data = json.loads(call("plan", "--format", "json").stdout)

    assert [upload["present"] for upload in data["uploads"] if upload["uri"].endswith("sourcedir.tar.gz")] == [False]
    [prep] = [step for step in data["nextRun"] if step["name"] == "lgbm-Preprocessing"]
    assert (prep["verdict"], prep["why"], prep["fields"]) == (
        "run",
        "ProcessingInputs changed",
        ["ProcessingInputs['code'].S3Input.S3Uri"],
    )
    fields = [field for change in data["changes"] for field in change["fields"]]
    assert {(field["file"], field["line"]) for field in fields} == {(TRAINING, source_line(project))}


def source_line(project):
    lines = (project / TRAINING).read_text().splitlines()
    return next(number for number, line in enumerate(lines, start=1) if "source_directory" in line)


def test_an_upload_that_is_gone_is_something_to_do(call, cloud):
    call("deploy")
    s3 = cloud.client("s3")
    keys = [each["Key"] for each in s3.list_objects_v2(Bucket="models")["Contents"]]
    s3.delete_object(Bucket="models", Key=keys[0])

    result = call("plan", "--detailed-exitcode")
    deployed = call("deploy")

    assert result.exit_code == 3
    assert "  uploads: 1 of 3 to send, " in result.stdout
    assert deployed.stderr == "1 uploaded, 2 already there\n"
    assert call("plan", "--detailed-exitcode").exit_code == 0


def test_what_keeps_triggers_from_working_stands_in_every_plan(call, edit, tmp_path):
    trigger = "triggers: {data: {s3: {bucket: models, prefix: raw/}}}"
    edit("        dependencies:\n", f"        {trigger}\n        dependencies:\n")
    said = "the bucket models does not tell EventBridge of its objects, so nothing sets off data"

    assert f"  warning: {said}" in call("plan").stdout
    assert said in html.unescape(call("plan", "--markdown").stdout)
    call("plan", "--html", str(tmp_path / "plan.html"))
    assert said in html.unescape((tmp_path / "plan.html").read_text())
    saved = call("plan", "-o", str(tmp_path / "plan.json"), "--format", "json")
    assert json.loads(saved.stdout)["notes"][0].startswith(said)
    assert saved.stderr == f"saved: `smp deploy --plan {tmp_path}/plan.json` applies exactly this\n"


@pytest.mark.parametrize("words", [("status",), ("history",), ("versions",), ("rollback", "--yes"), ("stop",), ("compare",)])
def test_an_environment_that_is_not_there_is_no_other_pipeline(call, cloud, words):
    result = call("-e", "prod", *words)

    assert (result.exit_code, cloud.calls) == (1, [])
    assert 'SMP114 there is no environment "prod"' in result.stderr


def test_a_pipeline_that_is_being_deleted(call, cloud):
    cloud.always("DescribePipeline", cloud.ok(PipelineArn="arn", PipelineStatus="Deleting"))

    result = call("plan")

    assert (result.exit_code, result.stderr) == (
        5,
        "DescribePipeline on pipeline lgbm-test failed: it is being deleted. "
        "Try: wait until it is gone, and run the command again.\n",
    )


def test_what_may_not_be_seen_is_nothing_to_do_but_is_said(call, cloud):
    call("deploy")
    cloud.always("HeadObject", cloud.s3_refusal("AccessDenied", "", 403))

    result = call("plan", "--detailed-exitcode")

    assert result.exit_code == 0
    assert "uploads: 0 of 3 to send; whether 3 are there cannot be seen (allow s3:GetObject and s3:ListBucket)\n" in result.stdout
    assert [each["present"] for each in json.loads(call("plan", "--format", "json").stdout)["uploads"]] == [None] * 3
    again = call("deploy")
    assert (again.exit_code, "3 uploaded, 0 already there" in again.stderr) == (0, True)


@pytest.mark.parametrize(("code", "status"), [("SlowDown", 503), ("ExpiredToken", 400)])
def test_an_s3_that_does_not_answer_is_no_upload_to_send(call, cloud, code, status):
    call("deploy")
    cloud.always("HeadObject", cloud.s3_refusal(code, "", status))

    result = call("plan", "--detailed-exitcode")

    assert (result.exit_code, result.stdout) == (5, "")
    assert result.stderr.startswith("HeadObject on s3://models/lgbm-test/code/")


def test_a_model_package_group_that_is_to_be_made(call, cloud, edit):
    line = edit("ModelPackageDescription:", f"ModelPackageGroupDescription: Who buys\n{DEEP}ModelPackageDescription:")
    call("deploy")
    gone = cloud.refusal("ValidationException", "Could not find model package group lgbm-purchase-intention")
    cloud.next("DescribeModelPackageGroup", gone)

    result = call("plan", "--detailed-exitcode")

    assert result.exit_code == 3
    assert re.search(rf"  \+ model package group lgbm-purchase-intention  \({TRAINING}:{line}:\d+\)\n", result.stdout)
    assert call("plan", "--detailed-exitcode").exit_code == 0


SECRETS = {
    "by its name": "models.lgbm.train.env.DB_PASSWORD=%s",
    "by its flag": "models.lgbm.preprocess.container_arguments=[--token, %s, --fast]",
    "by its form": "models.lgbm.train.hyperparams.note=hf_%sAbCdEfGhIjKlMnOpQrStUvWxYz01",
    "in a tag": "sagemakerPipeline.tags=[{Key: api_key, Value: %s}]",
    "in a parameter": "sagemakerPipeline.parameters={db_password: {default: %s}}",
    "in a URL": "models.lgbm.train.hyperparams.db=https://me:%s@db",
}


@pytest.mark.parametrize("assignment", SECRETS.values(), ids=SECRETS)
def test_no_secret_is_shown_neither_old_nor_new(call, tmp_path, assignment):
    allowed = "checks.severity.SMP602=warning"
    old, new = (["--set", allowed, "--set", assignment % word] for word in ("huntera1", "hunterb2"))
    assert call("deploy", *old).exit_code == 0
    saved, page = str(tmp_path / "plan.json"), str(tmp_path / "plan.html")

    ways = ((), ("--format", "json"), ("--markdown",), ("-o", saved, "--html", page))
    shown = [call("plan", *new, *more) for more in ways]
    shown += [call("drift", *new), call("deploy", *new, "--format", "json"), call("plan")]

    assert [result.output for result in shown if result.exit_code] == []
    texts = [result.output for result in shown] + [Path(saved).read_text(), Path(page).read_text()]
    assert [line for text in texts for line in text.splitlines() if "hunter" in line] == []
    assert "(hidden)" in shown[0].stdout


def test_what_a_variable_puts_where_programs_get_it_is_hidden(call, project, edit):
    edit("num_leaves: 7", f"num_leaves: 7\n{DEEPER}account: ${{SMP_THING}}")
    env = project / "env.env"
    env.write_text(env.read_text() + 'export SMP_THING="plain-1"\n')
    call("deploy")
    env.write_text(env.read_text().replace("plain-1", "plain-2"))

    result = call("plan")

    assert '      ~ Arguments.HyperParameters.account: "(hidden)" → "(hidden)"  (' in result.stdout
    assert "plain-" not in result.output
    edit(f"{DEEPER}account: ${{SMP_THING}}\n", "")
    assert "plain-" not in call("plan").output
    assert '      - Arguments.HyperParameters.account: "(hidden)"\n' in call("plan").stdout


def test_a_comment_and_a_page(call, tmp_path):
    page = tmp_path / "plan.html"

    result = call("plan", "--markdown", "--html", str(page))

    assert result.stdout.startswith("### pipeline lgbm&#45;test does not exist yet")
    assert page.read_text().startswith("<!DOCTYPE html>\n")
    assert page.read_text() == (call("plan", "--html", str(tmp_path / "again.html")) and (tmp_path / "again.html").read_text())


def test_two_ways_to_answer_are_one_too_many(call, cloud):
    result = call("plan", "--markdown", "--format", "json")

    assert result.exit_code == 2
    assert "--markdown and --format json are two ways to answer" in result.stderr
    assert cloud.calls == []


def test_a_disk_that_refuses(call):
    result = call("plan", "--html", "/nowhere/plan.html")

    assert result.exit_code == 5
    assert result.stderr == (
        "Writing /nowhere/plan.html failed: No such file or directory. Try: check the folder and its permissions.\n"
    )


def test_what_aws_refuses(call, cloud):
    cloud.always("DescribePipeline", cloud.refusal("AccessDeniedException", "User x is not authorized to perform x"))

    result = call("plan", "--detailed-exitcode")

    assert result.exit_code == 5
    assert "DescribePipeline on pipeline lgbm-test failed" in result.stderr


def test_mistakes_in_the_input_call_nothing(call, cloud):
    result = call("plan", "--set", "models.lgbm.train.instance_type=ml.huge")

    assert (result.exit_code, cloud.calls) == (1, [])


def test_a_dry_run_of_deploy_is_the_plan(call, cloud):
    planned = call("plan")
    result = call("deploy", "--dry-run")

    assert (result.exit_code, result.stdout) == (0, planned.stdout)
    assert writes(cloud) == []


def test_uploads_are_looked_for_in_parallel(call, cloud):
    """Three HEADs that wait for each other: one after the other they would wait for ever."""
    together = threading.Barrier(3, timeout=20)
    answer = cloud.answer_for

    def waiting(call):
        operation = getattr(call, "operation", call)
        if operation == "HeadObject":
            together.wait()
        return answer(call)

    cloud.answer_for = waiting

    assert call("plan").exit_code == 0
    assert not together.broken


def test_a_plan_of_an_updated_tag_names_it(call):
    call("deploy", "--set", "sagemakerPipeline.tags=[{Key: team, Value: a}]")

    lines = call("plan", "--set", "sagemakerPipeline.tags=[{Key: team, Value: b}]").stdout.splitlines()

    assert '  ~ tag team: "a" → "b"  (--set sagemakerPipeline.tags)' in lines
    assert sum("Arguments.Tags['team'].Value" in line for line in lines) == 5
    assert all("(--set sagemakerPipeline.tags)" in line for line in lines if "Tags['team']" in line)


EXAMPLES = {
    "lgbm": "examples/lgbm/conf/conf.yaml",
    "multi-model": "examples/multi-model/*/conf/conf.yaml",
    "sensor-forecast": "examples/sensor-forecast/conf/conf.yaml",
    "multi-model-tf": "examples/multi-model-tf/*/conf/conf.yaml",
    "llm-finetuning": "examples/llm-finetuning/conf/conf.yaml",
    "kg-triplets": "examples/knowledge-graph/triplets/conf/conf.yaml",
    "rag-index": "examples/rag-index/conf/conf.yaml",
    "sales-build": "examples/sales-forecast/conf/build.yaml",
}


@pytest.mark.parametrize("pattern", EXAMPLES.values(), ids=EXAMPLES)
def test_the_plan_of_every_example_is_empty_after_its_deploy(cloud, pattern):
    """With tags and all that a pipeline can have beside its definition."""
    more = ("description=d", "display_name=n", "parallelism=2", "tags=[{Key: team, Value: a}]")
    settings = [word for each in more for word in ("--set", f"sagemakerPipeline.{each}")]

    def call(*words):
        return CliRunner().invoke(smp, ["--root", str(ROOT), *SETTINGS, "-c", pattern, *settings, *words])

    assert call("deploy").exit_code == 0

    planned, drifted = call("plan", "--detailed-exitcode"), call("drift")

    assert (planned.exit_code, drifted.exit_code) == (0, 0), planned.output
    assert planned.stdout.endswith("No changes: the account is as the configuration says.\n")
    assert drifted.stdout.endswith(" is as it was deployed last\n")
