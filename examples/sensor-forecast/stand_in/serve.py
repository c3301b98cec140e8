"""Serve the stand-in's model as DeepAR's image would: the same requests, the same answers. It is not DeepAR.

In: a model in /opt/ml/model (or in `model` of the folder given as the only argument); the port in SAGEMAKER_BIND_TO_PORT, else
8080.
Out: GET /ping, and POST /invocations: {"instances": […], "configuration": {…}} as application/json is answered by
{"predictions": […]}; one instance on each line as application/jsonlines, as a batch transform sends them, by one prediction on each
line. The configuration of the latter stands in DEEPAR_INFERENCE_CONFIG.
"""

from __future__ import annotations

import json
import os
import sys
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from forecaster import Forecaster
from series import SeriesError, parse

PORT = 8080
LARGEST = 100 * 2**20
OUTPUT_TYPES = ("mean", "quantiles", "samples")


class Configuration(NamedTuple):
    """What is wanted of each forecast; the defaults are DeepAR's."""

    num_samples: int = 100
    output_types: tuple[str, ...] = ("mean", "quantiles")
    quantiles: tuple[str, ...] = ("0.1", "0.2", "0.3", "0.4", "0.5", "0.6", "0.7", "0.8", "0.9")


def configuration(given: Any) -> Configuration:
    """The configuration of a request.

    Raises:
        ValueError: it is not one.
    """
    if not isinstance(given, dict) or not given.keys() <= set(Configuration._fields):
        raise ValueError(f"configuration is an object of {', '.join(Configuration._fields)}")
    wanted = Configuration(**{name: value if name == "num_samples" else tuple(map(str, value)) for name, value in given.items()})
    if not isinstance(wanted.num_samples, int) or not 1 <= wanted.num_samples <= 10_000:
        raise ValueError(f"num_samples is {wanted.num_samples}, not a whole number from 1 to 10000")
    if not set(wanted.output_types) <= set(OUTPUT_TYPES):
        raise ValueError(f"output_types are {', '.join(wanted.output_types)}; known are {', '.join(OUTPUT_TYPES)}")
    if not all(0.0 < float(quantile) < 1.0 for quantile in wanted.quantiles):
        raise ValueError(f"quantiles are {', '.join(wanted.quantiles)}; each lies between 0 and 1")
    return wanted


def predictions(model: Forecaster, instances: list[Any], wanted: Configuration) -> list[dict[str, Any]]:
    """The forecasts of all instances, in their order."""
    return [_prediction(model.sample([parse(instance)], wanted.num_samples)[0], wanted) for instance in instances]


def _prediction(paths: np.ndarray, wanted: Configuration) -> dict[str, Any]:
    made = {
        "mean": lambda: _rounded(paths.mean(axis=0)),
        "quantiles": lambda: {level: _rounded(np.quantile(paths, float(level), axis=0)) for level in wanted.quantiles},
        "samples": lambda: [_rounded(path) for path in paths],
    }
    return {kind: made[kind]() for kind in wanted.output_types}


def _rounded(values: np.ndarray) -> list[float]:
    return [float(f"{value:.9g}") for value in values]


def answer(model: Forecaster, body: bytes, content_type: str) -> tuple[bytes, str]:
    """The answer to a request, and its type.

    Raises:
        ValueError: the request is not one that DeepAR reads.
    """
    kind = content_type.split(";")[0].strip().lower()
    if kind == "application/jsonlines":
        lines = [json.loads(line) for line in body.decode().splitlines() if line.strip()]
        wanted = configuration(json.loads(os.environ.get("DEEPAR_INFERENCE_CONFIG") or "{}"))
        return "".join(json.dumps(made) + "\n" for made in predictions(model, lines, wanted)).encode(), kind
    if kind != "application/json":
        raise ValueError(f"the content type is {content_type or 'not given'}; known are application/json and application/jsonlines")
    request = json.loads(body)
    if not isinstance(request, dict) or not isinstance(request.get("instances"), list):
        raise SeriesError("a request is an object with a list of instances")
    made = predictions(model, request["instances"], configuration(request.get("configuration", {})))
    return json.dumps({"predictions": made}).encode(), kind


def handler(model: Forecaster) -> type[BaseHTTPRequestHandler]:
    """What answers the requests to one model."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self._send(HTTPStatus.OK if self.path == "/ping" else HTTPStatus.NOT_FOUND, b"", "text/plain")

        def do_POST(self) -> None:
            length = int(self.headers.get("Content-Length", 0))
            if self.path != "/invocations" or length > LARGEST:
                self.close_connection = True  # what was not read must not be taken for the next request
                status = HTTPStatus.REQUEST_ENTITY_TOO_LARGE if self.path == "/invocations" else HTTPStatus.NOT_FOUND
                return self._send(status, b"", "text/plain")
            try:
                content, kind = answer(model, self.rfile.read(length), self.headers.get("Content-Type", ""))
            except (TypeError, ValueError) as error:
                return self._send(HTTPStatus.BAD_REQUEST, json.dumps({"error": str(error)}).encode(), "application/json")
            return self._send(HTTPStatus.OK, content, kind)

        def _send(self, status: HTTPStatus, content: bytes, kind: str) -> None:
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is the base class's
            if "/ping" not in str(args[0] if args else ""):
                super().log_message(format, *args)

    return Handler


def main() -> None:
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else "/opt/ml")
    try:
        model = Forecaster.load(folder / "model")
    except ValueError as error:
        sys.exit(str(error))
    port = int(os.environ.get("SAGEMAKER_BIND_TO_PORT") or PORT)
    # Loopback alone: nobody but the local run, or whoever tries it by hand, has business here.
    with ThreadingHTTPServer(("127.0.0.1", port), handler(model)) as server:
        server.serve_forever()


if __name__ == "__main__":
    main()
