"""The sensor-forecast example: its scripts and what stands for DeepAR, run as processes over folders laid out like /opt/ml."""

from __future__ import annotations

import csv
import hashlib
import http.client
import importlib.util
import json
import math
import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

np = pytest.importorskip("numpy", reason="the example needs numpy")
pytest.importorskip("pandas", reason="the example's scripts need pandas")

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "sensor-forecast"
HORIZON = 24
SENSORS, WEEKS = 8, 4
HYPERPARAMETERS = {
    "time_freq": "H",
    "prediction_length": str(HORIZON),
    "context_length": "24",
    "epochs": "8",
    "num_cells": "20",
    "learning_rate": "0.01",
    "mini_batch_size": "64",
    "likelihood": "gaussian",
    "_tuning_objective_metric": "test:RMSE",
}
NAN = "NaN"


def run(script: str, *words: Any, check: bool = True) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1", "OPENBLAS_NUM_THREADS": "1"}
    command = [sys.executable, str(EXAMPLE / script), *map(str, words)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)
    assert not check or done.returncode == 0, done.stderr
    return done


def lines(path: Path) -> list[Any]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def preprocess(folder: Path, check: bool = True) -> subprocess.CompletedProcess[str]:
    words = ("--input", folder / "input", "--output", folder / "output", "--prediction-length", HORIZON)
    return run("scripts/preprocess.py", *words, check=check)


def lay_out(data: Path, folder: Path) -> Path:
    for name in ("readings", "weather"):
        target = folder / "input" / name / f"{name}.csv"
        target.parent.mkdir(parents=True)
        target.write_bytes((data / f"{name}.csv").read_bytes())
    return folder


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sensor-data")
    run("make_data.py", "--output", folder, "--sensors", SENSORS, "--weeks", WEEKS)
    return folder


@pytest.fixture(scope="module")
def prepared(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = lay_out(data, tmp_path_factory.mktemp("sensor-processing"))
    preprocess(folder)
    return folder / "output"


def training_folder(prepared: Path, folder: Path, **changed: str | None) -> Path:
    """A folder like /opt/ml, before training."""
    (folder / "input" / "config").mkdir(parents=True)
    given = {name: value for name, value in {**HYPERPARAMETERS, **changed}.items() if value is not None}
    (folder / "input" / "config" / "hyperparameters.json").write_text(json.dumps(given))
    for channel in ("train", "test"):
        target = folder / "input" / "data" / channel / f"{channel}.json"
        target.parent.mkdir(parents=True)
        target.write_bytes((prepared / channel / f"{channel}.json").read_bytes())
    return folder


@pytest.fixture(scope="module")
def trained(prepared: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = training_folder(prepared, tmp_path_factory.mktemp("sensor-training"))
    (folder / "log.txt").write_text(run("stand_in/train.py", folder).stdout)
    return folder


# ---- the data


def test_the_data_is_the_same_on_every_run(data: Path, tmp_path: Path) -> None:
    run("make_data.py", "--output", tmp_path, "--sensors", SENSORS, "--weeks", WEEKS)
    for name in ("readings.csv", "weather.csv"):
        content = (data / name).read_bytes()
        assert b"\r" not in content
        assert hashlib.sha256(content).digest() == hashlib.sha256((tmp_path / name).read_bytes()).digest()


def test_the_readings_have_gaps_of_both_kinds(data: Path) -> None:
    with (data / "readings.csv").open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    hours = SENSORS * WEEKS * 168
    empty = sum(row["kilowatts"] == "" for row in rows)
    assert 0.005 < empty / hours < 0.05, "readings without a value"
    assert 0.005 < 1 - len(rows) / hours < 0.05, "hours without a row"
    assert min(float(row["kilowatts"]) for row in rows if row["kilowatts"]) > 0
    assert {row["kind"] for row in rows} == {"cold-store", "office", "plant", "shop"}


# ---- processing


def test_what_deepar_gets(prepared: Path) -> None:
    train, test = lines(prepared / "train" / "train.json"), lines(prepared / "test" / "test.json")
    requests, actuals = lines(prepared / "forecast" / "requests.json"), lines(prepared / "forecast" / "actuals.json")
    assert len(train) == len(test) == len(requests) == len(actuals) == SENSORS
    assert [record["cat"] for record in train] != [record["cat"] for record in test], "the training series are in no order"
    assert sorted(json.dumps(record["target"]) for record in train) == sorted(
        json.dumps(record["target"][:-HORIZON]) for record in test
    )
    for tuned, request, actual in zip(test, requests, actuals, strict=True):
        assert request["target"] == tuned["target"], "what is forecast is not what models were compared on"
        assert len(tuned["dynamic_feat"][0]) == len(tuned["target"])
        assert len(request["dynamic_feat"][0]) == len(request["target"]) + HORIZON
        assert request["start"] == "2026-03-03 00:00:00"
        assert len(request["target"]) + len(actual["actual"]) == WEEKS * 168
    cells = [cell for request in requests for cell in request["target"]]
    assert 0.01 < cells.count(NAN) / len(cells) < 0.1
    assert all(cell == NAN or math.isfinite(cell) for cell in cells)
    codes = lines(prepared / "forecast" / "categories.json")[0]
    assert codes["kind"] == {"cold-store": 0, "office": 1, "plant": 2, "shop": 3}
    assert {tuple(record["cat"]) for record in test} <= {(k, s) for k in range(4) for s in codes["site"].values()}


def test_a_sensor_begins_with_its_first_reading(data: Path, tmp_path: Path) -> None:
    folder = lay_out(data, tmp_path)
    path = folder / "input" / "readings" / "readings.csv"
    kept = [line for line in path.read_text().splitlines() if ",meter-00," not in line or line >= "2026-03-05 06"]
    path.write_text("\n".join(kept) + "\n")
    preprocess(folder)
    first, second = lines(folder / "output" / "test" / "test.json")[:2]
    assert (first["start"][:10], second["start"]) == ("2026-03-05", "2026-03-03 00:00:00")
    assert len(first["target"]) < len(second["target"])


@pytest.mark.parametrize(
    ("name", "add", "drop", "said"),
    [
        ("readings", "2026-03-10 05:00:00,meter-01,hill,office,1.5\n" * 2, "", "meter-01 has two readings for 2026-03-10 05:00:00"),
        ("readings", "2026-03-10 05:00:00,meter-77,hill,office,\n", "", "meter-77 has no readings"),
        (
            "readings",
            "2026-03-10 05:00:00,meter-77,moon,office,3\n",
            "",
            "the weather of moon is not known for 2026-03-10 05:00:00",
        ),
        ("weather", "", "2026-03-11 07:00:00", "is not known for 2026-03-11 07:00:00"),
    ],
)
def test_data_that_cannot_be_used_is_refused(data: Path, tmp_path: Path, name: str, add: str, drop: str, said: str) -> None:
    folder = lay_out(data, tmp_path)
    path = folder / "input" / name / f"{name}.csv"
    kept = [line for line in path.read_text().splitlines() if not drop or drop not in line]
    path.write_text("\n".join(kept) + "\n" + add)
    done = preprocess(folder, check=False)
    assert done.returncode == 1
    assert said in done.stderr


# ---- the stand-in trains


def test_the_log_speaks_as_deepars_does(trained: Path) -> None:
    log = (trained / "log.txt").read_text()
    epochs = re.findall(r"#quality_metric: host=algo-1, epoch=(\d+), train loss <loss>=(\S+)", log)
    assert [int(number) for number, _ in epochs] == list(range(8))
    assert float(epochs[-1][1]) < float(epochs[0][1]), "it learns"
    assert re.search(rf"train final_loss <loss>={re.escape(epochs[-1][1])}$", log, re.M)
    scores = dict(re.findall(r"#test_score \(algo-1, (\S+)\): (\S+)", log))
    assert list(scores)[:3] == ["RMSE", "mean_absolute_QuantileLoss", "mean_wQuantileLoss"]
    assert list(scores)[3:] == [f"wQuantileLoss[0.{tenth}]" for tenth in range(1, 10)]
    assert f"test RMSE <loss>={scores['RMSE']}\n" in log
    assert f"test mean_wQuantileLoss <loss>={scores['mean_wQuantileLoss']}\n" in log
    assert "its figures are not DeepAR's" in log


def test_a_tuning_job_reads_its_objective_off_that_log(trained: Path) -> None:
    from framework.local.step_types.training import metrics
    from framework.local.tuning.plan import read_plan

    objective = {"Type": "Minimize", "MetricName": "test:RMSE"}
    limits = {"MaxNumberOfTrainingJobs": 1}
    ranges = {"CategoricalParameterRanges": [{"Name": "x", "Values": ["1"]}]}
    config = {"HyperParameterTuningJobObjective": objective, "ResourceLimits": limits, "ParameterRanges": ranges}
    definition = {"AlgorithmSpecification": {"TrainingImage": "deepar"}}
    plan = read_plan({"HyperParameterTuningJobConfig": config, "TrainingJobDefinition": definition})
    given = plan.recipes[0].arguments["AlgorithmSpecification"]["MetricDefinitions"]
    [found] = metrics(given, trained / "log.txt")
    said = re.search(r"#test_score \(algo-1, RMSE\): (\S+)", (trained / "log.txt").read_text())
    assert said
    assert found["Value"] == float(said[1])


def test_the_same_training_gives_the_same_model(trained: Path, prepared: Path, tmp_path: Path) -> None:
    run("stand_in/train.py", training_folder(prepared, tmp_path))
    for name in ("model.json", "weights.npz"):
        assert (tmp_path / "model" / name).read_bytes() == (trained / "model" / name).read_bytes()


def test_hyperparameters_make_a_difference(trained: Path, prepared: Path, tmp_path: Path) -> None:
    log = run("stand_in/train.py", training_folder(prepared, tmp_path, context_length="6", num_layers="3")).stdout
    assert "the stand-in has no use for the hyperparameters num_layers" in log
    assert re.findall(r"RMSE\): (\S+)", log) != re.findall(r"RMSE\): (\S+)", (trained / "log.txt").read_text())


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"context_length": None}, "the hyperparameter context_length is missing"),
        ({"epochs": "many"}, "a hyperparameter is not a number"),
        ({"num_cells": "0"}, "a hyperparameter is not greater than 0"),
        ({"likelihood": "student-T"}, "likelihood is student-T; this stand-in of DeepAR knows only gaussian"),
        ({"time_freq": "D"}, "time_freq is D; this stand-in of DeepAR knows only H"),
    ],
)
def test_hyperparameters_that_cannot_be_used(prepared: Path, tmp_path: Path, changed: dict[str, str | None], said: str) -> None:
    done = run("stand_in/train.py", training_folder(prepared, tmp_path, **changed), check=False)
    assert done.returncode == 1
    assert said in (tmp_path / "output" / "failure").read_text()


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('{"target": [1]}', "train.json, line 1: a record cannot be read: it has no start"),
        ('{"start": "2026-03-02", "target": 5}', "are arrays of numbers"),
        ('{"start": "yesterday", "target": [5]}', "Invalid isoformat"),
        ('{"start": "2026-03-02", "target": [5, 6], "dynamic_feat": [[1]]}', "shorter than the target"),
        ('{"start": "2026-03-02", "target": [5, 6], "dynamic_feat": [[1, "NaN"]]}', "a value of dynamic_feat is missing"),
        ("", "there are no series in"),
        ('{"start": "2026-03-02", "target": [5, 6]}', "no series has values after its first 168 hours"),
    ],
)
def test_series_that_cannot_be_used(prepared: Path, tmp_path: Path, line: str, said: str) -> None:
    folder = training_folder(prepared, tmp_path)
    (folder / "input" / "data" / "train" / "train.json").write_text(line)
    assert run("stand_in/train.py", folder, check=False).returncode == 1
    assert said in (tmp_path / "output" / "failure").read_text()


def test_the_gradient_is_that_of_the_loss() -> None:
    spec = importlib.util.spec_from_file_location("sensor_forecast_network", EXAMPLE / "stand_in" / "network.py")
    assert spec
    assert spec.loader
    network = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(network)
    generator = np.random.default_rng(3)
    weights = {name: value.astype(float) for name, value in network.make(4, 3, generator).items()}
    rows, values = generator.standard_normal((7, 4)), generator.standard_normal(7)
    _, gradient = network.loss_and_gradient(weights, rows, values)
    for name, value in weights.items():
        for place in np.ndindex(value.shape):
            around = []
            for step in (1e-5, -1e-5):
                value[place] += step
                around.append(network.loss_and_gradient(weights, rows, values)[0])
                value[place] -= step
            assert gradient[name][place] == pytest.approx((around[0] - around[1]) / 2e-5, abs=1e-6), (name, place)


# ---- the stand-in serves


@pytest.fixture(scope="module")
def server(trained: Path) -> Iterator[int]:
    """The port of a server of the trained model."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    config = {"num_samples": 30, "output_types": ["mean", "quantiles"], "quantiles": ["0.1", "0.5", "0.9"]}
    more = {"SAGEMAKER_BIND_TO_PORT": str(port), "DEEPAR_INFERENCE_CONFIG": json.dumps(config), "PYTHONDONTWRITEBYTECODE": "1"}
    process = subprocess.Popen(
        [sys.executable, str(EXAMPLE / "stand_in" / "serve.py"), str(trained)],
        env={**os.environ, **more},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        end = time.monotonic() + 60
        while not healthy(port):
            assert process.poll() is None, "the server ended"
            assert time.monotonic() < end, "the server does not answer"
            time.sleep(0.05)
        yield port
    finally:
        process.kill()
        process.wait()


def healthy(port: int) -> bool:
    try:
        return ask(port, "GET", "/ping")[0] == 200
    except OSError:
        return False


def ask(port: int, method: str, path: str, body: str = "", kind: str = "application/json") -> tuple[int, str, str]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        connection.request(method, path, body.encode(), {"Content-Type": kind})
        response = connection.getresponse()
        return response.status, response.read().decode(), response.getheader("Content-Type", "")
    finally:
        connection.close()


def invoke(port: int, body: Any, kind: str = "application/json") -> Any:
    text = body if isinstance(body, str) else json.dumps(body)
    status, answer, _ = ask(port, "POST", "/invocations", text, kind)
    assert status == 200, answer
    return answer


def test_a_request_as_an_endpoint_gets_it(server: int, prepared: Path) -> None:
    instances = lines(prepared / "forecast" / "requests.json")[:2]
    configuration = {"num_samples": 50, "output_types": ["mean", "quantiles", "samples"], "quantiles": ["0.5", "0.9"]}
    first, second = json.loads(invoke(server, {"instances": instances, "configuration": configuration}))["predictions"]
    assert set(first) == {"mean", "quantiles", "samples"}
    assert set(first["quantiles"]) == {"0.5", "0.9"}
    samples = np.array(first["samples"])
    assert samples.shape == (50, HORIZON)
    assert first["mean"] == pytest.approx(list(samples.mean(axis=0)), rel=1e-6)
    assert first["quantiles"]["0.9"] == pytest.approx(list(np.quantile(samples, 0.9, axis=0)), rel=1e-6)
    assert first["mean"] != second["mean"]
    default = json.loads(invoke(server, {"instances": instances[:1]}))["predictions"][0]
    assert set(default) == {"mean", "quantiles"}
    assert set(default["quantiles"]) == {f"0.{tenth}" for tenth in range(1, 10)}


def test_a_request_as_a_batch_transform_sends_it(server: int, prepared: Path) -> None:
    text = (prepared / "forecast" / "requests.json").read_text()
    status, answer, kind = ask(server, "POST", "/invocations", text, "application/jsonlines")
    assert (status, kind, answer.count("\n")) == (200, "application/jsonlines", SENSORS)
    predictions = [json.loads(line) for line in answer.splitlines()]
    assert all(set(made["quantiles"]) == {"0.1", "0.5", "0.9"} for made in predictions), "as DEEPAR_INFERENCE_CONFIG says"
    alone = [invoke(server, line, "application/jsonlines") for line in text.splitlines()]
    assert "".join(alone) == answer, "whether requests come together or one by one"
    assert all(
        low <= high for made in predictions for low, high in zip(made["quantiles"]["0.1"], made["quantiles"]["0.9"], strict=True)
    )


def test_missing_values_are_null_or_nan(server: int, prepared: Path) -> None:
    instance = lines(prepared / "forecast" / "requests.json")[0]
    other = {**instance, "target": [None if cell == NAN else cell for cell in instance["target"]]}
    assert NAN in instance["target"]
    assert invoke(server, {"instances": [instance]}) == invoke(server, {"instances": [other]})
    unknown = {**instance, "target": [], "dynamic_feat": [[10.0] * HORIZON]}
    assert len(json.loads(invoke(server, {"instances": [unknown]}))["predictions"][0]["mean"]) == HORIZON


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"cat": [0]}, "a series has 1 categories, and the model was trained with 2"),
        ({"cat": [0, 99]}, "are not all below"),
        ({"dynamic_feat": []}, "a series has 0 dynamic_feat, and the model was trained with 1"),
        ({"dynamic_feat": [[1.0] * (WEEKS * 168 - HORIZON)]}, f"{WEEKS * 168} are needed, the hours to come included"),
        ({"target": "none"}, "arrays of numbers"),
    ],
)
def test_instances_that_do_not_fit(server: int, prepared: Path, change: dict[str, Any], said: str) -> None:
    instance = {**lines(prepared / "forecast" / "requests.json")[0], **change}
    status, answer, _ = ask(server, "POST", "/invocations", json.dumps({"instances": [instance]}))
    assert status == 400
    assert said in json.loads(answer)["error"]


@pytest.mark.parametrize(
    ("body", "kind", "said"),
    [
        ("{}", "application/json", "a request is an object with a list of instances"),
        ("[", "application/json", "Expecting value"),
        ("1,2", "text/csv", "the content type is text/csv"),
        ('{"instances": [], "configuration": {"num_samples": 0}}', "application/json", "num_samples is 0"),
        ('{"instances": [], "configuration": {"output_types": ["mode"]}}', "application/json", "output_types are mode"),
        ('{"instances": [], "configuration": {"quantiles": ["1.5"]}}', "application/json", "quantiles are 1.5"),
        ('{"instances": [], "configuration": {"samples": 3}}', "application/json", "configuration is an object of num_samples"),
    ],
)
def test_requests_that_are_none(server: int, body: str, kind: str, said: str) -> None:
    status, answer, _ = ask(server, "POST", "/invocations", body, kind)
    assert status == 400
    assert said in json.loads(answer)["error"]


def test_other_places_are_not_there(server: int) -> None:
    assert ask(server, "GET", "/")[0] == ask(server, "POST", "/")[0] == 404


def test_a_model_of_deepar_itself_is_not_served(tmp_path: Path) -> None:
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "model_algo-1").write_bytes(b"?")
    done = run("stand_in/serve.py", tmp_path, check=False)
    assert done.returncode == 1
    assert "what DeepAR itself has trained only DeepAR's image can serve" in done.stderr


# ---- metrics


def evaluate(prepared: Path, folder: Path, predictions: list[dict[str, Any]]) -> subprocess.CompletedProcess[str]:
    known, made = folder / "input" / "sensor-Processing-forecast", folder / "input" / "sensor-Transform-forecast"
    for each in (known, made):
        each.mkdir(parents=True)
    for name in ("requests.json", "actuals.json"):
        (known / name).write_bytes((prepared / "forecast" / name).read_bytes())
    (made / "requests.json.out").write_text("".join(json.dumps(line) + "\n" for line in predictions))
    return run("scripts/evaluate.py", "--input", folder / "input", "--output", folder / "output", check=False)


def report(folder: Path) -> dict[str, Any]:
    return json.loads((folder / "output" / "model_evaluation_metrics.json").read_text())


def without_spread(values: list[list[float]]) -> list[dict[str, Any]]:
    return [{"mean": row, "quantiles": {"0.1": row, "0.5": row, "0.9": row}} for row in values]


def test_a_perfect_forecast(prepared: Path, tmp_path: Path) -> None:
    actual = [[0.0 if cell == NAN else cell for cell in line["actual"]] for line in lines(prepared / "forecast" / "actuals.json")]
    assert evaluate(prepared, tmp_path, without_spread(actual)).returncode == 0
    measured = report(tmp_path)
    assert measured["regression_metrics"]["rmse"]["value"] == 0
    assert measured["forecast_metrics"]["mean_weighted_quantile_loss"]["value"] == 0
    assert measured["forecast_metrics"]["coverage_80"]["value"] == 1
    assert measured["seasonal_naive"]["rmse"]["value"] > 1


def test_a_forecast_that_is_one_too_high(prepared: Path, tmp_path: Path) -> None:
    truth = [line["actual"] for line in lines(prepared / "forecast" / "actuals.json")]
    evaluate(prepared, tmp_path, without_spread([[1.0 if cell == NAN else cell + 1 for cell in row] for row in truth]))
    measured, known = report(tmp_path), [cell for row in truth for cell in row if cell != NAN]
    assert measured["regression_metrics"]["rmse"]["value"] == pytest.approx(1)
    assert measured["regression_metrics"]["mae"]["value"] == pytest.approx(1)
    assert measured["forecast_metrics"]["coverage_80"]["value"] == 0
    for level, loss in measured["forecast_metrics"]["weighted_quantile_loss"].items():
        assert loss == pytest.approx(2 * (1 - float(level)) * len(known) / sum(known))


def test_last_week_is_the_seasonal_naive_forecast(prepared: Path, tmp_path: Path) -> None:
    """Where last week has no reading, the week before counts; so the report of last week's values is that of the baseline."""
    naive = []
    for request in lines(prepared / "forecast" / "requests.json"):
        target, ahead = request["target"], []
        for hour in range(len(target), len(target) + HORIZON):
            weeks = (target[hour - 168 * week] for week in range(1, hour // 168 + 1))
            ahead.append(next(value for value in weeks if value != NAN))
        naive.append(ahead)
    evaluate(prepared, tmp_path, without_spread(naive))
    measured = report(tmp_path)
    assert measured["forecast_metrics"]["rmse_over_seasonal_naive"]["value"] == pytest.approx(1)
    assert measured["seasonal_naive"]["mean_weighted_quantile_loss"] == measured["forecast_metrics"]["mean_weighted_quantile_loss"]


def test_a_missing_prediction_is_said(prepared: Path, tmp_path: Path) -> None:
    done = evaluate(prepared, tmp_path, without_spread([[1.0] * HORIZON]))
    assert done.returncode == 1
    assert f"1 predictions and {SENSORS} requests for {SENSORS} sensors" in done.stderr


def test_the_stand_in_beats_the_seasonal_naive_forecast(server: int, prepared: Path, tmp_path: Path) -> None:
    answer = invoke(server, (prepared / "forecast" / "requests.json").read_text(), "application/jsonlines")
    assert evaluate(prepared, tmp_path, [json.loads(line) for line in answer.splitlines()]).returncode == 0
    measured = report(tmp_path)
    assert measured["forecast_metrics"]["rmse_over_seasonal_naive"]["value"] < 0.95
    naive = measured["seasonal_naive"]["mean_weighted_quantile_loss"]["value"]
    assert measured["forecast_metrics"]["mean_weighted_quantile_loss"]["value"] < 0.8 * naive
    assert 0.5 < measured["forecast_metrics"]["coverage_80"]["value"] < 0.95
