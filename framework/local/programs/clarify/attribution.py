"""How much each feature adds to the model's scores: Kernel SHAP by the library shap, all records of the dataset explained.

In: a dataset, a model, the section `shap` of the analysis configuration. Out: what analysis.json tells under `explanations`, and
one row of values for each record. Where shap is not installed, scikit-learn's permutation importance stands in: how much the scores
change on average when a feature is shuffled.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd  # type: ignore[import-untyped]

from framework.local.programs.clarify.background import Background
from framework.local.programs.clarify.dataset import Dataset, find
from framework.local.programs.clarify.predictor import Predictor
from framework.local.programs.quality.refusal import RefusalError

AGGREGATES: Mapping[str, Callable[[Any], Any]] = {
    "mean_abs": lambda values: np.abs(values).mean(axis=0),
    "median": lambda values: np.median(values, axis=0),
    "mean_sq": lambda values: (values**2).mean(axis=0),
}
NOT_DONE = ("text_config", "image_config")
REPEATS = 5
STAND_IN = "permutation importance by scikit-learn stands in for SHAP values: the package shap is not installed"


@dataclass(frozen=True)
class Explanation:
    """Values by label.

    Attributes:
        document: the member `explanations` of analysis.json.
        local: one row for each record, one column for each feature and label; None where there are none.
        stand_in: why these are not SHAP values; empty when they are.
    """

    document: dict[str, Any]
    local: Any = None
    stand_in: str = ""


def explain(dataset: Dataset, predictor: Predictor, config: Mapping[str, Any], background: Background) -> Explanation:
    """Computes the values.

    Raises:
        RefusalError: the configuration asks for what a local run cannot do.
    """
    if asked := [name for name in NOT_DONE if config.get(name)]:
        raise RefusalError(f"shap.{asked[0]} is not known to a local run; it explains tables")
    method = str(config.get("agg_method") or "mean_abs")
    if method not in AGGREGATES:
        raise RefusalError(f"the agg_method {method} is none of {', '.join(AGGREGATES)}")
    features = dataset.frame[list(dataset.features)]
    wanted = [find(features, reference) for reference in config.get("features_to_explain") or ()] or list(features.columns)
    coded = background.encode(features)
    score = _Scores(predictor, background)
    values, expected, stand_in = _values(score, coded, background, config)
    labels = predictor.headers if len(predictor.headers) == len(expected) else [f"label{index}" for index in range(len(expected))]
    kernel = {}
    for index, label in enumerate(labels):
        totals = dict(zip(features.columns, AGGREGATES[method](values[:, :, index]), strict=True))
        chosen = {name: float(totals[name]) for name in wanted}
        kernel[label] = {"global_shap_values": chosen, "expected_value": float(expected[index])}
    local = None if stand_in else _local(values, features.columns, wanted, labels)
    return Explanation({"kernel_shap": kernel}, local, stand_in)


class _Scores:
    """The model as a function of coded features."""

    def __init__(self, predictor: Predictor, background: Background) -> None:
        self._predictor, self._background = predictor, background

    def __call__(self, coded: Any) -> Any:
        return self._predictor.scores(self._background.decode(coded))


def _values(score: _Scores, coded: Any, background: Background, config: Mapping[str, Any]) -> tuple[Any, Any, str]:
    """Values by record, feature and label; what is expected without any feature, by label; why these are not SHAP values."""
    seed = int(config.get("seed") or 0)
    try:
        import shap  # type: ignore[import-untyped]
    except ImportError:
        return (*_permuted(score, coded, seed), STAND_IN)
    np.random.seed(seed)
    explainer = shap.KernelExplainer(score, background.rows, link="logit" if config.get("use_logit") else "identity")
    samples = config.get("num_samples")
    values = explainer.shap_values(coded, nsamples=int(samples) if samples else "auto", l1_reg=0, silent=True)
    expected = np.atleast_1d(explainer.expected_value)
    values = np.stack(values, axis=-1) if isinstance(values, list) else np.asarray(values)
    return values.reshape(len(coded), coded.shape[1], len(expected)), expected, ""


def _permuted(score: _Scores, coded: Any, seed: int) -> tuple[Any, Any]:
    """As `_values`: the mean change of the scores, the same for every record."""
    from sklearn.inspection import permutation_importance  # type: ignore[import-untyped]

    before = score(coded)
    by_label = []
    for index in range(before.shape[1]):
        original = before[:, index]

        def likeness(estimator: _Estimator, shuffled: Any, same: Any) -> float:
            return -float(np.abs(estimator.predict(shuffled) - same).mean())

        found = permutation_importance(
            _Estimator(score, index), coded, original, scoring=likeness, n_repeats=REPEATS, random_state=seed
        )
        by_label.append(found.importances_mean)
    return np.stack(by_label, axis=-1)[np.newaxis, :, :], before.mean(axis=0)


class _Estimator:
    """One of the model's scores in the form that scikit-learn knows."""

    def __init__(self, score: _Scores, index: int) -> None:
        self._score, self._index = score, index

    def fit(self, *_: object) -> _Estimator:
        """Nothing: the model is made already."""
        return self

    def predict(self, coded: Any) -> Any:
        """The score."""
        return self._score(coded)[:, self._index]


def _local(values: Any, names: Sequence[str], wanted: Sequence[str], labels: Sequence[str]) -> Any:
    columns = {
        f"{name}_{label}": values[:, position, index]
        for index, label in enumerate(labels)
        for position, name in enumerate(names)
        if name in wanted
    }
    return pd.DataFrame(columns)
