"""Serve the regression: the four functions that SageMaker's scikit-learn image calls.

In: a model folder with regression.joblib; requests in text/csv, the components of one block group per line, no header.
Out: text/csv, one house value per line.
"""

from __future__ import annotations

import io
from pathlib import Path

import joblib
import numpy as np
import pandas as pd
from sklearn.ensemble import GradientBoostingRegressor


def model_fn(model_dir: str) -> GradientBoostingRegressor:
    return joblib.load(Path(model_dir) / "regression.joblib")


def input_fn(body: str | bytes, content_type: str) -> np.ndarray:
    if content_type.split(";")[0].strip().lower() != "text/csv":
        raise ValueError(f"this model reads text/csv, not {content_type}")
    text = body.decode("utf-8") if isinstance(body, bytes) else body
    return pd.read_csv(io.StringIO(text), header=None).to_numpy(dtype=float)


def predict_fn(data: np.ndarray, model: GradientBoostingRegressor) -> np.ndarray:
    return model.predict(data)


def output_fn(prediction: np.ndarray, accept: str) -> str:
    """CSV whatever was asked for: the image turns "anything" into application/json before it calls this."""
    # The last line ends too, or a batch transform that joins several answers would glue two numbers together.
    return "".join(f"{value:.2f}\n" for value in prediction)
