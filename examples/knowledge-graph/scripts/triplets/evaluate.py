"""Measure how well triples are found in sentences that were not trained on.

In: test.jsonl (from kg-triplets-Prepare) and model.tar.gz (from kg-triplets-Training).
Out: model_evaluation_metrics.json. A triple is right when subject, relation and object are, to the letter.
"""

from __future__ import annotations

import json
from typing import Any

from common.files import INPUT, OUTPUT, load_artifact, read_lines, write_text
from common.scoring import f1_by, scores

from triplets.model import TripletModel


def triples_in(record: dict[str, Any]) -> list[tuple[str, str, str]]:
    names = [record["text"][entity["start"] : entity["end"]] for entity in record["entities"]]
    return [(names[subject], relation, names[object_]) for subject, relation, object_ in record["triples"]]


def evaluate(records: list[dict[str, Any]], model: TripletModel) -> dict[str, Any]:
    expected = [triples_in(record) for record in records]
    found = [[triple.fact for triple in model.extract(record["text"])] for record in records]
    entities = [[(entity["start"], entity["end"], entity["kind"]) for entity in record["entities"]] for record in records]
    tagged = []
    for record in records:
        tokens, spans = model.names(record["text"])
        tagged.append([(tokens[span.first].start, tokens[span.last - 1].end, span.kind) for span in spans])
    return {
        **scores(expected, found),
        "entities": scores(entities, tagged),
        "f1_by_relation": f1_by(lambda triple: triple[1], expected, found),
        "sentences": len(records),
        "triples": sum(map(len, expected)),
    }


def main() -> None:
    records = read_lines(INPUT / "kg-triplets-Prepare-test")
    report = evaluate(records, load_artifact(INPUT / "kg-triplets-Training-test" / "model.tar.gz"))
    write_text(OUTPUT / "model_evaluation_metrics.json", json.dumps(report, indent=2) + "\n")
    print(f"F1={report['f1']['value']:.4f} entity_F1={report['entities']['f1']['value']:.4f}")


if __name__ == "__main__":
    main()
