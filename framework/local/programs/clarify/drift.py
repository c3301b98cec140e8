"""Where an analysis is worse than that of a baseline; both are documents analysis.json.

Bias: a metric is worse when it is farther from what stands for equality, 0 (page "Bias Drift Violations"), for the ratio DI 1.
Attribution: the order of the features counts, measured as the nDCG of the baseline's values in the order that the values have now;
below 0.9 it has drifted (page "Model Feature Attribution Drift Violations").
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

TOLERANCE = 1e-9
NDCG = 0.9
EQUAL = {"DI": 1.0}
SECTIONS = ("pre_training_bias_metrics", "post_training_bias_metrics")
INTERVAL = re.compile(r"\((.+), .+\]")
Document = Mapping[str, Any]
Violation = dict[str, Any]


def violations(now: Document, before: Document) -> list[Violation]:
    """All violations of a baseline; of what it does not have, there are none."""
    return [*(found for section in SECTIONS for found in _bias(now, before, section)), *_attribution(now, before)]


def _bias(now: Document, before: Document, section: str) -> Iterator[Violation]:
    current = dict(_metrics(now.get(section) or {}))
    for (facet, value, name), limit in _metrics(before.get(section) or {}):
        if limit is None or section not in now:
            continue
        metric = current.get((facet, value, name))
        if metric is None:
            description = f"it has no value now; that of the baseline is {limit}"
        elif _distance(name, metric) > _distance(name, limit) + TOLERANCE:
            description = f"Value {metric} is farther from {EQUAL.get(name, 0.0):g} than the baseline's {limit}"
        else:
            continue
        about = {"facet": facet, "facet_value": value, "metric_name": name}
        yield {**about, "constraint_check_type": "bias_drift_check", "description": description}


def _metrics(section: Document) -> Iterator[tuple[tuple[str, str, str], float | None]]:
    for facet, groups in (section.get("facets") or {}).items():
        for group in groups:
            text = str(group["value_or_threshold"])
            interval = INTERVAL.fullmatch(text)  # its upper end is the greatest value of a dataset
            for metric in group["metrics"]:
                value = metric.get("value")
                yield (facet, interval[1] if interval else text, metric["name"]), None if value is None else float(value)


def _distance(name: str, value: float) -> float:
    return abs(value - EQUAL.get(name, 0.0))


def _attribution(now: Document, before: Document) -> Iterator[Violation]:
    current = (now.get("explanations") or {}).get("kernel_shap") or {}
    for label, about in ((before.get("explanations") or {}).get("kernel_shap") or {}).items():
        if not current:
            return
        score = ndcg(about["global_shap_values"], current.get(label, {}).get("global_shap_values") or {})
        if score < NDCG:
            description = f"Feature attribution drift {score} is below the threshold {NDCG}"
            kind = "feature_attribution_drift_check"
            yield {"label": label, "metric_name": "shap", "constraint_check_type": kind, "description": description}


def ndcg(before: Mapping[str, float], now: Mapping[str, float]) -> float:
    """The normalised discounted cumulative gain of features in the order of their values now; gains are the values before."""
    gains = {name: abs(float(value)) for name, value in before.items()}
    best = _dcg(sorted(gains.values(), reverse=True))
    if not best:
        return 1.0
    order = sorted(gains, key=lambda name: (-abs(float(now.get(name, 0.0))), name))
    return _dcg([gains[name] for name in order]) / best


def _dcg(gains: list[float]) -> float:
    return float((np.array(gains) / np.log2(np.arange(2, len(gains) + 2))).sum())
