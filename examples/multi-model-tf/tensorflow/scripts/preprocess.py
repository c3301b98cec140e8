"""Put the components and the house values together, and part them by split.

In: x.csv.out, the components of every row (housing-pca-Transform), and rows.csv, split and house value of the same rows in the
same order (housing-pca-Preprocessing).
Out: train/train.csv and train/validation.csv (house value first, then the components, with a header), test/x_test.csv
(components alone, no header: that is what a model is sent) and test/y_test.csv (house values alone, no header).
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd

INPUT = Path("/opt/ml/processing/input")
COMPONENTS = INPUT / "housing-pca-Transform-input-all" / "x.csv.out"
ROWS = INPUT / "housing-pca-Preprocessing-input-all" / "rows.csv"
OUTPUT = Path("/opt/ml/processing/output")
TARGET = "medianHouseValue"


def read() -> pd.DataFrame:
    components, rows = pd.read_csv(COMPONENTS, header=None), pd.read_csv(ROWS)
    if len(components) != len(rows):
        raise ValueError(f"{len(components)} lines of components for {len(rows)} rows")
    components.columns = [f"component_{number + 1}" for number in range(components.shape[1])]
    return pd.concat([rows, components], axis=1)


def write(frame: pd.DataFrame, channel: str, name: str, header: bool = True) -> None:
    folder = OUTPUT / channel
    folder.mkdir(parents=True, exist_ok=True)
    frame.to_csv(folder / name, index=False, header=header)


def main() -> None:
    parts = {str(name): part.drop(columns="split") for name, part in read().groupby("split")}
    write(parts["train"], "train", "train.csv")
    write(parts["validation"], "train", "validation.csv")
    write(parts["test"].drop(columns=TARGET), "test", "x_test.csv", header=False)
    write(parts["test"][[TARGET]], "test", "y_test.csv", header=False)
    print(" ".join(f"{name}={len(part)}" for name, part in parts.items()))


if __name__ == "__main__":
    main()
