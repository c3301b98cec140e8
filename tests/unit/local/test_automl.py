"""What the AutoML stand-in makes of data: the program's parts, in this process."""

from __future__ import annotations

import csv
import gzip
import io
import json
import time
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

PROGRAMS = Path(__file__).resolve().parents[3] / "framework" / "local" / "programs"
SPEC = {
    "target": "y",
    "problem": None,
    "metric": None,
    "features": [],
    "categorical": [],
    "left_out": [],
    "gzip": [],
    "validation_fraction": None,
}
Make = Callable[..., Any]


@pytest.fixture
def programs(monkeypatch: pytest.MonkeyPatch) -> tuple[ModuleType, ModuleType, ModuleType]:
    """automl, automl_data and automl_inference, imported as the job imports them."""
    for library in ("pandas", "sklearn"):
        pytest.importorskip(library)
    monkeypatch.syspath_prepend(str(PROGRAMS))
    import automl  # type: ignore[import-not-found]
    import automl_data  # type: ignore[import-not-found]
    import automl_inference  # type: ignore[import-not-found]

    return automl, automl_data, automl_inference


@pytest.fixture
def make_task(programs: tuple[ModuleType, ModuleType, ModuleType], tmp_path: Path) -> Make:
    """Makes a task of CSV texts: the training channel's, and the validation channel's where there is one."""
    _, data, _ = programs

    def make(training: str, validation: str = "", **spec: Any) -> Any:
        for channel, content in (("training", training), ("validation", validation)):
            (tmp_path / channel).mkdir(exist_ok=True)
            if content:
                (tmp_path / channel / "rows.csv").write_text(content)
        return data.make_task(tmp_path, {**SPEC, **spec})

    return make


def rows(*lines: str, times: int = 1) -> str:
    return "\n".join([lines[0], *(lines[1:] * times)]) + "\n"


def test_the_problem_that_a_target_poses(make_task: Make) -> None:
    binary = make_task(rows("x,y", "1,no", "2,yes", times=3))
    assert (binary.problem, binary.metric, binary.labels, binary.y.tolist()) == (
        "BinaryClassification",
        "F1",
        ["no", "yes"],
        [0, 1] * 3,
    )
    few = make_task(rows("x,y", "1,0", "2,1", "3,2", times=3))
    assert (few.problem, few.metric, few.labels) == ("MulticlassClassification", "Accuracy", ["0", "1", "2"])
    words = make_task(rows("x,y", "1,a", "2,b", "3,c", times=3))
    assert words.problem == "MulticlassClassification"
    many = make_task("x,y\n" + "".join(f"1,{number}\n" for number in range(21)))
    assert (many.problem, many.metric, many.labels, many.minimize) == ("Regression", "MSE", [], True)
    parts = make_task(rows("x,y", "1,0.5", "2,1", "3,2", times=3))
    assert parts.problem == "Regression"
    told = make_task(rows("x,y", "1,0", "2,1", times=3), problem="Regression", metric="R2")
    assert (told.problem, told.metric, told.minimize) == ("Regression", "R2", False)


def test_columns_and_rows_that_count(make_task: Make) -> None:
    content = rows("id,n,s,w,y", "a1,1,x,9,0", "a2,,7,9,1", "a3,3,,9,", times=3)
    task = make_task(content, left_out=["w"])
    assert task.columns == [
        {"name": "id", "numeric": False},
        {"name": "n", "numeric": True},
        {"name": "s", "numeric": False},
    ]
    assert len(task.x) == task.fit == 6, "a row without target teaches nothing"
    assert task.x["n"].isna().sum() == 3
    chosen = make_task(content, features=["n"], categorical=["n"])
    assert chosen.columns == [{"name": "n", "numeric": False}]
    assert chosen.x["n"].tolist()[0] == "1"


def test_where_is_measured(make_task: Make) -> None:
    content = rows("x,y", "1,no", "2,yes", times=4)
    folds = make_task(content).splits
    assert (len(folds), sum(len(measured) for _, measured in folds)) == (3, 8)
    ((learned, measured),) = make_task(content, validation_fraction=0.25).splits
    assert (len(learned), len(measured)) == (6, 2)
    task = make_task(content, rows("x,y", "3,no", "4,yes", "5,"))
    ((learned, measured),) = task.splits
    assert (learned.tolist(), measured.tolist(), task.fit) == (list(range(8)), [8, 9], 8)


@pytest.mark.parametrize(
    ("content", "spec", "reason"),
    [
        ("", {}, "the channel training has no files"),
        ("x,z\n1,2\n", {}, "there is no column y, the TargetAttributeName; there are x, z"),
        ("y\n1\n2\n", {}, "there is no column beside the target"),
        ("x,y\n1,a\n", {"problem": "Regression", "metric": "MSE"}, "the target of a regression is 'a' in a row, not a number"),
        ("x,y\n1,a\n1,b\n1,c\n", {"problem": "BinaryClassification", "metric": "F1"}, "3 different values, which is not Binary"),
        ("x,y\n1,a\n1,a\n", {"problem": "BinaryClassification", "metric": "F1"}, "1 different values, which is not Binary"),
        ("x,y\n1,a\n1,b\n1,b\n", {}, "there is one row only, or one of a class; a search needs two"),
        ("x,y\n1,a\n1,b\n", {"features": ["q"]}, "there is no column q, which the feature specification names"),
        ("x,y\n1,a\n1,b\n", {"problem": "Regression", "metric": "F1"}, "F1 is none of Regression: MSE, RMSE, MAE, R2"),
        ('x,y\n"1,a\n', {}, "the data of the channel training cannot be read as CSV"),
    ],
)
def test_what_cannot_be_learned(
    make_task: Make, programs: tuple[ModuleType, ModuleType, ModuleType], content: str, spec: dict[str, Any], reason: str
) -> None:
    with pytest.raises(programs[1].RefusalError) as error:
        make_task(content, **spec)
    assert reason in str(error.value)


def test_compressed_data(make_task: Make, tmp_path: Path) -> None:
    (tmp_path / "training").mkdir()
    (tmp_path / "training" / "part-0").write_bytes(gzip.compress(rows("x,y", "1,no", "2,yes", times=4).encode()))
    (tmp_path / "training" / "_SUCCESS").write_text("")
    assert make_task("", gzip=["training"]).fit == 8


def test_the_search_ends_in_time(
    make_task: Make, programs: tuple[ModuleType, ModuleType, ModuleType], monkeypatch: pytest.MonkeyPatch
) -> None:
    search = programs[0]
    task = make_task(rows("x,y", "1,no", "2,yes", times=4))

    def measure(_: Any, name: str, model: Any) -> dict[str, Any]:
        if name != "Linear":
            time.sleep(30)
        return {"name": name, "metrics": {"F1": {"value": 1.0}}, "model": model}

    monkeypatch.setattr(search, "measure", measure)
    begin = time.monotonic()
    ranked, status = search.search(task, None, 0.3)
    assert time.monotonic() - begin < 10
    assert ([candidate["name"] for candidate in ranked], status) == (["Linear"], "MaxAutoMLJobRuntimeReached")
    monkeypatch.setattr(search, "measure", lambda *_: time.sleep(30))
    with pytest.raises(programs[1].RefusalError, match="no candidate was measured within MaxAutoMLJobRuntimeInSeconds"):
        search.search(task, None, 0.3)


class Guesser:
    """Stands for a fitted pipeline of three classes."""

    def predict_proba(self, given: Any) -> Any:
        import numpy as np

        return np.array([[0.2, 0.7, 0.1]] * len(given))


def test_what_the_model_answers(programs: tuple[ModuleType, ModuleType, ModuleType], monkeypatch: pytest.MonkeyPatch) -> None:
    inference = programs[2]
    columns = [{"name": "n", "numeric": True}, {"name": "s", "numeric": False}]
    model = {"columns": columns, "labels": ["a", "b", "c"], "pipeline": Guesser()}
    monkeypatch.delenv("SAGEMAKER_INFERENCE_OUTPUT", raising=False)
    assert inference.transform_fn(model, "1,x\n,y\n", "text/csv", "text/csv") == ("b\nb\n", "text/csv")
    assert inference.transform_fn(model, "n,s\n1,x\n", "text/csv", "text/csv")[0] == "b\n", "a header is no row"
    assert inference.transform_fn(model, "n,s\n", "text/csv", "text/csv")[0] == ""
    monkeypatch.setenv("SAGEMAKER_INFERENCE_OUTPUT", "probability,probabilities,labels")
    (cells,) = csv.reader(io.StringIO(inference.transform_fn(model, "1,x\n", "text/csv", "text/csv")[0]))
    assert [json.loads(cell) for cell in cells] == [0.7, [0.2, 0.7, 0.1], ["a", "b", "c"]]
    answer, kind = inference.transform_fn(model, "1,x\n", "text/csv", "application/jsonlines")
    assert json.loads(answer) == {"probability": 0.7, "probabilities": [0.2, 0.7, 0.1], "labels": ["a", "b", "c"]}
    assert kind == "application/jsonlines"
    with pytest.raises(ValueError, match="a row has 3 values; the model wants 2: n, s"):
        inference.transform_fn(model, "1,x,2\n", "text/csv", "text/csv")
    with pytest.raises(ValueError, match="the model reads text/csv, not application/json"):
        inference.transform_fn(model, "[]", "application/json", "text/csv")
    with pytest.raises(ValueError, match="not image/png"):
        inference.transform_fn(model, "1,x\n", "text/csv", "image/png")
    monkeypatch.setenv("SAGEMAKER_INFERENCE_OUTPUT", "score")
    with pytest.raises(ValueError, match="names score; this model knows predicted_label, probability, probabilities, labels"):
        inference.transform_fn(model, "1,x\n", "text/csv", "text/csv")
