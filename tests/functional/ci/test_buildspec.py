"""buildspec.yml, its commands run as CodeBuild does: those of a phase in one shell, and no phase behind one that failed.

What CodeBuild does beside that (runtime versions, reports, artifacts) is only compared with what its reference knows.
"""

from __future__ import annotations

import json
import subprocess
from xml.etree import ElementTree

import pytest
import yaml

from tests.functional.ci.conftest import FAILED, INSTALL, SUCCEEDED
from tests.functional.ci.machine import ROOT, Done, Machine

SPEC = yaml.safe_load((ROOT / "buildspec.yml").read_text())
PHASES = ("install", "pre_build", "build", "post_build")
COMMIT = {"CODEBUILD_RESOLVED_SOURCE_VERSION": "0123456789abcdef0123456789abcdef01234567"}
PULL_REQUEST = {**COMMIT, "CODEBUILD_WEBHOOK_EVENT": "PULL_REQUEST_UPDATED"}


def build(machine: Machine, variables: dict[str, str]) -> Done:
    """A build of the project as it is checked out; it ends with the first command that fails."""
    commands = [command for phase in PHASES for command in SPEC["phases"].get(phase, {}).get("commands", ())]
    script = "".join(f"{command.rstrip()}\nstatus=$?; [ $status = 0 ] || exit $status\n" for command in commands)
    return machine.run(script, {**SPEC["env"]["variables"], **variables}, SPEC["env"]["shell"])


def failures(machine: Machine) -> list[str | None]:
    return [suite.get("failures") for suite in ElementTree.fromstring(machine.read("reports/validate.xml"))]


def test_a_pull_request_is_validated_and_planned_and_nothing_is_written(machine, aws):
    done = build(machine, PULL_REQUEST)

    assert done.status == 0, done.errors
    assert aws.writes == []
    assert done.output.startswith("pipeline lgbm-test does not exist yet: it will be created\n")
    assert done.output.endswith("a pull request: nothing is deployed\n")
    assert failures(machine) == ["0"]
    assert json.loads(machine.read("reports/plan.json"))["plan"]["action"] == "create"
    assert "<html" in machine.read("reports/plan.html")


def test_any_other_build_deploys_the_plan_and_runs_the_pipeline(machine, aws):
    aws.sagemaker.script("lgbm-test", SUCCEEDED)

    done = build(machine, COMMIT)

    assert done.status == 0, done.errors
    [run] = aws.sagemaker.runs.values()
    assert run.request["PipelineExecutionDisplayName"] == "commit-0123456789ab"
    assert aws.operations.count("CreatePipeline") == 1
    assert "UpdatePipeline" not in aws.operations
    bundles = {path for path in aws.s3.buckets["models"] if path.endswith("sourcedir.tar.gz")}
    assert bundles and all(f"s3://models/{path}" in run.version.definition for path in bundles)


@pytest.mark.parametrize(
    ("event", "deploys"),
    [("PUSH", True), ("PULL_REQUEST_MERGED", True), ("PULL_REQUEST_CREATED", False), ("PULL_REQUEST_REOPENED", False), ("", True)],
)
def test_what_makes_a_build_deploy(event, deploys):
    [command] = SPEC["phases"]["build"]["commands"]
    smp = 'smp() { echo "smp $1"; }\n'

    done = subprocess.run(
        ["bash", "-c", smp + command], env={**COMMIT, "CODEBUILD_WEBHOOK_EVENT": event}, capture_output=True, text=True, timeout=20
    )

    expected = "smp deploy\nsmp run\n" if deploys else "a pull request: nothing is deployed\n"
    assert (done.returncode, done.stdout) == (0, expected)


def test_a_mistake_in_the_configuration_ends_the_build_before_aws_is_asked(machine, aws):
    name = "examples/lgbm/conf/conf.yaml"
    machine.write(name, machine.read(name).replace("entry_point: train.py", "entry_point: trian.py"))

    done = build(machine, COMMIT)

    assert done.status == 1
    assert aws.calls == []
    assert failures(machine) == ["1"]


def test_a_build_fails_with_its_execution_and_says_why(machine, aws):
    aws.sagemaker.script("lgbm-test", FAILED)

    done = build(machine, COMMIT)

    assert done.status == 4
    assert done.output.endswith(" Failed: Step failure: One or multiple steps failed.\n")
    assert "lgbm-Preprocessing Failed: No such key" in done.errors
    assert "no such key\n" in done.errors


def test_the_file_holds_nothing_that_the_reference_of_buildspecs_does_not_know():
    # https://docs.aws.amazon.com/codebuild/latest/userguide/build-spec-ref.html
    assert SPEC["version"] == 0.2
    assert SPEC["phases"]["install"]["commands"] == [INSTALL]
    assert set(SPEC) <= {"version", "run-as", "env", "proxy", "batch", "phases", "reports", "artifacts", "cache"}
    assert set(SPEC["env"]) <= {"shell", "variables", "parameter-store", "exported-variables", "secrets-manager"}
    assert set(SPEC["phases"]) <= set(PHASES)
    for phase in SPEC["phases"].values():
        assert set(phase) <= {"run-as", "on-failure", "runtime-versions", "commands", "finally"}
        assert all(isinstance(command, str) for command in phase["commands"])
    for report in SPEC["reports"].values():
        assert set(report) <= {"files", "file-format", "base-directory", "discard-paths"}
