"""Values that know where they were written: `Map` and `Seq` are plain dict and list that also carry the places of what they hold.

A place travels with its value through merging, substitution and defaults, so that whatever is found wrong later can be shown at
its file and line.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from framework.findings import NOWHERE, Place

Path = tuple[str | int, ...]


class Map(dict[str, Any]):
    """A mapping of a configuration file.

    Attributes:
        place: where the mapping begins.
        key_places, places: where each key, and each value, was written.
        raw: the text of each scalar that is not a string, as it stood in the file (`007`, `1.10`, `yes`).
        replaced: for keys that several layers of the configuration set, what lies below the value: (value, place), nearest first.
    """

    __slots__ = ("key_places", "place", "places", "raw", "replaced")

    def __init__(self, place: Place = NOWHERE) -> None:
        super().__init__()
        self.place = place
        self.key_places: dict[str, Place] = {}
        self.places: dict[str, Place] = {}
        self.raw: dict[str, str] = {}
        self.replaced: dict[str, tuple[tuple[Any, Place], ...]] = {}

    def put(self, key: str, value: Any, key_place: Place, place: Place, raw: str | None = None) -> None:
        """Set a value together with where its key and itself were written."""
        self[key] = value
        self.key_places[key] = key_place
        self.places[key] = place
        if raw is None:
            self.raw.pop(key, None)
        else:
            self.raw[key] = raw

    def take(self, key: str, source: Map, source_key: str | None = None) -> None:
        """Copy an entry of another mapping under `key`, with all that is known of it; a default stays one, and has no place."""
        name = key if source_key is None else source_key
        self[key] = source[name]
        for known in ("key_places", "places", "raw", "replaced"):
            mine, others = getattr(self, known), getattr(source, known)
            mine.pop(key, None)
            if name in others:
                mine[key] = others[name]

    def cover(self, key: str, below: Map) -> None:
        """Remember that the value of `key`, and what it lies over already, lies over that of another layer."""
        self.replaced[key] = (*self.replaced.get(key, ()), (below[key], below.place_of(key)), *below.replaced.get(key, ()))

    def drop(self, key: str) -> None:
        """Remove an entry and its places."""
        del self[key]
        self.key_places.pop(key, None)
        self.places.pop(key, None)
        self.raw.pop(key, None)
        self.replaced.pop(key, None)

    def place_of(self, key: str) -> Place:
        """Where the value of `key` was written; where the mapping begins when that is not known."""
        return self.places.get(key, self.place)

    def key_place_of(self, key: str) -> Place:
        """Where `key` itself was written; where the mapping begins when that is not known."""
        return self.key_places.get(key, self.place)


class Seq(list[Any]):
    """A list of a configuration file, with the place of each element."""

    __slots__ = ("place", "places", "raw")

    def __init__(self, place: Place = NOWHERE) -> None:
        super().__init__()
        self.place = place
        self.places: list[Place] = []
        self.raw: dict[int, str] = {}

    def add(self, value: Any, place: Place, raw: str | None = None) -> None:
        """Append a value together with where it was written."""
        if raw is not None:
            self.raw[len(self)] = raw
        self.append(value)
        self.places.append(place)

    def replace(self, index: int, value: Any, place: Place, raw: str | None = None) -> None:
        """Set an element together with where it was written."""
        self[index] = value
        self.places[index] = place
        self.raw.pop(index, None)
        if raw is not None:
            self.raw[index] = raw

    def place_of(self, index: int) -> Place:
        """Where the element was written; where the list begins when that is not known."""
        return self.places[index] if 0 <= index < len(self.places) else self.place


class Text(str):
    """A text that environment variables have a part in.

    Attributes:
        pieces: what it is made of, each with whether a variable held it.
    """

    __slots__ = ("pieces",)
    pieces: tuple[tuple[str, bool], ...]

    def __new__(cls, pieces: Sequence[tuple[str, bool]]) -> Text:
        """The pieces joined."""
        made = super().__new__(cls, "".join(piece for piece, _ in pieces))
        made.pieces = tuple(pieces)
        return made

    def __reduce__(self) -> tuple[type[Text], tuple[tuple[tuple[str, bool], ...]]]:
        """For copies."""
        return Text, (self.pieces,)


def pieces_of(text: str) -> tuple[tuple[str, bool], ...]:
    """What a text is made of, each piece with whether an environment variable held it."""
    return text.pieces if isinstance(text, Text) else ((text, False),)


def entries(container: Map | Seq) -> Iterator[tuple[Any, Any]]:
    """The (key or index, value) pairs of a container."""
    return iter(container.items()) if isinstance(container, Map) else iter(enumerate(container))


def place_at(tree: Any, path: Sequence[str | int], key: bool = False) -> Place:
    """Where the value at `path` was written; for a path that does not exist, its nearest ancestor.

    With `key`, the place of the last key instead of its value's.
    """
    place = tree.place if isinstance(tree, (Map, Seq)) else NOWHERE
    for position, part in enumerate(path):
        if isinstance(tree, Map) and part in tree:
            last = position == len(path) - 1
            place = tree.key_place_of(str(part)) if key and last else tree.place_of(str(part))
            tree = tree[str(part)]
        elif isinstance(tree, Seq) and isinstance(part, int) and part < len(tree):
            place = tree.place_of(part)
            tree = tree[part]
        else:
            break
    return place


def quoted(text: str) -> str:
    """A text as a message shows it: in quotes, on one line, not too long."""
    shown = json.dumps(text if len(text) <= 60 else f"{text[:57]}...", ensure_ascii=False)
    return "".join(letter if letter.isprintable() else f"\\u{ord(letter):04x}" for letter in shown)


def is_utf8(text: str) -> bool:
    """Whether a text from the command line or the environment is one; bytes of another encoding become halves of characters."""
    return not any("\ud800" <= letter <= "\udfff" for letter in text)


def dotted(path: Sequence[str | int]) -> str:
    """A path as people write it: models.lgbm.steps[0].step_name."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text
