"""Load the understood questions into the graph database, and answer those whose answer it knows.

In: what kg-questions-Transform answered, {"id", "text", "intent", "slots"} per line, and GRAPH_ENDPOINT.
Out: see `common.loading`; beside it answers.jsonl in the output `answers`, {"id", "text", "intent", "answers"}. Answers come from
what the other pipeline, of triplets, has loaded into the same database; without it there are none.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from common.files import INPUT, OUTPUT, read_lines, write_lines
from common.graph import LABEL, Statement, described, iri, literal, short
from common.loading import load
from common.stores import Store

UNDERSTOOD = INPUT / "kg-questions-Transform-input-questions"
# What an intent asks of the graph: the relation, and whether the slot is its subject (the object is asked for) or its object.
ASKS = {
    "founder_of": ("founded_by", "subject"),
    "headquarters_of": ("headquartered_in", "subject"),
    "companies_in": ("headquartered_in", "object"),
    "owner_of": ("acquired", "object"),
    "acquisitions_of": ("acquired", "subject"),
    "employer_of": ("works_for", "subject"),
    "staff_of": ("works_for", "object"),
    "maker_of": ("produces", "object"),
    "products_of": ("produces", "subject"),
    "birthplace_of": ("born_in", "subject"),
}


def statements_of(question: dict[str, Any]) -> Iterator[Statement]:
    """What a question asks, and about whom."""
    asked = iri("question", question["id"])
    yield from described("question", "question", question["id"])
    yield Statement(asked, iri("relation", "text"), literal(question["text"]))
    yield Statement(asked, iri("relation", "asks"), iri("intent", question["intent"]))
    for slot in question["slots"]:
        yield from described("entity", slot["kind"], slot["name"])
        yield Statement(asked, iri("relation", "mentions"), iri("entity", slot["name"]))


def answers_to(question: dict[str, Any], store: Store) -> list[str]:
    """The names that the graph gives as answers, in order."""
    relation, side = ASKS[question["intent"]]
    found: set[str] = set()
    for slot in question["slots"]:
        known = iri("entity", slot["name"])
        if side == "subject":
            found |= {each.object for each in store.find(subject=known, predicate=iri("relation", relation))}
        else:
            found |= {each.subject for each in store.find(predicate=iri("relation", relation), object_=known)}
    return sorted(name_of(thing, store) for thing in found)


def name_of(thing: str, store: Store) -> str:
    """The first of its names; the end of its IRI where it has none."""
    return next((short(each.object) for each in store.find(subject=thing, predicate=LABEL)), short(thing))


def answered(questions: Iterable[dict[str, Any]], store: Store) -> list[dict[str, Any]]:
    kept = ("id", "text", "intent")
    return [{**{key: each[key] for key in kept}, "answers": answers_to(each, store)} for each in questions]


def main() -> None:
    questions = read_lines(UNDERSTOOD)
    store = load([statement for question in questions for statement in statements_of(question)])
    answers = answered(questions, store)
    write_lines(OUTPUT / "answers" / "answers.jsonl", answers)
    print(f"questions={len(answers)} answered={sum(bool(each['answers']) for each in answers)}")


if __name__ == "__main__":
    main()
