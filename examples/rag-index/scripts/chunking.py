"""Documents cut into chunks: a few whole sentences each, never across a heading.

In: Markdown with a title (`#`) and headings (`##`). Out: `Chunk`s in the order of the text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

SENTENCE_END = re.compile(r"(?<=[.!?])\s+")


class Chunk(NamedTuple):
    """A piece of a document. Its title and heading go with it into the embedding: alone it would not say what it is about."""

    id: str
    collection: str
    document: str
    title: str
    heading: str
    text: str

    @property
    def embedded(self) -> str:
        return f"{self.title}. {self.heading}. {self.text}"


def sections(markdown: str) -> Iterator[tuple[str, str, str]]:
    """Title, heading and text of each section that has text."""
    title = heading = ""
    for block in re.split(r"\n{2,}", markdown.strip()):
        if block.startswith("## "):
            heading = block[3:].strip()
        elif block.startswith("# "):
            title, heading = block[2:].strip(), ""
        elif block.strip():
            yield title, heading, " ".join(block.split())


def chunks_of(collection: str, document: str, markdown: str, most: int) -> Iterator[Chunk]:
    """The chunks of a document.

    Args:
        collection: it belongs to.
        document: its name.
        markdown: its text.
        most: sentences in a chunk.
    """
    number = 0
    for title, heading, text in sections(markdown):
        sentences = SENTENCE_END.split(text)
        for start in range(0, len(sentences), most):
            part = " ".join(sentences[start : start + most])
            yield Chunk(f"{collection}/{document}#{number}", collection, document, title, heading, part)
            number += 1


def chunks_in(collection: str, folder: Path, most: int) -> Iterator[Chunk]:
    """The chunks of every document in a folder, by name.

    Raises:
        FileNotFoundError: there is no document.
    """
    files = sorted(folder.glob("*.md"))
    if not files:
        raise FileNotFoundError(f"the collection {collection} has no document (*.md) in {folder}")
    for file in files:
        yield from chunks_of(collection, file.stem, file.read_text(encoding="utf-8"), most)
