"""Train the forecast and its interval: gradient boosting on the mean and on two quantiles of sales in relation to the usual ones.

In: the channels sales-Preprocessing-train and sales-Preprocessing-validation, and the hyperparameters as `--name value`.
Out, in the model folder: model.joblib, model.json (features, coverage, margin) and code/ (what serves it).

A line counts as much as it usually sells, so what is minimised is an error in pieces. The quantiles of boosted trees promise more
than they keep on data they have not seen; the validation data tells by how much, and the interval is widened by that (conformalized
quantile regression, Romano, Patterson and Candes 2019).
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pandas as pd
from features import FEATURES, TARGET, WEIGHT
from sklearn.ensemble import HistGradientBoostingRegressor

SOURCE_STEP = "sales-Preprocessing"
# The registry section says ModelRepack "False": nobody else puts the serving code into the artifact.
SERVING_CODE = ("inference.py",)
DEFAULTS: dict[str, Any] = {
    "max_iter": 100,
    "learning_rate": 0.08,
    "max_leaf_nodes": 15,
    "min_samples_leaf": 60,
    "coverage": 0.8,
    "seed": 11,
}
MEAN, LOWER, UPPER = "mean", "lower", "upper"


def hyperparameters() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    for name, default in DEFAULTS.items():
        parser.add_argument(f"--{name}", type=type(default), default=default)
    return parser.parse_args()


def read_channel(channel: str) -> pd.DataFrame:
    """The one CSV of a channel of the preprocessing step."""
    name = f"{SOURCE_STEP}-{channel}"
    folder = os.environ.get(f"SM_CHANNEL_{name.upper()}", f"/opt/ml/input/data/{name}")
    return pd.read_csv(Path(folder) / f"{channel}.csv")


def fit(options: argparse.Namespace, train: pd.DataFrame, **loss: Any) -> HistGradientBoostingRegressor:
    names = ("max_iter", "learning_rate", "max_leaf_nodes", "min_samples_leaf")
    parameters = {name: getattr(options, name) for name in names}
    booster = HistGradientBoostingRegressor(**parameters, random_state=options.seed, early_stopping=False, **loss)
    return booster.fit(train[FEATURES].to_numpy(), train[TARGET].to_numpy(), sample_weight=train[WEIGHT].to_numpy())


def fit_all(options: argparse.Namespace, train: pd.DataFrame) -> dict[str, HistGradientBoostingRegressor]:
    tail = (1.0 - options.coverage) / 2.0
    return {
        MEAN: fit(options, train, loss="squared_error"),
        LOWER: fit(options, train, loss="quantile", quantile=tail),
        UPPER: fit(options, train, loss="quantile", quantile=1.0 - tail),
    }


def margin(models: dict[str, HistGradientBoostingRegressor], validation: pd.DataFrame, coverage: float) -> float:
    """By how much both ends of the interval must move outwards for it to hold that part of the validation data."""
    features, actual = validation[FEATURES].to_numpy(), validation[TARGET].to_numpy()
    outside = np.maximum(models[LOWER].predict(features) - actual, actual - models[UPPER].predict(features))
    level = min(1.0, np.ceil((len(actual) + 1) * coverage) / len(actual))
    return float(np.sort(outside)[int(np.ceil(level * len(actual))) - 1])


def wape(model: HistGradientBoostingRegressor, lines: pd.DataFrame) -> float:
    """The sum of all errors as a part of all sales."""
    error = np.abs(model.predict(lines[FEATURES].to_numpy()) - lines[TARGET]) * lines[WEIGHT]
    return float(error.sum() / (lines[TARGET] * lines[WEIGHT]).sum())


def save(models: dict[str, HistGradientBoostingRegressor], about: dict[str, Any], folder: Path) -> None:
    code = folder / "code"
    code.mkdir(parents=True, exist_ok=True)
    joblib.dump(models, folder / "model.joblib")
    (folder / "model.json").write_text(json.dumps(about, indent=2) + "\n", encoding="utf-8")
    for name in SERVING_CODE:
        shutil.copy(Path(__file__).resolve().parent / name, code / name)


def main() -> None:
    options = hyperparameters()
    train, validation = read_channel("train"), read_channel("validation")
    models = fit_all(options, train)
    widened = margin(models, validation, options.coverage)
    save(
        models,
        {"features": FEATURES, "usual_sales": FEATURES.index(WEIGHT), "coverage": options.coverage, "margin": widened},
        Path(os.environ.get("SM_MODEL_DIR", "/opt/ml/model")),
    )
    print(f"validation_wape={wape(models[MEAN], validation):.4f} interval_margin={widened:.4f}")


if __name__ == "__main__":
    main()
