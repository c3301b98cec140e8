"""Split the annotated questions.

In: questions.jsonl from the input `questions`. Out: train/train.jsonl and test/test.jsonl.
"""

from __future__ import annotations

from common.files import INPUT
from common.splitting import split

if __name__ == "__main__":
    split(INPUT / "questions" / "questions.jsonl", ["id", "text", "intent", "slots"])
