"""An inference server on loopback that calls a user's script as SageMaker's inference toolkit does. A program, started for a
transform job by `framework.local.step_types.transform`.

In: as its only argument the file to write the port to; SAGEMAKER_PROGRAM and SAGEMAKER_SUBMIT_DIRECTORY; a model in /opt/ml/model.
Out: GET /ping, GET /execution-parameters, POST /invocations. An exception in the script is answered with status 500 and its last
line, the traceback goes to the log. The script has `model_fn`, and `transform_fn` or any of `input_fn`, `predict_fn`, `output_fn`.
"""

from __future__ import annotations

import importlib
import inspect
import io
import json
import os
import sys
import traceback
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from types import ModuleType
from typing import Any

MODEL_DIR = os.environ.get("SMP_ML_PREFIX", "/opt/ml") + "/model"
CSV, JSON, NPY, ANY = "text/csv", "application/json", "application/x-npy", "*/*"


class UnsupportedError(ValueError):
    """A content type that the default functions do not know."""


def numpy() -> Any:
    """numpy, or None where it is not installed."""
    try:
        return importlib.import_module("numpy")
    except ImportError:
        return None


def default_input(data: Any, content_type: str) -> Any:
    """The request as a numpy array; where there is no numpy, as it came."""
    np = numpy()
    if content_type not in (CSV, JSON, NPY):
        raise UnsupportedError(f"there is no input_fn, and the default one does not read {content_type}")
    if np is None:
        return data
    if content_type == CSV:
        return np.genfromtxt(io.StringIO(data), dtype=None, delimiter=",", encoding="utf-8")
    return np.array(json.loads(data)) if content_type == JSON else np.load(io.BytesIO(data), allow_pickle=False)


def default_predict(data: Any, model: Any) -> Any:
    """What the model's `predict` returns."""
    return model.predict(data)


def default_output(prediction: Any, accept: str) -> tuple[Any, str]:
    """The prediction in the format that is wanted, and that format."""
    if accept == JSON:
        return json.dumps(prediction, default=_plain), accept
    np = numpy()
    if accept == CSV:
        return (_csv(prediction) if np is None else _csv_of_array(np, prediction)), accept
    if accept == NPY and np is not None:
        stream = io.BytesIO()
        np.save(stream, prediction)
        return stream.getvalue(), accept
    raise UnsupportedError(f"there is no output_fn, and the default one does not write {accept}")


def _plain(value: Any) -> Any:
    if hasattr(value, "tolist"):
        return value.tolist()
    raise TypeError(f"{type(value).__name__} cannot be written as JSON")


def _csv_of_array(np: Any, prediction: Any) -> str:
    stream = io.StringIO()
    np.savetxt(stream, prediction, delimiter=",", fmt="%s")
    return stream.getvalue()


def _csv(prediction: Any) -> str:
    rows = prediction if isinstance(prediction, (list, tuple)) else [prediction]
    return "".join(",".join(map(str, row if isinstance(row, (list, tuple)) else [row])) + "\n" for row in rows)


def call(function: Callable[..., Any], *arguments: Any) -> Any:
    """Calls a function of the script; one that takes a context beside gets None for it."""
    if len(inspect.signature(function).parameters) == len(arguments) + 1:
        return function(*arguments, None)
    return function(*arguments)


class Script:
    """The user's functions, and the model.

    Args:
        module: has the functions.
    """

    def __init__(self, module: ModuleType) -> None:
        names = ("input_fn", "predict_fn", "output_fn")
        given = {name: getattr(module, name) for name in (*names, "transform_fn", "model_fn") if hasattr(module, name)}
        if "model_fn" not in given:
            raise NotImplementedError(f"{module.__name__} has no model_fn(model_dir)")
        if "transform_fn" in given and any(name in given for name in names):
            raise ValueError(f"{module.__name__} has transform_fn beside input_fn, predict_fn or output_fn")
        self._transform = given.get("transform_fn")
        self._input = given.get("input_fn", default_input)
        self._predict = given.get("predict_fn", default_predict)
        self._output = given.get("output_fn", default_output)
        self._accept = os.environ.get("SAGEMAKER_DEFAULT_INVOCATIONS_ACCEPT", JSON)
        self.model = call(given["model_fn"], MODEL_DIR)

    def answer(self, body: bytes, content_type: str, accept: str) -> tuple[bytes, str]:
        """The answer to a request and its content type."""
        accept = self._accept if accept in ("", ANY) else accept
        data = body.decode() if content_type in (CSV, JSON) else body
        if self._transform:
            result = call(self._transform, self.model, data, content_type, accept)
        else:
            prediction = call(self._predict, call(self._input, data, content_type), self.model)
            result = call(self._output, prediction, accept)
        content, kind = result if isinstance(result, tuple) else (result, accept)
        if isinstance(content, str):
            return content.encode(), kind
        if isinstance(content, (bytes, bytearray)):
            return bytes(content), kind
        raise TypeError(f"the script returned {type(content).__name__}; it must return str or bytes")


class Handler(BaseHTTPRequestHandler):
    """The three paths of a SageMaker inference container."""

    protocol_version = "HTTP/1.1"
    script: Script

    def do_GET(self) -> None:
        """Health, and what the container wishes for."""
        if self.path == "/ping":
            self._send(200, b"", JSON)
        elif self.path == "/execution-parameters":
            wishes = {"MaxConcurrentTransforms": 1, "BatchStrategy": "MULTI_RECORD", "MaxPayloadInMB": 6}
            self._send(200, json.dumps(wishes).encode(), JSON)
        else:
            self._send(404, b"no such path", "text/plain")

    def do_POST(self) -> None:
        """A request to the model."""
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.path != "/invocations":
            self._send(404, b"no such path", "text/plain")
            return
        content_type = self.headers.get("Content-Type", JSON).partition(";")[0].strip()
        try:
            answer, kind = self.script.answer(body, content_type, self.headers.get("Accept", ""))
        except Exception as error:  # whatever the script does, the answer is a status
            traceback.print_exc()
            last = "".join(traceback.format_exception_only(type(error), error)).strip().splitlines()[-1]
            self._send(415 if isinstance(error, UnsupportedError) else 500, last.encode(), "text/plain")
            return
        self._send(200, answer, kind)

    def _send(self, status: int, body: bytes, content_type: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
        """Nothing: the log is the script's."""


def load(code: str, program: str) -> ModuleType:
    """Imports the user's script, named as `inference.py`, `pkg/module.py` or `pkg.module`, from the code folder."""
    sys.path[0] = code
    os.chdir(code)
    return importlib.import_module(program.removesuffix(".py").replace("/", "."))


def main() -> None:
    """Loads the model, then serves until it is killed."""
    Handler.script = Script(load(os.environ["SAGEMAKER_SUBMIT_DIRECTORY"], os.environ["SAGEMAKER_PROGRAM"]))
    server = HTTPServer(("127.0.0.1", 0), Handler)
    port = Path(sys.argv[1])
    written = port.with_suffix(".tmp")
    written.write_text(str(server.server_port), encoding="ascii")
    written.replace(port)
    server.serve_forever()


if __name__ == "__main__":
    main()
