"""Where a dataset does not keep to the constraints of a baseline, or has drifted away from its statistics.

The checks are those of the page "Schema for Violations". The thresholds datatype_check_threshold and domain_content_threshold are
read as the part of the values that must fit, 1.0 for all of them, which is what Model Monitor's own files and reports mean by them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from framework.local.programs.quality import distance
from framework.local.programs.quality.profile import FRACTIONAL, INTEGRAL, MONITORING, STRING, UNKNOWN, shares
from framework.local.programs.quality.refusal import RefusalError

TOLERANCE = 1e-9
NUMBERS, TEXTS = "numerical_statistics", "string_statistics"
SUBSUMED = {INTEGRAL: (INTEGRAL,), FRACTIONAL: (INTEGRAL, FRACTIONAL)}
"""For each type, those whose values are also of it."""

Document = Mapping[str, Any]
Violation = dict[str, Any]


def violations(frame: Any, statistics: Document, limits: Document, before: Document) -> list[Violation]:
    """All violations, in the order of the baseline's features.

    Args:
        frame: the dataset.
        statistics: of it.
        limits: constraints.json of the baseline.
        before: statistics.json of the baseline; may be empty, then no distributions are compared.

    Raises:
        RefusalError: the constraints are not those of a dataset.
    """
    if "features" not in limits:
        raise RefusalError(f"the baseline's constraints have no features; they have {', '.join(limits)}")
    if not _enabled(limits.get("monitoring_config") or {}, "evaluate_constraints"):
        return []
    current = {feature["name"]: feature for feature in statistics["features"]}
    earlier = {str(feature.get("name")): feature for feature in before.get("features") or ()}
    found: list[Violation] = []
    expected = {str(constraint.get("name")): constraint for constraint in limits.get("features") or ()}
    for name, constraint in expected.items():
        config = _config(limits, constraint)
        if not _enabled(config, "evaluate_constraints"):
            continue
        if name not in current:
            found.append(_violation(name, "missing_column_check", f"the baseline has a column {name}, the dataset has none"))
            continue
        found += _of_column(name, frame[name], constraint, config)
        found += _drift(name, earlier.get(name) or {}, current[name], config.get("distribution_constraints") or {})
    for name in current:
        if name not in expected:
            found.append(_violation(name, "extra_column_check", f"the dataset has a column {name}, the baseline has none"))
    return found


def _enabled(config: Document, name: str) -> bool:
    return str(config.get(name, "Enabled")).lower() == "enabled"


def _config(limits: Document, constraint: Document) -> dict[str, Any]:
    """The monitoring_config of a feature: the defaults, the document's, the feature's own."""
    merged: dict[str, Any] = dict(MONITORING)
    for config in (limits.get("monitoring_config"), constraint.get("monitoringConfigOverrides")):
        given = config or {}
        both = {**merged["distribution_constraints"], **(given.get("distribution_constraints") or {})}
        merged = {**merged, **given, "distribution_constraints": both}
    return merged


def _violation(name: str, kind: str, description: str) -> Violation:
    return {"feature_name": name, "constraint_check_type": kind, "description": description}


def _of_column(name: str, column: Any, constraint: Document, config: Document) -> Iterator[Violation]:
    completeness = float(column.notna().mean())
    wanted = float(constraint.get("completeness", 0.0))
    if completeness < wanted - TOLERANCE:
        yield _violation(name, "completeness_check", f"{completeness:.2%} of the values are present, {wanted:.2%} must be")
    kind, needed = str(constraint.get("inferred_type", UNKNOWN)), float(config["datatype_check_threshold"])
    found = shares(column)
    fitting = sum(found.get(other, 0.0) for other in SUBSUMED.get(kind, ()))
    if kind in SUBSUMED and found and fitting < needed - TOLERANCE:
        yield _violation(name, "data_type_check", f"{fitting:.2%} of the values are {kind}, {needed:.2%} must be")
    domain = (constraint.get("string_constraints") or {}).get("domains")
    if kind == STRING and domain:
        yield from _categories(name, column.dropna(), [str(value) for value in domain], float(config["domain_content_threshold"]))


def _categories(name: str, present: Any, domain: list[str], needed: float) -> Iterator[Violation]:
    known = present.isin(domain)
    if len(present) and float(known.mean()) < needed - TOLERANCE:
        strange = ", ".join(sorted(present[~known].unique())[:5])
        part = f"{float(known.mean()):.2%} of the values are of the baseline's domain, {needed:.2%} must be"
        yield _violation(name, "categorical_values_check", f"{part}; others are {strange}")


def _drift(name: str, before: Document, now: Document, config: Document) -> Iterator[Violation]:
    if not before or not _enabled(config, "perform_comparison"):
        return
    robust = str(config.get("comparison_method", "Robust")).lower().endswith("robust")
    threshold = float(config.get("comparison_threshold", 0.1))
    if NUMBERS in before and NUMBERS in now:
        value = distance.numerical(before[NUMBERS], now[NUMBERS], robust)
    elif TEXTS in before and TEXTS in now:
        limit = config.get("categorical_comparison_threshold")
        threshold = threshold if limit is None else float(limit)
        if str(config.get("categorical_drift_method")) == "ChiSquared":
            yield from _chi_squared(name, before, now, threshold)
            return
        value = distance.categorical(before[TEXTS], now[TEXTS], robust)
    else:
        return  # of different types: that is another violation
    if value is not None and value > threshold + TOLERANCE:
        yield _violation(
            name, "baseline_drift_check", f"drift away from the baseline, distance: {value} exceeds threshold: {threshold}"
        )


def _chi_squared(name: str, before: Document, now: Document, threshold: float) -> Iterator[Violation]:
    value = distance.chi_squared(before[TEXTS], now[TEXTS])
    if value is not None and value < threshold:
        yield _violation(name, "baseline_drift_check", f"the chi-squared test's p-value {value} is below the threshold {threshold}")
