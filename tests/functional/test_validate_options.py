"""What `smp validate` leaves out and looks at: --select, --ignore, --definition; comments and settings that take findings back."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from framework.cli import smp
from tests.functional.cases import STOPPED, VARIABLES

MODEL = """\
conf:
  models:
    m: {train: {image_uri: i, max_runtime_seconds: 500000}, tune: }
"""
QUOTA = "model.yaml:3:52 SMP512 warning: m-Training may run 500,000 seconds, more than the default quota of 432,000 (developer guide, feature-store-feature-processor-quotas). Try: ask for a higher quota with aws service-quotas, or ask for less."  # noqa: E501
UNUSED = (
    'model.yaml:3:61 SMP116 warning: no step of the model "m" uses its section "tune". Try: add a step that does, or remove it.'
)
Validate = Callable[..., Result]


@pytest.fixture
def validate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Validate:
    for name, value in VARIABLES.items():
        monkeypatch.setenv(name, value)
    (tmp_path / "model.yaml").write_text(MODEL, encoding="utf-8")

    def run(*words: str) -> Result:
        return CliRunner().invoke(smp, ["validate", "--root", str(tmp_path), "-c", "model.yaml", *words])

    return run


def said(result: Result) -> list[str]:
    return [line for line in result.stdout.splitlines() if line.startswith("model.yaml:")]


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ([], [QUOTA, UNUSED]),
        (["--select", "SMP5"], [QUOTA]),
        (["--select", "smp512"], [QUOTA]),
        (["--select", "SMP1,SMP512"], [QUOTA, UNUSED]),
        (["--select", "SMP1", "--select", "SMP5"], [QUOTA, UNUSED]),
        (["--ignore", "SMP1"], [QUOTA]),
        (["--select", "SMP1", "--ignore", "SMP116"], []),
    ],
)
def test_rules_are_chosen_by_what_their_ids_begin_with(validate: Validate, words: list[str], expected: list[str]) -> None:
    result = validate(*words)
    assert said(result) == expected
    assert result.exit_code == 0


@pytest.mark.parametrize("option", ["--select", "--ignore"])
@pytest.mark.parametrize("word", ["SMP99", "", "SMP1,", "103"])
def test_a_rule_that_does_not_exist_cannot_be_chosen(validate: Validate, option: str, word: str) -> None:
    result = validate(option, word)
    assert result.exit_code == 2
    assert f"Invalid value for {option}: no rule begins with" in result.stderr


def test_what_stops_everything_cannot_be_left_out(validate: Validate, tmp_path: Path) -> None:
    text = "conf: {models: {m: {train: {image_uri: i, epochs: 3, env: {A: AKIAIOSFODNN7EXAMPLE}}}}}\n"
    (tmp_path / "model.yaml").write_text(text, encoding="utf-8")
    for words in (["--ignore", "SMP103"], ["--select", "SMP6"]):
        result = validate(*words)
        assert said(result) == ['model.yaml:1:43 SMP103 unknown key "epochs" in models.m.train.']
        assert (result.exit_code, result.stderr) == (1, "1 error\n" + STOPPED)


def test_what_is_left_out_counts_for_nothing(validate: Validate, tmp_path: Path) -> None:
    (tmp_path / "model.yaml").write_text("conf: {models: {m: {train: {image_uri: i, env: {A: AKIAIOSFODNN7EXAMPLE}}}}}\n")
    assert validate().exit_code == 1
    result = validate("--ignore", "SMP602")
    assert (result.exit_code, result.stdout, result.stderr) == (0, "", "no findings\n")


def test_the_account_is_asked_for_its_rules(validate: Validate) -> None:
    result = validate("--select", "SMP904")
    assert result.exit_code == 2
    assert "rules that begin with SMP9 go with --live, which asks the account" in result.stderr


def test_a_comment_in_a_script_or_in_requirements_takes_findings_back(validate: Validate, tmp_path: Path) -> None:
    model = "conf: {models: {m: {source_directory: src, preprocess: {image_uri: i, entry_point: p.py, channels: [t]}}}}\n"
    (tmp_path / "model.yaml").write_text(model, encoding="utf-8")
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "p.py").write_text("x = (\n", encoding="utf-8")
    (tmp_path / "src" / "requirements.txt").write_text("numpy==\n", encoding="utf-8")
    assert [line.split()[1] for line in validate().stdout.splitlines() if line.startswith("src/")] == ["SMP704", "SMP705"]
    (tmp_path / "src" / "p.py").write_text("# smp: ignore SMP704 because a newer Python reads it\nx = (\n", encoding="utf-8")
    (tmp_path / "src" / "requirements.txt").write_text("numpy==  # smp: ignore SMP705 because it is filled in\n", encoding="utf-8")
    result = validate()
    assert (result.exit_code, result.stdout) == (0, "")


DEFINITION = """\
{"Version": "2020-12-01", "Parameters": [],
 "Steps": [{"Name": "fit", "Type": "Training", "Arguments": {
   "AlgorithmSpecification": {"TrainingImage": "i", "TrainingInputMode": "Fil"}, "RoleArn": "arn:aws:iam::111122223333:role/r",
   "OutputDataConfig": {"S3OutputPath": "s3://b/o"}, "StoppingCondition": {}, "ResorceConfig": {}}}]}
"""


def test_a_definition_is_checked_where_it_was_written(validate: Validate, tmp_path: Path) -> None:
    path = tmp_path / "other.json"
    path.write_text(DEFINITION, encoding="utf-8")
    result = validate("--definition", str(path), "--format", "json")
    found = [(each["rule"], each["line"], each["column"], each["message"]) for each in json.loads(result.stdout)["findings"]]
    assert found == [
        ("SMP404", 3, 74, 'fit: TrainingInputMode is "Fil", which is no value of TrainingInputMode'),
        ("SMP401", 4, 79, "fit: CreateTrainingJobRequest has no member ResorceConfig"),
    ]
    assert result.exit_code == 1


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("[]", "SMP101 the file does not hold a mapping. Try: it must be a mapping of Version, Parameters and Steps."),
        ("{", "SMP101 not valid JSON: Expecting property name enclosed in double quotes."),
        ("", "SMP101 not valid JSON: Expecting value."),
    ],
)
def test_what_is_no_definition(validate: Validate, tmp_path: Path, content: str, message: str) -> None:
    path = tmp_path / "other.json"
    path.write_text(content, encoding="utf-8")
    result = validate("--definition", str(path))
    assert result.stdout.splitlines()[0].endswith(message)
    assert result.exit_code == 1
