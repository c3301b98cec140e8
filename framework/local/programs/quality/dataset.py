"""The dataset of a quality check: files in, a table of texts out, None where a value is missing.

The formats are those that the variable dataset_format names: CSV with or without a header, JSON lines, JSON, Parquet. Columns
without a name are called _c0, _c1, and so on.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd  # type: ignore[import-untyped]

from framework.local.programs.quality.refusal import RefusalError
from framework.local.programs.quality.scripts import load_handler

MISSING = ("", "nan", "NaN")


def read(environment: Mapping[str, str]) -> Any:
    """The records of all files below dataset_source.

    Raises:
        RefusalError: there are none, or they are not what dataset_format says.
    """
    kind, options = _format(environment.get("dataset_format", ""))
    source = Path(environment["dataset_source"])
    files = sorted(path for path in (source.rglob("*") if source.is_dir() else [source]) if path.is_file())
    if not files:
        raise RefusalError("the dataset has no files")
    script = environment.get("record_preprocessor_script")
    frames = [_preprocessed(path, script) if script else _read(path, kind, options) for path in files]
    frame = pd.concat(frames, ignore_index=True)
    if frame.empty:
        raise RefusalError("the dataset has no records")
    return frame.astype(object).where(frame.notna(), None)


def _format(text: str) -> tuple[str, Mapping[str, Any]]:
    try:
        content = json.loads(text or '{"csv": {}}')
        ((kind, options),) = content.items()
    except (ValueError, AttributeError):
        raise RefusalError(f"dataset_format is not a JSON object with one member: {text!r}") from None
    return kind.lower(), {key.lower(): value for key, value in (options or {}).items()}


def _read(path: Path, kind: str, options: Mapping[str, Any]) -> Any:
    try:
        if kind == "csv":
            return _csv(path, bool(options.get("header", True)))
        if kind == "json":
            return table(_json_records(path, bool(options.get("lines", options.get("line", True)))))
        if kind == "parquet":
            return table(pd.read_parquet(path).to_dict("records"))
    except (ValueError, UnicodeDecodeError) as error:
        raise RefusalError(f"{path.name} cannot be read as {kind}: {error}") from None
    except ImportError:
        raise RefusalError(f"reading {path.name} needs the package pyarrow: pip install pyarrow") from None
    raise RefusalError(f"the dataset format {kind} is not known to a local run; it reads csv, json and parquet")


def _csv(path: Path, header: bool) -> Any:
    frame = pd.read_csv(path, header=0 if header else None, dtype=str, keep_default_na=False, skipinitialspace=True)
    frame.columns = [str(name).strip() if header else f"_c{name}" for name in frame.columns]
    return frame.mask(frame.isin(MISSING), None)


def _json_records(path: Path, lines: bool) -> Iterator[Mapping[str, Any]]:
    content = path.read_text(encoding="utf-8")
    found = [json.loads(line) for line in content.splitlines() if line.strip()] if lines else json.loads(content)
    for record in found if isinstance(found, list) else [found]:
        yield record if isinstance(record, Mapping) else {f"_c{index}": value for index, value in enumerate(_sequence(record))}


def _sequence(record: Any) -> Sequence[Any]:
    return record if isinstance(record, list) else [record]


def table(records: Iterable[Mapping[str, Any]]) -> Any:
    """Records as a table of texts; members of nested objects become columns such as `a.b`."""
    return pd.DataFrame([dict(_flat(record, "")) for record in records], dtype=object)


def _flat(record: Mapping[str, Any], prefix: str) -> Iterator[tuple[str, str | None]]:
    for key, value in record.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{key}.")
        else:
            yield prefix + str(key), _text(value)


def _text(value: Any) -> str | None:
    if value is None or value != value:
        return None
    return value if isinstance(value, str) else json.dumps(value, default=str)


def _preprocessed(path: Path, script: str) -> Any:
    """What the user's preprocess_handler makes of each line; nothing where it returns nothing."""
    handler = load_handler(script, "preprocess_handler")
    made = [handler(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    records = [record for record in made if record]
    if not all(isinstance(record, (Mapping, list, str)) for record in records):
        raise RefusalError("preprocess_handler returned something that is neither a dict nor a list nor a text")
    rows = [record.split(",") if isinstance(record, str) else record for record in records]
    frame = table(row if isinstance(row, Mapping) else {f"_c{index}": value for index, value in enumerate(row)} for row in rows)
    return frame.mask(frame.isin(MISSING), None)
