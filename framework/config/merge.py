"""Joining the configuration trees of several files into one.

`join` is symmetric: files that agree are joined whatever their order, files that do not are a finding that names both places.
`overlay` is not: what lies on top wins, and keeps its own place.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from framework.config.reader import read_value
from framework.config.schema import same_keys
from framework.config.values import Map, Seq, dotted
from framework.config.values import Path as ValuePath
from framework.findings import Finding, Place


def join(trees: Sequence[Map]) -> tuple[Map, list[Finding]]:
    """All trees in one, and a finding for each key that two of them set to different values."""
    findings: list[Finding] = []
    result = Map()
    for tree in trees:
        _join_into(result, tree, (), findings)
    return result, findings


def _join_into(target: Map, source: Map, path: ValuePath, findings: list[Finding]) -> None:
    for source_key, value in source.items():
        key = _existing(target, source_key)
        here = (*path, key)
        if key not in target:
            target.take(key, source)
            if isinstance(value, Map):  # a copy, so that later trees are not joined into a file's own tree
                target[key] = _copied(value)
        elif isinstance(value, Map) and isinstance(target[key], Map):
            _join_into(target[key], value, here, findings)
        elif here == ("conf", "sagemakerPipeline"):
            continue
        elif value is not None and target[key] is None:
            target.take(key, source, source_key)
        elif value is not None and value != target[key]:
            findings.append(_conflict(here, target.key_place_of(key), source.key_place_of(source_key)))


def _existing(target: Map, key: str) -> str:
    """The name under which `target` holds the key already, if it has several names; else the key itself."""
    if key in target:
        return key
    return next((name for name in sorted(same_keys().get(key, ())) if name in target), key)


def _copied(tree: Map) -> Map:
    copy = Map(tree.place)
    for key, value in tree.items():
        copy.take(key, tree)
        if isinstance(value, Map):
            copy[key] = _copied(value)
    return copy


def _conflict(path: ValuePath, one: Place, other: Place) -> Finding:
    first, second = sorted((one, other))
    return Finding("SMP106", second, f"{dotted(path)} has another value here than at {first}", "keep one of the two")


def overlay(base: Map, top: Map) -> Map:
    """`base` with the values of `top` over it: mappings are merged, everything else is replaced."""
    result = _copied(base)
    for top_key, value in top.items():
        key = _existing(result, top_key)
        if isinstance(value, Map) and isinstance(result.get(key), Map):
            merged = overlay(result[key], value)
            result.put(key, merged, result.key_place_of(key), result.place_of(key))
        else:
            result.take(key, top, top_key)
    return result


def override(tree: Map, assignment: str) -> list[Finding]:
    """Apply one `a.b.c=value` of the command line to the tree, in place; elements of lists are addressed by their number."""
    path_text, equals, value_text = assignment.partition("=")
    place = Place(f"--set {path_text.strip()}")
    parts = path_text.strip().split(".")
    if not equals or not all(parts):
        return [
            Finding(
                "SMP112",
                Place("--set"),
                f'"{assignment}" is not of the form a.b=value',
                "write --set models.NAME.train.instance_count=2",
            )
        ]
    value, raw, findings = read_value(value_text.strip(), place)
    if findings:
        return findings
    _set(tree, [] if parts[0] == "conf" else ["conf"], parts, value, raw, place, findings)
    return findings


def _set(
    tree: Any, prefix: list[str], parts: list[str], value: Any, raw: str | None, place: Place, findings: list[Finding]
) -> None:
    *parents, last = [*prefix, *parts]
    for depth, part in enumerate(parents):
        part = _existing(tree, part) if isinstance(tree, Map) else part
        below = _child(tree, part)
        if below is None and isinstance(tree, Map):
            below = Map(place)
            tree.put(part, below, place, place)
        if not isinstance(below, (Map, Seq)):
            findings.append(_no_such(parents[: depth + 1], place))
            return
        tree = below
    if isinstance(tree, Map):
        tree.put(_existing(tree, last), value, place, place, raw)
    elif last.isdigit() and int(last) < len(tree):
        tree[int(last)] = value
        tree.places[int(last)] = place
    else:
        findings.append(_no_such([*parents, last], place))


def _child(tree: Map | Seq, part: str) -> Any:
    if isinstance(tree, Map):
        return tree.get(part)
    return tree[int(part)] if part.isdigit() and int(part) < len(tree) else None


def _no_such(parts: list[str], place: Place) -> Finding:
    return Finding(
        "SMP112", place, f"{'.'.join(parts)} is not a mapping, nor an element that exists", "check the path given to --set"
    )
