"""Measure the transform's predictions against the labels.

In: x_test.csv.out (one probability per line, from lgbm-Transform) and y_test.csv (one label per line, from lgbm-Preprocessing).
Out: model_evaluation_metrics.json, in the shape of SageMaker's model quality metrics for binary classification.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd
from sklearn import metrics

INPUT = Path("/opt/ml/processing/input")
PREDICTIONS = INPUT / "lgbm-Transform-test" / "x_test.csv.out"
LABELS = INPUT / "lgbm-Preprocessing-test" / "y_test.csv"
REPORT = Path("/opt/ml/processing/output/model_evaluation_metrics.json")
THRESHOLD = 0.5


def read_column(path: Path) -> pd.Series:
    return pd.read_csv(path, header=None)[0]


def figure(value: float) -> dict[str, Any]:
    """One run on one test set has no spread to speak of, and the shape asks for one."""
    return {"value": float(value), "standard_deviation": "NaN"}


def confusion(labels: pd.Series, decisions: pd.Series) -> dict[str, dict[str, int]]:
    """How many visits of each actual class (outer key) were taken for which class (inner key)."""
    counts = metrics.confusion_matrix(labels, decisions, labels=[0, 1])
    return {str(actual): {str(taken): int(counts[actual][taken]) for taken in (0, 1)} for actual in (0, 1)}


def evaluate(labels: pd.Series, probabilities: pd.Series) -> dict[str, Any]:
    if len(labels) != len(probabilities):
        raise ValueError(f"{len(probabilities)} predictions for {len(labels)} labels")
    decisions = (probabilities >= THRESHOLD).astype(int)
    return {
        "auc": figure(metrics.roc_auc_score(labels, probabilities)),
        "accuracy": figure(metrics.accuracy_score(labels, decisions)),
        "precision": figure(metrics.precision_score(labels, decisions, zero_division=0)),
        "recall": figure(metrics.recall_score(labels, decisions, zero_division=0)),
        "f1": figure(metrics.f1_score(labels, decisions, zero_division=0)),
        "confusion_matrix": confusion(labels, decisions),
    }


def main() -> None:
    quality = evaluate(read_column(LABELS), read_column(PREDICTIONS))
    REPORT.parent.mkdir(parents=True, exist_ok=True)
    REPORT.write_text(json.dumps({"binary_classification_metrics": quality}, indent=2) + "\n", encoding="utf-8")
    print(f"AUC={quality['auc']['value']:.4f}")


if __name__ == "__main__":
    main()
