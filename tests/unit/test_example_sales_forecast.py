"""The sales-forecast example: its scripts, run as processes over folders laid out like /opt/ml, and its functions."""

from __future__ import annotations

import csv
import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pd = pytest.importorskip("pandas", reason="the example's scripts need pandas: pip install '.[examples]'")
pytest.importorskip("sklearn", reason="the example trains with scikit-learn: pip install '.[examples]'")

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "sales-forecast"
EXECUTION = "abcdef123456"
VARIANTS = ("new", "drifted")
QUICK = ("--max_iter", "40", "--learning_rate", "0.15")


def run(words: list[str | Path], folder: Path, given: str = "", **variables: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1", "OMP_WAIT_POLICY": "PASSIVE", **variables}
    command = [sys.executable, *map(str, words)]
    return subprocess.run(
        command, cwd=folder, env=environment, input=given, capture_output=True, text=True, check=False, timeout=300
    )


class Container:
    """The scripts, and a folder that stands for /opt/ml in them: they name it, and a test may not write there."""

    def __init__(self, root: Path) -> None:
        self.ml, self.code = root / "ml", root / "code"
        shutil.copytree(EXAMPLE / "scripts", self.code, ignore=shutil.ignore_patterns("__pycache__"))
        for script in self.code.glob("*.py"):
            text = script.read_text(encoding="utf-8").replace("/opt/ml", self.ml.as_posix())
            script.write_text(text, encoding="utf-8")

    @property
    def input(self) -> Path:
        return self.ml / "processing" / "input"

    @property
    def output(self) -> Path:
        return self.ml / "processing" / "output"

    def give(self, source: Path, name: str) -> None:
        """Put a file, or what is in a folder, into an input."""
        files = [source] if source.is_file() else list(source.iterdir())
        (self.input / name).mkdir(parents=True, exist_ok=True)
        for file in files:
            shutil.copy(file, self.input / name)

    def run(self, script: str, *options: str, **variables: str) -> str:
        done = run(["-m", script, *options], self.code, **variables)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def fails(self, script: str) -> str:
        done = run(["-m", script], self.code)
        assert done.returncode != 0
        return done.stderr.strip().splitlines()[-1]


def table(path: Path) -> Any:
    return pd.read_csv(path)


SCORE = """
import sys
import inference
model = inference.model_fn(sys.argv[1])
for source, target in zip(sys.argv[2::2], sys.argv[3::2], strict=True):
    lines = [line.rstrip().split(",", 3) for line in open(source)]
    data = inference.input_fn("".join(line[3] + "\\n" for line in lines), "text/csv")
    answers = inference.output_fn(inference.predict_fn(data, model), "text/csv").splitlines()
    with open(target, "w") as stream:
        stream.writelines(",".join([*line[:3], answer]) + "\\n" for line, answer in zip(lines, answers, strict=True))
"""


def batch_transform(code: Path, model: Path, files: Mapping[Path, Path]) -> None:
    """What the transform does with files: three keys past the model, its four answers behind them."""
    for target in files.values():
        target.parent.mkdir(parents=True, exist_ok=True)
    done = run(["-c", SCORE, model, *(path for pair in files.items() for path in pair)], code)
    assert done.returncode == 0, done.stderr


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sales") / "data"
    done = run([EXAMPLE / "make_data.py", "--output", folder, "--stores", "3"], folder.parent)
    assert done.returncode == 0, done.stderr
    return folder


def with_history(root: Path, data: Path) -> Container:
    container = Container(root)
    container.give(data / "history" / "sales", "sales")
    container.give(data / "history" / "stores.csv", "stores")
    container.give(data / "history" / "items.csv", "items")
    return container


@pytest.fixture(scope="module")
def preprocessed(tmp_path_factory: pytest.TempPathFactory, data: Path) -> Container:
    container = with_history(tmp_path_factory.mktemp("preprocess"), data)
    container.run("preprocess", "--explained", "7")
    return container


@pytest.fixture(scope="module")
def model(preprocessed: Container) -> Path:
    """The folder of a trained model."""
    channels = {
        f"SM_CHANNEL_SALES-PREPROCESSING-{name.upper()}": str(preprocessed.output / name) for name in ("train", "validation")
    }
    folder = preprocessed.ml / "model"
    preprocessed.run("train", *QUICK, **channels, SM_MODEL_DIR=str(folder))
    return folder


@pytest.fixture(scope="module")
def evaluated(tmp_path_factory: pytest.TempPathFactory, preprocessed: Container, model: Path) -> Container:
    container = Container(tmp_path_factory.mktemp("evaluate"))
    test = preprocessed.output / "test"
    scored = container.input / "sales-Transform-test" / "x_test.csv.out"
    batch_transform(container.code, model, {test / "x_test.csv": scored})
    container.give(test / "y_test.csv", "sales-Preprocessing-test")
    container.run("evaluate")
    return container


@pytest.fixture(scope="module")
def months(tmp_path_factory: pytest.TempPathFactory, data: Path, model: Path) -> dict[str, Container]:
    """For both variants, a month of the inference pipeline up to the forecast table."""
    found, files = {}, {}
    for variant in VARIANTS:
        prepare = with_history(tmp_path_factory.mktemp("prepare"), data)
        prepare.give(data / variant, "weeks")
        prepare.run("prepare")
        found[variant] = container = Container(tmp_path_factory.mktemp(variant))
        scored = container.input / "sales-Score-transform-input-score"
        files |= {prepare.output / "score" / name: scored / f"{name}.out" for name in ("recent.csv", "future.csv")}
        container.give(prepare.output / "actuals" / "actuals.csv", "sales-Prepare-input-actuals")
    batch_transform(container.code, model, files)
    for container in found.values():
        container.run("postprocess")
    return found


# The data


def digests(folder: Path) -> dict[str, str]:
    files = sorted(path for path in folder.rglob("*.csv"))
    return {path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def test_two_runs_write_the_same_bytes(data: Path, tmp_path: Path) -> None:
    done = run([EXAMPLE / "make_data.py", "--output", "again", "--stores", "3"], tmp_path, PYTHONHASHSEED="4711")
    assert done.returncode == 0, done.stderr
    again = digests(tmp_path / "again")
    assert again == digests(data)
    assert list(again) == [
        "drifted/new_weeks.csv",
        "drifted/plan.csv",
        "history/items.csv",
        "history/sales/2024-2025.csv",
        "history/stores.csv",
        "new/new_weeks.csv",
        "new/plan.csv",
    ]


def test_the_history_has_every_day_of_every_item_once(data: Path) -> None:
    history = table(data / "history" / "sales" / "2024-2025.csv")
    assert len(history) == 728 * 3 * 10
    assert not history.duplicated(["date", "store", "item"]).any()
    assert (history["date"].min(), history["date"].max()) == ("2024-01-01", "2025-12-28")


def test_the_plan_knows_prices_and_no_sales(data: Path) -> None:
    with (data / "new" / "plan.csv").open(encoding="utf-8") as stream:
        assert next(csv.reader(stream)) == ["date", "store", "item", "price", "regular_price", "promotion"]


def test_promotions_sell_more_and_an_empty_shelf_nothing(data: Path) -> None:
    history = table(data / "history" / "sales" / "2024-2025.csv")
    promoted, other = (history[history["promotion"] == flag]["sales"].mean() for flag in (1, 0))
    assert 1.3 < promoted / other < 2.2
    assert (history[history["in_stock"] == 0]["sales"] == 0).all()
    assert 0.003 < (history["in_stock"] == 0).mean() < 0.01


def test_the_drifted_weeks_have_more_promotions_and_emptier_small_shops(data: Path) -> None:
    new, drifted = (table(data / variant / "new_weeks.csv") for variant in ("new", "drifted"))
    assert drifted["promotion"].mean() > 2.5 * new["promotion"].mean()
    regular = (new["promotion"] == 0) & (drifted["promotion"] == 0)
    ratio = drifted[regular].groupby("store")["sales"].sum() / new[regular].groupby("store")["sales"].sum()
    assert ratio["S01"] == 1.0
    assert ratio[["S02", "S03"]].between(0.58, 0.66).all()


# What the model learns from


def test_the_channels_of_preprocessing(preprocessed: Container) -> None:
    train, validation, test = (table(preprocessed.output / name / f"{name}.csv") for name in ("train", "validation", "monitor"))
    assert list(train.columns) == list(validation.columns)
    assert train.columns[0] == "relative_sales"
    assert len(train.columns) == 14
    assert not train.isna().any(axis=None)
    assert list(test.columns[:3]) == ["category", "size", "discount"]
    assert len(table(preprocessed.output / "explain" / "explain.csv")) == 7
    assert sorted(table(preprocessed.output / "bias" / "bias.csv").columns) == ["category", "relative_sales", "size"]


def test_the_test_data_are_the_last_four_weeks(preprocessed: Container) -> None:
    actual = table(preprocessed.output / "test" / "y_test.csv")
    sent = pd.read_csv(preprocessed.output / "test" / "x_test.csv", header=None)
    assert (actual["date"].min(), actual["date"].max()) == ("2025-12-01", "2025-12-28")
    assert sent.shape == (len(actual), 3 + 13)
    assert sent[[0, 1, 2]].to_numpy().tolist() == actual[["date", "store", "item"]].to_numpy().tolist()


PROBE = """
import sys
import numpy as np
from pathlib import Path
from features import FEATURES, HORIZON, features_at
from panel import read_panel
folder = Path(sys.argv[1])
panel = read_panel(sorted(folder.glob("sales/*.csv")), folder / "stores/stores.csv", folder / "items/items.csv")
origin = 500
before = features_at(panel, origin)
sales = panel.sales.copy()
sales[origin:] = 10000.0
promotion = panel.promotion.copy()
promotion[origin + HORIZON :] = True
after = features_at(panel._replace(sales=sales, promotion=promotion), origin)
assert np.allclose(before[FEATURES], after[FEATURES], rtol=1e-9), "a feature knows what happens after the origin"
sales[origin - 1] = 10000.0
assert not np.allclose(before[FEATURES], features_at(panel._replace(sales=sales), origin)[FEATURES], rtol=1e-9)
print(len(before), int(before["horizon"].max()), before["date"].min(), panel.days[origin].strftime("%Y-%m-%d"))
"""


def test_no_feature_knows_what_happens_after_the_origin(preprocessed: Container) -> None:
    done = run(["-c", PROBE, preprocessed.input], preprocessed.code)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["840", "28", "2025-05-15", "2025-05-15"]


def test_lines_that_come_twice_are_refused(data: Path, tmp_path: Path) -> None:
    container = with_history(tmp_path, data)
    shutil.copy(data / "history" / "sales" / "2024-2025.csv", container.input / "sales" / "again.csv")
    assert container.fails("preprocess") == ("ValueError: 21840 lines come twice; the first is apple juice in S01 on 2024-01-01")


def test_a_shop_that_is_in_no_table_is_refused(data: Path, tmp_path: Path) -> None:
    container = with_history(tmp_path, data)
    stores = container.input / "stores" / "stores.csv"
    stores.write_text("".join(stores.read_text(encoding="utf-8").splitlines(keepends=True)[:-1]), encoding="utf-8")
    assert container.fails("preprocess") == "ValueError: the table of stores lacks S03"


def test_too_little_history_is_refused(data: Path, tmp_path: Path) -> None:
    container = with_history(tmp_path, data)
    sales = container.input / "sales" / "2024-2025.csv"
    sales.write_text("".join(sales.read_text(encoding="utf-8").splitlines(keepends=True)[: 1 + 400 * 30]), encoding="utf-8")
    assert container.fails("preprocess") == "ValueError: 400 days of sales are too few: 476 are needed"


# The model


def test_the_artifact_has_the_model_and_what_serves_it(model: Path) -> None:
    assert sorted(path.relative_to(model).as_posix() for path in model.rglob("*") if path.is_file()) == [
        "code/inference.py",
        "model.joblib",
        "model.json",
    ]
    about = json.loads((model / "model.json").read_text(encoding="utf-8"))
    assert about["features"][about["usual_sales"]] == "usual_sales"
    assert -0.1 < about["margin"] < 0.2


def test_answers_are_a_forecast_within_its_interval(evaluated: Container) -> None:
    scored = pd.read_csv(evaluated.input / "sales-Transform-test" / "x_test.csv.out", header=None)
    forecast, lower, upper, relative = (scored[column] for column in (3, 4, 5, 6))
    assert ((lower <= forecast) & (forecast <= upper)).all()
    assert (lower >= 0).all()
    assert (relative > 0).all()


def test_a_request_of_another_width_is_refused(model: Path) -> None:
    program = (
        "import inference, json, pandas; inference.predict_fn(pandas.DataFrame([[1.0]]), inference.Model({}, json.load(open(0))))"
    )
    done = run(["-c", program], model / "code", given=(model / "model.json").read_text(encoding="utf-8"))
    assert "ValueError: a line has 13 columns (horizon, weekday, " in done.stderr
    assert done.stderr.rstrip().endswith("not 1")


def test_the_forecast_beats_the_seasonal_naive_one(evaluated: Container) -> None:
    report = json.loads((evaluated.output / "model_evaluation_metrics.json").read_text(encoding="utf-8"))
    model = {name: about["value"] for name, about in report["regression_metrics"].items()}
    naive = {name: about["value"] for name, about in report["seasonal_naive_metrics"].items()}
    assert model["wape"] < 0.2
    assert model["skill"] == pytest.approx(1 - model["wape"] / naive["wape"])
    assert model["skill"] > 0.3
    assert all(model[name] < naive[name] for name in ("mae", "rmse", "mape"))
    assert abs(model["bias"]) < 0.06
    assert 0.7 < model["interval_coverage"] < 0.9
    assert sorted(report["groups"]) == ["large_stores", "other_days", "promotion_days", "small_stores"]


def test_the_measures_are_those_of_the_predictions(evaluated: Container) -> None:
    report = json.loads((evaluated.output / "model_evaluation_metrics.json").read_text(encoding="utf-8"))["regression_metrics"]
    lines = table(evaluated.output / "predictions" / "predictions.csv")
    error = (lines["forecast"] - lines["sales"]).to_numpy()
    assert report["wape"]["value"] == pytest.approx(np.abs(error).sum() / lines["sales"].sum())
    assert report["rmse"]["value"] == pytest.approx(np.sqrt((error**2).mean()))
    sold = (lines["sales"] > 0).to_numpy()
    assert report["mape"]["value"] == pytest.approx((np.abs(error)[sold] / lines["sales"][sold]).mean())


def test_predictions_without_a_partner_are_refused(evaluated: Container, tmp_path: Path) -> None:
    container = Container(tmp_path)
    container.give(evaluated.input / "sales-Preprocessing-test", "sales-Preprocessing-test")
    container.give(evaluated.input / "sales-Transform-test", "sales-Transform-test")
    scored = container.input / "sales-Transform-test" / "x_test.csv.out"
    lines = scored.read_text(encoding="utf-8").splitlines(keepends=True)
    scored.write_text("".join(lines[2:]), encoding="utf-8")
    assert container.fails("evaluate") == f"ValueError: 2 of {len(lines)} lines have either no forecast or no actual sales"


# The new month


@pytest.mark.parametrize("variant", VARIANTS)
def test_the_forecast_table_has_every_planned_day(months: dict[str, Container], variant: str) -> None:
    month = months[variant]
    forecast = table(month.output / "forecast" / "forecast.csv")
    assert list(forecast.columns) == ["date", "store", "item", "forecast", "lower", "upper"]
    assert len(forecast) == 28 * 3 * 10
    assert (forecast["date"].min(), forecast["date"].max()) == ("2026-01-26", "2026-02-22")
    assert forecast["forecast"].between(forecast["lower"], forecast["upper"]).all()
    weeks = table(month.output / "forecast" / "weekly.csv")
    assert sorted(weeks["week"].unique()) == ["2026-01-26", "2026-02-02", "2026-02-09", "2026-02-16"]
    assert weeks["forecast"].sum() == pytest.approx(forecast["forecast"].sum(), rel=0.001)


def verdict(month: Container, violations: bool, evaluated: Container, tmp_path: Path) -> dict[str, Any]:
    """What judge.py says of a month whose data has two violations in one column, or none."""
    judge = Container(tmp_path)
    found = [
        {"feature_name": "discount", "constraint_check_type": kind, "description": "as a test would have it"}
        for kind in ("baseline_drift_check", "data_type_check")
    ]
    recent, test = table(month.output / "recent" / "recent.csv"), table(evaluated.output / "predictions" / "predictions.csv")
    now, then = (float(np.sqrt(((lines["relative_forecast"] - lines["relative_sales"]) ** 2).mean())) for lines in (recent, test))
    documents = {
        "model-quality/statistics.json": {"regression_metrics": {"rmse": {"value": now, "standard_deviation": "NaN"}}},
        "baseline/constraints.json": {
            "regression_constraints": {"rmse": {"threshold": then, "comparison_operator": "GreaterThanThreshold"}}
        },
    }
    if violations:
        documents["data-quality/constraint_violations.json"] = {"violations": found}
    for name, document in documents.items():
        (judge.input / name).parent.mkdir(parents=True, exist_ok=True)
        (judge.input / name).write_text(json.dumps(document), encoding="utf-8")
    judge.run("judge")
    answer: dict[str, Any] = json.loads((judge.output / "verdict" / "verdict.json").read_text(encoding="utf-8"))
    return answer


@pytest.mark.parametrize("variant", VARIANTS)
def test_the_verdict_tells_the_two_months_apart(
    months: dict[str, Container], variant: str, evaluated: Container, tmp_path: Path
) -> None:
    said = verdict(months[variant], variant == "drifted", evaluated, tmp_path)
    assert said["error_ratio"] == pytest.approx(said["rmse"] / said["baseline_rmse"])
    if variant == "drifted":
        assert said["error_ratio"] > 1.5
        assert said["drifted_columns"] == 1
        assert [text.partition(":")[0] for text in said["columns"]["discount"]] == ["baseline_drift_check", "data_type_check"]
    else:
        assert 0.8 < said["error_ratio"] < 1.15
        assert said["drifted_columns"] == 0
        assert said["columns"] == {}


def test_publishing(months: dict[str, Container], tmp_path: Path) -> None:
    container = Container(tmp_path)
    container.give(months["new"].output / "forecast", "sales-Postprocess-input-forecast")
    container.run("publish")
    published = container.output / "published"
    assert sorted(path.name for path in published.iterdir()) == ["forecast.csv", "summary.json", "weekly.csv"]
    summary = json.loads((published / "summary.json").read_text(encoding="utf-8"))
    assert (summary["first_day"], summary["last_day"], summary["stores"], summary["items"]) == ("2026-01-26", "2026-02-22", 3, 10)


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (lambda lines: lines[:-1], "some items have fewer days than others"),
        (lambda lines: [lines[0], "2026-01-26,S01,cola,-4.0,-9,0\n", *lines[2:]], "numbers are negative"),
        (lambda lines: [lines[0], "2026-01-26,S01,apple juice,40.0,1,9\n", *lines[2:]], "a forecast lies outside of its interval"),
        (lambda lines: [lines[0], "2026-01-26,S01,apple juice,,1,9\n", *lines[2:]], "numbers are missing"),
    ],
    ids=["gap", "negative", "outside", "missing"],
)
def test_a_faulty_forecast_is_not_published(months: dict[str, Container], tmp_path: Path, fault: Any, said: str) -> None:
    container = Container(tmp_path)
    container.give(months["new"].output / "forecast", "sales-Postprocess-input-forecast")
    path = container.input / "sales-Postprocess-input-forecast" / "forecast.csv"
    path.write_text("".join(fault(path.read_text(encoding="utf-8").splitlines(keepends=True))), encoding="utf-8")
    message = container.fails("publish")
    assert message.startswith("the forecast is not published: ")
    assert said in message
    assert not (container.output / "published").exists()


# Asking for retraining

EVENT = {"pipeline": "sales-build", "execution": EXECUTION, "drifted_columns": 4, "error_ratio": 2.67}
CALL = "import json, sys, {module}; print(json.dumps({module}.handler(json.loads(sys.argv[1]), None)))"


def test_the_function_starts_the_build_pipeline_once(tmp_path: Path) -> None:
    boto3 = pytest.importorskip("boto3")
    server_module = pytest.importorskip("moto.server", reason="moto's server stands for AWS")
    server = server_module.ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        keys = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_DEFAULT_REGION": "us-east-1"}
        url = f"http://{host}:{port}"
        client = boto3.client(
            "sagemaker", endpoint_url=url, region_name="us-east-1", aws_access_key_id="test", aws_secret_access_key="test"
        )
        client.create_pipeline(
            PipelineName="sales-build",
            PipelineDefinition='{"Version": "2020-12-01", "Steps": []}',
            ClientRequestToken="t" * 32,
            RoleArn="arn:aws:iam::111122223333:role/SageMakerExecutionRole",
        )
        program = CALL.format(module="ask_for_retraining")
        done = run(["-c", program, json.dumps(EVENT)], EXAMPLE / "lambdas", AWS_ENDPOINT_URL=url, **keys)
        assert done.returncode == 0, done.stderr
        (started,) = client.list_pipeline_executions(PipelineName="sales-build")["PipelineExecutionSummaries"]
        assert json.loads(done.stdout) == {"execution": started["PipelineExecutionArn"]}
        assert started["PipelineExecutionDescription"] == "4 drifted columns, 2.67 times the registered error"
    finally:
        server.stop()


@pytest.mark.parametrize("execution", ["a", EXECUTION, "x" * 200])
def test_the_token_is_one_that_the_service_takes(execution: str) -> None:
    program = "import json, sys, ask_for_retraining as m; print(m.request(json.loads(sys.argv[1]))['ClientRequestToken'])"
    done = run(["-c", program, json.dumps({**EVENT, "execution": execution})], EXAMPLE / "lambdas")
    token = done.stdout.strip()
    assert 32 <= len(token) <= 128
    assert execution[:60] in token


def test_the_local_handler_notes_the_request(tmp_path: Path) -> None:
    shutil.copytree(EXAMPLE / "lambdas", tmp_path / "lambdas", ignore=shutil.ignore_patterns("__pycache__"))
    done = run(["-c", CALL.format(module="ask_locally"), json.dumps(EVENT)], tmp_path / "lambdas")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout.splitlines()[-1]) == {"execution": f"data/retraining/{EXECUTION}.json"}
    asked = json.loads((tmp_path / "data" / "retraining" / f"{EXECUTION}.json").read_text(encoding="utf-8"))
    assert asked["PipelineName"] == "sales-build"
