"""An autoregressive probabilistic forecaster of many hourly series at once: what stands for DeepAR on this machine.

In: `Series`, and the hyperparameters of DeepAR that mean something to it. Out: sample paths of the hours to come; a model folder.

One network serves all series. For the next hour of a series it sees the last `context_length` values, the values a day and a week
ago, the hour and the weekday, the categories and the features of that hour, and gives a normal distribution; a forecast draws from
it hour by hour, each draw becoming the last value of the next hour. Values are seen in units of the series' own mean and deviation.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import network
import numpy as np
from numpy.typing import NDArray
from series import Numbers, Series, SeriesError

SEASONAL_LAGS = (24, 25, 48, 72, 167, 168, 169, 336)
WARM_UP = 168
"""The first hours of a series are only looked back at."""
SEED = 17
FORMAT = "stand-in of the sensor-forecast example, 1"


@dataclass(frozen=True)
class Settings:
    """DeepAR's hyperparameters of the same names."""

    prediction_length: int
    context_length: int
    epochs: int
    num_cells: int = 40
    learning_rate: float = 1e-3
    mini_batch_size: int = 128


@dataclass(frozen=True)
class Shape:
    """What the training series looked like: the size of each category, and mean and deviation of each feature."""

    cardinality: tuple[int, ...]
    feature_mean: tuple[float, ...]
    feature_deviation: tuple[float, ...]


@dataclass(frozen=True)
class Forecaster:
    """A trained model.

    Attributes:
        settings: what it was trained with.
        shape: of what it was trained on.
        weights: of the network.
    """

    settings: Settings
    shape: Shape
    weights: network.Weights

    def sample(self, series: Sequence[Series], paths: int) -> Numbers:
        """Draws how each series may go on.

        Args:
            series: their features must be given for the hours to come too.
            paths: how many for each.

        Returns:
            values by series, path and hour.

        Raises:
            SeriesError: a series does not fit the model.
        """
        horizon, lags = self.settings.prediction_length, self._lags()
        for each in series:
            self._check(each, horizon)
        frames = [_frame(each) for each in series]
        drawn = np.zeros((len(series), paths, max(lags) + horizon))
        for row, (each, (mean, deviation)) in enumerate(zip(series, frames, strict=True)):
            drawn[row, :, : max(lags)] = _padded((each.target - mean) / deviation, max(lags))[-max(lags) :]
        known = np.array([_known(each, range(len(each.target), len(each.target) + horizon), self.shape) for each in series])
        noise = np.random.default_rng(SEED).standard_normal((horizon, len(series), paths))
        for hour in range(horizon):
            past = drawn[:, :, max(lags) + hour - np.array(lags)]
            along = np.broadcast_to(known[:, None, hour], (len(series), paths, known.shape[2]))
            rows = np.concatenate([past, along], axis=2, dtype=np.float32).reshape(len(series) * paths, -1)
            means, spreads = (part.reshape(len(series), paths) for part in network.predict(self.weights, rows))
            drawn[:, :, max(lags) + hour] = means + spreads * noise[hour]
        scale = np.array(frames)[:, :, None, None]
        return drawn[:, :, max(lags) :] * scale[:, 1] + scale[:, 0]

    def _lags(self) -> tuple[int, ...]:
        return _lags(self.settings.context_length)

    def _check(self, series: Series, horizon: int) -> None:
        wanted = len(series.target) + horizon
        features = len(self.shape.feature_mean)
        if len(series.cat) != len(self.shape.cardinality):
            raise SeriesError(
                f"a series has {len(series.cat)} categories, and the model was trained with {len(self.shape.cardinality)}"
            )
        if any(not 0 <= number < size for number, size in zip(series.cat, self.shape.cardinality, strict=True)):
            raise SeriesError(f"the categories {list(series.cat)} of a series are not all below {list(self.shape.cardinality)}")
        if len(series.dynamic_feat) != features:
            raise SeriesError(f"a series has {len(series.dynamic_feat)} dynamic_feat, and the model was trained with {features}")
        if features and series.dynamic_feat.shape[1] < wanted:
            raise SeriesError(
                f"dynamic_feat has {series.dynamic_feat.shape[1]} values; {wanted} are needed, the hours to come included"
            )

    def save(self, folder: Path) -> None:
        """Writes the model."""
        folder.mkdir(parents=True, exist_ok=True)
        about = {"format": FORMAT, "settings": asdict(self.settings), "shape": asdict(self.shape)}
        (folder / "model.json").write_text(json.dumps(about, indent=2) + "\n", encoding="utf-8")
        np.savez(folder / "weights.npz", **self.weights)

    @staticmethod
    def load(folder: Path) -> Forecaster:
        """Reads a model.

        Raises:
            ValueError: the folder holds none of ours.
        """
        path = folder / "model.json"
        about = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
        if about.get("format") != FORMAT:
            raise ValueError(
                f"{folder} holds no model of this stand-in; what DeepAR itself has trained only DeepAR's image can serve"
            )
        with np.load(folder / "weights.npz") as weights:
            shape = Shape(**{name: tuple(values) for name, values in about["shape"].items()})
            return Forecaster(Settings(**about["settings"]), shape, dict(weights))


def fit(series: Sequence[Series], settings: Settings, report: Callable[[int, float], None]) -> Forecaster:
    """Trains a model.

    Args:
        series: the training series.
        settings: the hyperparameters.
        report: is told the number of each epoch and its mean loss.

    Raises:
        SeriesError: the series differ in what they have, or are all too short.
    """
    shape = _shape(series)
    parts = [_examples(each, shape, settings) for each in series]
    rows, values = (np.concatenate(column) for column in zip(*parts, strict=True))
    if not len(values):
        raise SeriesError(f"no series has values after its first {WARM_UP} hours")
    generator = np.random.default_rng(SEED)
    weights = network.make(rows.shape[1], settings.num_cells, generator)
    batches = -(-len(values) // settings.mini_batch_size)
    adam = network.Adam(weights, settings.learning_rate, settings.epochs * batches)
    for epoch in range(settings.epochs):
        losses = []
        for places in np.array_split(generator.permutation(len(values)), batches):
            loss, gradient = network.loss_and_gradient(weights, rows[places], values[places])
            adam.change(gradient)
            losses.append(loss)
        report(epoch, float(np.mean(losses)))
    return Forecaster(settings, shape, weights)


def _lags(context: int) -> tuple[int, ...]:
    return tuple(sorted({*range(1, context + 1), *SEASONAL_LAGS}))


def _shape(series: Sequence[Series]) -> Shape:
    if len({(len(each.cat), len(each.dynamic_feat)) for each in series}) > 1:
        raise SeriesError("the series do not all have the same number of categories and of dynamic_feat")
    sizes = np.array([each.cat for each in series]).max(axis=0, initial=-1) + 1
    features = np.concatenate([each.dynamic_feat[:, : len(each.target)] for each in series], axis=1)
    deviations = [float(row.std()) or 1.0 for row in features]
    return Shape(tuple(map(int, sizes)), tuple(map(float, features.mean(axis=1))), tuple(deviations))


def _frame(series: Series) -> tuple[float, float]:
    """The mean and the deviation in units of which the network sees a series; a series without values has its zero at 0."""
    values = series.target[~np.isnan(series.target)]
    return (float(values.mean()), float(values.std()) or 1.0) if len(values) else (0.0, 1.0)


def _padded(values: Numbers, front: int) -> Numbers:
    """The values behind as many zeros; a missing one is last week's, else yesterday's, else the mean."""
    filled = np.concatenate([np.zeros(front), values])
    for place in np.flatnonzero(np.isnan(filled)):
        back = next((lag for lag in (168, 24) if place - lag >= front), 0)
        filled[place] = filled[place - back] if back else 0.0
    return filled


def _known(series: Series, places: range, shape: Shape) -> Numbers:
    """What is known of hours beforehand: hour, weekday, categories and features, a row for each hour."""
    first = series.hour(places.start)
    hours = first.hour + np.arange(len(places))
    weekdays = (first.weekday() + hours // 24) % 7
    categories = np.concatenate([np.eye(size)[number] for number, size in zip(series.cat, shape.cardinality, strict=True)] or [[]])
    mean, deviation = (np.array(figures)[:, None] for figures in (shape.feature_mean, shape.feature_deviation))
    features = (series.dynamic_feat[:, places.start : places.stop] - mean) / deviation
    return np.hstack([
        np.eye(24)[hours % 24],
        np.eye(7)[weekdays],
        (weekdays >= 5)[:, None] * np.eye(24)[hours % 24],
        np.tile(categories, (len(places), 1)),
        features.T,
    ])  # fmt: skip


def _examples(series: Series, shape: Shape, settings: Settings) -> tuple[network.Numbers, network.Numbers]:
    """The inputs and the value of every hour that has one, after the warm-up."""
    lags, (mean, deviation) = _lags(settings.context_length), _frame(series)
    values = (series.target - mean) / deviation
    hours: NDArray[np.int64] = np.flatnonzero(~np.isnan(values))
    hours = hours[hours >= WARM_UP]
    past = _padded(values, max(lags))[max(lags) + hours[:, None] - np.array(lags)]
    known = _known(series, range(len(values)), shape)[hours]
    return np.hstack([past, known]).astype(np.float32), values[hours].astype(np.float32)
