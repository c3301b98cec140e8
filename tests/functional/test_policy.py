"""The policy file beside the configuration: where it lies, what stays as it was with it, and what changes when it is broken."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from framework.cli import smp

if TYPE_CHECKING:
    from tests.conftest import Project

DENY = "deny:\n  instance_types: ml.c5.*\n"


def rules(project: Project, **sources: str) -> list[str]:
    return sorted({finding.rule for finding in project.compile(**sources).findings})


def test_it_is_no_part_of_a_bundle(project: Project) -> None:
    project.model["source_directory"] = "."
    for section in ("preprocess", "train", "evaluate"):
        project.model[section]["entry_point"] = f"src/{project.model[section]['entry_point']}"
    project.model["transform"]["entry_point"] = "src/inference.py"
    before = project.compile()
    project.write("conf/policy.yaml", "deny:\n")
    after = project.compile()
    assert before.texts == after.texts == []
    assert before.compiled is not None
    assert after.compiled is not None
    assert before.compiled.uploads == after.compiled.uploads


@pytest.mark.parametrize("content", ["", "# nothing yet\n", "---\n", "deny:\n", "warn: {}\ndeny: {}\n"])
def test_one_that_asks_for_nothing(project: Project, content: str) -> None:
    project.write("conf/policy.yaml", content)
    assert project.compile().texts == []


def test_it_is_no_model_file(project: Project) -> None:
    project.write("conf/policy.yaml", DENY)
    assert rules(project, patterns=("*/conf/conf.yaml", "conf/*.yaml")) == ["SMP615"]


def test_an_environment_may_have_one_of_its_own(project: Project) -> None:
    project.write("conf/environments/prod.yaml", {"conf": {"checks": {"policy": "conf/prod-policy.yaml"}}})
    project.write("conf/prod-policy.yaml", DENY)
    assert rules(project) == []
    assert rules(project, environment_name="prod") == ["SMP615"]
    assert rules(project, overrides=("checks.policy=conf/prod-policy.yaml",)) == ["SMP615"]


def test_what_is_denied_is_not_deployed(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    project.write("conf/policy.yaml", DENY)
    project.save()
    for name, value in project.variables.items():
        monkeypatch.setenv(name, value)
    options = ["--root", str(project.root)]
    denied = CliRunner().invoke(smp, [*options, "validate"])
    assert (denied.exit_code, denied.stderr) == (1, "4 errors\n")
    assert CliRunner().invoke(smp, [*options, "compile"]).exit_code == 1
    project.write("conf/policy.yaml", DENY.replace("deny", "warn"))
    warned = CliRunner().invoke(smp, [*options, "validate"])
    assert (warned.exit_code, warned.stderr) == (0, "4 warnings\n")
