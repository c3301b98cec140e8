"""Stands for ask_for_retraining.py in a local run: notes the request, and says which command a person would give.

In: the same event. Out: {"execution": the file with the request}; the file lies in data/retraining/, named after the execution.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from ask_for_retraining import request

ASKED = Path(__file__).resolve().parents[1] / "data" / "retraining"
COMMAND = "smp --env-file env.env -c examples/sales-forecast/conf/build.yaml run --local"


def handler(event: dict[str, Any], context: Any) -> dict[str, str]:
    asked = request(event)
    path = ASKED / f"{event['execution']}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(asked, indent=2) + "\n", encoding="utf-8")
    print(f"retraining of {asked['PipelineName']}: {asked['PipelineExecutionDescription']}")
    print(f"on this machine: {COMMAND}")
    return {"execution": str(path.relative_to(ASKED.parents[1]))}
