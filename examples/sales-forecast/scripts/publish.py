"""Publish the forecast: look at it once more, and put it where the shops fetch it.

In: forecast.csv and weekly.csv (from sales-Postprocess).
Out: forecast.csv, weekly.csv and summary.json, at the same place every time.
"""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

import pandas as pd

FORECAST = Path("/opt/ml/processing/input/sales-Postprocess-input-forecast")
OUTPUT = Path("/opt/ml/processing/output/published")
FILES = ("forecast.csv", "weekly.csv")


def faults(table: pd.DataFrame) -> list[str]:
    """What nobody should order from."""
    series = table.groupby(["store", "item"])["date"].nunique()
    found = {
        "numbers are missing": table.isna().any(axis=None),
        "numbers are negative": (table[["forecast", "lower", "upper"]] < 0).any(axis=None),
        "a forecast lies outside of its interval": (~table["forecast"].between(table["lower"], table["upper"])).any(),
        "some items have fewer days than others": series.nunique() > 1,
    }
    return [text for text, found_it in found.items() if found_it]


def main() -> None:
    table = pd.read_csv(FORECAST / "forecast.csv")
    if found := faults(table):
        sys.exit(f"the forecast is not published: {'; '.join(found)}")
    OUTPUT.mkdir(parents=True, exist_ok=True)
    for name in FILES:
        shutil.copy(FORECAST / name, OUTPUT / name)
    summary = {
        "first_day": table["date"].min(),
        "last_day": table["date"].max(),
        "stores": int(table["store"].nunique()),
        "items": int(table["item"].nunique()),
        "pieces": round(float(table["forecast"].sum()), 1),
    }
    (OUTPUT / "summary.json").write_text(json.dumps(summary, indent=2) + "\n", encoding="utf-8")
    print(f"published {len(table)} lines from {summary['first_day']} to {summary['last_day']}")


if __name__ == "__main__":
    main()
