"""Cut the documents of one collection into chunks.

In: Markdown files in the input `documents`; COLLECTION and CHUNK_SENTENCES. Out: chunks.jsonl in the output `chunks`.
"""

from __future__ import annotations

import os

from chunking import chunks_in
from files import INPUT, OUTPUT, write_lines


def main() -> None:
    collection = os.environ["COLLECTION"]
    chunks = list(chunks_in(collection, INPUT / "documents", int(os.environ["CHUNK_SENTENCES"])))
    write_lines(OUTPUT / "chunks" / "chunks.jsonl", (chunk._asdict() for chunk in chunks))
    print(f"collection={collection} documents={len({chunk.document for chunk in chunks})} chunks={len(chunks)}")


if __name__ == "__main__":
    main()
