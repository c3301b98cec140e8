"""The reader: YAML and JSON in, values that know their places out."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest

from framework.config import reader
from framework.config.reader import plain_value, read_file, read_text, read_value
from framework.config.values import Map, Seq, place_at
from framework.findings import Place

TEXT = """\
# a comment
conf:
  models:
    "a b":   {train: {tags: [x, 'y']}}
  text: >
    folded
  last: end
"""


@pytest.mark.parametrize(
    ("path", "key", "value"),
    [
        (["conf"], (2, 1), (3, 3)),
        (["conf", "models"], (3, 3), (4, 5)),
        (["conf", "models", "a b"], (4, 5), (4, 14)),
        (["conf", "models", "a b", "train"], (4, 15), (4, 22)),
        (["conf", "models", "a b", "train", "tags"], (4, 23), (4, 29)),
        (["conf", "models", "a b", "train", "tags", 0], (4, 30), (4, 30)),
        (["conf", "models", "a b", "train", "tags", 1], (4, 33), (4, 33)),
        (["conf", "text"], (5, 3), (5, 9)),
        (["conf", "last"], (7, 3), (7, 9)),
        (["conf", "last", "deeper", 5], (7, 9), (7, 9)),
    ],
)
def test_every_key_and_value_knows_its_place(
    tree: Any, path: list[str | int], key: tuple[int, int], value: tuple[int, int]
) -> None:
    root = tree(TEXT)
    assert place_at(root, path, key=True) == Place("f.yaml", *key)
    assert place_at(root, path) == Place("f.yaml", *value)


def test_columns_count_characters_not_bytes(tree: Any) -> None:
    assert tree("é𝄞: {ü: x}").place_of("é𝄞") == Place("f.yaml", 1, 5)
    assert tree("é𝄞: {ü: x}")["é𝄞"].place_of("ü") == Place("f.yaml", 1, 9)


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_lines_end_as_they_like(tree: Any, newline: str) -> None:
    root = tree(TEXT.replace("\n", newline))
    assert place_at(root, ["conf", "last"]) == Place("f.yaml", 7, 9)
    assert root["conf"]["text"] == "folded\n"


def test_a_byte_order_mark_is_no_part_of_the_text(tmp_path: Path) -> None:
    path = tmp_path / "f.yaml"
    path.write_bytes("\ufeffconf: {a: b}\r\n".encode())
    result = read_file(path, "f.yaml")
    assert result.findings == []
    assert result.tree == {"conf": {"a": "b"}}
    assert result.tree.key_place_of("conf") == Place("f.yaml", 1, 1)


@pytest.mark.parametrize(("limit", "read"), [(19, False), (20, True)])
def test_a_file_may_be_as_large_as_the_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limit: int, read: bool) -> None:
    monkeypatch.setattr(reader, "MAX_BYTES", limit)
    path = tmp_path / "f.yaml"
    path.write_text("conf: {region: here}", encoding="utf-8")
    assert (read_file(path, "f.yaml").tree is not None) is read


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("", None), ("~", None), ("null", None), ("Null", None), ("NULL", None), ("nULL", "nULL"), ("None", "None"),
        ("true", True), ("True", True), ("TRUE", True), ("false", False), ("False", False), ("FALSE", False),
        ("yes", "yes"), ("No", "No"), ("on", "on"), ("OFF", "OFF"), ("y", "y"), ("tRue", "tRue"),
        ("0", 0), ("-0", 0), ("+12", 12), ("-12", -12), ("007", 7), ("0o17", 15), ("0x1F", 31), ("0X1f", "0X1f"), ("0b11", "0b11"),
        ("1_000", "1_000"), ("12:30:45", "12:30:45"), ("2024-05-01", "2024-05-01"), ("1.2.3", "1.2.3"),
        ("1.5", 1.5), ("1.", 1.0), (".5", 0.5), ("+.5e-3", 0.0005), ("1e3", 1000.0), ("-1E+2", -100.0), (".", "."), ("e5", "e5"),
        ("1e999", "1e999"), ("inf", "inf"), ("nan", "nan"), ("<<", "<<"), ("=", "="),
    ],
)  # fmt: skip
def test_scalars_mean_what_the_core_schema_of_yaml_1_2_says(text: str, value: Any) -> None:
    result = plain_value(text)
    assert result == value
    assert type(result) is type(value)


def test_numbers_of_any_length_are_read_in_time() -> None:
    assert plain_value("9" * 300) == 10**300 - 1
    assert plain_value("9" * 100_000) == "9" * 100_000


@pytest.mark.parametrize("written", ["'12'", '"12"', "!!str 12", "! 12", "|-\n  12"])
def test_what_is_quoted_is_text(tree: Any, written: str) -> None:
    root = tree(f"a: {written}\n")
    assert root == {"a": "12"}
    assert root.raw == {}


@pytest.mark.parametrize(("written", "value"), [("!!int 12", 12), ("!!float 1.5", 1.5), ("!!bool true", True), ("!!null ~", None)])
def test_tags_of_json_types_are_allowed(tree: Any, written: str, value: Any) -> None:
    assert tree(f"a: {written}\nb: !!map {{}}\nc: !!seq []\n") == {"a": value, "b": {}, "c": []}


def test_the_text_of_what_is_no_text_is_kept(tree: Any) -> None:
    root = tree("a: 012345678901\nb: 1.10\nc: True\nd: ~\ne:\nf: text\ng: [0x10, x, 1e3]\n")
    assert root == {"a": 12345678901, "b": 1.1, "c": True, "d": None, "e": None, "f": "text", "g": [16, "x", 1000.0]}
    assert root.raw == {"a": "012345678901", "b": "1.10", "c": "True", "d": "~", "e": ""}
    assert root["g"].raw == {0: "0x10", 2: "1e3"}


def test_keys_are_text_as_they_were_written(tree: Any) -> None:
    root = tree("1: a\n1.50: b\ntrue: c\n~: d\n? e\n: f\n'g h': i\n")
    assert root == {"1": "a", "1.50": "b", "true": "c", "~": "d", "e": "f", "g h": "i"}


def test_a_key_without_a_value_holds_nothing(tree: Any) -> None:
    root = tree("a:\nb: {c, d: }\n? e\n")
    assert root == {"a": None, "b": {"c": None, "d": None}, "e": None}


def test_an_alias_brings_the_value_and_its_raw_text_and_has_a_place_of_its_own(tree: Any) -> None:
    root = tree("a: &v 1.10\nb: *v\nc: [*v]\n")
    assert root == {"a": 1.1, "b": 1.1, "c": [1.1]}
    assert root.raw["b"] == root["c"].raw[0] == "1.10"
    assert root.place_of("b") == Place("f.yaml", 2, 4)


def test_what_an_alias_repeats_keeps_its_inner_places(tree: Any) -> None:
    root = tree("a: &v {k: [1]}\nb: *v\n")
    assert place_at(root, ["b"]) == Place("f.yaml", 2, 4)
    assert place_at(root, ["b", "k", 0]) == Place("f.yaml", 1, 12)


def test_an_anchor_may_be_set_again(tree: Any) -> None:
    assert tree("a: &v 1\nb: *v\nc: &v 2\nd: *v\n") == {"a": 1, "b": 1, "c": 2, "d": 2}


def test_an_alias_may_be_a_key(tree: Any) -> None:
    assert tree("a: &v x\n*v : 1\n") == {"a": "x", "x": 1}


def test_merge_keys_fill_in_what_the_mapping_does_not_say(tree: Any) -> None:
    root = tree(
        "base: &b {x: 1.10, y: 2}\nmore: &m {y: 3, z: 4}\nown: {y: 5, <<: *b}\nboth: {<<: [*b, *m]}\nlate: {<<: *m, y: 6}\n"
    )
    assert root["own"] == {"y": 5, "x": 1.1}
    assert root["both"] == {"x": 1.1, "y": 2, "z": 4}
    assert root["late"] == {"z": 4, "y": 6}
    assert root["own"].raw == {"y": "5", "x": "1.10"}
    assert root["own"].key_place_of("x") == Place("f.yaml", 1, 11)


def test_a_merge_over_a_merge(tree: Any) -> None:
    assert tree("a: &a {x: 1}\nb: &b {<<: *a, y: 2}\nc: {<<: *b, z: 3}\n")["c"] == {"z": 3, "y": 2, "x": 1}


def test_the_first_of_two_equal_keys_stays() -> None:
    result = read_text("a: 1\nb: 2\na: 3\n", "f.yaml")
    assert result.tree == {"a": 1, "b": 2}
    assert [str(finding) for finding in result.findings] == [
        'f.yaml:3:1 SMP102 the key "a" stands twice; the first is at f.yaml:1:1. Try: keep one of them.'
    ]


def test_a_stream_of_one_document_may_be_marked(tree: Any) -> None:
    assert tree("%YAML 1.2\n---\na: 1\n...\n") == {"a": 1}


JSON = """{
\t"conf": {"models": {"m":{"train":{"image_uri":"a\\/b","env":{"A": "\\ud83d\\ude00 \\\\ud83d \\u00e9"}}}},
\t\t"n": [1, -2.50, 1E3, true, null, {}]}}
"""


def test_json_is_read_with_places_like_yaml(tree: Any) -> None:
    root = tree(JSON, "f.json")
    assert root == json.loads(JSON)
    assert root["conf"]["n"].raw == {0: "1", 1: "-2.50", 2: "1E3", 3: "true", 4: "null"}
    assert place_at(root, ["conf", "n", 1]) == Place("f.json", 3, 12)
    assert place_at(root, ["conf", "models", "m"], key=True) == Place("f.json", 2, 22)


def test_json_numbers_of_any_length_are_read_in_time() -> None:
    result = read_text('{"a": ' + "9" * 100_000 + "}", "f.json")
    assert result.findings == []


@pytest.mark.parametrize("text", ["{'a': 1}", '{"a": 1,}', "{a: 1}", '{"a": 1} // x', '{"a": 01}', "a: 1", '{"a": "\t"}'])
def test_json_files_hold_json_and_not_yaml(text: str) -> None:
    result = read_text(text, "f.json")
    assert result.tree is None
    [finding] = result.findings
    assert finding.message.startswith("not valid JSON: ")


def test_only_a_file_called_json_is_held_to_json(tree: Any) -> None:
    assert tree('{"a": [1,],}', "f.yml") == {"a": [1]}


@pytest.mark.parametrize(
    ("text", "value", "raw"),
    [
        ("2", 2, "2"),
        ("1.10", 1.1, "1.10"),
        ("", None, None),
        ("text: with colons: here", "text: with colons: here", None),
        ("@x", "@x", None),
        ("[a, 1.10]", ["a", 1.1], None),
        ("{a: 1}", {"a": 1}, None),
        ("'2'", "2", None),
        ("\udcff", "\udcff", None),
    ],
)
def test_values_of_the_command_line_are_yaml_where_they_can_be(text: str, value: Any, raw: str | None) -> None:
    place = Place("--set a")
    result, result_raw, findings = read_value(text, place)
    assert (result, result_raw, findings) == (value, raw, [])
    if isinstance(result, (Map, Seq)):
        assert place_at(result, list(result)[:1] if isinstance(result, Map) else [0]) == place


def test_no_number_is_infinite() -> None:
    for text in ("1e308", "1e309", "-1e400", "9" * 310):
        value = plain_value(text)
        assert isinstance(value, str) or math.isfinite(value)
