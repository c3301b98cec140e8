"""Open tokens of Callback steps: who waits, answering, and everything that is no answer."""

from __future__ import annotations

import json
import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from framework.errors import BackendError
from framework.findings import FindingsError
from framework.local import callbacks
from framework.local.job import Site, StepError, StepRun
from framework.local.registry import Registry
from framework.local.step_types import callback
from framework.local.store import LocalStore

OUTPUTS = [
    {"OutputName": "text", "OutputType": "String"},
    {"OutputName": "count", "OutputType": "Integer"},
    {"OutputName": "rate", "OutputType": "Float"},
    {"OutputName": "good", "OutputType": "Boolean"},
]
GOOD = {"text": "a=b", "count": "3", "rate": "1e-1", "good": "True"}
EXECUTION = "arn:aws:sagemaker:local:000000000000:pipeline/p/execution/local0000001"


@pytest.fixture
def stopped() -> threading.Event:
    return threading.Event()


@pytest.fixture
def waiting(tmp_path: Path, stopped: threading.Event) -> StepRun:
    folder = tmp_path / "runs" / "local0000001" / "steps" / "Ask"
    folder.mkdir(parents=True)
    (tmp_path / "runs" / "local0000001" / "execution.json").write_text(json.dumps({"PipelineExecutionArn": EXECUTION}))
    runner: Any = SimpleNamespace(stopped=stopped)
    return StepRun(
        step={"Name": "Ask", "Type": "Callback", "SqsQueueUrl": "https://queue", "OutputParameters": OUTPUTS},
        arguments={"path": "s3://b/x", "n": 5},
        job_name="ask-local0000001-Ask-0123456789",
        job_arn="",
        folder=folder,
        region=None,
        site=Site(LocalStore(tmp_path / "s3"), Registry(tmp_path / "registry"), runner, tmp_path / "cache", 1.0),
        descriptions={},
    )


@pytest.fixture
def step(waiting: StepRun, stopped: threading.Event) -> Any:
    """The step, while it waits."""
    with ThreadPoolExecutor(1) as pool:
        future = pool.submit(callback.run, waiting)
        yield future
        stopped.set()


def opened(state: Path) -> callbacks.Callback:
    limit = time.monotonic() + 10
    while not (found := callbacks.list(state)):
        assert time.monotonic() < limit, "no callback was opened"
        time.sleep(0.01)
    [only] = found
    return only


def test_a_success(tmp_path: Path, step: Future[Any], waiting: StepRun) -> None:
    asked = opened(tmp_path)
    assert (asked.execution, asked.step, asked.queue) == ("local0000001", "Ask", "https://queue")
    assert asked.outputs == {"text": "String", "count": "Integer", "rate": "Float", "good": "Boolean"}
    assert asked.message == {
        "token": asked.token,
        "pipelineExecutionArn": EXECUTION,
        "arguments": {"path": "s3://b/x", "n": 5},
        "status": "Executing",
    }
    assert not step.done()
    assert callbacks.answer(tmp_path, asked.token, True, GOOD) == asked
    assert step.result(5) == {
        "CallbackToken": asked.token,
        "SqsQueueUrl": "https://queue",
        "OutputParameters": {"text": "a=b", "count": 3, "rate": 0.1, "good": True},
    }
    assert callbacks.list(tmp_path) == []
    log = waiting.log.read_text()
    assert f"smp local callback {asked.token} text=<String> count=<Integer>" in log
    with pytest.raises(BackendError, match=f"Answering the callback {asked.token} failed: step Ask of .* has its answer already"):
        callbacks.answer(tmp_path, asked.token, True, GOOD)


@pytest.mark.parametrize(
    ("reason", "told"),
    [("no data", "ClientError: no data"), ("", "ClientError: the callback was answered with a failure, without a reason")],
)
def test_a_failure(tmp_path: Path, step: Future[Any], reason: str, told: str) -> None:
    callbacks.answer(tmp_path, opened(tmp_path).token, False, reason=reason)
    with pytest.raises(StepError) as error:
        step.result(5)
    assert str(error.value) == told


@pytest.mark.parametrize(
    ("answer", "messages"),
    [
        (
            {"success": True, "outputs": {**GOOD, "count": "3.5", "good": "yes", "tezt": "x"}},
            [
                "step Ask has no output parameter tezt",
                "the output parameter count is '3.5', which is not of type Integer",
                "the output parameter good is 'yes', which is not of type Boolean",
            ],
        ),
        (
            {"success": True, "outputs": {"text": "x" * 1025}},
            [
                "the output parameter count has no value",
                "the output parameter good has no value",
                "the output parameter rate has no value",
                "the output parameter text has 1025 characters, and at most 1024 are allowed",
            ],
        ),
        ({"success": False, "reason": "x" * 257}, ["the reason has 257 characters, and at most 256 are allowed"]),
        ({"success": True, "outputs": GOOD, "reason": "why"}, ["a success has no reason"]),
    ],
)
def test_answers_that_do_not_fit_leave_the_step_waiting(
    tmp_path: Path, step: Future[Any], answer: dict[str, Any], messages: list[str]
) -> None:
    token = opened(tmp_path).token
    with pytest.raises(FindingsError) as error:
        callbacks.answer(tmp_path, token, **answer)
    assert sorted(finding.message for finding in error.value.findings) == messages
    assert {finding.rule for finding in error.value.findings} == {"SMP804"}
    assert [each.token for each in callbacks.list(tmp_path)] == [token]
    assert not step.done()


@pytest.mark.parametrize("token", ["0000000000", "../../etc/x", "", "a.answer"])
def test_tokens_that_nobody_waits_with(tmp_path: Path, token: str) -> None:
    with pytest.raises(BackendError, match="no step waits with this token"):
        callbacks.answer(tmp_path, token)


def test_of_many_answers_at_once_one_counts(tmp_path: Path, step: Future[Any]) -> None:
    token = opened(tmp_path).token
    start = threading.Barrier(8)

    def answer(number: int) -> bool:
        start.wait()
        try:
            callbacks.answer(tmp_path, token, True, {**GOOD, "count": str(number)})
        except BackendError:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        won = [number for number, done in enumerate(pool.map(answer, range(8))) if done]
    assert [step.result(5)["OutputParameters"]["count"]] == won


def test_nobody_answers(tmp_path: Path, waiting: StepRun, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(callback, "LIMIT_SECONDS", 0.3)
    with pytest.raises(StepError, match="nobody answered the callback within 0 seconds"):
        callback.run(waiting)
    assert callbacks.list(tmp_path) == []


def test_a_stopped_run_forgets_its_token(tmp_path: Path, step: Future[Any], stopped: threading.Event) -> None:
    token = opened(tmp_path).token
    stopped.set()
    with pytest.raises(BackendError, match="the run was stopped"):
        step.result(5)
    with pytest.raises(BackendError, match="no step waits with this token"):
        callbacks.answer(tmp_path, token, True, GOOD)


def test_an_answer_counts_also_when_the_tool_was_killed_meanwhile(
    tmp_path: Path, waiting: StepRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(*_: Any) -> None:
        raise SystemExit

    with monkeypatch.context() as patch:
        patch.setattr(callback, "_wait", killed)
        with pytest.raises(SystemExit):
            callback.run(waiting)
    callbacks.answer(tmp_path, opened(tmp_path).token, True, GOOD)
    assert callback.run(waiting)["OutputParameters"]["count"] == 3
