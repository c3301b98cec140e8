"""The program: reads the variables, profiles the dataset, compares it with the baseline, writes the files."""

from __future__ import annotations

import importlib
import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from framework.local.programs.quality.refusal import RefusalError, guarded

DATA, MODEL = "DATA_QUALITY", "MODEL_QUALITY"
Document = dict[str, Any]


def check(environment: Mapping[str, str]) -> None:
    """Reads, computes and writes.

    Raises:
        RefusalError: the dataset or the variables do not allow it.
    """
    from framework.local.programs.quality.dataset import read

    frame = read(environment)
    print(f"{len(frame)} records with {len(frame.columns)} columns")
    output = Path(environment["output_path"])
    output.mkdir(parents=True, exist_ok=True)
    statistics, constraints, compare = _analysis(environment, frame)
    _write(output / "statistics.json", statistics)
    _write(output / "constraints.json", constraints)
    if baseline := _document(environment, "baseline_constraints"):
        violations = compare(baseline, _document(environment, "baseline_statistics"))
        _write(output / "constraint_violations.json", {"violations": violations})
        print(f"{len(violations)} violations of the baseline")
    if script := environment.get("post_analytics_processor_script"):
        from framework.local.programs.quality.scripts import load_handler

        load_handler(script, "postprocess_handler")()


def _analysis(environment: Mapping[str, str], frame: Any) -> tuple[Document, Document, Callable[..., list[Document]]]:
    """The statistics, the suggested constraints, and what compares them with a baseline's constraints and statistics."""
    package = "framework.local.programs.quality"
    if environment.get("analysis_type", DATA) == MODEL:
        model = importlib.import_module(f"{package}.model_quality")
        statistics = model.statistics(environment, frame)
        return statistics, model.constraints(statistics), lambda limits, _: model.violations(statistics, limits)
    profile = importlib.import_module(f"{package}.profile")
    data = importlib.import_module(f"{package}.violations")
    statistics = profile.statistics(frame)
    suggested = profile.constraints(frame, statistics, environment.get("categorical_drift_method"))
    return statistics, suggested, lambda limits, before: data.violations(frame, statistics, limits, before)


def _document(environment: Mapping[str, str], name: str) -> Document:
    """A file of the baseline; empty when there is none."""
    path = environment.get(name)
    if not path:
        return {}
    try:
        document = json.loads(Path(path).read_bytes())
    except ValueError as error:
        raise RefusalError(f"the file {name.replace('_', ' ')} is not JSON: {error}") from None
    if not isinstance(document, dict):
        raise RefusalError(f"the file {name.replace('_', ' ')} is not a JSON object")
    return document


def _write(path: Path, document: Document) -> None:
    path.write_text(json.dumps(document, indent=1, ensure_ascii=False, allow_nan=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    raise SystemExit(guarded(lambda: check(os.environ)))
