"""The log of a step's job on SageMaker, as `smp logs --execution` prints it: an execution and a step in, its lines out."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterator
from typing import TYPE_CHECKING

from framework.errors import BackendError
from framework.findings import Finding, FindingsError, Place, nearest
from framework.pipeline.execution import ENDED, Execution, StepState
from framework.report import text

if TYPE_CHECKING:
    from framework.deploy.backend import SageMakerBackend
    from framework.deploy.logs import Reader

POLL_SECONDS = 5.0


def lines(backend: SageMakerBackend, arn: str, name: str, follow: bool, last: int | None) -> Iterator[str]:
    """The lines of a step's job.

    Args:
        backend: talks to AWS.
        arn: the execution's.
        name: the step's.
        follow: whether to go on until the step has ended, and to wait for one that has not begun.
        last: begin with so many of the last lines; None begins with the first.

    Raises:
        FindingsError: the execution has not run such a step.
        BackendError: the step has no job of its own that writes a log, or AWS refuses.
    """
    from framework.deploy import logs

    if follow:
        yield from _followed(backend, arn, name, last)
        return
    log = logs.job_log(_step(backend.describe(arn), name))
    if log is None:
        raise _no_log(name)
    found = logs.Reader(backend.clients, log).more() if last is None else logs.tail(backend.clients, log, last)
    yield from map(text.shown, found)


def _followed(backend: SageMakerBackend, arn: str, name: str, last: int | None) -> Iterator[str]:
    from framework.deploy import logs

    reader: Reader | None = None
    while True:
        execution = backend.describe(arn)
        state = next((state for state in execution.steps if state["StepName"] == name), None)
        over = execution.status in ENDED or (state is not None and state["StepStatus"] in ENDED)
        if over and state is None:
            _step(execution, name)
        log = logs.job_log(state or {})
        if reader is None and log is not None:
            reader = logs.Reader(backend.clients, log)
            yield from map(text.shown, _begin(reader, last))
        elif reader is not None:
            yield from map(text.shown, reader.more())
        if over:
            if reader is None:
                raise _no_log(name)
            return
        time.sleep(POLL_SECONDS)


def _begin(reader: Reader, last: int | None) -> Iterator[str]:
    return reader.more() if last is None else iter(deque(reader.more(), maxlen=last))


def _step(execution: Execution, name: str) -> StepState:
    if execution.hidden:
        raise BackendError(f"Looking for the step {name}", execution.hidden)
    known = {str(state["StepName"]): state for state in execution.steps}
    if name not in known:
        raise FindingsError([Finding("SMP304", Place("logs"), f"{execution.id} has run no step {name}", nearest(name, known))])
    return known[name]


def _no_log(name: str) -> BackendError:
    return BackendError(f"Reading the log of {name}", "it has no job that writes one, or none yet", "`smp status` shows its job")
