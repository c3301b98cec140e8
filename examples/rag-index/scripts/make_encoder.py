"""Choose the embedding model, and fit it where it learns from the documents.

In: all documents in the input `documents`, one folder per collection; COLLECTIONS (a JSON list), EMBEDDING_MODEL, DIMENSION and
CHUNK_SENTENCES. Out: the saved encoder in the output `encoder`.
"""

from __future__ import annotations

import json
import os

from chunking import chunks_in
from encoders import new_encoder
from files import INPUT, OUTPUT


def main() -> None:
    most, collections = int(os.environ["CHUNK_SENTENCES"]), json.loads(os.environ["COLLECTIONS"])
    texts = [chunk.embedded for name in collections for chunk in chunks_in(name, INPUT / "documents" / name, most)]
    encoder = new_encoder(os.environ["EMBEDDING_MODEL"], texts, int(os.environ["DIMENSION"]))
    folder = OUTPUT / "encoder"
    folder.mkdir(parents=True, exist_ok=True)
    encoder.save(folder)
    print(f"embedding_model={os.environ['EMBEDDING_MODEL']} texts={len(texts)}")


if __name__ == "__main__":
    main()
