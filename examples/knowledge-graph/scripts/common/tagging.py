"""A tagger for names: a logistic regression scores each token, Viterbi finds the best sequence of labels.

In: sentences as lists of words, and their BIO labels. Out: a `Tagger` that labels new sentences. What the chain adds to the
regression: how often a label follows another in the training data; an I-KIND after anything but its own kind is impossible.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from sklearn.feature_extraction import DictVectorizer
from sklearn.linear_model import LogisticRegression

EDGE = "<edge>"
SMOOTHING = 0.5


def shape(word: str) -> str:
    """The word's outline: Xx for Acme, xXx for iPhone, d for 2019."""
    outline = ""
    for letter in word:
        kind = "X" if letter.isupper() else "x" if letter.islower() else "d" if letter.isdigit() else letter
        outline += kind if not outline.endswith(kind) else ""
    return outline


def features(words: Sequence[str], number: int) -> dict[str, float]:
    """What is known of the word in its place: itself, its outline, how it begins and ends, and its neighbours."""
    word = words[number]
    lower = word.lower()
    found = [f"word={lower}", f"shape={shape(word)}", *(f"ends={lower[-n:]}" for n in (2, 3, 4))]
    found += [f"begins={lower[:n]}" for n in (3, 4)]
    for step in (-3, -2, -1, 1, 2, 3):
        near = words[number + step] if 0 <= number + step < len(words) else EDGE
        found.append(f"{step}:word={near.lower()}")
        if abs(step) == 1:
            found += [f"{step}:shape={shape(near)}", f"{step}:ends={near.lower()[-3:]}"]
    before, after = (words[number - 1] if number else EDGE), (words[number + 1] if number + 1 < len(words) else EDGE)
    found += [f"around={before.lower()}|{after.lower()}", f"first={number == 0}"]
    return dict.fromkeys(found, 1.0)


def forbidden(before: str, label: str) -> bool:
    """An I-KIND goes on with a name of its own kind only."""
    return label.startswith("I-") and before[2:] != label[2:]


class Tagger:
    """Labels the words of a sentence.

    Args:
        strength: inverse of the regularisation of the logistic regression.
        chain: the weight of the transitions beside the scores of the words.
    """

    def __init__(self, strength: float, chain: float) -> None:
        self.chain = chain
        self._vectorizer = DictVectorizer()
        self._classifier = LogisticRegression(C=strength, max_iter=300)

    def fit(self, sentences: Sequence[Sequence[str]], labels: Sequence[Sequence[str]]) -> Tagger:
        rows = [features(words, number) for words in sentences for number in range(len(words))]
        self._classifier.fit(self._vectorizer.fit_transform(rows), [label for each in labels for label in each])
        self.labels = list(self._classifier.classes_)
        self._transitions = self._counted(labels)
        return self

    def _counted(self, labels: Sequence[Sequence[str]]) -> np.ndarray:
        """Log probabilities that the label of a column follows that of a row."""
        place = {label: number for number, label in enumerate(self.labels)}
        counts = np.full((len(place), len(place)), SMOOTHING)
        for each in labels:
            for number in range(1, len(each)):
                counts[place[each[number - 1]], place[each[number]]] += 1
        logs = np.log(counts / counts.sum(axis=1, keepdims=True))
        for before in self.labels:
            for label in self.labels:
                if forbidden(before, label):
                    logs[place[before], place[label]] = -np.inf
        return logs

    def tag(self, words: Sequence[str]) -> list[str]:
        """The most probable labels that may follow one another."""
        if not words:
            return []
        scores = self._classifier.predict_log_proba(self._vectorizer.transform([features(words, n) for n in range(len(words))]))
        scores[0, [label.startswith("I-") for label in self.labels]] = -np.inf
        return [self.labels[number] for number in viterbi(scores, self.chain * self._transitions)]


def viterbi(scores: np.ndarray, transitions: np.ndarray) -> list[int]:
    """The columns of the best path through `scores` (one row per word), adding transitions[before, after] at each step."""
    best, came_from = scores[0], []
    for row in scores[1:]:
        total = best[:, None] + transitions
        came_from.append(total.argmax(axis=0))
        best = total.max(axis=0) + row
    path = [int(best.argmax())]
    for pointers in reversed(came_from):
        path.append(int(pointers[path[-1]]))
    return path[::-1]
