"""A section of bias metrics in analysis.json: for each facet and each of its groups, the metrics."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from framework.local.programs.clarify import bias, groups
from framework.local.programs.clarify.dataset import Dataset
from framework.local.programs.clarify.predictor import Predictor, positive
from framework.local.programs.clarify.specification import Specification
from framework.local.programs.quality.refusal import RefusalError

HALF = 0.5


def section(spec: Specification, dataset: Dataset, names: Sequence[str], metrics: Mapping[str, bias.Metric]) -> dict[str, Any]:
    """The section.

    Args:
        spec: the specification.
        dataset: the dataset.
        names: of the metrics.
        metrics: all metrics of the stage.

    Raises:
        RefusalError: the configuration names no label or facet, or they do not fit the dataset.
    """
    if dataset.label is None:
        raise RefusalError("the analysis configuration names no label")
    facets = spec.config.get("facet")
    if not facets:
        raise RefusalError("the analysis configuration names no facet")
    label = dataset.frame[dataset.label]
    values = spec.config.get("label_values_or_threshold")
    mask, text = groups.selected(label, values, dataset.label)
    predicted = _predicted(spec, dataset, values or ()) if metrics is bias.POST_TRAINING else None
    told: dict[str, list[dict[str, Any]]] = {}
    for facet in facets if isinstance(facets, list) else [facets]:
        name = dataset.column(facet["name_or_index"])
        for chosen, value in groups.sensitive(dataset.frame[name], facet.get("value_or_threshold"), name):
            case = _case(spec, dataset, name, (chosen, mask, predicted))
            told.setdefault(name, []).append({"value_or_threshold": value, "metrics": bias.computed(case, names, metrics)})
    return {"label": dataset.label, "facets": told, "label_value_or_threshold": text}


def _case(spec: Specification, dataset: Dataset, facet: str, masks: tuple[Any, Any, Any]) -> bias.Case:
    sensitive, mask, predicted = (None if part is None else part.to_numpy(dtype=bool) for part in masks)
    variable = spec.config.get("group_variable")
    subgroups = None if variable is None else dataset.frame[dataset.column(variable)].astype(str).to_numpy()
    features = dataset.frame[[name for name in dataset.features if name != facet]]
    return bias.Case(sensitive, mask, predicted, subgroups, features)


def _predicted(spec: Specification, dataset: Dataset, values: Sequence[Any]) -> Any:
    """Which records are predicted to be positive: by a column of the dataset, else by the model."""
    label = dataset.frame[dataset.label]
    threshold = float(spec.config.get("probability_threshold", HALF))
    if dataset.predicted is not None:
        return positive(dataset.frame[dataset.predicted], label, values, threshold, ())
    with Predictor(spec, dataset) as predictor:
        predictions = predictor.labels(dataset.frame[list(dataset.features)])
        return positive(predictions, label, values, threshold, predictor.headers)
