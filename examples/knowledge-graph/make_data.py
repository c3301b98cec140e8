"""Make the sentences, questions and documents of this example out of a seeded grammar.

In: nothing but a fixed seed (`--seed` takes another one; `--sentences`, `--questions` and `--output` change how many and where).
Out, the same bytes on every machine:
    triplets/sentences.jsonl     {"id", "text", "entities": [{"start", "end", "kind"}], "triples": [[subject, relation, object]]}
    triplets/documents.jsonl     {"id", "text"}: several sentences each, without any answer
    questions/questions.jsonl    {"id", "text", "intent", "slots": [{"start", "end", "kind"}]}
    questions/new.jsonl          {"id", "text"}: questions about what the documents tell
In `triples` a number is the place of an entity in `entities`.
"""

from __future__ import annotations

import argparse
import json
import random
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import vocabulary as words

SEED = 2718
PLACEHOLDER = re.compile(r"\{([OPLR]\d)\}")
DOCUMENTS, NEW_QUESTIONS = 60, 60
Item = TypeVar("Item")
Record = dict[str, Any]


class Draw:
    """Random choices out of `random.random` alone: that stream never changes between versions of Python, `choice` may."""

    def __init__(self, seed: int) -> None:
        self._next = random.Random(seed).random

    def happens(self, probability: float) -> bool:
        return self._next() < probability

    def one(self, items: Sequence[Item]) -> Item:
        return items[int(self._next() * len(items))]

    def early(self, items: Sequence[Item]) -> Item:
        """Rather one from the front: of eight, half of the draws take the first, one in twenty takes the last."""
        value = self._next()
        return items[int(value * value * value * len(items))]


class Names:
    """New names of each kind. The kinds share roots and shapes, so that a name alone does not always tell what it names."""

    def __init__(self, draw: Draw) -> None:
        self._draw = draw

    def of(self, kind: str) -> str:
        return {"O": self.organisation, "P": self.person, "L": self.place, "R": self.product}[kind]()

    def person(self) -> str:
        draw = self._draw
        last = self.last_name()
        if draw.happens(0.1):
            return last
        return f"{draw.one(words.FIRST_NAMES)} {last}"

    def last_name(self) -> str:
        return self._draw.one(words.LAST_ROOTS) + self._draw.one(words.LAST_ENDS)

    def place(self) -> str:
        draw = self._draw
        name = draw.one(words.PLACE_ROOTS) + draw.one(words.PLACE_ENDS)
        return f"{draw.one(words.PLACES_OF_TWO_WORDS)} {name}" if draw.happens(0.15) else name

    def organisation(self) -> str:
        draw = self._draw
        if draw.happens(0.2):
            return f"{self.place()} {draw.one(words.COMPANY_WORDS)}"
        if draw.happens(0.12):
            return (
                f"{draw.one(words.LAST_ROOTS)}{draw.one(words.LAST_ENDS)} & {draw.one(words.LAST_ROOTS)}{draw.one(words.LAST_ENDS)}"
            )
        name = draw.one(words.COMPANY_ROOTS) + draw.one(words.COMPANY_ENDS)
        return f"{name} {draw.one(words.COMPANY_WORDS)}" if draw.happens(0.3) else name

    def product(self) -> str:
        draw = self._draw
        name = draw.one(words.PRODUCT_ROOTS) + draw.one(words.PRODUCT_ENDS)
        return f"{name} {draw.one('23456789')}" if draw.happens(0.3) else name


class Writer:
    """Fills phrasings with names and keeps track of where they stand."""

    def __init__(self, draw: Draw) -> None:
        self.draw, self.names = draw, Names(draw)

    def filled(self, phrasing: str, given: dict[str, str] | None = None) -> tuple[str, list[Record], dict[str, str]]:
        """The text, its entities, and the name for each placeholder."""
        chosen = dict(given or {})
        text, entities, last = "", [], 0
        for found in PLACEHOLDER.finditer(phrasing):
            key = found.group(1)
            text += phrasing[last : found.start()]
            name = chosen.setdefault(key, self.names.of(key[0]))
            entities.append({"start": len(text), "end": len(text) + len(name), "kind": words.KINDS[key[0]], "key": key})
            text += name
            last = found.end()
        return text + phrasing[last:], entities, chosen

    def around(self, phrasing: str, openings: Sequence[str], closings: Sequence[str]) -> str:
        return " ".join(part for part in (self.draw.one(openings), phrasing, self.draw.one(closings)) if part)

    def careless(self, text: str) -> str:
        """Some people type without capitals; the length stays, and so do the places of the names."""
        return text.lower() if self.draw.happens(0.15) else text[:1].upper() + text[1:]


def phrasing_of(draw: Draw) -> tuple[str, list[tuple[str, str, str]]]:
    """A phrasing and what it states, by placeholders."""
    if draw.happens(0.2):
        return draw.one(words.NOTHING), []
    if draw.happens(0.2):
        phrasing, stated = draw.one(words.DOUBLES)
        return phrasing, [standard(each) if isinstance(each, str) else each for each in stated]
    relation = draw.one(list(words.RELATIONS))
    return draw.early(words.RELATIONS[relation]), [standard(relation)]


def standard(relation: str) -> tuple[str, str, str]:
    return words.SUBJECTS[relation], relation, words.OBJECTS[relation]


def sentence(writer: Writer, number: int) -> tuple[Record, list[tuple[str, str, str]]]:
    """An annotated sentence, and the facts in it by name."""
    phrasing, stated = phrasing_of(writer.draw)
    full = writer.around(phrasing, words.OPENINGS, words.CLOSINGS) + " ."
    text, entities, names = writer.filled(full)
    place = {entity["key"]: position for position, entity in enumerate(entities)}
    record = {
        "id": f"s{number:05d}",
        "text": writer.careless(text),
        "entities": [{key: value for key, value in entity.items() if key != "key"} for entity in entities],
        "triples": [[place[subject], relation, place[object_]] for subject, relation, object_ in stated],
    }
    return record, [(names[subject], relation, names[object_]) for subject, relation, object_ in stated]


def documents(writer: Writer, count: int) -> tuple[list[Record], list[tuple[str, str, str]]]:
    """Documents of two to five sentences, and every fact in them."""
    made, facts = [], []
    for number in range(count):
        found = [sentence(writer, 0) for _ in range(2 + int(4 * number / count))]
        made.append({"id": f"d{number:03d}", "text": " ".join(record["text"] for record, _ in found)})
        facts += [fact for _, stated in found for fact in stated]
    return made, facts


def question(writer: Writer, number: int, intent: str = "", given: dict[str, str] | None = None) -> Record:
    intent = intent or writer.draw.one(list(words.INTENTS))
    phrasing = writer.draw.early(words.INTENTS[intent])
    text, slots, _ = writer.filled(writer.around(phrasing, words.POLITE_OPENINGS, words.POLITE_CLOSINGS), given)
    slots = [{key: value for key, value in slot.items() if key != "key"} for slot in slots]
    return {"id": f"q{number:05d}", "text": writer.careless(text), "intent": intent, "slots": slots}


# The intents that ask for the object of a relation, and those that ask for its subject.
ASKED_BY_SUBJECT = {
    "founded_by": "founder_of",
    "headquartered_in": "headquarters_of",
    "acquired": "acquisitions_of",
    "works_for": "employer_of",
    "produces": "products_of",
    "born_in": "birthplace_of",
}
ASKED_BY_OBJECT = {"headquartered_in": "companies_in", "acquired": "owner_of", "works_for": "staff_of", "produces": "maker_of"}


def new_questions(writer: Writer, facts: Sequence[tuple[str, str, str]], count: int) -> list[Record]:
    """Questions about facts of the documents, without the answers."""
    made = []
    for number in range(count):
        subject, relation, object_ = writer.draw.one(facts)
        reverse = relation in ASKED_BY_OBJECT and writer.draw.happens(0.4)
        intent = (ASKED_BY_OBJECT if reverse else ASKED_BY_SUBJECT)[relation]
        key = PLACEHOLDER.findall(words.INTENTS[intent][0])[0]
        asked = question(writer, number, intent, {key: object_ if reverse else subject})
        made.append({"id": f"n{number:03d}", "text": asked["text"]})
    return made


def write(path: Path, records: Iterable[Record]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = [json.dumps(record) + "\n" for record in records]
    path.write_text("".join(lines), encoding="utf-8", newline="\n")
    print(f"{path}: {len(lines)} lines")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--sentences", type=int, default=1200)
    parser.add_argument("--questions", type=int, default=700)
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--output", type=Path, default=Path(__file__).resolve().parent / "data")
    options = parser.parse_args()
    writer = Writer(Draw(options.seed))
    write(options.output / "triplets" / "sentences.jsonl", (sentence(writer, number)[0] for number in range(options.sentences)))
    write(options.output / "questions" / "questions.jsonl", (question(writer, number) for number in range(options.questions)))
    papers, facts = documents(writer, DOCUMENTS)
    write(options.output / "triplets" / "documents.jsonl", papers)
    write(options.output / "questions" / "new.jsonl", new_questions(writer, facts, NEW_QUESTIONS))


if __name__ == "__main__":
    main()
