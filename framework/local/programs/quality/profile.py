"""What a dataset is like: statistics.json and the constraints that it suggests.

In: a table of texts. Out: the documents of the developer guide's pages "Schema for Statistics" and "Schema for Constraints". The
quantile sketch has the documented form (parameters c and k, levels whose items weigh 1, 2, 4, …) and is exact up to k values.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd  # type: ignore[import-untyped]

INTEGRAL, FRACTIONAL, STRING, UNKNOWN = "Integral", "Fractional", "String", "Unknown"
BUCKETS = 10
SKETCH_SIZE, SKETCH_C = 2048, 0.64
MOST_CATEGORIES = 120
FEW_CATEGORIES, SOME_CATEGORIES = 10, 100
"""A domain is suggested for a few values, or for some of which each occurs ten times on average."""

MONITORING = {
    "evaluate_constraints": "Enabled",
    "emit_metrics": "Enabled",
    "datatype_check_threshold": 1.0,
    "domain_content_threshold": 1.0,
    "distribution_constraints": {
        "perform_comparison": "Enabled",
        "comparison_threshold": 0.1,
        "comparison_method": "Robust",
        "categorical_comparison_threshold": 0.1,
        "categorical_drift_method": "LInfinity",
    },
}


def shares(column: Any) -> dict[str, float]:
    """How much of the values that are present is of each type.

    Args:
        column: texts and None.
    """
    present = column.dropna()
    if present.empty:
        return {}
    numbers = numeric(present)
    whole = present.str.fullmatch(r"\s*[-+]?[0-9]+\s*")
    counts = {INTEGRAL: int(whole.sum()), FRACTIONAL: int((numbers.notna() & ~whole).sum()), STRING: int(numbers.isna().sum())}
    return {kind: count / len(present) for kind, count in counts.items()}


def numeric(present: Any) -> Any:
    """Texts as numbers, NaN where they are none; infinity is none."""
    return pd.to_numeric(present, errors="coerce").astype(float).replace([np.inf, -np.inf], np.nan)


def inferred(column: Any) -> str:
    """The type of a column: that of its values, and of several the one that takes them all."""
    found = shares(column)
    return next((kind for kind in (STRING, FRACTIONAL, INTEGRAL) if found.get(kind)), UNKNOWN)


def statistics(frame: Any) -> dict[str, Any]:
    """The document statistics.json."""
    return {
        "version": 0.0,
        "dataset": {"item_count": len(frame)},
        "features": [_feature(str(name), frame[name]) for name in frame.columns],
    }


def _feature(name: str, column: Any) -> dict[str, Any]:
    kind = inferred(column)
    present = column.dropna()
    common = {"num_present": len(present), "num_missing": len(column) - len(present)}
    about = {"name": name, "inferred_type": kind}
    if kind in (INTEGRAL, FRACTIONAL):
        return {**about, "numerical_statistics": {"common": common, **_numbers(np.sort(numeric(present).to_numpy()))}}
    return {**about, "string_statistics": {"common": common, **_texts(present)}}


def _numbers(values: Any) -> dict[str, Any]:
    """Of sorted numbers; the standard deviation is that of the population."""
    counts, edges = np.histogram(values, bins=BUCKETS)
    buckets = [
        {"lower_bound": float(low), "upper_bound": float(high), "count": float(count)}
        for low, high, count in zip(edges[:-1], edges[1:], counts, strict=True)
    ]
    sketch = {"parameters": {"c": SKETCH_C, "k": float(SKETCH_SIZE)}, "data": sketched(values)}
    return {
        "mean": float(values.mean()),
        "sum": float(values.sum()),
        "std_dev": float(values.std()),
        "min": float(values[0]),
        "max": float(values[-1]),
        "distribution": {"kll": {"buckets": buckets, "sketch": sketch}},
    }


def sketched(values: Any) -> list[list[float]]:
    """Sorted numbers as levels of a sketch: an item of level i stands for 2**i values, and no value is lost."""
    level = 0
    while len(values) >> level > SKETCH_SIZE:
        level += 1
    weight = 1 << level
    whole = len(values) // weight * weight
    kept = values[:whole][weight // 2 :: weight].tolist()
    rest = values[whole:].tolist()
    return [rest, *([] for _ in range(level - 1)), kept] if level else [kept]


def _texts(present: Any) -> dict[str, Any]:
    counts = present.value_counts()
    if len(counts) > MOST_CATEGORIES:
        return {"distinct_count": float(len(counts))}
    pairs = sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))
    buckets = [{"value": value, "count": int(count)} for value, count in pairs]
    return {"distinct_count": float(len(counts)), "distribution": {"categorical": {"buckets": buckets}}}


def constraints(frame: Any, document: dict[str, Any], drift_method: str | None = None) -> dict[str, Any]:
    """The document constraints.json.

    Args:
        frame: the table.
        document: its statistics.
        drift_method: the categorical_drift_method to write instead of the default one.
    """
    config = {**MONITORING}
    if drift_method:
        config["distribution_constraints"] = {**MONITORING["distribution_constraints"], "categorical_drift_method": drift_method}  # type: ignore[dict-item]
    features = [_constraint(feature, frame[feature["name"]]) for feature in document["features"]]
    return {"version": 0.0, "features": features, "monitoring_config": config}


def _constraint(feature: dict[str, Any], column: Any) -> dict[str, Any]:
    kind = feature["inferred_type"]
    about = {"name": feature["name"], "inferred_type": kind, "completeness": float(column.notna().mean())}
    if numbers := feature.get("numerical_statistics"):
        return {**about, "num_constraints": {"is_non_negative": numbers["min"] >= 0}}
    values = sorted(column.dropna().unique())
    if kind == STRING and (len(values) <= FEW_CATEGORIES or len(values) <= min(SOME_CATEGORIES, column.notna().sum() / 10)):
        return {**about, "string_constraints": {"domains": values}}
    return about
