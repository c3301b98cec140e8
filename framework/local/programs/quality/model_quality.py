"""How good a model's predictions are: metrics by problem type, the thresholds that they suggest, and where thresholds are broken.

In: a table of texts with labels and predictions. Out: the documents of the developer guide's pages "Model Quality Metrics" and
"Create a Model Quality Baseline". The constant classifier beside which a binary one is put always says 1, as in the documented
figures; beside which a multiclass one is put, the most frequent label.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd  # type: ignore[import-untyped]
from sklearn import metrics  # type: ignore[import-untyped]

from framework.local.programs.quality.refusal import RefusalError

REGRESSION, BINARY, MULTICLASS = "Regression", "BinaryClassification", "MulticlassClassification"
SECTIONS = {REGRESSION: "regression", BINARY: "binary_classification", MULTICLASS: "multiclass_classification"}
LESS, GREATER = "LessThanThreshold", "GreaterThanThreshold"
WORSE_WHEN_GREATER = frozenset({"mae", "mse", "rmse", "false_positive_rate", "false_negative_rate"})
ENOUGH, REPEATS, PART = 200, 5, 0.8
"""From so many samples on, standard deviations come from so many random parts of this size."""
BETAS = {"f0_5": 0.5, "f1": 1.0, "f2": 2.0}
TRUE, FALSE = frozenset({"true", "1", "1.0"}), frozenset({"false", "0", "0.0"})

Values = dict[str, float]


def statistics(environment: Mapping[str, str], frame: Any) -> dict[str, Any]:
    """The document statistics.json.

    Raises:
        RefusalError: the variables do not name columns that fit the problem type.
    """
    problem = environment.get("problem_type", "")
    if problem not in SECTIONS:
        raise RefusalError(f"problem_type {problem!r} is none of {', '.join(SECTIONS)}")
    sides = _sides(environment, frame, problem)
    dataset = {"item_count": len(sides)}
    return {"version": 0.0, "dataset": dataset, f"{SECTIONS[problem]}_metrics": _metrics(problem, sides)}


def _sides(environment: Mapping[str, str], frame: Any, problem: str) -> Any:
    """A table of what is compared: label, prediction, and the score where there is one."""
    columns = {"label": _column(environment, frame, "ground_truth_attribute")}
    score = _column(environment, frame, "probability_attribute", needed=False)
    named = bool(environment.get("inference_attribute"))
    if problem != BINARY or named or score is None:
        columns["prediction"] = _column(environment, frame, "inference_attribute")
    raw = pd.DataFrame(columns).dropna()
    sides = raw.apply(_numbers) if problem == REGRESSION else raw.apply(_classes if problem == MULTICLASS else _booleans)
    if problem == BINARY and score is not None:
        sides["score"] = _numbers(score.loc[sides.index])
        if "prediction" not in sides:
            sides["prediction"] = (sides["score"] > _threshold(environment)).astype(int)
    sides = sides.dropna()
    if sides.empty:
        raise RefusalError("no record has both a label and a prediction")
    return sides


def _threshold(environment: Mapping[str, str]) -> float:
    text = environment.get("probability_threshold_attribute") or "0.5"
    try:
        return float(text)
    except ValueError:
        raise RefusalError(f"probability_threshold_attribute {text!r} is not a number") from None


def _column(environment: Mapping[str, str], frame: Any, name: str, needed: bool = True) -> Any:
    """The column that a variable names, by its name, its position, or as a path such as $.a.b."""
    attribute = environment.get(name, "")
    if not attribute and not needed:
        return None
    plain = attribute.removeprefix("$.")
    if plain in frame.columns:
        return frame[plain]
    position = plain.removeprefix("_c")
    if position.isdigit() and int(position) < len(frame.columns):
        return frame.iloc[:, int(position)]
    given = f"{name} {attribute!r} names none" if attribute else f"{name} is not given; it names one"
    raise RefusalError(f"{given} of the dataset's columns {', '.join(map(str, frame.columns))}")


def _numbers(column: Any) -> Any:
    numbers = pd.to_numeric(column, errors="coerce")
    if numbers.isna().any():
        raise RefusalError(f"{column[numbers.isna()].iloc[0]!r} is not a number")
    return numbers.astype(float)


def _booleans(column: Any) -> Any:
    texts = column.astype(str).str.strip().str.lower()
    strange = texts[~texts.isin(TRUE | FALSE)]
    if not strange.empty:
        raise RefusalError(f"{strange.iloc[0]!r} is not a label of a binary classification; those are 0 and 1")
    return texts.isin(TRUE).astype(int)


def _classes(column: Any) -> Any:
    """Labels as texts; 1 and 1.0 are one label."""
    numbers = pd.to_numeric(column, errors="coerce")
    whole = numbers.notna() & (numbers % 1 == 0)
    return column.astype(str).str.strip().mask(whole, numbers.where(whole, 0).astype(int).astype(str))


def _metrics(problem: str, sides: Any) -> dict[str, Any]:
    compute = COMPUTE[problem]
    values = compute(sides)
    spread = _standard_deviations(compute, sides, values)
    document: dict[str, Any] = {} if problem == REGRESSION else {"confusion_matrix": _confusion(sides)}
    document |= {name: {"value": value, "standard_deviation": spread.get(name, "NaN")} for name, value in values.items()}
    return {**document, **(_curves(sides) if "auc" in values else {})}


def _standard_deviations(compute: Callable[[Any], Values], sides: Any, values: Values) -> Values:
    if len(sides) < ENOUGH:
        return {}
    samples = [compute(sides.sample(frac=PART, random_state=seed)) for seed in range(REPEATS)]
    spread = {name: float(np.std([sample.get(name, math.nan) for sample in samples], ddof=1)) for name in values}
    return {name: value for name, value in spread.items() if math.isfinite(value)}


def _regression(sides: Any) -> Values:
    label, prediction = sides["label"], sides["prediction"]
    mse = float(metrics.mean_squared_error(label, prediction))
    values = {"mae": float(metrics.mean_absolute_error(label, prediction)), "mse": mse, "rmse": math.sqrt(mse)}
    return {**values, "r2": float(metrics.r2_score(label, prediction))} if len(sides) > 1 else values


def _binary(sides: Any) -> Values:
    label, prediction = sides["label"], sides["prediction"]
    negatives = int((label == 0).sum())
    specificity = float(((label == 0) & (prediction == 0)).sum() / negatives) if negatives else 0.0
    values = _scores(label, prediction, "")
    rates = {
        "true_positive_rate": values["recall"],
        "true_negative_rate": specificity,
        "false_positive_rate": 1.0 - specificity if negatives else 0.0,
        "false_negative_rate": 1.0 - values["recall"] if (label == 1).any() else 0.0,
    }
    both = "score" in sides and label.nunique() == 2
    auc = {"auc": float(metrics.roc_auc_score(label, sides["score"]))} if both else {}
    return {**values, **rates, **auc, **_constant(label, 1, "")}


def _multiclass(sides: Any) -> Values:
    label, prediction = sides["label"], sides["prediction"]
    return {**_scores(label, prediction, "weighted_"), **_constant(label, label.mode().iloc[0], "weighted_")}


def _scores(label: Any, prediction: Any, prefix: str) -> Values:
    options = {"zero_division": 0.0, "average": "weighted" if prefix else "binary"}
    values = {
        "accuracy": float(metrics.accuracy_score(label, prediction)),
        f"{prefix}recall": float(metrics.recall_score(label, prediction, **options)),
        f"{prefix}precision": float(metrics.precision_score(label, prediction, **options)),
    }
    fs = {prefix + name: float(metrics.fbeta_score(label, prediction, beta=beta, **options)) for name, beta in BETAS.items()}
    return values | fs


def _constant(label: Any, constant: Any, prefix: str) -> Values:
    values = _scores(label, pd.Series(constant, index=label.index), prefix)
    return {f"{name}_best_constant_classifier": value for name, value in values.items()}


def _confusion(sides: Any) -> dict[str, dict[str, int]]:
    """By label, then by prediction."""
    labels = sorted({*sides["label"], *sides["prediction"]})
    matrix = metrics.confusion_matrix(sides["label"], sides["prediction"], labels=labels)
    names = [str(label) for label in labels]
    return {name: dict(zip(names, map(int, row), strict=True)) for name, row in zip(names, matrix, strict=True)}


def _curves(sides: Any) -> dict[str, dict[str, list[float]]]:
    false, true, _ = metrics.roc_curve(sides["label"], sides["score"])
    precisions, recalls, _ = metrics.precision_recall_curve(sides["label"], sides["score"])
    roc = {"false_positive_rates": false.tolist(), "true_positive_rates": true.tolist()}
    return {
        "receiver_operating_characteristic_curve": roc,
        "precision_recall_curve": {"precisions": precisions[::-1].tolist(), "recalls": recalls[::-1].tolist()},
    }


COMPUTE: Mapping[str, Callable[[Any], Values]] = {REGRESSION: _regression, BINARY: _binary, MULTICLASS: _multiclass}


def _section(document: Mapping[str, Any]) -> str:
    return next(section for section in SECTIONS.values() if f"{section}_metrics" in document)


def constraints(document: Mapping[str, Any]) -> dict[str, Any]:
    """The document constraints.json: each metric as good as it is now; those of the constant classifier constrain nothing."""
    section = _section(document)
    limits = {
        name: {"threshold": about["value"], "comparison_operator": GREATER if name in WORSE_WHEN_GREATER else LESS}
        for name, about in document[f"{section}_metrics"].items()
        if isinstance(about.get("value"), float) and not name.endswith("best_constant_classifier")
    }
    return {"version": 0.0, f"{section}_constraints": limits}


def violations(document: Mapping[str, Any], limits: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Where metrics are beyond the thresholds of a baseline.

    Raises:
        RefusalError: the baseline's constraints are not those of a model, or of another problem type.
    """
    section = _section(document)
    wanted = limits.get(f"{section}_constraints")
    if wanted is None:
        raise RefusalError(f"the baseline's constraints have no {section}_constraints; they have {', '.join(limits)}")
    return list(_broken(document[f"{section}_metrics"], wanted))


def _broken(values: Mapping[str, Any], wanted: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for name, limit in wanted.items():
        operator, threshold = str(limit["comparison_operator"]), float(limit["threshold"])
        about = values.get(name)
        if about is None:
            description = f"the metric {name} of the baseline could not be computed"
        elif (about["value"] < threshold - 1e-9) if operator == LESS else (about["value"] > threshold + 1e-9):
            description = f"metric {name} with {about['value']} +/- {about['standard_deviation']} was {operator} '{threshold}'"
        else:
            continue
        yield {"constraint_check_type": operator, "description": description, "metric_name": name}
