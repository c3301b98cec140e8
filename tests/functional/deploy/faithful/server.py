"""The server: every request held to botocore's model, handed to the state of its service, recorded, and its answer held to it."""

from __future__ import annotations

import threading
import time
from collections import defaultdict, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any

from tests.functional.deploy.faithful.executions import SageMaker
from tests.functional.deploy.faithful.others import S3, STS, Logs
from tests.functional.deploy.faithful.pipelines import ACCOUNT
from tests.functional.deploy.faithful.refusal import COMMON, Refusal, invalid
from tests.functional.deploy.faithful.shapes import problems
from tests.functional.deploy.faithful.starting import SNS, Events, Scheduler
from tests.functional.deploy.faithful.wire import TARGETS, Answered, Asked, answer, refuse, understand

READS = ("Describe", "List", "Head", "Get", "Filter")
BEGIN = datetime(2026, 1, 5, 8, 0, tzinfo=timezone.utc)


class Clock:
    """A second passes each time it is asked."""

    def __init__(self) -> None:
        self.seconds = 0

    def __call__(self) -> datetime:
        self.seconds += 1
        return BEGIN + timedelta(seconds=self.seconds)


@dataclass
class Call:
    """A request that came; `answer` or `error` (a code) is what was answered."""

    service: str
    operation: str
    parameters: dict[str, Any]
    region: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    answer: dict[str, Any] | None = None
    error: str = ""


class Faithful:
    """AWS in the memory of this process, over HTTP on loopback for as long as the `with` statement lasts.

    Attributes:
        url: where it listens; for AWS_ENDPOINT_URL.
        sagemaker, s3, logs, sts, events, scheduler, sns: the state of each service, which a test may look at and change.
        services: the same by botocore's names; another service joins with its object here and its X-Amz-Target in `targets`.
        calls: all calls, in the order in which they were answered.
        invalid: requests that broke the model, each with why. `faults`: answers that did: mistakes of this server.
    """

    def __init__(self, account: str = ACCOUNT, now: Callable[[], datetime] | None = None) -> None:
        now = now or Clock()
        self.s3, self.logs, self.sts = S3(now), Logs(now), STS(account)
        self.sagemaker = SageMaker(now, self.s3.read, account)
        self.sagemaker.put_logs = self.logs.put
        self.events, self.scheduler, self.sns = Events(), Scheduler(now), SNS()
        self.services: dict[str, Any] = {
            name: getattr(self, name) for name in ("sagemaker", "s3", "logs", "sts", "events", "scheduler", "sns")
        }
        self.targets = dict(TARGETS)
        self.calls: list[Call] = []
        self.invalid: list[str] = []
        self.faults: list[str] = []
        self._refusals: dict[str, deque[Refusal]] = defaultdict(deque)
        self._always: dict[str, Refusal] = {}
        self._before: dict[str, deque[Callable[[], None]]] = defaultdict(deque)
        self._delays: dict[str, float] = {}
        self._lock = threading.RLock()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Faithful:
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._server.shutdown()
        self._server.server_close()

    def refuse(self, operation: str, code: str, message: str = "No", times: int | None = 1, status: int = 400) -> None:
        """Answer the next calls of an operation with an error; all of them where `times` is None."""
        if times is None:
            self._always[operation] = Refusal(code, message, status)
        else:
            self._refusals[operation].extend([Refusal(code, message, status)] * times)

    def before(self, operation: str, act: Callable[[], None]) -> None:
        """Call `act` before the next call of an operation is looked at; it may make calls of its own."""
        self._before[operation].append(act)

    def delay(self, operation: str, seconds: float) -> None:
        """Let a write take a while, in which other writes to the same pipeline are answered with ConflictException."""
        self._delays[operation] = seconds

    def of(self, operation: str) -> list[Call]:
        return [call for call in self.calls if call.operation == operation]

    @property
    def operations(self) -> list[str]:
        return [call.operation for call in self.calls]

    @property
    def writes(self) -> list[str]:
        """The calls that changed something, or would have."""
        return [operation for operation in self.operations if not operation.startswith(READS)]

    def verify(self) -> None:
        """Raises where an answer broke the model, or a request did that no test has asked about."""
        assert not self.faults, self.faults
        assert not self.invalid, self.invalid

    def handle(self, method: str, path: str, headers: Mapping[str, str], body: bytes) -> Answered:
        """The answer to an HTTP request."""
        try:
            asked = understand(method, path, headers, body, self.targets)
        except Refusal as refusal:
            self.faults.append(f"{method} {path}: {refusal.message}")
            return refuse("json" if "X-Amz-Target" in headers else "rest-xml", refusal)
        operation = asked.operation.name
        call = Call(asked.service, operation, asked.parameters, asked.region, dict(headers))
        if self._before[operation]:
            self._before[operation].popleft()()
        try:
            with self._lock:
                self.calls.append(call)
                self._hold_to_the_model(asked)
                self._refuse_if_asked(operation)
                if operation not in self._delays:
                    call.answer = self._answer(asked)
            if call.answer is None:
                call.answer = self._slowly(asked)
        except Refusal as refusal:
            call.error = refusal.code
            listed = {shape.metadata.get("error", {}).get("code", shape.name) for shape in asked.operation.error_shapes}
            if asked.service != "s3" and refusal.code not in COMMON | listed:
                self.faults.append(f"{operation} has no error {refusal.code}")
            return refuse(asked.operation.service_model.metadata["protocol"], refusal)
        return answer(asked, call.answer)

    def _hold_to_the_model(self, asked: Asked) -> None:
        shape = asked.operation.input_shape
        if shape is not None and (wrong := list(problems(asked.parameters, shape))):
            self.invalid.append(f"{asked.operation.name}: {'; '.join(wrong)}")
            raise invalid(f"{len(wrong)} validation error{'s' * (len(wrong) > 1)} detected: {'; '.join(wrong)}")

    def _refuse_if_asked(self, operation: str) -> None:
        if self._refusals[operation]:
            raise self._refusals[operation].popleft()
        if operation in self._always:
            raise self._always[operation]

    def _answer(self, asked: Asked) -> dict[str, Any]:
        act = getattr(self.services[asked.service], asked.operation.name, None)
        if act is None:
            self.faults.append(f"{asked.operation.name} is not served here")
            raise Refusal("UnknownOperationException", f"{asked.operation.name} is not served here")
        told: dict[str, Any] = act(asked.parameters, asked.region)
        shape = asked.operation.output_shape
        wrong = list(problems(told, shape)) if shape is not None else list(told)
        if wrong:
            self.faults.append(f"the answer to {asked.operation.name}: {'; '.join(wrong)}")
            raise Refusal("InternalFailure", "; ".join(wrong), 500)
        return told

    def _slowly(self, asked: Asked) -> dict[str, Any]:
        name = str(asked.parameters.get("PipelineName", ""))
        arn = name if name.startswith("arn:") else self.sagemaker.arn(asked.region, f"pipeline/{name.lower()}")
        with self._lock:
            told = self._answer(asked)
            self.sagemaker.busy.add(arn)
        try:
            time.sleep(self._delays[asked.operation.name])
        finally:
            self.sagemaker.busy.discard(arn)
        return told


def _handler(server: Faithful) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def serve(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            try:
                told = server.handle(self.command, self.path, self.headers, body)
            except Exception as error:
                server.faults.append(f"{self.command} {self.path}: {error!r}")
                told = Answered(500, {}, b"{}")
            self.send_response_only(told.status)
            for key, value in told.headers.items():
                self.send_header(key, value)
            if "Content-Length" not in told.headers and told.status != 204:
                self.send_header("Content-Length", str(len(told.body)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(told.body)

        do_GET = do_PUT = do_POST = do_HEAD = do_DELETE = serve  # noqa: N815

        def log_message(self, *args: Any) -> None:
            pass

    return Handler
