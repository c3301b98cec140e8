"""Join the vectors of all collections into one index.

In: one folder per collection in the input `vectors`, each with chunks.jsonl and vectors.npy; the encoder (from rag-Encoder);
COLLECTIONS. Out: the index in the output `index`.
"""

from __future__ import annotations

import json
import os

import numpy as np
from files import INPUT, OUTPUT, read_lines
from flat_index import write_index


def main() -> None:
    folders = [INPUT / "vectors" / name for name in json.loads(os.environ["COLLECTIONS"])]
    vectors = np.concatenate([np.load(folder / "vectors.npy", allow_pickle=False) for folder in folders])
    chunks = [record for folder in folders for record in read_lines(folder / "chunks.jsonl")]
    about = write_index(OUTPUT / "index", vectors, chunks, INPUT / "rag-Encoder-input-encoder")
    print(f"chunks={about['chunks']} dimension={about['dimension']}")


if __name__ == "__main__":
    main()
