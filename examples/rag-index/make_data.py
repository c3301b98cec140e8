"""Make three collections of documents, and questions whose answers stand in them.

In: nothing but a fixed seed (`--seed` takes another one; `--output` changes where).
Out, the same bytes on every machine:
    documents/<collection>/<document>.md     product-manuals, hr-policies and tickets: a title, headings, paragraphs
    questions/questions.jsonl                {"id", "question", "collection", "document", "evidence", "answer"}; the evidence is the
                                             sentence that answers the question, the answer what stands in it
"""

from __future__ import annotations

import argparse
import json
import random
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import facts
from facts import Topic

SEED = 1618
TICKETS = 70
ASKED, PLAIN = 0.75, 0.8
Item = TypeVar("Item")


class Draw:
    """Random choices out of `random.random` alone: that stream never changes between versions of Python, `choice` may."""

    def __init__(self, seed: int) -> None:
        self._next = random.Random(seed).random

    def happens(self, probability: float) -> bool:
        return self._next() < probability

    def number(self, low: int, high: int) -> int:
        return low + int(self._next() * (high - low + 1))

    def one(self, items: Sequence[Item]) -> Item:
        return items[self.number(0, len(items) - 1)]

    def shuffled(self, items: Sequence[Item]) -> list[Item]:
        left = list(items)
        return [left.pop(self.number(0, len(left) - 1)) for _ in items]


class Made(NamedTuple):
    """A document and the questions about it."""

    collection: str
    name: str
    text: str
    questions: list[dict[str, Any]]


def slug(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")


def fact(draw: Draw, topic: Topic) -> tuple[str, str, str]:
    """A sentence that states the topic's fact, the fact, and a way to ask for it."""
    answer = f"{draw.number(*topic.range)} {topic.unit}".strip()
    way = draw.number(0, len(topic.statements) - 1)
    statement = topic.statements[way]
    question = topic.plain[way] if draw.happens(PLAIN) else draw.one(topic.free)
    return statement.replace("{n}", answer), f"E{answer}" if "E{n}" in statement else answer, question


def paragraph(draw: Draw, sentence: str) -> str:
    """The sentence among others that say nothing."""
    around = draw.shuffled(facts.FILLERS)[: draw.number(1, 3)]
    place = draw.number(0, len(around))
    return " ".join([*around[:place], sentence, *around[place:]])


def document(draw: Draw, collection: str, name: str, title: str, about: str, topics: Sequence[Topic]) -> Made:
    """A document with one section per topic."""
    sections, questions = [f"# {title}"], []
    for topic in topics:
        sentence, answer, question = fact(draw, topic)
        sections.append(f"## {topic.heading}\n\n{paragraph(draw, sentence)}")
        if draw.happens(ASKED):
            asked = question.replace("{x}", about)
            about_it = {"question": asked, "collection": collection, "document": name, "evidence": sentence, "answer": answer}
            questions.append(about_it)
    return Made(collection, name, "\n\n".join(sections) + "\n", questions)


def manuals(draw: Draw) -> list[Made]:
    return [
        document(draw, "product-manuals", slug(product), f"{product}: user manual", product, draw.shuffled(facts.MANUAL))
        for product in facts.PRODUCTS
    ]


def policies(draw: Draw) -> list[Made]:
    return [
        document(draw, "hr-policies", slug(company), f"Employee handbook of {company}", company, draw.shuffled(facts.POLICY))
        for company in facts.COMPANIES
    ]


def tickets(draw: Draw) -> list[Made]:
    """One problem each. Of several tickets on one product and problem only the first can be asked for."""
    made, seen = [], set()
    for number in range(TICKETS):
        product, topic = draw.one(facts.PRODUCTS), draw.one(facts.TICKET)
        name = f"ticket-{number + 1001}"
        ticket = document(draw, "tickets", name, f"Ticket {number + 1001}: {product}", product, [topic])
        repeated = (product, topic.heading) in seen
        seen.add((product, topic.heading))
        made.append(ticket._replace(questions=[]) if repeated else ticket)
    return made


def write(made: Sequence[Made], folder: Path) -> None:
    for each in made:
        path = folder / "documents" / each.collection / f"{each.name}.md"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(each.text, encoding="utf-8", newline="\n")
    questions = [question for each in made for question in each.questions]
    lines = [json.dumps({"id": f"q{number:03d}", **question}) + "\n" for number, question in enumerate(questions)]
    path = folder / "questions" / "questions.jsonl"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(lines), encoding="utf-8", newline="\n")
    print(f"{folder}: {len(made)} documents, {len(questions)} questions")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--output", type=Path, default=Path(__file__).resolve().parent / "data")
    options = parser.parse_args()
    draw = Draw(options.seed)
    write([*manuals(draw), *policies(draw), *tickets(draw)], options.output)


if __name__ == "__main__":
    main()
