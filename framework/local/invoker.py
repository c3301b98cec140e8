"""The client of an inference server that runs as a job: starts it, sends it requests, and ends it whatever happens.

In: a job and the server's environment. Out: answers, or StepError.
"""

from __future__ import annotations

import http.client
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType

from framework.local.isolation import Running
from framework.local.job import Job, StepError, last_line

SERVER = Path(__file__).with_name("programs") / "serve.py"
START_SECONDS = 60.0
POLL_SECONDS = 0.01


class Invoker:
    """A running inference server; use it in a `with` statement.

    Args:
        job: the job whose /opt/ml has the model.
        environment: the container's variables.
        timeout: seconds for each request.
    """

    def __init__(self, job: Job, environment: Mapping[str, str], timeout: float) -> None:
        self._job, self._environment, self._timeout = job, environment, timeout
        self._running: Running | None = None
        self._connection: http.client.HTTPConnection | None = None

    def __enter__(self) -> Invoker:
        port = self._job.run.folder / "port"
        self._running = self._job.start(["python", str(SERVER), str(port)], self._environment)
        try:
            self._wait_for(port, self._running)
            self._connection = http.client.HTTPConnection("127.0.0.1", int(port.read_text()), timeout=self._timeout)
        except BaseException:
            self._running.stop()
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._connection:
            self._connection.close()
        if self._running:
            self._running.stop()

    def _wait_for(self, port: Path, running: Running) -> None:
        end = time.monotonic() + START_SECONDS
        while not port.is_file():
            code = running.wait(POLL_SECONDS)
            if code is not None:
                raise StepError(f"AlgorithmError: the model cannot be loaded: {last_line(self._job.run.log)}, exit code: {code}")
            if time.monotonic() > end:
                raise StepError(f"AlgorithmError: the model was not loaded within {START_SECONDS:.0f} seconds")

    def invoke(self, body: bytes, content_type: str, accept: str, what: str) -> bytes:
        """The model's answer to one request.

        Args:
            body: the request.
            content_type: its type; may be empty.
            accept: the type that is wanted; may be empty.
            what: names the input in a reason.

        Raises:
            StepError: the model answers with an error, too late, or not at all.
        """
        if self._connection is None:
            raise RuntimeError("the server runs inside of a with statement only")
        headers = {name: value for name, value in (("Content-Type", content_type), ("Accept", accept)) if value}
        try:
            self._connection.request("POST", "/invocations", body, headers)
            response = self._connection.getresponse()
            answer = response.read()
        except TimeoutError:
            raise StepError(f"AlgorithmError: {what}: the model did not answer within {self._timeout:.0f} seconds") from None
        except (OSError, http.client.HTTPException) as error:
            raise StepError(f"AlgorithmError: {what}: the model's process ended: {last_line(self._job.run.log)}") from error
        if response.status != 200:
            raise StepError(f"AlgorithmError: {what}: the model answered {response.status}: {answer.decode(errors='replace')}")
        return answer
