"""Requests and answers of both models: one JSON document per line.

In: a request body. Out: its records; the body of the answer.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

CONTENT_TYPES = ("application/jsonlines", "application/json")


def records_of(body: str | bytes, content_type: str) -> list[dict[str, Any]]:
    """The documents of a request, each {"id", "text"}.

    Raises:
        ValueError: the content type is another, or a line has no text.
    """
    if content_type.split(";")[0].strip().lower() not in CONTENT_TYPES:
        raise ValueError(f"this model reads {' or '.join(CONTENT_TYPES)}, not {content_type}")
    text = body.decode("utf-8") if isinstance(body, bytes) else body
    records = [json.loads(line) for line in text.splitlines() if line.strip()]
    if not all(isinstance(record, dict) and isinstance(record.get("text"), str) for record in records):
        raise ValueError('each line must be a document like {"id": "d1", "text": "..."}')
    return records


def answer_of(records: Iterable[Any]) -> str:
    """JSON lines whatever was asked for; the last one ends too, so that a batch transform can join several answers."""
    return "".join(json.dumps(record, sort_keys=True) + "\n" for record in records)
