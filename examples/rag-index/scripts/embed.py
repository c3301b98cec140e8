"""Embed the chunks of one collection.

In: chunks.jsonl (from rag-Chunk) and the encoder (from rag-Encoder). Out: chunks.jsonl and vectors.npy in the output `vectors`.
"""

from __future__ import annotations

import numpy as np
from chunking import Chunk
from encoders import load_encoder
from files import INPUT, OUTPUT, read_lines, write_lines


def main() -> None:
    records = read_lines(INPUT / "rag-Chunk-input-chunks" / "chunks.jsonl")
    vectors = load_encoder(INPUT / "rag-Encoder-input-encoder").encode([Chunk(**record).embedded for record in records])
    write_lines(OUTPUT / "vectors" / "chunks.jsonl", records)
    np.save(OUTPUT / "vectors" / "vectors.npy", vectors, allow_pickle=False)
    print(f"vectors={vectors.shape[0]} dimension={vectors.shape[1]}")


if __name__ == "__main__":
    main()
