"""The model of questions: what is asked (the intent), and about whom (the slots).

In: annotated questions. Out: a `QuestionModel` whose `understand` turns a question into an intent and slots.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from common.tagging import Tagger
from common.tokens import Span, Token, labels_of, name_of, spans_of, tokens_of
from sklearn.feature_extraction import DictVectorizer
from sklearn.linear_model import LogisticRegression


class Slot(NamedTuple):
    """A name in the question."""

    kind: str
    name: str


class Understanding(NamedTuple):
    """What a question asks, how sure the model is of it, and the names in it."""

    intent: str
    score: float
    slots: list[Slot]

    @property
    def things(self) -> list[tuple[str, str]]:
        """Everything that can be right or wrong about it: the intent and each slot."""
        return [("intent", self.intent), *[(slot.kind, slot.name) for slot in self.slots]]


def masked(tokens: Sequence[Token], spans: Sequence[Span]) -> list[str]:
    """The words of a question with the kind in place of each name: what is asked does not depend on about whom."""
    first = {span.first: span for span in spans}
    inside = {number for span in spans for number in range(span.first, span.last)}
    return [
        first[number].kind if number in first else token.text.lower()
        for number, token in enumerate(tokens)
        if number in first or number not in inside
    ]


def intent_features(words: Sequence[str]) -> dict[str, float]:
    """Words, pairs of neighbours, and words that stand two apart."""
    found = [*words, *[f"{words[n]} {words[n + 1]}" for n in range(len(words) - 1)]]
    return dict.fromkeys([*found, *[f"{words[n]} _ {words[n + 2]}" for n in range(len(words) - 2)]], 1.0)


class QuestionModel:
    """A tagger for slots and a logistic regression for the intent.

    Args:
        strength: inverse of the regularisation of both.
        chain: the weight of the tagger's transitions.
    """

    def __init__(self, strength: float, chain: float) -> None:
        self._tagger = Tagger(strength, chain)
        self._vectorizer = DictVectorizer()
        self._classifier = LogisticRegression(C=strength, max_iter=300)

    def fit(self, records: Sequence[dict[str, Any]]) -> QuestionModel:
        """Learn from questions {"text", "intent", "slots"}."""
        tokens = [tokens_of(record["text"]) for record in records]
        labels = [labels_of(tokens[number], record["slots"]) for number, record in enumerate(records)]
        self._tagger.fit([[token.text for token in each] for each in tokens], labels)
        rows = [intent_features(masked(tokens[number], spans_of(labels[number]))) for number in range(len(records))]
        self._classifier.fit(self._vectorizer.fit_transform(rows), [record["intent"] for record in records])
        return self

    def understand(self, text: str) -> Understanding:
        """The intent and the slots of a question."""
        tokens = tokens_of(text)
        spans = spans_of(self._tagger.tag([token.text for token in tokens]))
        rows = self._vectorizer.transform([intent_features(masked(tokens, spans))])
        chances = self._classifier.predict_proba(rows)[0]
        best = int(chances.argmax())
        slots = [Slot(span.kind, name_of(text, tokens, span)) for span in spans]
        return Understanding(str(self._classifier.classes_[best]), round(float(chances[best]), 4), slots)
