"""Fit the PCA.

In: the channel housing-pca-Preprocessing-train (scaled rows and the scaler that scaled them), and the hyperparameter
`--n_components`.
Out, in the model folder: pca.joblib, which takes raw features: the scaler and the PCA behind it.
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path

import joblib
import pandas as pd
from sklearn.decomposition import PCA
from sklearn.pipeline import make_pipeline

CHANNEL = "housing-pca-Preprocessing-train"


def hyperparameters() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--n_components", type=int, default=6)
    return parser.parse_args()


def main() -> None:
    options = hyperparameters()
    source = Path(os.environ.get(f"SM_CHANNEL_{CHANNEL.upper()}", f"/opt/ml/input/data/{CHANNEL}"))
    pca = PCA(n_components=options.n_components, svd_solver="full").fit(pd.read_csv(source / "train.csv").to_numpy())
    folder = Path(os.environ.get("SM_MODEL_DIR", "/opt/ml/model"))
    folder.mkdir(parents=True, exist_ok=True)
    joblib.dump(make_pipeline(joblib.load(source / "scaler.joblib"), pca), folder / "pca.joblib")
    print(f"components={options.n_components} explained_variance={pca.explained_variance_ratio_.sum():.4f}")


if __name__ == "__main__":
    main()
