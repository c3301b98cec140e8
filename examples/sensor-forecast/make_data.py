"""Make hourly power readings of many sensors, and the weather at their sites.

In: nothing but a fixed seed (`--sensors`, `--weeks` and `--output` change how much and where).
Out: readings.csv (one row per sensor and hour, with gaps) and weather.csv (one row per site and hour, without), the same bytes on
every machine.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

START = np.datetime64("2026-03-03T00:00:00")
FIRST_WEEKDAY = 1  # a Tuesday; whole weeks later the last two days are a Sunday and a Monday
SEED = 4096
HOURS_A_DAY = 24
HOURS_A_WEEK = 168
SITES = {"harbour": 9.0, "hill": 6.0, "old-town": 10.5, "valley": 8.0}
"""Each site and its mean temperature."""
LATE = 10
"""One sensor in so many was installed a week or two later than the others."""

Numbers = NDArray[np.float64]


class Kind(NamedTuple):
    """A kind of building: when it works, and how its load follows the weather.

    Attributes:
        opens, closes: hours of the day.
        weekend: the share of a working day's activity on Saturday and on Sunday.
        activity: how much a working hour adds to the base load.
        cooling: how much a degree above 12 adds.
    """

    opens: float
    closes: float
    weekend: tuple[float, float]
    activity: float
    cooling: float


KINDS = {
    "cold-store": Kind(5.0, 21.0, (0.8, 0.6), 0.35, 0.045),
    "office": Kind(7.5, 18.0, (0.12, 0.05), 1.40, 0.015),
    "plant": Kind(5.5, 22.0, (0.65, 0.10), 1.10, 0.004),
    "shop": Kind(8.5, 20.0, (1.15, 0.25), 0.95, 0.020),
}


class Draw:
    """Random numbers out of uniform ones alone: numpy keeps that stream stable, its other distributions it may change."""

    def __init__(self, seed: int) -> None:
        self._generator = np.random.Generator(np.random.PCG64(seed))

    def uniform(self, *shape: int) -> Numbers:
        return self._generator.random(shape)

    def normal(self, *shape: int) -> Numbers:
        """Twelve uniforms summed one by one: additions round alike on every processor, a vectorised logarithm may not."""
        total = np.full(shape, -6.0)
        for _ in range(12):
            total = total + self.uniform(*shape)
        return total

    def drifting(self, rows: int, hours: int, memory: float) -> Numbers:
        """Noise that remembers: each hour keeps a share of the hour before. Its variance is 1."""
        steps = self.normal(rows, hours) * (1.0 - memory**2) ** 0.5
        noise = np.empty((rows, hours))
        last = self.normal(rows)
        for hour in range(hours):
            last = memory * last + steps[:, hour]
            noise[:, hour] = last
        return noise


def weather(draw: Draw, hours: int) -> Numbers:
    """Degrees by site and hour: warmest in the afternoon, warmer from week to week, with spells of days."""
    time = np.arange(hours)
    day = 4.5 * np.cos(2 * np.pi * (time % HOURS_A_DAY - 15) / HOURS_A_DAY)
    spring = 5.0 * time / (6 * HOURS_A_WEEK)
    means = np.array(list(SITES.values()))[:, None]
    return np.round(means + day + spring + 2.6 * draw.drifting(len(SITES), hours, 0.985), 1)


def activity(kind: Kind, hours: int) -> Numbers:
    """How busy a building of a kind is, hour by hour: 1 in the middle of a working day."""
    time = np.arange(hours)
    hour, weekday = time % HOURS_A_DAY + 0.5, (time // HOURS_A_DAY + FIRST_WEEKDAY) % 7
    open_ = np.clip((hour - kind.opens) / 2 + 0.5, 0, 1) * np.clip((kind.closes - hour) / 2 + 0.5, 0, 1)
    noon = 1.0 - 0.14 * (np.abs(hour - 12.5) < 1.0)
    share = np.select([weekday == 5, weekday == 6], kind.weekend, 1.0)
    return open_ * noon * share


def kilowatts(draw: Draw, kinds: list[str], sites: NDArray[np.int64], degrees: Numbers) -> Numbers:
    """The true load by sensor and hour."""
    hours = degrees.shape[1]
    busy = np.array([activity(KINDS[kind], hours) * KINDS[kind].activity for kind in kinds])
    cooling = np.array([KINDS[kind].cooling for kind in kinds])[:, None] * np.maximum(degrees[sites] - 12.0, 0.0)
    base = 12.0 + 50.0 * draw.uniform(len(kinds), 1) ** 2
    habit = 0.75 + 0.5 * draw.uniform(len(kinds), 1)
    growth = (draw.uniform(len(kinds), 1) - 0.4) * 0.25 * np.arange(hours) / hours
    noise = 0.05 * draw.drifting(len(kinds), hours, 0.8) + 0.025 * draw.normal(len(kinds), hours)
    return np.round(base * np.maximum(1.0 + habit * busy + cooling + growth + noise, 0.05), 2)


def lost(draw: Draw, sensors: int, hours: int) -> NDArray[np.bool_]:
    """Which readings never arrived: single ones everywhere, and whole hours or days of some sensors."""
    gone = draw.uniform(sensors, hours) < 0.012
    for sensor in range(sensors):
        for outage in draw.uniform(3, 3):
            if outage[0] < 0.5:
                begin, length = int(outage[1] * hours), 2 + int(40 * outage[2] ** 2)
                gone[sensor, begin : begin + length] = True
    return gone


def rows_of_readings(draw: Draw, degrees: Numbers, sensors: int) -> list[str]:
    """The lines of readings.csv. Of what was lost, one half is an empty cell and the other half has no row at all."""
    hours = degrees.shape[1]
    kinds = [list(KINDS)[sensor % len(KINDS)] for sensor in range(sensors)]
    sites = (draw.uniform(sensors) * len(SITES)).astype(int)
    load, gone = kilowatts(draw, kinds, sites, degrees), lost(draw, sensors, hours)
    no_row = gone & (draw.uniform(sensors, hours) < 0.5)
    times = stamps(hours)
    lines = ["timestamp,sensor,site,kind,kilowatts"]
    for sensor, kind in enumerate(kinds):
        begin = HOURS_A_WEEK * (1 + sensor // LATE % 2) if sensor % LATE == LATE - 1 else 0
        about = f"meter-{sensor:02},{list(SITES)[sites[sensor]]},{kind}"
        kept = (hour for hour in range(begin, hours) if not no_row[sensor, hour])
        lines.extend(f"{times[hour]},{about},{'' if gone[sensor, hour] else load[sensor, hour]}" for hour in kept)
    return lines


def rows_of_weather(degrees: Numbers) -> list[str]:
    """The lines of weather.csv."""
    times = stamps(degrees.shape[1])
    cells = [
        f"{time},{site},{value}" for site, row in zip(SITES, degrees, strict=True) for time, value in zip(times, row, strict=True)
    ]
    return ["timestamp,site,celsius", *cells]


def stamps(hours: int) -> list[str]:
    return [str(START + np.timedelta64(hour, "h")).replace("T", " ") for hour in range(hours)]


def write(lines: list[str], path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(lines) + "\n", encoding="utf-8", newline="\n")
    return path


def main() -> None:
    parser = argparse.ArgumentParser(description="Make the sample data of the sensor-forecast example.")
    parser.add_argument("--output", type=Path, default=Path(__file__).resolve().parent / "data", help="folder to write to")
    parser.add_argument("--sensors", type=int, default=40, help="how many sensors")
    parser.add_argument("--weeks", type=int, default=6, help="how many weeks of hours")
    options = parser.parse_args()
    draw = Draw(SEED)
    degrees = weather(draw, options.weeks * HOURS_A_WEEK)
    print(write(rows_of_weather(degrees), options.output / "weather.csv"))
    print(write(rows_of_readings(draw, degrees, options.sensors), options.output / "readings.csv"))


if __name__ == "__main__":
    main()
