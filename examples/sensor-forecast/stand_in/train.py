"""Train as DeepAR's image would: the same hyperparameters, the same channels, the same lines in the log. It is not DeepAR.

In, below /opt/ml (or the folder given as the only argument): input/config/hyperparameters.json, input/data/train and, if it is
there, input/data/test.
Out: model/; in the log the loss of each epoch and, of the test channel, RMSE and weighted quantile losses in DeepAR's own words.
A mistake in the data or the hyperparameters is told in output/failure.
"""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from forecaster import Forecaster, Settings, fit
from series import Numbers, Series, read

LOG = logging.getLogger("stand_in")
HOST = "algo-1"
QUANTILES = "[0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9]"
OWN = {
    "prediction_length": int,
    "context_length": int,
    "epochs": int,
    "num_cells": int,
    "learning_rate": float,
    "mini_batch_size": int,
}
FIXED = {"time_freq": ("H", "1H"), "likelihood": ("gaussian",), "cardinality": ("auto", ""), "num_dynamic_feat": ("auto", "")}
"""Hyperparameters of which the stand-in knows one meaning only."""
OF_TESTING = ("num_eval_samples", "test_quantiles")


def settings_of(given: Mapping[str, str]) -> Settings:
    """The hyperparameters that the stand-in uses; those it does not know are named in the log.

    Raises:
        ValueError: one is missing, is no number, or means something that the stand-in cannot do.
    """
    missing = [name for name in ("prediction_length", "context_length", "epochs", "time_freq") if name not in given]
    if missing:
        raise ValueError(f"the hyperparameter {missing[0]} is missing")
    for name, known in FIXED.items():
        if given.get(name, known[0]) not in known:
            raise ValueError(f"{name} is {given[name]}; this stand-in of DeepAR knows only {known[0]}")
    ignored = sorted(name for name in given if name not in {*OWN, *FIXED, *OF_TESTING} and not name.startswith("_"))
    if ignored:
        LOG.info("the stand-in has no use for the hyperparameters %s", ", ".join(ignored))
    try:
        settings = Settings(**{name: kind(given[name]) for name, kind in OWN.items() if name in given})
    except ValueError as error:
        raise ValueError(f"a hyperparameter is not a number: {error}") from None
    if any(getattr(settings, name) <= 0 for name in OWN):
        raise ValueError(f"a hyperparameter is not greater than 0: {settings}")
    return settings


def test_scores(actual: Numbers, paths: Numbers, quantiles: list[float]) -> dict[str, float]:
    """What DeepAR says of its test channel, in its order.

    Args:
        actual: by series and hour; NaN where there is none.
        paths: by series, path and hour.
        quantiles: which.
    """
    whole = float(np.nansum(np.abs(actual)))
    losses = {}
    for quantile in quantiles:
        error = actual - np.quantile(paths, quantile, axis=1)
        losses[quantile] = float(2 * np.nansum(np.maximum(quantile * error, (quantile - 1) * error)))
    return {
        "RMSE": float(np.sqrt(np.nanmean((paths.mean(axis=1) - actual) ** 2))),
        "mean_absolute_QuantileLoss": float(np.mean(list(losses.values()))),
        "mean_wQuantileLoss": float(np.mean(list(losses.values()))) / whole,
        **{f"wQuantileLoss[{quantile}]": loss / whole for quantile, loss in losses.items()},
    }


def test(model: Forecaster, series: list[Series], given: Mapping[str, str]) -> None:
    """Forecasts the last hours of each test series from the hours before them, and logs how well."""
    horizon = model.settings.prediction_length
    paths = model.sample([each.shortened(horizon) for each in series], int(given.get("num_eval_samples", 100)))
    actual = np.array([each.target[-horizon:] for each in series])
    scores = test_scores(actual, paths, [float(level) for level in json.loads(given.get("test_quantiles", QUANTILES))])
    for name, score in scores.items():
        LOG.info("#test_score (%s, %s): %r", HOST, name, score)
    for name in ("RMSE", "mean_wQuantileLoss"):
        LOG.info("#quality_metric: host=%s, test %s <loss>=%r", HOST, name, scores[name])


def run(folder: Path) -> None:
    """Trains, tests and saves."""
    given = json.loads((folder / "input/config/hyperparameters.json").read_text(encoding="utf-8"))
    LOG.info("this is a stand-in for DeepAR, an autoregressive network of one hidden layer; its figures are not DeepAR's")
    settings = settings_of(given)
    losses: list[float] = []

    def report(epoch: int, loss: float) -> None:
        losses.append(loss)
        LOG.info("#quality_metric: host=%s, epoch=%d, train loss <loss>=%r", HOST, epoch, loss)

    model = fit(read(folder / "input/data/train"), settings, report)
    LOG.info("#quality_metric: host=%s, train final_loss <loss>=%r", HOST, losses[-1])
    model.save(folder / "model")
    if (folder / "input/data/test").is_dir():
        test(model, read(folder / "input/data/test"), given)


def main() -> None:
    form = "[%(asctime)s %(levelname)s %(thread)d] %(message)s"
    logging.basicConfig(stream=sys.stdout, level=logging.INFO, format=form, datefmt="%m/%d/%Y %H:%M:%S")
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else "/opt/ml")
    try:
        run(folder)
    except ValueError as error:
        failure = folder / "output" / "failure"
        failure.parent.mkdir(parents=True, exist_ok=True)
        failure.write_text(f"Customer Error: {error}\n", encoding="utf-8")
        sys.exit(f"Customer Error: {error}")


if __name__ == "__main__":
    main()
