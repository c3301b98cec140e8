"""Serve the booster: the four functions that SageMaker's scikit-learn image calls.

In: a model folder with model.txt and features.json; requests in text/csv, one visit per line, no header, columns as in
features.json.
Out: text/csv, one probability of a purchase per line.
"""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import NamedTuple

import lightgbm as lgb
import numpy as np
import pandas as pd


class Model(NamedTuple):
    """A booster and the columns it was trained on."""

    booster: lgb.Booster
    features: list[str]


def model_fn(model_dir: str) -> Model:
    folder = Path(model_dir)
    features = json.loads((folder / "features.json").read_text(encoding="utf-8"))["features"]
    return Model(lgb.Booster(model_file=str(folder / "model.txt")), features)


def input_fn(body: str | bytes, content_type: str) -> pd.DataFrame:
    if content_type.split(";")[0].strip().lower() != "text/csv":
        raise ValueError(f"this model reads text/csv, not {content_type}")
    text = body.decode("utf-8") if isinstance(body, bytes) else body
    return pd.read_csv(io.StringIO(text), header=None)


def predict_fn(data: pd.DataFrame, model: Model) -> np.ndarray:
    if data.shape[1] != len(model.features):
        raise ValueError(f"a visit has {len(model.features)} columns ({', '.join(model.features)}), not {data.shape[1]}")
    return model.booster.predict(data.to_numpy(dtype=float))


def output_fn(prediction: np.ndarray, accept: str) -> str:
    """CSV whatever was asked for: the image turns "anything" into application/json before it calls this."""
    # The last line ends too, or a batch transform that joins several answers would glue two numbers together.
    return "".join(f"{probability:.6f}\n" for probability in prediction)
