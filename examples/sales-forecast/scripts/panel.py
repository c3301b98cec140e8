"""Daily sales as arrays: one row for each day, one column for each shop and item.

In: tables with the columns date, store, item, price, regular_price, promotion, and sales and in_stock where they are known; the
tables of shops and items. Out: a `Panel`. Whatever one must know about gaps is settled here: a day nobody reported is a gap, not a
zero, and a day with an empty shelf says nothing about demand.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

KEYS = ["store", "item"]
COLUMNS = ["date", *KEYS, "price", "regular_price", "promotion"]


class Panel(NamedTuple):
    """Arrays of days x series, a series being an item in a shop.

    Attributes:
        days: the dates, without gaps.
        series: one line each: store, item, category, size, location.
        sales: NaN where nothing is known, or the shelf was empty.
        discount: the part of the regular price that is taken off; 0 where no price is known.
        promotion: whether a promotion runs.
        reported: where a line was in the tables.
    """

    days: pd.DatetimeIndex
    series: pd.DataFrame
    sales: np.ndarray
    discount: np.ndarray
    promotion: np.ndarray
    reported: np.ndarray

    def position(self, day: pd.Timestamp) -> int:
        """The row of a day; of one after the last, the row it would have."""
        return int((day - self.days[0]).days)


def read_panel(sales: list[Path], stores: Path, items: Path) -> Panel:
    """Read and join the files.

    Args:
        sales: Files of daily lines; later ones continue earlier ones.
        stores: The table of shops.
        items: The table of items.

    Returns:
        The panel.

    Raises:
        ValueError: A column is missing, a line comes twice, or a shop or an item is in no table.
    """
    lines = pd.concat([_read_lines(path) for path in sales], ignore_index=True)
    twice = lines[lines.duplicated(["date", *KEYS])]
    if len(twice):
        day, store, item = twice.iloc[0][["date", *KEYS]]
        raise ValueError(f"{len(twice)} lines come twice; the first is {item} in {store} on {day:%Y-%m-%d}")
    series = _described(lines, pd.read_csv(stores), pd.read_csv(items))
    days = pd.date_range(lines["date"].min(), lines["date"].max(), freq="D")
    wide = {name: _wide(lines, name, days, series) for name in ("sales", "in_stock", "price", "regular_price", "promotion")}
    known = wide["in_stock"] == 1
    return Panel(
        days=days,
        series=series,
        sales=np.where(known, wide["sales"], np.nan),
        discount=np.nan_to_num(1.0 - wide["price"] / wide["regular_price"]),
        promotion=wide["promotion"] == 1,
        reported=~np.isnan(wide["price"]),
    )


def _read_lines(path: Path) -> pd.DataFrame:
    lines = pd.read_csv(path)
    missing = [name for name in COLUMNS if name not in lines.columns]
    if missing:
        raise ValueError(f"{path.name} lacks the columns {', '.join(missing)}")
    for name in ("sales", "in_stock"):
        if name not in lines.columns:
            lines[name] = np.nan
    lines["date"] = pd.to_datetime(lines["date"], format="%Y-%m-%d")
    return lines


def _described(lines: pd.DataFrame, stores: pd.DataFrame, items: pd.DataFrame) -> pd.DataFrame:
    """The series that occur, sorted, with what is known of their shops and items."""
    series = lines[KEYS].drop_duplicates().sort_values(KEYS).reset_index(drop=True)
    for key, table in (("store", stores), ("item", items)):
        unknown = sorted(set(series[key]) - set(table[key]))
        if unknown:
            raise ValueError(f"the table of {key}s lacks {', '.join(unknown)}")
        series = series.merge(table, on=key, how="left", validate="many_to_one")
    return series


def _wide(lines: pd.DataFrame, name: str, days: pd.DatetimeIndex, series: pd.DataFrame) -> np.ndarray:
    table = lines.pivot(index="date", columns=KEYS, values=name)
    return table.reindex(index=days, columns=pd.MultiIndex.from_frame(series[KEYS])).to_numpy(dtype=float)
