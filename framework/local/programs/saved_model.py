"""A TensorFlow SavedModel behind the REST interface of TensorFlow Serving, and the handlers of a user's script in front of it, as
SageMaker's TensorFlow inference image has them. A part of the program `serve.py`, which loads it from its file.

In: a model folder with `…/<version>/saved_model.pb`, of which the newest version is served; a script that has `handler(data,
context)`, or `input_handler(data, context)` and `output_handler(response, context)`, or no script at all. Out: what a request is
answered. There is no gRPC: `context.grpc_port` and `context.channel` are None.
"""

from __future__ import annotations

import importlib
import io
import json
import os
import threading
from collections.abc import Callable, Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

CSV, JSON, JSON_LINES = "text/csv", "application/json", ("application/jsonlines", "application/jsons")
SIGNATURE = "serving_default"
FILE = "saved_model.pb"
LOOPBACK = "127.0.0.1"
TIMEOUT_SECONDS = 600


class Context(NamedTuple):
    """What a handler learns of a request; the names are those of the image."""

    model_name: str
    model_version: str | None
    method: str
    rest_uri: str
    grpc_port: str | None
    channel: None
    custom_attributes: str | None
    request_content_type: str
    accept_header: str
    content_length: int


class RequestError(ValueError):
    """A request that the model cannot answer."""


def versions(folder: Path) -> Iterator[tuple[int, Path]]:
    """The versions of the models below a folder; only those called SAGEMAKER_TFS_DEFAULT_MODEL_NAME where it is set."""
    wanted = os.environ.get("SAGEMAKER_TFS_DEFAULT_MODEL_NAME", "")
    for path in sorted(folder.rglob(FILE)):
        version = path.parent
        if version.name.isdecimal() and wanted in ("", version.parent.name):
            yield int(version.name), version


def handles(module: ModuleType) -> bool:
    """Whether a script is one for TensorFlow Serving."""
    return not hasattr(module, "model_fn") and (hasattr(module, "handler") or hasattr(module, "input_handler"))


class Predictor:
    """The newest version of a SavedModel.

    Args:
        folder: the model folder.
    """

    def __init__(self, folder: Path) -> None:
        found = max(versions(folder), key=lambda each: each[0], default=None)
        if found is None:
            raise FileNotFoundError(f"{folder} has no SavedModel: there is no <version>/{FILE} in it, whose version is a number")
        self.name = found[1].parent.name
        self._tensorflow = importlib.import_module("tensorflow")
        self._model = self._tensorflow.saved_model.load(str(found[1]))

    def answer(self, request: bytes) -> dict[str, Any]:
        """What TensorFlow Serving answers: `predictions`, row by row, to `instances`; `outputs`, by name, to `inputs`.

        Raises:
            RequestError: the request is not one, or does not fit the model.
        """
        try:
            asked = json.loads(request)
        except ValueError as error:
            raise RequestError(f"the request is not JSON: {error}") from None
        if not isinstance(asked, dict) or ("instances" in asked) == ("inputs" in asked):
            raise RequestError("the request needs either instances or inputs")
        signature = self._signature(str(asked.get("signature_name") or SIGNATURE))
        by_row = "instances" in asked
        expected = signature.structured_input_signature[1]
        given = _columns(asked["instances"], list(expected)) if by_row else _named(asked["inputs"], list(expected))
        outputs = self._call(signature, expected, given)
        return {"predictions": _rows(outputs)} if by_row else {"outputs": _alone(outputs)}

    def _signature(self, name: str) -> Any:
        if name not in self._model.signatures:
            raise RequestError(f"the model has no signature {name}, only {', '.join(sorted(self._model.signatures))}")
        return self._model.signatures[name]

    def _call(self, signature: Any, expected: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
        if set(given) != set(expected):
            raise RequestError(f"the model takes {', '.join(sorted(expected))}, not {', '.join(sorted(given)) or 'nothing'}")
        constant = self._tensorflow.constant
        try:
            outputs = signature(**{name: constant(value, expected[name].dtype) for name, value in given.items()})
        except (ValueError, TypeError, self._tensorflow.errors.OpError) as error:
            raise RequestError(str(error)) from None
        return {name: _plain(tensor.numpy()) for name, tensor in sorted(outputs.items())}


def _columns(instances: Any, names: list[str]) -> dict[str, Any]:
    """Rows as one list for each input; a row is a mapping of inputs, or the value of the only one."""
    if not isinstance(instances, list) or not instances:
        raise RequestError("instances has to be a list of rows")
    if not isinstance(instances[0], dict):
        return _named(instances, names)
    if any(not isinstance(row, dict) or set(row) != set(instances[0]) for row in instances):
        raise RequestError("the rows of instances have different inputs")
    return {name: [row[name] for row in instances] for name in instances[0]}


def _named(inputs: Any, names: list[str]) -> dict[str, Any]:
    if isinstance(inputs, dict):
        return inputs
    if len(names) != 1:
        raise RequestError(f"the model has several inputs, {', '.join(sorted(names))}: name them")
    return {names[0]: inputs}


def _rows(outputs: dict[str, Any]) -> list[Any]:
    alone = _alone(outputs)
    if not isinstance(alone, dict):
        return list(alone)
    return [dict(zip(alone, row, strict=True)) for row in zip(*alone.values(), strict=True)]


def _alone(outputs: dict[str, Any]) -> Any:
    """The only output without its name."""
    return next(iter(outputs.values())) if len(outputs) == 1 else outputs


def _plain(array: Any) -> Any:
    value = array.tolist()
    return _text(value) if array.dtype.kind == "O" else value


def _text(value: Any) -> Any:
    if isinstance(value, list):
        return [_text(item) for item in value]
    return value.decode(errors="replace") if isinstance(value, bytes) else value


class Rest(BaseHTTPRequestHandler):
    """POST /v1/models/<name>:predict, as TensorFlow Serving has it."""

    protocol_version = "HTTP/1.1"
    predictor: Predictor

    def do_POST(self) -> None:
        """A request to the model."""
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.path.partition("/versions/")[0].removesuffix(":predict") != f"/v1/models/{self.predictor.name}":
            self._send(404, {"error": f"there is no {self.path}; the model is called {self.predictor.name}"})
            return
        try:
            self._send(200, self.predictor.answer(body))
        except RequestError as error:
            self._send(400, {"error": str(error)})

    def _send(self, status: int, answer: Mapping[str, Any]) -> None:
        content = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Type", JSON)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
        """Nothing: the log is the script's."""


def start_rest(predictor: Predictor) -> str:
    """Serves a model on loopback for as long as the process lives; returns where it predicts."""
    server = ThreadingHTTPServer((LOOPBACK, 0), type("ModelRest", (Rest,), {"predictor": predictor}))
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    for name in ("NO_PROXY", "no_proxy"):  # scripts reach the model over HTTP too, and it is not behind the machine's proxy
        os.environ[name] = ",".join(filter(None, (os.environ.get(name), LOOPBACK)))
    return f"http://{LOOPBACK}:{server.server_port}/v1/models/{predictor.name}:predict"


class Handlers:
    """The user's handlers, and the model behind them; without a script the image's own handlers.

    Args:
        module: the script; None where the image serves by itself.
        folder: the model folder.
    """

    def __init__(self, module: ModuleType | None, folder: str) -> None:
        self._predictor = Predictor(Path(folder))
        self._uri = start_rest(self._predictor)
        self._handler = self._chosen(module)

    def _chosen(self, module: ModuleType | None) -> Callable[[Any, Context], tuple[Any, str]]:
        if module is None:
            return self._default
        whole: Callable[[Any, Context], tuple[Any, str]] | None = getattr(module, "handler", None)
        if whole is not None:
            return whole
        if not hasattr(module, "output_handler"):
            raise NotImplementedError(f"{module.__name__} has an input_handler, but no output_handler(response, context)")
        requests = importlib.import_module("requests")  # TensorFlow needs it too, and scripts get its responses

        def handler(data: Any, context: Context) -> tuple[Any, str]:
            response = requests.post(context.rest_uri, data=module.input_handler(data, context), timeout=TIMEOUT_SECONDS)
            answer: tuple[Any, str] = module.output_handler(response, context)
            return answer

        return handler

    def _default(self, data: Any, context: Context) -> tuple[Any, str]:
        request = _request(data.read().decode(), context.request_content_type)
        return json.dumps(self._predictor.answer(json.dumps(request).encode())), JSON

    def answer(self, body: bytes, content_type: str, accept: str) -> tuple[bytes, str]:
        """The answer to a request and its content type."""
        context = Context(
            self._predictor.name, None, "predict", self._uri, None, None, None, content_type or JSON, accept or JSON, len(body)
        )
        content, kind = self._handler(io.BytesIO(body), context)
        if not isinstance(content, (str, bytes, bytearray)):
            raise TypeError(f"the script returned {type(content).__name__}; it must return str or bytes, and a content type")
        return content.encode() if isinstance(content, str) else bytes(content), kind


def _request(text: str, content_type: str) -> dict[str, Any]:
    """What TensorFlow Serving is asked where there is no script."""
    lines = [line for line in text.splitlines() if line.strip()]
    if content_type == CSV:
        return {"instances": [[_cell(cell) for cell in line.split(",")] for line in lines]}
    if content_type in JSON_LINES:
        return {"instances": [json.loads(line) for line in lines]}
    if content_type != JSON:
        raise RequestError(f"there is no script, and the server by itself does not read {content_type}")
    given = json.loads(text)
    if isinstance(given, dict) and ("instances" in given or "inputs" in given):
        return given
    return {"instances": given if isinstance(given, list) else [given]}


def _cell(text: str) -> Any:
    try:
        return float(text)
    except ValueError:
        return text.strip().strip('"')
