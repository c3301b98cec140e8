"""Measure the forecast of the last four weeks against what was sold, and against the seasonal-naive forecast.

In: x_test.csv.out (from sales-Transform) and y_test.csv (from sales-Preprocessing).
Out: model_evaluation_metrics.json, in the shape of SageMaker's model quality metrics for regression, and
predictions/predictions.csv, which the check of the model's quality reads.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd
from features import KEYS
from measures import coverage, errors
from scored import read_scored, with_actuals

INPUT = Path("/opt/ml/processing/input")
PREDICTIONS = INPUT / "sales-Transform-test" / "x_test.csv.out"
ACTUALS = INPUT / "sales-Preprocessing-test" / "y_test.csv"
OUTPUT = Path("/opt/ml/processing/output")


def figures(values: dict[str, float]) -> dict[str, Any]:
    """One run on one test set has no spread to speak of, and the shape asks for one."""
    return {name: {"value": value, "standard_deviation": "NaN"} for name, value in values.items()}


def evaluate(lines: pd.DataFrame) -> dict[str, Any]:
    """The report.

    Args:
        lines: sales, naive, forecast, lower, upper, size and promotion of each day.
    """
    model, naive = errors(lines["sales"], lines["forecast"]), errors(lines["sales"], lines["naive"])
    model["skill"] = 1.0 - model["wape"] / naive["wape"]
    model["interval_coverage"] = coverage(lines["sales"], lines["lower"], lines["upper"])
    groups = {
        **{f"{size}_stores": part for size, part in lines.groupby("size")},
        "promotion_days": lines[lines["promotion"] == 1],
        "other_days": lines[lines["promotion"] == 0],
    }
    return {
        "regression_metrics": figures(model),
        "seasonal_naive_metrics": figures(naive),
        "groups": {name: _in_short(part) for name, part in groups.items() if len(part)},
    }


def _in_short(lines: pd.DataFrame) -> dict[str, Any]:
    measured = errors(lines["sales"], lines["forecast"])
    return figures({name: measured[name] for name in ("wape", "bias")})


def main() -> None:
    lines = with_actuals(read_scored(PREDICTIONS), pd.read_csv(ACTUALS))
    report = evaluate(lines)
    (OUTPUT / "predictions").mkdir(parents=True, exist_ok=True)
    kept = [*KEYS, "sales", "forecast", "relative_sales", "relative_forecast"]
    lines[kept].to_csv(OUTPUT / "predictions" / "predictions.csv", index=False)
    text = json.dumps(report, indent=2) + "\n"
    (OUTPUT / "model_evaluation_metrics.json").write_text(text, encoding="utf-8")
    values = {name: about["value"] for name, about in report["regression_metrics"].items()}
    print(" ".join(f"{name}={value:.4f}" for name, value in values.items()))
    print(f"seasonal naive: wape={report['seasonal_naive_metrics']['wape']['value']:.4f}")


if __name__ == "__main__":
    main()
