"""Stand between a request and TensorFlow Serving: the two functions that SageMaker's TensorFlow image calls.

In: text/csv, the components of one block group per line, no header.
Out: text/csv, one house value per line.
"""

from __future__ import annotations

import json
from typing import Any, BinaryIO


def input_handler(data: BinaryIO, context: Any) -> str:
    """The request as TensorFlow Serving's REST interface takes it."""
    if context.request_content_type.split(";")[0].strip().lower() != "text/csv":
        raise ValueError(f"this model reads text/csv, not {context.request_content_type}")
    lines = data.read().decode("utf-8").splitlines()
    return json.dumps({"instances": [[float(cell) for cell in line.split(",")] for line in lines if line.strip()]})


def output_handler(response: Any, context: Any) -> tuple[str, str]:
    """The answer, and its content type."""
    if response.status_code != 200:
        raise ValueError(response.content.decode("utf-8"))
    # The last line ends too, or a batch transform that joins several answers would glue two numbers together.
    return "".join(f"{value:.2f}\n" for (value,) in response.json()["predictions"]), "text/csv"
