"""The graph of examples/knowledge-graph: its files, both kinds of database, the functions that stand for the Lambda ones."""

from __future__ import annotations

import csv
import io
import json
import sqlite3
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import parse_qs

import pytest

from tests.unit.opt_ml import importing

pytest.importorskip("sklearn")
EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "knowledge-graph"
SCRIPTS, LAMBDAS = EXAMPLE / "scripts", EXAMPLE / "lambdas"


@pytest.fixture
def modules() -> Iterator[Any]:
    with importing(SCRIPTS, LAMBDAS) as import_module:
        yield import_module


def database(modules: Any, folder: Path) -> str:
    return str(modules("graph_database").get_or_create({"name": "kg", "folder": str(folder)}, None)["Endpoint"])


def test_ntriples_survive_quotes_and_lines(modules: Any) -> None:
    graph = modules("common.graph")
    name = 'Quoted "Name" \\ with\ta tab,\na line and an é'
    [type_, label] = graph.described("entity", "organisation", name)
    assert list(graph.parsed(graph.ntriples([type_, label]))) == sorted([type_, label])
    assert graph.short(label.object) == name
    assert "\n" not in label.object
    with pytest.raises(ValueError, match=r"line 2 is no statement of N-Triples: <a> <b> c \."):
        list(graph.parsed("# fine\n<a> <b> c .\n"))


def test_csv_of_nodes_and_edges(modules: Any) -> None:
    load, graph = modules("triplets.load"), modules("common.graph")
    triple = {"subject": "Acme, Inc", "relation": "founded_by", "object": "Ada Marlund", "score": 0.9}
    found = load.statements([{"id": "d1", "triples": [triple]}, {"id": "d2", "triples": []}], 0.5)
    base = "http://example.org/kg"
    assert list(csv.reader(io.StringIO(graph.nodes_csv(found)))) == [
        ["~id", "~label", "name:String"],
        [f"{base}/document/d1", "document", "d1"],
        [f"{base}/entity/acme%2C_inc", "organisation", "Acme, Inc"],
        [f"{base}/entity/ada_marlund", "person", "Ada Marlund"],
    ]
    assert [row[1:] for row in csv.reader(io.StringIO(graph.edges_csv(found)))] == [
        ["~from", "~to", "~label"],
        [f"{base}/document/d1", f"{base}/entity/acme%2C_inc", "mentions"],
        [f"{base}/document/d1", f"{base}/entity/ada_marlund", "mentions"],
        [f"{base}/entity/acme%2C_inc", f"{base}/entity/ada_marlund", "founded_by"],
    ]


class Endpoint(BaseHTTPRequestHandler):
    """As much of a SPARQL 1.1 endpoint as `SparqlStore` asks for; what it holds stands in a set of statements."""

    held: ClassVar[set[Any]] = set()
    updates: ClassVar[list[str]] = []
    graph: ClassVar[Any] = None

    def do_POST(self) -> None:
        form = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
        body = self.query(form["query"][0]) if "query" in form else self.update(form["update"][0])
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def update(self, text: str) -> bytes:
        self.updates.append(text)
        self.held.update(self.graph.parsed(text.removeprefix("INSERT DATA {").removesuffix("}")))
        return b""

    def query(self, text: str) -> bytes:
        if text.startswith("SELECT (COUNT"):
            return self.rows([{"n": {"type": "literal", "value": str(len(self.held))}}])
        wanted = text.partition("{ ")[2].removesuffix(" }").split(" ", 2)
        matching = [each for each in self.held if all(w.startswith("?") or w == t for w, t in zip(wanted, each, strict=True))]
        return self.rows([{n: self.binding(t) for n, t in zip("spo", each, strict=True)} for each in matching])

    def binding(self, term: str) -> dict[str, str]:
        return (
            {"type": "uri", "value": term[1:-1]} if term.startswith("<") else {"type": "literal", "value": self.graph.short(term)}
        )

    def rows(self, bindings: list[dict[str, Any]]) -> bytes:
        return json.dumps({"results": {"bindings": bindings}}).encode()

    def log_message(self, *_: Any) -> None:
        """Quiet."""


@pytest.fixture
def sparql(modules: Any) -> Iterator[str]:
    Endpoint.held, Endpoint.updates, Endpoint.graph = set(), [], modules("common.graph")
    with ThreadingHTTPServer(("127.0.0.1", 0), Endpoint) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/sparql"
        server.shutdown()


def test_both_databases_hold_and_find_the_same(sparql: str, tmp_path: Path, modules: Any) -> None:
    graph, stores = modules("common.graph"), modules("common.stores")
    found = [each for number in range(400) for each in graph.described("entity", "person", f'Person "{number}"')]
    file = tmp_path / "triples.nt"
    file.write_text(graph.ntriples(found), encoding="utf-8")
    one, other = stores.open_store(database(modules, tmp_path)), stores.open_store(sparql)
    assert (one.load(file), other.load(file)) == (800, 800)
    assert (one.load(file), other.load(file)) == (0, 0)
    assert [update.count(" .\n") for update in Endpoint.updates] == [500, 300] * 2
    subject = graph.iri("entity", 'Person "7"')
    assert one.find(subject=subject) == other.find(subject=subject) == sorted(found[14:16])
    assert one.find(predicate=graph.LABEL) == other.find(predicate=graph.LABEL)
    assert (
        one.find(subject, graph.LABEL, graph.literal("nobody")) == other.find(subject, graph.LABEL, graph.literal("nobody")) == []
    )


def test_an_unknown_endpoint_is_refused(modules: Any) -> None:
    with pytest.raises(ValueError, match='"bolt://x" is neither sqlite:/path/of/a/file nor an http'):
        modules("common.stores").open_store("bolt://x")


def test_the_database_is_created_once_and_keeps_what_it_holds(tmp_path: Path, modules: Any) -> None:
    handler = modules("graph_database").get_or_create
    first = handler({"name": "kg", "folder": str(tmp_path / "deep" / "folder")}, None)
    file = Path(first["Endpoint"].removeprefix("sqlite:"))
    with sqlite3.connect(file) as connection:
        connection.execute("INSERT INTO statement VALUES ('<a>', '<b>', '<c>')")
    connection.close()
    second = handler({"name": "kg", "folder": str(tmp_path / "deep" / "folder")}, None)
    assert (first["Status"], second["Status"]) == ("created", "available")
    assert second["Endpoint"] == first["Endpoint"]
    assert len(modules("common.stores").open_store(second["Endpoint"]).find()) == 1
    with pytest.raises(ValueError, match="is no name of a database"):
        handler({"name": "../kg", "folder": str(tmp_path)}, None)


def test_the_alert_is_a_message_in_a_file(tmp_path: Path, modules: Any) -> None:
    event = {"folder": str(tmp_path), "pipeline": "kg", "execution": "../e 1", "metric": "F1", "value": 0.5, "minimum": "0.9"}
    message = modules("alert").send(event, None)["Message"]
    assert message == "kg: F1 is 0.5000, below the 0.9000 asked for; nothing was registered (execution ../e 1)"
    assert [(path.name, path.read_text(encoding="utf-8")) for path in tmp_path.iterdir()] == [("_e_1.txt", message + "\n")]
