"""Tokens, and the spans of names among them.

In: a text. Out: its tokens with their places; spans as BIO labels (B-KIND begins a name, I-KIND goes on with it, O is outside)
and back.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

TOKEN = re.compile(r"\w+|[^\w\s]")
OUTSIDE = "O"


class Token(NamedTuple):
    """A token and its place in the text."""

    text: str
    start: int
    end: int


class Span(NamedTuple):
    """A name: the tokens first..last-1, and its kind."""

    first: int
    last: int
    kind: str


def tokens_of(text: str) -> list[Token]:
    return [Token(found.group(), found.start(), found.end()) for found in TOKEN.finditer(text)]


def name_of(text: str, tokens: Sequence[Token], span: Span) -> str:
    """The span's words as they stand in the text."""
    return text[tokens[span.first].start : tokens[span.last - 1].end]


def labels_of(tokens: Sequence[Token], places: Iterable[dict[str, Any]]) -> list[str]:
    """BIO labels of the annotated places, each {"start", "end", "kind"}."""
    labels = [OUTSIDE] * len(tokens)
    for place in places:
        inside = [number for number, token in enumerate(tokens) if place["start"] <= token.start < place["end"]]
        for number in inside:
            labels[number] = ("B-" if number == inside[0] else "I-") + place["kind"]
    return labels


def spans_of(labels: Sequence[str]) -> list[Span]:
    """The spans in BIO labels; an I- that continues nothing begins a span."""
    spans: list[Span] = []
    for number, label in enumerate(labels):
        if label == OUTSIDE:
            continue
        prefix, kind = label.split("-", 1)
        if prefix == "I" and spans and spans[-1].last == number and spans[-1].kind == kind:
            spans[-1] = spans[-1]._replace(last=number + 1)
        else:
            spans.append(Span(number, number + 1, kind))
    return spans
