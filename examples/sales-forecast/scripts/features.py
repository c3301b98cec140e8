"""What the model knows when it forecasts: nothing that happens on or after the origin, but for planned prices and promotions.

In: a panel, and an origin, which is the first day to forecast. Out: one line for each series and day of the horizon: keys,
features, and the target where it is known.

Sales are put in relation to the usual ones: the mean of the four weeks before the origin, days with promotions and empty shelves
left out. So one model serves a kiosk and a supermarket, and a shop that grew is no news to it.
"""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
from panel import Panel

HORIZON = 28
YEAR = 364
"""Fifty-two weeks: the same weekday."""
NEEDED = YEAR + HORIZON
"""Days of history before the first possible origin."""
WEEK, PROFILE = 7, 56
TARGET, WEIGHT = "relative_sales", "usual_sales"
KEYS = ["date", "store", "item"]

FEATURES = [
    "horizon",  # calendar
    "weekday",
    "month_start",
    "season",
    "same_weekday",  # lags
    "last_same_weekday",
    "last_week",
    "usual_sales",
    "large_store",
    "discount",  # prices and promotions
    "promotion",
    "price_effect",
    "recent_promotions",
]
MONITORED = ["category", "size", "discount", "promotion", "price_effect", "recent_promotions", "same_weekday"]
"""What a new month may be compared with two years in: nothing here follows the calendar."""
PAYDAYS = 3


def features_at(panel: Panel, origin: int) -> pd.DataFrame:
    """Everything about the days of one horizon.

    Args:
        panel: The sales.
        origin: Row of the first day to forecast.

    Returns:
        KEYS, FEATURES, category, size, location, sales and TARGET; days that nobody has planned yet are left out.

    Raises:
        ValueError: There is too little history before the origin.
    """
    if origin < NEEDED:
        raise ValueError(f"{origin} days of history lie before {panel.days[0]:%Y-%m-%d} + {origin} days; {NEEDED} are needed")
    target = np.arange(origin, min(origin + HORIZON, len(panel.days)))
    usual = _usual(panel, origin)
    with np.errstate(divide="ignore", invalid="ignore"):
        relative = panel.sales / usual
    columns = {
        **_calendar(panel, origin, target),
        **_lags(panel, origin, target, relative),
        **_prices(panel, origin, target),
        "usual_sales": np.broadcast_to(usual, (len(target), len(usual))),
        "large_store": np.broadcast_to((panel.series["size"] == "large").to_numpy(dtype=float), (len(target), len(usual))),
        "sales": panel.sales[target],
        TARGET: relative[target],
    }
    frame = pd.DataFrame({name: np.asarray(values, dtype=float).ravel() for name, values in columns.items()})
    frame = pd.concat([_described(panel, target), frame], axis=1)
    return frame[panel.reported[target].ravel()].reset_index(drop=True)


def _described(panel: Panel, target: np.ndarray) -> pd.DataFrame:
    """The keys of each line, and what kind of shop and item it is."""
    count = len(panel.series)
    described = pd.concat([panel.series] * len(target), ignore_index=True)
    described.insert(0, "date", np.repeat(panel.days[target].strftime("%Y-%m-%d").to_numpy(), count))
    return described


def _mean(values: np.ndarray, axis: int = 0) -> np.ndarray:
    """The mean of what is known; NaN of nothing, without a warning."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        return np.nanmean(values, axis=axis)


def _filled(values: np.ndarray, neutral: float | np.ndarray) -> np.ndarray:
    return np.where(np.isfinite(values), values, neutral)


def _regular(panel: Panel) -> np.ndarray:
    """Sales on days without a promotion."""
    return np.where(panel.promotion, np.nan, panel.sales)


def _usual(panel: Panel, origin: int) -> np.ndarray:
    """By series, the usual sales before an origin; at least one piece in ten days, as something is divided by it."""
    regular, known = _mean(_regular(panel)[origin - HORIZON : origin]), _mean(panel.sales[origin - HORIZON : origin])
    return np.maximum(_filled(regular, _filled(known, 0.0)), 0.1)


def _calendar(panel: Panel, origin: int, target: np.ndarray) -> dict[str, np.ndarray]:
    days = panel.days[target]
    count = len(panel.series)
    by_day = {
        "horizon": target - origin + 1,
        "weekday": days.dayofweek.to_numpy(),
        "month_start": (days.day <= PAYDAYS).astype(float),
    }
    return {**{name: np.repeat(values, count) for name, values in by_day.items()}, "season": _season(panel, origin, target)}


def _season(panel: Panel, origin: int, target: np.ndarray) -> np.ndarray:
    """How the sales of the whole category went a year ago, from the four weeks before the origin to the week around the day."""
    regular = _regular(panel)
    season = np.ones((len(target), len(panel.series)))
    for category in sorted(panel.series["category"].unique()):
        members = (panel.series["category"] == category).to_numpy()
        daily = _mean(regular[:origin, members], axis=1)
        before = _mean(daily[origin - YEAR - HORIZON : origin - YEAR])
        around = np.array([_mean(daily[day - YEAR - 3 : day - YEAR + 4]) for day in target])
        season[:, members] = _filled(around / before, 1.0)[:, None]
    return season


def _lags(panel: Panel, origin: int, target: np.ndarray, relative: np.ndarray) -> dict[str, np.ndarray]:
    """What the same weekday, and the last week, were like before the origin."""
    regular = np.where(panel.promotion, np.nan, relative)
    profile = np.stack([_mean(regular[origin - PROFILE + day : origin : WEEK]) for day in range(WEEK)])
    profile = _filled(profile / _mean(profile), 1.0)
    weekday = (target - origin) % WEEK
    last = _filled(regular[origin - WEEK : origin], profile)
    last_week = _filled(_mean(regular[origin - WEEK : origin]), 1.0)
    return {
        "same_weekday": profile[weekday],
        "last_same_weekday": last[weekday],
        "last_week": np.broadcast_to(last_week, (len(target), len(last_week))),
    }


def _prices(panel: Panel, origin: int, target: np.ndarray) -> dict[str, np.ndarray]:
    recent = panel.promotion[origin - HORIZON : origin].mean(axis=0)
    return {
        "discount": panel.discount[target],
        "promotion": panel.promotion[target],
        "price_effect": (1.0 - panel.discount[target]) ** _elasticity(panel, origin),
        "recent_promotions": np.broadcast_to(recent, (len(target), len(recent))),
    }


def _elasticity(panel: Panel, origin: int) -> np.ndarray:
    """By series, the elasticity that the promotions of its item in all shops showed in the year before the origin."""
    past = slice(origin - YEAR, origin)
    daily = pd.DataFrame(_regular(panel)[:origin])
    usual = daily.shift(1).rolling(HORIZON, min_periods=WEEK).mean().to_numpy()[past]
    with np.errstate(divide="ignore", invalid="ignore"):
        lift, price = np.log(panel.sales[past] / usual), np.log1p(-panel.discount[past])
    told = panel.promotion[past] & np.isfinite(lift) & (price < 0)
    lift, price = np.where(told, lift, 0.0), np.where(told, price, 0.0)
    items = panel.series["item"]
    slope = {}
    for item in sorted(items.unique()):
        of_item = (items == item).to_numpy()
        square = (price[:, of_item] ** 2).sum()
        slope[item] = (price[:, of_item] * lift[:, of_item]).sum() / square if square else 0.0
    return items.map(slope).to_numpy(dtype=float)


def origins(first: int, last: int, every: int) -> list[int]:
    """Origins so many days apart, counted back from the last one, which is among them."""
    return sorted(range(last, first - 1, -every))


def naive(panel: Panel, origin: int, frame: pd.DataFrame) -> pd.Series:
    """The seasonal-naive forecast of each line: the last week before the origin again; the usual sales where a day has a gap."""
    week = panel.sales[origin - WEEK : origin]
    usual = _usual(panel, origin)
    positions = pd.MultiIndex.from_frame(panel.series[["store", "item"]]).get_indexer(
        pd.MultiIndex.from_frame(frame[["store", "item"]])
    )
    weekday = (frame["horizon"].to_numpy().astype(int) - 1) % WEEK
    return pd.Series(_filled(week[weekday, positions], usual[positions]), index=frame.index)
