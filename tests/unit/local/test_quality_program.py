"""The program that stands in for Model Monitor's analyzer: what it reads, what it computes, what it calls a violation."""

# ruff: noqa: E402 - the program needs packages that may not be installed

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

pd = pytest.importorskip("pandas")
pytest.importorskip("sklearn")

from framework.local.programs.quality import __main__ as program
from framework.local.programs.quality import dataset, distance, model_quality, profile, violations
from framework.local.programs.quality.refusal import RefusalError, guarded
from framework.local.programs.quality.scripts import load_handler


def frame(**columns: list[str | None]) -> Any:
    return pd.DataFrame(columns, dtype=object)


def documents(table: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    statistics = profile.statistics(table)
    return statistics, profile.constraints(table, statistics)


def feature(document: dict[str, Any], name: str) -> dict[str, Any]:
    [found] = [feature for feature in document["features"] if feature["name"] == name]
    return dict(found)


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        (["1", "-2", "+3"], "Integral"),
        (["1", "2.5"], "Fractional"),
        (["1e-5", ".5", "-3."], "Fractional"),
        (["1", "x"], "String"),
        (["true", "false"], "String"),
        (["inf"], "String"),
        ([None, "7"], "Integral"),
        ([None, None], "Unknown"),
    ],
)
def test_the_type_of_a_column(values: list[str | None], kind: str) -> None:
    assert profile.inferred(frame(c=values)["c"]) == kind


def test_statistics_and_constraints_of_numbers() -> None:
    statistics, constraints = documents(frame(n=["4", "1", None, "3", "2"]))
    assert statistics["dataset"] == {"item_count": 5}
    about = feature(statistics, "n")["numerical_statistics"]
    assert about["common"] == {"num_present": 4, "num_missing": 1}
    assert {key: about[key] for key in ("mean", "sum", "std_dev", "min", "max")} == {
        "mean": 2.5,
        "sum": 10.0,
        "std_dev": pytest.approx(1.25**0.5),
        "min": 1.0,
        "max": 4.0,
    }
    kll = about["distribution"]["kll"]
    assert len(kll["buckets"]) == 10
    assert sum(bucket["count"] for bucket in kll["buckets"]) == 4
    assert kll["sketch"] == {"parameters": {"c": 0.64, "k": 2048.0}, "data": [[1.0, 2.0, 3.0, 4.0]]}
    assert feature(constraints, "n") == {
        "name": "n",
        "inferred_type": "Integral",
        "completeness": 0.8,
        "num_constraints": {"is_non_negative": True},
    }
    assert not feature(documents(frame(n=["-1"]))[1], "n")["num_constraints"]["is_non_negative"]


def test_statistics_and_constraints_of_texts() -> None:
    ids = [f"id{number}" for number in range(200)]
    statistics, constraints = documents(frame(c=["x", "y"] * 100, i=ids))
    assert feature(statistics, "c")["string_statistics"] == {
        "common": {"num_present": 200, "num_missing": 0},
        "distinct_count": 2.0,
        "distribution": {"categorical": {"buckets": [{"value": "x", "count": 100}, {"value": "y", "count": 100}]}},
    }
    assert feature(constraints, "c")["string_constraints"] == {"domains": ["x", "y"]}
    assert "distribution" not in feature(statistics, "i")["string_statistics"]
    assert "string_constraints" not in feature(constraints, "i")


@pytest.mark.parametrize("count", [1, 2048, 2049, 10_000, 12_345])
def test_a_sketch_keeps_the_weight_of_all_values(count: int) -> None:
    import numpy as np

    levels = profile.sketched(np.arange(count, dtype=float))
    assert sum(len(level) << number for number, level in enumerate(levels)) == count
    assert sum(map(len, levels)) <= 2 * 2048
    whole = {"distribution": {"kll": {"sketch": {"data": levels}}}}
    exact = {"distribution": {"kll": {"sketch": {"data": [list(range(count))]}}}}
    assert distance.numerical(whole, exact, robust=False) <= 8 / max(count, 8)


def numbers(*values: float) -> dict[str, Any]:
    sketch = {"data": [list(values)]}
    return {"common": {"num_present": len(values)}, "distribution": {"kll": {"sketch": sketch}}}


def categories(**counts: int) -> dict[str, Any]:
    buckets = [{"value": value, "count": count} for value, count in counts.items()]
    return {"distribution": {"categorical": {"buckets": buckets}}}


def test_distances() -> None:
    assert distance.numerical(numbers(1, 2, 3, 4), numbers(1, 2, 3, 4), robust=False) == 0
    assert distance.numerical(numbers(1, 2, 3, 4), numbers(3, 4, 5, 6), robust=False) == 0.5
    assert distance.numerical(numbers(1, 2), numbers(8, 9), robust=False) == 1
    assert distance.numerical(numbers(1, 2), numbers(8, 9), robust=True) == 0, "two values are not enough to tell"
    many = numbers(*range(500)), numbers(*range(500, 1000))
    assert distance.numerical(*many, robust=True) == pytest.approx(1 - 1.8 * (1000 / 250_000) ** 0.5)
    by_hand = {"distribution": {"kll": {"buckets": [{"lower_bound": 0, "upper_bound": 2, "count": 1}]}}}
    assert distance.numerical(by_hand, numbers(1, 2), robust=False) == 0.5
    assert distance.numerical({}, numbers(1), robust=False) is None
    assert distance.categorical(categories(x=1, y=1), categories(x=3, z=1), robust=False) == 0.5
    assert distance.categorical(categories(x=1), {}, robust=False) is None
    assert distance.chi_squared(categories(x=50, y=50), categories(x=100, y=100)) == pytest.approx(1)
    assert distance.chi_squared(categories(x=50, y=50), categories(x=90, y=10)) < 0.001


BASE = frame(n=[str(i) for i in range(200)], c=["x", "y"] * 100, full=["1"] * 200)


def found(table: Any, limits: dict[str, Any] | None = None, before: dict[str, Any] | None = None) -> list[tuple[str, str]]:
    statistics, suggested = documents(BASE)
    told = violations.violations(table, profile.statistics(table), limits or suggested, statistics if before is None else before)
    assert all(violation["description"] for violation in told)
    return [(violation["feature_name"], violation["constraint_check_type"]) for violation in told]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, []),
        ({"full": ["1"] * 199 + ["x"]}, [("full", "data_type_check")]),
        ({"full": ["1"] * 199 + ["1.5"]}, [("full", "data_type_check")]),
        ({"full": ["1"] * 199 + [None]}, [("full", "completeness_check")]),
        ({"n": [str(i + 100) for i in range(200)]}, [("n", "baseline_drift_check")]),
        ({"c": ["x"] * 200}, [("c", "baseline_drift_check")]),
        ({"c": ["x", "y"] * 99 + ["z", "z"]}, [("c", "categorical_values_check")]),
        ({"new": ["1"] * 200}, [("new", "extra_column_check")]),
        ({"full": None}, [("full", "missing_column_check")]),
    ],
)
def test_violations_of_a_baseline(changes: dict[str, Any], expected: list[tuple[str, str]]) -> None:
    columns = {**{name: list(BASE[name]) for name in BASE}, **changes}
    assert found(frame(**{name: values for name, values in columns.items() if values})) == expected


def test_constraints_of_something_else() -> None:
    with pytest.raises(RefusalError, match="the baseline's constraints have no features; they have version, regression"):
        found(BASE, {"version": 0, "regression_constraints": {}})


def test_whole_numbers_fit_where_fractions_are_expected() -> None:
    _, limits = documents(frame(n=["1.5", "2"]))
    whole = frame(n=["1", "2"])
    assert violations.violations(whole, profile.statistics(whole), limits, {}) == []


def test_the_monitoring_configuration_of_a_baseline() -> None:
    drifted = frame(n=[str(i + 100) for i in range(200)], c=["x"] * 199 + ["z"], full=["1"] * 199 + ["x"])
    everything = found(drifted)
    assert len(everything) == 4

    _, limits = documents(BASE)
    config = limits["monitoring_config"]
    config["datatype_check_threshold"] = config["domain_content_threshold"] = 0.99
    assert found(drifted, limits) == [("n", "baseline_drift_check"), ("c", "baseline_drift_check")]
    config["distribution_constraints"]["comparison_threshold"] = 0.6
    assert found(drifted, limits) == [("c", "baseline_drift_check")]
    limits["features"][1]["monitoringConfigOverrides"] = {"distribution_constraints": {"perform_comparison": "Disabled"}}
    assert found(drifted, limits) == []

    _, limits = documents(BASE)
    limits["features"][0]["monitoringConfigOverrides"] = {"evaluate_constraints": "Disabled"}
    assert found(drifted, limits) == [pair for pair in everything if pair[0] != "n"]
    limits["monitoring_config"]["evaluate_constraints"] = "Disabled"
    assert found(drifted, limits) == []


def test_no_distribution_is_compared_without_statistics() -> None:
    assert found(frame(n=["9999"] * 200, c=["x", "y"] * 100, full=["1"] * 200), before={}) == []


def test_the_drift_of_categories_by_chi_squared() -> None:
    statistics = profile.statistics(BASE)
    limits = profile.constraints(BASE, statistics, "ChiSquared")
    assert limits["monitoring_config"]["distribution_constraints"]["categorical_drift_method"] == "ChiSquared"
    assert found(BASE, limits) == []
    changed = frame(n=list(BASE["n"]), c=["x"] * 120 + ["y"] * 80, full=list(BASE["full"]))
    assert found(changed) == []
    assert found(changed, limits) == [("c", "baseline_drift_check")]


def read(folder: Path, content: str, kind: str, **environment: str) -> dict[str, list[str | None]]:
    (folder / "data").mkdir(exist_ok=True)
    (folder / "data" / "file").write_text(content)
    table = dataset.read({"dataset_source": str(folder / "data"), "dataset_format": kind, **environment})
    return {name: list(table[name]) for name in table}


def test_formats_of_datasets(tmp_path: Path) -> None:
    with_header, without = '{"csv": {"header": true}}', '{"csv": {"header": false, "output_columns_position": "START"}}'
    assert read(tmp_path, 'a,b\n1,"x,y"\n,\n', with_header) == {"a": ["1", None], "b": ["x,y", None]}
    assert read(tmp_path, "1,x\n2,y\n", without) == {"_c0": ["1", "2"], "_c1": ["x", "y"]}
    lines = '{"a": 1, "b": {"c": 2.5}}\n{"a": null, "b": {"c": true}, "d": "x"}\n'
    assert read(tmp_path, lines, '{"json": {"lines": true}}') == {"a": ["1", None], "b.c": ["2.5", "true"], "d": [None, "x"]}
    assert read(tmp_path, '[{"a": 1}, {"a": 2}]', '{"json": {"lines": false}}') == {"a": ["1", "2"]}
    assert read(tmp_path, "[1, 2]\n", '{"Json": {"Line": true}}') == {"_c0": ["1"], "_c1": ["2"]}


def test_a_preprocessor_script(tmp_path: Path) -> None:
    script = tmp_path / "prepare.py"
    script.write_text(
        "def preprocess_handler(line, logger):\n"
        "    logger.info('seen')\n"
        "    number, name = line.split(';')\n"
        "    return {} if name == 'drop' else {'number': float(number) * 2, 'name': name}\n"
    )
    table = read(tmp_path, "1;x\n2;drop\n3;y\n", '{"csv": {}}', record_preprocessor_script=str(script))
    assert table == {"number": ["2.0", "6.0"], "name": ["x", "y"]}
    with pytest.raises(RefusalError, match=r"the script prepare\.py has no function postprocess_handler"):
        load_handler(str(script), "postprocess_handler")


@pytest.mark.parametrize(
    ("content", "kind", "reason"),
    [
        ("", '{"csv": {}}', "cannot be read as csv"),
        ("a,b\n", '{"csv": {}}', "the dataset has no records"),
        ("{", '{"json": {}}', "file cannot be read as json"),
        ("a\n1\n", '{"sagemakerCaptureJson": {}}', "sagemakercapturejson is not known to a local run"),
        ("a\n1\n", "csv", "dataset_format is not a JSON object with one member: 'csv'"),
    ],
)
def test_datasets_that_cannot_be_read(tmp_path: Path, content: str, kind: str, reason: str) -> None:
    with pytest.raises(RefusalError, match=reason):
        read(tmp_path, content, kind)


DOCUMENTED = frame(label=["0", "0", "0", "1"], prediction=["0", "1", "1", "1"])
BINARY = {"problem_type": "BinaryClassification", "inference_attribute": "prediction", "ground_truth_attribute": "label"}


def values(document: dict[str, Any], section: str) -> dict[str, float]:
    return {name: about["value"] for name, about in document[section].items() if "value" in about}


def test_binary_metrics_are_those_of_the_documented_example() -> None:
    """The figures of the page "Model Quality Metrics"."""
    document = model_quality.statistics(BINARY, DOCUMENTED)
    assert document["binary_classification_metrics"]["confusion_matrix"] == {"0": {"0": 1, "1": 2}, "1": {"0": 0, "1": 1}}
    assert document["binary_classification_metrics"]["recall"] == {"value": 1.0, "standard_deviation": "NaN"}
    assert values(document, "binary_classification_metrics") == pytest.approx(
        {
            "recall": 1.0,
            "precision": 1 / 3,
            "accuracy": 0.5,
            "recall_best_constant_classifier": 1.0,
            "precision_best_constant_classifier": 0.25,
            "accuracy_best_constant_classifier": 0.25,
            "true_positive_rate": 1.0,
            "true_negative_rate": 1 / 3,
            "false_positive_rate": 2 / 3,
            "false_negative_rate": 0.0,
            "f0_5": 0.38461538,
            "f1": 0.5,
            "f2": 0.71428571,
            "f0_5_best_constant_classifier": 0.29411764,
            "f1_best_constant_classifier": 0.4,
            "f2_best_constant_classifier": 0.625,
        }
    )


def test_scores_become_predictions_and_curves() -> None:
    table = frame(score=["0.1", "0.4", "0.35", "0.8"], truth=["0", "0", "1", "1"])
    environment = {"problem_type": "BinaryClassification", "probability_attribute": "0", "ground_truth_attribute": "_c1"}
    metrics = model_quality.statistics(environment, table)["binary_classification_metrics"]
    assert metrics["auc"]["value"] == 0.75
    assert metrics["confusion_matrix"] == {"0": {"0": 2, "1": 0}, "1": {"0": 1, "1": 1}}
    assert metrics["receiver_operating_characteristic_curve"]["false_positive_rates"][-1] == 1.0
    lower = model_quality.statistics({**environment, "probability_threshold_attribute": "0.3"}, table)
    assert lower["binary_classification_metrics"]["confusion_matrix"] == {"0": {"0": 1, "1": 1}, "1": {"0": 0, "1": 2}}


def test_regression_and_multiclass_metrics() -> None:
    regression = {**BINARY, "problem_type": "Regression"}
    document = model_quality.statistics(regression, frame(label=["1", "2", "3"], prediction=["1", "2", "5"]))
    assert values(document, "regression_metrics") == pytest.approx({"mae": 2 / 3, "mse": 4 / 3, "rmse": (4 / 3) ** 0.5, "r2": -1.0})
    many = {**BINARY, "problem_type": "MulticlassClassification"}
    document = model_quality.statistics(many, frame(label=["a", "a", "b", "3"], prediction=["a", "b", "b", "3.0"]))
    section = document["multiclass_classification_metrics"]
    assert section["confusion_matrix"]["a"] == {"3": 0, "a": 1, "b": 1}
    assert section["accuracy"]["value"] == section["weighted_recall"]["value"] == 0.75
    assert section["accuracy_best_constant_classifier"]["value"] == 0.5


def test_standard_deviations_need_200_records() -> None:
    table = frame(label=["0", "1"] * 100, prediction=["0", "1", "1", "1"] * 50)
    metrics = model_quality.statistics(BINARY, table)["binary_classification_metrics"]
    assert 0 < metrics["accuracy"]["standard_deviation"] < 0.1


def test_thresholds_of_a_model_and_their_violations() -> None:
    good = model_quality.statistics(BINARY, frame(label=["0", "1"] * 4, prediction=["0", "1"] * 4))
    limits = model_quality.constraints(good)
    section = limits["binary_classification_constraints"]
    assert section["recall"] == {"threshold": 1.0, "comparison_operator": "LessThanThreshold"}
    assert section["false_positive_rate"] == {"threshold": 0.0, "comparison_operator": "GreaterThanThreshold"}
    assert not any(name.endswith("best_constant_classifier") or name == "confusion_matrix" for name in section)
    assert model_quality.violations(good, limits) == []
    worse = model_quality.violations(model_quality.statistics(BINARY, DOCUMENTED), limits)
    assert {violation["metric_name"]: violation["constraint_check_type"] for violation in worse} == {
        "accuracy": "LessThanThreshold",
        "precision": "LessThanThreshold",
        "f0_5": "LessThanThreshold",
        "f1": "LessThanThreshold",
        "f2": "LessThanThreshold",
        "true_negative_rate": "LessThanThreshold",
        "false_positive_rate": "GreaterThanThreshold",
    }
    with pytest.raises(RefusalError, match="the baseline's constraints have no binary_classification_constraints"):
        model_quality.violations(good, {"regression_constraints": {}})


@pytest.mark.parametrize(
    ("environment", "reason"),
    [
        ({}, "problem_type '' is none of Regression, BinaryClassification, MulticlassClassification"),
        (
            {**BINARY, "inference_attribute": "x"},
            "inference_attribute 'x' names none of the dataset's columns label, prediction",
        ),
        ({**BINARY, "ground_truth_attribute": ""}, "ground_truth_attribute is not given; it names one of the dataset's columns"),
        ({**BINARY, "inference_attribute": "name"}, "'maybe' is not a label of a binary classification"),
        ({**BINARY, "problem_type": "Regression", "inference_attribute": "$.name"}, "'maybe' is not a number"),
    ],
)
def test_model_quality_that_cannot_be_computed(environment: dict[str, str], reason: str) -> None:
    table = frame(label=["0", "1"], prediction=["0", "1"], name=["maybe", "1"])
    with pytest.raises(RefusalError) as refusal:
        model_quality.statistics(environment, table)
    assert str(refusal.value).startswith(reason)


def test_how_the_program_ends(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def missing() -> None:
        raise ModuleNotFoundError("No module named 'sklearn'", name="sklearn")

    def wrong() -> None:
        raise RefusalError("the dataset has no files")

    message = tmp_path / "output" / "message"
    assert guarded(missing, message) == 1
    assert message.read_text() == "the check needs the package scikit-learn: pip install 'sagemaker-pipelines-framework[local]'"
    assert guarded(wrong, message) == 1
    assert message.read_text() == "the dataset has no files"
    assert "Traceback" not in capsys.readouterr().err
    assert guarded(lambda: None, message) == 0


def test_the_files_are_strict_json(tmp_path: Path) -> None:
    (tmp_path / "d.csv").write_text("a,b\n1,\n1,\n")
    environment = {"dataset_source": str(tmp_path / "d.csv"), "output_path": str(tmp_path / "out")}
    script = tmp_path / "after.py"
    script.write_text(f"def postprocess_handler():\n    open({str(tmp_path / 'called')!r}, 'w').close()\n")
    program.check({**environment, "post_analytics_processor_script": str(script)})
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["constraints.json", "statistics.json"]
    assert (tmp_path / "called").exists()
    limits = {"baseline_constraints": str(tmp_path / "out/constraints.json")}
    program.check({**environment, **limits})
    assert json.loads((tmp_path / "out/constraint_violations.json").read_text()) == {"violations": []}
    (tmp_path / "bad.json").write_text("[")
    with pytest.raises(RefusalError, match="the file baseline constraints is not JSON"):
        program.check({**environment, "baseline_constraints": str(tmp_path / "bad.json")})
