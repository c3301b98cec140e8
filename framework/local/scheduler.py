"""When which step runs: a queue of what is ready, and a scheduler that takes from it.

In: who waits for whom, and a function that runs one step. It knows nothing about what a step is.
"""

from __future__ import annotations

from collections.abc import Callable

from framework.local.graph import Needs


class ReadyQueue:
    """Steps whose needs are met, in the order of the definition."""

    def __init__(self, needs: Needs) -> None:
        self._waiting = {name: set(others) for name, others in needs.items()}

    def take(self) -> str | None:
        """The next step that may start, which leaves the queue; None when there is none now."""
        name = next((name for name, others in self._waiting.items() if not others), None)
        if name is not None:
            del self._waiting[name]
        return name

    def finish(self, name: str) -> None:
        """Tells that a step succeeded."""
        for others in self._waiting.values():
            others.discard(name)

    def clear(self) -> None:
        """Nothing that has not started will start."""
        self._waiting.clear()


class Scheduler:
    """Runs steps one after the other; what waits for a failed step, and everything else not yet started, is not started."""

    def run(self, needs: Needs, execute: Callable[[str], bool]) -> None:
        """Runs every step whose turn comes.

        Args:
            needs: who waits for whom.
            execute: runs one step to its end; False when it failed.
        """
        queue = ReadyQueue(needs)
        while (name := queue.take()) is not None:
            if execute(name):
                queue.finish(name)
            else:
                queue.clear()
