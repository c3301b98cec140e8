"""Take the rows that the PCA may learn from.

In: cal_housing.data (no header), from the input raw_data.
Out: train/train.csv, the eight features of every training row, with a header; the house value stays out.
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd

RAW = Path("/opt/ml/processing/input/raw_data/cal_housing.data")
OUTPUT = Path("/opt/ml/processing/output")
FEATURES = [
    "longitude",
    "latitude",
    "housingMedianAge",
    "totalRooms",
    "totalBedrooms",
    "population",
    "households",
    "medianIncome",
]
TARGET = "medianHouseValue"
# The regression keeps every fifth row for its test: the same rule there, so that the PCA never sees a row it is judged on.
TEST_EVERY = 5


def read_raw() -> pd.DataFrame:
    rows = pd.read_csv(RAW, header=None)
    if rows.shape[1] != len(FEATURES) + 1:
        raise ValueError(f"{RAW.name} has {rows.shape[1]} columns, expected {len(FEATURES) + 1}")
    rows.columns = [*FEATURES, TARGET]
    return rows.dropna()


def main() -> None:
    rows = read_raw()
    train = rows[rows.index % TEST_EVERY != 0]
    folder = OUTPUT / "train"
    folder.mkdir(parents=True, exist_ok=True)
    train[FEATURES].to_csv(folder / "train.csv", index=False)
    print(f"{len(train)} of {len(rows)} rows for the PCA")


if __name__ == "__main__":
    main()
