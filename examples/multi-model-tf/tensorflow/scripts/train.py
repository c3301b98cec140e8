"""Train a small neural network on the components.

In: the channel housing-tf-Preprocessing-train (train.csv, validation.csv), and the hyperparameters as `--name value`.
Out: a SavedModel in the model folder, as TensorFlow Serving wants it: housing/1/. It takes components and gives house values.
No serving code: ModelRepack "True" has the pipeline add it.
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")  # TensorFlow reads it when it is imported

import keras
import numpy as np
import pandas as pd

CHANNEL = "housing-tf-Preprocessing-train"
TARGET = "medianHouseValue"
NAME, VERSION = "housing", "1"
PATIENCE = 10

Rows = tuple[np.ndarray, np.ndarray]


def hyperparameters() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--epochs", type=int, default=60)
    parser.add_argument("--batch_size", type=int, default=128)
    parser.add_argument("--learning_rate", type=float, default=0.005)
    parser.add_argument("--units", type=int, default=64)
    parser.add_argument("--seed", type=int, default=7)
    return parser.parse_args()


def read(name: str) -> Rows:
    folder = os.environ.get(f"SM_CHANNEL_{CHANNEL.upper()}", f"/opt/ml/input/data/{CHANNEL}")
    rows = pd.read_csv(Path(folder) / name)
    return rows.drop(columns=TARGET).to_numpy("float32"), rows[[TARGET]].to_numpy("float32")


def make_model(train: Rows, units: int) -> keras.Model:
    """The network brings its own scaling, of what goes in and of what comes out: it serves house values, not deviations."""
    components, values = train
    scale = keras.layers.Normalization()
    scale.adapt(components)
    unscale = keras.layers.Rescaling(float(values.std()), offset=float(values.mean()))
    hidden = [keras.layers.Dense(units, activation="relu") for _ in range(2)]
    return keras.Sequential([keras.Input((components.shape[1],)), scale, *hidden, keras.layers.Dense(1), unscale])


def linear_rmse(train: Rows, validation: Rows) -> float:
    """What a straight line reaches on the same components: the network has to be worth its trouble."""
    weights, *_ = np.linalg.lstsq(np.column_stack([np.ones(len(train[0])), train[0]]), train[1], rcond=None)
    predictions = np.column_stack([np.ones(len(validation[0])), validation[0]]) @ weights
    return float(np.sqrt(np.mean((predictions - validation[1]) ** 2)))


def main() -> None:
    options = hyperparameters()
    keras.utils.set_random_seed(options.seed)
    train, validation = read("train.csv"), read("validation.csv")
    model = make_model(train, options.units)
    # The loss in squares of standard deviations, so that the learning rate means the same whatever the currency.
    scale = float(train[1].std())
    model.compile(
        keras.optimizers.Adam(options.learning_rate), loss=lambda real, given: keras.ops.mean(((real - given) / scale) ** 2)
    )
    stop = keras.callbacks.EarlyStopping(patience=PATIENCE, restore_best_weights=True)
    history = model.fit(
        *train, validation_data=validation, epochs=options.epochs, batch_size=options.batch_size, callbacks=[stop], verbose=2
    )
    folder = Path(os.environ.get("SM_MODEL_DIR", "/opt/ml/model"))
    model.export(folder / NAME / VERSION, verbose=False)
    rmse = scale * min(history.history["val_loss"]) ** 0.5
    print(f"epochs={len(history.epoch)} validation_rmse={rmse:.1f} linear_rmse={linear_rmse(train, validation):.1f}")


if __name__ == "__main__":
    main()
