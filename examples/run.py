"""Runs every example on this machine, end to end, and prints one table of what came of them.

Use: python examples/run.py [NAME ...], from the root of the project; without names all of them, in this order. An example whose
packages are not installed is left out, and the table says what it needs. Exit code 1 when one did not end as it should.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
EXAMPLES = "examples"


@dataclass(frozen=True)
class Run:
    """One pipeline of an example.

    Attributes:
        config: glob of its configuration, below `examples`.
        parameters: start values.
        metrics: paths in its reports, and what the table calls them.
    """

    config: str
    parameters: Mapping[str, str] = field(default_factory=dict)
    metrics: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Example:
    """An example: scripts that make its data, its pipelines in order, packages that it needs, and the extra that has them."""

    runs: tuple[Run, ...]
    data: tuple[str, ...] = ("make_data.py",)
    packages: tuple[str, ...] = ("pandas", "sklearn")
    extra: str = ""


CATALOGUE: Mapping[str, Example] = {
    "lgbm": Example((Run("lgbm/conf/conf.yaml", metrics={"auc": "AUC"}),), packages=("lightgbm",)),
    "multi-model": Example((Run("multi-model/*/conf/conf.yaml", metrics={"r2": "R²"}),)),
    "knowledge-graph": Example(
        (
            Run("knowledge-graph/triplets/conf/conf.yaml", metrics={"f1": "F1"}),
            Run("knowledge-graph/questions/conf/conf.yaml", metrics={"f1": "F1"}),
        )
    ),
    "sales-forecast": Example(
        (
            Run("sales-forecast/conf/build.yaml", {"ApprovalStatus": "Approved"}, {"wape": "WAPE"}),
            Run("sales-forecast/conf/inference.yaml"),
        ),
        packages=("shap",),
        extra="local",
    ),
    "sensor-forecast": Example(
        (Run("sensor-forecast/conf/conf.yaml", metrics={"rmse": "RMSE"}),), packages=("optuna",), extra="local"
    ),
    "multi-model-tf": Example(
        (Run("multi-model-tf/*/conf/conf.yaml", metrics={"r2": "R²"}),), packages=("tensorflow",), extra="tensorflow"
    ),
    "llm-finetuning": Example(
        (
            Run(
                "llm-finetuning/conf/conf.yaml",
                {"ModelName": "tiny-falcon", "Epochs": "4", "LearningRate": "0.006"},
                {"eval_loss_before": "loss before", "eval_loss": "loss after"},
            ),
        ),
        data=("make_data.py", "make_model.py"),
        packages=("accelerate", "peft", "tokenizers", "torch", "transformers"),
        extra="llm",
    ),
    "rag-index": Example((Run("rag-index/conf/conf.yaml", metrics={"recall_at_5": "recall@5"}),)),
}


def main(names: list[str]) -> int:
    """Run the examples of these names, or all; the exit code."""
    unknown = [name for name in names if name not in CATALOGUE]
    if unknown:
        print(f"there is no example {unknown[0]}; there are {', '.join(CATALOGUE)}", file=sys.stderr)
        return 2
    rows = []
    for name in names or CATALOGUE:
        for row in _rows(name, CATALOGUE[name]):
            rows.append(row)
            print("  ".join(row), file=sys.stderr)
    _table(("example", "pipeline", "steps", "outcome", "figures", "seconds"), rows)
    return 0 if all(row[3] == "Succeeded" or row[3].startswith("left out") for row in rows) else 1


def _rows(name: str, example: Example) -> Iterator[tuple[str, ...]]:
    missing = [package for package in example.packages if find_spec(package) is None]
    if missing:
        yield (name, "", "", f"left out: needs {', '.join(missing)}, pip install -e '.[{example.extra or 'examples'}]'", "", "")
        return
    for script in example.data:
        subprocess.run([sys.executable, f"{EXAMPLES}/{name}/{script}"], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    for run in example.runs:
        yield _row(name, run)


def _row(name: str, run: Run) -> tuple[str, ...]:
    began = time.monotonic()
    options = [word for key, value in run.parameters.items() for word in ("-p", f"{key}={value}")]
    answer = _smp(run.config, "run", "--local", "--format", "json", *options)
    seconds = f"{time.monotonic() - began:.0f}"
    if "PipelineExecutionStatus" not in answer:
        return (name, "", "", json.dumps(answer)[:200], "", seconds)
    pipeline = str(answer["PipelineArn"]).rpartition("/")[2]
    simulated = sum(1 for step in answer["Steps"] if step.get("Simulated"))
    steps = f"{len(answer['Steps'])}{f', {simulated} simulated' if simulated else ''}"
    return (name, pipeline, steps, str(answer["PipelineExecutionStatus"]), _figures(run, answer), seconds)


def _smp(config: str, *words: str) -> dict[str, Any]:
    """What `smp` answers a program; what it says on the way goes to stderr."""
    command = [sys.executable, "-m", "framework", "--env-file", "env.env", "-c", f"{EXAMPLES}/{config}", *words]
    answer = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, check=False).stdout
    try:
        told: dict[str, Any] = json.loads(answer)
    except ValueError:
        return {"answer": answer.decode(errors="replace")}
    return told


def _figures(run: Run, answer: Mapping[str, Any]) -> str:
    """The figures of the run's reports that its table shows."""
    found = {path: value for report in answer.get("Reports", ()) for path, value in _numbers(report["Content"], "")}
    shown = []
    for wanted, label in run.metrics.items():
        value = next(
            (value for path, value in found.items() if path.split(".")[-1] == wanted or path.endswith(f"{wanted}.value")), None
        )
        shown.append(f"{label} {value:.3f}" if value is not None else f"{label} ?")
    return ", ".join(shown)


def _numbers(value: Any, path: str) -> Iterator[tuple[str, float]]:
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _numbers(item, f"{path}.{key}" if path else str(key))
    elif isinstance(value, (int, float)) and not isinstance(value, bool):
        yield path, float(value)


def _table(columns: tuple[str, ...], rows: list[tuple[str, ...]]) -> None:
    widths = [max(len(row[index]) for row in (columns, *rows)) for index in range(len(columns))]
    for row in (columns, tuple("-" * width for width in widths), *rows):
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
