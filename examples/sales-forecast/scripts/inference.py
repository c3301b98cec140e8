"""Serve the forecast: the four functions that SageMaker's scikit-learn image calls.

In: a model folder with model.joblib and model.json; requests in text/csv, one day of one item in one shop per line, no header,
columns as in model.json.
Out: text/csv, per line the forecast in pieces, the lower and the upper end of its interval, and the forecast in relation to the
usual sales, which is what the model learned, and what an explanation is about.
"""

from __future__ import annotations

import io
import json
import os
from pathlib import Path
from typing import Any, NamedTuple

# Read when scikit-learn is loaded: threads that wait for each other sleep instead of spinning, which costs seconds where processors
# are shared.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import joblib
import numpy as np
import pandas as pd


class Model(NamedTuple):
    """The boosters by what they predict, and what train.py wrote about them."""

    boosters: dict[str, Any]
    about: dict[str, Any]


def model_fn(model_dir: str) -> Model:
    folder = Path(model_dir)
    return Model(joblib.load(folder / "model.joblib"), json.loads((folder / "model.json").read_text(encoding="utf-8")))


def input_fn(body: str | bytes, content_type: str) -> pd.DataFrame:
    if content_type.split(";")[0].strip().lower() != "text/csv":
        raise ValueError(f"this model reads text/csv, not {content_type}")
    text = body.decode("utf-8") if isinstance(body, bytes) else body
    return pd.read_csv(io.StringIO(text), header=None)


def predict_fn(data: pd.DataFrame, model: Model) -> np.ndarray:
    names = model.about["features"]
    if data.shape[1] != len(names):
        raise ValueError(f"a line has {len(names)} columns ({', '.join(names)}), not {data.shape[1]}")
    features = data.to_numpy(dtype=float)
    usual, margin = features[:, model.about["usual_sales"]], model.about["margin"]
    mean = np.maximum(model.boosters["mean"].predict(features), 0.0)
    lower = np.maximum(np.minimum(model.boosters["lower"].predict(features) - margin, mean), 0.0)
    upper = np.maximum(model.boosters["upper"].predict(features) + margin, mean)
    return np.column_stack([mean * usual, lower * usual, upper * usual, mean])


def output_fn(prediction: np.ndarray, accept: str) -> str:
    """CSV whatever was asked for: the image turns "anything" into application/json before it calls this."""
    # The last line ends too, or a batch transform that joins several answers would glue two numbers together.
    return "".join(",".join(f"{value:.4f}" for value in line) + "\n" for line in prediction)
