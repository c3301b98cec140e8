"""Calls a Lambda handler as the Lambda runtime does. A program, started for a Lambda step by `framework.local.step_types.lambda_`.

In: as its only argument a JSON file {"file", "function", "event", "result", "arn", "seconds"}: the file and the function in it, the
files of the event and for the result, the function's ARN and the seconds it has. Out: the result file, {"returned": value} or
{"error": why}; the traceback of an exception goes to the log.
"""

from __future__ import annotations

import importlib.util
import json
import os
import sys
import time
import traceback
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any


class Context:
    """What a handler gets beside the event; the members that the Lambda runtime documents for Python.

    Args:
        arn: the function's ARN.
        seconds: how long the function has.
    """

    def __init__(self, arn: str, seconds: float) -> None:
        self._end = time.monotonic() + seconds
        name, _, version = arn.partition(":function:")[2].partition(":")
        self.function_name, self.function_version = name, version or "$LATEST"
        self.invoked_function_arn = arn
        self.memory_limit_in_mb = "128"
        self.aws_request_id = str(uuid.uuid4())
        self.log_group_name, self.log_stream_name = f"/aws/lambda/{name}", "local"
        self.identity = self.client_context = None

    def get_remaining_time_in_millis(self) -> int:
        """The time that is left."""
        return max(0, int(1000 * (self._end - time.monotonic())))


def load(file: Path, function: str) -> Callable[[Any, Context], Any]:
    """The handler; modules beside its file can be imported."""
    sys.path.insert(0, str(file.parent))
    spec = importlib.util.spec_from_file_location(file.stem, file)
    if spec is None or spec.loader is None:
        raise ImportError(f"{file.name} is not a Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[file.stem] = module
    spec.loader.exec_module(module)
    if not hasattr(module, function):
        raise ImportError(f"{file.name} has no function {function}")
    return getattr(module, function)  # type: ignore[no-any-return]


def call(about: dict[str, Any]) -> dict[str, Any]:
    """Calls the handler; its answer as the result file has it."""
    event = json.loads(Path(about["event"]).read_bytes())
    try:
        handler = load(Path(about["file"]), about["function"])
        returned = handler(event, Context(about["arn"], about["seconds"]))
    except (Exception, SystemExit) as error:  # whatever the handler does, the step tells of it
        traceback.print_exc()
        return {"error": _said(error)}
    try:
        json.dumps(returned, allow_nan=False)
    except (TypeError, ValueError) as error:
        return {"error": f"what it returned cannot be written as JSON: {error}"}
    return {"returned": returned}


def _said(error: BaseException) -> str:
    return "".join(traceback.format_exception_only(type(error), error)).strip().splitlines()[-1]


def main() -> None:
    """Calls the handler that the call file names."""
    about = json.loads(Path(sys.argv[1]).read_bytes())
    answer = json.dumps(call(about))
    written = Path(about["result"] + ".tmp")
    written.write_text(answer, encoding="utf-8")
    os.replace(written, about["result"])  # noqa: PTH105 - the target is text
    sys.stdout.flush()
    os._exit(0)  # threads that the handler left behind do not live on, as on Lambda


if __name__ == "__main__":
    main()
