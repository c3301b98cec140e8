"""ROUGE, in the few lines that lower-case words need: how much of a reference a text says, and how little else."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

WORD = re.compile(r"[a-z0-9]+")


def words(text: str) -> list[str]:
    return WORD.findall(text.lower())


def f_measure(common: int, candidate: int, reference: int) -> float:
    return 2.0 * common / (candidate + reference) if common else 0.0


def rouge_n(candidate: str, reference: str, size: int = 1) -> float:
    """ROUGE-N: the F-measure of the runs of `size` words that both texts have."""
    ours, theirs = (Counter(zip(*(words(text)[start:] for start in range(size)), strict=False)) for text in (candidate, reference))
    return f_measure((ours & theirs).total(), ours.total(), theirs.total())


def rouge_l(candidate: str, reference: str) -> float:
    """ROUGE-L: the F-measure of the longest sequence of words that both texts have in this order."""
    ours, theirs = words(candidate), words(reference)
    return f_measure(longest_common(ours, theirs), len(ours), len(theirs))


def longest_common(left: Sequence[str], right: Sequence[str]) -> int:
    row = [0] * (len(right) + 1)
    for word in left:
        previous = row
        row = [0]
        for index, other in enumerate(right):
            row.append(previous[index] + 1 if word == other else max(previous[index + 1], row[index]))
    return row[-1]
