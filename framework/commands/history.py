"""`smp logs`, and how commands find an execution of this machine and a step of it."""

from __future__ import annotations

import codecs
import time
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, BinaryIO

import click

from framework.commands import job_logs, options, target
from framework.errors import BackendError
from framework.findings import Finding, FindingsError, Place, nearest
from framework.pipeline.execution import ENDED, EXECUTING, Execution, StepState
from framework.report import text

if TYPE_CHECKING:
    from framework.local.backend import LocalBackend

POLL_SECONDS = 0.2
PIECE = 1 << 20


@click.command()
@options.project_options
@click.argument("step_name", metavar="STEP")
@click.option("--run", "run_id", metavar="RUN", help="The run of this machine.  [default: the newest]")
@click.option("--execution", "which", metavar="EXECUTION", help='The execution on SageMaker: its ARN, its id, or "latest".')
@target.name_option
@click.option("-f", "--follow", is_flag=True, help="Go on until the step has ended; wait for one that has not begun.")
@click.option("-n", "--lines", type=click.IntRange(0, options.MOST), help="Begin with so many of the last lines.  [default: all]")
@click.pass_context
def logs(
    ctx: click.Context, step_name: str, run_id: str | None, which: str | None, name: str | None, follow: bool, lines: int | None
) -> None:
    """Print the log of a step of a local run, or with --execution of its job on SageMaker.

    The step is named as the run lists it: a step of a loop ends in the number of its iteration. --run takes the ARN of an execution
    on SageMaker as well, and --execution the id of a local run.
    """
    if run_id is not None and which is not None:
        raise click.UsageError("--run is a run of this machine, --execution one on SageMaker: give one of them")
    given = which if which is not None else run_id
    there = given is not None and not target.local_id(given) and (which is not None or target.is_arn(given))
    if there and given is not None:
        aws, arn = target.execution(ctx, given, name)
        _print_log(ctx, arn, step_name, (f"{line}\n" for line in job_logs.lines(aws, arn, step_name, follow, lines)))
        return
    if name is not None:
        raise click.UsageError("--name goes with --execution")
    found = execution(ctx, target.local_id(given) or given)
    if not (follow and found.status == EXECUTING and _may_begin(backend(ctx), found, step_name)):
        step(found, step_name, "logs")
    _print_log(ctx, found.id, step_name, _pieces(backend(ctx), found.id, step_name, follow, lines))


def _print_log(ctx: click.Context, execution_id: str, step_name: str, pieces: Iterable[str]) -> None:
    """Print a log as it comes, or in JSON once it has come whole."""
    if options.wants_json(ctx):
        lines = "".join(pieces).splitlines()
        click.echo(text.as_json({"execution": execution_id, "step": step_name, "lines": lines}))
        return
    for piece in pieces:
        click.echo(piece, nl=False)


def backend(ctx: click.Context) -> LocalBackend:
    """The local engine on the project's state folder."""
    from framework.local.backend import LocalBackend

    return LocalBackend(options.state_folder(ctx))


def execution(ctx: click.Context, run_id: str | None) -> Execution:
    """The execution of that id, or the newest.

    Raises:
        BackendError: there is none.
    """
    engine = backend(ctx)
    if run_id is not None:
        return engine.execution(run_id)
    newest = next(iter(engine.executions()), None)
    if newest is None:
        cure = "start one with `smp run --local`, or name one on SageMaker by its ARN"
        raise BackendError("Looking for the newest execution", "nothing has run here", cure)
    return newest


def step(found: Execution, name: str, command: str) -> StepState:
    """The state of a step.

    Raises:
        FindingsError: the execution has not run it.
    """
    known = {str(state["StepName"]): state for state in found.steps}
    if name not in known:
        finding = Finding("SMP304", Place(command), f"{found.id} has run no step {name}", nearest(name, known))
        raise FindingsError([finding])
    return known[name]


def _may_begin(engine: LocalBackend, found: Execution, name: str) -> bool:
    """Whether a step that has not begun is one of the definition; of a loop's steps, as its iterations are named."""
    from framework.pipeline.step_graph import body, flat

    for each, _ in flat(engine.definition(found.id).get("Steps") or []):
        inner = [str(one.get("Name")) for one in body(each)]
        parent, _, number = name.rpartition("-")
        if name == each.get("Name") or (parent in inner and number.isdecimal()):
            return True
    return False


def _pieces(engine: LocalBackend, run_id: str, name: str, follow: bool, lines: int | None) -> Iterator[str]:
    """The log as it is, and as it grows while the step runs."""
    path, position, decoder = engine.log_path(engine.execution(run_id), name), -1, codecs.getincrementaldecoder("utf-8")("replace")
    while True:
        running = follow and _goes_on(engine.execution(run_id), name)
        if path.is_file():
            with path.open("rb") as file:
                if position < 0:
                    position = 0 if lines is None else _tail(file, lines)
                elif path.stat().st_size < position:  # the run was resumed, and the step began anew
                    position = 0
                file.seek(position)
                while piece := file.read(PIECE):
                    yield decoder.decode(piece)
                position = file.tell()
        if not running:
            return
        time.sleep(POLL_SECONDS)


def _goes_on(found: Execution, name: str) -> bool:
    """Whether a step runs, or may still begin."""
    status = next((str(state["StepStatus"]) for state in found.steps if state["StepName"] == name), None)
    return found.status == EXECUTING if status is None else status not in ENDED


def _tail(file: BinaryIO, lines: int) -> int:
    """Where the last lines begin, found from the end on."""
    position = end = file.seek(0, 2)
    seen = -1 if end and _byte(file, end - 1) == b"\n" else 0  # the end of the last line is not the end of one before it
    while position > 0 and lines > 0:
        start = max(0, position - PIECE)
        file.seek(start)
        content = file.read(position - start)
        offset = len(content)
        while (offset := content.rfind(b"\n", 0, offset)) >= 0:
            seen += 1
            if seen == lines:
                return start + offset + 1
        position = start
    return end if lines == 0 else 0


def _byte(file: BinaryIO, position: int) -> bytes:
    file.seek(position)
    return file.read(1)
