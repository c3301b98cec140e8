"""The hyperparameters that a tuning job searches, read off ParameterRanges.

In: the ranges of CreateHyperParameterTuningJob, every number a string. Out: dimensions. Rules of the developer guide's page
"Define Hyperparameter Ranges"; a range that breaks one is a `StepError`.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from framework.local.functions import text
from framework.local.job import StepError

LINEAR, LOGARITHMIC, REVERSE, AUTO = "Linear", "Logarithmic", "ReverseLogarithmic", "Auto"
WIDE = 100.0
"""An Auto range whose ends differ by this factor or more is searched on a logarithmic scale."""
HINT_FACTOR = 10.0


@dataclass(frozen=True, slots=True)
class Range:
    """Numbers between two ends, both included.

    Attributes:
        name: the hyperparameter.
        low, high: the ends; whole numbers where `whole`.
        whole: an IntegerParameterRange.
        scale: Linear, Logarithmic or ReverseLogarithmic.
    """

    name: str
    low: float
    high: float
    whole: bool
    scale: str

    def written(self, value: float) -> str:
        """A value as it stands among the hyperparameters, which is JSON too."""
        return str(round(value)) if self.whole else repr(min(max(float(value), self.low), self.high))


@dataclass(frozen=True, slots=True)
class Choice:
    """One of several values, each handed on exactly as it stands in the definition.

    A definition made for script mode holds them JSON-encoded already where its maker wanted that.
    """

    name: str
    values: tuple[str, ...]


Dimension = Range | Choice


def read_space(ranges: Mapping[str, Any]) -> list[Dimension]:
    """The dimensions of ParameterRanges, in the order of the API's members.

    Args:
        ranges: IntegerParameterRanges, ContinuousParameterRanges, CategoricalParameterRanges, AutoParameters.

    Raises:
        StepError: a range cannot be searched, a name stands twice, or there is nothing to search.
    """
    found = list(_dimensions(ranges))
    names = [dimension.name for dimension in found]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise StepError(f"ClientError: the hyperparameter {twice} has more than one range")
    if not found:
        raise StepError("ClientError: there are no ParameterRanges; a local run does not choose what to tune (Autotune) by itself")
    return found


def _dimensions(ranges: Mapping[str, Any]) -> Iterator[Dimension]:
    for whole, member in ((True, "IntegerParameterRanges"), (False, "ContinuousParameterRanges")):
        for entry in ranges.get(member) or ():
            yield _range(entry, whole)
    for entry in ranges.get("CategoricalParameterRanges") or ():
        yield _choice(entry)
    for entry in ranges.get("AutoParameters") or ():
        yield _around(str(entry["Name"]), text(entry["ValueHint"]))


def _choice(entry: Mapping[str, Any]) -> Choice:
    values = tuple(dict.fromkeys(text(value) for value in entry.get("Values") or ()))
    if not values:
        raise StepError(f"ClientError: the categorical range of {entry['Name']} has no Values")
    return Choice(str(entry["Name"]), values)


def _range(entry: Mapping[str, Any], whole: bool) -> Range:
    name, wanted = str(entry["Name"]), str(entry.get("ScalingType") or AUTO)
    low, high = (_number(text(entry[end]), whole, f"{end} of {name}") for end in ("MinValue", "MaxValue"))
    if low > high:
        raise StepError(f"ClientError: MinValue of {name} ({low}) is larger than MaxValue ({high})")
    return Range(name, low, high, whole, _scale(name, wanted, low, high, whole))


def _number(value: str, whole: bool, what: str) -> float:
    try:
        number = float(value)
    except ValueError:
        number = math.nan
    if not math.isfinite(number) or (whole and number != int(number)):
        raise StepError(f"ClientError: {what} is {value!r}, not {'a whole' if whole else 'a'} number")
    return int(number) if whole else number


def _scale(name: str, wanted: str, low: float, high: float, whole: bool) -> str:
    if wanted == AUTO:
        return LOGARITHMIC if low > 0 and high / low >= WIDE else LINEAR
    if wanted == LOGARITHMIC and low <= 0:
        raise StepError(f"ClientError: the range of {name} begins at {low}; Logarithmic wants values greater than 0")
    if wanted == REVERSE and (whole or low < 0 or high >= 1):
        raise StepError(f"ClientError: ReverseLogarithmic wants a continuous range within 0 <= x < 1; that of {name} is not one")
    if wanted not in (LINEAR, LOGARITHMIC, REVERSE):
        raise StepError(f"ClientError: the range of {name} has the unknown ScalingType {wanted}")
    return wanted


def _around(name: str, hint: str) -> Dimension:
    """A range around the hint of an AutoParameter: a tenth to ten times of it; for what is no positive number, the hint alone."""
    try:
        number = float(hint)
    except ValueError:
        return Choice(name, (hint,))
    if not math.isfinite(number) or number <= 0:
        return Choice(name, (hint,))
    if hint.strip().isdigit():
        return Range(name, max(1, int(number / HINT_FACTOR)), int(number * HINT_FACTOR), True, LOGARITHMIC)
    return Range(name, number / HINT_FACTOR, number * HINT_FACTOR, False, LOGARITHMIC)
