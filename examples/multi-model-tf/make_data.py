"""Make a stand-in for the California housing data in which no straight line leads from the features to the house values.

In: nothing but a fixed seed (`--rows` and `--output` change how much and where).
Out: cal_housing.data, a CSV without a header whose columns are those of the original file; the same bytes on every machine.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

FILE_NAME = "cal_housing.data"
SEED = 1997
COLUMNS = (
    "longitude",
    "latitude",
    "housingMedianAge",
    "totalRooms",
    "totalBedrooms",
    "population",
    "households",
    "medianIncome",
    "medianHouseValue",
)
# Longitude, latitude, spread in degrees, share of the block groups.
CITIES = (
    (-118.25, 34.05, 0.45, 0.40),
    (-122.25, 37.70, 0.40, 0.25),
    (-117.10, 32.85, 0.25, 0.12),
    (-121.45, 38.58, 0.35, 0.11),
    (-119.78, 36.75, 0.70, 0.12),
)
# The coast as straight lines from north to south: latitude and longitude of the corners.
COAST_LATITUDE = (32.5, 33.7, 34.0, 34.5, 36.6, 37.8, 40.0, 42.0)
COAST_LONGITUDE = (-117.1, -118.2, -118.6, -120.5, -121.9, -122.5, -124.1, -124.3)

Numbers = NDArray[np.float64]
Table = dict[str, Numbers]


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


def places(draw: Draw) -> Table:
    cities = np.array(CITIES)
    city = cities[np.searchsorted(np.cumsum(cities[:, 3]), draw.uniform() * cities[:, 3].sum(), side="right")]
    longitude = np.clip(city[:, 0] + city[:, 2] * draw.normal(), -124.35, -114.31)
    latitude = np.clip(city[:, 1] + 0.7 * city[:, 2] * draw.normal(), 32.54, 41.95)
    return {"longitude": np.round(longitude, 2), "latitude": np.round(latitude, 2)}


def homes(draw: Draw, income: Numbers) -> Table:
    """Rooms, bedrooms, people and households: four views of one size, which is what makes a PCA worthwhile."""
    households = np.clip(np.round(np.exp(6.05 + 0.6 * draw.normal())), 2, 6082)
    rooms = np.clip(np.round(households * (3.4 + 0.48 * income) * np.exp(0.12 * draw.normal())), 6, 39320)
    bedrooms = np.clip(np.round(households * 1.07 * np.exp(0.06 * draw.normal())), 2, 6445)
    people = np.clip(np.round(households * 2.9 * np.exp(0.22 * draw.normal())), 3, 35682)
    return {"totalRooms": rooms, "totalBedrooms": bedrooms, "population": people, "households": households}


def miles_inland(table: Table) -> Numbers:
    """How far east of the coast a block group lies, roughly; nothing lies west of it."""
    coast = np.interp(table["latitude"], COAST_LATITUDE, COAST_LONGITUDE)
    return np.maximum(table["longitude"] - coast, 0.0) * 55.0


def house_values(draw: Draw, table: Table) -> Numbers:
    """What makes a value: income, which counts for more at the coast; the coast, which fades within a few miles; and age, where
    the new and the very old are dear and the middle is cheap."""
    near = 1.0 / (1.0 + (miles_inland(table) / 12.0) ** 2)
    income = np.minimum(table["medianIncome"], 9.0)
    age = (table["housingMedianAge"] - 27.0) / 25.0
    value = 52_000 + 21_000 * income + 70_000 * near + 18_000 * income * near + 45_000 * age**2 + 22_000 * draw.normal()
    return np.clip(np.round(value, -2), 14999, 500001)


def make_table(rows: int, seed: int = SEED) -> Table:
    """All columns of the file.

    Args:
        rows: How many block groups to make up.
        seed: Where the random stream starts.

    Returns:
        The columns by name, each with `rows` values.
    """
    draw = Draw(rows, seed)
    table = places(draw)
    table["housingMedianAge"] = np.clip(np.round(27.0 + 13.0 * draw.normal()), 1, 52)
    table["medianIncome"] = np.round(np.clip(np.exp(1.27 + 0.45 * draw.normal()), 0.4999, 15.0001), 4)
    table.update(homes(draw, table["medianIncome"]))
    table["medianHouseValue"] = house_values(draw, table)
    return {name: table[name] for name in COLUMNS}


def write(table: Table, folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    rows = np.column_stack(list(table.values())).tolist()
    path = folder / FILE_NAME
    path.write_bytes("".join(",".join(f"{value:.6f}" for value in row) + "\n" for row in rows).encode("ascii"))
    return path


def main() -> None:
    parser = argparse.ArgumentParser(description="Make the sample data of the multi-model-tf example.")
    parser.add_argument("--output", type=Path, default=Path(__file__).resolve().parent / "data", help="folder to write to")
    parser.add_argument("--rows", type=int, default=6000, help="how many rows to make")
    options = parser.parse_args()
    print(write(make_table(options.rows), options.output))


if __name__ == "__main__":
    main()
