"""Measure how well the index finds what answers a question.

In: the index (from rag-Index), questions.jsonl in the input `questions`; COLLECTIONS. Out: model_evaluation_metrics.json.
A chunk is right when it is of the right document and holds the sentence that answers. recall@k: the share of questions with a right
chunk among the first k. MRR: the mean of 1/rank of the first right chunk, 0 beyond the first ten. answer_in_context: the share of
questions whose answer stands, to the letter, in the first five chunks, which is what a language model would be given.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from typing import Any

from files import INPUT, OUTPUT, read_lines, write_json
from flat_index import FlatIndex, Hit

DEEPEST, CONTEXT = 10, 5


def figure(value: float) -> dict[str, Any]:
    """One run on one set of questions has no spread to speak of, and the shape asks for one."""
    return {"value": round(value, 6), "standard_deviation": "NaN"}


def rank_of(question: dict[str, Any], hits: Sequence[Hit]) -> int:
    """The place of the first right chunk, from 1; 0 when there is none."""
    for place, hit in enumerate(hits, 1):
        same = (hit.chunk["collection"], hit.chunk["document"]) == (question["collection"], question["document"])
        if same and question["evidence"] in hit.chunk["text"]:
            return place
    return 0


def mean(values: Sequence[float]) -> float:
    return sum(values) / len(values) if values else 0.0


def recall(ranks: Sequence[int], most: int) -> float:
    return mean([0 < rank <= most for rank in ranks])


def evaluate(questions: Sequence[dict[str, Any]], found: Sequence[Sequence[Hit]]) -> dict[str, Any]:
    ranks = [rank_of(question, found[number]) for number, question in enumerate(questions)]
    contexts = [" ".join(hit.chunk["text"] for hit in hits[:CONTEXT]) for hits in found]
    by_collection = {
        name: round(recall([rank for number, rank in enumerate(ranks) if questions[number]["collection"] == name], 5), 6)
        for name in sorted({question["collection"] for question in questions})
    }
    return {
        **{f"recall_at_{most}": figure(recall(ranks, most)) for most in (1, 3, 5, 10)},
        "mrr": figure(mean([1 / rank if rank else 0.0 for rank in ranks])),
        "answer_in_context": figure(mean([question["answer"] in contexts[number] for number, question in enumerate(questions)])),
        "recall_at_5_by_collection": by_collection,
        "questions": len(questions),
    }


def about(collections: Sequence[str], questions: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """The questions that documents of these collections answer.

    Raises:
        ValueError: there is none.
    """
    chosen = [question for question in questions if question["collection"] in collections]
    if not chosen:
        raise ValueError(f"no question is about {', '.join(collections)}: there is nothing to measure")
    return chosen


def main() -> None:
    questions = about(json.loads(os.environ["COLLECTIONS"]), read_lines(INPUT / "questions" / "questions.jsonl"))
    index = FlatIndex.load(INPUT / "rag-Index-index")
    report = evaluate(questions, index.search([each["question"] for each in questions], DEEPEST))
    write_json(OUTPUT / "model_evaluation_metrics.json", report)
    print(f"recall@5={report['recall_at_5']['value']:.4f} MRR={report['mrr']['value']:.4f} questions={len(questions)}")


if __name__ == "__main__":
    main()
