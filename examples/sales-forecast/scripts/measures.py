"""Measures of a forecast.

In: actual sales and forecasts, in pieces. Out: numbers; all of them are better when smaller, but for the coverage.
"""

from __future__ import annotations

import numpy as np
import pandas as pd


def errors(actual: pd.Series, forecast: pd.Series) -> dict[str, float]:
    """How far a forecast is off.

    Args:
        actual: What was sold.
        forecast: What was expected.

    Returns:
        mae and rmse in pieces; wape, all errors as a part of all sales; mape, the mean error as a part of the day's sales, of days
        with any; bias, how much too high the forecast is on the whole, as a part of all sales.
    """
    error = forecast - actual
    sold = actual > 0
    return {
        "mae": float(error.abs().mean()),
        "rmse": float(np.sqrt((error**2).mean())),
        "wape": float(error.abs().sum() / actual.sum()),
        "mape": float((error[sold].abs() / actual[sold]).mean()),
        "bias": float(error.sum() / actual.sum()),
    }


def coverage(actual: pd.Series, lower: pd.Series, upper: pd.Series) -> float:
    """The part of the days whose sales lay within the interval."""
    return float(((lower <= actual) & (actual <= upper)).mean())
