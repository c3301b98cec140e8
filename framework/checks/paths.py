"""The path of a property in the service's notation, taken apart: a.b['c d'][0] in, its parts out."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TypeAlias

_PART = re.compile(
    r"(?:^|\.)(?P<name>[A-Za-z0-9_-]+)|\[(?P<index>[0-9]{1,9})\]|\[(?P<quote>['\"])(?P<key>(?:(?!(?P=quote)).)+)(?P=quote)\]"
)
_STEP = re.compile(r"Steps\.(?P<step>[A-Za-z0-9_-]+)(?:\.(?P<path>.+))?\Z", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Member:
    """`.name`: a member of a structure."""

    name: str


@dataclass(frozen=True, slots=True)
class Key:
    """`['key']`: an entry of a map, or the element of a list that has this name."""

    key: str


@dataclass(frozen=True, slots=True)
class Index:
    """`[0]`: an element of a list."""

    index: int


Part: TypeAlias = "Member | Key | Index"


def parts_of(path: str) -> list[Part] | None:
    """The parts of a path, None where it cannot be read."""
    parts: list[Part] = []
    position = 0
    while position < len(path):
        match = _PART.match(path, position)
        if match is None or (position == 0 and path.startswith(".")):
            return None
        parts.append(_part(match))
        position = match.end()
    return parts


def _part(match: re.Match[str]) -> Part:
    if match["name"] is not None:
        return Member(match["name"])
    return Key(match["key"]) if match["index"] is None else Index(int(match["index"]))


def step_and_path(target: str) -> tuple[str, str] | None:
    """The step and the path that `Steps.NAME.PATH` names; None where it names none. A step without a path has the path ""."""
    match = _STEP.match(target)
    return (match["step"], match["path"] or "") if match else None


def written(parts: list[Part]) -> str:
    """Parts as the service writes them."""
    text = ""
    for part in parts:
        if isinstance(part, Member):
            text += f".{part.name}" if text else part.name
        else:
            text += f"[{part.index}]" if isinstance(part, Index) else f"['{part.key}']"
    return text
