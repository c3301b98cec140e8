"""Split the raw visits and make them numeric.

In: online_shoppers_intention.csv, from the input of that name.
Out: train/train.csv and validation/validation.csv (label first, with a header), test/x_test.csv (features alone, no header:
that is what a model is sent) and test/y_test.csv (labels alone, no header).
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd
from features import FEATURES, LABEL, encode
from sklearn.model_selection import train_test_split

RAW = Path("/opt/ml/processing/input/online_shoppers_intention/online_shoppers_intention.csv")
OUTPUT = Path("/opt/ml/processing/output")
SHARE = 0.2
SEED = 17


def split(visits: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """64 % train, 16 % validation, 20 % test, each with the same share of buyers."""
    rest, test = train_test_split(visits, test_size=SHARE, random_state=SEED, stratify=visits[LABEL])
    train, validation = train_test_split(rest, test_size=SHARE, random_state=SEED, stratify=rest[LABEL])
    return train, validation, test


def write(frame: pd.DataFrame, channel: str, name: str, header: bool) -> None:
    folder = OUTPUT / channel
    folder.mkdir(parents=True, exist_ok=True)
    frame.to_csv(folder / name, index=False, header=header)


def main() -> None:
    train, validation, test = split(encode(pd.read_csv(RAW)))
    write(train, "train", "train.csv", header=True)
    write(validation, "validation", "validation.csv", header=True)
    write(test[FEATURES], "test", "x_test.csv", header=False)
    write(test[[LABEL]], "test", "y_test.csv", header=False)
    print(
        f"train {len(train)} rows, validation {len(validation)}, test {len(test)}; {test[LABEL].mean():.1%} of the test visits buy"
    )


if __name__ == "__main__":
    main()
