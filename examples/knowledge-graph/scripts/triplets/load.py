"""Load the extracted triples into the graph database.

In: what kg-triplets-Transform answered, {"id", "triples"} per line, and GRAPH_ENDPOINT.
Out: see `common.loading`. Triples below MIN_SCORE (0.5) stay out; each document says which things it mentions.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from typing import Any

from common.files import INPUT, read_lines
from common.graph import Statement, described, iri
from common.loading import load

ANSWERS = INPUT / "kg-triplets-Transform-input-documents"
# What stands on either side of a relation.
TYPES = {
    "founded_by": ("organisation", "person"),
    "headquartered_in": ("organisation", "place"),
    "acquired": ("organisation", "organisation"),
    "works_for": ("person", "organisation"),
    "produces": ("organisation", "product"),
    "born_in": ("person", "place"),
}


def statements_of(document: dict[str, Any], least: float) -> Iterator[Statement]:
    """What a document states, and about whom."""
    source = iri("document", document["id"])
    for triple in document["triples"]:
        if triple["score"] < least:
            continue
        names = triple["subject"], triple["object"]
        for number, type_ in enumerate(TYPES[triple["relation"]]):
            yield from described("entity", type_, names[number])
            yield Statement(source, iri("relation", "mentions"), iri("entity", names[number]))
        yield Statement(iri("entity", names[0]), iri("relation", triple["relation"]), iri("entity", names[1]))


def statements(documents: Iterable[dict[str, Any]], least: float) -> list[Statement]:
    found: list[Statement] = []
    for document in documents:
        stated = list(statements_of(document, least))
        found += [*described("document", "document", document["id"]), *stated] if stated else []
    return found


def main() -> None:
    load(statements(read_lines(ANSWERS), float(os.environ.get("MIN_SCORE", "0.5"))))


if __name__ == "__main__":
    main()
