"""The base model, from files: every script that needs it loads it here, and none asks a hub."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

# Before transformers is imported: whatever is missing must be an error, not a download.
os.environ["HF_HUB_OFFLINE"] = "1"

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer, PreTrainedModel, PreTrainedTokenizerBase


def load_tokenizer(folder: Path) -> PreTrainedTokenizerBase:
    tokenizer = AutoTokenizer.from_pretrained(folder)
    tokenizer.pad_token = tokenizer.pad_token or tokenizer.eos_token
    return tokenizer


def load_model(folder: Path, on_cpu: bool = False) -> PreTrainedModel:
    """The model, spread over the GPUs in half precision; on the CPU, as it was saved, where there are none.

    Args:
        folder: As `save_pretrained` writes it.
        on_cpu: Load it into the main memory although there are GPUs.
    """
    on_gpu = torch.cuda.is_available() and not on_cpu
    # `torch_dtype` is the name that older versions of transformers know, and newer ones still take.
    options: dict[str, Any] = {"device_map": "auto", "torch_dtype": torch.bfloat16} if on_gpu else {"torch_dtype": "auto"}
    return AutoModelForCausalLM.from_pretrained(folder, local_files_only=True, **options)
