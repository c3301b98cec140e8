"""Train the LightGBM booster.

In: the channels lgbm-Preprocessing-train and lgbm-Preprocessing-validation, and the hyperparameters as `--name value`.
Out, in the model folder: model.txt (the booster), features.json (the columns it expects) and code/ (what serves it).
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
from pathlib import Path
from typing import Any

import pandas as pd
from features import CATEGORICAL, FEATURES, LABEL

try:
    import lightgbm as lgb
except OSError as error:
    if "libgomp" not in str(error):
        raise
    sys.exit("LightGBM needs the OpenMP runtime libgomp.so.1, which is missing here: install it with `apt-get install libgomp1`.")

SOURCE_STEP = "lgbm-Preprocessing"
# The registry section says ModelRepack "False": nobody else puts the serving code into the artifact.
SERVING_CODE = ("inference.py", "requirements.txt")
DEFAULTS: dict[str, Any] = {
    "num_leaves": 7,
    "learning_rate": 0.04,
    "n_estimators": 600,
    "min_child_samples": 20,
    "feature_fraction": 0.8,
    "early_stopping_rounds": 60,
    "seed": 17,
}


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


def as_dataset(frame: pd.DataFrame) -> lgb.Dataset:
    return lgb.Dataset(frame[FEATURES], label=frame[LABEL], categorical_feature=CATEGORICAL, free_raw_data=False)


def fit(options: argparse.Namespace, train: lgb.Dataset, validation: lgb.Dataset) -> lgb.Booster:
    """Grow trees until the validation loss has stopped falling."""
    names = ("num_leaves", "learning_rate", "min_child_samples", "feature_fraction", "seed")
    parameters = {name: getattr(options, name) for name in names}
    parameters.update(objective="binary", metric=["binary_logloss", "auc"], verbosity=-1, deterministic=True, force_row_wise=True)
    stop = lgb.early_stopping(options.early_stopping_rounds, first_metric_only=True, verbose=False)
    return lgb.train(
        parameters,
        train,
        num_boost_round=options.n_estimators,
        valid_sets=[validation],
        valid_names=["validation"],
        callbacks=[stop, lgb.log_evaluation(50)],
    )


def save(booster: lgb.Booster, folder: Path) -> None:
    code = folder / "code"
    code.mkdir(parents=True, exist_ok=True)
    booster.save_model(str(folder / "model.txt"), num_iteration=booster.best_iteration)
    (folder / "features.json").write_text(json.dumps({"features": FEATURES}, indent=2) + "\n", encoding="utf-8")
    for name in SERVING_CODE:
        shutil.copy(Path(__file__).resolve().parent / name, code / name)


def main() -> None:
    options = hyperparameters()
    booster = fit(options, as_dataset(read_channel("train")), as_dataset(read_channel("validation")))
    save(booster, Path(os.environ.get("SM_MODEL_DIR", "/opt/ml/model")))
    score = booster.best_score["validation"]
    print(f"trees={booster.best_iteration} validation_auc={score['auc']:.4f} validation_loss={score['binary_logloss']:.4f}")


if __name__ == "__main__":
    main()
