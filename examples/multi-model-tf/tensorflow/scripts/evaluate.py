"""Measure the transform's predictions against the house values.

In: x_test.csv.out (one prediction per line, from housing-tf-Transform) and y_test.csv (one house value per line, from
housing-tf-Preprocessing).
Out: model_evaluation_metrics.json, in the shape of SageMaker's model quality metrics for regression.
"""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pandas as pd
from sklearn import metrics

INPUT = Path("/opt/ml/processing/input")
PREDICTIONS = INPUT / "housing-tf-Transform-test" / "x_test.csv.out"
VALUES = INPUT / "housing-tf-Preprocessing-test" / "y_test.csv"
REPORT = Path("/opt/ml/processing/output/model_evaluation_metrics.json")


def read_column(path: Path) -> pd.Series:
    return pd.read_csv(path, header=None)[0]


def figure(value: float) -> dict[str, Any]:
    """One run on one test set has no spread to speak of, and the shape asks for one."""
    return {"value": float(value), "standard_deviation": "NaN"}


def evaluate(values: pd.Series, predictions: pd.Series) -> dict[str, Any]:
    if len(values) != len(predictions):
        raise ValueError(f"{len(predictions)} predictions for {len(values)} house values")
    return {
        "rmse": figure(math.sqrt(metrics.mean_squared_error(values, predictions))),
        "mae": figure(metrics.mean_absolute_error(values, predictions)),
        "r2": figure(metrics.r2_score(values, predictions)),
    }


def main() -> None:
    quality = evaluate(read_column(VALUES), read_column(PREDICTIONS))
    REPORT.parent.mkdir(parents=True, exist_ok=True)
    REPORT.write_text(json.dumps({"regression_metrics": quality}, indent=2) + "\n", encoding="utf-8")
    print(" ".join(f"{name.upper()}={entry['value']:.4f}" for name, entry in quality.items()))


if __name__ == "__main__":
    main()
