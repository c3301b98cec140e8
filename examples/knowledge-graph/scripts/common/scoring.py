"""Precision, recall and F1 over sets of things found.

In: for each text what was to be found and what was found. Out: figures as the evaluation report has them.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence
from typing import Any

Found = Sequence[Iterable[Hashable]]


def figure(value: float) -> dict[str, Any]:
    """One run on one test set has no spread to speak of, and the shape asks for one."""
    return {"value": round(float(value), 6), "standard_deviation": "NaN"}


def counts(expected: Found, found: Found) -> tuple[int, int, int]:
    """How many were found rightly, were found, and were to be found, over all texts."""
    if len(expected) != len(found):
        raise ValueError(f"{len(found)} answers for {len(expected)} texts")
    pairs = [(set(expected[number]), set(found[number])) for number in range(len(expected))]
    right = sum(len(wanted & got) for wanted, got in pairs)
    return right, sum(len(got) for _, got in pairs), sum(len(wanted) for wanted, _ in pairs)


def scores(expected: Found, found: Found) -> dict[str, dict[str, Any]]:
    """Micro-averaged: every thing counts once, whichever text it stands in."""
    right, got, wanted = counts(expected, found)
    precision, recall = right / got if got else 0.0, right / wanted if wanted else 0.0
    both = precision + recall
    f1 = 2 * precision * recall / both if both else 0.0
    return {"f1": figure(f1), "precision": figure(precision), "recall": figure(recall)}


def f1_by(kind: Callable[[Any], str], expected: Found, found: Found) -> dict[str, float]:
    """The F1 of each kind of thing."""
    kinds = sorted({kind(each) for things in [*expected, *found] for each in things})

    def only(things: Found, wanted: str) -> Found:
        return [[each for each in some if kind(each) == wanted] for some in things]

    return {each: scores(only(expected, each), only(found, each))["f1"]["value"] for each in kinds}
