"""Put into figures what the monitors found, so that the pipeline can decide.

In: data-quality/constraint_violations.json (absent where there are none), model-quality/statistics.json (how good the forecast of
the new weeks was) and baseline/constraints.json (how good the model was when it was registered).
Out: verdict/verdict.json: drifted_columns (how many columns have any violation) and columns (which, and why), rmse and
baseline_rmse (both in relation to the usual sales), error_ratio (the first by the second).

A check by itself cannot decide: the constraints that a baseline suggests are the very figures it measured, and half of all later
months are a little worse than that without anything being wrong.
"""

from __future__ import annotations

import json
from collections import defaultdict
from pathlib import Path
from typing import Any

INPUT = Path("/opt/ml/processing/input")
VIOLATIONS = INPUT / "data-quality" / "constraint_violations.json"
STATISTICS = INPUT / "model-quality" / "statistics.json"
BASELINE = INPUT / "baseline" / "constraints.json"
VERDICT = Path("/opt/ml/processing/output/verdict/verdict.json")


def read(path: Path) -> dict[str, Any]:
    return json.loads(path.read_text(encoding="utf-8"))


def drifted(violations: list[dict[str, Any]]) -> dict[str, list[str]]:
    """By column, what is wrong with it."""
    columns: dict[str, list[str]] = defaultdict(list)
    for violation in violations:
        columns[violation["feature_name"]].append(f"{violation['constraint_check_type']}: {violation['description']}")
    return {name: columns[name] for name in sorted(columns)}


def judge(violations: list[dict[str, Any]], statistics: dict[str, Any], baseline: dict[str, Any]) -> dict[str, Any]:
    """The verdict.

    Args:
        violations: Of the data's constraints.
        statistics: Of the model's quality now.
        baseline: The constraints of the model's quality.
    """
    columns = drifted(violations)
    now = float(statistics["regression_metrics"]["rmse"]["value"])
    then = float(baseline["regression_constraints"]["rmse"]["threshold"])
    figures = {"rmse": now, "baseline_rmse": then, "error_ratio": now / then}
    return {"drifted_columns": len(columns), **figures, "columns": columns}


def main() -> None:
    violations = read(VIOLATIONS)["violations"] if VIOLATIONS.is_file() else []
    verdict = judge(violations, read(STATISTICS), read(BASELINE))
    VERDICT.parent.mkdir(parents=True, exist_ok=True)
    VERDICT.write_text(json.dumps(verdict, indent=2) + "\n", encoding="utf-8")
    print(f"drifted_columns={verdict['drifted_columns']} ({', '.join(verdict['columns']) or 'none'})")
    print(f"error_ratio={verdict['error_ratio']:.3f} rmse={verdict['rmse']:.4f} baseline_rmse={verdict['baseline_rmse']:.4f}")


if __name__ == "__main__":
    main()
