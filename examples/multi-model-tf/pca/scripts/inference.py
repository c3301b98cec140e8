"""Serve the PCA: the four functions that SageMaker's scikit-learn image calls.

In: a model folder with pca.joblib; requests in text/csv, the eight features of one block group per line, no header.
Out: text/csv, the components of each block group on one line.
"""

from __future__ import annotations

import io
from pathlib import Path

import joblib
import numpy as np
import pandas as pd
from sklearn.pipeline import Pipeline


def model_fn(model_dir: str) -> Pipeline:
    return joblib.load(Path(model_dir) / "pca.joblib")


def input_fn(body: str | bytes, content_type: str) -> np.ndarray:
    if content_type.split(";")[0].strip().lower() != "text/csv":
        raise ValueError(f"this model reads text/csv, not {content_type}")
    text = body.decode("utf-8") if isinstance(body, bytes) else body
    return pd.read_csv(io.StringIO(text), header=None).to_numpy(dtype=float)


def predict_fn(data: np.ndarray, model: Pipeline) -> np.ndarray:
    return model.transform(data)


def output_fn(prediction: np.ndarray, accept: str) -> str:
    """CSV whatever was asked for: the image turns "anything" into application/json before it calls this."""
    return pd.DataFrame(prediction).to_csv(header=False, index=False)
