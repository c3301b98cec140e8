"""Of every rule there is the smallest configuration in which what it is about is there and right: nothing is said of it.

The cases stand in the YAML files of the folder `clean`, a file for each hundred of rules. Each says what to spoil so that its rule,
and no other, is broken: what the rule is about is there indeed.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.functional.cases import WRITTEN, Case, read_cases, travelled

CASES = read_cases(Path(__file__).parent / "clean")


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.rule} {case}")
def test_nothing_is_said(case: Case, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    compiled, findings = travelled(case, tmp_path, monkeypatch)
    assert [str(finding) for finding in findings] == []
    assert compiled is not None
    assert compiled.definition["Steps"]


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.rule} {case}")
def test_its_rule_is_broken_where_it_is_spoilt(case: Case, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _, findings = travelled(case.spoilt(), tmp_path, monkeypatch)
    assert {finding.rule for finding in findings} == {case.rule}


def test_every_rule_has_a_case() -> None:
    assert [name for name in WRITTEN if name not in {case.rule for case in CASES}] == []


def test_each_case_stands_where_its_rule_is_looked_for() -> None:
    assert [str(case) for case in CASES if not case.name.startswith(f"{case.rule[3]}xx: ")] == []
    assert [case.rule for case in CASES] == sorted(case.rule for case in CASES)
