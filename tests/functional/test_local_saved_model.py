"""A transform job with a real SavedModel behind a script for TensorFlow Serving, and without a script."""

from __future__ import annotations

import io
import json
import tarfile
from pathlib import Path
from typing import Any

import pytest

from framework.errors import BackendError
from framework.local.backend import LocalBackend
from framework.local.isolation import choose_runner
from framework.pipeline.compiled import CompiledPipeline, Upload

HANDLERS = """
import json
def input_handler(data, context):
    rows = [[float(cell) for cell in line.split(",")] for line in data.read().decode().splitlines()]
    return json.dumps({"instances": rows})
def output_handler(response, context):
    assert response.status_code == 200, response.text
    return "".join(f"{value}\\n" for (value,) in response.json()["predictions"]), context.accept_header
"""


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    tf = pytest.importorskip("tensorflow", reason="TensorFlow is not installed: pip install -e '.[tensorflow]'")

    class Doubling(tf.Module):  # type: ignore[misc, name-defined]
        @tf.function(input_signature=[tf.TensorSpec([None, 2], tf.float32)])
        def serve(self, x: Any) -> Any:
            return {"y": 2.0 * tf.reduce_sum(x, axis=1, keepdims=True)}

    folder = tmp_path_factory.mktemp("model")
    model = Doubling()
    tf.saved_model.save(model, str(folder / "doubling/1"), signatures={"serving_default": model.serve})
    return folder


def packed(folder: Path, script: str) -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w:gz") as archive:
        archive.add(folder, ".")
        if script:
            member = tarfile.TarInfo("code/inference.py")
            member.size = len(script.encode())
            archive.addfile(member, io.BytesIO(script.encode()))
    return stream.getvalue()


@pytest.mark.parametrize(
    ("script", "expected"),
    [(HANDLERS, "6.0\n14.0\n"), ("", json.dumps({"predictions": [[6.0], [14.0]]}))],
    ids=["a script", "no script"],
)
def test_a_transform_through_a_saved_model(saved: Path, script: str, expected: str, tmp_path: Path) -> None:
    try:
        choose_runner(tmp_path / "probe")
    except BackendError as error:
        pytest.skip(str(error))
    backend = LocalBackend(tmp_path / ".smp")
    source = {
        "DataSource": {"S3DataSource": {"S3Uri": "s3://bucket/rows.csv"}},
        "ContentType": "text/csv",
    }
    container = {"Image": "image", "ModelDataUrl": "s3://bucket/model.tar.gz", "Environment": {"SAGEMAKER_PROGRAM": "inference.py"}}
    steps = [
        {"Name": "Model", "Type": "Model", "Arguments": {"PrimaryContainer": container}},
        {
            "Name": "Transform",
            "Type": "Transform",
            "Arguments": {
                "ModelName": {"Get": "Steps.Model.ModelName"},
                "TransformInput": source,
                "TransformOutput": {"S3OutputPath": "s3://bucket/out", "Accept": "text/csv"},
            },
        },
    ]
    uploads = (
        Upload("s3://bucket/model.tar.gz", "", packed(saved, script)),
        Upload("s3://bucket/rows.csv", "", b"1,2\n3,4\n"),
    )
    execution = backend.run(CompiledPipeline("tf", {"Steps": steps}, uploads), {}, parallelism=1)
    assert execution.status == "Succeeded", backend.log_tail(execution, "Transform")
    assert (tmp_path / ".smp/s3/bucket/out/rows.csv.out").read_text() == expected
