"""The client of an inference server that runs as a job: starts it, sends it requests, and ends it whatever happens.

In: a job and the server's environment. Out: answers, or StepError.
"""

from __future__ import annotations

import contextlib
import http.client
import socket
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType

from framework.local.job import Job, StepError, last_line
from framework.local.runners.base import Running
from framework.local.runners.containers import SERVER_PORT

SERVER = Path(__file__).with_name("programs") / "serve.py"
START_SECONDS = 60.0
FOREIGN_START_SECONDS = 300.0
"""A server that is not ours may have to load more than a script, and its image may have to be fetched first."""
POLL_SECONDS = 0.01
PING_SECONDS = 2.0


class Invoker:
    """A running inference server; use it in a `with` statement.

    Args:
        job: the job whose /opt/ml has the model.
        environment: the container's variables.
        timeout: seconds for each request.
        server: a command that answers GET /ping and POST /invocations on the port in SAGEMAKER_BIND_TO_PORT, in a container the
            arguments of the image's entry point; our own server for a script where none is given.
    """

    def __init__(self, job: Job, environment: Mapping[str, str], timeout: float, server: Sequence[str] = ()) -> None:
        self._job, self._environment, self._timeout, self._server = job, environment, timeout, server
        self._running: Running | None = None
        self._connection: http.client.HTTPConnection | None = None

    def __enter__(self) -> Invoker:
        port = self._start_server() if self._server else self._start_script()
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=self._timeout)
        return self

    def _start_script(self) -> int:
        """Starts our server; returns its port."""
        port = self._job.run.folder / "port"
        self._running = self._job.start(["python", str(SERVER), str(port)], self._environment)
        self._wait(START_SECONDS, port.is_file)
        return int(port.read_text())

    def _start_server(self) -> int:
        """Starts the server that was given; returns its port."""
        port, inside = free_port(), self._job.in_container
        environment = {**self._environment, "SAGEMAKER_BIND_TO_PORT": str(SERVER_PORT if inside else port)}
        self._running = self._job.start(self._server, environment, entry_point=inside, port=port)
        self._wait(FOREIGN_START_SECONDS, lambda: _answers(port))
        return port

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._connection:
            self._connection.close()
        if self._running:
            self._running.stop()

    def _wait(self, seconds: float, ready: Callable[[], bool]) -> None:
        """Waits until the server is ready; stops it where that does not happen."""
        assert self._running is not None
        try:
            self._wait_for(self._running, seconds, ready)
        except BaseException:
            self._running.stop()
            raise

    def _wait_for(self, running: Running, seconds: float, ready: Callable[[], bool]) -> None:
        end = time.monotonic() + seconds
        while not ready():
            code = running.wait(POLL_SECONDS)
            if code is not None:
                raise StepError(f"AlgorithmError: the model cannot be loaded: {last_line(self._job.run.log)}, exit code: {code}")
            if time.monotonic() > end:
                raise StepError(f"AlgorithmError: the model was not loaded within {seconds:.0f} seconds")

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


def free_port() -> int:
    """A port of loopback that nobody listens on at this moment."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def _answers(port: int) -> bool:
    """Whether a server is healthy."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PING_SECONDS)
    with contextlib.suppress(OSError, http.client.HTTPException), contextlib.closing(connection):
        connection.request("GET", "/ping")
        return connection.getresponse().status == 200
    return False
