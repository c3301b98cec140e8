"""The inference script of a model that the AutoML stand-in made; packed into its archive as `code/inference.py`.

In: rows of features as text/csv, without the target, with or without their header. Out: for each row what
SAGEMAKER_INFERENCE_OUTPUT names: predicted_label, probability, probabilities, labels, as CSV or JSON. It needs no framework.
"""

from __future__ import annotations

import csv
import io
import json
import os
import pickle
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd  # type: ignore[import-untyped]

CSV, JSON, LINES = "text/csv", "application/json", "application/jsonlines"
DEFAULT_OUTPUT = "predicted_label"


def features(table: Any, columns: Sequence[Mapping[str, Any]]) -> Any:
    """The features of a table of strings: numbers where a column is numeric, else strings; what is missing is NaN."""
    made = {}
    for column in columns:
        values = table[column["name"]]
        if column["numeric"]:
            made[column["name"]] = pd.to_numeric(values, errors="coerce").astype(float)
        else:
            made[column["name"]] = values.astype(object).where(values.notna(), float("nan"))
    return pd.DataFrame(made, index=table.index)


def model_fn(model_dir: str) -> dict[str, Any]:
    """The fitted pipeline and what is known about its columns and labels."""
    about = json.loads(Path(model_dir, "model.json").read_text(encoding="utf-8"))
    with Path(model_dir, "model.pkl").open("rb") as file:
        pipeline = pickle.load(file)  # noqa: S301 - made by the job that packed this script
    return {**about, "pipeline": pipeline}


def transform_fn(model: Mapping[str, Any], data: str, content_type: str, accept: str) -> tuple[str, str]:
    """The answer to a request."""
    if content_type != CSV:
        raise ValueError(f"the model reads {CSV}, not {content_type}")
    rows = predict(model, features(table(data, [column["name"] for column in model["columns"]]), model["columns"]))
    wanted = [key.strip() for key in os.environ.get("SAGEMAKER_INFERENCE_OUTPUT", DEFAULT_OUTPUT).split(",")]
    known = ", ".join(rows[0]) if rows else ""
    if missing := [key for key in wanted if rows and key not in rows[0]]:
        raise ValueError(f"SAGEMAKER_INFERENCE_OUTPUT names {missing[0]}; this model knows {known}")
    return written([{key: row[key] for key in wanted} for row in rows], accept)


def table(data: str, names: list[str]) -> Any:
    """The rows of a request, all of them strings."""
    read = pd.read_csv(io.StringIO(data), header=None, dtype=str, skip_blank_lines=True)
    if read.shape[1] != len(names):
        raise ValueError(f"a row has {read.shape[1]} values; the model wants {len(names)}: {', '.join(names)}")
    read.columns = names
    return read.iloc[1:] if list(read.iloc[0]) == names else read


def predict(model: Mapping[str, Any], rows: Any) -> list[dict[str, Any]]:
    """What the model says of each row, by the names of SAGEMAKER_INFERENCE_OUTPUT."""
    if len(rows) == 0:
        return []
    labels = model["labels"]
    if not labels:
        return [{"predicted_label": float(value)} for value in model["pipeline"].predict(rows)]
    answers = []
    for chances in model["pipeline"].predict_proba(rows).tolist():
        winner = chances.index(max(chances))
        chance = chances[1] if len(labels) == 2 else chances[winner]
        answers.append({"predicted_label": labels[winner], "probability": chance, "probabilities": chances, "labels": labels})
    return answers


def written(rows: Sequence[Mapping[str, Any]], accept: str) -> tuple[str, str]:
    """Rows in the format that is wanted, and that format."""
    if accept == JSON:
        return json.dumps({"predictions": list(rows)}), accept
    if accept == LINES:
        return "".join(json.dumps(row) + "\n" for row in rows), accept
    if accept != CSV:
        raise ValueError(f"the model answers {CSV}, {JSON} or {LINES}, not {accept}")
    stream = io.StringIO()
    cells = ([json.dumps(value) if isinstance(value, list) else value for value in row.values()] for row in rows)
    csv.writer(stream, lineterminator="\n").writerows(cells)
    return stream.getvalue(), accept
