"""Train the regression on the components.

In: the channel calhousing-reg-Preprocessing-train, and the hyperparameters as `--name value`.
Out: regression.joblib in the model folder. No serving code: ModelRepack "True" has the pipeline add it.
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import Any

import joblib
import pandas as pd
from sklearn.ensemble import GradientBoostingRegressor

CHANNEL = "calhousing-reg-Preprocessing-train"
TARGET = "medianHouseValue"
DEFAULTS: dict[str, Any] = {"n_estimators": 300, "learning_rate": 0.05, "max_depth": 4, "subsample": 0.7, "random_state": 17}


def hyperparameters() -> dict[str, Any]:
    parser = argparse.ArgumentParser(description=__doc__)
    for name, default in DEFAULTS.items():
        parser.add_argument(f"--{name}", type=type(default), default=default)
    return vars(parser.parse_args())


def read_rows() -> pd.DataFrame:
    folder = os.environ.get(f"SM_CHANNEL_{CHANNEL.upper()}", f"/opt/ml/input/data/{CHANNEL}")
    return pd.read_csv(Path(folder) / "train.csv")


def main() -> None:
    model = GradientBoostingRegressor(**hyperparameters())
    rows = read_rows()
    # Bare numbers: requests have no column names, and scikit-learn would warn that they are gone.
    features, values = rows.drop(columns=TARGET).to_numpy(), rows[TARGET].to_numpy()
    model.fit(features, values)
    folder = Path(os.environ.get("SM_MODEL_DIR", "/opt/ml/model"))
    folder.mkdir(parents=True, exist_ok=True)
    joblib.dump(model, folder / "regression.joblib")
    print(f"trees={model.n_estimators} train_r2={model.score(features, values):.4f}")


if __name__ == "__main__":
    main()
