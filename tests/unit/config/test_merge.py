"""Joining, overlaying and setting: several trees in, one out."""

from __future__ import annotations

from functools import reduce
from itertools import permutations
from typing import Any

import pytest

from framework.config.merge import join, overlay, override
from framework.config.values import place_at
from framework.findings import Place


def test_files_that_agree_are_joined_in_any_order(tree: Any) -> None:
    trees = [
        tree("conf: {a: 1, b: {c: [x]}, n: }", "a.yaml"),
        tree("conf: {b: {d: 2}, a: 1}", "b.yaml"),
        tree("conf: {b: {c: [x]}, n: {z: 1.10}}", "c.yaml"),
    ]
    for order in permutations(trees):
        joined, findings = join(order)
        assert joined == {"conf": {"a": 1, "b": {"c": ["x"], "d": 2}, "n": {"z": 1.1}}}
        assert findings == []
        assert place_at(joined, ["conf", "a"]) == Place("a.yaml", 1, 11)
        assert place_at(joined, ["conf", "n", "z"]) == Place("c.yaml", 1, 28)
        assert joined["conf"]["n"].raw == {"z": "1.10"}


def test_files_are_left_as_they_were(tree: Any) -> None:
    first, second = tree("conf: {b: {c: &l [x]}, d: *l}", "a.yaml"), tree("conf: {b: {e: 1}}", "b.yaml")
    joined, _ = join([first, second])
    assert override(joined, "b.c.0=y") == []
    assert first == {"conf": {"b": {"c": ["x"]}, "d": ["x"]}}
    assert joined == {"conf": {"b": {"c": ["y"], "e": 1}, "d": ["x"]}}


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("1", "2"), ("1", "'1'"), ("1", "true"), ("1", "1.0"), ("1.10", "1.1"), ("[a]", "[b]"), ("[1]", "[true]"), ("[a]", "a"),
        ("{x: 1}", "5"), ("{}", "[]"), ("[{x: 1}]", "[{x: 2}]"), ("[{x: 1}]", "[{y: 1}]"), ("[a, b]", "[b, a]"),
    ],
)  # fmt: skip
def test_two_values_of_one_key_are_named_both(tree: Any, one: str, other: str) -> None:
    trees = [tree(f"conf:\n  k: {one}\n", "a.yaml"), tree(f"conf: {{k: {other}}}", "b.yaml")]
    for order in permutations(trees):
        assert [str(finding) for finding in join(order)[1]] == [
            "b.yaml:1:8 SMP106 conf.k has another value here than at a.yaml:2:3. Try: keep one of the two."
        ]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("x", "'x'"),
        ("[1.10, {a: b}]", "[ 1.10, {'a': b} ]"),
        ("", "~"),
        ("{}", "{}"),
        ("", "5"),
        ("[{x: 1, y: 2}]", "[{y: 2, x: 1}]"),
    ],
)
def test_one_value_written_twice_is_no_mistake(tree: Any, one: str, other: str) -> None:
    assert join([tree(f"conf: {{k: {one}}}", "a.yaml"), tree(f"conf: {{k: {other}}}", "b.yaml")])[1] == []


def test_each_file_that_disagrees_with_the_first_is_named(tree: Any) -> None:
    trees = [tree(f"conf: {{k: {value}}}", name) for value, name in ((1, "c.yaml"), (2, "b.yaml"), (1, "a.yaml"), (3, "d.yaml"))]
    findings = join(trees)[1]
    assert [finding.place.file for finding in findings] == ["b.yaml", "d.yaml"]
    assert {finding.message for finding in findings} == {"conf.k has another value here than at a.yaml:1:8"}


def test_names_of_one_key_meet(tree: Any) -> None:
    trees = [
        tree("conf: {volume_size: 30, hyperparams: {a: 1}}", "a.yaml"),
        tree("conf: {volume_size_in_gb: 30, hyperparameters: {b: 2}}", "b.yaml"),
    ]
    joined, findings = join(trees)
    assert findings == []
    assert joined == {"conf": {"volume_size": 30, "hyperparams": {"a": 1, "b": 2}}}


def test_a_second_anchor_is_not_joined_into_the_first(tree: Any) -> None:
    one = tree("conf: {sagemakerPipeline: {pipelineName: a, models: {a: }}}", "a.yaml")
    other = tree("conf: {sagemakerPipeline: {pipelineName: b, models: {b: }}}", "b.yaml")
    joined, findings = join([other, one])
    assert (joined, findings) == (one, [])


def test_an_anchor_that_says_nothing_is_none(tree: Any) -> None:
    joined, _ = join([tree("conf: {sagemakerPipeline: }", "a.yaml"), tree("conf: {sagemakerPipeline: {models: {b: }}}", "b.yaml")])
    assert joined == {"conf": {"sagemakerPipeline": {"models": {"b": None}}}}


def test_what_lies_on_top_wins_and_keeps_its_place(tree: Any) -> None:
    base = tree("conf:\n  a: 1\n  b: {c: [x, y], d: 1}\n  volume_size: 30\n  e: 1\n", "base.yaml")
    top = tree("conf: {a: 1.10, b: {c: [z], n: {o: 1}}, volume_size_in_gb: 50, e: }", "top.yaml")
    result = overlay(base, top)
    assert result == {"conf": {"a": 1.1, "b": {"c": ["z"], "d": 1, "n": {"o": 1}}, "volume_size": 50, "e": None}}
    assert place_at(result, ["conf", "a"]) == Place("top.yaml", 1, 11)
    assert place_at(result, ["conf", "b", "d"]) == Place("base.yaml", 3, 21)
    assert place_at(result, ["conf", "volume_size"]) == Place("top.yaml", 1, 60)
    assert result["conf"].raw["a"] == "1.10"
    assert base["conf"]["b"] == {"c": ["x", "y"], "d": 1}


def test_a_mapping_over_something_else_and_the_other_way_round(tree: Any) -> None:
    assert overlay(tree("a: 1\nb: {c: 1}"), tree("a: {c: 1}\nb: 2")) == {"a": {"c": 1}, "b": 2}


PROJECT = "conf: {m: {volume_size: 30, tags: &tags [{Key: a, Value: b}], same: *tags, types: [x, 1.10], empty: }}"


@pytest.mark.parametrize(
    ("assignment", "path", "value"),
    [
        ("region=eu-west-1", ["region"], "eu-west-1"),
        ("conf.region=eu-west-1", ["region"], "eu-west-1"),
        (" region = eu-west-1 ", ["region"], "eu-west-1"),
        ("m.volume_size=", ["m", "volume_size"], None),
        ("m.volume_size=2", ["m", "volume_size"], 2),
        ("m.volume_size_in_gb=2", ["m", "volume_size"], 2),
        ("n.train.env.A=at: ten: o'clock", ["n", "train", "env", "A"], "at: ten: o'clock"),
        ("m.empty.x={y: [1]}", ["m", "empty", "x"], {"y": [1]}),
        ("m.tags.0.Value=a=b", ["m", "tags", 0, "Value"], "a=b"),
        ("m.types.0=[z]", ["m", "types", 0], ["z"]),
        ("m.types={}", ["m", "types"], {}),
    ],
)
def test_a_value_is_set(tree: Any, assignment: str, path: list[str | int], value: Any) -> None:
    root = tree(PROJECT)
    assert override(root, assignment) == []
    assert reduce(lambda owner, key: owner[key], path, root["conf"]) == value
    assert place_at(root, ["conf", *path]) == Place(f"--set {assignment.partition('=')[0].strip()}")


def test_nothing_else_changes(tree: Any) -> None:
    root, _ = join([tree(PROJECT)])
    assert override(root, "m.tags.0.Value=c") == []
    assert root["conf"]["m"] == {
        "volume_size": 30,
        "tags": [{"Key": "a", "Value": "c"}],
        "same": [{"Key": "a", "Value": "b"}],
        "types": ["x", 1.1],
        "empty": None,
    }


def test_the_text_of_what_is_set_is_kept(tree: Any) -> None:
    root = tree(PROJECT)
    for assignment in ("m.types.0=2.50", "m.types.1=y", "m.volume_size=0x10", "m.new=1.10"):
        assert override(root, assignment) == []
    assert root["conf"]["m"]["types"] == [2.5, "y"]
    assert root["conf"]["m"]["types"].raw == {0: "2.50"}
    assert root["conf"]["m"].raw == {"volume_size": "0x10", "new": "1.10", "empty": ""}


@pytest.mark.parametrize("assignment", ["", "m", "=1", "m..x=1", ".m=1", "m.=1", "conf=1", " = "])
def test_what_is_no_assignment_is_told_the_form(tree: Any, assignment: str) -> None:
    root = tree(PROJECT)
    assert [str(finding) for finding in override(root, assignment)] == [
        f'--set SMP112 "{assignment}" is not of the form a.b=value. Try: write --set models.NAME.train.instance_count=2.'
    ]
    assert root == tree(PROJECT)


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("m.volume_size.x", "conf.m.volume_size is neither a mapping nor a list"),
        ("m.types.0.x", "conf.m.types.0 is neither a mapping nor a list"),
        ("m.types.2", "the list conf.m.types has no element 2"),
        ("m.types.-1", "the list conf.m.types has no element -1"),
        ("m.types.x", "the list conf.m.types has no element x"),
        ("m.tags.²", "the list conf.m.tags has no element ²"),
        ("m.tags.9.Key", "the list conf.m.tags has no element 9"),
        (f"m.tags.{'9' * 5000}.Key", f"the list conf.m.tags has no element {'9' * 5000}"),
    ],
)
def test_a_path_that_leads_nowhere(tree: Any, path: str, message: str) -> None:
    root = tree(PROJECT)
    [finding] = override(root, f"{path}=1")
    assert (finding.rule, finding.place, finding.message) == ("SMP112", Place(f"--set {path}"), message)
    assert root == tree(PROJECT)
