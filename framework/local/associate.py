"""DataProcessing of a transform job: which part of a record goes to the model, and how its answer is joined to the record.

In: InputFilter, OutputFilter and JoinSource, the content types, records. Out: records. Anything outside of the subset of JSONPath
that is documented for these filters is refused before anything runs.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

CSV, JSON = "csv", "json"
FORMATS = {"text/csv": CSV, "application/json": JSON, "application/jsonlines": JSON}
QUOTED = r"'[^']*'|\"[^\"]*\""
DOTTED = re.compile(r"\.([A-Za-z_][\w-]*)")
BRACKETS = re.compile(r"\.?\[([^\[\]]*)\]")
NAMES = re.compile(rf"\s*({QUOTED})\s*(,\s*({QUOTED})\s*)*")
NUMBER = re.compile(r"-?[0-9]+")
SLICE = re.compile(r"(-?[0-9]+)?:(-?[0-9]+)?")

Selector = Callable[[Any], Any]


class SelectionError(ValueError):
    """A filter cannot be read, or finds nothing in a record."""


def compile_filter(path: str) -> Selector:
    """The function that a filter stands for.

    Args:
        path: `$`, followed by any of `.name`, `['name']`, `['a','b']`, `[0]`, `[0,-1]`, `[1:]`, `[0,5:]`.

    Raises:
        SelectionError: it is anything else.
    """
    rest = path.removeprefix("$")
    if rest == path:
        raise SelectionError(f"the filter {path!r} does not begin with $")
    parts: list[Selector] = []
    while rest:
        if match := DOTTED.match(rest):
            parts.append(_names([match[1]]))
        elif match := BRACKETS.match(rest):
            parts.append(_bracket(match[1], path))
        else:
            raise SelectionError(f"the filter {path!r} cannot be read at {rest!r}")
        rest = rest[match.end() :]
    return lambda value: _apply(parts, value)


def _apply(parts: list[Selector], value: Any) -> Any:
    for part in parts:
        value = part(value)
    return value


def _bracket(content: str, path: str) -> Selector:
    if NAMES.fullmatch(content):
        return _names([quoted[1:-1] for quoted in re.findall(QUOTED, content)])
    pieces = [piece.strip() for piece in content.split(",")]
    if all(NUMBER.fullmatch(piece) or (SLICE.fullmatch(piece)) for piece in pieces):
        return _positions(pieces)
    raise SelectionError(f"the filter {path!r} cannot be read at [{content}]")


def _names(names: list[str]) -> Selector:
    def select(value: Any) -> Any:
        missing = [name for name in names if not isinstance(value, Mapping) or name not in value]
        if missing:
            raise SelectionError(f"a record has no {missing[0]!r}: {json.dumps(value)[:200]}")
        return value[names[0]] if len(names) == 1 else {name: value[name] for name in names}

    return select


def _positions(pieces: list[str]) -> Selector:
    def select(value: Any) -> Any:
        if not isinstance(value, list):
            raise SelectionError(f"a record is not a list: {json.dumps(value)[:200]}")
        if len(pieces) == 1 and NUMBER.fullmatch(pieces[0]):
            return _at(value, int(pieces[0]))
        return [element for piece in pieces for element in _range(value, piece)]

    return select


def _range(value: list[Any], piece: str) -> list[Any]:
    match = SLICE.fullmatch(piece)
    if match is None:
        return [_at(value, int(piece))]
    first, last = (None if bound is None else int(bound) for bound in match.groups())
    return value[first:last]


def _at(value: list[Any], position: int) -> Any:
    if not -len(value) <= position < len(value):
        raise SelectionError(f"a record of {len(value)} values has none at {position}: {json.dumps(value)[:200]}")
    return value[position]


@dataclass(frozen=True)
class Association:
    """What happens to records on their way to the model and back.

    Attributes:
        input_filter: picks what the model gets; None for all of it.
        output_filter: picks what is written; None for all of it.
        join: whether the record itself is written too.
        source: the format of records, CSV or JSON.
        target: the format of answers; with `join` the same.
    """

    input_filter: Selector | None
    output_filter: Selector | None
    join: bool
    source: str
    target: str

    @property
    def changes_output(self) -> bool:
        """Whether answers must be cut into records again."""
        return self.join or self.output_filter is not None

    def to_model(self, record: bytes) -> bytes:
        """What the model gets of a record.

        Raises:
            SelectionError: the filter does not fit the record.
        """
        if self.input_filter is None:
            return record
        return _write(self.input_filter(_read(record, self.source)), self.source) + b"\n"

    def to_output(self, records: Sequence[bytes], answer: bytes) -> bytes:
        """The lines that are written for the records of a request and the model's answer to it.

        Raises:
            SelectionError: the filter does not fit the result, or the answer is not of one piece for each record.
        """
        pieces = [answer] if self.target == JSON and len(records) == 1 else [line for line in answer.splitlines() if line.strip()]
        if len(pieces) != len(records):
            raise SelectionError(f"the model answered {len(pieces)} lines to {len(records)} records, so they cannot be associated")
        return b"".join(self._line(record, piece) + b"\n" for record, piece in zip(records, pieces, strict=True))

    def _line(self, record: bytes, piece: bytes) -> bytes:
        value = _read(piece, self.target)
        if self.join:
            value = _joined(_read(record, self.source), value, self.source)
        return _write(value if self.output_filter is None else self.output_filter(value), self.target)


def _read(record: bytes, kind: str) -> Any:
    try:
        content = record.decode()
        return json.loads(content) if kind == JSON else next(csv.reader([content.rstrip("\r\n")]), [])
    except (ValueError, csv.Error) as error:
        raise SelectionError(f"a record is not {kind}: {error}: {record[:200]!r}") from None


def _write(value: Any, kind: str) -> bytes:
    if kind == JSON:
        return json.dumps(value, ensure_ascii=False).encode()
    stream = io.StringIO()
    csv.writer(stream, lineterminator="").writerow(value if isinstance(value, list) else [value])
    return stream.getvalue().encode()


def _joined(record: Any, answer: Any, kind: str) -> Any:
    if kind == CSV:
        return [*record, *answer]
    if isinstance(record, dict):
        return {**record, "SageMakerOutput": answer}
    return {"SageMakerInput": record, "SageMakerOutput": answer}


def association(arguments: Mapping[str, Any]) -> Association | None:
    """What a transform job's DataProcessing asks for; None when it asks for nothing.

    Args:
        arguments: of CreateTransformJob.

    Raises:
        SelectionError: it cannot be done here.
    """
    wanted = arguments.get("DataProcessing") or {}
    filters = [wanted.get(name) or "$" for name in ("InputFilter", "OutputFilter")]
    join = wanted.get("JoinSource", "None") == "Input"
    if filters == ["$", "$"] and not join:
        return None
    given = arguments["TransformInput"]
    source = _format(given.get("ContentType"))
    target = _format(arguments["TransformOutput"].get("Accept") or given.get("ContentType"))
    if join and source != target:
        raise SelectionError("JoinSource Input wants ContentType and Accept of the same format")
    if CSV in (source, target) and given.get("SplitType", "None") != "Line":
        raise SelectionError("DataProcessing of text/csv wants SplitType Line")
    first, second = (None if path == "$" else compile_filter(path) for path in filters)
    return Association(first, second, join, source, target)


def _format(content_type: str | None) -> str:
    kind = FORMATS.get((content_type or "").partition(";")[0].strip().lower())
    if kind is None:
        raise SelectionError(f"DataProcessing works on text/csv, application/json and application/jsonlines, not on {content_type}")
    return kind
