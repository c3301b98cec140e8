"""Reading one configuration file: text in, a tree of `Map` and `Seq` with places out, and findings for all that is wrong with it.

The file is read as a stream of YAML events with a stack of our own, so that neither depth nor anchors can exhaust the machine,
duplicate keys are seen, and every value keeps its line. JSON is read the same way after a strict check of its syntax.
"""

from __future__ import annotations

import json
import math
import re
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

import yaml

from framework.config.ignores import Ignore, ignores_in
from framework.config.values import Map, Seq, quoted
from framework.findings import Finding, Place

BEGIN = 'begin it with "conf:"'
"""What to do with a file that holds no mapping."""

MAX_BYTES = 10_000_000
MAX_DEPTH = 100
MAX_VALUES = 1_000_000
MAX_REPEATED = 100_000
"""How many of the values may be there only because aliases repeat them: a few lines can repeat any number."""


_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_TAG = "tag:yaml.org,2002:"
_INTEGER = re.compile(r"[-+]?[0-9]{1,300}|0o[0-7]{1,300}|0x[0-9a-fA-F]{1,300}")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_NOT_FINITE = re.compile(r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)")
_NOT_FINITE_JSON = re.compile(r"-?Infinity|NaN")
_SURROGATES = re.compile(r"(?<!\\)((?:\\\\)*)\\u([dD][89abAB][0-9a-fA-F]{2})\\u([dD][c-fC-F][0-9a-fA-F]{2})")
_NULLS = frozenset({"", "~", "null", "Null", "NULL"})
_BOOLEANS = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}


@dataclass(slots=True)
class FileTree:
    """What one file holds: `tree` is None when nothing can be used of it. `root` is the document's value, whatever it is.

    `ignores` are the comments that take findings back.
    """

    name: str
    tree: Map | None = None
    findings: list[Finding] = field(default_factory=list)
    root: Any = None
    ignores: tuple[Ignore, ...] = ()


def read_file(path: Path, name: str) -> FileTree:
    """Read the YAML or JSON file at `path`; `name` is what findings call it."""
    try:
        with path.open("rb") as stream:
            data = stream.read(MAX_BYTES + 1)
    except OSError as error:
        return _refused(name, f"the file cannot be read: {error.strerror or error}", "check the path and its permissions")
    if len(data) > MAX_BYTES:
        return _refused(name, f"the file is larger than {MAX_BYTES:,} bytes", "split the configuration; one file per model")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        return _refused(name, f"the file is not UTF-8 text (byte {error.start})", "save it as UTF-8", line, 1)
    tree = read_text(text, name)
    tree.ignores = ignores_in(text, name)
    return tree


def read_text(text: str, name: str) -> FileTree:
    """Read YAML or JSON text (JSON when `name` ends in .json)."""
    builder = _Builder(name)
    if name.endswith(".json"):
        try:
            json.loads(text, parse_int=str)  # the builder converts numbers, and refuses none for its length
        except json.JSONDecodeError as error:
            return _refused(name, f"not valid JSON: {error.msg}", "", error.lineno, error.colno)
        except RecursionError:
            pass  # the builder says where it becomes too deep
        builder.not_finite = _NOT_FINITE_JSON
        text = _SURROGATES.sub(_one_escape, text)
    try:
        _feed(builder, text)
    except yaml.YAMLError as error:
        builder.findings.append(_syntax_finding(error, text, name))
        return FileTree(name, None, builder.findings)
    except UnusableError:
        return FileTree(name, None, builder.findings)
    return _root(builder, name)


def read_value(text: str, place: Place) -> tuple[Any, str | None, list[Finding]]:
    """Read a value given on the command line as YAML: the value, its raw text if it is a scalar, and findings."""
    builder = _Builder(place.file, place)
    try:
        _feed(builder, text)
    except (yaml.YAMLError, UnicodeError, UnusableError):
        return text, None, builder.findings
    return builder.root, builder.root_raw, builder.findings


def _feed(builder: _Builder, text: str) -> None:
    """Hand a text's events to the builder.

    Newer releases of libyaml look ahead, and refuse what is far too deep before the builder has seen its first event; PyYAML's own
    parser hands out every event before that, so that the builder can say where it becomes too deep.
    """
    fed = 0
    try:
        for event in yaml.parse(text, Loader=_LOADER):
            builder.feed(event)
            fed += 1
    except yaml.YAMLError as error:
        if "nesting" not in str(getattr(error, "problem", "")):
            raise
        for event in islice(yaml.parse(text, Loader=yaml.SafeLoader), fed, None):
            builder.feed(event)


def _root(builder: _Builder, name: str) -> FileTree:
    if isinstance(builder.root, Map):
        return FileTree(name, builder.root, builder.findings, builder.root)
    what = "is empty" if builder.root is None else "does not hold a mapping"
    finding = Finding("SMP101", Place(name, 1, 1), f"the file {what}", BEGIN)
    return FileTree(name, None, [*builder.findings, finding], builder.root)


def _refused(name: str, message: str, hint: str, line: int = 0, column: int = 0) -> FileTree:
    rule = "SMP101" if message.startswith("not valid") else "SMP100"
    return FileTree(name, None, [Finding(rule, Place(name, line, column), message, hint)])


def _one_escape(match: re.Match[str]) -> str:
    """JSON writes a character beyond U+FFFF as two escapes; YAML knows them as one."""
    high, low = int(match[2], 16), int(match[3], 16)
    return f"{match[1]}\\U{0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00):08x}"


def _syntax_finding(error: yaml.YAMLError, text: str, name: str) -> Finding:
    kind = "JSON" if name.endswith(".json") else "YAML"
    mark = getattr(error, "problem_mark", None)
    if mark is None:
        reason = getattr(error, "reason", None) or str(error)
        return Finding("SMP101", _place_of(error, text, name), f"not valid {kind}: {reason}", "remove characters that are not text")
    source = text.splitlines()[mark.line] if mark.line < len(text.splitlines()) else ""
    problem = getattr(error, "problem", None) or "the text ends too early"
    message = f"not valid {kind}: {problem}{_begun(error)}"
    hint = _syntax_hint(problem, source[mark.column :], source)
    return Finding("SMP101", Place(name, mark.line + 1, mark.column + 1), message, hint)


def _place_of(error: yaml.YAMLError, text: str, name: str) -> Place:
    """Where the parser found a character that no text may hold; it counts bytes."""
    before = text.encode()[: getattr(error, "position", None) or 0].decode(errors="ignore")
    lines = f"{before}?".splitlines()  # whatever ends a line on any system, as the parser counts them
    return Place(name, len(lines), len(lines[-1]))


def _begun(error: yaml.YAMLError) -> str:
    """What the parser was reading, if that began on an earlier line: there the mistake often is."""
    mark, context = getattr(error, "context_mark", None), getattr(error, "context", None)
    if mark is None or not context or mark.line == getattr(error, "problem_mark", mark).line:
        return ""
    return f" {context} that begins at line {mark.line + 1}"


def _syntax_hint(problem: str, rest: str, source: str) -> str:
    if "cannot start any token" in problem and rest.startswith("\t"):
        return "indent with spaces, not tabs"
    if "cannot start any token" in problem and rest[:1].isprintable():
        return f"put the value in quotes: it begins with {rest[:1]}"
    if ">>" in source or "<<" in source:
        return 'put the whole dependency in quotes: "[a, b] >> c"'
    if "mapping values are not allowed" in problem:
        return "check the indentation, and quote values that contain a colon"
    return ""


class UnusableError(Exception):
    """The file cannot be used at all; the reason is among the findings."""


@dataclass(slots=True)
class _Frame:
    """A container that is being filled. `weight` counts the values in it, those that aliases repeat included."""

    value: Map | Seq
    place: Place
    anchor: str | None
    weight: int = 1
    key: str | None = None
    key_place: Place | None = None
    merges: list[tuple[Any, Place]] = field(default_factory=list)


class _Builder:
    """Turns YAML events into a tree. `root` is the document's value once all events were fed."""

    def __init__(self, name: str, at: Place | None = None) -> None:
        self.name = name
        self.at = at
        self.not_finite = _NOT_FINITE
        self.findings: list[Finding] = []
        self.root: Any = None
        self.root_raw: str | None = None
        self.documents = 0
        self.stack: list[_Frame] = []
        self.anchors: dict[str, tuple[Any, str | None, int]] = {}
        self.repeated = 0
        self.handlers = {
            yaml.ScalarEvent: self._scalar,
            yaml.MappingStartEvent: self._start_mapping,
            yaml.SequenceStartEvent: self._start_sequence,
            yaml.MappingEndEvent: self._end,
            yaml.SequenceEndEvent: self._end,
            yaml.AliasEvent: self._alias,
            yaml.DocumentStartEvent: self._document,
        }

    def feed(self, event: Any) -> None:
        handler = self.handlers.get(type(event))
        if handler is not None:
            handler(event)

    def _place(self, event: Any) -> Place:
        return self.at or Place(self.name, event.start_mark.line + 1, event.start_mark.column + 1)

    def _refuse(self, place: Place, message: str, hint: str) -> None:
        self.findings.append(Finding("SMP101", place, message, hint))
        raise UnusableError

    def _document(self, event: Any) -> None:
        self.documents += 1
        if self.documents > 1:
            self._refuse(self._place(event), "the file holds more than one YAML document", 'remove the second "---"')

    def _scalar(self, event: Any) -> None:
        place = self._place(event)
        value, raw = self._resolve(event, place)
        self._remember(event.anchor, value, raw, 1)
        self._add(value, place, raw, 1)

    def _resolve(self, event: Any, place: Place) -> tuple[Any, str | None]:
        text = event.value
        tag = event.tag or ""
        if tag and not tag.startswith(_TAG) and tag != "!":
            self._refuse(
                place, f"the tag {_shown(tag)} is not allowed", "write a plain value; nothing in a configuration is evaluated"
            )
        if (not tag and not event.implicit[0]) or tag in {"!", _TAG + "str"}:
            return text, None
        if tag and tag.removeprefix(_TAG) not in {"null", "bool", "int", "float"}:
            self._refuse(place, f"the tag {_shown(tag)} is not allowed", "write a plain value")
        if self.not_finite.fullmatch(text):
            self.findings.append(Finding("SMP104", place, f"{text} is not a finite number", "write a finite number, or quote it"))
            return text, None
        value = plain_value(text)
        return value, None if isinstance(value, str) else text

    def _start_mapping(self, event: Any) -> None:
        self._open(Map(self._place(event)), event)

    def _start_sequence(self, event: Any) -> None:
        self._open(Seq(self._place(event)), event)

    def _open(self, value: Map | Seq, event: Any) -> None:
        if event.tag and not event.tag.startswith((_TAG + "map", _TAG + "seq")):
            self._refuse(value.place, f"the tag {_shown(event.tag)} is not allowed", "write a plain value")
        if self.stack and isinstance(self.stack[-1].value, Map) and self.stack[-1].key is None:
            self._refuse(value.place, "a key must be text, not a mapping or a list", "write the key as a word")
        if len(self.stack) >= MAX_DEPTH:
            self._refuse(value.place, f"more than {MAX_DEPTH} levels deep", "flatten the configuration")
        self.stack.append(_Frame(value, value.place, event.anchor))

    def _end(self, _event: Any) -> None:
        frame = self.stack.pop()
        if frame.merges:
            self._merge(frame)
        self._remember(frame.anchor, frame.value, None, frame.weight)
        self._add(frame.value, frame.place, None, frame.weight)

    def _merge(self, frame: _Frame) -> None:
        assert isinstance(frame.value, Map)
        for merged, place in frame.merges:
            for source in merged if isinstance(merged, Seq) else [merged]:
                if not isinstance(source, Map):
                    self._refuse(place, 'the merge key "<<" takes a mapping or a list of mappings', "write <<: *anchor")
                for key in source:
                    if key not in frame.value:
                        frame.value.take(key, source)

    def _alias(self, event: Any) -> None:
        place = self._place(event)
        if any(frame.anchor == event.anchor for frame in self.stack):
            self._refuse(place, f"the anchor &{event.anchor} contains itself", "remove the alias")
        if event.anchor not in self.anchors:
            self._refuse(place, f"there is no anchor &{event.anchor}", "define the anchor before it is used")
        value, raw, weight = self.anchors[event.anchor]
        self.repeated += weight
        if self.repeated > MAX_REPEATED:
            self._refuse(place, f"aliases repeat more than {MAX_REPEATED:,} values", "use fewer aliases, or extends")
        self._add(value, place, raw, weight)

    def _remember(self, anchor: str | None, value: Any, raw: str | None, weight: int) -> None:
        if anchor is not None:
            self.anchors[anchor] = (value, raw, weight)

    def _add(self, value: Any, place: Place, raw: str | None, weight: int) -> None:
        if not self.stack:
            self.root, self.root_raw = value, raw
            return
        frame = self.stack[-1]
        frame.weight += weight
        if frame.weight > MAX_VALUES:
            self._refuse(place, f"the file holds more than {MAX_VALUES:,} values", "split the configuration; one file per model")
        if isinstance(frame.value, Seq):
            frame.value.add(value, place, raw)
        elif frame.key is None:
            self._take_key(frame, value, place, raw)
        else:
            self._put(frame, value, place, raw)

    def _take_key(self, frame: _Frame, value: Any, place: Place, raw: str | None) -> None:
        if isinstance(value, (Map, Seq)):
            self._refuse(place, "a key must be text, not a mapping or a list", "write the key as a word")
        frame.key = value if isinstance(value, str) else raw or ""
        frame.key_place = place
        if not frame.key.isprintable():
            self._refuse(place, "a key must be one line of printable characters", "write the key as a word")

    def _put(self, frame: _Frame, value: Any, place: Place, raw: str | None) -> None:
        assert isinstance(frame.value, Map)
        key, key_place = frame.key or "", frame.key_place or place
        frame.key = None
        if key == "<<":
            frame.merges.append((value, place))
        elif key in frame.value:
            first = frame.value.key_place_of(key)
            message = f'the key "{key}" stands twice; the first is at {first}'
            self.findings.append(Finding("SMP102", key_place, message, "keep one of them"))
        else:
            frame.value.put(key, value, key_place, place, raw)


def _shown(tag: str) -> str:
    return quoted(tag.replace(_TAG, "!!")).strip('"')


def plain_value(text: str) -> Any:
    """What an unquoted scalar means, by YAML 1.2's core schema: null, a boolean, a number, else the text itself."""
    if text in _NULLS:
        return None
    if text in _BOOLEANS:
        return _BOOLEANS[text]
    if _INTEGER.fullmatch(text):
        return int(text, 0) if text[:2] in {"0o", "0x"} else int(text)
    if _FLOAT.fullmatch(text):
        number = float(text)
        return number if math.isfinite(number) else text
    return text
