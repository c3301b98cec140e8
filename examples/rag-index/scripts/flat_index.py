"""A flat index: every question is compared with every chunk. Exact, and fast up to some hundred thousand chunks.

In: chunks and their vectors. Out: a folder with vectors.npy (unit rows), chunks.jsonl (the same order), encoder/ and index.json.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from encoders import ABOUT, Encoder, load_encoder
from files import read_json, read_lines, write_json, write_lines

VECTORS, CHUNKS, ENCODER, DESCRIPTION = "vectors.npy", "chunks.jsonl", "encoder", "index.json"


class Hit(NamedTuple):
    """A chunk that was found, and its cosine with the question."""

    chunk: dict[str, Any]
    score: float


class FlatIndex:
    """The index.

    Args:
        vectors: one unit row per chunk.
        chunks: the chunks.
        encoder: that made the vectors.

    Raises:
        ValueError: there are more chunks than vectors, or fewer.
    """

    def __init__(self, vectors: np.ndarray, chunks: Sequence[dict[str, Any]], encoder: Encoder) -> None:
        if len(vectors) != len(chunks):
            raise ValueError(f"{len(vectors)} vectors for {len(chunks)} chunks")
        self._vectors, self._chunks, self._encoder = vectors, chunks, encoder

    def search(self, questions: Sequence[str], most: int) -> list[list[Hit]]:
        """For each question the nearest chunks, the nearest first; of equal ones the one that came first."""
        scores = self._encoder.encode(questions) @ self._vectors.T
        order = np.argsort(-scores, axis=1, kind="stable")[:, :most]
        return [[Hit(self._chunks[n], float(scores[row, n])) for n in found] for row, found in enumerate(order)]

    @classmethod
    def load(cls, folder: Path) -> FlatIndex:
        vectors = np.load(folder / VECTORS, allow_pickle=False)
        return cls(vectors, read_lines(folder / CHUNKS), load_encoder(folder / ENCODER))


def write_index(folder: Path, vectors: np.ndarray, chunks: Sequence[dict[str, Any]], encoder: Path) -> dict[str, Any]:
    """Write an index and return its description; `encoder` is the folder of a saved one."""
    folder.mkdir(parents=True, exist_ok=True)
    np.save(folder / VECTORS, vectors, allow_pickle=False)
    write_lines(folder / CHUNKS, chunks)
    (folder / ENCODER).mkdir(exist_ok=True)
    for file in sorted(encoder.iterdir()):
        (folder / ENCODER / file.name).write_bytes(file.read_bytes())
    about = {"chunks": len(chunks), "dimension": int(vectors.shape[1]), "metric": "cosine", "encoder": read_json(encoder / ABOUT)}
    write_json(folder / DESCRIPTION, about)
    return about
