"""Make a stand-in for the California housing data (the 1990 census, one row per block group).

In: nothing but a fixed seed (`--rows` and `--output` change how much and where).
Out: cal_housing.data, a CSV without a header whose columns are those of the original file, with house values that can be
learnt from the rest; the same bytes on every machine.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

FILE_NAME = "cal_housing.data"
SEED = 1990
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
# Longitude, latitude, how far it spreads in degrees, its share of the people, what living there adds to a house.
CITIES = (
    (-118.25, 34.05, 0.35, 0.42, 0.30),
    (-122.25, 37.70, 0.35, 0.22, 0.55),
    (-117.10, 32.85, 0.20, 0.12, 0.25),
    (-121.45, 38.58, 0.30, 0.10, -0.05),
    (-119.78, 36.75, 0.60, 0.14, -0.30),
)

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


def places(draw: Draw) -> tuple[Table, Numbers]:
    """Where the block groups lie, and what the place alone adds to the (logarithm of the) value."""
    cities = np.array(CITIES)
    city = cities[np.searchsorted(np.cumsum(cities[:, 3]), draw.uniform() * cities[:, 3].sum(), side="right")]
    longitude = np.clip(city[:, 0] + city[:, 2] * draw.normal(), -124.35, -114.31)
    latitude = np.clip(city[:, 1] + 0.7 * city[:, 2] * draw.normal(), 32.54, 41.95)
    return {"longitude": np.round(longitude, 2), "latitude": np.round(latitude, 2)}, city[:, 4]


def homes(draw: Draw, income: Numbers) -> Table:
    """Rooms, bedrooms, people and households: four views of one size, which is what makes a PCA worthwhile."""
    age = np.clip(np.round(29.0 + 12.5 * draw.normal()), 1, 52)
    households = np.clip(np.round(np.exp(6.05 + 0.65 * draw.normal() - 0.008 * (age - 29.0))), 2, 6082)
    rooms = np.clip(np.round(households * (3.4 + 0.48 * income) * np.exp(0.12 * draw.normal())), 6, 39320)
    bedrooms = np.clip(np.round(households * 1.07 * np.exp(0.06 * draw.normal())), 2, 6445)
    people = np.clip(np.round(households * 2.9 * np.exp(0.22 * draw.normal() - 0.01 * income)), 3, 35682)
    return {
        "housingMedianAge": age,
        "totalRooms": rooms,
        "totalBedrooms": bedrooms,
        "population": people,
        "households": households,
    }


def house_values(draw: Draw, table: Table, place: Numbers) -> Numbers:
    """Income first, then the place, the crowding and the age; the census cut values off at 500,001 and so does this."""
    crowding = table["population"] / table["households"]
    logarithm = (
        11.1
        + 0.62 * np.log(table["medianIncome"])
        + 0.9 * place
        - 0.14 * (crowding - 2.9)
        + 0.004 * (table["housingMedianAge"] - 29.0)
        + 0.19 * draw.normal()
    )
    return np.clip(np.round(np.exp(logarithm), -2), 14999, 500001)


def make_table(rows: int, seed: int = SEED) -> Table:
    """All columns of the file.

    Args:
        rows: How many block groups to make up.
        seed: Where the random stream starts.

    Returns:
        The columns by name, each with `rows` values.
    """
    draw = Draw(rows, seed)
    table, place = places(draw)
    table["medianIncome"] = np.round(np.clip(np.exp(1.27 + 0.45 * draw.normal()), 0.4999, 15.0001), 4)
    table.update(homes(draw, table["medianIncome"]))
    table["medianHouseValue"] = house_values(draw, table, place)
    return {name: table[name] for name in COLUMNS}


def write(table: Table, folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    rows = np.column_stack(list(table.values())).tolist()
    path = folder / FILE_NAME
    path.write_bytes("".join(",".join(f"{value:.6f}" for value in row) + "\n" for row in rows).encode("ascii"))
    return path


def main() -> None:
    parser = argparse.ArgumentParser(description="Make the sample data of the multi-model example.")
    parser.add_argument("--output", type=Path, default=Path(__file__).resolve().parent / "data", help="folder to write to")
    parser.add_argument("--rows", type=int, default=3000, help="how many rows to make")
    options = parser.parse_args()
    print(write(make_table(options.rows), options.output))


if __name__ == "__main__":
    main()
