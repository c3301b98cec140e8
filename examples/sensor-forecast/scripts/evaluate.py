"""Measure the forecasts of the batch transform against what happened, and against a forecast that costs nothing.

In: requests.json.out (one prediction per line, from sensor-Transform), requests.json (what was known) and actuals.json (what
happened), both from sensor-Processing, line by line the same sensors.
Out: model_evaluation_metrics.json: RMSE and MAE in the shape of SageMaker's model quality metrics for regression; beside them the
weighted quantile losses, how often the middle 80 % of the forecast held the truth, and the figures of the seasonal naive forecast.

The seasonal naive forecast is last week's reading of the same hour, or an earlier week's where that is missing. Hours without a
reading count nowhere.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np

SEASON = 168
LOW, HIGH = "0.1", "0.9"


def read(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def seasonal_naive(target: np.ndarray, horizon: int) -> np.ndarray:
    """Last week's values, where they are missing those of the week before, and so on; the mean where there is none at all."""
    weeks = -(-(len(target) + horizon) // SEASON)
    padded = np.concatenate([np.full(weeks * SEASON - len(target) - horizon, np.nan), target, np.full(horizon, np.nan)])
    forecast = np.full(horizon, np.nan)
    for week in range(1, weeks):
        end = len(padded) - week * SEASON
        if end < horizon:
            break
        forecast = np.where(np.isnan(forecast), padded[end - horizon : end], forecast)
    return np.where(np.isnan(forecast), np.nanmean(target), forecast)


def rmse(forecast: np.ndarray, actual: np.ndarray) -> float:
    return float(np.sqrt(np.nanmean((forecast - actual) ** 2)))


def weighted_quantile_loss(forecast: np.ndarray, actual: np.ndarray, quantile: float) -> float:
    """As DeepAR defines it: twice the quantile loss of all hours, over the sum of what was read."""
    below = np.maximum(actual - forecast, 0.0)
    above = np.maximum(forecast - actual, 0.0)
    return float(2 * np.nansum(quantile * below + (1 - quantile) * above) / np.nansum(np.abs(actual)))


def figure(value: float) -> dict[str, Any]:
    """One run on one window has no spread to speak of, and the shape asks for one."""
    return {"value": value, "standard_deviation": "NaN"}


def evaluate(predictions: list[dict[str, Any]], requests: list[dict[str, Any]], actuals: list[dict[str, Any]]) -> dict[str, Any]:
    """The report.

    Raises:
        ValueError: There are not as many predictions as sensors.
    """
    if not len(predictions) == len(requests) == len(actuals):
        raise ValueError(f"{len(predictions)} predictions and {len(requests)} requests for {len(actuals)} sensors")
    actual = np.array([entry["actual"] for entry in actuals], dtype=float)  # "NaN" becomes one
    mean = np.array([entry["mean"] for entry in predictions])
    levels = sorted(predictions[0]["quantiles"])
    quantiles = {level: np.array([entry["quantiles"][level] for entry in predictions]) for level in levels}
    naive = np.array([seasonal_naive(np.array(entry["target"], dtype=float), actual.shape[1]) for entry in requests])
    losses = {level: weighted_quantile_loss(quantiles[level], actual, float(level)) for level in levels}
    naive_losses = [weighted_quantile_loss(naive, actual, float(level)) for level in levels]
    inside = (actual >= quantiles[LOW]) & (actual <= quantiles[HIGH])
    return {
        "regression_metrics": {
            "rmse": figure(rmse(mean, actual)),
            "mae": figure(float(np.nanmean(np.abs(mean - actual)))),
        },
        "forecast_metrics": {
            "mean_weighted_quantile_loss": figure(float(np.mean(list(losses.values())))),
            "weighted_quantile_loss": losses,
            "coverage_80": figure(float(inside[~np.isnan(actual)].mean())),
            "rmse_over_seasonal_naive": figure(rmse(mean, actual) / rmse(naive, actual)),
        },
        "seasonal_naive": {
            "rmse": figure(rmse(naive, actual)),
            "mean_weighted_quantile_loss": figure(float(np.mean(naive_losses))),
        },
    }


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure forecasts against what happened.")
    parser.add_argument("--input", type=Path, default=Path("/opt/ml/processing/input"), help="folder of the inputs")
    parser.add_argument("--output", type=Path, default=Path("/opt/ml/processing/output"), help="folder of the report")
    options = parser.parse_args()
    known = options.input / "sensor-Processing-forecast"
    predictions = read(options.input / "sensor-Transform-forecast" / "requests.json.out")
    report = evaluate(predictions, read(known / "requests.json"), read(known / "actuals.json"))
    options.output.mkdir(parents=True, exist_ok=True)
    text = json.dumps(report, indent=2) + "\n"
    (options.output / "model_evaluation_metrics.json").write_text(text, encoding="utf-8")
    forecast, naive = report["forecast_metrics"], report["seasonal_naive"]
    print(f"RMSE={report['regression_metrics']['rmse']['value']:.3f} kW, seasonal naive {naive['rmse']['value']:.3f} kW")
    print(f"mean weighted quantile loss={forecast['mean_weighted_quantile_loss']['value']:.4f}, ", end="")
    print(f"seasonal naive {naive['mean_weighted_quantile_loss']['value']:.4f}")
    print(f"{forecast['coverage_80']['value']:.0%} of the readings lie between the quantiles {LOW} and {HIGH}")


if __name__ == "__main__":
    main()
