"""The columns of the data set and how each becomes a number.

In: visits as they stand in the raw CSV.
Out: the label and the features as plain numbers, columns always in the same order, label first.

The encoding is fixed here, not learnt from the data, so that every split and every later request gets the same codes:
Month is the month's number, VisitorType is 0 (other), 1 (new) or 2 (returning), Weekend and Revenue are 0 or 1; the rest is
numeric already.
"""

from __future__ import annotations

import pandas as pd

LABEL = "Revenue"
NUMERIC = [
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
]
# Codes without an order: LightGBM is told to split on sets of them. Month is left out, it does have one.
CATEGORICAL = ["OperatingSystems", "Browser", "Region", "TrafficType", "VisitorType"]
FEATURES = [*NUMERIC, "Month", "Weekend", *CATEGORICAL]

CODES: dict[str, dict[object, int]] = {
    "Month": {
        "Jan": 1,
        "Feb": 2,
        "Mar": 3,
        "Apr": 4,
        "May": 5,
        "June": 6,
        "Jul": 7,
        "Aug": 8,
        "Sep": 9,
        "Oct": 10,
        "Nov": 11,
        "Dec": 12,
    },
    "VisitorType": {"Other": 0, "New_Visitor": 1, "Returning_Visitor": 2},
    "Weekend": {False: 0, True: 1},
    LABEL: {False: 0, True: 1},
}


def encode(visits: pd.DataFrame) -> pd.DataFrame:
    """Turn raw visits into numbers.

    Args:
        visits: The raw columns, in any order.

    Returns:
        The label and the features.

    Raises:
        ValueError: A column is missing, or holds a value that has no code.
    """
    missing = [name for name in [LABEL, *FEATURES] if name not in visits.columns]
    if missing:
        raise ValueError(f"the raw data lacks the columns {', '.join(missing)}")
    encoded = visits[[LABEL, *FEATURES]].copy()
    for name, codes in CODES.items():
        encoded[name] = _coded(visits[name], codes)
    return encoded


def _coded(column: pd.Series, codes: dict[object, int]) -> pd.Series:
    coded = column.map(codes)
    unknown = sorted({str(value) for value in column[coded.isna()]})
    if unknown:
        raise ValueError(f"column {column.name} holds {', '.join(unknown)}; known are {', '.join(map(str, codes))}")
    return coded.astype(int)
