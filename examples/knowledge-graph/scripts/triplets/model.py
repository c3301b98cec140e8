"""The model of triplets: which names stand in a sentence, and which pairs of them state which relation.

In: annotated sentences. Out: a `TripletModel` whose `extract` turns a text into (subject, relation, object).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import permutations
from typing import Any, NamedTuple

from common.tagging import Tagger
from common.tokens import Span, Token, labels_of, name_of, spans_of, tokens_of
from sklearn.feature_extraction import DictVectorizer
from sklearn.linear_model import LogisticRegression

NONE = "none"
SENTENCE_END = re.compile(r"(?<=[.!?])\s+")
# The kinds between which a relation can hold; no other pair is worth a look.
PAIRS = {
    ("ORGANISATION", "PERSON"),
    ("ORGANISATION", "PLACE"),
    ("ORGANISATION", "ORGANISATION"),
    ("PERSON", "ORGANISATION"),
    ("ORGANISATION", "PRODUCT"),
    ("PERSON", "PLACE"),
}


class Triple(NamedTuple):
    """A fact by name, and how sure the model is of it."""

    subject: str
    relation: str
    object: str
    score: float

    @property
    def fact(self) -> tuple[str, str, str]:
        return self.subject, self.relation, self.object


def pairs_of(spans: Sequence[Span]) -> Iterator[tuple[Span, Span]]:
    return ((one, other) for one, other in permutations(spans, 2) if (one.kind, other.kind) in PAIRS)


def pair_features(words: Sequence[str], spans: Sequence[Span], subject: Span, object_: Span) -> dict[str, float]:
    """What stands between, before and after two names, and in which order they come."""
    lower = [word.lower() for word in words]
    left, right = sorted((subject, object_))
    between = lower[left.last : right.first]
    before, after = lower[max(0, left.first - 4) : left.first], lower[right.last : right.last + 4]
    order = "forward" if subject < object_ else "backward"
    others = sum(left.last <= span.first < right.first for span in spans)
    found = [f"kinds={subject.kind}>{object_.kind}", f"between={' '.join(between)}", f"others={others}"]
    found += [f"in:{word}" for word in between] + [f"in:{between[n]} {between[n + 1]}" for n in range(len(between) - 1)]
    found += [f"before:{word}" for word in before] + [f"after:{word}" for word in after]
    found += [f"next:{' '.join(before[-2:])}", f"then:{' '.join(after[:2])}"]
    return dict.fromkeys([f"{order}|{subject.kind}>{object_.kind}|{each}" for each in found], 1.0)


class TripletModel:
    """A tagger for names and a logistic regression over pairs of them.

    Args:
        strength: inverse of the regularisation of both.
        chain: the weight of the tagger's transitions.
        least: how sure the model must be of a relation to state it.
    """

    def __init__(self, strength: float, chain: float, least: float) -> None:
        self.least = least
        self._tagger = Tagger(strength, chain)
        self._vectorizer = DictVectorizer()
        self._classifier = LogisticRegression(C=strength, max_iter=500)

    def fit(self, records: Sequence[dict[str, Any]]) -> TripletModel:
        """Learn from sentences {"text", "entities", "triples"}."""
        tokens = [tokens_of(record["text"]) for record in records]
        labels = [labels_of(tokens[number], record["entities"]) for number, record in enumerate(records)]
        words = [[token.text for token in each] for each in tokens]
        self._tagger.fit(words, labels)
        rows, relations = [], []
        for number, record in enumerate(records):
            spans = spans_of(labels[number])
            stated = {(spans[subject], spans[object_]): relation for subject, relation, object_ in record["triples"]}
            for pair in pairs_of(spans):
                rows.append(pair_features(words[number], spans, *pair))
                relations.append(stated.get(pair, NONE))
        self._classifier.fit(self._vectorizer.fit_transform(rows), relations)
        return self

    def names(self, text: str) -> tuple[list[Token], list[Span]]:
        """The tokens of a text, and the names among them."""
        tokens = tokens_of(text)
        return tokens, spans_of(self._tagger.tag([token.text for token in tokens]))

    def extract(self, text: str) -> list[Triple]:
        """The facts that one sentence states."""
        tokens, spans = self.names(text)
        pairs = list(pairs_of(spans))
        if not pairs:
            return []
        words = [token.text for token in tokens]
        rows = self._vectorizer.transform([pair_features(words, spans, *pair) for pair in pairs])
        found = []
        for number, chances in enumerate(self._classifier.predict_proba(rows)):
            best = int(chances.argmax())
            relation = str(self._classifier.classes_[best])
            if relation != NONE and chances[best] >= self.least:
                subject, object_ = (name_of(text, tokens, span) for span in pairs[number])
                found.append(Triple(subject, relation, object_, round(float(chances[best]), 4)))
        return found

    def extract_document(self, text: str) -> list[Triple]:
        """The facts of every sentence of a document."""
        return [triple for sentence in SENTENCE_END.split(text) if sentence for triple in self.extract(sentence)]
