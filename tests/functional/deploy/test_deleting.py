"""`smp delete`: what it takes away, what it leaves and says so, and that it can be run again."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from framework.cli import smp
from tests.functional.deploy.conftest import Cloud
from tests.functional.deploy.test_triggers import one_backend

MODEL = """
conf:
  s3Bucket: models
  region: eu-west-1
  sagemakerNetworkSecurity: {role: "arn:aws:iam::123456789012:role/pipelines"}
  models:
    m:
      train: {image_uri: i}
      registry:
        ModelPackageGroupName: churners
        InferenceSpecification:
          {image_uri: i, supported_content_types: [a/b], supported_response_MIME_types: [a/b], approval_status: Approved}
  sagemakerPipeline:
    pipelineName: churn
    models:
      m:
        steps:
          - {step_name: fit, step_class: Training}
          - {step_name: make, step_class: CreateModel}
          - {step_name: put, step_class: RegisterModel}
    steps:
      - {step_name: config, step_class: EndpointConfig, variants: [{model_name: "${steps.make.ModelName}"}]}
      - {step_name: serve, step_class: Endpoint, endpoint_name: churn-now}
"""
TRIGGERS = """
    triggers:
      nightly: {schedule: rate(1 day)}
      custom: {event_pattern: {source: [my.app]}}
    notifications:
      - {name: bad, on: failed, topic: "arn:aws:sns:eu-west-1:123456789012:alerts"}
"""
LEFT = """\
 leave
  model package group, with its versions: churners
  uploaded code, and outputs of executions: s3://models/churn/ (aws s3 rm --recursive s3://models/churn/)
  endpoint, which goes on and costs: churn-now (aws sagemaker delete-endpoint --endpoint-name churn-now)
  models: that executions made
  log streams, in a log group that other jobs share: /aws/sagemaker/TrainingJobs
  experiment, with its trials: churn
"""
GOES = """\
 delete
  trigger custom
  trigger nightly
  notification bad
  schedule group smp-churn
  pipeline churn, with the history of its executions
"""

Smp = Callable[..., Result]


@pytest.fixture
def call(cloud: Cloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Smp:
    """`smp` in a project with triggers; all calls share the clients, which take longer to make than to use."""
    (tmp_path / "model.yaml").write_text(MODEL + TRIGGERS, encoding="utf-8")
    monkeypatch.setattr("framework.deploy.backend.SageMakerBackend", lambda region: one_backend())

    def run(*words: str, **how: Any) -> Result:
        return CliRunner().invoke(smp, [*words, "--root", str(tmp_path), "-c", "model.yaml"], **how)

    return run


def there(cloud: Cloud) -> list[str]:
    """All that is there of pipelines, rules, schedules and their groups."""
    pipelines = cloud.client("sagemaker").list_pipelines()["PipelineSummaries"]
    scheduler = cloud.client("scheduler")
    return [
        *(pipeline["PipelineName"] for pipeline in pipelines),
        *(rule["Name"] for rule in cloud.client("events").list_rules()["Rules"]),
        *(schedule["Name"] for schedule in scheduler.list_schedules()["Schedules"]),
        *(group["Name"] for group in scheduler.list_schedule_groups()["ScheduleGroups"] if group["Name"] != "default"),
    ]


def test_it_takes_away_all_that_is_the_pipelines_and_says_what_it_leaves(call: Smp, cloud: Cloud) -> None:
    deployed = call("deploy")
    assert deployed.exit_code == 0
    assert deployed.stderr.splitlines()[1:4] == ["add trigger custom", "add trigger nightly", "add notification bad"]
    cloud.client("events").put_rule(Name="smp-churn.theirs", EventPattern='{"source":["x"]}')
    assert there(cloud) == [
        "churn", "smp-churn.custom", "smp-churn.notify.bad", "smp-churn.theirs", "nightly", "smp-churn",
    ]  # fmt: skip

    result = call("delete", "--yes")

    assert (result.exit_code, result.stdout) == (0, "deleted churn\n")
    assert result.stderr == f"will{GOES}will{LEFT}"
    assert there(cloud) == ["smp-churn.theirs"]
    assert cloud.operations[-1] == "DeletePipeline"
    again = call("delete", "--yes")
    assert (again.exit_code, again.stderr) == (0, "")
    assert again.stdout == "nothing to delete: there is no pipeline churn, and nothing that starts it\n"


def test_deploy_says_what_it_changes_of_triggers(call: Smp, cloud: Cloud) -> None:
    arn = "arn:aws:sagemaker:eu-west-1:123456789012:pipeline/churn"
    call("deploy")
    assert call("deploy").stdout == f"unchanged {arn}\n"

    changed = call("deploy", "--set", "sagemakerPipeline.triggers.nightly.schedule=rate(2 days)", "--format", "json")

    told = json.loads(changed.stdout)
    [change] = told["changes"]
    [field] = change.pop("fields")
    assert (told["action"], told["PipelineArn"]) == ("update", arn)
    assert change == {"action": "change", "what": "trigger", "name": "nightly"}
    assert (field["path"], field["before"], field["after"]) == ("ScheduleExpression", "rate(1 day)", "rate(2 days)")
    assert (field["file"], field["line"] > 0) == ("model.yaml", True)
    assert changed.stderr.splitlines()[1:] == [
        "change trigger nightly",
        "warning: the topic arn:aws:sns:eu-west-1:123456789012:alerts does not exist, so bad will not be sent",
    ]


def test_a_dry_run_lists_and_deletes_nothing(call: Smp, cloud: Cloud) -> None:
    call("deploy")
    before = there(cloud)

    result = call("delete", "--dry-run")
    told = json.loads(call("delete", "--dry-run", "--format", "json").stdout)

    assert (result.exit_code, result.stdout, result.stderr) == (0, f"would{GOES}would{LEFT}", "")
    assert there(cloud) == before
    assert told["dryRun"] is True
    assert told["deleted"][-2:] == [{"what": "schedule group", "name": "smp-churn"}, {"what": "pipeline", "name": "churn"}]
    assert told["left"][1]["how"] == "aws s3 rm --recursive s3://models/churn/"


def test_it_asks_for_the_name(call: Smp, cloud: Cloud) -> None:
    call("deploy")
    before = there(cloud)

    wrong, silent = call("delete", input="churm\n"), call("delete", input="")
    assert (wrong.exit_code, wrong.stdout) == (1, "")
    assert wrong.stderr.splitlines()[-1] == "nothing was deleted"
    assert (silent.exit_code, "there is nobody to ask: give --yes" in silent.stderr) == (2, True)
    assert there(cloud) == before

    right = call("delete", input="churn\n")
    assert (right.exit_code, there(cloud)) == (0, [])
    assert "Type churn to delete it: " in right.stderr


def test_executions_that_go_on_are_not_deleted(call: Smp, cloud: Cloud) -> None:
    call("deploy")
    before = there(cloud)
    arn = "arn:aws:sagemaker:eu-west-1:123456789012:pipeline/churn/execution"
    summaries = [
        {"PipelineExecutionArn": f"{arn}/{name}", "PipelineExecutionStatus": status}
        for name, status in (("a", "Executing"), ("b", "Failed"), ("c", "Stopping"))
    ]
    cloud.always("ListPipelineExecutions", cloud.ok(PipelineExecutionSummaries=summaries))

    result = call("delete", "--yes")

    assert result.exit_code == 5
    assert result.stderr.splitlines()[-1] == (
        "Deleting pipeline churn failed: executions of it have not ended: a, c. "
        "Try: wait for their end, or stop each with `smp stop ID`."
    )
    assert there(cloud) == before


def test_what_a_pipeline_left_that_was_deleted_by_hand_goes(call: Smp, cloud: Cloud, tmp_path: Path) -> None:
    call("deploy")
    cloud.client("sagemaker").delete_pipeline(PipelineName="churn", ClientRequestToken="x" * 32)
    (tmp_path / "model.yaml").write_text(MODEL, encoding="utf-8")

    result = call("delete", "--yes", "--format", "json")

    told = json.loads(result.stdout)
    assert told["arn"] is None
    assert [each["name"] for each in told["deleted"]] == ["custom", "nightly", "bad", "smp-churn"]
    assert there(cloud) == []
