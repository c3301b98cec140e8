"""Serve the model of questions: the four functions that SageMaker's scikit-learn image calls.

In: a model folder; requests of one question per line, {"id", "text"}.
Out: one line per question, {"id", "text", "intent", "score", "slots": [{"kind", "name"}]}.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import joblib
from common.files import MODEL_FILE
from common.serving import answer_of, records_of

from questions.model import QuestionModel


def model_fn(model_dir: str) -> QuestionModel:
    return joblib.load(Path(model_dir) / MODEL_FILE)


def input_fn(body: str | bytes, content_type: str) -> list[dict[str, Any]]:
    return records_of(body, content_type)


def predict_fn(data: list[dict[str, Any]], model: QuestionModel) -> list[dict[str, Any]]:
    answers = []
    for record in data:
        understood = model.understand(record["text"])
        slots = [slot._asdict() for slot in understood.slots]
        about = {"id": record.get("id"), "text": record["text"], "slots": slots}
        answers.append({**about, "intent": understood.intent, "score": understood.score})
    return answers


def output_fn(prediction: list[dict[str, Any]], accept: str) -> str:
    return answer_of(prediction)
