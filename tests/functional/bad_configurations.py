"""Bad configurations, as data: what is written, and every line that is said about it.

The cases stand in the YAML files of the folder `bad`, a file for each kind of mistake; those that are better made than
written stand here. PENDING holds cases with the lines that should be said one day; nothing runs them yet.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

FOLDER = Path(__file__).parent / "bad"
MODEL = "conf: {models: {m: {train: {image_uri: i}}}}\n"


@dataclass(frozen=True)
class Case:
    """One bad configuration.

    Attributes:
        files: what the project holds, below its root.
        links: symbolic links, and where they lead.
        run: options of the command line, as `Sources` calls them.
        variables: environment variables; None takes one away.
        limits: limits of the reader, set lower.
        says: every finding, line by line.
    """

    name: str
    files: Mapping[str, bytes]
    says: str
    links: Mapping[str, str] = field(default_factory=dict)
    run: Mapping[str, Any] = field(default_factory=dict)
    variables: Mapping[str, str | None] = field(default_factory=dict)
    limits: Mapping[str, int] = field(default_factory=dict)

    def __str__(self) -> str:
        return self.name

    def write(self, root: Path) -> None:
        """Make the project's files."""
        for name, content in self.files.items():
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        for name, target in self.links.items():
            (root / name).symlink_to(target)


def _cases(path: Path) -> list[Case]:
    return [_case(path.stem, entry) for entry in yaml.safe_load(path.read_text(encoding="utf-8"))]


def _case(theme: str, entry: dict[str, Any]) -> Case:
    files = entry.pop("files", {})
    if "model" in entry:
        files["model.yaml"] = entry.pop("model")
    content = {name: text.encode() for name, text in files.items()}
    run = {name: tuple(value) if isinstance(value, list) else value for name, value in entry.pop("run", {}).items()}
    return Case(f"{theme}: {entry.pop('case')}", content, entry.pop("says"), run=run, **entry)


def _unwritable(name: str, model: str | bytes, says: str, suffix: str = "yaml", **options: Any) -> Case:
    """A case of one model file that is made, not written."""
    content = model.encode() if isinstance(model, str) else model
    return Case(f"made: {name}", {f"model.{suffix}": content}, says, run={"patterns": (f"model.{suffix}",)}, **options)


def _bomb() -> str:
    """Ten lines that mean ten thousand million values."""
    lines = ["conf:", "  local:", "    a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    return "\n".join([*lines, *(f"    a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 10))])


MADE = [
    _unwritable(
        "a picture",
        b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR",
        "model.yaml:1:1 SMP100 the file is not UTF-8 text (byte 0). Try: save it as UTF-8.",
    ),
    _unwritable(
        "a Latin-1 letter in the second line",
        "# Modelle\n# Abgänge\n".encode("latin-1"),
        "model.yaml:2:1 SMP100 the file is not UTF-8 text (byte 15). Try: save it as UTF-8.",
    ),
    _unwritable(
        "UTF-16 with a byte order mark",
        MODEL.encode("utf-16"),
        "model.yaml:1:1 SMP100 the file is not UTF-8 text (byte 0). Try: save it as UTF-8.",
    ),
    _unwritable(
        "UTF-16 without a byte order mark",
        MODEL.encode("utf-16-le"),
        "model.yaml:1:2 SMP101 not valid YAML: control characters are not allowed. Try: remove characters that are not text.",
    ),
    _unwritable(
        "a file that is too large",
        MODEL,
        "model.yaml SMP100 the file is larger than 40 bytes. Try: split the configuration; one file per model.",
        limits={"MAX_BYTES": 40},
    ),
    _unwritable(
        "a file of too many values",
        "conf: {models: {m: {train: {image_uri: i, env: {a: 1, b: 2, c: 3}}}}}\n",
        "model.yaml:1:43 SMP101 the file holds more than 3 values, those that aliases repeat included. "
        "Try: split the configuration, or use fewer aliases.",
        limits={"MAX_VALUES": 3},
    ),
    _unwritable(
        "aliases of aliases",
        _bomb(),
        "model.yaml:8:59 SMP101 the file holds more than 1,000,000 values, those that aliases repeat included. "
        "Try: split the configuration, or use fewer aliases.",
    ),
    _unwritable(
        "ten thousand lists in one another",
        "conf: " + "[" * 10_000,
        "model.yaml:1:106 SMP101 more than 100 levels deep. Try: flatten the configuration.",
    ),
    _unwritable(
        "a thousand mappings in one another, line by line",
        "\n".join(" " * depth + "a:" for depth in range(1_000)),
        "model.yaml:101:101 SMP101 more than 100 levels deep. Try: flatten the configuration.",
    ),
    _unwritable(
        "ten thousand lists in one another in JSON",
        '{"conf": ' + "[" * 10_000 + "]" * 10_000 + "}",
        "model.json:1:109 SMP101 more than 100 levels deep. Try: flatten the configuration.",
        suffix="json",
    ),
]

CASES = [case for path in sorted(FOLDER.glob("*.yaml")) if path.stem != "pending" for case in _cases(path)] + MADE
PENDING = _cases(FOLDER / "pending.yaml")
