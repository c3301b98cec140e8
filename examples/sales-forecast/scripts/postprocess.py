"""Turn the model's answers into the table that somebody orders from, and into what the check of the model's quality reads.

In: recent.csv.out and future.csv.out (from sales-Score-transform), actuals.csv (from sales-Prepare).
Out: forecast/forecast.csv (date, store, item, forecast and the ends of its interval, whole pieces up) and forecast/weekly.csv (the
sums by week and item); recent/recent.csv (the forecast of the weeks that have passed beside what was sold).
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
from features import KEYS
from measures import coverage, errors
from scored import read_scored, with_actuals

INPUT = Path("/opt/ml/processing/input")
SCORED, ACTUALS = INPUT / "sales-Score-transform-input-score", INPUT / "sales-Prepare-input-actuals" / "actuals.csv"
OUTPUT = Path("/opt/ml/processing/output")
PIECES = ["forecast", "lower", "upper"]


def forecast_table(future: pd.DataFrame) -> pd.DataFrame:
    """The forecast to one decimal; the interval in whole pieces, widened rather than narrowed."""
    table = future[[*KEYS, *PIECES]].sort_values(KEYS).reset_index(drop=True)
    table["forecast"] = table["forecast"].round(1)
    table["lower"], table["upper"] = np.floor(table["lower"]).astype(int), np.ceil(table["upper"]).astype(int)
    return table


def weekly(table: pd.DataFrame) -> pd.DataFrame:
    """By week and item, how much all shops will sell. There is no interval: those of single days do not add up to one."""
    week = pd.to_datetime(table["date"]).dt.to_period("W-SUN").dt.start_time.dt.strftime("%Y-%m-%d")
    sums = table.assign(week=week).groupby(["week", "item"], as_index=False)["forecast"].sum()
    return sums.round(1)


def write(frame: pd.DataFrame, name: str) -> None:
    path = OUTPUT / name
    path.parent.mkdir(parents=True, exist_ok=True)
    frame.to_csv(path, index=False)


def main() -> None:
    recent = with_actuals(read_scored(SCORED / "recent.csv.out"), pd.read_csv(ACTUALS))
    table = forecast_table(read_scored(SCORED / "future.csv.out"))
    write(table, "forecast/forecast.csv")
    write(weekly(table), "forecast/weekly.csv")
    write(recent[[*KEYS, "sales", "forecast", "relative_sales", "relative_forecast"]], "recent/recent.csv")
    measured = errors(recent["sales"], recent["forecast"])
    measured["interval_coverage"] = coverage(recent["sales"], recent["lower"], recent["upper"])
    print("weeks that have passed:", " ".join(f"{name}={value:.4f}" for name, value in measured.items()))
    print(f"{len(table)} lines of forecast")


if __name__ == "__main__":
    main()
