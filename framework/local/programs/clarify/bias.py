"""The bias metrics of Clarify: of labels (pre-training) and of predictions (post-training).

The formulas are those of the developer guide's pages "Pre-training Bias Metrics" and "Post-training Data and Model Bias Metrics",
a for the favoured facet, d for the sensitive one. Where the pages leave something open, or the library that AWS publishes for these
metrics (smclarify) computes something else, this does as the library, whose numbers are those of a job on SageMaker: 0/0 is 0; the
distances of label distributions are over the outcomes that both facets have, labels being positive or not; treatment equality is
FN/FP of d less that of a (the page: FP/FN of a less that of d); the flip test counts as positive whom the neighbours of a would
change from accepted to rejected (the page: from rejected to accepted).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from framework.local.programs.quality.refusal import RefusalError

NEIGHBOURS, FEW = 5, 9
"""Of a flip test; of so few records of the favoured facet only the nearest one counts."""


class UndefinedError(ValueError):
    """A metric has no value for this dataset; the message is why."""


@dataclass(frozen=True)
class Case:
    """What the metrics of one group are computed from; arrays with one element for each record.

    Attributes:
        sensitive: whether it is of the sensitive group, d.
        positive: whether its label is positive.
        predicted: whether its predicted label is positive; None before training.
        groups: its subgroup; None when no group variable is given.
        features: a table without facet and labels.
    """

    sensitive: Any
    positive: Any
    predicted: Any = None
    groups: Any = None
    features: Any = None

    def sides(self) -> tuple[Side, Side]:
        """The numbers of a and of d."""
        return Side(self, ~self.sensitive), Side(self, self.sensitive)


class Side:
    """The numbers of one side: records, positives, and of predictions the confusion matrix."""

    def __init__(self, case: Case, mask: Any) -> None:
        label = case.positive[mask]
        self.n, self.positive = len(label), int(label.sum())
        self.negative = self.n - self.positive
        if case.predicted is not None:
            predicted = case.predicted[mask]
            self.tp, self.fp = int((label & predicted).sum()), int((~label & predicted).sum())
            self.fn, self.tn = int((label & ~predicted).sum()), int((~label & ~predicted).sum())
            self.accepted, self.rejected = self.tp + self.fp, self.tn + self.fn


def ratio(part: float, whole: float) -> float:
    """part/whole; 0 of nothing is 0, anything else of nothing is infinite."""
    if whole:
        return part / whole
    return math.copysign(math.inf, part) if part else 0.0


def less(first: float, second: float) -> float:
    """first - second, 0 where they are equal, infinity too."""
    return 0.0 if first == second else first - second


def _difference(value: Callable[[Side], float], from_d: bool = False) -> Callable[[Case], float]:
    """The metric that is a value of a less that of d; or of d less that of a."""

    def metric(case: Case) -> float:
        a, d = case.sides()
        return less(value(d), value(a)) if from_d else less(value(a), value(d))

    return metric


def _distributions(case: Case) -> Any:
    """The shares of the outcomes that both sides have, of a and of d."""
    shares = np.array([[side.negative / side.n, side.positive / side.n] for side in case.sides()])
    common = shares[:, (shares > 0).all(axis=0)]
    if not common.size:
        raise UndefinedError("the facets have no outcome in common")
    return common


def _divergence(first: Any, second: Any) -> float:
    return float((first * np.log(first / second)).sum())


def _kl(case: Case) -> float:
    return _divergence(*_distributions(case))


def _js(case: Case) -> float:
    a, d = _distributions(case)
    middle = (a + d) / 2
    return (_divergence(a, middle) + _divergence(d, middle)) / 2


def _norm(order: float, factor: float = 1.0) -> Callable[[Case], float]:
    def metric(case: Case) -> float:
        a, d = _distributions(case)
        return factor * float(np.linalg.norm(a - d, order))

    return metric


def _disparity(case: Case, outcome: Any) -> float:
    """Conditional demographic disparity: of each subgroup, d's share of the rejected less its share of the accepted."""
    if case.groups is None:
        raise UndefinedError("no group_variable is given")
    if outcome.all() or not outcome.any():
        raise UndefinedError("all outcomes are alike")
    total = 0.0
    for value in np.unique(case.groups):
        within = case.groups == value
        d = within & case.sensitive
        rejected = ratio(int((d & ~outcome).sum()), int((within & ~outcome).sum()))
        accepted = ratio(int((d & outcome).sum()), int((within & outcome).sum()))
        total += int(within.sum()) * (rejected - accepted)
    return total / len(outcome)


def _flip_test(case: Case) -> float:
    """Of d: how many would lose, less how many would gain, if they were judged as their nearest neighbours of a."""
    from sklearn.neighbors import KNeighborsClassifier  # type: ignore[import-untyped]

    numbers = case.features.select_dtypes(["number", "bool"])
    if numbers.shape != case.features.shape or numbers.isna().any(axis=None) or numbers.empty:
        raise UndefinedError("the flip test needs features that are all numbers, and all there")
    values, a, d = numbers.to_numpy(dtype=float), ~case.sensitive, case.sensitive
    classifier = KNeighborsClassifier(NEIGHBOURS if int(a.sum()) > FEW else 1).fit(values[a], case.predicted[a])
    flipped = classifier.predict(values[d])
    own = case.predicted[d]
    return (int((~flipped & own).sum()) - int((flipped & ~own).sum())) / int(d.sum())


def _generalized_entropy(case: Case) -> float:
    benefit = case.predicted.astype(float) - case.positive.astype(float) + 1
    if not benefit.mean():
        raise UndefinedError("every prediction is a false negative")
    return float(((benefit / benefit.mean()) ** 2 - 1).mean() / 2)


def _di(case: Case) -> float:
    a, d = case.sides()
    return ratio(d.accepted / d.n, a.accepted / a.n)


Metric = tuple[str, Callable[[Case], float]]
PRE_TRAINING: Mapping[str, Metric] = {
    "CDDL": ("Conditional Demographic Disparity in Labels (CDDL)", lambda case: _disparity(case, case.positive)),
    "CI": ("Class Imbalance (CI)", lambda case: (int((~case.sensitive).sum()) - int(case.sensitive.sum())) / len(case.sensitive)),
    "DPL": ("Difference in Positive Proportions in Labels (DPL)", _difference(lambda side: side.positive / side.n)),
    "JS": ("Jensen-Shannon Divergence (JS)", _js),
    "KL": ("Kullback-Leibler Divergence (KL)", _kl),
    "KS": ("Kolmogorov-Smirnov Distance (KS)", _norm(math.inf)),
    "LP": ("L-p Norm (LP)", _norm(2)),
    "TVD": ("Total Variation Distance (TVD)", _norm(1, 0.5)),
}
POST_TRAINING: Mapping[str, Metric] = {
    "AD": ("Accuracy Difference (AD)", _difference(lambda side: ratio(side.tp + side.tn, side.n))),
    "CDDPL": ("Conditional Demographic Disparity in Predicted Labels (CDDPL)", lambda case: _disparity(case, case.predicted)),
    "DAR": ("Difference in Acceptance Rates (DAR)", _difference(lambda side: ratio(side.tp, side.accepted))),
    "DCA": ("Difference in Conditional Acceptance (DCA)", _difference(lambda side: ratio(side.positive, side.accepted))),
    "DCR": ("Difference in Conditional Rejection (DCR)", _difference(lambda side: ratio(side.negative, side.rejected), True)),
    "DI": ("Disparate Impact (DI)", _di),
    "DPPL": ("Difference in Positive Proportions in Predicted Labels (DPPL)", _difference(lambda side: side.accepted / side.n)),
    "DRR": ("Difference in Rejection Rates (DRR)", _difference(lambda side: ratio(side.tn, side.rejected), True)),
    "FT": ("Flip Test (FT)", _flip_test),
    "GE": ("Generalized Entropy (GE)", _generalized_entropy),
    "RD": ("Recall Difference (RD)", _difference(lambda side: ratio(side.tp, side.positive))),
    "SD": ("Specificity Difference (SD)", _difference(lambda side: ratio(side.tn, side.negative), True)),
    "TE": ("Treatment Equality (TE)", _difference(lambda side: ratio(side.fn, side.fp), True)),
}


def chosen(methods: str | Sequence[str], metrics: Mapping[str, Metric]) -> list[str]:
    """The names that are asked for, sorted.

    Raises:
        RefusalError: one of them is unknown.
    """
    names = list(metrics) if methods == "all" else [methods] if isinstance(methods, str) else list(methods)
    if unknown := [name for name in names if name not in metrics]:
        raise RefusalError(f"the metric {unknown[0]} is none of {', '.join(metrics)}")
    return sorted(names)


def computed(case: Case, names: Sequence[str], metrics: Mapping[str, Metric]) -> list[dict[str, Any]]:
    """The metrics as analysis.json lists them; one without a value says why."""
    return [_entry(name, *metrics[name], case) for name in names]


def _entry(name: str, description: str, metric: Callable[[Case], float], case: Case) -> dict[str, Any]:
    about = {"name": name, "description": description}
    try:
        value = metric(case)
    except UndefinedError as error:
        return {**about, "value": None, "error": str(error)}
    return {**about, "value": value if math.isfinite(value) else "Infinity" if value > 0 else "-Infinity"}
