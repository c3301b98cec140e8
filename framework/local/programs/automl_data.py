"""What the AutoML stand-in learns from: CSV files in, a task out. Part of the program `automl`, which lies beside it.

The service's default objectives are those of the API's AutoMLJobObjective; which problem a target poses is decided here by simple
rules of our own, where the request does not say.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd  # type: ignore[import-untyped]
from sklearn import model_selection  # type: ignore[import-untyped]

if TYPE_CHECKING:
    from framework.local.programs import automl_inference as inference
else:
    import automl_inference as inference

Spec = Mapping[str, Any]
REGRESSION, BINARY, MULTICLASS = "Regression", "BinaryClassification", "MulticlassClassification"
METRICS = {
    REGRESSION: {
        "MSE": "neg_mean_squared_error",
        "RMSE": "neg_root_mean_squared_error",
        "MAE": "neg_mean_absolute_error",
        "R2": "r2",
    },
    BINARY: {
        "F1": "f1",
        "Accuracy": "accuracy",
        "BalancedAccuracy": "balanced_accuracy",
        "Precision": "precision",
        "Recall": "recall",
        "AUC": "roc_auc",
    },
    MULTICLASS: {
        "Accuracy": "accuracy",
        "BalancedAccuracy": "balanced_accuracy",
        "F1macro": "f1_macro",
        "PrecisionMacro": "precision_macro",
        "RecallMacro": "recall_macro",
    },
}
"""The metrics of each problem type, the service's default first, with the names of their scorers."""
FOLDS = 3
FEW_VALUES = 20
"""A target of whole numbers with at most so many different ones is taken for classes."""


class RefusalError(Exception):
    """The data or the request do not allow a search; the message is the reason."""


class Task(NamedTuple):
    """What is to be learned.

    Attributes:
        problem: the problem type.
        metric: the objective.
        columns: the features, each with `name` and `numeric`.
        labels: the classes; none for Regression.
        x, y: features and targets; classes by their place among the labels.
        splits: pairs of places to learn from and to measure on.
        fit: how many rows, the first ones, the final model learns from.
    """

    problem: str
    metric: str
    columns: list[dict[str, Any]]
    labels: list[str]
    x: Any
    y: Any
    splits: list[tuple[Any, Any]]
    fit: int

    @property
    def scorer(self) -> str:
        """The scorer of the objective; more is better."""
        return METRICS[self.problem][self.metric]

    @property
    def minimize(self) -> bool:
        """Whether less of the objective is better."""
        return self.scorer.startswith("neg_")


def make_task(folder: Path, spec: Spec) -> Task:
    """Reads the channels and finds out what is to be learned.

    Args:
        folder: has a folder for each channel.
        spec: target, problem, metric, features, categorical, left_out, gzip, validation_fraction; as the step type writes them.

    Raises:
        RefusalError: nothing can be learned from them.
    """
    training, validation = read(folder, "training", spec), read(folder, "validation", spec)
    if training is None:
        raise RefusalError("the channel training has no files")
    rows = training if validation is None else pd.concat([training, validation], ignore_index=True)
    name = spec["target"]
    if name not in rows:
        raise RefusalError(f"there is no column {name}, the TargetAttributeName; there are {', '.join(rows.columns[:20])}")
    kept = rows[name].notna()
    learn = int(kept.iloc[: len(training)].sum())
    rows = rows[kept].reset_index(drop=True)
    problem = spec["problem"] or problem_type(rows[name])
    metric = spec["metric"] or next(iter(METRICS[problem]))
    if metric not in METRICS[problem]:
        raise RefusalError(f"the objective {metric} is none of {problem}: {', '.join(METRICS[problem])}")
    columns = list(feature_columns(rows, spec))
    labels, y = targets(rows[name], problem)
    splits = make_splits(y, problem, learn, spec["validation_fraction"])
    return Task(problem, metric, columns, labels, inference.features(rows, columns), y, splits, learn)


def read(folder: Path, channel: str, spec: Spec) -> Any:
    """All CSV files of a channel as one table of strings; None when there are none."""
    files = sorted(path for path in (folder / channel).rglob("*") if path.is_file() and not path.name.startswith((".", "_")))
    packed = "gzip" if channel in spec["gzip"] else "infer"
    try:
        return pd.concat([pd.read_csv(path, dtype=str, compression=packed) for path in files], ignore_index=True) if files else None
    except (ValueError, OSError) as error:
        raise RefusalError(f"the data of the channel {channel} cannot be read as CSV: {error}") from error


def problem_type(target: Any) -> str:
    """What kind of problem a target poses."""
    different = target.nunique()
    if different == 2:
        return BINARY
    numbers = pd.to_numeric(target, errors="coerce")
    if numbers.isna().any():
        return MULTICLASS
    return MULTICLASS if different <= FEW_VALUES and (numbers % 1 == 0).all() else REGRESSION


def feature_columns(rows: Any, spec: Spec) -> Iterator[dict[str, Any]]:
    """Every column but the target and what is left out; a column of nothing but numbers is numeric."""
    wanted = spec["features"] or [column for column in rows.columns if column not in (spec["target"], *spec["left_out"])]
    if missing := [name for name in wanted if name not in rows]:
        raise RefusalError(f"there is no column {missing[0]}, which the feature specification names")
    if not wanted:
        raise RefusalError("there is no column beside the target")
    for name in wanted:
        numbers = pd.to_numeric(rows[name].dropna(), errors="coerce").notna().all()
        yield {"name": name, "numeric": bool(numbers) and name not in spec["categorical"]}


def targets(target: Any, problem: str) -> tuple[list[str], Any]:
    """The labels, and each row's target: its number, or the place of its label."""
    if problem == REGRESSION:
        numbers = pd.to_numeric(target, errors="coerce")
        if numbers.isna().any():
            raise RefusalError(f"the target of a regression is {target[numbers.isna()].iloc[0]!r} in a row, not a number")
        return [], numbers.to_numpy(dtype=float)
    labels = sorted(target.unique())
    if len(labels) < 2 or (problem == BINARY and len(labels) > 2):
        raise RefusalError(f"the target has {len(labels)} different values, which is not {problem}")
    places = {label: place for place, label in enumerate(labels)}
    return labels, target.map(places).to_numpy(dtype=int)


def make_splits(y: Any, problem: str, learn: int, fraction: float | None) -> list[tuple[Any, Any]]:
    """Where to learn and where to measure: the validation channel's rows, else the fraction that is wanted, else folds."""
    if learn < len(y):
        return [(np.arange(learn), np.arange(learn, len(y)))]
    rarest = len(y) if problem == REGRESSION else int(np.bincount(y).min())
    if rarest < 2:
        raise RefusalError("there is one row only, or one of a class; a search needs two")
    stratified = "" if problem == REGRESSION else "Stratified"
    if fraction:
        chosen = getattr(model_selection, f"{stratified}ShuffleSplit")(n_splits=1, test_size=fraction, random_state=0)
    else:
        chosen = getattr(model_selection, f"{stratified}KFold")(n_splits=min(FOLDS, rarest), shuffle=True, random_state=0)
    try:
        return list(chosen.split(np.zeros(len(y)), y))
    except ValueError as error:  # a fraction that leaves a class without a row
        raise RefusalError(f"the rows cannot be split for validation: {error}") from error
