"""The way to the faithful server: a proxy that passes on every call but one, and does to that one, or to all of its kind from
there on, what a `Fault` says.

Calls are counted from 1 as they arrive, tries that botocore makes again included.
"""

from __future__ import annotations

import os
import signal
import socket
import struct
import threading
from collections.abc import Callable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any

from tests.functional.deploy.faithful import Faithful
from tests.functional.deploy.faithful.refusal import Refusal
from tests.functional.deploy.faithful.wire import Answered, Asked, refuse, understand

ERRORS = {"500": "InternalFailure", "503": "ServiceUnavailable"}
THROTTLING = {
    "json": ("ThrottlingException", 400),
    "query": ("Throttling", 400),
    "rest-json": ("ThrottlingException", 429),
    "rest-xml": ("SlowDown", 503),
}
"""How a service says that it is asked too much, by its protocol."""

TRANSIENT = ("500", "503", "throttling", "reset before", "reset after", "half", "silence before", "silence after")
"""What befalls a call that botocore tries again. "before" is before the call is carried out, "after" is when its answer is lost."""

BEHEADED = "beheaded"
"""The answer ends in its headers, which HTTP takes for a whole one without a body."""

KILLS = ("kill before", "kill after")
SILENT = ("silence before", "silence after")
LONGEST = 20.0


@dataclass(frozen=True)
class Fault:
    """What befalls the call of this number; where it lasts, all later calls of the same operation as well."""

    kind: str
    at: int
    lasting: bool = False

    @property
    def carried_out(self) -> bool:
        """Whether the server does what the call asks."""
        return self.kind in ("half", BEHEADED) or self.kind.endswith("after")


class Gate:
    """The gate, which listens for as long as the `with` statement lasts.

    Attributes:
        server: answers what gets through.
        fault: what happens next; None for nothing.
        arrived: the operations of the calls that have arrived.
        victim: gives the process that a kill is for.
        holds: by the number of a call, what is called before it is passed on.
    """

    def __init__(self, server: Faithful, victim: Callable[[], int]) -> None:
        self.server, self.victim = server, victim
        self.fault: Fault | None = None
        self.struck = ""
        self.arrived: list[str] = []
        self.holds: dict[int, Callable[[], None]] = {}
        self._lock = threading.Lock()
        self._http = _Server(("127.0.0.1", 0), _handler(self))

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._http.server_port}"

    def __enter__(self) -> Gate:
        threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._http.shutdown()
        self._http.server_close()

    def set(self, server: Faithful, fault: Fault | None = None) -> None:
        """Begin to count anew."""
        self.server, self.fault, self.struck, self.arrived, self.holds = server, fault, "", [], {}

    def arrive(self, operation: str) -> tuple[Fault | None, Callable[[], None] | None]:
        """Count a call; what is to happen to it."""
        with self._lock:
            self.arrived.append(operation)
            number, fault = len(self.arrived), self.fault
            hold = self.holds.pop(number, None)
            if fault is None:
                return None, hold
            if number == fault.at:
                self.struck = operation
            hit = number == fault.at or (fault.lasting and operation == self.struck)
            return (fault if hit else None), hold


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that is gone in the midst of its call is what a drill is about."""


def _refusal(kind: str, asked: Asked) -> Answered | None:
    """How the service says no for a fault of this kind; None where it is not the service that does."""
    protocol = asked.operation.service_model.metadata["protocol"]
    if kind == "throttling":
        code, status = THROTTLING[protocol]
        return refuse(protocol, Refusal(code, "Rate exceeded", status))
    if kind in ERRORS:
        return refuse(protocol, Refusal(ERRORS[kind], "Please try again", int(kind)))
    return None


def _handler(gate: Gate) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def serve(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            asked = understand(self.command, self.path, self.headers, body, gate.server.targets)
            fault, hold = gate.arrive(asked.operation.name)
            if hold is not None:
                hold()
            refusal = _refusal(fault.kind, asked) if fault else None
            if refusal is not None:
                self.tell(refusal)
            elif fault is None:
                self.tell(gate.server.handle(self.command, self.path, self.headers, body))
            else:
                told = gate.server.handle(self.command, self.path, self.headers, body) if fault.carried_out else None
                self.close_connection = True
                _strike(gate, self, fault, self.raw(told) if told else (b"", b""))

        def tell(self, told: Answered) -> None:
            head, body = self.raw(told)
            self.wfile.write(head + body)

        def raw(self, told: Answered) -> tuple[bytes, bytes]:
            length = {} if "Content-Length" in told.headers or told.status == 204 else {"Content-Length": str(len(told.body))}
            lines = [f"HTTP/1.1 {told.status} .", *(f"{key}: {value}" for key, value in {**told.headers, **length}.items())]
            return "\r\n".join([*lines, "", ""]).encode(), b"" if self.command == "HEAD" else told.body

        do_GET = do_PUT = do_POST = do_HEAD = do_DELETE = serve  # noqa: N815

        def log_message(self, *args: Any) -> None:
            pass

    return Handler


def _strike(gate: Gate, request: BaseHTTPRequestHandler, fault: Fault, raw: tuple[bytes, bytes]) -> None:
    """Do to a call, or to the answer to it, what the fault says. The connection is closed after it."""
    if fault.kind in KILLS:
        os.kill(gate.victim(), signal.SIGKILL)
    elif fault.kind in SILENT:
        request.connection.settimeout(LONGEST)
        request.connection.recv(1)  # until who waits has waited enough
    elif fault.kind in ("half", BEHEADED):
        request.wfile.write(_cut(raw, fault.kind))
    else:
        request.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def _cut(raw: tuple[bytes, bytes], kind: str) -> bytes:
    """Half of an answer: of its body; of one without a body, of its first line. A beheaded one ends with its first line."""
    head, body = raw
    if kind == BEHEADED:
        return head.partition(b"\r\n")[0] + b"\r\n"
    return head + body[: len(body) // 2] if body else head[:10]
