"""A small search over scikit-learn pipelines that stands in for Autopilot. A program, run by `framework.local.step_types.automl`.

In: /opt/ml/input/config/automl.json, CSV files with a header in /opt/ml/input/data/{training,validation}. Out: the best pipeline
and its inference script in /opt/ml/model, reports and result.json in /opt/ml/output/automl; or a reason in /opt/ml/output/failure.
SMP_ML_PREFIX names another /opt/ml.
"""

from __future__ import annotations

import json
import os
import pickle
import shutil
import signal
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

ML = Path(os.environ.get("SMP_ML_PREFIX", "/opt/ml"))
SPEC, DATA, MODEL, OUTPUT = ML / "input/config/automl.json", ML / "input/data", ML / "model", ML / "output/automl"
FAILURE = ML / "output/failure"
INFERENCE = Path(__file__).with_name("automl_inference.py")
SAMPLE = 500
"""Rows that importance is measured on, at most."""


def fail(reason: str) -> NoReturn:
    """Says why the search ends without a model, and ends."""
    FAILURE.write_text(reason, encoding="utf-8")
    print(reason, file=sys.stderr)
    sys.exit(1)


try:
    from sklearn import ensemble, linear_model  # type: ignore[import-untyped]
    from sklearn.compose import ColumnTransformer  # type: ignore[import-untyped]
    from sklearn.impute import SimpleImputer  # type: ignore[import-untyped]
    from sklearn.inspection import permutation_importance  # type: ignore[import-untyped]
    from sklearn.model_selection import cross_validate  # type: ignore[import-untyped]
    from sklearn.pipeline import make_pipeline  # type: ignore[import-untyped]
    from sklearn.preprocessing import OneHotEncoder, StandardScaler  # type: ignore[import-untyped]

    if TYPE_CHECKING:
        from framework.local.programs.automl_data import BINARY, METRICS, REGRESSION, RefusalError, Task, make_task
    else:
        from automl_data import BINARY, METRICS, REGRESSION, RefusalError, Task, make_task
except ModuleNotFoundError as error:
    package = "scikit-learn" if error.name == "sklearn" else error.name
    fail(f"the AutoML stand-in needs the package {package}: pip install 'sagemaker-pipelines-framework[local]'")


class TimeUp(BaseException):
    """The search has used up its time; not an Exception, so that no library takes it for an error of a candidate."""


def time_up(*_: object) -> None:
    """The alarm rings."""
    raise TimeUp


def candidates(task: Task) -> Iterator[tuple[str, Any]]:
    """Names and pipelines, the quickest first."""
    kind = "Regressor" if task.problem == REGRESSION else "Classifier"
    yield (
        "Linear",
        pipeline(task, linear_model.Ridge() if task.problem == REGRESSION else linear_model.LogisticRegression(max_iter=1000)),
    )
    for name in ("HistGradientBoosting", "RandomForest", "ExtraTrees"):
        yield name, pipeline(task, getattr(ensemble, f"{name}{kind}")(random_state=0))


def pipeline(task: Task, model: Any) -> Any:
    """A model behind imputation, scaling and one-hot encoding; made of scikit-learn's own classes, so that it can be unpickled."""
    numeric = [column["name"] for column in task.columns if column["numeric"]]
    other = [column["name"] for column in task.columns if not column["numeric"]]
    numbers = make_pipeline(SimpleImputer(strategy="median", keep_empty_features=True), StandardScaler())
    one_hot = OneHotEncoder(handle_unknown="infrequent_if_exist", max_categories=30, sparse_output=False)
    strings = make_pipeline(SimpleImputer(strategy="constant", fill_value="(missing)"), one_hot)
    return make_pipeline(ColumnTransformer([("numeric", numbers, numeric), ("other", strings, other)]), model)


def measure(task: Task, name: str, model: Any) -> dict[str, Any]:
    """A candidate's metrics: the mean over the splits, and how far they lie apart."""
    begin = time.monotonic()
    scorers = METRICS[task.problem]
    scores = cross_validate(model, task.x, task.y, cv=task.splits, scoring=scorers, error_score="raise")
    found = {}
    for metric, scorer in scorers.items():
        values = scores[f"test_{metric}"] * (-1 if scorer.startswith("neg_") else 1)
        found[metric] = {"value": float(values.mean()), "standard_deviation": float(values.std())}
    print(f"candidate {name}: {task.metric} = {found[task.metric]['value']:.6g}", flush=True)
    return {"name": name, "metrics": found, "seconds": round(time.monotonic() - begin, 3), "model": model}


def search(task: Task, most: int | None, seconds: int | None) -> tuple[list[dict[str, Any]], str]:
    """The candidates that were measured, best first, and the AutoMLJobSecondaryStatus that says why there are not more.

    Raises:
        RefusalError: the time was too short for any.
    """
    measured: list[dict[str, Any]] = []
    signal.signal(signal.SIGALRM, time_up)
    status = "Completed"
    try:
        signal.setitimer(signal.ITIMER_REAL, seconds or 0)
        for name, model in candidates(task):
            if most is not None and len(measured) >= most:
                status = "MaxCandidatesReached"
                break
            measured.append(measure(task, name, model))
        signal.setitimer(signal.ITIMER_REAL, 0)
    except TimeUp:
        status = "MaxAutoMLJobRuntimeReached"
        print(f"MaxAutoMLJobRuntimeInSeconds = {seconds} is over", flush=True)
    if not measured:
        raise RefusalError(f"no candidate was measured within MaxAutoMLJobRuntimeInSeconds = {seconds}")
    sign = 1 if task.minimize else -1
    return sorted(measured, key=lambda candidate: sign * candidate["metrics"][task.metric]["value"]), status


def importance(task: Task, model: Any) -> dict[str, Any]:
    """How much worse the objective gets when a feature's values are shuffled, in the shape of an explainability report."""
    rows = task.splits[0][1][:SAMPLE]
    found = permutation_importance(model, task.x.iloc[rows], task.y[rows], scoring=task.scorer, n_repeats=5, random_state=0)
    names = [column["name"] for column in task.columns]
    means, spreads = (dict(zip(names, values.tolist(), strict=True)) for values in (found.importances_mean, found.importances_std))
    about = {"global_importance": means, "standard_deviation": spreads, "metric": task.metric, "rows": len(rows)}
    return {"version": "1.0", "explanations": {"permutation_importance": {"label0": about}}}


def insights(task: Task, best: Mapping[str, Any]) -> dict[str, Any]:
    """The best candidate's metrics, in the shape of a model quality report."""
    kind = {REGRESSION: "regression", BINARY: "binary_classification"}.get(task.problem, "multiclass_classification")
    metrics = {metric.lower(): found for metric, found in best["metrics"].items()}
    return {"version": 0.0, "dataset": {"item_count": len(task.y)}, f"{kind}_metrics": metrics}


def write(task: Task, ranked: list[dict[str, Any]], status: str) -> None:
    """The best model, fitted to all it may see, and the reports."""
    best = ranked[0]
    model = best["model"].fit(task.x.iloc[: task.fit], task.y[: task.fit])
    for folder in (MODEL / "code", OUTPUT):
        folder.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(INFERENCE, MODEL / "code" / "inference.py")
    (MODEL / "model.pkl").write_bytes(pickle.dumps(model))
    dump(MODEL / "model.json", {"name": best["name"], "problem": task.problem, "columns": task.columns, "labels": task.labels})
    board = [{key: value for key, value in candidate.items() if key != "model"} for candidate in ranked]
    direction = "Minimize" if task.minimize else "Maximize"
    result = {"problem": task.problem, "metric": task.metric, "direction": direction, "status": status, "candidates": board}
    dump(OUTPUT / "analysis.json", importance(task, model))
    dump(OUTPUT / "statistics.json", insights(task, best))
    dump(OUTPUT / "leaderboard.json", board)
    dump(OUTPUT / "result.json", result)


def dump(path: Path, value: Any) -> None:
    """Writes JSON."""
    path.write_text(json.dumps(value, indent=1) + "\n", encoding="utf-8")


def main() -> None:
    """Runs the search."""
    spec = json.loads(SPEC.read_text(encoding="utf-8"))
    try:
        task = make_task(DATA, spec)
        write(task, *search(task, spec["candidates"], spec["seconds"]))
    except RefusalError as error:
        fail(str(error))


if __name__ == "__main__":
    main()
