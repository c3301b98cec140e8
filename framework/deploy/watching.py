"""Following an execution: a way to ask for its state in, every change of a step told, its last state out."""

from __future__ import annotations

import time
from collections.abc import Callable

from framework.errors import BackendError
from framework.pipeline.execution import ENDED, Execution, Watcher

POLL_SECONDS = 15.0
PATIENCE_SECONDS = 600.0
"""How long questions may go unanswered, one after the other, until it is given up."""

Bear = Callable[[BackendError], bool]
"""Whether to go on asking after an error, and not give up."""


def give_up(error: BackendError) -> bool:
    """The `Bear` that bears nothing."""
    return False


def follow(
    describe: Callable[[], Execution],
    watch: Watcher,
    poll_seconds: float = POLL_SECONDS,
    timeout_seconds: float | None = None,
    bear: Bear = give_up,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> Execution:
    """Asks until the execution has ended.

    Args:
        describe: the execution as it stands.
        watch: called for each step that is new or whose status changed, in the order in which the steps are told.
        poll_seconds: how long to wait between two questions.
        timeout_seconds: how long to wait altogether; None waits for ever.
        bear: asked about each error once the execution is known, for ten minutes in a row at most.
        clock, sleep: the time, for tests.

    Returns:
        The execution at its end, whether that is Succeeded, Failed or Stopped.

    Raises:
        BackendError: the time was up, or AWS cannot be asked; the execution itself goes on.
    """
    started = answered = clock()
    known: dict[str, str] = {}
    execution = describe()
    while True:
        _tell(execution, known, watch)
        if execution.status in ENDED:
            return execution
        left = poll_seconds if timeout_seconds is None else started + timeout_seconds - clock()
        if left <= 0:
            raise _time_is_up(execution, timeout_seconds)
        sleep(min(poll_seconds, left))
        try:
            execution, answered = describe(), clock()
        except BackendError as error:
            if clock() - answered > PATIENCE_SECONDS or not bear(error):
                raise


def _tell(execution: Execution, known: dict[str, str], watch: Watcher) -> None:
    for step in execution.steps:
        name, status = str(step.get("StepName", "")), str(step.get("StepStatus", ""))
        if known.get(name) != status:
            known[name] = status
            watch(step)


def _time_is_up(execution: Execution, timeout_seconds: float | None) -> BackendError:
    arn = execution.description.get("PipelineExecutionArn", "")
    return BackendError(
        f"Waiting for {arn or 'the execution'}",
        f"it is still {execution.status} after {timeout_seconds:g} s",
        "wait for longer",
    )
