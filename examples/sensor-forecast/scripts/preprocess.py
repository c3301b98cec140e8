"""Turn the raw readings of many sensors into the JSON Lines that DeepAR reads.

In: readings.csv (timestamp, sensor, site, kind, kilowatts; hours may be missing or empty) and weather.csv (timestamp, site,
celsius).
Out: train/train.json and test/test.json for training, forecast/requests.json for the batch transform, forecast/actuals.json for
the evaluation, forecast/categories.json (what the numbers in `cat` stand for).

Of the whole time, the last `--prediction-length` hours are what the transform forecasts, and the hours before them, as many again,
are what tuning compares models on:

    train     |-----------------------------|
    test      |-----------------------------|-- tuned on --|
    requests  |--------------------------------------------|
    actuals                                                |-- evaluated on --|

A line is one sensor: `start`, `target` (hourly, "NaN" where there is no reading), `cat` (kind and site) and `dynamic_feat` (the
temperature at the site, which requests also give for the hours to come).
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

CATEGORIES = ("kind", "site")
SEED = 17


class Sensor(NamedTuple):
    """One sensor's readings on a grid without holes, and the temperature along it."""

    name: str
    categories: dict[str, str]
    kilowatts: pd.Series
    celsius: pd.Series


def read_weather(path: Path) -> pd.DataFrame:
    """Degrees by hour (rows) and site (columns)."""
    return pd.read_csv(path, parse_dates=["timestamp"]).pivot(index="timestamp", columns="site", values="celsius")


def read_sensors(path: Path, weather: pd.DataFrame) -> Iterator[Sensor]:
    """Every sensor from its first reading to the last hour of the file.

    Raises:
        ValueError: A sensor has two readings for one hour, or none at all, or the weather of its hours is not known.
    """
    readings = pd.read_csv(path, parse_dates=["timestamp"], dtype={"sensor": str})
    last = readings["timestamp"].max()
    for name, rows in readings.groupby("sensor", sort=True):
        series = rows.set_index("timestamp")["kilowatts"]
        if series.index.has_duplicates:
            raise ValueError(f"{name} has two readings for {series.index[series.index.duplicated()][0]}")
        if series.first_valid_index() is None:
            raise ValueError(f"{name} has no readings")
        hours = pd.date_range(series.first_valid_index(), last, freq="h")
        about = {category: str(rows[category].iloc[0]) for category in CATEGORIES}
        yield Sensor(str(name), about, series.reindex(hours), _celsius(weather, rows["site"].iloc[0], hours))


def _celsius(weather: pd.DataFrame, site: str, hours: pd.DatetimeIndex) -> pd.Series:
    degrees = weather[site].reindex(hours) if site in weather else pd.Series(np.nan, hours)
    if degrees.isna().any():
        raise ValueError(f"the weather of {site} is not known for {degrees.index[degrees.isna()][0]}")
    return degrees


def numbers(series: pd.Series) -> list[float | str]:
    """As DeepAR reads them: what is missing is the text "NaN", which is JSON where a bare NaN is not."""
    return ["NaN" if np.isnan(value) else round(float(value), 3) for value in series]


def line(sensor: Sensor, codes: dict[str, dict[str, int]], end: int, ahead: int = 0) -> dict[str, Any]:
    """One record: the target without its last `end` hours, and the temperature `ahead` hours longer than that."""
    known = len(sensor.kilowatts) - end
    return {
        "start": str(sensor.kilowatts.index[0]),
        "target": numbers(sensor.kilowatts.iloc[:known]),
        "cat": [codes[category][sensor.categories[category]] for category in CATEGORIES],
        "dynamic_feat": [numbers(sensor.celsius.iloc[: known + ahead])],
    }


def encode(sensors: list[Sensor]) -> dict[str, dict[str, int]]:
    """The number of each kind and of each site, in alphabetical order."""
    names = {category: sorted({sensor.categories[category] for sensor in sensors}) for category in CATEGORIES}
    return {category: {name: number for number, name in enumerate(found)} for category, found in names.items()}


def write(path: Path, records: Iterable[dict[str, Any]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(record) + "\n" for record in records), encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description="Turn raw readings into DeepAR's JSON Lines.")
    parser.add_argument("--input", type=Path, default=Path("/opt/ml/processing/input"), help="folder of the inputs")
    parser.add_argument("--output", type=Path, default=Path("/opt/ml/processing/output"), help="folder of the outputs")
    parser.add_argument("--prediction-length", type=int, default=48, help="hours to forecast")
    options = parser.parse_args()
    horizon, output = options.prediction_length, options.output
    weather = read_weather(options.input / "weather" / "weather.csv")
    sensors = list(read_sensors(options.input / "readings" / "readings.csv", weather))
    short = [sensor.name for sensor in sensors if len(sensor.kilowatts) <= 3 * horizon]
    if short:
        raise ValueError(
            f"{short[0]} has no more than {3 * horizon} hours; {horizon} are to be forecast, as many again to be tuned on"
        )
    codes = encode(sensors)
    shuffled = np.random.default_rng(SEED).permutation(len(sensors))  # DeepAR wants its training series in no order
    write(output / "train" / "train.json", (line(sensors[place], codes, 2 * horizon) for place in shuffled))
    write(output / "test" / "test.json", (line(sensor, codes, horizon) for sensor in sensors))
    write(output / "forecast" / "requests.json", (line(sensor, codes, horizon, horizon) for sensor in sensors))
    actuals = ({"sensor": sensor.name, "actual": numbers(sensor.kilowatts.iloc[-horizon:])} for sensor in sensors)
    write(output / "forecast" / "actuals.json", actuals)
    write(output / "forecast" / "categories.json", [codes])
    missing = np.mean([sensor.kilowatts.isna().mean() for sensor in sensors])
    print(f"{len(sensors)} sensors, {len(weather)} hours, {missing:.1%} of the readings missing; forecasting {horizon} hours")


if __name__ == "__main__":
    main()
