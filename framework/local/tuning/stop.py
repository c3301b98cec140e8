"""Ending training jobs that run: because the time of the tuning job is up, or because one of them cannot be run at all.

`WatchedRunner` wraps the runner of a job, and needs no help of the code that waits for the job.
"""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass

from framework.local.isolation import Command, Runner, Running
from framework.local.job import StepError

POLL_SECONDS = 0.2


class TrialStoppedError(StepError):
    """The training job was ended by its tuning job; it did not fail by itself."""


class StopSign:
    """Tells all training jobs of a tuning job when to end.

    Args:
        seconds: from now; None for no limit.
    """

    def __init__(self, seconds: int | None) -> None:
        self._limit = seconds
        self._end = None if seconds is None else time.monotonic() + seconds
        self._raised = threading.Event()

    def raise_now(self) -> None:
        """Everything ends, at once."""
        self._raised.set()

    @property
    def urgent(self) -> bool:
        """Whether jobs get no time to end by themselves."""
        return self._raised.is_set()

    @property
    def reason(self) -> str:
        """Why jobs must end; empty while they may run."""
        if self._raised.is_set():
            return "Stopped: the tuning job was stopped"
        if self._end is not None and time.monotonic() >= self._end:
            return f"Stopped: the tuning job reached MaxRuntimeInSeconds = {self._limit}"
        return ""


@dataclass(frozen=True)
class WatchedRunner:
    """A runner whose processes end when the sign says so.

    Attributes:
        runner: starts them.
        sign: says so.
        grace: seconds a process has to end by itself, where it is not urgent.
    """

    runner: Runner
    sign: StopSign
    grace: float

    def start(self, command: Command) -> Running:
        """See `Runner.start`.

        Raises:
            TrialStoppedError: it is too late.
        """
        if self.sign.reason:
            raise TrialStoppedError(self.sign.reason)
        return WatchedRunning(self.runner.start(command), self.sign, self.grace)


@dataclass(frozen=True)
class WatchedRunning:
    """A process that ends when the sign says so, while somebody waits for it."""

    running: Running
    sign: StopSign
    grace: float

    def wait(self, timeout: float | None = None) -> int | None:
        """See `Running.wait`.

        Raises:
            TrialStoppedError: the process was ended.
        """
        end = None if timeout is None else time.monotonic() + timeout
        while True:
            left = POLL_SECONDS if end is None else max(0.0, min(POLL_SECONDS, end - time.monotonic()))
            code = self.running.wait(left)
            if code is not None:
                return code
            if reason := self.sign.reason:
                self.running.stop(0.0 if self.sign.urgent else self.grace)
                raise TrialStoppedError(reason)
            if end is not None and time.monotonic() >= end:
                return None

    def stop(self, grace: float = 0.0) -> None:
        """See `Running.stop`."""
        self.running.stop(grace)
