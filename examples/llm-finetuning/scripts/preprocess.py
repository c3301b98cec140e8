"""Put dialogues into prompts, turn them into tokens, and split them.

In: dialogues.jsonl (objects with id, dialogue and summary) from the input `dialogues`, and the base model's tokenizer.json from
the input `tokenizer`.
Out: train/train.jsonl and train/validation.jsonl (input_ids and labels; the labels of the prompt are -100, so that the model
learns to write summaries and not prompts), and test/test.jsonl (the same and the texts).
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from prompts import prompt
from tokenizers import Tokenizer

INPUT = Path("/opt/ml/processing/input")
DIALOGUES = INPUT / "dialogues" / "dialogues.jsonl"
TOKENIZER = INPUT / "tokenizer" / "tokenizer.json"
OUTPUT = Path("/opt/ml/processing/output")
FILES = {"train": "train/train.jsonl", "validation": "train/validation.jsonl", "test": "test/test.jsonl"}
NOT_LEARNT = -100

Example = dict[str, Any]


def read() -> Iterator[Example]:
    with DIALOGUES.open(encoding="utf-8") as lines:
        yield from (json.loads(line) for line in lines if line.strip())


def split_of(name: str) -> str:
    """By the id alone: a dialogue stays where it is whatever comes or goes around it. 80, 10 and 10 of a hundred."""
    share = int.from_bytes(hashlib.sha256(name.encode()).digest()[:4], "big") % 100
    return "train" if share < 80 else "validation" if share < 90 else "test"


class Encoder:
    """Makes examples of dialogues.

    Args:
        tokenizer: Of the base model.
        end: The token that ends a text.
        longest: How many tokens an example may have.
    """

    def __init__(self, tokenizer: Tokenizer, end: str, longest: int) -> None:
        self._tokenizer, self._longest = tokenizer, longest
        self._end = tokenizer.token_to_id(end)
        if self._end is None:
            raise ValueError(f"the tokenizer has no token {end}; set END_OF_TEXT to the one that ends a text")

    def encode(self, dialogue: str, summary: str) -> Example | None:
        """The tokens, and which of them are to be learnt; None where the example is too long."""
        asked = self._tokenizer.encode(prompt(dialogue), add_special_tokens=False).ids
        answer = [*self._tokenizer.encode(summary.strip(), add_special_tokens=False).ids, self._end]
        if len(asked) + len(answer) > self._longest:
            return None
        return {"input_ids": [*asked, *answer], "labels": [NOT_LEARNT] * len(asked) + answer}


def main() -> None:
    encoder = Encoder(
        Tokenizer.from_file(str(TOKENIZER)),
        os.environ.get("END_OF_TEXT", "<|endoftext|>"),
        int(os.environ.get("MAX_TOKENS", "1024")),
    )
    parts: dict[str, list[Example]] = {name: [] for name in FILES}
    too_long = 0
    for one in read():
        example = encoder.encode(one["dialogue"], one["summary"])
        if example is None:
            too_long += 1
            continue
        split = split_of(str(one["id"]))
        texts = {"dialogue": one["dialogue"], "summary": one["summary"]} if split == "test" else {}
        parts[split].append({**example, **texts})
    for name, examples in parts.items():
        path = OUTPUT / FILES[name]
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("".join(json.dumps(example) + "\n" for example in examples), encoding="utf-8")
    print(" ".join(f"{name}={len(examples)}" for name, examples in parts.items()), f"too_long={too_long}")


if __name__ == "__main__":
    main()
