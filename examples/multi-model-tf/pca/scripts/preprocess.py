"""Clean and split the rows, and learn their scale.

In: cal_housing.data (no header), from the input raw_data.
Out: train/train.csv (the scaled features of the training rows, with a header) and train/scaler.joblib, which scaled them;
all/x.csv (the raw features of every row, no header: that is what a model is sent) and all/rows.csv (split and house value of
these rows, in the same order, with a header).
"""

from __future__ import annotations

from pathlib import Path

import joblib
import numpy as np
import pandas as pd
from sklearn.preprocessing import StandardScaler

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
SPLITS = {"train": 0.7, "validation": 0.15, "test": 0.15}
SEED = 11


def read_raw() -> pd.DataFrame:
    rows = pd.read_csv(RAW, header=None)
    if rows.shape[1] != len(FEATURES) + 1:
        raise ValueError(f"{RAW.name} has {rows.shape[1]} columns, expected {len(FEATURES) + 1}")
    rows.columns = [*FEATURES, TARGET]
    return rows.dropna().reset_index(drop=True)


def split(count: int) -> np.ndarray:
    """A split for each row; the shares are exact, who is in which is chance."""
    bounds = np.cumsum(list(SPLITS.values())) * count
    places = np.random.default_rng(SEED).permutation(count)
    return np.array(list(SPLITS))[np.searchsorted(bounds[:-1], places, side="right")]


def write(frame: pd.DataFrame, channel: str, name: str, header: bool = True) -> None:
    folder = OUTPUT / channel
    folder.mkdir(parents=True, exist_ok=True)
    frame.to_csv(folder / name, index=False, header=header)


def main() -> None:
    rows = read_raw()
    splits = split(len(rows))
    train = rows.loc[splits == "train", FEATURES]
    # Bare numbers: requests have no column names, and scikit-learn would warn that they are gone.
    scaler = StandardScaler().fit(train.to_numpy())
    write(pd.DataFrame(scaler.transform(train.to_numpy()), columns=FEATURES), "train", "train.csv")
    joblib.dump(scaler, OUTPUT / "train" / "scaler.joblib")
    write(rows[FEATURES], "all", "x.csv", header=False)
    write(pd.DataFrame({"split": splits, TARGET: rows[TARGET]}), "all", "rows.csv")
    print(" ".join(f"{name}={np.count_nonzero(splits == name)}" for name in SPLITS))


if __name__ == "__main__":
    main()
