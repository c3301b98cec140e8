"""Get the graph database, or create it: stands in a local run for the function of that name.

In: the event {"name", "folder"}; a folder that is not absolute lies in the project's root.
Out: {"Endpoint", "Status"}: where the database is, and whether it was "created" now or "available" before. In an account the
function would look for a database cluster, start to create one where there is none, and return its SPARQL endpoint.
"""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[3]
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,62}")
SECONDS = 60.0
TABLES = """
CREATE TABLE IF NOT EXISTS statement (
    subject TEXT NOT NULL,
    predicate TEXT NOT NULL,
    object TEXT NOT NULL,
    PRIMARY KEY (subject, predicate, object)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS statement_by_object ON statement (predicate, object);
"""


def get_or_create(event: dict[str, Any], context: Any) -> dict[str, str]:
    if not NAME.fullmatch(event["name"]):
        raise ValueError(f"{event['name']!r} is no name of a database: letters, digits and hyphens, 63 at most")
    file = ROOT / event["folder"] / f"{event['name']}.sqlite"
    there = file.is_file()
    file.parent.mkdir(parents=True, exist_ok=True)
    with closing(sqlite3.connect(file, timeout=SECONDS)) as connection:
        connection.executescript(TABLES)
    status = "available" if there else "created"
    print(f"{event['name']}: {status}")
    return {"Endpoint": f"sqlite:{file}", "Status": status}
