"""Stopping a run at once: every process that a step has started is known here and can be ended from another thread.

In: a runner. Out: a runner that does the same, and a `stop`.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from framework.errors import BackendError
from framework.local.isolation import Command, Runner, Running

STOP_SECONDS = 15.0
"""How long a stop waits for processes to end; those that do not are killed with the tool."""


class StoppedError(BackendError):
    """The run is being stopped; nothing starts any more."""

    def __init__(self) -> None:
        super().__init__("Starting a process", "the run is being stopped")


class StoppableRunner:
    """Starts commands as another runner does.

    Args:
        runner: the other one.

    Attributes:
        runner: as given.
        stopped: set when `stop` was called.
    """

    def __init__(self, runner: Runner) -> None:
        self.runner = runner
        self._lock = threading.Lock()
        self._running: set[StoppableRunning] = set()
        self.stopped = threading.Event()

    def start(self, command: Command) -> Running:
        """See `Runner.start`."""
        if self.stopped.is_set():
            raise StoppedError
        running = StoppableRunning(self.runner.start(command), self._forget)
        with self._lock:
            self._running.add(running)
        if self.stopped.is_set():
            running.stop()
            raise StoppedError
        return running

    def stop(self) -> None:
        """Ends every process, and lets no other start."""
        self.stopped.set()
        with self._lock:
            running = list(self._running)
        stoppers = [threading.Thread(target=each.stop, daemon=True) for each in running]
        for stopper in stoppers:
            stopper.start()
        end = time.monotonic() + STOP_SECONDS
        for stopper in stoppers:
            stopper.join(max(0.0, end - time.monotonic()))

    def _forget(self, running: StoppableRunning) -> None:
        with self._lock:
            self._running.discard(running)


class StoppableRunning:
    """A process that two threads may deal with: one waits for it, another may end it."""

    def __init__(self, running: Running, forget: Callable[[StoppableRunning], None]) -> None:
        self._running, self._forget = running, forget

    def wait(self, timeout: float | None = None) -> int | None:
        """See `Running.wait`."""
        code = self._running.wait(timeout)
        if code is not None:
            self._forget(self)
        return code

    def stop(self, grace: float = 0.0) -> None:
        """See `Running.stop`."""
        self._running.stop(grace)
        self._forget(self)
