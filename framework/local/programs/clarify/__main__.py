"""The program: reads the configuration and the dataset, analyses, compares with the baseline, writes the files."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from framework.local.programs.quality.refusal import RefusalError, guarded

DONE = frozenset({"pre_training_bias", "post_training_bias", "shap", "report"})
SECTIONS = {
    "pre_training_bias": "pre_training_bias_metrics",
    "post_training_bias": "post_training_bias_metrics",
    "shap": "explanations",
}
"""By method, its member of analysis.json."""


def analyse(path: str) -> None:
    """Does what a specification says.

    Args:
        path: the file of the specification.

    Raises:
        RefusalError: the configuration or the dataset do not allow it.
    """
    from framework.local.programs.clarify import dataset as datasets
    from framework.local.programs.clarify import drift, specification

    spec = specification.load(path)
    methods = spec.methods()
    for name in sorted(methods.keys() - DONE):
        print(f"methods.{name} is not computed by a local run")
    dataset = datasets.load(spec)
    print(f"{len(dataset.frame)} records with the features {', '.join(dataset.features)}")
    spec.output.mkdir(parents=True, exist_ok=True)
    analysis: dict[str, Any] = {"version": "1.0", **dict(_bias(spec, dataset, methods))}
    if shap := methods.get("shap"):
        analysis["explanations"] = _explanations(spec, dataset, shap)
    _write(spec.output / "analysis.json", analysis)
    if spec.baseline:
        found = drift.violations(analysis, _baseline(spec.baseline, SECTIONS[spec.section]))
        _write(spec.output / "constraint_violations.json", {"version": "1.0", "violations": found})
        print(f"{len(found)} violations of the baseline")


def _bias(spec: Any, dataset: Any, methods: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    from framework.local.programs.clarify import bias, report

    for stage, metrics in (("pre_training", bias.PRE_TRAINING), ("post_training", bias.POST_TRAINING)):
        if section := methods.get(f"{stage}_bias"):
            names = bias.chosen(section.get("methods") or "all", metrics)
            yield f"{stage}_bias_metrics", report.section(spec, dataset, names, metrics)


def _explanations(spec: Any, dataset: Any, config: Mapping[str, Any]) -> dict[str, Any]:
    from framework.local.programs.clarify import attribution
    from framework.local.programs.clarify.background import Background, background
    from framework.local.programs.clarify.predictor import Predictor

    rows = background(dataset, config, spec.config.get("features"), spec.files)
    with Predictor(spec, dataset) as predictor:
        explanation = attribution.explain(dataset, predictor, config, Background(dataset, rows))
    folder = spec.output / "explanations_shap"
    folder.mkdir(exist_ok=True)
    rows.to_csv(folder / "baseline.csv", index=False, header=False)
    if explanation.local is not None and config.get("save_local_shap_values", True):
        explanation.local.to_csv(folder / "out.csv", index=False)
    if explanation.stand_in:
        print(explanation.stand_in)
        _write(spec.output / "stand_in.json", {"reason": explanation.stand_in})
    return explanation.document


def _baseline(path: Path, section: str) -> dict[str, Any]:
    try:
        document = json.loads(path.read_bytes())
    except ValueError as error:
        raise RefusalError(f"the baseline's constraints are not JSON: {error}") from None
    if not isinstance(document, dict):
        raise RefusalError("the baseline's constraints are not a JSON object")
    if section not in document:
        raise RefusalError(f"the baseline's constraints have no {section}; they have {', '.join(document)}")
    return document


def _write(path: Path, document: Mapping[str, Any]) -> None:
    path.write_text(json.dumps(document, indent=1, ensure_ascii=False, allow_nan=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    raise SystemExit(guarded(lambda: analyse(sys.argv[1])))
