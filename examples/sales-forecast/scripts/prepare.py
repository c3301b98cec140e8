"""Make the lines that a new month needs: of the weeks that have passed, to see how good the model still is, and of those to come.

In: sales/*.csv (the history), weeks/new_weeks.csv and weeks/plan.csv, stores/stores.csv and items/items.csv.
Out: score/recent.csv and score/future.csv (keys and features, no header); monitor/monitor.csv (what is compared with the training
data: both, header); actuals/actuals.csv (what was sold in the new weeks, header).

The forecast of the new weeks is made as it would have been on their first day: nothing that was sold in them is known to it.
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd
from features import FEATURES, HORIZON, KEYS, MONITORED, TARGET, features_at
from panel import read_panel

INPUT = Path("/opt/ml/processing/input")
OUTPUT = Path("/opt/ml/processing/output")
NEW, PLAN = INPUT / "weeks" / "new_weeks.csv", INPUT / "weeks" / "plan.csv"


def lines() -> tuple[pd.DataFrame, pd.DataFrame]:
    """Those of the new weeks, and those of the planned ones."""
    tables = INPUT / "stores" / "stores.csv", INPUT / "items" / "items.csv"
    first = pd.read_csv(PLAN, usecols=["date"])["date"].min()
    panel = read_panel([*sorted(INPUT.glob("sales/*.csv")), NEW, PLAN], *tables)
    origin = panel.position(pd.Timestamp(first))
    return features_at(panel, origin - HORIZON).dropna(subset=[TARGET]), features_at(panel, origin)


def write(frame: pd.DataFrame, name: str, header: bool = True) -> None:
    path = OUTPUT / name
    path.parent.mkdir(parents=True, exist_ok=True)
    frame.round(6).to_csv(path, index=False, header=header)


def main() -> None:
    recent, future = lines()
    write(recent[[*KEYS, *FEATURES]], "score/recent.csv", header=False)
    write(future[[*KEYS, *FEATURES]], "score/future.csv", header=False)
    write(pd.concat([recent, future])[MONITORED], "monitor/monitor.csv")
    write(recent[[*KEYS, "sales", TARGET]], "actuals/actuals.csv")
    print(f"lines recent={len(recent)} future={len(future)}, forecast from {future['date'].min()} to {future['date'].max()}")


if __name__ == "__main__":
    main()
