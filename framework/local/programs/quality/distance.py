"""How far two distributions are apart, from what statistics.json tells of them.

Page "Schema for Constraints": the greatest absolute difference of the two cumulative distribution functions (Simple), less what two
samples of these sizes differ by anyway (Robust; the two-sample Kolmogorov-Smirnov test at about the 0.3 % level, as the public
library Deequ computes it); for categories the greatest difference of their shares, or a chi-squared test.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

CRITICAL = 1.8
Weighted = tuple[Any, Any]
"""Sorted values, and what part of all values is at most each."""


def numerical(before: Mapping[str, Any], now: Mapping[str, Any], robust: bool) -> float | None:
    """The distance of two `numerical_statistics`; None when one of them has no distribution."""
    first, second = _cumulative(before), _cumulative(now)
    if first is None or second is None:
        return None
    points = np.union1d(first[0], second[0])
    simple = float(np.abs(_share(first, points) - _share(second, points)).max())
    return _corrected(simple, _present(before), _present(now)) if robust else simple


def _cumulative(statistics: Mapping[str, Any]) -> Weighted | None:
    kll = (statistics.get("distribution") or {}).get("kll") or {}
    levels = (kll.get("sketch") or {}).get("data") or []
    pairs = [(float(value), 2.0**level) for level, values in enumerate(levels) for value in values]
    if not pairs:  # written by hand: only buckets
        pairs = [(float(bucket["upper_bound"]), float(bucket["count"])) for bucket in kll.get("buckets") or ()]
    if not pairs:
        return None
    values, weights = np.array(sorted(pairs)).T
    return values, np.cumsum(weights) / weights.sum()


def _share(distribution: Weighted, points: Any) -> Any:
    values, cumulative = distribution
    places = np.searchsorted(values, points, side="right")
    return np.concatenate([[0.0], cumulative])[places]


def _present(statistics: Mapping[str, Any]) -> float:
    return float((statistics.get("common") or {}).get("num_present") or 0)


def _corrected(simple: float, first: float, second: float) -> float:
    if not first or not second:
        return simple
    return max(0.0, simple - CRITICAL * math.sqrt((first + second) / (first * second)))


def categorical(before: Mapping[str, Any], now: Mapping[str, Any], robust: bool) -> float | None:
    """The distance of two `string_statistics`; None when one of them has no distribution."""
    first, second = counts(before), counts(now)
    if not first or not second:
        return None
    total, other = sum(first.values()), sum(second.values())
    simple = max(abs(first.get(value, 0.0) / total - second.get(value, 0.0) / other) for value in {*first, *second})
    return _corrected(simple, total, other) if robust else simple


def chi_squared(before: Mapping[str, Any], now: Mapping[str, Any]) -> float | None:
    """The p-value of the two `string_statistics` having one distribution; None when one of them has none."""
    from scipy.stats import chi2_contingency  # type: ignore[import-untyped]

    first, second = counts(before), counts(now)
    if not first or not second:
        return None
    values = sorted({*first, *second})
    if len(values) == 1:
        return 1.0
    return float(chi2_contingency([[side.get(value, 0.0) for value in values] for side in (first, second)]).pvalue)


def counts(statistics: Mapping[str, Any]) -> dict[str, float]:
    """How often each category occurs."""
    buckets = ((statistics.get("distribution") or {}).get("categorical") or {}).get("buckets") or ()
    return {str(bucket["value"]): float(bucket["count"]) for bucket in buckets}
