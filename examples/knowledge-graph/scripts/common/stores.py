"""Graph databases behind one small interface: load N-Triples in bulk, find statements.

In: an endpoint, as the step that got or created the database tells it. Out: a `Store`.
    sqlite:/folder/graph.sqlite      a table of statements in a file: what stands for a database in a local run
    https://host:port/sparql         a database with one SPARQL 1.1 endpoint for updates and queries, such as Amazon Neptune
"""

from __future__ import annotations

import json
import sqlite3
import urllib.request
from contextlib import closing
from pathlib import Path
from typing import Protocol
from urllib.parse import urlencode

from common.graph import Statement, literal, parsed

BATCH = 500
SECONDS = 60.0


class Store(Protocol):
    """What the steps need of a graph database."""

    def load(self, file: Path) -> int:
        """Add the statements of an N-Triples file; how many of them were new."""

    def find(self, subject: str | None = None, predicate: str | None = None, object_: str | None = None) -> list[Statement]:
        """The statements that have the given terms, in order."""


class SqliteStore:
    """A table `statement` in an SQLite file.

    Args:
        file: the database; it must be there.

    Raises:
        FileNotFoundError: it is not, or not here: a container does not see the folders of the machine around it.
    """

    def __init__(self, file: Path) -> None:
        if not file.is_file():
            raise FileNotFoundError(
                f"there is no graph database {file}: the step that creates it must run before, on the same machine"
            )
        self._file = file

    def load(self, file: Path) -> int:
        rows = list(parsed(file.read_text(encoding="utf-8")))
        with closing(sqlite3.connect(self._file, timeout=SECONDS)) as connection, connection:
            before = connection.total_changes
            connection.executemany("INSERT OR IGNORE INTO statement (subject, predicate, object) VALUES (?, ?, ?)", rows)
            return connection.total_changes - before

    def find(self, subject: str | None = None, predicate: str | None = None, object_: str | None = None) -> list[Statement]:
        query = """SELECT subject, predicate, object FROM statement
            WHERE (?1 IS NULL OR subject = ?1) AND (?2 IS NULL OR predicate = ?2) AND (?3 IS NULL OR object = ?3)
            ORDER BY subject, predicate, object"""
        with closing(sqlite3.connect(self._file, timeout=SECONDS)) as connection:
            return [Statement(*row) for row in connection.execute(query, (subject, predicate, object_))]


class SparqlStore:
    """A database that takes SPARQL 1.1 updates and queries over HTTP.

    Args:
        endpoint: its URL. Requests are not signed: a database that asks for IAM signatures needs a signing proxy in front.
    """

    def __init__(self, endpoint: str) -> None:
        self._endpoint = endpoint

    def load(self, file: Path) -> int:
        lines = [f"{each.subject} {each.predicate} {each.object} ." for each in parsed(file.read_text(encoding="utf-8"))]
        before = self._size()
        for start in range(0, len(lines), BATCH):
            self._post("update", "INSERT DATA {\n" + "\n".join(lines[start : start + BATCH]) + "\n}")
        return self._size() - before

    def find(self, subject: str | None = None, predicate: str | None = None, object_: str | None = None) -> list[Statement]:
        pattern = " ".join((subject or "?s", predicate or "?p", object_ or "?o"))
        given = {"s": subject, "p": predicate, "o": object_}
        free = [f"?{name}" for name, term in given.items() if term is None]
        answer = json.loads(self._post("query", f"SELECT {' '.join(free) or '*'} WHERE {{ {pattern} }}"))
        return sorted(
            Statement(*(term or _term(row[name]) for name, term in given.items())) for row in answer["results"]["bindings"]
        )

    def _size(self) -> int:
        answer = json.loads(self._post("query", "SELECT (COUNT(*) AS ?n) WHERE { ?s ?p ?o }"))
        return int(answer["results"]["bindings"][0]["n"]["value"])

    def _post(self, kind: str, text: str) -> bytes:
        headers = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/sparql-results+json"}
        request = urllib.request.Request(self._endpoint, urlencode({kind: text}).encode(), headers)
        with urllib.request.urlopen(request, timeout=SECONDS) as answer:
            return bytes(answer.read())


def _term(binding: dict[str, str]) -> str:
    return f"<{binding['value']}>" if binding["type"] == "uri" else literal(binding["value"])


def open_store(endpoint: str) -> Store:
    """The database at an endpoint.

    Raises:
        ValueError: the endpoint is of no kind that is known here.
    """
    kind, _, rest = endpoint.partition(":")
    if kind == "sqlite":
        return SqliteStore(Path(rest))
    if kind in ("http", "https"):
        return SparqlStore(endpoint)
    raise ValueError(f'"{endpoint}" is neither sqlite:/path/of/a/file nor an http(s) URL of a SPARQL endpoint')
