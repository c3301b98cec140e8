"""Lambda: the handler that conf.local.lambdas names for the function, called in a process of its own; else only recorded.

The event is the step's Arguments; members of what the handler returns become output parameters. Ten minutes are all that a function
has (developer guide, page "Pipelines steps", on time-outs of the Lambda step).
"""

from __future__ import annotations

import fnmatch
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from framework.local.files import read_json, write_json
from framework.local.job import Job, StepError, StepRun, last_line
from framework.local.outputs import declared, from_json, placeholders
from framework.local.recording import recorded
from framework.local.step_types.base import StepType
from framework.pipeline.compiled import LocalSettings

PROGRAM = Path(__file__).parents[1] / "programs" / "lambda_handler.py"
LIMIT_SECONDS = 600.0


def run(step: StepRun) -> dict[str, Any]:
    """Runs the step; see `StepType.run`."""
    arn, types = _function(step.step), declared(step.step)
    handler = _handler(arn, getattr(step.site, "settings", LocalSettings()))
    if handler is None:
        return recorded(step, {"Arn": arn, "OutputParameters": placeholders(types)}, _without(arn))
    returned = _call(step, arn, handler)
    return {"Arn": arn, "OutputParameters": _outputs(types, returned)}


def simulated(step: Mapping[str, Any], settings: LocalSettings) -> str | None:
    """See `StepType.simulated`."""
    arn = _function(step)
    return None if _handler(arn, settings) else _without(arn)


def _function(step: Mapping[str, Any]) -> str:
    return str(step.get("FunctionArn", ""))


def _handler(arn: str, settings: LocalSettings) -> str | None:
    return next((handler for pattern, handler in settings.lambdas if fnmatch.fnmatchcase(arn, pattern)), None)


def _without(arn: str) -> str:
    return f"conf.local.lambdas names no handler for {arn}, so that nothing was called and every output parameter is empty"


def _call(step: StepRun, arn: str, handler: str) -> Any:
    """What the handler returned."""
    file, _, function = handler.rpartition(":")
    if not Path(file).is_file():
        raise StepError(f"ClientError: conf.local.lambdas names the handler {handler} for {arn}, and there is no file {file!r}")
    job = Job(step)
    job.note(f"{handler} stands for {arn}")
    event, result = step.folder / "event.json", step.folder / "result.json"
    write_json(event, dict(step.arguments))
    call = {"file": file, "function": function, "event": str(event), "result": str(result), "arn": arn, "seconds": LIMIT_SECONDS}
    write_json(step.folder / "call.json", call)
    _wait(job, ["python", str(PROGRAM), str(step.folder / "call.json")], _variables(arn))
    return _answer(read_json(result), arn)


def _wait(job: Job, words: list[str], environment: Mapping[str, str]) -> None:
    running = job.start(words, environment)
    try:
        code = running.wait(LIMIT_SECONDS)
    finally:
        running.stop()
    if code is None:
        raise StepError(f"ClientError: the function took longer than the {LIMIT_SECONDS:.0f} seconds that a Lambda step may take")
    if code != 0:
        raise StepError(f"ClientError: the function's process ended: {last_line(job.run.log)}, exit code: {code}")


def _variables(arn: str) -> dict[str, str]:
    name, _, version = arn.partition(":function:")[2].partition(":")
    return {"AWS_LAMBDA_FUNCTION_NAME": name, "AWS_LAMBDA_FUNCTION_VERSION": version or "$LATEST"}


def _answer(result: Mapping[str, Any], arn: str) -> Any:
    if "error" in result:
        raise StepError(f"ClientError: the function {arn} failed: {result['error']}")
    return result["returned"]


def _outputs(types: Mapping[str, str], returned: Any) -> dict[str, Any]:
    if types and not isinstance(returned, Mapping):
        raise StepError(
            f"ClientError: the function returned {type(returned).__name__}; it must return a dict, for the step's output parameters"
        )
    found = {}
    for name, kind in types.items():
        if name not in returned:
            raise StepError(f"ClientError: the function returned no {name}, which the step declares as an output parameter")
        try:
            found[name] = from_json(kind, returned[name])
        except ValueError as error:
            raise StepError(f"ClientError: the output parameter {name} {error}") from None
    return found


STEP_TYPE = StepType("Lambda", "function", "", "Arn", run, arn_is_result=True, simulated=simulated)
