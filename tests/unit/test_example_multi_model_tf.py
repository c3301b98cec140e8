"""The scripts of examples/multi-model-tf, run as processes over folders laid out like /opt/ml."""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

np = pytest.importorskip("numpy")
pytest.importorskip("sklearn", reason="scikit-learn is not installed: pip install -e '.[examples]'")
EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "multi-model-tf"
ROWS = 800


def make(folder: Path, *options: str, hash_seed: str = "0") -> Path:
    environment = {**os.environ, "PYTHONHASHSEED": hash_seed, "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, str(EXAMPLE / "make_data.py"), "--output", str(folder), *options]
    subprocess.run(command, env=environment, check=True, capture_output=True)
    return folder / "cal_housing.data"


class Container:
    """A folder that stands for /opt/ml: scripts are copied with the path written anew, as a local run without isolation does."""

    def __init__(self, root: Path, model: str) -> None:
        self.ml, self._code = root / "ml", root / "code"
        self._code.mkdir(parents=True)
        for path in (EXAMPLE / model / "scripts").iterdir():
            (self._code / path.name).write_text(path.read_text(encoding="utf-8").replace("/opt/ml", str(self.ml)), encoding="utf-8")

    def put(self, source: Path, name: str) -> None:
        target = self.ml / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, target)

    def run(self, script: str, *words: str) -> str:
        """What the script prints."""
        environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
        done = subprocess.run(
            [sys.executable, f"{script}.py", *words], cwd=self._code, env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def module(self, name: str) -> ModuleType:
        spec = importlib.util.spec_from_file_location(f"example_{name}", self._code / f"{name}.py")
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module


@pytest.fixture(scope="module")
def raw(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make(tmp_path_factory.mktemp("raw"), "--rows", str(ROWS))


@pytest.fixture(scope="module")
def pca(raw: Path, tmp_path_factory: pytest.TempPathFactory) -> Container:
    """The first model after its processing and its training."""
    container = Container(tmp_path_factory.mktemp("pca"), "pca")
    container.put(raw, "processing/input/raw_data/cal_housing.data")
    assert container.run("preprocess") == "train=560 validation=120 test=120\n"
    for name in ("train.csv", "scaler.joblib"):
        container.put(container.ml / "processing/output/train" / name, f"input/data/housing-pca-Preprocessing-train/{name}")
    assert container.run("train", "--n_components", "5").startswith("components=5 explained_variance=0.9")
    return container


@pytest.fixture(scope="module")
def network(pca: Container, tmp_path_factory: pytest.TempPathFactory) -> Container:
    """The second model after its processing, with the components that the first one serves."""
    container = Container(tmp_path_factory.mktemp("tf"), "tensorflow")
    serving = pca.module("inference")
    rows = (pca.ml / "processing/output/all/x.csv").read_text()
    components = pca.ml / "x.csv.out"
    components.write_text(
        serving.output_fn(serving.predict_fn(serving.input_fn(rows, "text/csv"), serving.model_fn(pca.ml / "model")), "")
    )
    container.put(components, "processing/input/housing-pca-Transform-input-all/x.csv.out")
    container.put(pca.ml / "processing/output/all/rows.csv", "processing/input/housing-pca-Preprocessing-input-all/rows.csv")
    assert container.run("preprocess") == "test=120 train=560 validation=120\n"
    return container


def table(path: Path, skip: int = 0) -> Any:
    return np.loadtxt(path, delimiter=",", skiprows=skip, ndmin=2)


def test_two_runs_write_the_same_bytes(tmp_path: Path) -> None:
    digests = {hashlib.sha256(make(tmp_path / seed, hash_seed=seed).read_bytes()).hexdigest() for seed in ("1", "4711")}
    assert len(digests) == 1


def test_the_house_value_cannot_be_had_with_a_straight_line(tmp_path: Path) -> None:
    rows = table(make(tmp_path))
    assert rows.shape == (6000, 9)
    design = np.column_stack([np.ones(len(rows)), (rows[:, :8] - rows[:, :8].mean(axis=0)) / rows[:, :8].std(axis=0)])
    weights, *_ = np.linalg.lstsq(design, rows[:, 8], rcond=None)
    assert 0.4 < 1 - np.var(rows[:, 8] - design @ weights) / np.var(rows[:, 8]) < 0.72


def test_the_scale_is_learnt_from_the_training_rows_alone(pca: Container) -> None:
    scaled = table(pca.ml / "processing/output/train/train.csv", skip=1)
    assert np.abs(scaled.mean(axis=0)).max() < 1e-9
    assert np.abs(scaled.std(axis=0) - 1).max() < 1e-9


def test_the_rows_that_are_sent_are_raw_and_in_the_order_of_the_file(pca: Container, raw: Path) -> None:
    assert np.array_equal(table(pca.ml / "processing/output/all/x.csv"), table(raw)[:, :8])
    values = [line.split(",")[1] for line in (pca.ml / "processing/output/all/rows.csv").read_text().splitlines()[1:]]
    assert [float(value) for value in values] == table(raw)[:, 8].tolist()


def test_the_components_are_those_of_scaled_rows(pca: Container, network: Container) -> None:
    train = table(network.ml / "processing/output/train/train.csv", skip=1)[:, 1:]
    assert train.shape == (560, 5)
    assert np.abs(train.mean(axis=0)).max() < 1e-9, "only rows that the scaler and the PCA learnt from have this mean"
    correlations = np.corrcoef(train, rowvar=False) - np.eye(5)
    assert np.abs(correlations).max() < 1e-9


def test_the_pca_reads_csv_only(pca: Container) -> None:
    with pytest.raises(ValueError, match="this model reads text/csv, not image/png"):
        pca.module("inference").input_fn("1", "image/png")


def test_the_two_handlers_speak_to_tensorflow_serving(network: Container) -> None:
    serving = network.module("inference")
    context = SimpleNamespace(request_content_type="text/csv; charset=utf-8")
    request = serving.input_handler(SimpleNamespace(read=lambda: b"1,2.5\n\n3,4\n"), context)
    assert json.loads(request) == {"instances": [[1.0, 2.5], [3.0, 4.0]]}
    response = SimpleNamespace(status_code=200, json=lambda: {"predictions": [[1.0], [2.345]]})
    assert serving.output_handler(response, context) == ("1.00\n2.35\n", "text/csv")
    with pytest.raises(ValueError, match="the model takes x"):
        serving.output_handler(SimpleNamespace(status_code=400, content=b"the model takes x"), context)
    with pytest.raises(ValueError, match="this model reads text/csv, not image/png"):
        serving.input_handler(SimpleNamespace(read=lambda: b""), SimpleNamespace(request_content_type="image/png"))


def test_the_report(network: Container) -> None:
    values = table(network.ml / "processing/output/test/y_test.csv")[:, 0]
    network.put(network.ml / "processing/output/test/y_test.csv", "processing/input/housing-tf-Preprocessing-test/y_test.csv")
    predictions = network.ml / "processing/input/housing-tf-Transform-test/x_test.csv.out"
    predictions.parent.mkdir(parents=True)
    predictions.write_text("".join(f"{value + 300}\n" for value in values))
    network.run("evaluate")
    report = json.loads((network.ml / "processing/output/model_evaluation_metrics.json").read_text())["regression_metrics"]
    assert report["rmse"]["value"] == pytest.approx(300)
    assert report["mae"]["value"] == pytest.approx(300)
    assert 0.99 < report["r2"]["value"] < 1


def test_a_network_is_trained_and_saved_for_tensorflow_serving(network: Container, tmp_path: Path) -> None:
    if importlib.util.find_spec("tensorflow") is None:
        pytest.skip("TensorFlow is not installed: pip install -e '.[tensorflow]'")
    for name in ("train.csv", "validation.csv"):
        network.put(network.ml / "processing/output/train" / name, f"input/data/housing-tf-Preprocessing-train/{name}")
    said = network.run("train", "--epochs", "15", "--batch_size", "32").splitlines()[-1]
    figures = {name: float(value) for name, value in (pair.split("=") for pair in said.split())}
    assert figures["epochs"] <= 15
    assert figures["validation_rmse"] < figures["linear_rmse"]
    assert (network.ml / "model/housing/1/saved_model.pb").is_file()
