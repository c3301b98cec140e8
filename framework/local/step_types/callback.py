"""Callback: a token that waits for somebody's answer (`framework.local.callbacks`).

Nothing is sent to the SQS queue; what it would get stands in the token's file. Where nobody answers within seven days the step
fails. A run that is stopped ends at once, whereas the service waits for an answer even then (developer guide, page "Pipelines
steps", on stopping a Callback step).
"""

from __future__ import annotations

import hashlib
import json
import threading
import time
from pathlib import Path
from typing import Any

from framework.errors import BackendError
from framework.local import callbacks
from framework.local.callbacks import Answer, Callback
from framework.local.files import read_json
from framework.local.job import StepError, StepRun
from framework.local.outputs import declared
from framework.local.recording import note, state_folder
from framework.local.step_types.base import StepType

LIMIT_SECONDS = 7 * 86400.0
POLL_SECONDS = 0.2


def run(step: StepRun) -> dict[str, Any]:
    """Runs the step; see `StepType.run`."""
    state = state_folder(step.site)
    callback = callbacks.open_callback(state, _callback(step))
    note(
        step,
        f"waits for an answer to the token {callback.token}, at most until {_until(callback)}; the message is {_shown(callback)}",
    )
    note(step, "to answer: " + _command(callback))
    answer = _wait(state, callback, step)
    note(step, f"was answered: {'success' if answer.success else answer.reason or 'failure'}")
    if not answer.success:
        raise StepError(f"ClientError: {answer.reason or 'the callback was answered with a failure, without a reason'}")
    return {"CallbackToken": callback.token, "SqsQueueUrl": callback.queue, "OutputParameters": dict(answer.outputs)}


def _callback(step: StepRun) -> Callback:
    execution = _execution(step)
    token = _token(step.job_name)
    message = {"token": token, "pipelineExecutionArn": execution, "arguments": dict(step.arguments), "status": "Executing"}
    return Callback(
        token=token,
        execution=execution.rpartition("/")[2],
        step=str(step.step["Name"]),
        queue=str(step.step.get("SqsQueueUrl", "")),
        outputs=declared(step.step),
        message=message,
        created=time.time(),
    )


def _token(job: str) -> str:
    """Ten letters and digits: the same for the same attempt of a step, so that an answer counts also after the run was resumed."""
    return hashlib.sha256(job.encode()).hexdigest()[:10]


def _execution(step: StepRun) -> str:
    """The ARN of the execution that the step's folder lies in; "" where that is none."""
    found = [path for folder in step.folder.parents if (path := folder / "execution.json").is_file()]
    return str(read_json(found[0])["PipelineExecutionArn"]) if found else ""


def _until(callback: Callback) -> str:
    return time.strftime("%Y-%m-%d %H:%M", time.localtime(callback.created + LIMIT_SECONDS))


def _shown(callback: Callback) -> str:
    return json.dumps(callback.message, ensure_ascii=False)


def _command(callback: Callback) -> str:
    outputs = "".join(f" {name}=<{kind}>" for name, kind in callback.outputs.items())
    return f"smp local callback {callback.token}{outputs}"


def _wait(state: Path, callback: Callback, step: StepRun) -> Answer:
    """The answer, once it is there."""
    stopped = getattr(step.site.runner, "stopped", None)
    try:
        while (answer := callbacks.answered(state, callback.token)) is None:
            if time.time() > callback.created + LIMIT_SECONDS:
                late = Answer(False, {}, f"nobody answered the callback within {LIMIT_SECONDS:.0f} seconds")
                callbacks.settle(state, callback.token, late)
            else:
                _pause(stopped)
    except BaseException:
        callbacks.withdraw(state, callback.token)
        raise
    return answer


def _pause(stopped: threading.Event | None) -> None:
    """Lets a moment pass."""
    if stopped is None:
        time.sleep(POLL_SECONDS)
    elif stopped.wait(POLL_SECONDS):
        raise BackendError("Waiting for an answer", "the run was stopped")


STEP_TYPE = StepType("Callback", "callback", "", "", run, arn_is_result=True)
