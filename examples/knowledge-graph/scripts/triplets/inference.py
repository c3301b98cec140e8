"""Serve the model of triplets: the four functions that SageMaker's scikit-learn image calls.

In: a model folder; requests of one document per line, {"id", "text"}.
Out: one line per document, {"id", "triples": [{"subject", "relation", "object", "score"}]}.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import joblib
from common.files import MODEL_FILE
from common.serving import answer_of, records_of

from triplets.model import TripletModel


def model_fn(model_dir: str) -> TripletModel:
    return joblib.load(Path(model_dir) / MODEL_FILE)


def input_fn(body: str | bytes, content_type: str) -> list[dict[str, Any]]:
    return records_of(body, content_type)


def predict_fn(data: list[dict[str, Any]], model: TripletModel) -> list[dict[str, Any]]:
    return [
        {"id": record.get("id"), "triples": [triple._asdict() for triple in model.extract_document(record["text"])]}
        for record in data
    ]


def output_fn(prediction: list[dict[str, Any]], accept: str) -> str:
    return answer_of(prediction)
