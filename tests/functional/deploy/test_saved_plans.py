"""`smp plan -o` and `smp deploy --plan`: exactly what was planned, or nothing."""

from __future__ import annotations

import json
import re
import shutil
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path

import pytest
from click.testing import CliRunner

from framework import __version__
from framework.cli import smp

ROOT = Path(__file__).resolve().parents[3]
SETTINGS = ["--env-file", "env.env", "--set", "s3Bucket=models", "--set", "region=eu-west-1"]
PIPELINE = "arn:aws:sagemaker:eu-west-1:123456789012:pipeline/lgbm-test"
TRAINING = "examples/lgbm/conf/conf.yaml"
CURE = "Try: make the plan again and read it before it is applied.\n"


@dataclass(frozen=True)
class Answer:
    """What the proxy answers by itself; as in conftest."""

    status: int
    body: bytes
    kind: str
    cut: int | None = None
    headers: tuple[tuple[str, str], ...] = ()


class Example:
    """A copy of the LightGBM example, and a plan of it on disk."""

    def __init__(self, folder: Path) -> None:
        self.root, self.plan = folder / "project", folder / "plan.json"
        for name in ("conf", "examples/lgbm"):
            shutil.copytree(ROOT / name, self.root / name, ignore=shutil.ignore_patterns("data", "__pycache__"))
        shutil.copy(ROOT / "env.env", self.root / "env.env")

    def call(self, *words: str):
        return CliRunner().invoke(smp, ["--root", str(self.root), *words])

    def edit(self, old: str, new: str, name: str = TRAINING) -> None:
        path = self.root / name
        assert path.read_text().count(old) == 1
        path.write_text(path.read_text().replace(old, new))

    def save(self, *words: str) -> None:
        result = self.call("plan", *SETTINGS, *words, "-o", str(self.plan))
        assert result.exit_code == 0, result.output

    def apply(self, *words: str):
        return self.call("deploy", "--plan", str(self.plan), *words)

    @property
    def saved(self):
        return json.loads(self.plan.read_text())


@pytest.fixture
def example(cloud, tmp_path):
    return Example(tmp_path)


def writes(cloud):
    return [name for name in cloud.writes if name not in {"PostObject", "GetCallerIdentity"}]


def refusal(example, cloud, *words):
    """Why a plan is not applied; nothing was written."""
    cloud.calls.clear()
    result = example.apply(*words)
    assert (result.exit_code, writes(cloud), result.stdout) == (5, [], "")
    begin = f"Applying {example.plan} failed: "
    assert result.stderr.startswith(begin)
    assert result.stderr.endswith(CURE)
    return result.stderr.removeprefix(begin).removesuffix(f". {CURE}")


@pytest.fixture
def deployed(example):
    """The example deployed, and then a plan that changes one line of it."""
    assert example.call("deploy", *SETTINGS).exit_code == 0
    example.edit("num_leaves: 7", "num_leaves: 9")
    example.save()
    return example


def test_a_saved_plan_is_applied_with_the_options_that_it_was_made_with(example, cloud):
    example.save("--set", "sagemakerPipeline.description=planned")

    first = example.apply()
    cloud.calls.clear()
    again = example.apply()

    assert (first.exit_code, first.stdout) == (0, f"create {PIPELINE}\n")
    assert first.stderr == "3 uploaded, 0 already there\n"
    assert cloud.client("sagemaker").describe_pipeline(PipelineName="lgbm-test")["PipelineDescription"] == "planned"
    assert (again.exit_code, again.stdout) == (0, f"unchanged {PIPELINE}\n")
    assert again.stderr == "0 uploaded, 3 already there\nno changes\n"
    assert writes(cloud) == []


def test_an_update(deployed, cloud):
    result = deployed.apply("--format", "json")

    answer = json.loads(result.stdout)
    assert (result.exit_code, answer["action"], answer["PipelineArn"]) == (0, "update", PIPELINE)
    assert [(change["name"], [field["path"] for field in change["fields"]]) for change in answer["changes"]] == [
        ("lgbm-Training", ["Arguments.HyperParameters.num_leaves"])
    ]
    assert deployed.call("plan", *SETTINGS, "--detailed-exitcode").exit_code == 0


def test_a_plan_that_changes_nothing_does_nothing(example, cloud):
    example.call("deploy", *SETTINGS)
    example.save()
    cloud.calls.clear()

    result = example.apply()

    assert (result.exit_code, result.stdout, writes(cloud)) == (0, f"unchanged {PIPELINE}\n", [])


def test_what_is_saved(deployed):
    data = deployed.saved

    assert list(data) == [
        *(
            "format",
            "framework",
            "pipeline",
            "action",
            "account",
            "region",
            "arn",
            "options",
            "inputs",
            "wanted",
            "before",
            "after",
        ),
        *("uploads", "packages", "beside", "plan"),
    ]
    assert (data["format"], data["framework"], data["account"], data["region"]) == (
        "smp plan 2",
        __version__,
        "123456789012",
        "eu-west-1",
    )
    assert {"conf/conf.yaml", "env.env", TRAINING, "examples/lgbm/scripts/train.py"} <= data["inputs"].keys()
    assert all(re.fullmatch("[0-9a-f]{64}", digest) for digest in data["inputs"].values())
    assert data["options"] == {
        "patterns": [],
        "overrides": ["s3Bucket=models", "region=eu-west-1"],
        "env_file": "env.env",
    }
    assert str(deployed.root) not in deployed.plan.read_text()


def test_the_same_plan_is_the_same_bytes(deployed):
    first = deployed.plan.read_bytes()
    deployed.save()

    assert deployed.plan.read_bytes() == first


def test_a_file_that_changed(deployed, cloud):
    deployed.edit("num_leaves: 9", "num_leaves: 8")
    assert refusal(deployed, cloud) == f"{TRAINING} was changed"


def test_a_comment_is_a_change_of_a_file(deployed, cloud):
    with (deployed.root / TRAINING).open("a") as file:
        file.write("\n# more\n")
    assert refusal(deployed, cloud) == f"{TRAINING} was changed"


def test_code_that_changed(deployed, cloud):
    for name, content in (("train.py", "x = 1\n"), ("more.py", "")):
        (deployed.root / "examples/lgbm/scripts" / name).write_text(content)
    (deployed.root / "examples/lgbm/scripts/features.py").unlink()
    reasons = ("features.py is gone", "more.py is new", "train.py was changed")
    assert refusal(deployed, cloud) == "; ".join(f"examples/lgbm/scripts/{reason}" for reason in reasons)


def test_many_files_are_counted(deployed, cloud):
    for number in range(12):
        (deployed.root / "examples/lgbm/scripts" / f"m{number:02}.py").write_text("")
    assert refusal(deployed, cloud).endswith("; examples/lgbm/scripts/m07.py is new; and 4 more")


def test_a_variable_that_changed(example, cloud, monkeypatch):
    example.edit("num_leaves: 7", "num_leaves: ${SMP_LEAVES:-7}")
    example.save()
    monkeypatch.setenv("SMP_LEAVES", "11")
    assert refusal(example, cloud) == "the same files make another definition: an environment variable is not what it was"


def test_another_option(deployed, cloud):
    assert refusal(deployed, cloud, *SETTINGS, "--set", "models.lgbm.train.instance_count=2") == (
        "the same files make another definition: the options are not those that it was made with"
    )


def test_another_version_of_the_tool(deployed, cloud, monkeypatch):
    monkeypatch.setattr("framework.deploy.saved.__version__", "9.9.9")
    assert refusal(deployed, cloud) == f"it was made by smp {__version__}, and this is 9.9.9"


def test_another_account(deployed, cloud):
    result = b"<GetCallerIdentityResult><Account>999999999999</Account></GetCallerIdentityResult>"
    answer = Answer(200, b"<GetCallerIdentityResponse>" + result + b"</GetCallerIdentityResponse>", "text/xml")
    for name in ("PostObject", "GetCallerIdentity"):
        cloud.always(name, answer)
    assert refusal(deployed, cloud) == "it was made in account 123456789012, and this is 999999999999"


def test_an_account_that_nobody_tells_is_no_reason(deployed, cloud):
    for name in ("PostObject", "GetCallerIdentity"):
        cloud.always(name, cloud.refusal("AccessDenied", "no"))
    assert deployed.apply().exit_code == 0


def test_another_region(deployed, cloud):
    words = [word.replace("eu-west-1", "us-east-1") for word in SETTINGS]
    reasons = refusal(deployed, cloud, *words).split("; ")
    assert reasons[0] == "it was made in region eu-west-1, and this is us-east-1"
    assert reasons[-1] == "the pipeline is gone"


def test_a_pipeline_that_somebody_changed(deployed, cloud):
    sagemaker = cloud.client("sagemaker")
    sagemaker.update_pipeline(PipelineName="lgbm-test", RoleArn="arn:aws:iam::123456789012:role/other", PipelineDescription="x")
    sagemaker.add_tags(ResourceArn=PIPELINE, Tags=[{"Key": "by", "Value": "hand"}])
    assert refusal(deployed, cloud) == (
        "the description of the pipeline was changed; the role of the pipeline was changed; the tag by of the pipeline was changed"
    )


def test_a_pipeline_that_is_gone(deployed, cloud):
    cloud.client("sagemaker").delete_pipeline(PipelineName="lgbm-test", ClientRequestToken="x" * 32)
    assert refusal(deployed, cloud) == "the pipeline is gone"


def test_a_pipeline_that_somebody_made(example, cloud):
    example.save()
    sagemaker = cloud.client("sagemaker")
    definition = json.dumps({"Version": "2020-12-01", "Steps": []})
    role = "arn:aws:iam::123456789012:role/other"
    sagemaker.create_pipeline(PipelineName="lgbm-test", PipelineDefinition=definition, RoleArn=role, ClientRequestToken="x" * 32)
    assert refusal(example, cloud) == "there is a pipeline of this name now"


def test_another_version_of_a_registered_model(example, cloud):
    sagemaker = cloud.client("sagemaker")
    sagemaker.create_model_package_group(ModelPackageGroupName="buyers")

    def register():
        return sagemaker.create_model_package(ModelPackageGroupName="buyers", ModelApprovalStatus="Approved")["ModelPackageArn"]

    first = register()
    keys = ("step_name: lgbm-Again", "step_class: Transform", "step_type: again", "chain_input_source_step: lgbm-Preprocessing")
    step = f"\n{' ' * 22}".join(keys)
    example.edit("step_name: lgbm-Metrics", f"{step}\n{' ' * 20}- step_name: lgbm-Metrics")
    section = "models.lgbm.again={model_package: {group: buyers}, channels: test, instance_type: ml.m5.large}"
    example.save("--set", section)
    assert example.saved["packages"] == {"BuyersModelPackage": first}
    assert f"  registered model BuyersModelPackage: {first}\n" in example.call("plan", *SETTINGS, "--set", section).stdout
    newer = register()
    assert refusal(example, cloud) == f"another version of a registered model is found: BuyersModelPackage is now {newer}"


def test_a_group_that_is_gone(example, cloud):
    example.edit("ModelPackageDescription:", f"ModelPackageGroupDescription: Who buys\n{' ' * 16}ModelPackageDescription:")
    example.call("deploy", *SETTINGS)
    example.edit("num_leaves: 7", "num_leaves: 9")
    example.save()
    cloud.next("DescribeModelPackageGroup", cloud.refusal("ResourceNotFound", "x does not exist"))
    assert refusal(example, cloud) == "the model package group lgbm-purchase-intention is gone"


ONE, EVIL = (f"arn:aws:iam::123456789012:role/{name}" for name in ("one", "evil"))
GROUP = "smp-lgbm-test"
TOPIC = "arn:aws:sns:eu-west-1:123456789012:alerts"


def starting(example, triggers, notifications="[]"):
    """Gives the pipeline these triggers and notifications."""
    lines = ("pipelineName: lgbm-test", f"triggers: {triggers}", f"notifications: {notifications}")
    example.edit("pipelineName: lgbm-test", f"\n{' ' * 8}".join(lines))


@pytest.fixture
def scheduled(example):
    """The example deployed with a trigger and a notification, and then a plan that changes when it starts."""
    starting(example, "{nightly: {schedule: cron(0 3 * * ? *)}}", f'[{{name: bad, on: failed, topic: "{TOPIC}"}}]')
    assert example.call("deploy", *SETTINGS).exit_code == 0
    example.edit("cron(0 3", "cron(0 4")
    example.save()
    return example


def set_schedule(cloud, **members):
    """Changes the schedule as somebody would in the console."""
    scheduler = cloud.client("scheduler")
    found = scheduler.get_schedule(GroupName=GROUP, Name="nightly")
    kept = ("Name", "GroupName", "ScheduleExpression", "ScheduleExpressionTimezone", "FlexibleTimeWindow", "State", "Target")
    scheduler.update_schedule(**{**{key: found[key] for key in kept}, **members})


def test_the_plan_of_a_trigger_is_applied(scheduled, cloud):
    assert scheduled.apply().stdout == f"update {PIPELINE}\n"

    found = cloud.client("scheduler").get_schedule(GroupName=GROUP, Name="nightly")
    assert found["ScheduleExpression"] == "cron(0 4 * * ? *)"
    assert scheduled.apply().stdout == f"unchanged {PIPELINE}\n"


def test_a_role_of_a_trigger_that_is_another_one_now(example, cloud, monkeypatch):
    starting(example, "{nightly: {schedule: rate(1 day)}, on-news: {event_pattern: {source: [news]}}}")
    monkeypatch.setenv("SMP_TRIGGER_ROLE", ONE)
    example.save()
    monkeypatch.setenv("SMP_TRIGGER_ROLE", EVIL)
    variable = "an environment variable is not what it was"
    assert refusal(example, cloud) == f"the same files make another trigger nightly and trigger on-news: {variable}"

    monkeypatch.setenv("SMP_TRIGGER_ROLE", ONE)
    assert example.apply().exit_code == 0
    assert cloud.client("scheduler").get_schedule(GroupName=GROUP, Name="nightly")["Target"]["RoleArn"] == ONE
    assert not {ONE, EVIL}.intersection(str(example.saved[part]) for part in ("wanted", "beside"))


def test_a_notification_that_a_variable_names(example, cloud, monkeypatch):
    starting(example, "{}", f'[{{name: "${{SMP_NAME:-bad}}", on: failed, topic: "{TOPIC}"}}]')
    example.save()
    monkeypatch.setenv("SMP_NAME", "worse")
    variable = "an environment variable is not what it was"
    assert refusal(example, cloud) == f"the same files make another notification worse and notification bad: {variable}"


def test_a_trigger_that_somebody_changed(scheduled, cloud):
    set_schedule(cloud, ScheduleExpression="rate(1 minutes)", State="DISABLED")
    assert refusal(scheduled, cloud) == f"the schedule {GROUP}/nightly was changed"
    assert cloud.client("scheduler").get_schedule(GroupName=GROUP, Name="nightly")["State"] == "DISABLED"


def test_a_trigger_that_somebody_gave_an_end(scheduled, cloud):
    set_schedule(cloud, EndDate=datetime(2031, 1, 2, tzinfo=timezone.utc))
    assert refusal(scheduled, cloud) == f"the schedule {GROUP}/nightly was changed"
    plan = scheduled.call("plan", *SETTINGS, "--format", "json")
    fields = json.loads(plan.stdout)["changes"][0]["fields"]
    assert {"path": "EndDate", "before": "2031-01-02T00:00:00+00:00"} in fields


def test_triggers_that_somebody_made_and_took_away(scheduled, cloud):
    scheduler, events = cloud.client("scheduler"), cloud.client("events")
    found = scheduler.get_schedule(GroupName=GROUP, Name="nightly")
    kept = ("GroupName", "ScheduleExpression", "FlexibleTimeWindow", "Target")
    scheduler.create_schedule(Name="more", **{key: found[key] for key in kept})
    scheduler.delete_schedule(GroupName=GROUP, Name="nightly")
    events.put_rule(Name=f"{GROUP}.notify.bad", EventPattern='{"source":["other"]}')
    events.remove_targets(Rule=f"{GROUP}.notify.bad", Ids=["smp"])
    assert refusal(scheduled, cloud).split("; ") == [
        f"the rule default/{GROUP}.notify.bad was changed",
        f"there is a schedule {GROUP}/more now",
        f"the schedule {GROUP}/nightly is gone",
        f"the target of rule default/{GROUP}.notify.bad is gone",
    ]


def test_a_bucket_that_somebody_switched_off(example, cloud):
    told = '<NotificationConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/">{}</NotificationConfiguration>'

    def tells(what):
        answer = Answer(200, told.format(what).encode(), "application/xml")
        cloud.always("GetBucket", lambda call: answer if call.path.startswith("/lake?notification") else None)

    tells("<EventBridgeConfiguration/>")
    starting(example, "{on-data: {s3: {bucket: lake, configure_bucket: true}}}")
    example.save()
    tells("")
    assert refusal(example, cloud) == "the bucket lake was changed"


def test_another_description_of_a_model_package_group(example, cloud, monkeypatch):
    given = "ModelPackageGroupDescription: ${SMP_GROUP:-Who buys}"
    example.edit("ModelPackageDescription:", f"{given}\n{' ' * 16}ModelPackageDescription:")
    example.save()
    monkeypatch.setenv("SMP_GROUP", "Others")
    reason = "an environment variable is not what it was"
    assert refusal(example, cloud) == f"the same files make another model package group lgbm-purchase-intention: {reason}"


def test_another_account_that_only_the_pipeline_tells(deployed, cloud):
    """STS is silent when the plan is made, when it is applied, or both times."""
    silent = cloud.query_refusal("AccessDenied", "no")
    sagemaker = cloud.client("sagemaker")
    found = sagemaker.describe_pipeline(PipelineName="lgbm-test")
    members = {key: value for key, value in found.items() if isinstance(value, str)}
    there = cloud.ok(**{**members, "PipelineArn": PIPELINE.replace("123456789012", "999999999999")})
    tags = cloud.ok(Tags=sagemaker.list_tags(ResourceArn=PIPELINE)["Tags"])

    for before, now in ((True, True), (True, False), (False, True)):
        cloud.rules.clear()
        if before:
            cloud.always("PostObject", silent)
            cloud.always("GetCallerIdentity", silent)
        deployed.save()
        cloud.rules.clear()
        assert deployed.saved["account"] == ("" if before else "123456789012")
        cloud.always("DescribePipeline", there)
        cloud.always("ListTags", tags)
        if now:
            cloud.always("PostObject", silent)
            cloud.always("GetCallerIdentity", silent)
        assert refusal(deployed, cloud) == "it was made in account 123456789012, and this is 999999999999"


@pytest.mark.parametrize("operation", ["UpdatePipeline", "AddTags"])
def test_a_plan_that_was_interrupted_goes_on(deployed, cloud, operation):
    deployed.save("--set", "sagemakerPipeline.tags=[{Key: team, Value: a}]", "--set", "sagemakerPipeline.parallelism=2")
    broken = cloud.refusal("ServiceUnavailable", "later", status=503)
    # The mark, which comes before the update, is written; what comes then is not.
    cloud.next("UpdatePipeline" if operation == "UpdatePipeline" else "CreatePipeline", *[broken] * 5)
    answers = iter([None, *[broken] * 5] if operation == "AddTags" else [])
    usual = cloud.answer_for

    def answer_for(call):
        name = getattr(call, "operation", call)
        return (next(answers, None) or usual(call)) if name == "AddTags" else usual(call)

    cloud.answer_for = answer_for
    first = deployed.apply()
    cloud.answer_for = usual
    cloud.scripts.clear()

    assert first.exit_code == 5
    assert f"{operation} on pipeline lgbm-test failed" in first.stderr
    drift = deployed.call("drift", *SETTINGS)
    assert drift.stdout.startswith("a deploy of pipeline lgbm-test was begun and not finished; `smp deploy` finishes it\n")
    assert deployed.apply().exit_code == 0
    found = cloud.client("sagemaker").describe_pipeline(PipelineName="lgbm-test")
    assert found["ParallelismConfiguration"] == {"MaxParallelExecutionSteps": 2}
    assert deployed.apply().stdout == f"unchanged {PIPELINE}\n"


def test_a_secret_option_must_be_given_again(example, cloud):
    secret = ("--set", "models.lgbm.train.env.DB_PASSWORD=hunter2")
    example.save(*secret)

    result = example.apply()

    assert "hunter" not in example.plan.read_text()
    assert (result.exit_code, writes(cloud)) == (5, [])
    assert result.stderr == (
        f"Applying {example.plan} failed: it was made with a --set whose value is a secret, which is not kept. "
        "Try: give every --set again that the plan was made with.\n"
    )
    assert example.apply(*SETTINGS, *secret).exit_code == 0


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"format": "smp plan 0"}', "\udcff", "[" * 100_000])
def test_what_is_no_plan(example, cloud, content):
    example.plan.write_bytes(content.encode("utf-8", "surrogateescape"))

    result = example.apply()

    assert (result.exit_code, cloud.calls) == (1, [])
    assert result.stderr.startswith(f"{example.plan} SMP101 not a saved plan")
    assert result.stderr.endswith(" Try: make one: smp plan -o FILE.\n")


WRONG = {
    "options": [[], {"nonsense": 1}, {"nonsense": "x"}, {"root": "x"}, {"patterns": 5}, {"patterns": "x"}, {"patterns": [None]},
                {"overrides": [1]}, {"overrides": {"a": "b"}}, {"env_file": 7}, {"environment_name": []}, {"framework_conf": None},
                {"env_file": "a\0b"}, {"overrides": ["\ud800"]}],
    "beside": [[], [{}], {}, None, {"before": {}}, {"before": {}, "after": []}, {"before": {}, "after": {"x": 1}},
               {"before": None, "after": {}}],
    "inputs": [[], None, {"x": 1}, {"x": None}, {"x": {}}],
    "wanted": [{"role": 1}, {"x": []}],
    "before": [[], 0, "", False, {"role": []}],
    "after": [None, {"role": {}}],
    "uploads": [None, {"s3://models/x": ["x"]}],
    "packages": [None, {"x": 1}],
    "arn": [None, 1, []],
    "account": [None, 123456789012],
}  # fmt: skip


@pytest.fixture(scope="module")
def kept():
    """The text of a plan, once there is one."""
    return []


@pytest.mark.parametrize(("part", "value"), [(part, value) for part, values in WRONG.items() for value in values])
def test_a_plan_that_somebody_edited(example, cloud, kept, part, value):
    if not kept:
        example.save()
        kept.append(example.saved)
    example.plan.write_text(json.dumps({**kept[0], part: value}))
    cloud.calls.clear()

    result = example.apply()

    assert (result.exit_code, result.stdout, cloud.calls) == (1, "", [])
    said = "not a saved plan of this version of the tool. Try: make one: smp plan -o FILE."
    assert result.stderr == f"{example.plan} SMP101 {said}\n"


def test_a_dry_run_of_a_plan_is_asking_twice(deployed):
    result = deployed.apply("--dry-run")

    assert result.exit_code == 2
    assert "--dry-run makes a plan: it goes without --plan" in result.stderr
