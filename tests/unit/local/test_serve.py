from __future__ import annotations

import uuid
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from framework.local.programs import serve


def script(**functions: Any) -> serve.Script:
    module = ModuleType("inference")
    for name, function in {
        "model_fn": lambda model_dir: SimpleNamespace(folder=model_dir, predict=lambda data: data),
        **functions,
    }.items():
        setattr(module, name, function)
    return serve.Script(module)


@pytest.mark.parametrize(
    ("functions", "body", "content_type", "accept", "expected"),
    [
        ({}, b"1,2\n3,4\n", "text/csv", "text/csv", (b"1,2\n3,4\n", "text/csv")),
        ({}, b"1.5,2.5\n", "text/csv", "application/json", (b"[1.5, 2.5]", "application/json")),
        ({}, b"[[1, 2]]", "application/json", "text/csv", (b"1,2\n", "text/csv")),
        ({}, b"[1, 2]", "application/json", "*/*", (b"[1, 2]", "application/json")),
        ({"input_fn": lambda body, kind: [type(body).__name__, kind]}, b"x", "a/b", "", (b'["bytes", "a/b"]', "application/json")),
        ({"input_fn": lambda body, kind: [type(body).__name__]}, b"x", "text/csv", "", (b'["str"]', "application/json")),
        (
            {"input_fn": lambda body, kind: body, "predict_fn": lambda data, model: model.folder},
            b"x",
            "text/csv",
            "",
            (b'"/opt/ml/model"', serve.JSON),
        ),
        (
            {"input_fn": lambda body, kind: body, "output_fn": lambda p, accept: (bytes(p), "x/y")},
            b"x",
            "a/b",
            "c/d",
            (b"x", "x/y"),
        ),
        (
            {"transform_fn": lambda model, data, kind, accept: f"{data}|{kind}|{accept}"},
            b"x",
            "text/csv",
            "c/d",
            (b"x|text/csv|c/d", "c/d"),
        ),
        ({"transform_fn": lambda model, data, kind, accept, context: str(context)}, b"x", "text/csv", "c/d", (b"None", "c/d")),
        (
            {"model_fn": lambda model_dir, context: context, "transform_fn": lambda m, d, k, a: str(m)},
            b"x",
            "a/b",
            "c/d",
            (b"None", "c/d"),
        ),
    ],
)
def test_the_functions_of_a_script(functions: dict[str, Any], body: bytes, content_type: str, accept: str, expected: Any) -> None:
    pytest.importorskip("numpy")
    answer, kind = script(**functions).answer(body, content_type, accept)
    assert (answer, kind) == expected


def test_without_numpy_the_request_comes_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serve, "numpy", lambda: None)
    assert script().answer(b"1,2\n", "text/csv", "application/json") == (b'"1,2\\n"', "application/json")
    rows = script(input_fn=lambda body, kind: [[1, 2], 3])
    assert rows.answer(b"", "text/csv", "text/csv") == (b"1,2\n3\n", "text/csv")


@pytest.mark.parametrize(
    ("functions", "content_type", "message"),
    [
        ({}, "image/png", "there is no input_fn, and the default one does not read image/png"),
        ({"input_fn": lambda body, kind: body}, "text/csv", "there is no output_fn, and the default one does not write x/y"),
        ({"transform_fn": lambda m, d, k, a: 5}, "text/csv", "the script returned int; it must return str or bytes"),
    ],
)
def test_what_the_functions_cannot_do(functions: dict[str, Any], content_type: str, message: str) -> None:
    with pytest.raises((ValueError, TypeError), match=message):
        script(**functions).answer(b"x", content_type, "x/y")


def test_scripts_that_are_none() -> None:
    with pytest.raises(ValueError, match="transform_fn beside"):
        script(transform_fn=lambda m, d, k, a: d, predict_fn=lambda d, m: d)
    with pytest.raises(NotImplementedError, match=r"no model_fn\(model_dir\)"):
        serve.Script(ModuleType("inference"))


@pytest.mark.parametrize("program", ["pkg/deep.py", "pkg.deep"])
def test_programs_by_path_and_by_module(tmp_path: Path, program: str, monkeypatch: pytest.MonkeyPatch) -> None:
    name = f"pkg{uuid.uuid4().hex}"
    (tmp_path / name).mkdir()
    (tmp_path / name / "deep.py").write_text("X = 1\n")
    monkeypatch.setattr("sys.path", ["placeholder"])
    monkeypatch.chdir(tmp_path)
    assert serve.load(str(tmp_path), program.replace("pkg", name)).X == 1
