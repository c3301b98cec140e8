"""Whatever the files hold, the road ends in time, with a definition or with findings that point into the files."""

from __future__ import annotations

import copy
import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from framework.config.load import Sources
from framework.config.reader import FileTree, read_file, read_text
from framework.config.values import Map, Seq, entries
from framework.findings import Finding, FindingsError
from framework.road import travel

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
VALID = [path.read_text(encoding="utf-8") for path in sorted(EXAMPLES.glob("**/conf/conf.yaml"))]
VARIABLES = {
    "SMP_ACCOUNTID": "111122223333",
    "SMP_S3BUCKETNAME": "models",
    "SMP_ROLE": "arn:aws:iam::111122223333:role/pipelines",
    "SMP_REGION": "eu-west-1",
}
IN_TIME = timedelta(seconds=2)

NAMES = st.sampled_from(["f.yaml", "f.json"])
TOKENS = st.sampled_from(
    [
        "a", "conf", ": ", ":", "\n", "\r\n", "  ", "- ", "[", "]", "{", "}", ",", "&a ", "*a", "<<: ", "'", '"', "!!str ", "!x ",
        "|", ">", "#", "---\n", "...\n", "%YAML 1.1\n", "? ", "\t", "\0", "\x85", "\u2028", "\ufeff", "1", "~", ".nan", "é", "𝄞",
        "\\", "\\ud83d", "@",
    ]
)  # fmt: skip
TEXTS = (
    st.text(max_size=60)
    | st.lists(TOKENS, max_size=40).map("".join)
    | st.lists(TOKENS, max_size=30).map("".join).map("conf: ".__add__)
)

KEYS = st.text(max_size=8).filter(lambda key: key.isprintable() and key != "<<")
JSON_SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(10**40), 10**40)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=12)
)
JSON = st.recursive(
    JSON_SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=20,
)

ODD = st.sampled_from(
    ["x", "", None, 5, -1, 2.5, True, [], {}, ["a"], {"a": 1}, "${X}", "SMP_X", "${", "s3://SMP_X/y", [None], [[]], [{}], "a >> b",
     10**40, "1e999", "²", "+-3", "\x07", "a b", "train", {"train": None}, [5, {"Key": "a"}]]
)  # fmt: skip


def assert_well_formed(findings: list[Finding] | tuple[Finding, ...], text: str) -> None:
    lines = text.count("\n") + text.count("\r") + text.count("\x85") + text.count("\u2028") + text.count("\u2029") + 1
    for finding in findings:
        assert finding.rule.startswith("SMP")
        assert finding.message
        assert finding.rule > "SMP2" or str(finding).isprintable()
        assert 0 <= finding.place.line <= lines + 1
        assert finding.place.line == 0 or finding.place.column >= 1


def assert_every_value_has_a_place(tree: Map | Seq) -> None:
    for key, value in entries(tree):
        assert tree.place_of(key).line >= 1
        if isinstance(value, (Map, Seq)):
            assert_every_value_has_a_place(value)


def assert_answered(result: FileTree, text: str) -> None:
    assert_well_formed(result.findings, text)
    if result.tree is None:
        assert result.findings
    else:
        assert_every_value_has_a_place(result.tree)


@settings(max_examples=400, deadline=IN_TIME)
@given(TEXTS, NAMES)
def test_any_text_is_read_or_answered(text: str, name: str) -> None:
    assert_answered(read_text(text, name), text)


@settings(max_examples=100, deadline=IN_TIME, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=st.binary(max_size=80))
def test_any_bytes_are_read_or_answered(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "f.yaml"
    path.write_bytes(content)
    assert_answered(read_file(path, "f.yaml"), content.decode("utf-8", "replace"))


@settings(max_examples=200, deadline=IN_TIME)
@given(st.dictionaries(KEYS, JSON, min_size=1, max_size=4), st.sampled_from([None, 1, "\t"]))
def test_json_means_what_json_says(value: dict[str, Any], indent: int | str | None) -> None:
    result = read_text(json.dumps(value, indent=indent), "f.json")
    assert result.findings == []
    assert result.tree == value
    assert json.dumps(result.tree) == json.dumps(value)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A folder with the scripts of the examples."""
    (tmp_path / "examples").symlink_to(EXAMPLES)
    return tmp_path


def findings_of(root: Path, text: str) -> tuple[Finding, ...]:
    (root / "f.yaml").write_text(text, encoding="utf-8", newline="")
    try:
        return travel(Sources(root, patterns=("f.yaml",)), VARIABLES)[1]
    except FindingsError as error:
        assert error.findings
        return error.findings


@pytest.mark.parametrize("text", VALID)
def test_the_texts_that_are_changed_are_valid(root: Path, text: str) -> None:
    findings = findings_of(root, text)
    assert [finding for finding in findings if finding.rule != "SMP201"] == []  # a model of the other file is missing


@settings(max_examples=150, deadline=IN_TIME, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data(), text=st.sampled_from(VALID))
def test_any_change_to_the_text_of_a_configuration_is_answered(root: Path, data: st.DataObject, text: str) -> None:
    for _ in range(data.draw(st.integers(1, 3))):
        start = data.draw(st.integers(0, len(text)))
        end = data.draw(st.integers(start, min(len(text), start + 60)))
        text = text[:start] + data.draw(st.just("") | TOKENS | st.text(max_size=5)) + text[end:]
    assert_well_formed(findings_of(root, text), text)


def owners(tree: Any) -> list[tuple[Any, Any]]:
    """Every (mapping or list, key) of a tree."""
    pairs = tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else ()
    return [pair for key, value in pairs for pair in ((tree, key), *owners(value))]


@settings(max_examples=200, deadline=IN_TIME, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data(), text=st.sampled_from(VALID))
def test_any_change_to_the_values_of_a_configuration_is_answered(root: Path, data: st.DataObject, text: str) -> None:
    tree = json.loads(json.dumps(read_text(text, "f.yaml").tree))
    for _ in range(data.draw(st.integers(1, 3))):
        places = owners(tree)
        if not places:
            break
        owner, key = data.draw(st.sampled_from(places))
        kind = data.draw(st.sampled_from(["replace", "remove", "rename"]))
        if kind == "replace":
            owner[key] = copy.deepcopy(data.draw(ODD))
        elif kind == "remove" or isinstance(owner, list):
            del owner[key]
        else:
            owner[data.draw(st.text(max_size=6))] = owner.pop(key)
    changed = json.dumps(tree, indent=1, ensure_ascii=False)
    assert_well_formed(findings_of(root, changed), changed)
