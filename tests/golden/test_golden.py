"""The definitions of the examples, as text. Write them anew with `pytest tests/golden --update-golden`, and read the difference."""

from __future__ import annotations

from pathlib import Path

import pytest

from framework.config.load import Sources
from framework.road import travel

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = {
    "lgbm": "examples/lgbm/conf/conf.yaml",
    "multi-model": "examples/multi-model/*/conf/conf.yaml",
    "sensor-forecast": "examples/sensor-forecast/conf/conf.yaml",
    "multi-model-tf": "examples/multi-model-tf/*/conf/conf.yaml",
    "llm-finetuning": "examples/llm-finetuning/conf/conf.yaml",
    "kg-triplets": "examples/knowledge-graph/triplets/conf/conf.yaml",
    "kg-questions": "examples/knowledge-graph/questions/conf/conf.yaml",
    "rag-index": "examples/rag-index/conf/conf.yaml",
    "sales-build": "examples/sales-forecast/conf/build.yaml",
    "sales-inference": "examples/sales-forecast/conf/inference.yaml",
}


@pytest.mark.parametrize(("name", "pattern"), EXAMPLES.items())
def test_the_definition_of_an_example_is_its_golden_one(name: str, pattern: str, request: pytest.FixtureRequest) -> None:
    compiled, findings = travel(Sources(ROOT, patterns=(pattern,), env_file="env.env"), {})
    assert [str(finding) for finding in findings] == []
    assert compiled is not None
    golden = Path(__file__).with_name(f"{name}.json")
    if request.config.getoption("--update-golden"):
        golden.write_text(compiled.definition_text(), encoding="utf-8", newline="\n")
    assert compiled.definition_text() == golden.read_text(encoding="utf-8")
