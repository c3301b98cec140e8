"""Which records are positive, and which belong to a sensitive group: values of categories, or a threshold of numbers.

A threshold is an exclusive lower bound. Numbers are categories when there are two of them, or when few whole ones are used often,
or when more than one value is given.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np
import pandas as pd  # type: ignore[import-untyped]

from framework.local.programs.quality.refusal import RefusalError

DISTINCT = 0.05
"""Whole numbers of which more than this part is distinct are a quantity."""


def is_quantity(column: Any, values: Sequence[Any] | None) -> bool:
    """Whether a column's values are compared with a threshold."""
    numbers = column.dropna()
    if not pd.api.types.is_numeric_dtype(column) or pd.api.types.is_bool_dtype(column) or numbers.empty:
        return False
    if values and len(values) > 1:
        return False
    return not _few(numbers) or bool(values and not matches(column, values).any())


def _few(numbers: Any) -> bool:
    return bool(numbers.nunique() <= 2 or ((numbers % 1 == 0).all() and numbers.nunique() / len(numbers) < DISTINCT))


def matches(column: Any, values: Iterable[Any]) -> Any:
    """Where a column has one of the values; 1, 1.0 and "1" are one value."""
    wanted = {_text(value) for value in values}
    return column.map(_text, na_action="ignore").isin(wanted) & column.notna()


def _text(value: Any) -> str:
    if isinstance(value, (bool, np.bool_)):
        return str(value).lower()
    if isinstance(value, str):
        return value.strip()
    number = float(value)
    return str(int(number)) if number.is_integer() else str(number)


def selected(column: Any, values: Sequence[Any] | None, what: str) -> tuple[Any, str]:
    """Where a column is of a group, and the group's name in a report.

    Args:
        column: the values.
        values: the group's values, or its threshold.
        what: names the column in a reason.

    Raises:
        RefusalError: the values do not fit the column, or nothing or everything is of the group.
    """
    if not values:
        raise RefusalError(f"no values or threshold are given for {what}")
    if is_quantity(column, values):
        threshold = _number(values, what)
        mask, name = column > threshold, f"({threshold:g}, {float(column.max()):g}]"
    else:
        mask, name = matches(column, values), ",".join(_text(value) for value in values)
    if not mask.any() or mask.all():
        raise RefusalError(f"{'all' if mask.any() else 'no'} records have {what} {name}; there is nothing to compare")
    return mask, name


def _number(values: Sequence[Any], what: str) -> float:
    try:
        (threshold,) = values
        return float(threshold)
    except ValueError:
        raise RefusalError(f"{what} is a quantity, and {list(values)!r} is not one threshold") from None


def sensitive(column: Any, values: Sequence[Any] | None, what: str) -> Iterator[tuple[Any, str]]:
    """The groups of a facet: the given one, else one for each value.

    Raises:
        RefusalError: as `selected` says, or no threshold is given for a quantity.
    """
    if values:
        yield selected(column, values, what)
        return
    if is_quantity(column, None):
        raise RefusalError(f"{what} is a quantity; its value_or_threshold must be given")
    for value in sorted(column.dropna().unique(), key=_text):
        yield selected(column, [value], what)
