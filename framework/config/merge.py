"""Joining the configuration trees of several files into one.

`join` is symmetric: files that agree are joined whatever their order, files that do not are a finding that names both places.
`overlay` is not: what lies on top wins, and keeps its own place.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from framework.config.reader import read_value
from framework.config.schema import same_keys
from framework.config.values import Map, Seq, dotted, entries, is_utf8, quoted
from framework.config.values import Path as ValuePath
from framework.findings import Finding, Place

_EITHER = {"image": "image_uri", "image_uri": "image"}
"""Keys that say the same thing: of two layers, the upper one's counts."""

_PARAMETERS = ("conf", "sagemakerPipeline", "parameters")
ANCHOR = ("conf", "sagemakerPipeline")


def join(trees: Iterable[Map]) -> tuple[Map, list[Finding]]:
    """All trees in one, and a finding for each key that two of them set to different values; their order does not matter."""
    findings: list[Finding] = []
    result = Map()
    for tree in sorted(trees, key=lambda tree: tree.place):
        _join_into(result, tree, (), findings)
    return result, findings


def _join_into(target: Map, source: Map, path: ValuePath, findings: list[Finding]) -> None:
    for source_key, value in source.items():
        key = _existing(target, source_key)
        here, held = (*path, key), target.get(key)
        if key not in target or (held is None and value is not None):
            _take(target, key, source, source_key)
        elif value is None or here == ANCHOR:  # that there are two anchors is said elsewhere
            continue
        elif isinstance(value, Map) and isinstance(held, Map):
            _join_into(held, value, here, findings)
        elif _content(value, source.raw.get(source_key)) != _content(held, target.raw.get(key)):
            findings.append(_conflict(here, target.key_place_of(key), source.key_place_of(source_key)))


def _existing(target: Map, key: str) -> str:
    """The name under which `target` holds the key already, if it has several names; else the key itself."""
    if key in target:
        return key
    return next((name for name in sorted(same_keys().get(key, ())) if name in target), key)


def _take(target: Map, key: str, source: Map, source_key: str) -> None:
    target.take(key, source, source_key)
    target[key] = copied(target[key])


def copied(value: Any) -> Any:
    """A tree of its own: what is joined into it or set in it shows neither in the file's tree nor where an alias repeats it."""
    if isinstance(value, Map):
        copy = Map(value.place)
        for key in value:
            _take(copy, key, value, key)
        return copy
    if isinstance(value, Seq):
        elements = Seq(value.place)
        for index, item in enumerate(value):
            elements.add(copied(item), value.place_of(index), value.raw.get(index))
        return elements
    return value


def _content(value: Any, raw: str | None) -> Any:
    """What two values must have in common to be one: 1.10 is not 1.1, and 1 is not true."""
    if isinstance(value, (Map, Seq)):
        return type(value), [(key, _content(item, value.raw.get(key))) for key, item in sorted(entries(value))]
    return type(value), value if raw is None else raw


def _conflict(path: ValuePath, one: Place, other: Place) -> Finding:
    first, second = sorted((one, other))
    return Finding("SMP106", second, f"{dotted(path)} has another value here than at {first}", "keep one of the two")


def overlay(base: Map, top: Map) -> Map:
    """`base` with the values of `top` over it: mappings are merged, everything else is replaced."""
    result: Map = copied(base)
    for top_key, value in top.items():
        key = _existing(result, top_key)
        if isinstance(value, Map) and isinstance(result.get(key), Map):
            merged = overlay(result[key], value)
            result.put(key, merged, result.key_place_of(key), result.place_of(key))
        else:
            below = base if key in base else None
            if _EITHER.get(key) in result:
                result.drop(_EITHER[key])
            _take(result, key, top, top_key)
            if below is not None:
                result.cover(key, below)
    return result


def override(tree: Map, assignment: str) -> list[Finding]:
    """Apply one `a.b.c=value` of the command line to the tree, in place; elements of lists are addressed by their number."""
    if not is_utf8(assignment):
        return [Finding("SMP112", Place("--set"), f"{quoted(assignment)} is not UTF-8 text", "write it in UTF-8")]
    path_text, equals, value_text = assignment.partition("=")
    place = Place(f"--set {path_text.strip()}")
    parts = path_text.strip().split(".")
    if not equals or not all(parts) or parts == ["conf"]:
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
    prefix = [] if parts[0] == "conf" else ["conf"]
    if tuple([*prefix, *parts][:-1]) == _PARAMETERS and not isinstance(value, (Map, Seq)):
        declared = _value_at(tree, [*prefix, *parts])
        parts += ["default"] if isinstance(declared, Map) else []  # its type and limits hold on
    _set(tree, prefix, parts, value, raw, place, findings)
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
            findings.append(_no_such(tree, parents[: depth + 1], place))
            return
        tree = below
    if isinstance(tree, Map):
        below, last = copied(tree), _existing(tree, last)
        tree.put(last, value, place, place, raw)
        tree.replaced.pop(last, None)
        if last in below:
            tree.cover(last, below)
    elif (index := _index(tree, last)) is not None:
        tree.replace(index, value, place, raw)
    else:
        findings.append(_no_such(tree, [*parents, last], place))


def _value_at(tree: Any, path: Sequence[str]) -> Any:
    """What stands at a path of keys; None where nothing does."""
    for part in path:
        tree = tree.get(part) if isinstance(tree, Map) else None
    return tree


def _child(tree: Map | Seq, part: str) -> Any:
    if isinstance(tree, Map):
        return tree.get(part)
    index = _index(tree, part)
    return None if index is None else tree[index]


def _index(tree: Seq, part: str) -> int | None:
    """The number of an element that exists."""
    return int(part) if part.isdecimal() and len(part) < 10 and int(part) < len(tree) else None


def _no_such(tree: Map | Seq, parts: list[str], place: Place) -> Finding:
    *above, last = parts
    if isinstance(tree, Seq) and _index(tree, last) is None:
        message = f"the list {'.'.join(above)} has no element {last}"
    else:
        message = f"{'.'.join(parts)} is neither a mapping nor a list"
    return Finding("SMP112", place, message, "check the path given to --set; elements of lists are counted from 0")
