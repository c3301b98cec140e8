"""Time series in DeepAR's JSON: one object each, with `start`, `target` and, where the model knows them, `cat` and `dynamic_feat`.

In: JSON objects, or folders of JSON Lines files. Out: `Series`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]


class SeriesError(ValueError):
    """A record is not what DeepAR reads; the message says in which way."""


class Series(NamedTuple):
    """One time series, hour by hour.

    Attributes:
        start: of its first hour.
        target: the values; NaN where one is missing.
        cat: the numbers of its categories.
        dynamic_feat: one row for each feature; at least as long as the target.
    """

    start: datetime
    target: Numbers
    cat: tuple[int, ...]
    dynamic_feat: Numbers

    def shortened(self, hours: int) -> Series:
        """Without the last values of the target; its features stay, as those of the hours to come."""
        return self._replace(target=self.target[:-hours])

    def hour(self, place: int) -> datetime:
        """When the value at a place of the target was."""
        return self.start + timedelta(hours=place)


def parse(record: Any) -> Series:
    """The series of one JSON object.

    Raises:
        SeriesError: something is missing in it or of the wrong kind.
    """
    if not isinstance(record, dict):
        raise SeriesError("a record is not a JSON object")
    try:
        start = datetime.fromisoformat(record["start"])
        target = _numbers(record["target"])
        cat = record.get("cat", [])
        features = [_numbers(row) for row in record.get("dynamic_feat", [])]
        series = Series(start, target, tuple(map(int, cat if isinstance(cat, list) else [cat])), _stacked(features, len(target)))
    except (KeyError, TypeError, ValueError) as error:
        reason = f"it has no {error.args[0]}" if isinstance(error, KeyError) else str(error)
        raise SeriesError(f"a record cannot be read: {reason}") from None
    return series


def _numbers(values: Any) -> Numbers:
    """An array of numbers; null and "NaN" are missing values."""
    if not isinstance(values, list):
        raise TypeError("target and the rows of dynamic_feat are arrays of numbers")
    return np.array([np.nan if value is None else value for value in values], dtype=float)


def _stacked(features: list[Numbers], hours: int) -> Numbers:
    if len({len(row) for row in features}) > 1 or any(len(row) < hours for row in features):
        raise ValueError("the rows of dynamic_feat are of different lengths, or shorter than the target")
    stacked = np.array(features).reshape(len(features), -1) if features else np.empty((0, hours))
    if np.isnan(stacked).any():
        raise ValueError("a value of dynamic_feat is missing; only those of target may be")
    return stacked


def read(folder: Path) -> list[Series]:
    """All series of a channel, by file name and line.

    Raises:
        SeriesError: there is none, or one that cannot be read.
    """
    series = [each for path in sorted(folder.rglob("*.json")) for each in _lines(path)]
    if not series:
        raise SeriesError(f"there are no series in {folder}: DeepAR reads files that end in .json")
    return series


def _lines(path: Path) -> Iterator[Series]:
    with path.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, 1):
            if line.strip():
                try:
                    yield parse(json.loads(line))
                except ValueError as error:
                    raise SeriesError(f"{path.name}, line {number}: {error}") from None
