"""Facts as graph databases take them in bulk: N-Triples (RDF), and nodes and edges as CSV (property graphs).

In: facts by name. Out: statements (subject, predicate, object), each term written as N-Triples has it, and the files made of them.
The CSV columns ~id, ~from, ~to and ~label are those that Amazon Neptune's bulk loader reads.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple
from urllib.parse import quote, unquote

BASE = "http://example.org/kg"
TYPE = "<http://www.w3.org/1999/02/22-rdf-syntax-ns#type>"
LABEL = "<http://www.w3.org/2000/01/rdf-schema#label>"
LINE = re.compile(r'(<[^<>\s]*>)\s+(<[^<>\s]*>)\s+(<[^<>\s]*>|"(?:[^"\\\n]|\\.)*")\s*\.')
ESCAPES = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t"}
ESCAPED = re.compile(r'[\\"\n\r\t]')
UNESCAPES = {written: plain for plain, written in ESCAPES.items()}


class Statement(NamedTuple):
    """One statement; its terms are IRIs in angle brackets, or a literal in quotes."""

    subject: str
    predicate: str
    object: str


def iri(kind: str, name: str) -> str:
    """The IRI of a thing. Spelling does not make two things of one: "Acme Labs" and "acme labs" are the same."""
    return f"<{BASE}/{kind}/{quote('_'.join(name.casefold().split()), safe='')}>"


def short(term: str) -> str:
    """The last part of an IRI, readable; the text of a literal."""
    if term.startswith('"'):
        return re.sub(r"\\.", lambda found: UNESCAPES.get(found.group(), found.group()[1]), term[1:-1])
    return unquote(term.strip("<>").rpartition("/")[2])


def literal(text: str) -> str:
    return '"' + ESCAPED.sub(lambda found: ESCAPES[found.group()], text) + '"'


def described(kind: str, type_: str, name: str) -> Iterator[Statement]:
    """What a thing is, and how it is called."""
    thing = iri(kind, name)
    yield Statement(thing, TYPE, iri("type", type_))
    yield Statement(thing, LABEL, literal(name))


def ntriples(statements: Iterable[Statement]) -> str:
    """The lines of an N-Triples file: each statement once, in order."""
    return "".join(f"{each.subject} {each.predicate} {each.object} .\n" for each in sorted(set(statements)))


def parsed(text: str) -> Iterator[Statement]:
    """The statements of an N-Triples file.

    Raises:
        ValueError: a line is none; it is named.
    """
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        found = LINE.fullmatch(line.strip())
        if found is None:
            raise ValueError(f"line {number} is no statement of N-Triples: {line[:100]}")
        yield Statement(*found.groups())


def nodes_csv(statements: Iterable[Statement]) -> str:
    """~id, ~label and name of everything that has a type."""
    types, names = {}, {}
    for each in sorted(set(statements), reverse=True):  # of several spellings the first one stays
        if each.predicate == TYPE:
            types[each.subject] = short(each.object)
        elif each.predicate == LABEL:
            names[each.subject] = short(each.object)
    return table(
        ["~id", "~label", "name:String"], ([thing.strip("<>"), types[thing], names.get(thing, "")] for thing in sorted(types))
    )


def edges_csv(statements: Iterable[Statement]) -> str:
    """~id, ~from, ~to and ~label of every relation between two things."""
    relations = [each for each in sorted(set(statements)) if each.predicate != TYPE and each.object.startswith("<")]
    rows = (
        [f"e{number}", each.subject.strip("<>"), each.object.strip("<>"), short(each.predicate)]
        for number, each in enumerate(relations)
    )
    return table(["~id", "~from", "~to", "~label"], rows)


def table(header: list[str], rows: Iterable[list[str]]) -> str:
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    return stream.getvalue()
