"""Trees as YAML in the styles of people and programs: blocks, flows, every kind of quotes, anchors, merge keys, tags."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Iterator
from typing import Any

from tests.fuzz.odd import Deep, Raw

_PLAIN = re.compile(r"[A-Za-z/][A-Za-z0-9_./-]*\Z")
_LINE = re.compile(r"[^\W_][\w ./,=+-]*\Z")
_TAGS = ("!!str ", "!!int ", "!!map ", "!!seq ", "! ", "!x ", "!!float ", "!!null ", "!<tag:yaml.org,2002:str> ")


class Writer:
    """Writes one text.

    Args:
        rng: chooses the style.
        oddness: how often something unusual is done at a value, from 0 to 1.
    """

    def __init__(self, rng: random.Random, oddness: float = 0.02) -> None:
        self.rng, self.oddness = rng, oddness
        self.anchors: list[str] = []

    def text(self, tree: Any) -> str:
        if not isinstance(tree, (dict, list)) or not tree:
            return self._flow(tree) + "\n"
        return "\n".join(self._lines(tree, 0)) + "\n"

    def _lines(self, value: Any, depth: int) -> Iterator[str]:
        pad = " " * (self.rng.choice((1, 3)) if self.rng.random() < self.oddness / 10 else 2) * depth
        if isinstance(value, list):
            for item in value:
                yield from self._entry(f"{pad}-", item, depth)
            return
        for key, item in value.items():
            if self.rng.random() < self.oddness and self.anchors:
                yield f"{pad}<<: *{self.rng.choice(self.anchors)}"
            yield from self._entry(f"{pad}{self._key(key)}:", item, depth)

    def _entry(self, head: str, value: Any, depth: int) -> Iterator[str]:
        odd = self.rng.random() < self.oddness
        if odd and self.anchors and self.rng.random() < 0.4:
            yield f"{head} *{self.rng.choice(self.anchors)}"
            return
        mark = self._mark() if odd else ""
        if not isinstance(value, (dict, list)) or not value or depth > 90 or self.rng.random() < self.oddness:
            yield f"{head} {mark}{self._literal(value, depth) if odd else self._flow(value)}"
            return
        yield f"{head} {mark}".rstrip()
        yield from self._lines(value, depth + 1)

    def _mark(self) -> str:
        """An anchor or a tag."""
        if self.rng.random() < 0.3:
            return self.rng.choice(_TAGS)
        name = f"a{len(self.anchors)}"
        self.anchors.append(name)
        return f"&{name} "

    def _key(self, key: str) -> str:
        if isinstance(key, Raw) or (_PLAIN.match(key) and self.rng.random() > self.oddness):
            return str(key)
        return self._quoted(key)

    def _literal(self, value: Any, depth: int) -> str:
        if not isinstance(value, str) or isinstance(value, Raw) or "\n\n" in value or not value.isprintable():
            return self._flow(value)
        pad = "\n" + "  " * (depth + 1)
        return self.rng.choice(("|", ">", "|-", ">+", "|2")) + pad + value.replace("\n", pad)

    def _quoted(self, text: str) -> str:
        if self.rng.random() < 0.2 and text.isprintable():
            return "'" + text.replace("'", "''") + "'"
        return json.dumps(text, ensure_ascii=self.rng.random() < 0.5 or not text.isprintable())

    def _flow(self, value: Any) -> str:
        if isinstance(value, Raw):
            return str(value)
        if isinstance(value, str):
            return value if _LINE.match(value) and self.rng.random() < 0.7 else self._quoted(value)
        if isinstance(value, dict):
            return "{" + ", ".join(f"{self._key(key)}: {self._flow(item)}" for key, item in value.items()) + "}"
        if isinstance(value, list):
            return "[" + ", ".join(map(self._flow, value)) + "]"
        return number(value)


def number(value: Any) -> str:
    """A number, a truth value or null; numbers of any length."""
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) >= 10**300:
        return ("-" if value < 0 else "") + "1" + "0" * 400
    return json.dumps(value)


_HOLDER = re.compile(r'"@raw:([^"@]*)@"')


def as_json(tree: Any) -> str:
    """A tree as JSON; raw scalars and what is very deep stand in it as they are."""
    text = json.dumps(_held(tree), ensure_ascii=True)
    return Deep.PLACE.sub(Deep.text, _HOLDER.sub(lambda match: json.loads(f'"{match[1]}"'), text))


def _held(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): _held(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_held(item) for item in value]
    return f"@raw:{value}@" if isinstance(value, Raw) and not {'"', "@"} & set(value) else value
