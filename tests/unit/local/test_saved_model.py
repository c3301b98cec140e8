"""What stands in for TensorFlow Serving: its REST interface, the handlers of a script, and the image's own."""

from __future__ import annotations

import http.client
import json
import sys
import uuid
from collections.abc import Callable, Mapping
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any
from urllib.parse import urlsplit

import pytest

from framework.local.programs import saved_model, serve
from framework.local.programs.saved_model import Handlers, Predictor, RequestError

np = pytest.importorskip("numpy")


class Signature:
    """As a loaded SavedModel has it: knows its inputs, takes tensors, gives tensors."""

    def __init__(self, inputs: Mapping[str, str], function: Callable[..., dict[str, Any]]) -> None:
        self.structured_input_signature = ((), {name: SimpleNamespace(dtype=kind) for name, kind in inputs.items()})
        self._function = function

    def __call__(self, **given: Any) -> dict[str, Any]:
        return {name: SimpleNamespace(numpy=lambda array=array: array) for name, array in self._function(**given).items()}


SIGNATURES = {
    "serving_default": Signature({"x": "float32"}, lambda x: {"y": x.sum(axis=1, keepdims=True)}),
    "both": Signature({"a": "float32", "b": "float32"}, lambda a, b: {"sum": a + b, "more": np.array([b"up"] * len(a), object)}),
}


@pytest.fixture
def model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A model folder with three versions; only TensorFlow itself, which is large, is not the real one here."""
    for version in ("export/housing/9", "export/housing/10", "export/housing/variables"):
        (tmp_path / version).mkdir(parents=True)
        (tmp_path / version / "saved_model.pb").touch()
    tensorflow = ModuleType("tensorflow")
    tensorflow.constant = lambda value, kind: np.array(value, kind)  # type: ignore[attr-defined]
    tensorflow.errors = SimpleNamespace(OpError=RuntimeError)  # type: ignore[attr-defined]
    loaded: list[str] = []
    load = lambda path: (loaded.append(Path(path).name), SimpleNamespace(signatures=SIGNATURES))[1]  # noqa: E731
    tensorflow.saved_model = SimpleNamespace(load=load, loaded=loaded)  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "tensorflow", tensorflow)
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


def script(**functions: Any) -> ModuleType:
    module = ModuleType("inference")
    vars(module).update(functions)
    return module


def test_the_newest_version_is_served(model: Path) -> None:
    assert Predictor(model).name == "housing"
    assert sys.modules["tensorflow"].saved_model.loaded == ["10"]


def test_one_of_several_models_by_its_name(model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (model / "other/11").mkdir(parents=True)
    (model / "other/11/saved_model.pb").touch()
    assert Predictor(model).name == "other"
    monkeypatch.setenv("SAGEMAKER_TFS_DEFAULT_MODEL_NAME", "housing")
    assert Predictor(model).name == "housing"


def test_a_folder_without_a_model(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"has no SavedModel: there is no <version>/saved_model\.pb in it"):
        Predictor(tmp_path)


@pytest.mark.parametrize(
    ("request_", "answer"),
    [
        ({"instances": [[1, 2], [3, 4]]}, {"predictions": [[3.0], [7.0]]}),
        ({"instances": [{"x": [1, 2]}, {"x": [3, 4]}]}, {"predictions": [[3.0], [7.0]]}),
        ({"inputs": [[1, 2]]}, {"outputs": [[3.0]]}),
        ({"inputs": {"x": [[1, 2]]}}, {"outputs": [[3.0]]}),
        (
            {"signature_name": "both", "instances": [{"a": 1, "b": 2}, {"a": 3, "b": 4}]},
            {"predictions": [{"more": "up", "sum": 3.0}, {"more": "up", "sum": 7.0}]},
        ),
        ({"signature_name": "both", "inputs": {"a": [1], "b": [2]}}, {"outputs": {"more": ["up"], "sum": [3.0]}}),
    ],
)
def test_rows_and_columns(model: Path, request_: dict[str, Any], answer: dict[str, Any]) -> None:
    assert Predictor(model).answer(json.dumps(request_).encode()) == answer


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"1,2", "the request is not JSON"),
        (b"[1]", "the request needs either instances or inputs"),
        (b'{"instances": [], "inputs": []}', "the request needs either instances or inputs"),
        (b'{"instances": []}', "instances has to be a list of rows"),
        (b'{"instances": [{"x": 1}, 2]}', "the rows of instances have different inputs"),
        (b'{"instances": [["a"]]}', "could not convert string to float"),
        (b'{"inputs": {"z": 1}}', "the model takes x, not z"),
        (b'{"inputs": [1], "signature_name": "both"}', "the model has several inputs, a, b: name them"),
        (b'{"inputs": [1], "signature_name": "none"}', "the model has no signature none, only both, serving_default"),
    ],
)
def test_requests_that_do_not_fit(model: Path, body: bytes, message: str) -> None:
    with pytest.raises(RequestError, match=message):
        Predictor(model).answer(body)


@pytest.mark.parametrize(
    ("body", "content_type", "answer"),
    [
        (b"1,2\n\n3,4\n", "text/csv", [[3.0], [7.0]]),
        (b"[1, 2]\n[3, 4]\n", "application/jsonlines", [[3.0], [7.0]]),
        (b"[[1, 2]]", "application/json", [[3.0]]),
        (b'{"x": [1, 2]}', "application/json", [[3.0]]),
        (b'{"instances": [[1, 2]]}', "", [[3.0]]),
    ],
)
def test_without_a_script(model: Path, body: bytes, content_type: str, answer: list[Any]) -> None:
    content, kind = Handlers(None, str(model)).answer(body, content_type, "text/csv")
    assert (json.loads(content), kind) == ({"predictions": answer}, "application/json")


def test_without_a_script_not_every_content_type_is_read(model: Path) -> None:
    with pytest.raises(RequestError, match="there is no script, and the server by itself does not read image/png"):
        Handlers(None, str(model)).answer(b"", "image/png", "")


def test_the_two_handlers_of_a_script(model: Path) -> None:
    pytest.importorskip("requests")
    seen: list[Any] = []

    def input_handler(data: Any, context: Any) -> str:
        seen.append(context)
        return json.dumps({"instances": [[float(cell) for cell in data.read().decode().split(",")]]})

    def output_handler(response: Any, context: Any) -> tuple[bytes, str]:
        return f"{response.status_code} {response.json()['predictions']}".encode(), context.accept_header

    module = script(input_handler=input_handler, output_handler=output_handler)
    assert saved_model.handles(module)
    assert Handlers(module, str(model)).answer(b"1,2", "text/csv", "a/b") == (b"200 [[3.0]]", "a/b")
    context = seen[0]
    assert (context.model_name, context.method, context.request_content_type, context.content_length) == (
        "housing",
        "predict",
        "text/csv",
        3,
    )


def test_the_one_handler_of_a_script_reaches_the_model_by_itself(model: Path) -> None:
    statuses: list[int] = []

    def handler(data: Any, context: Any) -> tuple[str, str]:
        place = urlsplit(context.rest_uri)
        connection = http.client.HTTPConnection(str(place.hostname), place.port or 0, timeout=10)
        for path, body in ((place.path, data.read()), (place.path, b"?"), ("/v1/models/none:predict", b"{}")):
            connection.request("POST", path, body)
            response = connection.getresponse()
            statuses.append(response.status)
            answer = response.read().decode()
        connection.close()
        return answer, "text/plain"

    answer, kind = Handlers(script(handler=handler), str(model)).answer(b'{"instances": [[1, 2]]}', "", "")
    assert statuses == [200, 400, 404]
    assert (json.loads(answer)["error"], kind) == (
        "there is no /v1/models/none:predict; the model is called housing",
        "text/plain",
    )


def test_the_model_is_not_looked_for_behind_a_proxy(model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("requests")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    module = script(input_handler=lambda data, context: data.read(), output_handler=lambda response, context: (response.text, ""))
    assert Handlers(module, str(model)).answer(b'{"inputs": [[1, 2]]}', "", "")[0] == b'{"outputs": [[3.0]]}'


def test_scripts_that_are_none(model: Path) -> None:
    with pytest.raises(NotImplementedError, match=r"has an input_handler, but no output_handler\(response, context\)"):
        Handlers(script(input_handler=lambda data, context: b""), str(model))
    with pytest.raises(TypeError, match="the script returned int; it must return str or bytes"):
        Handlers(script(handler=lambda data, context: (5, "")), str(model)).answer(b"", "", "")


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("def handler(data, context): return 'handled', 'a/b'", b"handled"),
        ("def model_fn(d): return 1\ndef handler(d, c): pass\ndef transform_fn(m, d, k, a): return 'model_fn'", b"model_fn"),
        ("", b'{"predictions": [[3.0]]}'),
    ],
)
def test_the_server_chooses_by_the_script(
    model: Path, source: str, expected: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = f"inference_{uuid.uuid4().hex}"
    if source:
        (tmp_path / f"{name}.py").write_text(source)
    monkeypatch.setenv("SAGEMAKER_SUBMIT_DIRECTORY", str(tmp_path))
    monkeypatch.setenv("SAGEMAKER_PROGRAM", f"{name}.py" if source else "")
    monkeypatch.setattr(serve, "MODEL_DIR", str(model))
    monkeypatch.setattr("sys.path", ["placeholder", *sys.path])
    monkeypatch.chdir(tmp_path)
    assert serve.open_model().answer(b"1,2", "text/csv", "")[0] == expected
