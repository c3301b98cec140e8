"""Make a stand-in for the UCI "Online Shoppers Purchasing Intention" data.

In: nothing but a fixed seed (`--rows` and `--output` change how much and where).
Out: online_shoppers_intention.csv, with the columns of the UCI file and a learnable Revenue, the same bytes on every machine.
"""

from __future__ import annotations

import argparse
import csv
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

FILE_NAME = "online_shoppers_intention.csv"
SEED = 468
BUYERS = 0.155
MONTHS = {
    "Feb": 0.015,
    "Mar": 0.155,
    "May": 0.273,
    "June": 0.023,
    "Jul": 0.035,
    "Aug": 0.035,
    "Sep": 0.036,
    "Oct": 0.045,
    "Nov": 0.243,
    "Dec": 0.140,
}
VISITORS = {"Returning_Visitor": 0.855, "New_Visitor": 0.137, "Other": 0.008}
SPECIAL_MONTHS = ("Feb", "May")
COUNTS = ("Administrative", "Informational", "ProductRelated")
COLUMNS = (
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
)

Numbers = NDArray[np.float64]
Table = dict[str, NDArray[Any]]


class Draw:
    """Random columns out of uniform numbers alone: numpy keeps that stream stable, its other distributions it may change."""

    def __init__(self, rows: int, seed: int) -> None:
        self.rows = rows
        self._generator = np.random.Generator(np.random.PCG64(seed))

    def uniform(self) -> Numbers:
        return self._generator.random(self.rows)

    def normal(self) -> Numbers:
        """Twelve uniforms summed one by one: additions round alike on every processor, a vectorised logarithm may not."""
        total = np.full(self.rows, -6.0)
        for _ in range(12):
            total = total + self.uniform()
        return total

    def exponential(self) -> Numbers:
        return -np.log(1.0 - self.uniform())

    def choice(self, values: list[Any], weights: list[float]) -> NDArray[Any]:
        edges = np.cumsum(weights)
        picked = np.searchsorted(edges / edges[-1], self.uniform(), side="right")
        return np.array(values)[picked]

    def skewed(self, count: int, ratio: float) -> NDArray[Any]:
        """Codes 1..count, each one `ratio` times as likely as the one before."""
        return self.choice(list(range(1, count + 1)), [ratio**code for code in range(count)])


def context(draw: Draw) -> Table:
    """Who came, when and from where."""
    month = draw.choice(list(MONTHS), list(MONTHS.values()))
    near = np.isin(month, SPECIAL_MONTHS) & (draw.uniform() < 0.36)
    closeness = draw.choice([0.2, 0.4, 0.6, 0.8, 1.0], [0.14, 0.19, 0.28, 0.26, 0.13])
    return {
        "Month": month,
        "SpecialDay": np.where(near, closeness, 0.0),
        "VisitorType": draw.choice(list(VISITORS), list(VISITORS.values())),
        "Weekend": draw.uniform() < 0.233,
        "OperatingSystems": draw.choice([1, 2, 3, 4, 5, 6, 7, 8], [210, 535, 207, 39, 1, 2, 1, 6]),
        "Browser": draw.choice(list(range(1, 14)), [200, 645, 9, 60, 38, 14, 4, 11, 1, 13, 1, 1, 5]),
        "Region": draw.skewed(9, 0.78),
        "TrafficType": draw.skewed(20, 0.72),
    }


def visited_pages(draw: Draw, interest: Numbers) -> Table:
    """How many pages of each kind, and the seconds spent on them: the more interest, the more of both."""
    none = {"Administrative": 0.47, "Informational": 0.79, "ProductRelated": 0.003}
    scale = {"Administrative": 3.8, "Informational": 1.9, "ProductRelated": 26.0}
    most = {"Administrative": 27, "Informational": 24, "ProductRelated": 705}
    seconds = {"Administrative": 32.0, "Informational": 62.0, "ProductRelated": 37.0}
    table: Table = {}
    for kind in COUNTS:
        eager = np.exp(0.45 * interest - 0.1)
        pages = np.ceil(scale[kind] * draw.exponential() * eager)
        pages = np.where(draw.uniform() < none[kind], 0, np.minimum(pages, most[kind])).astype(int)
        pace = 0.35 + 0.65 * draw.exponential()
        table[kind] = pages
        table[f"{kind}_Duration"] = np.round(pages * seconds[kind] * pace, 3)
    return table


def leaving_rates(draw: Draw, interest: Numbers, pages: NDArray[Any]) -> Table:
    """Short visits end at once: their rates are high. Nobody bounces more often than they exit."""
    exits = 0.012 + 0.16 / (1.0 + 0.35 * pages) * np.exp(-0.35 * interest) + 0.014 * draw.exponential()
    exits = np.minimum(np.where(pages <= 1, 0.2, exits), 0.2)
    share = np.where(draw.uniform() < 0.45, 0.0, draw.uniform() * 0.75)
    bounces = np.where(pages <= 1, exits, exits * share)
    return {"BounceRates": np.round(bounces, 6), "ExitRates": np.round(exits, 6)}


def page_values(draw: Draw, interest: Numbers) -> Numbers:
    """What the visited pages were worth in earlier sales: nothing at all for most visits."""
    worth = 15.0 * np.exp(0.85 * draw.normal() + 0.15 * interest)
    valued = 1.1 * interest + draw.normal() > 1.12
    return np.round(np.where(valued, np.minimum(worth, 361.0), 0.0), 4)


def revenue(draw: Draw, table: Table, interest: Numbers) -> NDArray[Any]:
    """The most eager visits buy: a score of the columns, a part nobody can see, and chance."""
    score = (
        1.1 * (table["PageValues"] > 0)
        + 0.5 * np.log1p(table["PageValues"])
        - 11.0 * table["ExitRates"]
        + 0.12 * np.log1p(table["ProductRelated_Duration"])
        + 0.7 * (table["Month"] == "Nov")
        + 0.4 * (table["VisitorType"] == "New_Visitor")
        - 0.6 * table["SpecialDay"]
        + 0.4 * interest
        + 1.5 * draw.normal()
    )
    buys = np.zeros(draw.rows, dtype=bool)
    buys[np.argsort(-score, kind="stable")[: round(BUYERS * draw.rows)]] = True
    return buys


def make_table(rows: int, seed: int = SEED) -> Table:
    """All columns of the file.

    Args:
        rows: How many visits to make up.
        seed: Where the random stream starts.

    Returns:
        The columns by name, each with `rows` values.
    """
    draw = Draw(rows, seed)
    interest = draw.normal()
    table = {**context(draw), **visited_pages(draw, interest)}
    table.update(leaving_rates(draw, interest, table["ProductRelated"]))
    table["PageValues"] = page_values(draw, interest)
    table["Revenue"] = revenue(draw, table, interest)
    return {name: table[name] for name in COLUMNS}


def as_text(value: Any) -> str:
    """One cell, spelt as in the UCI file: TRUE and FALSE in capitals, no trailing zeros."""
    if isinstance(value, bool):
        return str(value).upper()
    return f"{value:.12g}" if isinstance(value, float) else str(value)


def write(table: Table, folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    columns = [column.tolist() for column in table.values()]
    path = folder / FILE_NAME
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(table)
        writer.writerows([as_text(column[row]) for column in columns] for row in range(len(columns[0])))
    return path


def main() -> None:
    parser = argparse.ArgumentParser(description="Make the sample data of the lgbm example.")
    parser.add_argument("--output", type=Path, default=Path(__file__).resolve().parent / "data", help="folder to write to")
    parser.add_argument("--rows", type=int, default=3000, help="how many rows to make")
    options = parser.parse_args()
    print(write(make_table(options.rows), options.output))


if __name__ == "__main__":
    main()
