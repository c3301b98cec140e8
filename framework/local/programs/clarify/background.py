"""What a record is compared with when it is explained: the rows of `shap.baseline`, else centres of the dataset; all as numbers.

Kernel SHAP works on numbers: categories are numbered here, and become themselves again before the model sees them.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd  # type: ignore[import-untyped]

from framework.local.programs.clarify.dataset import Dataset, read_csv, search
from framework.local.programs.quality.refusal import RefusalError


class Background:
    """The rows to compare with, and the coding of features as numbers.

    Args:
        dataset: the dataset.
        rows: a table of its features to compare with.

    Attributes:
        rows: the coded rows.
    """

    def __init__(self, dataset: Dataset, rows: Any) -> None:
        features = dataset.frame[list(dataset.features)]
        self._columns = list(features.columns)
        both = pd.concat([features, rows], ignore_index=True)
        self._categories: dict[str, list[Any]] = {
            name: sorted(both[name].dropna().unique(), key=str)
            for name in self._columns
            if not pd.api.types.is_numeric_dtype(both[name]) or pd.api.types.is_bool_dtype(both[name])
        }
        self._whole = [name for name in self._columns if pd.api.types.is_integer_dtype(features[name])]
        self.rows = self.encode(rows)

    def encode(self, features: Any) -> Any:
        """A table of features as an array of numbers; a missing category is -1."""
        coded = features.copy()
        for name, categories in self._categories.items():
            coded[name] = pd.Categorical(features[name], categories=categories).codes
        return coded.to_numpy(dtype=float)

    def decode(self, coded: Any) -> Any:
        """The table that an array stands for."""
        frame = pd.DataFrame(coded, columns=self._columns)
        for name, categories in self._categories.items():
            known = np.array([*categories, None], dtype=object)
            frame[name] = known[frame[name].astype(int)]
        for name in self._whole:
            if (frame[name] % 1 == 0).all():
                frame[name] = frame[name].astype("int64")
        return frame


def background(dataset: Dataset, config: Mapping[str, Any], features: str | None, files: Mapping[str, Path]) -> Any:
    """The table of rows to compare with.

    Args:
        dataset: the dataset.
        config: the section `shap`.
        features: the expression for the features of a JSON record.
        files: the file of each URI.

    Raises:
        RefusalError: the rows do not have the features of the dataset.
    """
    given = config.get("baseline")
    if given is None:
        return centres(dataset.frame[list(dataset.features)], int(config.get("num_clusters") or 1), int(config.get("seed") or 0))
    if isinstance(given, str):
        return _named(read_csv(files[given], None, *dataset.features), dataset)
    records = given if isinstance(given, list) else [given]
    if features and records and isinstance(records[0], Mapping):
        records = [search(features, record) for record in records]
    if records and not isinstance(records[0], (list, Mapping)):
        records = [records]
    return _named(pd.DataFrame(records), dataset)


def _named(rows: Any, dataset: Dataset) -> Any:
    names = list(dataset.features)
    if set(map(str, rows.columns)) >= set(names):
        return rows[names]
    if len(rows.columns) != len(names):
        found = f"the rows of shap.baseline have {len(rows.columns)} values"
        raise RefusalError(f"{found} for the {len(names)} features {', '.join(names)}")
    rows.columns = names
    return rows


def centres(features: Any, count: int, seed: int) -> Any:
    """The means of clusters of the dataset, and of what is not a number the value that is most frequent in each."""
    numbers = features.select_dtypes(["number"])
    clusters = np.zeros(len(features), dtype=int)
    if count > 1 and not numbers.empty:
        from sklearn.cluster import KMeans  # type: ignore[import-untyped]

        filled = numbers.fillna(numbers.mean()).fillna(0.0)
        scaled = (filled - filled.mean()) / filled.std().replace(0.0, 1.0).fillna(1.0)
        clusters = KMeans(min(count, len(features)), n_init=1, random_state=seed).fit_predict(scaled)
    parts = [features[clusters == cluster] for cluster in sorted(set(clusters))]
    rows = [{name: _centre(part[name], name in numbers) for name in features.columns} for part in parts]
    return pd.DataFrame(rows, columns=features.columns)


def _centre(column: Any, number: bool) -> Any:
    if number:
        return column.mean()
    modes = column.mode()
    return modes.iloc[0] if len(modes) else None
