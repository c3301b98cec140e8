"""What a notification says: an input transformer of EventBridge, made of the text of the configuration or of one of our own.

In: a notification's values. Out: InputPathsMap and InputTemplate. The template is a text in quotes for each line, which is what an
e-mail shows as lines.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from framework.config.expressions import Event, Join
from framework.config.values import Map

PREDEFINED = ("aws.events.rule-arn", "aws.events.rule-name", "aws.events.event.ingestion-time")
"""What EventBridge itself puts into a text, written `<aws.events.rule-name>`."""

_CONSOLE = {"aws-cn": "console.amazonaws.cn", "aws-us-gov": "console.amazonaws-us-gov.com"}
_COMMON = {"account": "account", "region": "region", "execution": "detail.pipelineExecutionArn", "time": "time"}
_PATHS = {
    "execution": {**_COMMON, "status": "detail.currentPipelineExecutionStatus", "name": "detail.pipelineExecutionDisplayName"},
    "step": {**_COMMON, "status": "detail.currentStepStatus", "step": "detail.stepName", "reason": "detail.failureReason"},
}
"""For each scope, the paths of what our own text tells, by the names of their placeholders."""


def message(values: Map, pipeline: str, partition: str) -> dict[str, Any]:
    """The input transformer of a notification; `partition` is that of the account, as ARNs name it."""
    text = values.get("text")
    if text is None:
        lines = list(_lines(values, pipeline, _CONSOLE.get(partition, "console.aws.amazon.com")))
        paths = {name: path for name, path in _PATHS[str(values["scope"])].items() if f"<{name}>" in "".join(lines)}
    else:
        paths, lines = _given(text)
    template = "\n".join(json.dumps(line, ensure_ascii=False) for line in lines)
    return {"InputPathsMap": {name: f"$.{path}" for name, path in sorted(paths.items())}, "InputTemplate": template}


def _lines(values: Map, pipeline: str, console: str) -> Iterator[str]:
    """Our own text: what happened first, then why, then where to look."""
    of_step = values["scope"] == "step"
    yield f"Pipeline {pipeline}{', step <step>' if of_step else ''}: <status>"
    if of_step and "failed" in values["on"]:
        yield "Reason: <reason>"
    if not of_step:
        yield "Execution: <name>"
    yield "When: <time>, account <account>, region <region>"
    yield "ARN: <execution>"
    yield "Steps: aws sagemaker list-pipeline-execution-steps --region <region> --pipeline-execution-arn <execution>"
    yield f"Console: https://<region>.{console}/sagemaker/home?region=<region>#/studio-landing"


def _given(text: Any) -> tuple[dict[str, str], list[str]]:
    """The paths that a text of the configuration names, by the names of their placeholders, and its lines."""
    names: dict[str, str] = {}
    written = ""
    for part in text.values if isinstance(text, Join) else (text,):
        if isinstance(part, Event) and part.path not in names:
            names[part.path] = _placeholder(part.path, set(names.values()))
        written += f"<{names[part.path]}>" if isinstance(part, Event) else str(part)
    return {name: path for path, name in names.items()}, written.strip("\n").splitlines() or [""]


def _placeholder(path: str, taken: set[str]) -> str:
    """A name of letters and digits for a part of the event: that of its last member, and a number where it is taken."""
    last = re.sub(r"\[[0-9]+\]", "", path).rpartition(".")[2]
    name = re.sub(r"[^A-Za-z0-9]", "", last) or "part"
    name = f"event{name}" if name.lower().startswith("aws") else name
    return next(each for each in (name, *(f"{name}{number}" for number in range(2, len(taken) + 3))) if each not in taken)
