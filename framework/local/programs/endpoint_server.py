"""The server of an endpoint: the one of `serve.py`, for many clients at a time and for as long as it is let. A program, started
by `framework.local.step_types.endpoint`.

In: as its arguments the file to write the port to, and the endpoint's name; everything else as `serve.py` has it. Out: GET /ping,
and POST /invocations, which is POST /endpoints/<name>/invocations too, as the SageMaker runtime has it. The script is called for
one request at a time.
"""

from __future__ import annotations

import importlib.util
import sys
import threading
from http.server import ThreadingHTTPServer
from pathlib import Path
from types import ModuleType
from typing import Any

IDLE_SECONDS = 120


def neighbour(name: str) -> ModuleType:
    """A program beside this one, imported so that a module of the script may have the same name."""
    spec = importlib.util.spec_from_file_location(f"_smp_{name}", Path(__file__).with_name(f"{name}.py"))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


serve = neighbour("serve")


class OneAtATime:
    """A script that is called by one thread at a time.

    Args:
        script: the script, as `serve.Script`.
    """

    def __init__(self, script: Any) -> None:
        self._script, self._lock = script, threading.Lock()

    def answer(self, body: bytes, content_type: str, accept: str) -> Any:
        """As that of the script."""
        with self._lock:
            return self._script.answer(body, content_type, accept)


class Handler(serve.Handler):  # type: ignore[misc, name-defined]
    """The paths of an endpoint."""

    path: str
    timeout = IDLE_SECONDS
    endpoint = ""

    def do_POST(self) -> None:  # noqa: N802 - the base class's name
        """A request to the model."""
        if self.path == f"/endpoints/{self.endpoint}/invocations":
            self.path = "/invocations"
        super().do_POST()


def main() -> None:
    """Loads the model, then serves until it is killed."""
    port, Handler.endpoint = Path(sys.argv[1]), sys.argv[2]
    Handler.script = OneAtATime(serve.open_model())
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    written = port.with_suffix(".tmp")
    written.write_text(str(server.server_port), encoding="ascii")
    written.replace(port)
    server.serve_forever()


if __name__ == "__main__":
    main()
