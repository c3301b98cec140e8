"""The program that stands in for Clarify's image: metrics, groups, predictions, attributions, drift."""

# ruff: noqa: E402 - the program needs packages that may not be installed

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

pd = pytest.importorskip("pandas")
np = pytest.importorskip("numpy")
pytest.importorskip("sklearn")
pytest.importorskip("jmespath")

from framework.local.programs.clarify import attribution, bias, drift, groups, predictor, report
from framework.local.programs.clarify import dataset as datasets
from framework.local.programs.clarify.background import Background, background
from framework.local.programs.clarify.dataset import Dataset
from framework.local.programs.clarify.specification import Specification
from framework.local.programs.quality.refusal import RefusalError


def people() -> Any:
    """Applications for a loan, a rule behind the labels, another one behind the predictions."""
    rows = []
    for i in range(300):
        sex, age = "f" if i % 3 == 0 else "m", 18 + (i * 37) % 63
        income = 30 + (i * 53) % 61 + (6 if sex == "m" else 0)
        department = "xyz"[(i * 7) % 3 if i % 5 else 0]
        label, predicted = int(income + age / 4 + (i * 29) % 17 > 78), int(income + age / 5 + (i * 41) % 23 > 78)
        rows.append([age, sex, income, department, label, predicted])
    return pd.DataFrame(rows, columns=["age", "sex", "income", "department", "label", "predicted"])


PUBLISHED = {
    ("sex", "pre"): {
        "CDDL": 0.069444444444,
        "CI": 0.333333333333,
        "DPL": 0.11,
        "JS": 0.00634503894,
        "KL": 0.025029559332,
        "KS": 0.11,
        "LP": 0.155563491861,
        "TVD": 0.11,
    },
    ("sex", "post"): {
        "AD": 0.015,
        "CDDPL": 0.093743460975,
        "DAR": 0.006436162251,
        "DCA": -0.070797784763,
        "DCR": -0.067139899438,
        "DI": 0.778625954198,
        "DPPL": 0.145,
        "DRR": 0.004732327714,
        "FT": -0.01,
        "GE": 0.06707842574,
        "RD": 0.065151515152,
        "SD": 0.065359477124,
        "TE": 0.716666666667,
    },
    ("age", "pre"): {
        "CDDL": -0.08069881202,
        "CI": -0.266666666667,
        "DPL": -0.07990430622,
        "JS": 0.003367746555,
        "KL": 0.013661102138,
        "KS": 0.07990430622,
        "LP": 0.113001753548,
        "TVD": 0.07990430622,
    },
    ("age", "post"): {
        "AD": 0.004306220096,
        "CDDPL": -0.112229934159,
        "DAR": 0.012815212898,
        "DCA": 0.059666528869,
        "DCR": 0.063505999415,
        "DI": 1.206958073149,
        "DPPL": -0.111004784689,
        "DRR": -0.017559262511,
        "FT": 0.063157894737,
        "GE": 0.06707842574,
        "RD": -0.03801843318,
        "SD": -0.075435203095,
        "TE": -0.716666666667,
    },
}
"""What smclarify 0.5, the library that AWS publishes for these metrics, computes of the same table."""


@pytest.mark.parametrize(("facet", "stage"), PUBLISHED)
def test_bias_metrics_are_those_of_the_published_library(facet: str, stage: str) -> None:
    table = people()
    sensitive, name = groups.selected(table[facet], {"sex": ["f"], "age": [40]}[facet], facet)
    assert name == {"sex": "f", "age": "(40, 80]"}[facet]
    masks = [sensitive, *(groups.selected(table[column], [1], column)[0] for column in ("label", "predicted"))]
    features = table[["age", "income"] if facet == "sex" else ["income"]]
    case = bias.Case(*(mask.to_numpy(dtype=bool) for mask in masks), table["department"].to_numpy(dtype=str), features)
    metrics = {"pre": bias.PRE_TRAINING, "post": bias.POST_TRAINING}[stage]
    told = bias.computed(case, bias.chosen("all", metrics), metrics)
    assert {metric["name"]: metric["value"] for metric in told} == pytest.approx(PUBLISHED[facet, stage], abs=1e-11)
    assert [metric["name"] for metric in told] == sorted(metrics)


def outcomes(a: tuple[int, int], d: tuple[int, int]) -> Any:
    """Labels by facet: so many positives of so many."""
    return np.array([True] * a[0] + [False] * (a[1] - a[0]) + [True] * d[0] + [False] * (d[1] - d[0]))


def test_conditional_acceptance_and_rejection_of_the_documented_examples() -> None:
    """The figures of the pages "Difference in Conditional Acceptance" and "Difference in Conditional Rejection"."""
    sensitive = np.array([False] * 100 + [True] * 50)
    case = bias.Case(sensitive, outcomes((70, 100), (20, 50)), outcomes((60, 100), (30, 50)))
    assert bias.POST_TRAINING["DCA"][1](case) == pytest.approx(70 / 60 - 20 / 30)
    case = bias.Case(sensitive, outcomes((50, 100), (10, 50)), outcomes((40, 100), (20, 50)))
    assert bias.POST_TRAINING["DCR"][1](case) == pytest.approx(40 / 30 - 50 / 60)


def test_metrics_that_have_no_value_say_why() -> None:
    sensitive = np.array([False, False, True, True])
    case = bias.Case(sensitive, np.array([True, True, False, False]), np.array([True, False, False, False]))
    told = {metric["name"]: metric for metric in bias.computed(case, ["CDDL", "KL", "DPL"], bias.PRE_TRAINING)}
    assert told["CDDL"]["value"] is None
    assert told["CDDL"]["error"] == "no group_variable is given"
    assert told["KL"]["error"] == "the facets have no outcome in common"
    assert told["DPL"]["value"] == 1.0
    [dca] = bias.computed(bias.Case(sensitive, case.positive, ~case.positive), ["DCA"], bias.POST_TRAINING)
    assert dca["value"] == "Infinity"
    text = bias.Case(sensitive, case.positive, case.predicted, None, pd.DataFrame({"t": list("abcd")}))
    [flips] = bias.computed(text, ["FT"], bias.POST_TRAINING)
    assert flips["error"].startswith("the flip test needs features that are all numbers")
    with pytest.raises(RefusalError, match="the metric XY is none of CDDL, CI"):
        bias.chosen(["CI", "XY"], bias.PRE_TRAINING)


@pytest.mark.parametrize(
    ("column", "values", "mask", "name"),
    [
        (["a", "b", "a"], ["a"], [1, 0, 1], "a"),
        (["a", "b", "c"], ["a", "c"], [1, 0, 1], "a,c"),
        ([0, 1, 1], [1], [0, 1, 1], "1"),
        ([0.0, 1.0, None], [1], [0, 1, 0], "1"),
        ([0, 1, 1], ["1"], [0, 1, 1], "1"),
        ([True, False, True], [True], [1, 0, 1], "true"),
        ([0, 1, 1], [0.5], [0, 1, 1], "(0.5, 1]"),
        ([1.5, 2.5, 3.5], [2.5], [0, 0, 1], "(2.5, 3.5]"),
        (list(range(30)), [27], [0] * 28 + [1, 1], "(27, 29]"),
        ([1, 2, 3] * 100, [3], [0, 0, 1] * 100, "3"),
    ],
)
def test_groups_are_of_values_or_above_a_threshold(column: list[Any], values: list[Any], mask: list[int], name: str) -> None:
    found, text = groups.selected(pd.Series(column), values, "c")
    assert (found.astype(int).tolist(), text) == (mask, name)


def test_groups_that_cannot_be_made() -> None:
    with pytest.raises(RefusalError, match="no records have sex x; there is nothing to compare"):
        groups.selected(pd.Series(["f", "m"]), ["x"], "sex")
    with pytest.raises(RefusalError, match="all records have"):
        groups.selected(pd.Series(["f", "f"]), ["f"], "sex")
    with pytest.raises(RefusalError, match=r"age is a quantity, and \['old'\] is not one threshold"):
        groups.selected(pd.Series([1.5, 2.5, 3.5]), ["old"], "age")
    with pytest.raises(RefusalError, match="age is a quantity; its value_or_threshold must be given"):
        list(groups.sensitive(pd.Series([1.5, 2.5, 3.5]), None, "age"))
    assert [name for _, name in groups.sensitive(pd.Series(["b", "a", "b", None]), None, "c")] == ["a", "b"]


def specification(folder: Path, config: dict[str, Any], content: str, **changes: Any) -> Specification:
    (folder / "data").mkdir(exist_ok=True)
    (folder / "data" / "file").write_text(content)
    given = {"section": "pre_training_bias", "baseline": None, "port": 0, "timeout": 5.0, "files": {}, **changes}
    return Specification(config=config, dataset=folder / "data", output=folder / "out", **given)


def loaded(folder: Path, config: dict[str, Any], content: str, **changes: Any) -> tuple[dict[str, list[Any]], Dataset]:
    found = datasets.load(specification(folder, config, content, **changes))
    return {name: list(found.frame[name]) for name in found.frame}, found


@pytest.mark.parametrize(
    ("config", "content", "names", "features"),
    [
        ({"headers": ["a", "y"], "label": "y"}, "1,0\n2,1\n", ["a", "y"], ("a",)),
        ({"headers": ["a", "y"], "label": 1}, "a,y\n1,0\n2,1\n", ["a", "y"], ("a",)),
        ({"label": "y"}, "a,y\n1,0\n2,1\n", ["a", "y"], ("a",)),
        ({"label": 1}, "1,0\n2,1\n", ["column_0", "column_1"], ("column_0",)),
        ({"label": 1}, "a,y\n1,0\n2,1\n", ["a", "y"], ("a",)),
        ({"label": "y", "excluded_columns": [0]}, "i,a,y\n7,1,0\n8,2,1\n", ["i", "a", "y"], ("a",)),
        ({"label": "y", "joinsource_name_or_index": "i"}, "i,a,y\n7,1,0\n8,2,1\n", ["i", "a", "y"], ("a",)),
        ({"label": "y", "predicted_label": "p"}, "p,a,y\n1,1,0\n0,2,1\n", ["p", "a", "y"], ("a",)),
        ({"label": "y"}, "a,y\n1,0\n5,\n2,1\n", ["a", "y"], ("a",)),
    ],
)
def test_datasets_in_csv(tmp_path: Path, config: dict[str, Any], content: str, names: list[str], features: tuple[str]) -> None:
    table, found = loaded(tmp_path, {"dataset_type": "text/csv", **config}, content)
    assert (list(table), found.features) == (names, features)
    assert table[features[0]] == [1, 2]
    assert [float(value) for value in table[str(found.label)]] == [0.0, 1.0]


def test_datasets_in_json(tmp_path: Path) -> None:
    lines = '{"data": {"values": [1, "x"], "y": 0}}\n{"data": {"values": [2, "z"], "y": 1}}\n'
    config = {
        "dataset_type": "application/jsonlines",
        "features": "data.values",
        "label": "data.y",
        "headers": ["a", "b", "target"],
    }
    table, found = loaded(tmp_path, config, lines)
    assert table == {"a": [1, 2], "b": ["x", "z"], "target": [0, 1]}
    assert (found.label, found.features) == ("target", ("a", "b"))
    table, found = loaded(tmp_path, {"dataset_type": "application/jsonlines", "label": "y"}, '{"a": 1, "y": 0}\n{"a": 2, "y": 1}\n')
    assert (table, found.features) == ({"a": [1, 2], "y": [0, 1]}, ("a",))
    document = json.dumps({"rows": [[1], [2]], "labels": [0, 1]})
    table, _ = loaded(tmp_path, {"dataset_type": "application/json", "features": "rows", "label": "labels"}, document)
    assert table == {"column_0": [1, 2], "label": [0, 1]}


def test_columns_that_lie_beside_the_dataset(tmp_path: Path) -> None:
    (tmp_path / "facets.csv").write_text("i,sex\n8,m\n7,f\n")
    facets = [{"name_or_index": "sex"}]
    config: dict[str, Any] = {"label": "y", "facet": facets, "facet_dataset_uri": "s3://b/f", "joinsource_name_or_index": "i"}
    table, found = loaded(tmp_path, config, "i,a,y\n7,1,0\n8,2,1\n", files={"s3://b/f": tmp_path / "facets.csv"})
    assert (table["sex"], found.features) == (["f", "m"], ("a",))
    del config["joinsource_name_or_index"]
    (tmp_path / "facets.csv").write_text("sex\nm\n")
    with pytest.raises(RefusalError, match="a dataset of 1 records lies beside one of 2, and there is no joinsource"):
        loaded(tmp_path, config, "i,a,y\n7,1,0\n8,2,1\n", files={"s3://b/f": tmp_path / "facets.csv"})


@pytest.mark.parametrize(
    ("config", "content", "reason"),
    [
        ({"label": "z"}, "a,y\n1,0\n", "'z' is none of the dataset's columns a, y"),
        ({"label": "y", "headers": ["y"]}, "1,0\n", "file has 2 columns, and there are 1 headers"),
        ({"dataset_type": "application/x-image"}, "x", "the dataset_type application/x-image is not known to a local run"),
        ({"label": "y"}, "a,y\n1,\n2,\n", "the dataset has no records with a label"),
        ({"label": "y"}, "a,y\n", "the dataset has no records"),
        ({"label": "y"}, "", "file cannot be read as CSV"),
        ({"dataset_type": "application/jsonlines"}, "{", "file is not JSON"),
        ({"dataset_type": "application/jsonlines", "features": "a.b"}, '{"a": 1}\n', "the expression 'a.b' finds nothing"),
        ({"dataset_type": "application/jsonlines", "features": "a["}, '{"a": 1}\n', r"the expression 'a\[' cannot be read"),
    ],
)
def test_datasets_that_cannot_be_read(tmp_path: Path, config: dict[str, Any], content: str, reason: str) -> None:
    with pytest.raises(RefusalError, match=f"^{reason}"):
        loaded(tmp_path, config, content)


class Model(predictor.Predictor):
    """A predictor whose answers come from a function of the request's body."""

    def __init__(self, config: dict[str, Any], answer: Any, kind: str = "text/csv") -> None:
        spec = Specification({"predictor": config}, "shap", Path(), Path(), None, 0, 1.0, {})
        super().__init__(spec, Dataset(None, kind, None, None, ()))
        self.bodies: list[str] = []
        self.answer = answer

    def _send(self, body: str) -> str:
        self.bodies.append(body)
        return str(self.answer(body) if callable(self.answer) else self.answer)


RECORDS = pd.DataFrame({"a": [1, 2], "b": ["x", "y"]})


@pytest.mark.parametrize(
    ("config", "answer", "labels"),
    [
        ({}, "0.2\n0.9\n", [0.2, 0.9]),
        ({"label": 0}, "yes,0.9\nno,0.8\n", ["yes", "no"]),
        ({"probability": 1}, "yes,0.9\nno,0.8\n", [0.9, 0.8]),
        ({"label": 0, "probability": 1}, 'yes,"[0.1, 0.9]"\nno,"[0.8, 0.2]"\n', ["yes", "no"]),
        ({"label_headers": ["cat", "dog"]}, "0.2,0.8\n0.7,0.3\n", ["dog", "cat"]),
        ({"probability": 0, "label_headers": ["cat", "dog"]}, '"[0.2,0.8]"\n"[0.7,0.3]"\n', ["dog", "cat"]),
        ({"label": 0, "probability": 1}, '"[""n"",""y""]","[0.1, 0.9]"\n"[""n"",""y""]","[0.6, 0.4]"\n', ["y", "n"]),
        ({"accept_type": "application/jsonlines", "label": "p"}, '{"p": 1}\n{"p": 0}\n', [1, 0]),
        ({"accept_type": "application/json", "label": "predictions[].p"}, '{"predictions": [{"p": 1}, {"p": 0}]}', [1, 0]),
        ({"accept_type": "application/json"}, '{"predictions": [[1], [0]]}', [1, 0]),
    ],
)
def test_predicted_labels_in_answers(config: dict[str, Any], answer: str, labels: list[Any]) -> None:
    assert Model(config, answer).labels(RECORDS).tolist() == labels


@pytest.mark.parametrize(
    ("config", "kind", "bodies"),
    [
        ({}, "text/csv", ["1,x\n2,y\n"]),
        ({}, "application/jsonlines", ['{"features":[1, "x"]}\n{"features":[2, "y"]}\n']),
        ({"content_template": '{"in":$features}'}, "application/jsonlines", ['{"in":[1, "x"]}\n{"in":[2, "y"]}\n']),
        (
            {"content_template": '{"all":$records}', "record_template": "$features_kvp"},
            "application/json",
            ['{"all":[{"a": 1, "b": "x"},{"a": 2, "b": "y"}]}'],
        ),
        ({"content_template": '{"one":$record}'}, "application/json", ['{"one":[1, "x"]}', '{"one":[2, "y"]}']),
    ],
)
def test_what_the_model_gets(config: dict[str, Any], kind: str, bodies: list[str]) -> None:
    model = Model({**config, "accept_type": "text/csv"}, lambda body: "1\n" * (1 if "one" in body else 2), kind)
    assert model.scores(RECORDS).tolist() == [[1.0], [1.0]]
    assert model.bodies == bodies


@pytest.mark.parametrize(
    ("config", "answer", "reason"),
    [
        ({}, "1\n", "the model gave 1 predictions for 2 records"),
        ({}, "a\nb\n", "the model's scores are not numbers"),
        ({"label": 3}, "1\n2\n", "3 is no position in the model's answer"),
        ({"accept_type": "application/json"}, "{", "the model's answer is not application/json"),
        ({"accept_type": "application/json"}, '{"a": 1, "b": 2}', "where the predictions stand in the model's answer must be said"),
    ],
)
def test_answers_that_cannot_be_used(config: dict[str, Any], answer: str, reason: str) -> None:
    with pytest.raises(RefusalError, match=reason):
        Model(config, answer).scores(RECORDS)


@pytest.mark.parametrize(
    ("predictions", "label", "values", "threshold", "headers", "expected"),
    [
        ([1, 0], [1, 0, 1], [1], 0.5, (), [1, 0]),
        (["yes", "no"], ["no", "yes"], ["yes"], 0.5, (), [1, 0]),
        ([0.6, 0.4], [1, 0, 1], [1], 0.5, (), [1, 0]),
        ([0.6, 0.4], [1, 0, 1], [1], 0.7, (), [0, 0]),
        ([0.6, 0.4], ["yes", "no"], ["yes"], 0.5, ("yes",), [1, 0]),
        ([0.6, 0.4], ["yes", "no"], ["no"], 0.5, ("yes",), [0, 1]),
        ([150.0, 50.0], [20.5, 130.5, 80.5], [100], 0.5, (), [1, 0]),
    ],
)
def test_positive_predictions(
    predictions: list[Any], label: list[Any], values: list[Any], threshold: float, headers: tuple[str], expected: list[int]
) -> None:
    found = predictor.positive(pd.Series(predictions), pd.Series(label), values, threshold, headers)
    assert found.astype(int).tolist() == expected


def test_a_section_of_bias_metrics(tmp_path: Path) -> None:
    config = {
        "label": "label",
        "label_values_or_threshold": [1],
        "predicted_label": "predicted",
        "facet": [{"name_or_index": "sex"}, {"name_or_index": "age", "value_or_threshold": [40]}],
        "group_variable": "department",
    }
    spec = specification(tmp_path, config, people().to_csv(index=False))
    dataset = datasets.load(spec)
    told = report.section(spec, dataset, ["DPPL"], bias.POST_TRAINING)
    assert (told["label"], told["label_value_or_threshold"]) == ("label", "1")
    assert [group["value_or_threshold"] for group in told["facets"]["sex"]] == ["f", "m"]
    assert told["facets"]["age"][0]["metrics"][0]["value"] == pytest.approx(PUBLISHED["age", "post"]["DPPL"], abs=1e-11)
    for missing in ("label", "facet"):
        less = {name: value for name, value in config.items() if name != missing}
        spec = specification(tmp_path, less, people().to_csv(index=False))
        with pytest.raises(RefusalError, match=f"names no {missing}"):
            report.section(spec, datasets.load(spec), ["DPPL"], bias.POST_TRAINING)


def table(**columns: list[Any]) -> Dataset:
    return Dataset(pd.DataFrame(columns), "text/csv", None, None, tuple(columns))


def test_features_are_coded_as_numbers_and_back() -> None:
    dataset = table(n=[1, 2, 3], c=["x", None, "y"], f=[0.5, 1.5, 2.5])
    rows = background(dataset, {"baseline": [[2, "z", 1.0]]}, None, {})
    coder = Background(dataset, rows)
    assert coder.rows.tolist() == [[2.0, 2.0, 1.0]]
    back = coder.decode(coder.encode(dataset.frame))
    assert back.to_csv(index=False, header=False) == "1,x,0.5\n2,,1.5\n3,y,2.5\n"


def test_where_the_rows_to_compare_with_come_from(tmp_path: Path) -> None:
    dataset = table(a=[1.0, 2.0, 9.0, 10.0], c=["x", "x", "y", "y"])
    assert background(dataset, {}, None, {}).to_numpy().tolist() == [[5.5, "x"]]
    clusters = background(dataset, {"num_clusters": 2}, None, {}).to_numpy().tolist()
    assert sorted(clusters) == [[1.5, "x"], [9.5, "y"]]
    (tmp_path / "rows.csv").write_text("3,x\n4,y\n")
    assert len(background(dataset, {"baseline": "s3://b/r"}, None, {"s3://b/r": tmp_path / "rows.csv"})) == 2
    nested = background(dataset, {"baseline": [{"f": [1, "y"]}]}, "f", {})
    assert nested.to_numpy().tolist() == [[1, "y"]]
    with pytest.raises(RefusalError, match=r"the rows of shap\.baseline have 1 values for the 2 features a, c"):
        background(dataset, {"baseline": [[1]]}, None, {})


def linear(body: str) -> str:
    rows = [line.split(",") for line in body.splitlines()]
    return "".join(f"{3 * float(a) - float(b) + (10 if c == 'y' else 0)}\n" for a, b, c in rows)


LINEAR = table(a=[1, 2, 3, 6], b=[5.0, 1.0, 0.0, 2.0], c=["x", "y", "x", "y"])


@pytest.mark.parametrize(("method", "a"), [("mean_abs", 6.0), ("median", 4.5), ("mean_sq", 67.5)])
def test_shap_values_of_a_linear_model_are_exact(method: str, a: float) -> None:
    """Of a sum, a feature's value is its term less that of the row to compare with."""
    pytest.importorskip("shap")
    config = {"baseline": [[1, 0.0, "x"]], "agg_method": method, "num_samples": 50, "seed": 1}
    coder = Background(LINEAR, background(LINEAR, config, None, {}))
    found = attribution.explain(LINEAR, Model({}, linear), config, coder)
    label = found.document["kernel_shap"]["label0"]
    assert label["global_shap_values"]["a"] == pytest.approx(a)
    assert label["expected_value"] == 3.0
    assert found.local["c_label0"].tolist() == pytest.approx([0, 10, 0, 10])
    assert found.local.sum(axis=1).tolist() == pytest.approx([-5, 12, 6, 23])
    assert not found.stand_in


def test_explained_labels_and_features() -> None:
    pytest.importorskip("shap")
    config = {"baseline": [[1, 0.0, "x"]], "features_to_explain": ["a", 2]}
    coder = Background(LINEAR, background(LINEAR, config, None, {}))
    model = Model({"label_headers": ["no", "yes"]}, lambda body: "".join(f"{-float(y)},{y}\n" for y in linear(body).split()))
    found = attribution.explain(LINEAR, model, config, coder)
    kernel = found.document["kernel_shap"]
    assert list(kernel) == ["no", "yes"]
    assert kernel["no"]["global_shap_values"] == pytest.approx(kernel["yes"]["global_shap_values"])
    assert list(kernel["yes"]["global_shap_values"]) == ["a", "c"]
    assert list(found.local) == ["a_no", "c_no", "a_yes", "c_yes"]


def test_without_shap_permutation_importance_stands_in_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "shap", None)
    coder = Background(LINEAR, background(LINEAR, {}, None, {}))
    found = attribution.explain(LINEAR, Model({}, linear), {"seed": 3}, coder)
    values = found.document["kernel_shap"]["label0"]["global_shap_values"]
    assert values["a"] > values["b"] > 0
    assert found.local is None
    assert found.stand_in.startswith("permutation importance by scikit-learn stands in for SHAP values")


@pytest.mark.parametrize(
    ("config", "reason"),
    [
        ({"agg_method": "mean"}, "the agg_method mean is none of mean_abs, median, mean_sq"),
        ({"image_config": {"a": 1}}, r"shap\.image_config is not known to a local run"),
    ],
)
def test_explanations_that_cannot_be_made(config: dict[str, Any], reason: str) -> None:
    with pytest.raises(RefusalError, match=reason):
        attribution.explain(LINEAR, Model({}, linear), config, Background(LINEAR, LINEAR.frame))


def analysis(**values: float | None) -> dict[str, Any]:
    metrics = [{"name": name, "value": value} for name, value in values.items()]
    group = {"value_or_threshold": "(40, 80]", "metrics": metrics}
    return {"post_training_bias_metrics": {"facets": {"age": [group]}}}


@pytest.mark.parametrize(
    ("before", "now", "drifted"),
    [
        ({"DPPL": 0.2}, {"DPPL": 0.1}, []),
        ({"DPPL": 0.2}, {"DPPL": -0.2}, []),
        ({"DPPL": 0.2}, {"DPPL": -0.3}, ["DPPL"]),
        ({"DI": 0.8}, {"DI": 0.9}, []),
        ({"DI": 0.8}, {"DI": 0.7}, ["DI"]),
        ({"DI": 1.1}, {"DI": 1.3}, ["DI"]),
        ({"FT": None}, {"FT": 0.5}, []),
        ({"FT": 0.5}, {"FT": None}, ["FT"]),
        ({"FT": 0.5, "AD": 0.0}, {"AD": 0.1}, ["FT", "AD"]),
        ({}, {"AD": 0.1}, []),
    ],
)
def test_bias_has_drifted_when_it_is_farther_from_equality(
    before: dict[str, float | None], now: dict[str, float | None], drifted: list[str]
) -> None:
    current = json.loads(json.dumps(analysis(**now)).replace("80]", "79.5]"))
    found = drift.violations(current, analysis(**before))
    assert [violation["metric_name"] for violation in found] == drifted
    assert all(violation["constraint_check_type"] == "bias_drift_check" for violation in found)
    assert all((violation["facet"], violation["facet_value"]) == ("age", "40") for violation in found)


def explained(**values: float) -> dict[str, Any]:
    return {"explanations": {"kernel_shap": {"label0": {"global_shap_values": values, "expected_value": 0.0}}}}


def test_attribution_has_drifted_when_the_order_of_features_has() -> None:
    from sklearn.metrics import ndcg_score

    before, other = {"a": 3.0, "b": 1.0, "c": 0.5}, {"a": 0.1, "b": 2.0, "c": 1.0}
    assert drift.ndcg(before, other) == pytest.approx(ndcg_score([list(before.values())], [list(other.values())]))
    assert drift.violations(explained(a=2.0, b=1.5, c=0.1), explained(**before)) == []
    [violation] = drift.violations(explained(**other), explained(**before))
    assert violation["label"] == "label0"
    assert violation["constraint_check_type"] == "feature_attribution_drift_check"
    assert violation["metric_name"] == "shap"
    assert drift.ndcg({"a": 1.0}, {"a": 0.2}) == 1.0
    assert drift.ndcg({"a": 0.0}, {}) == 1.0
