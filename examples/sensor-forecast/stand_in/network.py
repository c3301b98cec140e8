"""A small network that gives the mean and the spread of the next value: one hidden layer, and a straight way around it.

In: rows of inputs. Out: for each row a mean and a standard deviation. It learns by Adam on the Gaussian log-likelihood.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float32]
Weights = dict[str, Numbers]

SMALLEST = 0.01
"""Standard deviations are never below it, in units of a series' own."""
LARGEST_GRADIENT = 5.0
HALF_LOG_TAU = 0.9189385332046727
DECAY = 1e-4


def make(inputs: int, cells: int, generator: np.random.Generator) -> Weights:
    """Weights before any learning."""
    weights = {
        "inner": generator.standard_normal((inputs, cells)) / np.sqrt(inputs),
        "inner_bias": np.zeros(cells),
        "outer": generator.standard_normal((cells, 2)) / np.sqrt(cells) * 0.1,
        "around": np.zeros((inputs, 2)),
        "bias": np.zeros(2),
    }
    return {name: value.astype(np.float32) for name, value in weights.items()}


def predict(weights: Weights, rows: Numbers) -> tuple[Numbers, Numbers]:
    """The means and the standard deviations."""
    _, out = _forward(weights, rows)
    return out[:, 0], _spread(out[:, 1])


def _forward(weights: Weights, rows: Numbers) -> tuple[Numbers, Numbers]:
    hidden = np.tanh(rows @ weights["inner"] + weights["inner_bias"])
    return hidden, hidden @ weights["outer"] + rows @ weights["around"] + weights["bias"]


def _spread(raw: Numbers) -> Numbers:
    return np.logaddexp(0.0, raw) + SMALLEST


def loss_and_gradient(weights: Weights, rows: Numbers, values: Numbers) -> tuple[float, Weights]:
    """The mean negative log-likelihood of the values, and its gradient."""
    hidden, out = _forward(weights, rows)
    spread = _spread(out[:, 1])
    error = (out[:, 0] - values) / spread
    loss = float(np.mean(np.log(spread) + 0.5 * error**2)) + HALF_LOG_TAU
    to_raw = 1.0 / (1.0 + np.exp(-np.clip(out[:, 1], -30, 30)))
    back = np.column_stack([error / spread, (1.0 - error**2) / spread * to_raw]) / len(values)
    inside = (back @ weights["outer"].T) * (1.0 - hidden**2)
    return loss, {
        "inner": rows.T @ inside,
        "inner_bias": inside.sum(axis=0),
        "outer": hidden.T @ back,
        "around": rows.T @ back,
        "bias": back.sum(axis=0),
    }


class Adam:
    """Changes weights step by step.

    Args:
        weights: changed in place.
        rate: the learning rate at the beginning.
        steps: how many there will be; the rate falls to nothing along them.
    """

    def __init__(self, weights: Weights, rate: float, steps: int) -> None:
        self._weights, self._rate, self._steps, self._step = weights, rate, steps, 0
        self._mean = {name: np.zeros_like(value) for name, value in weights.items()}
        self._square = {name: np.zeros_like(value) for name, value in weights.items()}

    def change(self, gradient: Weights) -> None:
        """Takes one step against the gradient."""
        self._step += 1
        rate = self._rate * 0.5 * (1.0 + math.cos(math.pi * (self._step - 1) / self._steps))
        norm = math.sqrt(sum(float(np.sum(value**2)) for value in gradient.values()))
        scale = min(1.0, LARGEST_GRADIENT / (norm + 1e-12))
        for name, value in gradient.items():
            self._mean[name] = 0.9 * self._mean[name] + 0.1 * scale * value
            self._square[name] = 0.999 * self._square[name] + 0.001 * (scale * value) ** 2
            mean = self._mean[name] / (1.0 - 0.9**self._step)
            square = self._square[name] / (1.0 - 0.999**self._step)
            self._weights[name] -= rate * (mean / (np.sqrt(square) + 1e-8) + DECAY * self._weights[name])
