"""The open tokens of Callback steps, and answering them.

state/callbacks/<token>.json: who waits, for what, and the message that the step's SQS queue would get; <token>.answer.json: the
answer, created once. In: the state folder, a token, an answer. The two calls of the API are SendPipelineExecutionStepSuccess and
SendPipelineExecutionStepFailure.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from framework.errors import BackendError
from framework.findings import Finding, FindingsError, Place, nearest
from framework.local.files import create_atomically, disk, json_bytes, read_json
from framework.local.outputs import from_text

RULE = "SMP804"
PLACE = Place("callback")
TOKEN = re.compile(r"[A-Za-z0-9]{10}")
LONGEST_REASON = 256
"""Of SendPipelineExecutionStepFailure."""


@dataclass(frozen=True)
class Callback:
    """A Callback step that waits, or has waited, for an answer.

    Attributes:
        token: names it.
        execution: the id of its execution.
        step: the step's name.
        queue: the URL of the SQS queue that would get the message.
        outputs: the names and the types of its output parameters.
        message: the body of the message: token, pipelineExecutionArn, arguments, status.
        created: when it began to wait, in seconds since 1970.
    """

    token: str
    execution: str
    step: str
    queue: str
    outputs: Mapping[str, str]
    message: Mapping[str, Any]
    created: float


@dataclass(frozen=True)
class Answer:
    """What a step that waited is told.

    Attributes:
        success: whether the step succeeds.
        outputs: the typed values of its output parameters.
        reason: why it fails.
    """

    success: bool
    outputs: Mapping[str, Any]
    reason: str = ""


def open_callback(state: Path, callback: Callback) -> Callback:
    """Makes a callback known; one that was opened before is as it was then.

    Raises:
        BackendError: the disk refuses.
    """
    target = _file(state, callback.token)
    with disk(f"Opening the callback {callback.token}"):
        if not create_atomically(target, json_bytes(asdict(callback))):
            callback = Callback(**read_json(target))
    return callback


def withdraw(state: Path, token: str) -> None:
    """Forgets a callback that nobody waits for any more."""
    _file(state, token).unlink(missing_ok=True)


def answered(state: Path, token: str) -> Answer | None:
    """The answer to a callback; None while there is none.

    Raises:
        BackendError: it cannot be read.
    """
    source = _answer_file(state, token)
    if not source.is_file():
        return None
    with disk(f"Reading the answer to the callback {token}"):
        return Answer(**read_json(source))


def settle(state: Path, token: str, answer: Answer) -> bool:
    """Answers a callback; False when that has been done already.

    Raises:
        BackendError: the disk refuses.
    """
    with disk(f"Answering the callback {token}"):
        return create_atomically(_answer_file(state, token), json_bytes(asdict(answer)))


def list(state: Path) -> Sequence[Callback]:  # noqa: A001 - read as callbacks.list
    """The callbacks that have no answer yet, oldest first.

    Raises:
        BackendError: they cannot be read.
    """
    folder = state / "callbacks"
    with disk(f"Reading {folder}"):
        tokens = (
            [path.stem for path in folder.iterdir() if path.suffix == ".json" and TOKEN.fullmatch(path.stem)]
            if folder.is_dir()
            else ()
        )
        found = [Callback(**read_json(folder / f"{token}.json")) for token in tokens if not _answer_file(state, token).exists()]
    return sorted(found, key=lambda callback: (callback.created, callback.token))


def answer(state: Path, token: str, success: bool = True, outputs: Mapping[str, str] | None = None, reason: str = "") -> Callback:
    """Answers an open callback: its step ends.

    Args:
        state: the state folder.
        token: the callback's token.
        success: whether the step succeeds.
        outputs: the values of its output parameters, as strings; all that it declares, for a success.
        reason: why it fails; at most 256 characters.

    Returns:
        the callback that was answered.

    Raises:
        FindingsError: outputs that are unknown, missing or of another type, or a reason that does not fit; all at once.
        BackendError: there is no such callback, it has been answered already, or the disk refuses.
    """
    callback = _existing(state, token)
    given = dict(outputs or {})
    findings = [*_faults(callback, success, given), *_reason_faults(success, reason)]
    if findings:
        raise FindingsError(findings)
    values = {name: from_text(callback.outputs[name], text) for name, text in given.items()}
    if not settle(state, token, Answer(success, values, reason)):
        raise BackendError(
            f"Answering the callback {token}", f"step {callback.step} of {callback.execution} has its answer already"
        )
    return callback


def _existing(state: Path, token: str) -> Callback:
    what = f"Answering the callback {token}"
    if not TOKEN.fullmatch(token) or not _file(state, token).is_file():
        waiting = nearest(token, (callback.token for callback in list(state)))
        raise BackendError(what, "no step waits with this token", waiting or "list the open callbacks")
    with disk(what):
        return Callback(**read_json(_file(state, token)))


def _faults(callback: Callback, success: bool, given: Mapping[str, str]) -> Sequence[Finding]:
    said = [
        (f"step {callback.step} has no output parameter {name}", nearest(name, callback.outputs))
        for name in given
        if name not in callback.outputs
    ]
    for name, kind in callback.outputs.items():
        if name not in given:
            said += [(f"the output parameter {name} has no value", f"{name}=…, a value of type {kind}")] if success else []
            continue
        try:
            from_text(kind, given[name])
        except ValueError as error:
            said.append((f"the output parameter {name} {error}", f"a value of type {kind}"))
    return [Finding(RULE, PLACE, *each) for each in said]


def _reason_faults(success: bool, reason: str) -> Sequence[Finding]:
    if success and reason:
        return [Finding(RULE, PLACE, "a success has no reason", "leave the reason away, or answer with a failure")]
    if len(reason) > LONGEST_REASON:
        return [Finding(RULE, PLACE, f"the reason has {len(reason)} characters, and at most {LONGEST_REASON} are allowed")]
    return []


def _file(state: Path, token: str) -> Path:
    return state / "callbacks" / f"{token}.json"


def _answer_file(state: Path, token: str) -> Path:
    return state / "callbacks" / f"{token}.answer.json"
