"""Read what the batch transform wrote: for every line its keys, and what the model answered.

In: a .out file of sales-Transform, whose OutputFilter keeps the three keys and the four answers. Out: a table.
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd
from features import KEYS

ANSWERS = ["forecast", "lower", "upper", "relative_forecast"]


def read_scored(path: Path) -> pd.DataFrame:
    """The table.

    Args:
        path: The file.

    Returns:
        KEYS and ANSWERS, in the order of the file.

    Raises:
        ValueError: The file has other columns.
    """
    scored = pd.read_csv(path, header=None)
    if scored.shape[1] != len(KEYS) + len(ANSWERS):
        raise ValueError(f"{path.name} has {scored.shape[1]} columns; they should be {', '.join([*KEYS, *ANSWERS])}")
    scored.columns = [*KEYS, *ANSWERS]
    return scored


def with_actuals(scored: pd.DataFrame, actuals: pd.DataFrame) -> pd.DataFrame:
    """The two tables joined by their keys.

    Raises:
        ValueError: A line of one of them has no partner.
    """
    both = actuals.merge(scored, on=KEYS, how="outer", validate="one_to_one", indicator=True)
    alone = both[both["_merge"] != "both"]
    if len(alone):
        raise ValueError(f"{len(alone)} of {len(both)} lines have either no forecast or no actual sales")
    return both.drop(columns="_merge")
