"""Paths of properties: what can be read, and that what was read is written as it was."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from framework.checks.paths import Index, Key, Member, Part, parts_of, step_and_path, written

READ: list[tuple[str, list[Part]]] = [
    ("", []),
    ("TrainingJobName", [Member("TrainingJobName")]),
    ("ModelArtifacts.S3ModelArtifacts", [Member("ModelArtifacts"), Member("S3ModelArtifacts")]),
    ("Outputs['a b'].Uri", [Member("Outputs"), Key("a b"), Member("Uri")]),
    ('Outputs["it\'s"]', [Member("Outputs"), Key("it's")]),
    ("List[0][12]", [Member("List"), Index(0), Index(12)]),
    ("['first']", [Key("first")]),
    ("a-b_c.1", [Member("a-b_c"), Member("1")]),
]


@pytest.mark.parametrize(("path", "parts"), READ)
def test_what_a_path_holds(path: str, parts: list[Part]) -> None:
    assert parts_of(path) == parts


@pytest.mark.parametrize("path", [
    ".a", "a.", "a..b", "a[", "a[]", "a[x]", "a['b]", "a['']", "a[-1]", "a b", "a['b'", "a[1]b", "a[0].", "[9999999999]", "ä",
])  # fmt: skip
def test_what_is_no_path(path: str) -> None:
    assert parts_of(path) is None


NAMES = st.from_regex(r"[A-Za-z0-9_-]+", fullmatch=True)
KEYS = st.text(min_size=1).filter(lambda key: "'" not in key and "\n" not in key)
PARTS = st.one_of(NAMES.map(Member), KEYS.map(Key), st.integers(0, 999_999_999).map(Index))


@given(st.lists(PARTS, max_size=6))
def test_what_was_written_is_read(parts: list[Part]) -> None:
    assert parts_of(written(parts)) == parts


@given(st.text(max_size=30))
def test_any_text_is_a_path_or_none(text: str) -> None:
    parts = parts_of(text)
    assert parts is None or parts_of(written(parts)) == parts


@pytest.mark.parametrize(("target", "expected"), [
    ("Steps.fit.ModelArtifacts.S3ModelArtifacts", ("fit", "ModelArtifacts.S3ModelArtifacts")),
    ("Steps.fit", ("fit", "")),
    ("Steps.fit.['a.b']", ("fit", "['a.b']")),
    ("Steps.a_b-1.x\ny", ("a_b-1", "x\ny")),
    ("Steps.", None),
    ("Steps", None),
    ("Steps.two words.x", None),
    ("Step.fit.x", None),
    ("Parameters.fit", None),
])  # fmt: skip
def test_which_step_is_meant(target: str, expected: tuple[str, str] | None) -> None:
    assert step_and_path(target) == expected
