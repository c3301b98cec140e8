"""The example data: two seeded generators, run as a user runs them, give the same bytes and data worth learning from."""

from __future__ import annotations

import csv
import hashlib
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
SHOPPERS = ("lgbm", "online_shoppers_intention.csv")
HOUSING = ("multi-model", "cal_housing.data")
BOTH = pytest.mark.parametrize(("example", "name"), [SHOPPERS, HOUSING], ids=["lgbm", "multi-model"])
SHOPPER_COLUMNS = [
    "Administrative",
    "Administrative_Duration",
    "Informational",
    "Informational_Duration",
    "ProductRelated",
    "ProductRelated_Duration",
    "BounceRates",
    "ExitRates",
    "PageValues",
    "SpecialDay",
    "Month",
    "OperatingSystems",
    "Browser",
    "Region",
    "TrafficType",
    "VisitorType",
    "Weekend",
    "Revenue",
]


def make(example: str, name: str, working_directory: Path, hash_seed: str = "0", *options: str) -> Path:
    """Run a generator in a folder of its own and return the file it wrote to `made` there."""
    working_directory.mkdir(parents=True, exist_ok=True)
    environment = {**os.environ, "PYTHONHASHSEED": hash_seed, "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, str(EXAMPLES / example / "make_data.py"), "--output", "made", *options]
    subprocess.run(command, cwd=working_directory, env=environment, check=True, capture_output=True)
    return working_directory / "made" / name


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def ranks(values: np.ndarray) -> np.ndarray:
    """Mid-ranks: equal values share one rank."""
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    return (np.cumsum(counts) - (counts - 1) / 2)[inverse]


def rank_correlation(left: np.ndarray, right: np.ndarray) -> float:
    return float(np.corrcoef(ranks(left), ranks(right))[0, 1])


@pytest.fixture(scope="module")
def shoppers_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make(*SHOPPERS, tmp_path_factory.mktemp("shoppers"))


@pytest.fixture(scope="module")
def shoppers(shoppers_file: Path) -> dict[str, list[str]]:
    with shoppers_file.open(encoding="utf-8", newline="") as stream:
        header, *rows = list(csv.reader(stream))
    return {name: [row[column] for row in rows] for column, name in enumerate(header)}


@pytest.fixture(scope="module")
def housing(tmp_path_factory: pytest.TempPathFactory) -> np.ndarray:
    return np.loadtxt(make(*HOUSING, tmp_path_factory.mktemp("housing")), delimiter=",")


def numbers(shoppers: dict[str, list[str]], name: str) -> np.ndarray:
    return np.array(shoppers[name], dtype=float)


def revenue(shoppers: dict[str, list[str]]) -> np.ndarray:
    return np.array(shoppers["Revenue"]) == "TRUE"


@BOTH
def test_two_runs_write_the_same_bytes(example: str, name: str, tmp_path: Path) -> None:
    first = make(example, name, tmp_path / "here", "1")
    second = make(example, name, tmp_path / "some" / "other place", "4711")
    assert first.stat().st_size > 100_000
    assert digest(first) == digest(second)


@BOTH
def test_the_lines_end_alike_on_every_machine(example: str, name: str, tmp_path: Path) -> None:
    content = make(example, name, tmp_path, "0", "--rows", "40").read_bytes()
    assert b"\r" not in content
    assert content.endswith(b"\n")


@pytest.mark.parametrize(("example", "name", "header"), [(*SHOPPERS, 1), (*HOUSING, 0)], ids=["lgbm", "multi-model"])
def test_rows_is_the_number_of_rows(example: str, name: str, header: int, tmp_path: Path) -> None:
    lines = make(example, name, tmp_path, "0", "--rows", "250").read_text(encoding="utf-8").splitlines()
    assert len(lines) == 250 + header


def test_shoppers_has_the_columns_of_the_uci_file(shoppers: dict[str, list[str]]) -> None:
    assert list(shoppers) == SHOPPER_COLUMNS
    assert {len(column) for column in shoppers.values()} == {3000}


def test_shoppers_buy_as_rarely_as_in_the_uci_file(shoppers: dict[str, list[str]]) -> None:
    assert Counter(shoppers["Revenue"]) == {"FALSE": 2535, "TRUE": 465}


@pytest.mark.parametrize(
    ("name", "allowed"),
    [
        ("Month", {"Feb", "Mar", "May", "June", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"}),
        ("VisitorType", {"Returning_Visitor", "New_Visitor", "Other"}),
        ("Weekend", {"TRUE", "FALSE"}),
        ("SpecialDay", {"0", "0.2", "0.4", "0.6", "0.8", "1"}),
    ],
)
def test_shoppers_uses_every_category_and_no_other(shoppers: dict[str, list[str]], name: str, allowed: set[str]) -> None:
    assert set(shoppers[name]) == allowed


@pytest.mark.parametrize(
    ("name", "lowest", "highest"),
    [
        ("Administrative", 0, 27),
        ("Informational", 0, 24),
        ("ProductRelated", 0, 705),
        ("OperatingSystems", 1, 8),
        ("Browser", 1, 13),
        ("Region", 1, 9),
        ("TrafficType", 1, 20),
    ],
)
def test_shoppers_counts_and_codes_are_whole_and_in_range(
    shoppers: dict[str, list[str]], name: str, lowest: int, highest: int
) -> None:
    values = [int(text) for text in shoppers[name]]
    assert min(values) >= lowest
    assert max(values) <= highest
    assert len(set(values)) > 4


def test_shoppers_rates_and_values_are_in_range(shoppers: dict[str, list[str]]) -> None:
    bounces, exits, values = (numbers(shoppers, name) for name in ("BounceRates", "ExitRates", "PageValues"))
    assert bounces.min() >= 0
    assert (bounces <= exits).all()
    assert exits.max() <= 0.2
    assert values.min() == 0
    assert values.max() <= 361
    assert 0.15 < (values > 0).mean() < 0.3


@pytest.mark.parametrize("kind", ["Administrative", "Informational", "ProductRelated"])
def test_shoppers_spend_time_only_on_pages_they_saw(shoppers: dict[str, list[str]], kind: str) -> None:
    pages, seconds = numbers(shoppers, kind), numbers(shoppers, f"{kind}_Duration")
    assert (seconds[pages == 0] == 0).all()
    assert (seconds[pages > 0] > 0).all()


def test_shoppers_special_days_lie_in_february_and_may(shoppers: dict[str, list[str]]) -> None:
    near = numbers(shoppers, "SpecialDay") > 0
    assert set(np.array(shoppers["Month"])[near]) == {"Feb", "May"}


def test_shoppers_revenue_can_be_learnt_but_not_read_off(shoppers: dict[str, list[str]]) -> None:
    bought = revenue(shoppers).astype(float)
    assert 0.45 < rank_correlation(numbers(shoppers, "PageValues"), bought) < 0.75
    assert -0.4 < rank_correlation(numbers(shoppers, "ExitRates"), bought) < -0.2
    assert abs(rank_correlation(numbers(shoppers, "Region"), bought)) < 0.06


def test_housing_has_nine_columns_and_no_header(housing: np.ndarray) -> None:
    assert housing.shape == (3000, 9)
    assert np.isfinite(housing).all()


@pytest.mark.parametrize(
    ("column", "lowest", "highest"),
    [
        (0, -124.35, -114.31),
        (1, 32.54, 41.95),
        (2, 1, 52),
        (3, 6, 39320),
        (4, 2, 6445),
        (5, 3, 35682),
        (6, 2, 6082),
        (7, 0.4999, 15.0001),
        (8, 14999, 500001),
    ],
)
def test_housing_values_are_in_range(housing: np.ndarray, column: int, lowest: float, highest: float) -> None:
    assert housing[:, column].min() >= lowest
    assert housing[:, column].max() <= highest
    assert len(np.unique(housing[:, column])) > 50


def test_housing_counts_are_whole(housing: np.ndarray) -> None:
    assert (housing[:, 2:7] == np.round(housing[:, 2:7])).all()


def test_housing_sizes_move_together(housing: np.ndarray) -> None:
    correlations = np.corrcoef(housing[:, 3:7], rowvar=False)
    assert correlations.min() > 0.8


def test_housing_value_can_be_learnt_but_not_read_off(housing: np.ndarray) -> None:
    assert 0.5 < rank_correlation(housing[:, 7], housing[:, 8]) < 0.85
    scaled = (housing[:, :8] - housing[:, :8].mean(axis=0)) / housing[:, :8].std(axis=0)
    design = np.column_stack([np.ones(len(scaled)), scaled])
    value = housing[:, 8]
    weights, *_ = np.linalg.lstsq(design, value, rcond=None)
    unexplained = np.var(value - design @ weights) / np.var(value)
    assert 0.5 < 1 - unexplained < 0.85
