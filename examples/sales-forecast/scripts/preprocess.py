"""Turn two years of sales into training, validation and test data, and into what the checks look at.

In: sales/*.csv, stores/stores.csv and items/items.csv, each from the input of that name.
Out: train/train.csv and validation/validation.csv (target first, header); test/x_test.csv (keys and features, no header: what a
batch transform is sent) and test/y_test.csv (keys, actual sales and the seasonal-naive forecast); monitor/monitor.csv (what new
weeks will be compared with); bias/bias.csv (target and kind of shop); explain/explain.csv (features of a few test lines).

The last four weeks are the test, the four before them the validation, and nothing before an origin looks beyond it.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import pandas as pd
from features import FEATURES, HORIZON, KEYS, MONITORED, NEEDED, TARGET, WEIGHT, features_at, naive, origins
from panel import Panel, read_panel

INPUT = Path("/opt/ml/processing/input")
OUTPUT = Path("/opt/ml/processing/output")
EVERY = 21
"""Days between two origins of the training data."""
EXPLAINED = 24
SEED = 5
ACTUALS = [*KEYS, "sales", WEIGHT, TARGET, "promotion", "size", "naive"]
BIAS = [TARGET, "size", "category"]


def training_lines(panel: Panel, last: int) -> pd.DataFrame:
    """The lines of all horizons that are over at the given day; days with an empty shelf teach nothing."""
    found = [features_at(panel, origin) for origin in origins(NEEDED, last - HORIZON, EVERY)]
    if not found:
        raise ValueError(f"{len(panel.days)} days of sales are too few: {NEEDED + 3 * HORIZON} are needed")
    return pd.concat(found, ignore_index=True).dropna(subset=[TARGET])


def test_lines(panel: Panel, origin: int) -> pd.DataFrame:
    lines = features_at(panel, origin)
    lines["naive"] = naive(panel, origin, lines)
    return lines.dropna(subset=[TARGET])


def write(frame: pd.DataFrame, name: str, header: bool = True) -> None:
    path = OUTPUT / name
    path.parent.mkdir(parents=True, exist_ok=True)
    frame.round(6).to_csv(path, index=False, header=header)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--explained", type=int, default=EXPLAINED, help="lines whose forecasts are explained")
    options = parser.parse_args()
    panel = read_panel(sorted(INPUT.glob("sales/*.csv")), INPUT / "stores" / "stores.csv", INPUT / "items" / "items.csv")
    test_origin = len(panel.days) - HORIZON
    train = training_lines(panel, test_origin - HORIZON)
    validation = features_at(panel, test_origin - HORIZON).dropna(subset=[TARGET])
    test = test_lines(panel, test_origin)
    write(train[[TARGET, *FEATURES]], "train/train.csv")
    write(validation[[TARGET, *FEATURES]], "validation/validation.csv")
    write(test[[*KEYS, *FEATURES]], "test/x_test.csv", header=False)
    write(test[ACTUALS], "test/y_test.csv")
    write(train[MONITORED], "monitor/monitor.csv")
    write(train[BIAS], "bias/bias.csv")
    write(test[FEATURES].sample(min(options.explained, len(test)), random_state=SEED), "explain/explain.csv")
    print(f"lines train={len(train)} validation={len(validation)} test={len(test)} series={len(panel.series)}")


if __name__ == "__main__":
    main()
