"""Measure how well questions are understood that were not trained on.

In: test.jsonl (from kg-questions-Prepare) and model.tar.gz (from kg-questions-Training).
Out: model_evaluation_metrics.json. The intent of a question counts as one thing to find, each slot (kind and name) as another.
"""

from __future__ import annotations

import json
from typing import Any

from common.files import INPUT, OUTPUT, load_artifact, read_lines, write_text
from common.scoring import f1_by, figure, scores

from questions.model import QuestionModel


def things_in(record: dict[str, Any]) -> list[tuple[str, str]]:
    slots = [(slot["kind"], record["text"][slot["start"] : slot["end"]]) for slot in record["slots"]]
    return [("intent", record["intent"]), *slots]


def evaluate(records: list[dict[str, Any]], model: QuestionModel) -> dict[str, Any]:
    expected = [things_in(record) for record in records]
    found = [model.understand(record["text"]).things for record in records]
    whole = sum(sorted(expected[number]) == sorted(found[number]) for number in range(len(records)))
    return {
        **scores(expected, found),
        "f1_by_thing": f1_by(lambda thing: thing[0], expected, found),
        "whole_questions_right": figure(whole / len(records)),
        "questions": len(records),
    }


def main() -> None:
    records = read_lines(INPUT / "kg-questions-Prepare-test")
    report = evaluate(records, load_artifact(INPUT / "kg-questions-Training-test" / "model.tar.gz"))
    write_text(OUTPUT / "model_evaluation_metrics.json", json.dumps(report, indent=2) + "\n")
    print(f"F1={report['f1']['value']:.4f} whole={report['whole_questions_right']['value']:.4f}")


if __name__ == "__main__":
    main()
