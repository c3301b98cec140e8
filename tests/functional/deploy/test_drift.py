"""`smp drift`: whether somebody changed the pipeline outside of this tool."""

from __future__ import annotations

import json
from datetime import datetime, timezone
from pathlib import Path

import pytest
from click.testing import CliRunner

from framework.cli import smp
from framework.deploy.mark import drift
from framework.deploy.plan import MARK, diff
from framework.pipeline.compiled import CompiledPipeline

ROOT = Path(__file__).resolve().parents[3]
PROJECT = ["--root", str(ROOT), "--env-file", "env.env", "--set", "s3Bucket=models", "--set", "region=eu-west-1"]
PIPELINE = "arn:aws:sagemaker:eu-west-1:123456789012:pipeline/lgbm-test"
OTHER_ROLE = "arn:aws:iam::123456789012:role/other"
MORE = ["--set", "models.lgbm.train.instance_count=2"]


@pytest.fixture
def call(cloud):
    def invoke(*words: str):
        return CliRunner().invoke(smp, [*PROJECT, *words])

    return invoke


def test_as_it_was_deployed(call, cloud):
    call("deploy")
    cloud.calls.clear()

    result = call("drift")

    assert (result.exit_code, result.stdout) == (0, "pipeline lgbm-test is as it was deployed last\n")
    assert cloud.writes == []


def test_another_configuration_is_no_drift(call):
    call("deploy")

    result = call("drift", *MORE)

    assert result.exit_code == 0
    assert result.stdout.startswith(
        "pipeline lgbm-test is as it was deployed last\nwhat a deploy of the configuration would change:\n"
        "pipeline lgbm-test will be updated\n\n  ~ step lgbm-Training (Training)\n"
    )


def test_somebody_changed_it(call, cloud):
    call("deploy")
    cloud.client("sagemaker").update_pipeline(PipelineName="lgbm-test", RoleArn=OTHER_ROLE)
    cloud.client("sagemaker").add_tags(ResourceArn=PIPELINE, Tags=[{"Key": "by", "Value": "hand"}])

    result, data = call("drift"), json.loads(call("drift", "--format", "json").stdout)

    assert result.exit_code == 3
    assert result.stdout.startswith(
        "pipeline lgbm-test was changed outside since it was deployed last: role, tags\nwhat a deploy would take back:\n"
        f'pipeline lgbm-test will be updated\n\n  ~ role: "{OTHER_ROLE}" → '
    )
    assert (data["pipeline"], data["state"], data["parts"]) == ("lgbm-test", "changed", ["role", "tags"])
    assert [(change["action"], change["what"]) for change in data["plan"]["changes"]] == [("change", "role"), ("remove", "tag")]


def test_the_next_deploy_takes_it_back(call, cloud):
    call("deploy")
    definition = json.dumps({"Version": "2020-12-01", "Parameters": [], "Steps": []})
    cloud.client("sagemaker").update_pipeline(PipelineName="lgbm-test", PipelineDefinition=definition)
    assert call("drift").exit_code == 3

    call("deploy")

    assert call("drift").exit_code == 0
    assert call("plan", "--detailed-exitcode").exit_code == 0


def test_the_configuration_caught_up_with_what_somebody_did(call, cloud):
    """Nothing is to be changed, and yet the deploy says that this is it now."""
    call("deploy")
    cloud.client("sagemaker").update_pipeline(PipelineName="lgbm-test", PipelineDescription="by hand")
    caught_up = ("--set", "sagemakerPipeline.description=by hand")
    cloud.calls.clear()

    deployed = call("deploy", *caught_up)

    assert (deployed.stdout, cloud.writes) == (f"unchanged {PIPELINE}\n", ["AddTags"])
    assert call("drift", *caught_up).exit_code == 0


def test_nothing_is_there(call):
    result = call("drift")

    assert result.exit_code == 3
    assert result.stdout.startswith("there is no pipeline lgbm-test: it was never deployed, or somebody deleted it\n")


def test_what_was_deployed_without_a_mark(call, cloud):
    call("deploy")
    cloud.client("sagemaker").delete_tags(ResourceArn=PIPELINE, TagKeys=[MARK])
    unknown = "pipeline lgbm-test has no tag smp:deployed that says what was deployed last; the next `smp deploy` writes it\n"

    same, other = call("drift"), call("drift", *MORE)

    assert (same.exit_code, same.stdout) == (0, unknown)
    assert other.exit_code == 3
    assert other.stdout.startswith(unknown)
    cloud.calls.clear()
    assert call("deploy").stdout == f"unchanged {PIPELINE}\n"
    assert cloud.writes == ["AddTags"]
    assert call("drift").stdout == "pipeline lgbm-test is as it was deployed last\n"


def test_the_mark_is_no_tag_of_the_plan(call):
    call("deploy")

    assert call("plan", "--detailed-exitcode").exit_code == 0
    assert MARK not in call("plan", *MORE).stdout


DENIED = "User: arn:aws:iam::123456789012:user/x is not authorized to perform: sagemaker:AddTags on resource: *"
WARNING = (
    "warning: the tag smp:deployed could not be written (AccessDeniedException), so `smp drift` will not know what was deployed; "
    "allow sagemaker:AddTags on the pipeline\n"
)


def test_a_deploy_does_without_the_right_to_tag(call, cloud):
    cloud.next("CreatePipeline", cloud.refusal("AccessDeniedException", DENIED))
    cloud.always("AddTags", cloud.refusal("AccessDeniedException", DENIED))

    made, updated = call("deploy"), call("deploy", *MORE)

    assert (made.exit_code, made.stdout) == (0, f"create {PIPELINE}\n")
    assert made.stderr == f"3 uploaded, 0 already there\n{WARNING}"
    assert (updated.exit_code, updated.stdout) == (0, f"update {PIPELINE}\n")
    assert updated.stderr == f"0 uploaded, 3 already there\n{WARNING}"
    assert [call.json.get("Tags") for call in cloud.of("CreatePipeline")][1] is None
    assert len({call.json["ClientRequestToken"] for call in cloud.of("CreatePipeline")}) == 2


def test_a_create_that_is_denied_for_another_reason_is_denied(call, cloud):
    cloud.always("CreatePipeline", cloud.refusal("AccessDeniedException", "not authorized to perform: sagemaker:CreatePipeline"))

    result = call("deploy")

    assert result.exit_code == 5
    assert "CreatePipeline on pipeline lgbm-test failed" in result.stderr
    assert "warning" not in result.stderr


GROUP = "smp-lgbm-test"
SAME = "pipeline lgbm-test is as it was deployed last\n"
CHANGED = "pipeline lgbm-test was changed outside since it was deployed last: "


def triggers(text, notifications="[]"):
    return ["--set", f"sagemakerPipeline.triggers={text}", "--set", f"sagemakerPipeline.notifications={notifications}"]


TOPIC = "arn:aws:sns:eu-west-1:123456789012:alerts"
TOLD = f"[{{name: bad, on: failed, topic: {TOPIC}}}]"
NIGHTLY = triggers("{nightly: {schedule: cron(0 3 * * ? *)}}", TOLD)
LATER = triggers("{nightly: {schedule: cron(0 4 * * ? *)}}", TOLD)


def schedule(cloud):
    found = cloud.client("scheduler").get_schedule(GroupName=GROUP, Name="nightly")
    return {key: found[key] for key in ("GroupName", "Name", "ScheduleExpression", "FlexibleTimeWindow", "Target")}


OUTSIDE = {
    "switched off": lambda cloud: cloud.client("scheduler").update_schedule(**schedule(cloud), State="DISABLED"),
    "at another time": lambda cloud: cloud.client("scheduler").update_schedule(
        **{**schedule(cloud), "ScheduleExpression": "rate(1 minutes)"}
    ),
    "for some time": lambda cloud: cloud.client("scheduler").update_schedule(
        **schedule(cloud), EndDate=datetime(2031, 1, 2, tzinfo=timezone.utc)
    ),
    "gone": lambda cloud: cloud.client("scheduler").delete_schedule(GroupName=GROUP, Name="nightly"),
    "all gone": lambda cloud: cloud.client("scheduler").delete_schedule_group(Name=GROUP),
    "one more": lambda cloud: cloud.client("scheduler").create_schedule(**{**schedule(cloud), "Name": "more"}),
    "a silent notification": lambda cloud: cloud.client("events").disable_rule(Name=f"{GROUP}.notify.bad"),
    "a notification to nobody": lambda cloud: cloud.client("events").remove_targets(Rule=f"{GROUP}.notify.bad", Ids=["smp"]),
}


@pytest.mark.parametrize("how", OUTSIDE)
def test_what_starts_the_pipeline_was_changed(call, cloud, how):
    assert call("deploy", *NIGHTLY).exit_code == 0
    assert call("drift", *NIGHTLY).stdout == SAME
    OUTSIDE[how](cloud)

    result, data = call("drift", *NIGHTLY), json.loads(call("drift", *NIGHTLY, "--format", "json").stdout)

    assert result.exit_code == 3
    head = f"{CHANGED}triggers and notifications\nwhat a deploy would take back:\npipeline lgbm-test will be updated\n"
    assert result.stdout.startswith(head)
    assert (data["state"], data["parts"]) == ("changed", ["triggers and notifications"])
    assert call("deploy", *NIGHTLY).exit_code == 0
    again = call("drift", *NIGHTLY)
    assert (again.exit_code, again.stdout) == (0, SAME)


def test_another_time_in_the_configuration_is_no_drift(call, cloud):
    call("deploy", *NIGHTLY)

    result = call("drift", *LATER)

    assert result.exit_code == 0
    head = "what a deploy of the configuration would change:\npipeline lgbm-test will be updated\n\n  ~ trigger nightly\n"
    assert result.stdout.startswith(SAME + head)
    OUTSIDE["switched off"](cloud)
    result = call("drift", *LATER)
    assert result.exit_code == 3
    head = f"{CHANGED}triggers and notifications\nwhat a deploy of the configuration would change:\n"
    assert result.stdout.startswith(head)


def test_what_a_deploy_does_with_triggers_is_no_drift(call, cloud):
    for words in ([], NIGHTLY, LATER, triggers("{nightly: {event_pattern: {source: [a]}}}"), [], NIGHTLY):
        assert call("deploy", *words).exit_code == 0
        result = call("drift", *words)
        assert (result.exit_code, result.stdout) == (0, SAME)
        cloud.calls.clear()
        assert call("deploy", *words).stdout == f"unchanged {PIPELINE}\n"
        assert cloud.writes == []


def mark(cloud):
    return {tag["Key"]: tag["Value"] for tag in cloud.client("sagemaker").list_tags(ResourceArn=PIPELINE)["Tags"]}[MARK]


def test_a_mark_of_an_older_version_of_the_tool_says_nothing_of_triggers(call, cloud):
    call("deploy", *NIGHTLY)
    older = mark(cloud).rpartition(".")[0]
    cloud.client("sagemaker").add_tags(ResourceArn=PIPELINE, Tags=[{"Key": MARK, "Value": older}])
    OUTSIDE["switched off"](cloud)

    result = call("drift", *NIGHTLY)
    assert result.exit_code == 0
    assert result.stdout.startswith(f"{SAME}what a deploy of the configuration would change:\n")

    call("deploy", *NIGHTLY)
    OUTSIDE["switched off"](cloud)
    assert call("drift", *NIGHTLY).exit_code == 3


def test_a_deploy_with_triggers_does_without_the_right_to_tag(call, cloud):
    call("deploy", *NIGHTLY)
    cloud.always("AddTags", cloud.refusal("AccessDeniedException", DENIED))

    updated = call("deploy", *LATER)

    assert (updated.exit_code, updated.stdout) == (0, f"update {PIPELINE}\n")
    topic = f"warning: the topic {TOPIC} does not exist, so bad will not be sent\n"
    assert updated.stderr == f"0 uploaded, 3 already there\n{WARNING}change trigger nightly\n{topic}"


def test_a_deploy_that_leaves_triggers_alone_leaves_what_the_mark_says_of_them(call, cloud, backend):
    """As going back to a version does."""
    call("deploy", *NIGHTLY)
    before = mark(cloud)
    deployed = backend.fetch("lgbm-test")
    version = CompiledPipeline("lgbm-test", {"Steps": []}, role=OTHER_ROLE, tags=deployed.tags)
    backend.apply(diff(version, deployed))

    assert mark(cloud) != before
    assert mark(cloud).rpartition(".")[2] == before.rpartition(".")[2]
    assert call("drift", *NIGHTLY).exit_code == 0
    OUTSIDE["switched off"](cloud)
    assert call("drift", *NIGHTLY).stdout.startswith(f"{CHANGED}triggers and notifications\n")


def states(cloud, backend, before, after, broken):
    """The state of the pipeline after each write of an update is the last that is made."""
    found = []
    for last in range(broken + 1):
        pipeline = before if last == 0 else after
        if last == 0:
            backend.apply(diff(pipeline, backend.fetch(pipeline.name)))
            found.append(drift(backend.fetch(pipeline.name)).state)
            continue
        backend.apply(diff(before, backend.fetch(before.name)))
        cut_after(cloud, last - 1)
        with pytest.raises(Exception, match="failed"):
            backend.apply(diff(after, backend.fetch(after.name)))
        heal(cloud)
        found.append(drift(backend.fetch(after.name)).state)
    return found


def cut_after(cloud, writes):
    """All writes after the first so many fail, as if the process had been killed there."""
    usual, done = type(cloud).answer_for, []

    def answer_for(call):
        name = getattr(call, "operation", call)
        if name in {"AddTags", "DeleteTags", "UpdatePipeline"}:
            done.append(name)
            if len(done) > writes:
                return cloud.refusal("ValidationException" if name == "UpdatePipeline" else "ServiceUnavailable", "cut", 503)
        return usual(cloud, call)

    cloud.answer_for = answer_for


def heal(cloud):
    del cloud.__dict__["answer_for"]


def test_an_update_that_was_killed_anywhere_is_not_somebodys_change(cloud, backend, make):
    """Five writes: the mark of a beginning, the update, tags taken away, tags given, the mark of the end."""
    before = make(description="a", tags=({"Key": "x", "Value": "1"}, {"Key": "y", "Value": "1"}))
    after = make(depth="8", description="b", tags=({"Key": "x", "Value": "2"}, {"Key": "z", "Value": "1"}))

    assert states(cloud, backend, before, after, 5) == ["same", "same", *["unfinished"] * 4]
    backend.apply(diff(after, backend.fetch(after.name)))
    assert drift(backend.fetch(after.name)).state == "same"
    assert diff(after, backend.fetch(after.name)).action == "unchanged"
