"""Fit the scaling and the PCA.

In: the channel calhousing-pca-Preprocessing-train, and the hyperparameter `--n_components`.
Out, in the model folder: pca.joblib (scaler and PCA in one), and code/inference.py, which serves it.
"""

from __future__ import annotations

import argparse
import os
import shutil
from pathlib import Path

import joblib
import pandas as pd
from sklearn.decomposition import PCA
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

CHANNEL = "calhousing-pca-Preprocessing-train"


def hyperparameters() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--n_components", type=int, default=6)
    return parser.parse_args()


def read_rows() -> pd.DataFrame:
    folder = os.environ.get(f"SM_CHANNEL_{CHANNEL.upper()}", f"/opt/ml/input/data/{CHANNEL}")
    return pd.read_csv(Path(folder) / "train.csv")


def save(model: Pipeline, folder: Path) -> None:
    """The registry section says ModelRepack "False", so the serving code goes into the artifact here."""
    code = folder / "code"
    code.mkdir(parents=True, exist_ok=True)
    joblib.dump(model, folder / "pca.joblib")
    shutil.copy(Path(__file__).resolve().parent / "inference.py", code / "inference.py")


def main() -> None:
    options = hyperparameters()
    model = Pipeline([("scale", StandardScaler()), ("pca", PCA(n_components=options.n_components, svd_solver="full"))])
    # Bare numbers: later steps send arrays, and scikit-learn would warn that the column names are gone.
    model.fit(read_rows().to_numpy())
    save(model, Path(os.environ.get("SM_MODEL_DIR", "/opt/ml/model")))
    print(f"components={options.n_components} explained_variance={model.named_steps['pca'].explained_variance_ratio_.sum():.4f}")


if __name__ == "__main__":
    main()
