"""Making a case that fails smaller for as long as it fails in the same way: fewer files, lines, members and characters."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from typing import Any

from tests.fuzz.case import Case

Fails = Callable[[Case], bool]
LONGEST = 4000
"""Of how many characters a text may be to be tried without each of them."""


def shrunk(case: Case, fails: Fails, seconds: float = 20.0) -> Case:
    """The smallest case found in that time."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        smaller = next((other for other in _smaller(case) if time.monotonic() < until and fails(other)), None)
        if smaller is None:
            break
        case = smaller
    return case


def _smaller(case: Case) -> Iterator[Case]:
    """Cases that are smaller by one thing, the big things first."""
    for name in case.files:
        if len(case.files) > 1:
            yield case.without_file(name)
    for options in _less_of(dict(case.options), 2):
        yield case.with_options(options)
    for name, content in case.files.items():
        for other in _less_content(content):
            if len(other) < len(content):
                yield case.with_file(name, other)


def _less_content(content: bytes) -> Iterator[bytes]:
    yield from (b"".join(part) for part in _without(content.splitlines(keepends=True)))
    try:
        tree = json.loads(content)
    except (ValueError, RecursionError):
        tree = None
    if isinstance(tree, (dict, list)):
        for less in _less_of(tree, 50):
            yield json.dumps(less, separators=(",", ":")).encode()
    if len(content) <= LONGEST:
        yield from map(bytes, _without(content))


def _without(parts: Any) -> Iterator[Any]:
    """A sequence without a piece of it: half of it, a quarter, … one."""
    size = (len(parts) + 1) // 2
    while size:
        for start in range(0, len(parts), size):
            yield parts[:start] + parts[start + size :]
        size //= 2


def _less_of(tree: Any, depth: int) -> Iterator[Any]:
    """A tree without one of its members, or with one of its members in the place of the tree."""
    if depth == 0 or not isinstance(tree, (dict, list)):
        return
    if isinstance(tree, dict):
        yield from ({key: value for key, value in tree.items() if key != gone} for gone in tree)
        for key, value in tree.items():
            yield from ({**tree, key: less} for less in _less_of(value, depth - 1))
    else:
        yield from _without(tree)
        for index, value in enumerate(tree):
            yield from ([*tree[:index], less, *tree[index + 1 :]] for less in _less_of(value, depth - 1))
