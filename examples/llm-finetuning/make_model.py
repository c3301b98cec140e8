"""Make a tiny Falcon with a tokenizer of its own, for runs on this machine: it knows nothing, and its weights are chance.

In: nothing but a fixed seed (`--output` changes where). The tokenizer learns from the dialogues of make_data.py.
Out: models/tiny-falcon/, a folder as `save_pretrained` writes it. Nothing is downloaded.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import torch
from make_data import make_dialogues
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import FalconConfig, FalconForCausalLM, PreTrainedTokenizerFast

NAME = "tiny-falcon"
SEED = 40
END = "<|endoftext|>"
VOCABULARY = 1024
DIALOGUES = 400


def make_tokenizer() -> PreTrainedTokenizerFast:
    """Byte pairs, as the real Falcon has them."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(vocab_size=VOCABULARY, special_tokens=[END], initial_alphabet=alphabet, show_progress=False)
    texts = [f"{one['dialogue']}\n{one['summary']}" for one in make_dialogues(DIALOGUES)]
    tokenizer.train_from_iterator(texts, trainer)
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, eos_token=END)


def make_model(end: int) -> FalconForCausalLM:
    """The architecture of falcon-40b (grouped queries, parallel attention, rotary positions), some 100,000 times smaller."""
    config = FalconConfig(
        vocab_size=VOCABULARY,
        hidden_size=128,
        num_hidden_layers=2,
        num_attention_heads=8,
        num_kv_heads=2,
        new_decoder_architecture=True,
        max_position_embeddings=512,
        # The embeddings are also the output layer, and LoRA leaves them as they are: smaller ones could not tell words apart.
        initializer_range=0.09,
        bos_token_id=end,
        eos_token_id=end,
    )
    torch.manual_seed(SEED)
    return FalconForCausalLM(config)


def main() -> None:
    parser = argparse.ArgumentParser(description="Make the tiny model of the llm-finetuning example.")
    parser.add_argument("--output", type=Path, default=Path(__file__).resolve().parent / "data", help="folder to write to")
    folder = parser.parse_args().output / "models" / NAME
    tokenizer = make_tokenizer()
    model = make_model(tokenizer.eos_token_id)
    tokenizer.save_pretrained(folder)
    model.save_pretrained(folder)
    print(f"{folder} {model.num_parameters()} parameters")


if __name__ == "__main__":
    main()
