"""Make daily sales of a few shops: two years of history, four new weeks, and the plan of the four weeks after them.

In: nothing but a fixed seed (`--output` changes where, `--stores` how much).
Out: history/ (sales/2024-2025.csv, stores.csv, items.csv), new/ and drifted/ (each new_weeks.csv and plan.csv), the same bytes on
every machine. In drifted/ a competitor takes customers from the small shops, and promotions become deeper and more frequent.
"""

from __future__ import annotations

import argparse
import csv
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

SEED = 2024
FIRST_DAY = date(2024, 1, 1)
"""A Monday."""
HISTORY, NEW, PLANNED = 728, 28, 28
DAYS = HISTORY + NEW + PLANNED
STORES = 12
LARGE_EVERY = 3
"""Every so many-th shop is a large one."""

ITEMS = (
    # item, category, regular price, pieces a day in a shop of size 1, price elasticity
    ("apple juice", "drinks", 2.49, 26.0, -1.9),
    ("cola", "drinks", 1.79, 44.0, -2.4),
    ("iced tea", "drinks", 1.99, 20.0, -2.1),
    ("mineral water", "drinks", 0.89, 52.0, -1.3),
    ("baguette", "bakery", 1.29, 48.0, -1.1),
    ("croissant", "bakery", 1.19, 34.0, -1.5),
    ("rye bread", "bakery", 3.29, 22.0, -1.2),
    ("chicken soup", "soups", 2.89, 16.0, -2.0),
    ("lentil soup", "soups", 2.29, 14.0, -1.8),
    ("tomato soup", "soups", 2.19, 20.0, -2.2),
)
SEASON = {"drinks": (0.30, 200.0), "bakery": (0.04, 340.0), "soups": (0.34, 20.0)}
"""By category, how strong the yearly season is, and the day of the year on which it peaks."""
CITY = (1.08, 1.06, 1.04, 1.06, 1.14, 0.92, 0.70)
SUBURB = (0.86, 0.84, 0.88, 0.94, 1.14, 1.42, 0.92)
PAYDAY, PAYDAY_DAYS = 1.08, 3
DISPLAY = 1.12
"""What standing in front of the shop adds to a promotion's price."""
DISCOUNTS = (0.1, 0.2, 0.3)
DEEP_DISCOUNTS = (0.35, 0.45, 0.5)
PROMOTED, PROMOTED_DRIFTED = 0.14, 0.45
COMPETITOR = 0.62
STOCK_OUT = 0.006

Numbers = NDArray[np.float64]


class Draw:
    """Random arrays out of uniform numbers alone: numpy keeps that stream stable, its other distributions it may change."""

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


@dataclass(frozen=True)
class World:
    """What happens when nobody looks; arrays are days x stores x items.

    Attributes:
        sizes, city: by store, how big it is, and whether it lies in the city.
        expected: sales at the regular price.
        noise: what chance makes of them.
        luck: a normal number for the rounding of a count.
        promoted, discounted: uniform numbers, by week, that decide about promotions.
        out: where the shelf is empty.
    """

    sizes: Numbers
    city: NDArray[Any]
    expected: Numbers
    noise: Numbers
    luck: Numbers
    promoted: Numbers
    discounted: Numbers
    out: NDArray[Any]


def make_world(stores: int = STORES, seed: int = SEED) -> World:
    """Everything that both variants share.

    Args:
        stores: How many shops there are.
        seed: Where the random stream starts.

    Returns:
        The shops, and what they would sell without promotions.
    """
    draw = Draw(seed)
    shape = (DAYS, stores, len(ITEMS))
    large = np.arange(stores) % LARGE_EVERY == 0
    sizes = np.where(large, 1.5 + 0.7 * draw.uniform(stores), 0.5 + 0.3 * draw.uniform(stores))
    city = draw.uniform(stores) < 0.5
    taste = 0.8 + 0.4 * draw.uniform(stores, len(ITEMS))
    growth = 0.10 * draw.normal(stores)
    weeks = DAYS // 7
    return World(
        sizes=sizes,
        city=city,
        expected=expected_sales(sizes, city, taste, growth),
        noise=np.exp(0.10 * draw.normal(*shape) + 0.06 * draw.normal(DAYS, stores, 1)),
        luck=draw.normal(*shape),
        promoted=draw.uniform(weeks, stores, len(ITEMS)),
        discounted=draw.uniform(weeks, stores, len(ITEMS)),
        out=draw.uniform(*shape) < STOCK_OUT,
    )


def expected_sales(sizes: Numbers, city: NDArray[Any], taste: Numbers, growth: Numbers) -> Numbers:
    """Size, taste, trend, yearly season, weekday and payday; no promotion, no chance."""
    days = np.arange(DAYS)
    dates = [FIRST_DAY + timedelta(days=int(day)) for day in days]
    weekday = np.where(city[None, :], np.array(CITY)[days % 7][:, None], np.array(SUBURB)[days % 7][:, None])
    payday = np.array([PAYDAY if day.day <= PAYDAY_DAYS else 1.0 for day in dates])
    of_year = np.array([day.timetuple().tm_yday for day in dates])
    strength, peak = (np.array([SEASON[item[1]][part] for item in ITEMS]) for part in (0, 1))
    season = np.exp(strength * np.cos(2 * np.pi * (of_year[:, None] - peak) / 365.25))
    trend = 1.0 + growth[None, :] * (days[:, None] / 365.25 - 1.0)
    by_store = sizes[None, :] * trend * weekday * payday[:, None]
    pieces = np.array([item[3] for item in ITEMS])
    return by_store[:, :, None] * taste[None, :, :] * (season * pieces)[:, None, :]


def discounts(world: World, drifted: bool) -> Numbers:
    """By day, store and item: promotions last from Monday to Sunday."""
    week = np.arange(len(world.promoted))[:, None, None]
    late = drifted & (week >= HISTORY // 7)
    share = np.where(late, PROMOTED_DRIFTED, PROMOTED)
    which = (world.discounted * len(DISCOUNTS)).astype(int)
    depth = np.where(late, np.array(DEEP_DISCOUNTS)[which], np.array(DISCOUNTS)[which])
    return np.repeat(np.where(world.promoted < share, depth, 0.0), 7, axis=0)


def sales(world: World, discount: Numbers, drifted: bool) -> NDArray[Any]:
    """Whole pieces: what is expected, times the promotion's effect, times chance; nothing from an empty shelf."""
    elasticity = np.array([item[4] for item in ITEMS])
    lift = np.where(discount > 0, DISPLAY * (1.0 - discount) ** elasticity, 1.0)
    mean = world.expected * lift * world.noise
    if drifted:
        mean[HISTORY:, world.sizes < 1.0] *= COMPETITOR
    counts = np.maximum(np.rint(mean + np.sqrt(mean) * world.luck), 0.0).astype(int)
    return np.where(world.out, 0, counts)


def rows(world: World, drifted: bool, first: int, last: int, known: bool) -> Iterator[list[str]]:
    """Lines of a CSV file for the days from first to last; sales and stock only where they are known already."""
    discount = discounts(world, drifted)
    sold = sales(world, discount, drifted)
    yield ["date", "store", "item", *(["sales", "in_stock"] if known else []), "price", "regular_price", "promotion"]
    for day in range(first, last):
        text = (FIRST_DAY + timedelta(days=day)).isoformat()
        for store in range(len(world.sizes)):
            for index, item in enumerate(ITEMS):
                off = discount[day, store, index]
                seen = [str(sold[day, store, index]), str(int(not world.out[day, store, index]))] if known else []
                prices = [f"{item[2] * (1.0 - off):.2f}", f"{item[2]:.2f}", str(int(off > 0))]
                yield [text, store_name(store), item[0], *seen, *prices]


def store_name(number: int) -> str:
    return f"S{number + 1:02d}"


def stores(world: World) -> Iterator[list[str]]:
    yield ["store", "size", "location"]
    for number, size in enumerate(world.sizes.tolist()):
        yield [store_name(number), "large" if size > 1.0 else "small", "city" if world.city[number] else "suburb"]


def items() -> Iterator[list[str]]:
    yield ["item", "category"]
    for item in ITEMS:
        yield [item[0], item[1]]


def write(path: Path, lines: Iterator[list[str]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream, lineterminator="\n").writerows(lines)
    print(path)


def main() -> None:
    parser = argparse.ArgumentParser(description="Make the sample data of the sales-forecast example.")
    parser.add_argument("--output", type=Path, default=Path(__file__).resolve().parent / "data", help="folder to write to")
    parser.add_argument("--stores", type=int, default=STORES, help="how many shops to make")
    options = parser.parse_args()
    world = make_world(options.stores)
    write(options.output / "history" / "sales" / "2024-2025.csv", rows(world, False, 0, HISTORY, known=True))
    write(options.output / "history" / "stores.csv", stores(world))
    write(options.output / "history" / "items.csv", items())
    for variant in ("new", "drifted"):
        drifted = variant == "drifted"
        write(options.output / variant / "new_weeks.csv", rows(world, drifted, HISTORY, HISTORY + NEW, known=True))
        write(options.output / variant / "plan.csv", rows(world, drifted, HISTORY + NEW, DAYS, known=False))


if __name__ == "__main__":
    main()
