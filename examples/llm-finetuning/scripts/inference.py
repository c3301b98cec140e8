"""Serve the merged model: the functions that SageMaker's Hugging Face image calls.

In: a model folder as `save_pretrained` writes it; requests in application/json, {"dialogue": "…"}.
Out: application/json, {"summary": "…"}.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import base_model
import torch
from prompts import prompt

NEW_TOKENS = 64
JSON = "application/json"


def model_fn(model_dir: str, context: Any = None) -> tuple[Any, Any]:
    folder = Path(model_dir)
    return base_model.load_model(folder).eval(), base_model.load_tokenizer(folder)


def input_fn(body: str | bytes, content_type: str) -> str:
    if content_type.split(";")[0].strip().lower() != JSON:
        raise ValueError(f"this model reads {JSON}, not {content_type}")
    request = json.loads(body)
    dialogue = request.get("dialogue") if isinstance(request, dict) else None
    if not dialogue or not isinstance(dialogue, str):
        raise ValueError('a request is {"dialogue": "…"}')
    return dialogue


@torch.inference_mode()
def predict_fn(dialogue: str, loaded: tuple[Any, Any]) -> str:
    model, tokenizer = loaded
    tokens = tokenizer(prompt(dialogue), return_tensors="pt", add_special_tokens=False)["input_ids"].to(model.device)
    written = model.generate(
        input_ids=tokens,
        attention_mask=torch.ones_like(tokens),
        max_new_tokens=NEW_TOKENS,
        do_sample=False,
        pad_token_id=tokenizer.eos_token_id,
    )
    return tokenizer.decode(written[0, tokens.shape[1] :], skip_special_tokens=True).strip()


def output_fn(summary: str, accept: str) -> str:
    """JSON whatever was asked for: it is all this model writes."""
    return json.dumps({"summary": summary})
