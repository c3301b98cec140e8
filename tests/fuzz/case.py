"""A case: what one target is given, and how it is kept as a file, so that it can be run again."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Case:
    """One input.

    Attributes:
        target: which part of the framework gets it.
        files: a project's files, below its root; where the input is a text, one file of it.
        options: what else the target takes, JSON types only.
        kind: how it was made.
    """

    target: str
    files: Mapping[str, bytes]
    options: Mapping[str, Any] = field(default_factory=dict)
    kind: str = ""

    def with_file(self, name: str, content: bytes) -> Case:
        return replace(self, files={**self.files, name: content})

    def without_file(self, name: str) -> Case:
        return replace(self, files={key: content for key, content in self.files.items() if key != name})

    def with_options(self, options: Mapping[str, Any]) -> Case:
        return replace(self, options=options)

    @property
    def text(self) -> str:
        """The input of a target that takes a text; it may hold halves of characters."""
        return self.files["text"].decode("utf-8", "surrogatepass")

    def to_json(self) -> dict[str, Any]:
        files = {name: _kept(content) for name, content in self.files.items()}
        return {"target": self.target, "kind": self.kind, "options": dict(self.options), "files": files}

    @staticmethod
    def from_json(kept: Mapping[str, Any]) -> Case:
        files = {
            name: value.encode() if isinstance(value, str) else base64.b64decode(value["base64"])
            for name, value in kept["files"].items()
        }
        return Case(kept["target"], files, kept["options"], kept["kind"])

    @staticmethod
    def read(path: Path) -> Case:
        return Case.from_json(json.loads(path.read_text(encoding="utf-8"))["case"])


def of_text(target: str, text: str, kind: str = "", **options: Any) -> Case:
    """The case of a target that takes a text."""
    return Case(target, {"text": text.encode("utf-8", "surrogatepass")}, options, kind)


def _kept(content: bytes) -> Any:
    try:
        return content.decode()
    except UnicodeDecodeError:
        return {"base64": base64.b64encode(content).decode()}
