"""Split the annotated sentences.

In: sentences.jsonl from the input `sentences`. Out: train/train.jsonl and test/test.jsonl.
"""

from __future__ import annotations

from common.files import INPUT
from common.splitting import split

if __name__ == "__main__":
    split(INPUT / "sentences" / "sentences.jsonl", ["id", "text", "entities", "triples"])
