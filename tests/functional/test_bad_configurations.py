"""Every bad configuration is answered with all that is wrong with it, at its place and in its words, and with nothing else."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from framework.cli import road, smp
from framework.config import reader
from framework.config.load import Sources
from framework.findings import Finding, FindingsError
from tests.functional.bad_configurations import CASES, Case

VARIABLES = {
    "SMP_S3BUCKETNAME": "models",
    "SMP_ROLE": "arn:aws:iam::111122223333:role/pipelines",
    "SMP_REGION": "eu-west-1",
}


@pytest.fixture
def findings(case: Case, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Finding, ...]:
    """What is said about a case."""
    case.write(tmp_path)
    for name, value in {**VARIABLES, **case.variables}.items():
        if value is not None:
            monkeypatch.setenv(name, value)
    for name, limit in case.limits.items():
        monkeypatch.setattr(reader, name, limit)
    try:
        return road(Sources(tmp_path, **{"patterns": ("*.yaml",), **case.run}))[1]
    except FindingsError as error:
        return error.findings


@pytest.mark.parametrize("case", CASES, ids=str)
def test_everything_is_said_and_nothing_else(case: Case, findings: tuple[Finding, ...], tmp_path: Path) -> None:
    assert [str(finding) for finding in findings] == case.says.splitlines()
    for finding in findings:
        assert_place_exists(finding, tmp_path)


def assert_place_exists(finding: Finding, root: Path) -> None:
    place = finding.place
    if place.line and (root / place.file).is_file():
        lines = (root / place.file).read_bytes().decode("utf-8", "replace").splitlines()
        assert place.line <= len(lines) + 1
        assert place.column <= (len(lines[place.line - 1]) if place.line <= len(lines) else 0) + 1


def test_no_two_cases_have_one_name() -> None:
    names = [case.name for case in CASES]
    assert sorted(set(names)) == sorted(names)
    assert len(names) >= 60


def test_every_rule_of_reading_and_planning_has_a_case() -> None:
    said = {rule for case in CASES for rule in re.findall(r" (SMP\d\d\d) ", case.says)}
    assert said >= {f"SMP1{number:02}" for number in range(18)}
    assert said >= {f"SMP20{number}" for number in range(1, 9)}


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name, value in VARIABLES.items():
        monkeypatch.setenv(name, value)
    text = "conf: {models: {m: {train: {image_uri: i, epochs: SMP_EPOCHS}, tune: }}}\n"
    (tmp_path / "model.yaml").write_text(text, encoding="utf-8")
    return tmp_path


SAID = [
    'model.yaml:1:43 SMP103 unknown key "epochs" in models.m.train.',
    "model.yaml:1:51 SMP109 the environment variable SMP_EPOCHS is not set. "
    'Try: export SMP_EPOCHS="…", or give a default: ${SMP_EPOCHS:-value}.',
    'model.yaml:1:64 SMP116 warning: no step of the model "m" uses its section "tune". Try: remove it; no step class uses it yet.',
]


def test_validate_prints_what_the_road_found(project: Path) -> None:
    result = CliRunner().invoke(smp, ["validate", "--root", str(project), "-c", "model.yaml"])
    assert result.exit_code == 1
    assert result.stdout.splitlines() == SAID
    assert result.stderr == "2 errors, 1 warning\n"


def test_validate_gives_a_program_the_same(project: Path) -> None:
    result = CliRunner().invoke(smp, ["--root", str(project), "validate", "-c", "model.yaml", "--format", "json"])
    first, _, last = json.loads(result.stdout)["findings"]
    assert first == {
        "rule": "SMP103",
        "severity": "error",
        "file": "model.yaml",
        "line": 1,
        "column": 43,
        "message": 'unknown key "epochs" in models.m.train',
        "hint": "",
    }
    assert last["severity"] == "warning"


def test_validate_takes_warnings_for_no_mistake(project: Path) -> None:
    (project / "model.yaml").write_text("conf: {models: {m: {train: {image_uri: i}, tune: }}}\n", encoding="utf-8")
    result = CliRunner().invoke(smp, ["validate", "--root", str(project), "-c", "model.yaml"])
    assert result.exit_code == 0
    assert result.stderr == "1 warning\n"


def test_every_option_that_says_where_the_configuration_lies_is_understood(project: Path) -> None:
    options = ["--framework-conf", "f.yaml", "-c", "x.yaml", "-e", "prod", "--env-file", "v.env", "--set", "models"]
    result = CliRunner().invoke(smp, ["--root", str(project), *options, "validate"])
    assert [line.split(". Try")[0] for line in result.stdout.splitlines()] == [
        '--config SMP111 no file matches "x.yaml"',
        '--env SMP114 there is no environment "prod": conf/environments/prod.yaml does not exist',
        "f.yaml SMP100 the file cannot be read: No such file or directory",
        "v.env SMP100 the file cannot be read: No such file or directory",
    ]
