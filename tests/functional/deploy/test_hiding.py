"""What environment variables put where programs get it, and what looks like a secret, is printed by no command."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from framework.cli import smp

ROOT = Path(__file__).resolve().parents[3]
SETTINGS = ["--env-file", "env.env", "--set", "s3Bucket=models", "--set", "region=eu-west-1"]
MODEL = "examples/lgbm/conf/conf.yaml"
FAST = ("--interval", "0.01")


@pytest.fixture
def project(tmp_path):
    """A copy of the example: a hyperparameter and the default of a parameter come from variables."""
    root = tmp_path / "project"
    for name in ("conf", "examples/lgbm"):
        shutil.copytree(ROOT / name, root / name, ignore=shutil.ignore_patterns("data", "__pycache__"))
    shutil.copy(ROOT / "env.env", root / "env.env")
    text = (root / MODEL).read_text()
    text = text.replace("num_leaves: 7", "num_leaves: ${SMP_LEAVES}\n                    mode: ${SMP_MODE}")
    text = text.replace(
        "pipelineName: lgbm-test", "pipelineName: lgbm-test\n        parameters: {Target: {default: '${SMP_TARGET}'}}"
    )
    (root / MODEL).write_text(text.replace("seed: 17", "seed: 17\n                    target: ${parameters.Target}"))
    return root


@pytest.fixture
def call(project, monkeypatch):
    def invoke(*words: str, code: int = 0, secret: str = "hunter2one") -> str:
        for name in ("SMP_MODE", "SMP_TARGET"):
            monkeypatch.setenv(name, secret)
        monkeypatch.setenv("SMP_LEAVES", "7")
        result = CliRunner().invoke(smp, ["--root", str(project), *SETTINGS, *words])
        assert result.exit_code == code, result.output
        assert "hunter2" not in result.output
        return result.output

    return invoke


def change_literal(project: Path) -> None:
    path = project / MODEL
    path.write_text(path.read_text().replace("n_estimators: 600", "n_estimators: 700"))


def test_going_back_and_comparing(call, aws, project):
    call("run", "--wait", *FAST)
    change_literal(project)
    call("run", "--wait", *FAST, secret="hunter2two")

    back = call("rollback", "1", "--dry-run")
    compared = call("compare")

    assert 'HyperParameters.n_estimators: "700" → "600"' in back
    assert 'HyperParameters.n_estimators: "600" → "700"' in compared
    for words in (back, compared):
        assert 'HyperParameters.mode: "(hidden)" → "(hidden)"' in words
        assert 'DefaultValue: "(hidden)" → "(hidden)"' in words
    assert "hidden" in call("rollback", "1", "--dry-run", "--format", "json")
    assert "hidden" in call("compare", "--format", "json")
    elsewhere = project.parent / "elsewhere"
    elsewhere.mkdir()
    unknown = CliRunner().invoke(smp, ["--root", str(elsewhere), "rollback", "1", "--dry-run", "--name", "lgbm-test"])
    assert 'HyperParameters.n_estimators: "(hidden)" → "(hidden)"' in unknown.stdout  # nobody says where it came from


def test_triggers_and_defaults_of_parameters(call, cloud, project, tmp_path):
    path = project / MODEL
    trigger = (
        "triggers:\n            nightly: {schedule: rate(1 day), parameters: {Target: '${SMP_TARGET}'}}\n"
        "            data: {s3: {bucket: models, prefix: raw/}, parameters: {Target: '${SMP_TARGET}'}}\n"
    )
    path.write_text(path.read_text().replace("        dependencies:", f"        {trigger}        dependencies:"))
    saved = str(tmp_path / "plan.json")
    for way in ((), ("--format", "json"), ("--markdown",), ("-o", saved)):
        assert "hidden" in call("plan", *way).replace("&#40;", "").replace("&#41;", "")
    call("deploy")
    for way in ((), ("--format", "json"), ("--markdown",), ("-o", saved)):
        assert "hidden" in call("plan", *way, secret="hunter2two").replace("&#40;", "").replace("&#41;", "")
    assert "hunter2" not in Path(saved).read_text()


@pytest.mark.parametrize("value", ["https://user:hunter2@example.com/", "ghp_hunter2" + "a1B2" * 9])
def test_values_of_executions(call, aws, project, value):
    call("run", "-p", f"Target={value}", "--wait", *FAST)
    call("run", "--wait", *FAST)

    assert "hidden" in call("compare")
    assert "hidden" in call("compare", "--format", "json")
    first = next(iter(aws.sagemaker.runs))
    assert "hidden" in call("status", first)
    assert "hidden" in call("status", first, "--format", "json")
    assert "hidden" in call("run", "--dry-run", "-p", f"Target={value}")
