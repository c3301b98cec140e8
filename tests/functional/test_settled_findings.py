"""What comments and settings make of findings: what is taken back is not there, what is made more or less counts as such."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from framework.findings import ERROR, WARNING
from tests.functional.cases import Case, travelled

Said = Callable[..., list[tuple[str, str]]]
MODEL = "conf:\n  models: {m: {train: {image_uri: i, max_runtime_seconds: 500000}}}"
WRONG = MODEL.replace("max_runtime_seconds: 500000", "arguments: {EnableManagedSpotTraining: 1}")


@pytest.fixture
def said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Said:
    """What is said of a model: each finding's rule and severity."""

    def run(model: str, severity: str = "", **options: dict[str, str]) -> list[tuple[str, str]]:
        conf = f"conf: {{checks: {{severity: {{{severity}}}}}}}\n" if severity else "conf: {region: eu-west-1}\n"
        files = {"conf/conf.yaml": conf.encode(), "model.yaml": f"{model}\n".encode(), "src/a.py": b""}
        _, findings = travelled(Case("", files, **options), tmp_path, monkeypatch)
        return [(finding.rule, finding.severity) for finding in findings]

    return run


@pytest.mark.parametrize(("severity", "expected"), [
    ("", [("SMP512", WARNING)]),
    ("SMP512: warning", [("SMP512", WARNING)]),
    ("SMP512: error", [("SMP512", ERROR)]),
    ("SMP512: off", []),
])  # fmt: skip
def test_a_warning_may_be_more_or_nothing(said: Said, severity: str, expected: list[tuple[str, str]]) -> None:
    assert said(MODEL, severity) == expected


@pytest.mark.parametrize(("severity", "expected"), [
    ("", [("SMP402", ERROR)]),
    ("SMP402: warning", [("SMP402", WARNING)]),
    ("SMP402: off", []),
])  # fmt: skip
def test_an_error_that_does_not_block_may_be_less(said: Said, severity: str, expected: list[tuple[str, str]]) -> None:
    assert said(WRONG, severity) == expected


@pytest.mark.parametrize(("link", "expected"), [
    ("nowhere", []),
    ("../conf/conf.yaml", [("SMP125", ERROR), ("SMP703", ERROR)]),
])  # fmt: skip
def test_of_a_rule_that_blocks_only_the_warnings_may_be_less(said: Said, link: str, expected: list[tuple[str, str]]) -> None:
    model = "conf: {models: {m: {source_directory: src, train: {image_uri: i, entry_point: a.py}}}}"
    assert said(model, "SMP703: off", links={"src/b": link}) == expected


@pytest.mark.parametrize("model", [
    f"{MODEL}  # smp: ignore SMP512 because the account has more",
    f"{MODEL}  #smp:ignore SMP512 because the account has more",
    MODEL.replace("  models", "  # smp: ignore SMP512 because the account has more\n\n  # and\n  models"),
    MODEL.replace(" {m:", "\n    # smp: ignore SMP512 because a line of its own\n    {m:"),
])  # fmt: skip
def test_a_comment_takes_back_the_findings_of_its_line(said: Said, model: str) -> None:
    assert said(model) == []


def test_a_comment_takes_back_an_error_that_does_not_block(said: Said) -> None:
    assert said(f"{WRONG}  # smp: ignore SMP402 because it is on trial") == []


def test_what_is_wrong_with_comments_may_be_less_too(said: Said) -> None:
    needless = MODEL.replace(", max_runtime_seconds: 500000", "") + "  # smp: ignore SMP512 because it is long"
    assert said(needless) == [("SMP126", WARNING)]
    assert said(needless, "SMP126: off") == []
    assert said(needless.partition(" because")[0], "SMP125: warning") == [("SMP125", WARNING)]


@pytest.mark.parametrize("text", [
    '"# smp: ignore SMP512 because it is quoted"',
    "'it''s # smp: ignore'",
    ">-\n      the first line\n\n      # smp: ignore SMP999",
    "|\n      # smp: ignore\n      # smp: ignore SMP512",
])  # fmt: skip
def test_a_text_is_no_comment(said: Said, text: str) -> None:
    pipeline = f"\n  sagemakerPipeline:\n    models: {{m: }}\n    description: {text}"
    assert said(MODEL + pipeline) == [("SMP512", WARNING)]


def test_a_comment_at_the_beginning_of_a_block_of_text_is_one(said: Said) -> None:
    pipeline = "\n  sagemakerPipeline:\n    models: {m: }\n    description: | # smp: ignore SMP512 because\n      text"
    assert said(MODEL + pipeline) == [("SMP512", WARNING), ("SMP125", ERROR)]
