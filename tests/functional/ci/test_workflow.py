"""The GitHub workflow, its commands run as a runner does: each step in a shell of its own, jobs by their conditions.

What stands behind `uses` is not here: the checkout and Python are the machine's, the credentials its variables. Nor is GitHub, to
which a program called `gh` would send the comment: one that keeps it stands for that.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
import yaml

from tests.functional.ci.conftest import INSTALL, SETTINGS, SUCCEEDED
from tests.functional.ci.machine import ROOT, Done, Machine
from tests.functional.deploy.conftest import REGION

WORKFLOW = yaml.load((ROOT / ".github/workflows/pipeline.yml").read_text(), Loader=yaml.BaseLoader)  # `on` is no boolean there
SHELL = ("bash", "-e")  # how runners call it where a step names no shell
VARIABLES = {
    "SMP_REGION": REGION,
    **SETTINGS,
    "PLAN_ROLE": "arn:aws:iam::123456789012:role/plan",
    "DEPLOY_ROLE": "arn:aws:iam::1:role/deploy",
}
PUSH = {"event_name": "push", "ref": "refs/heads/main", "token": "ghs-0"}
PULL_REQUEST = {"event_name": "pull_request", "ref": "refs/pull/17/merge", "token": "ghs-1", "event.pull_request.number": "17"}
GH = """#!/bin/sh
echo "$PULL_REQUEST $GH_TOKEN $*" > "$HOME/gh-was-asked"
for last; do :; done
cat "$last" > "$HOME/comment.md"
"""
EXPRESSION = re.compile(r"\$\{\{ ([\w.]+) \}\}")


class Runner:
    """Runs the jobs of the workflow, each on its machine; `github` and `variables` are the contexts of expressions."""

    def __init__(self, machine: Machine, github: Mapping[str, str], variables: Mapping[str, str]) -> None:
        self.machine = machine
        self.known = {f"github.{key}": value for key, value in github.items()}
        self.known |= {f"vars.{key}": value for key, value in variables.items()}
        self.ran: list[str] = []
        self.asked_roles: list[str] = []
        self.summary = machine.home / "summary.md"

    def value(self, text: str) -> str:
        """A text with its expressions replaced; a variable of the repository that is not set is empty."""
        return EXPRESSION.sub(
            lambda match: self.known.get(match[1], "") if match[1].startswith("vars.") else self.known[match[1]], text
        )

    def holds(self, condition: str) -> bool:
        """Conditions are comparisons with texts, joined by &&."""
        for part in condition.split(" && "):
            left, sign, right = part.split(" ")
            if (self.value(f"${{{{ {left} }}}}") == right.strip("'")) != (sign == "=="):
                return False
        return True

    def jobs(self) -> Iterator[tuple[str, Mapping[str, Any]]]:
        """The jobs that there are, each behind the one that it needs."""
        for name, job in WORKFLOW["jobs"].items():
            assert job.get("needs", "validate") == "validate"
            if "if" not in job or self.holds(job["if"]):
                yield name, job

    def run(self) -> Done:
        """All jobs, in their order; the first step that fails ends it."""
        for name, job in self.jobs():
            self.ran.append(name)
            for step in job["steps"]:
                done = self._step(step)
                if done.status:
                    return done
        return done

    def _step(self, step: Mapping[str, Any]) -> Done:
        if "uses" in step:
            if role := step.get("with", {}).get("role-to-assume"):
                self.asked_roles.append(self.value(role))
            return Done(0, "", "")
        assert "${{" not in step["run"], "what somebody else wrote would become part of a script"
        variables = {key: self.value(text) for key, text in {**WORKFLOW["env"], **step.get("env", {})}.items()}
        own = {
            "GITHUB_STEP_SUMMARY": str(self.summary),
            "GITHUB_SHA": "fedcba9876543210fedcba9876543210fedcba98",
            "GITHUB_ACTIONS": "true",
        }
        return self.machine.run(step["run"] + "\n", {**own, **variables}, *SHELL)


@pytest.fixture
def runner(machine):
    machine.program("gh", GH)
    return lambda github, variables=VARIABLES: Runner(machine, github, variables)


def test_a_pull_request_gets_its_plan_as_a_comment_and_nothing_is_written(machine, aws, runner):
    there = runner(PULL_REQUEST)

    done = there.run()

    assert done.status == 0, done.errors
    assert there.ran == ["validate", "plan"]
    assert there.asked_roles == [VARIABLES["PLAN_ROLE"]]
    assert aws.writes == []
    asked = (machine.home / "gh-was-asked").read_text()
    assert asked == "17 ghs-1 pr comment 17 --edit-last --create-if-none --body-file plan.md\n"
    comment = (machine.home / "comment.md").read_text()
    assert comment.startswith("### pipeline lgbm&#45;test does not exist yet")
    assert comment == there.summary.read_text()


def test_what_comes_to_main_is_deployed_and_run(machine, aws, runner):
    aws.sagemaker.script("lgbm-test", SUCCEEDED)
    there = runner(PUSH)

    done = there.run()

    assert done.status == 0, done.errors
    assert there.ran == ["validate", "deploy"]
    assert there.asked_roles == [VARIABLES["DEPLOY_ROLE"]]
    assert there.summary.read_text().startswith("### pipeline lgbm&#45;test does not exist yet")
    [run] = aws.sagemaker.runs.values()
    assert run.request["PipelineExecutionDisplayName"] == "commit-fedcba987654"
    assert "UpdatePipeline" not in aws.operations


@pytest.mark.parametrize(
    ("github", "variables", "jobs"),
    [
        (PULL_REQUEST, VARIABLES, ["validate", "plan"]),
        (PULL_REQUEST, {}, ["validate"]),  # also a pull request from a fork, which gets no variables
        (PUSH, VARIABLES, ["validate", "deploy"]),
        (PUSH, {}, ["validate"]),
        ({**PUSH, "event_name": "workflow_dispatch"}, VARIABLES, ["validate", "deploy"]),
        ({**PUSH, "event_name": "workflow_dispatch", "ref": "refs/heads/trial"}, VARIABLES, ["validate"]),
    ],
)
def test_which_jobs_there_are(runner, github, variables, jobs):
    assert [name for name, _ in runner(github, variables).jobs()] == jobs


def test_a_mistake_becomes_an_annotation_and_nothing_goes_on(machine, aws, runner):
    name = "examples/lgbm/conf/conf.yaml"
    machine.write(name, machine.read(name).replace("entry_point: train.py", "entry_point: trian.py"))
    there = runner(PUSH)

    done = there.run()

    assert (done.status, there.ran) == (1, ["validate"])
    assert done.output.startswith(f"::error file={name},line=")
    assert aws.calls == []


def steps() -> Iterator[Mapping[str, Any]]:
    for job in WORKFLOW["jobs"].values():
        yield from job["steps"]


def test_only_the_job_that_needs_a_right_has_it():
    assert WORKFLOW["permissions"] == {"contents": "read"}
    rights = {name: set(job.get("permissions", {})) for name, job in WORKFLOW["jobs"].items()}
    assert rights == {
        "validate": set(),
        "plan": {"contents", "id-token", "pull-requests"},
        "deploy": {"contents", "id-token"},
    }
    assert all(set(step) <= {"uses", "with", "run", "env"} for step in steps())
    assert [step["run"] for step in steps() if "pip" in step.get("run", "")] == [INSTALL] * 3
