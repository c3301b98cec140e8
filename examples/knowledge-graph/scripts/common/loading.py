"""Bulk loading: the files of a graph, and the database that they go into.

In: statements, and the database's endpoint (GRAPH_ENDPOINT). Out: triples.nt, nodes.csv and edges.csv in the output `graph`,
load.json in the output `report`, and the statements in the database.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence

from common.files import OUTPUT, write_text
from common.graph import Statement, edges_csv, nodes_csv, ntriples
from common.stores import Store, open_store

GRAPH, REPORT = OUTPUT / "graph", OUTPUT / "report"


def load(statements: Sequence[Statement]) -> Store:
    """Write the files, load them, report, and return the database."""
    endpoint = os.environ["GRAPH_ENDPOINT"]
    for name, text in {"triples.nt": ntriples, "nodes.csv": nodes_csv, "edges.csv": edges_csv}.items():
        write_text(GRAPH / name, text(statements))
    store = open_store(endpoint)
    new = store.load(GRAPH / "triples.nt")
    about = {"statements": len(set(statements)), "new": new, "endpoint": endpoint}
    write_text(REPORT / "load.json", json.dumps(about, indent=2) + "\n")
    print(f"statements={about['statements']} new={new} endpoint={endpoint}")
    return store
