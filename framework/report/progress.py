"""How far uploads have come: on a terminal a bar that goes when it is done, elsewhere nothing."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import TextIO


@contextlib.contextmanager
def bar(what: str, total: int, out: TextIO) -> Iterator[Callable[[int, int], None]]:
    """A function that is told how many are done, and how many there are.

    Args:
        what: is done, as in "uploading".
        total: how many there are.
        out: where the bar is shown.
    """
    if total == 0 or not out.isatty():
        yield lambda done, total: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()
    with Progress(*columns, console=Console(file=out), transient=True) as progress:
        task = progress.add_task(what, total=total)
        yield lambda done, total: progress.update(task, completed=done, total=total)
