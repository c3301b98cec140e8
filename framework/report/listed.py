"""How steps are listed: their names, what they are, and whom they wait for, for people and for programs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from framework.findings import printable
from framework.pipeline.listing import Listed

COLUMNS = ("Step", "Class", "Type", "Model", "In", "After", "Runs with")


def table(steps: Iterable[Listed], comes_with: Mapping[str, str]) -> tuple[Sequence[str], list[list[str]]]:
    """The columns and the rows of a table; a column without a cell is left out, but for that of the types.

    `comes_with` tells of steps that are not selected themselves the one that they run with.
    """
    cells = [
        [step.name, step.step_class, step.type, step.model, "/".join(step.holders), ", ".join(step.after), comes_with[step.name]]
        for step in steps
    ]
    rows = [[printable(cell) for cell in row] for row in cells]
    kept = [index for index in range(len(COLUMNS)) if index in (0, 2) or any(row[index] for row in rows)]
    return [COLUMNS[index] for index in kept], [[row[index] for index in kept] for row in rows]


def data(steps: Iterable[Listed], comes_with: Mapping[str, str]) -> list[dict[str, Any]]:
    """The steps as a program reads them."""
    return [
        {
            "name": step.name,
            "class": step.step_class or None,
            "type": step.type,
            "model": step.model or None,
            "in": list(step.holders),
            "after": list(step.after),
            "runsWith": comes_with[step.name] or None,
        }
        for step in steps
    ]
