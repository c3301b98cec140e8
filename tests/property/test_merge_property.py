"""Joining files is symmetric and loses nothing; laying one over another changes nothing but what the upper one says."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from itertools import permutations
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from framework.config.merge import join, overlay, override
from framework.config.reader import read_text
from framework.config.schema import same_keys
from framework.config.values import Map, entries, place_at

KEYS = st.sampled_from(["conf", "models", "sagemakerPipeline", "a", "b", "volume_size", "volume_size_in_gb", "hyperparams"])
SCALARS = st.sampled_from([None, True, False, 0, 1, 1.0, 1.5, "", "1", "x", "true"])
VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=2) | st.dictionaries(KEYS, inner, max_size=3), max_leaves=8)
FILES = st.lists(st.dictionaries(KEYS, VALUES, max_size=4).map(lambda conf: {"conf": conf}), min_size=1, max_size=4)


def trees_of(files: list[dict[str, Any]]) -> list[Map]:
    results = [read_text(json.dumps(content), f"{number}.json") for number, content in enumerate(files)]
    assert not [finding for result in results for finding in result.findings]
    return [result.tree for result in results if result.tree is not None]


def flat(tree: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every value of a tree with its path, its place, its text, and what it is."""
    for key, value in entries(tree):
        yield (*path, key), place_at(tree, [key]), tree.raw.get(key), type(value).__name__, repr(value)
        if isinstance(value, (dict, list)):
            yield from flat(value, (*path, key))


def leaves(tree: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[tuple[Any, ...], str]]:
    """Every value that is said, lists as a whole, under one of the names of its key."""
    for key, value in tree.items():
        here = (*path, min(same_keys().get(key, {key})))
        if isinstance(value, dict):
            yield from leaves(value, here)
        elif value is not None:
            yield here, repr(value)


@settings(max_examples=150, deadline=None)
@given(FILES)
def test_the_order_of_files_never_matters(files: list[dict[str, Any]]) -> None:
    trees = trees_of(files)
    before = copy.deepcopy([list(flat(tree)) for tree in trees])
    joined, findings = join(trees)
    for order in permutations(trees):
        other, others = join(order)
        assert list(flat(other)) == list(flat(joined))
        assert others == findings
    assert [list(flat(tree)) for tree in trees] == before


@settings(max_examples=200, deadline=None)
@given(FILES)
def test_files_that_do_not_disagree_lose_nothing(files: list[dict[str, Any]]) -> None:
    trees = trees_of(files)
    joined, findings = join(trees)
    anchors = [tree for tree in trees if tree["conf"].get("sagemakerPipeline") is not None]
    if not findings and len(anchors) < 2:
        said = {leaf for tree in trees for leaf in leaves(tree)}
        assert said == set(leaves(joined))


@settings(max_examples=200, deadline=None)
@given(FILES, KEYS, SCALARS, SCALARS)
def test_two_files_that_say_something_else_are_both_named(files: list[dict[str, Any]], key: str, one: Any, other: Any) -> None:
    differ = None not in (one, other) and (type(one), one) != (type(other), other)
    first, last = {"conf": {"own": {key: one}}}, {"conf": {"own": {key: other}}}
    _, findings = join(trees_of([first, *files, last]))
    about = [
        finding for finding in findings if finding.message.startswith(f"conf.own.{key} has another value here than at 0.json:")
    ]
    assert [finding.place.file for finding in about] == ([f"{len(files) + 1}.json"] if differ else [])


@settings(max_examples=150, deadline=None)
@given(FILES)
def test_a_file_joined_with_itself_or_with_nothing_is_itself(files: list[dict[str, Any]]) -> None:
    tree = trees_of(files)[0]
    assert join([tree])[0] == tree
    assert join([tree, Map()])[0] == tree
    assert overlay(tree, Map()) == tree
    assert overlay(Map(), tree) == tree


@settings(max_examples=150, deadline=None)
@given(FILES)
def test_what_lies_on_top_is_all_there(files: list[dict[str, Any]]) -> None:
    base, top = trees_of([files[0], files[-1]])
    before = list(flat(base))
    once = overlay(base, top)
    assert overlay(once, top) == once
    assert list(flat(base)) == before


@settings(max_examples=200, deadline=None)
@given(
    FILES,
    st.lists(st.sampled_from(["conf", "a", "b", "0", "1", "-1", "", "x", "²", "volume_size_in_gb"]), max_size=4),
    st.text(max_size=8),
)
def test_any_assignment_is_carried_out_or_answered(files: list[dict[str, Any]], path: list[str], value: str) -> None:
    tree, _ = join(trees_of(files))
    before = list(flat(tree))
    findings = override(tree, f"{'.'.join(path)}={value}")
    assert all(str(finding).startswith("--set") for finding in findings)
    if findings and any(finding.rule == "SMP112" and "form" in finding.message for finding in findings):
        assert list(flat(tree)) == before
