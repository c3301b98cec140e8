"""The dataset of an analysis: files in; a table out, and which of its columns are label, predicted label and the model's features.

CSV has a header where `headers` is not given and the first line looks like one; columns without a name are column_0, column_1, ….
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jmespath  # type: ignore[import-untyped]
import pandas as pd  # type: ignore[import-untyped]
from jmespath.exceptions import JMESPathError  # type: ignore[import-untyped]

from framework.local.programs.clarify.specification import Specification
from framework.local.programs.quality.refusal import RefusalError

CSV, LINES, JSON, PARQUET = "text/csv", "application/jsonlines", "application/json", "application/x-parquet"
Config = Mapping[str, Any]


@dataclass(frozen=True)
class Dataset:
    """A table and its columns' roles.

    Attributes:
        frame: all columns.
        kind: the content type it was read from.
        label, predicted: names of columns; None when there is none.
        features: the names of the columns that the model gets, in order.
    """

    frame: Any
    kind: str
    label: str | None
    predicted: str | None
    features: tuple[str, ...]

    def column(self, reference: object) -> str:
        """The name of a column given by name or position.

        Raises:
            RefusalError: there is none.
        """
        return find(self.frame, reference)


def find(frame: Any, reference: object) -> str:
    """As `Dataset.column`, of a table."""
    names = [str(name) for name in frame.columns]
    if isinstance(reference, str) and reference in names:
        return reference
    if str(reference).isdigit() and int(str(reference)) < len(names):
        return names[int(str(reference))]
    raise RefusalError(f"{reference!r} is none of the dataset's columns {', '.join(names)}")


def load(spec: Specification) -> Dataset:
    """Reads the dataset, and those that lie beside it.

    Raises:
        RefusalError: it is not what the configuration says.
    """
    config = spec.config
    kind = str(config.get("dataset_type", CSV))
    source = spec.files[str(config["dataset_uri"])] if config.get("dataset_uri") else spec.dataset
    frame, label, predicted = _table(source, kind, config)
    aside: list[str] = []
    for member, headers in (("facet_dataset_uri", "facet_headers"), ("predicted_label_dataset_uri", "predicted_label_headers")):
        if uri := config.get(member):
            other = read_csv(spec.files[str(uri)], config.get(headers), *_references(config))
            frame, added = _beside(frame, other, config.get("joinsource_name_or_index"))
            aside += added
    label = find(frame, label) if label is not None else None
    predicted = find(frame, predicted) if predicted is not None else None
    if label is not None and frame[label].isna().any():
        frame = frame[frame[label].notna()].reset_index(drop=True)
    if frame.empty:
        raise RefusalError("the dataset has no records with a label" if label else "the dataset has no records")
    excluded = [config.get("joinsource_name_or_index"), *(config.get("excluded_columns") or ())]
    left_out = {label, predicted, *aside, *(find(frame, reference) for reference in excluded if reference is not None)}
    return Dataset(frame, kind, label, predicted, tuple(str(name) for name in frame.columns if name not in left_out))


def _references(config: Config) -> list[object]:
    """What the configuration calls columns."""
    facets = config.get("facet") or []
    named = [facet.get("name_or_index") for facet in (facets if isinstance(facets, list) else [facets])]
    single = [config.get(name) for name in ("label", "predicted_label", "group_variable", "joinsource_name_or_index")]
    return [*single, *named, *(config.get("excluded_columns") or ())]


def _table(source: Path, kind: str, config: Config) -> tuple[Any, object, object]:
    """The table, and references to its label and predicted label."""
    label, predicted = config.get("label"), config.get("predicted_label")
    if kind == CSV:
        return read_csv(source, config.get("headers"), *_references(config)), label, predicted
    if kind == PARQUET:
        return _parquet(source), label, predicted
    if kind not in (LINES, JSON):
        raise RefusalError(
            f"the dataset_type {kind} is not known to a local run; it reads {', '.join((CSV, LINES, JSON, PARQUET))}"
        )
    return _json(source, kind, config)


def _beside(frame: Any, other: Any, identifier: object) -> tuple[Any, list[str]]:
    """A table with the columns of another one, joined by an identifier or side by side; the names of the columns that are new."""
    if identifier is not None:
        own, its = find(frame, identifier), find(other, identifier)
        other = other.rename(columns={its: own})
        new = [name for name in other.columns if name not in frame.columns]
        return frame.merge(other[[own, *new]], on=own, how="inner"), new
    if len(other) != len(frame):
        raise RefusalError(f"a dataset of {len(other)} records lies beside one of {len(frame)}, and there is no joinsource")
    new = [name for name in other.columns if name not in frame.columns]
    return pd.concat([frame, other[new]], axis=1), new


def files_of(source: Path) -> list[Path]:
    """The files of a dataset.

    Raises:
        RefusalError: there are none.
    """
    found = sorted(path for path in (source.rglob("*") if source.is_dir() else [source]) if path.is_file())
    if not found:
        raise RefusalError("the dataset has no files")
    return found


def read_csv(source: Path, headers: Sequence[str] | None, *names: object) -> Any:
    """The table in the CSV files of a dataset.

    Args:
        source: a file, or a folder of them.
        headers: the names of the columns.
        names: names that would stand in a header; others than strings do not count.

    Raises:
        RefusalError: it cannot be read, or has more or fewer columns than there are headers.
    """
    return pd.concat([_csv_file(path, headers, names) for path in files_of(source)], ignore_index=True)


def _csv_file(path: Path, headers: Sequence[str] | None, names: Sequence[object]) -> Any:
    try:
        first = pd.read_csv(path, header=None, dtype=str, nrows=2, skipinitialspace=True)
        line = [str(cell).strip() for cell in first.iloc[0]]
        header = line == list(headers) if headers else _is_header(first, line, names)
        frame = pd.read_csv(path, header=0 if header else None, skipinitialspace=True)
    except ValueError as error:
        raise RefusalError(f"{path.name} cannot be read as CSV: {error}") from None
    if headers and len(headers) != len(frame.columns):
        raise RefusalError(f"{path.name} has {len(frame.columns)} columns, and there are {len(headers)} headers")
    frame.columns = list(headers) if headers else line if header else [f"column_{index}" for index in range(len(line))]
    return frame


def _is_header(first: Any, line: Sequence[str], names: Sequence[object]) -> bool:
    if any(isinstance(name, str) and name in line for name in names):
        return True
    if len(first) < 2 or len(set(line)) < len(line) or pd.to_numeric(first.iloc[0], errors="coerce").notna().any():
        return False
    return bool(pd.to_numeric(first.iloc[1], errors="coerce").notna().any())


def _parquet(source: Path) -> Any:
    try:
        return pd.concat([pd.read_parquet(path) for path in files_of(source)], ignore_index=True)
    except ImportError:
        raise RefusalError("reading Parquet needs the package pyarrow: pip install pyarrow") from None


def _json(source: Path, kind: str, config: Config) -> tuple[Any, object, object]:
    """Features, label and predicted label of each record; the last header is that of the label, where there is one."""
    documents = list(_documents(source, kind))
    rows = [row for document in documents for row in _rows(document, kind, config.get("features"))]
    frame = pd.DataFrame(rows)
    roles: dict[str, str | None] = {}
    extra: dict[str, list[Any]] = {}
    for role in ("label", "predicted_label"):
        expression = config.get(role)
        if expression is None or (config.get("features") is None and expression in frame.columns):
            roles[role] = expression
            continue
        roles[role] = role
        extra[role] = [value for document in documents for value in _values(document, kind, str(expression))]
    _name(frame, config.get("headers"), roles)
    for role, values in extra.items():
        if len(values) != len(frame):
            raise RefusalError(f"the expression {role} finds {len(values)} values for {len(frame)} records")
        frame[roles[role]] = values
    return frame, roles["label"], roles["predicted_label"]


def _name(frame: Any, headers: Sequence[str] | None, roles: dict[str, str | None]) -> None:
    if all(isinstance(name, str) for name in frame.columns):
        return
    width = len(frame.columns)
    if headers and len(headers) == width + 1 and roles["label"]:
        roles["label"] = headers[-1]
        headers = headers[:-1]
    if headers and len(headers) != width:
        raise RefusalError(f"there are {len(headers)} headers for {width} features")
    frame.columns = list(headers) if headers else [f"column_{index}" for index in range(width)]


def _documents(source: Path, kind: str) -> Iterator[Any]:
    for path in files_of(source):
        text = path.read_text(encoding="utf-8")
        try:
            yield from (json.loads(line) for line in text.splitlines() if line.strip()) if kind == LINES else [json.loads(text)]
        except ValueError as error:
            raise RefusalError(f"{path.name} is not JSON: {error}") from None


def _rows(document: Any, kind: str, expression: str | None) -> list[Any]:
    found = search(expression, document) if expression else document
    rows = [found] if kind == LINES else found
    if not isinstance(rows, list) or not all(isinstance(row, (list, dict)) for row in rows):
        raise RefusalError(f"the expression features {expression!r} does not find lists of features")
    return rows


def _values(document: Any, kind: str, expression: str) -> list[Any]:
    found = search(expression, document)
    return [found] if kind == LINES or not isinstance(found, list) else found


def search(expression: str, document: Any) -> Any:
    """What a JMESPath expression finds.

    Raises:
        RefusalError: it cannot be read, or finds nothing.
    """
    try:
        found = jmespath.search(expression, document)
    except JMESPathError as error:
        raise RefusalError(f"the expression {expression!r} cannot be read: {error}") from None
    if found is None:
        raise RefusalError(f"the expression {expression!r} finds nothing in {json.dumps(document)[:200]}")
    return found
