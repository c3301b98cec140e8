"""`smp local …` and `smp logs`: what local runs leave behind, and what they wait for."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from framework.commands import options
from framework.errors import BackendError
from framework.findings import Finding, FindingsError, Place, nearest
from framework.pipeline.execution import EXECUTING, Execution
from framework.report import text

if TYPE_CHECKING:
    from framework.local.backend import LocalBackend

POLL_SECONDS = 0.2


@click.group()
def local() -> None:
    """Look after local runs: their S3, endpoints and callbacks."""


@local.command("runs")
@options.project_options
@click.pass_context
def runs(ctx: click.Context) -> None:
    """List the executions on this machine, newest first."""
    executions = _backend(ctx).executions()
    if options.wants_json(ctx):
        click.echo(text.as_json([execution.description for execution in executions]))
    for execution in () if options.wants_json(ctx) else executions:
        pipeline = str(execution.description["PipelineArn"]).rpartition("/")[2]
        click.echo(f"{execution.id}  {execution.status:<10} {execution.description.get('CreationTime', '')}  {pipeline}")


@local.command("ls")
@options.project_options
@click.argument("uri", default="s3://")
@click.pass_context
def ls(ctx: click.Context, uri: str) -> None:
    """List the objects of the local S3 below a URI: size in bytes, and URI."""
    from framework.local.store import LocalStore

    for address, path in LocalStore(options.state_folder(ctx) / "s3").objects(uri):
        click.echo(f"{path.stat().st_size:>12}  {address}")


@local.command("cp")
@options.project_options
@click.argument("source")
@click.argument("target")
@click.pass_context
def cp(ctx: click.Context, source: str, target: str) -> None:
    """Copy a file into the local S3, or an object or everything below a prefix out of it."""
    from framework.local.store import LocalStore

    store = LocalStore(options.state_folder(ctx) / "s3")
    if source.startswith("s3://"):
        store.download(source, Path(target))
    elif target.startswith("s3://") and Path(source).is_file():
        address = target + Path(source).name if target.endswith("/") else target
        store.put(address, Path(source).read_bytes())
    else:
        raise click.UsageError("one of the two is an s3:// URI, the other a file or folder that exists")


@local.command("stop")
@options.project_options
@click.argument("name", required=False)
@click.pass_context
def stop(ctx: click.Context, name: str | None) -> None:
    """Stop an endpoint that a local run deployed, or all of them."""
    from framework.local import endpoints

    for stopped in endpoints.stop(options.state_folder(ctx), name):
        click.echo(f"stopped {stopped}")


@local.command("callback")
@options.project_options
@click.argument("token", required=False)
@click.option("-o", "--output", "outputs", multiple=True, metavar="NAME=VALUE", help="The value of an output parameter.")
@click.option("--fail", "reason", metavar="REASON", help="Let the step fail, and say why.")
@click.pass_context
def callback(ctx: click.Context, token: str | None, outputs: tuple[str, ...], reason: str | None) -> None:
    """Answer a Callback step that waits; without a token, list those that do."""
    from framework.local import callbacks

    state = options.state_folder(ctx)
    if token is None:
        for waiting in callbacks.list(state):
            click.echo(f"{waiting.token}  {waiting.step} of {waiting.execution}")
        return
    answered = callbacks.answer(state, token, reason is None, dict(_pairs(outputs)), reason or "")
    click.echo(f"answered {answered.step} of {answered.execution}")


@click.command()
@options.project_options
@click.argument("step")
@click.option("--run", "run_id", metavar="RUN", help="The execution.  [default: the newest]")
@click.option("-f", "--follow", is_flag=True, help="Go on until the step has ended.")
@click.pass_context
def logs(ctx: click.Context, step: str, run_id: str | None, follow: bool) -> None:
    """Print the log of a step of a local run."""
    backend = _backend(ctx)
    execution = _execution(backend, run_id)
    known = [str(state["StepName"]) for state in execution.steps]
    if step not in known:
        finding = Finding("SMP304", Place("logs"), f"{execution.id} has run no step {step}", nearest(step, known))
        raise FindingsError([finding])
    for piece in _pieces(backend, execution, step, follow):
        click.echo(piece, nl=False)


def _pieces(backend: LocalBackend, execution: Execution, step: str, follow: bool) -> Iterator[str]:
    """The log as it is, and as it grows while the step runs."""
    path, position = backend.log_path(execution, step), 0
    while True:
        running = follow and _status(backend.execution(execution.id), step) not in {"Succeeded", "Failed", "Stopped"}
        if path.is_file():
            with path.open("rb") as file:
                file.seek(position)
                content = file.read()
            position += len(content)
            yield content.decode(errors="replace")
        if not running:
            return
        time.sleep(POLL_SECONDS)


def _status(execution: Execution, step: str) -> str:
    return next((str(state["StepStatus"]) for state in execution.steps if state["StepName"] == step), EXECUTING)


def _execution(backend: LocalBackend, run_id: str | None) -> Execution:
    if run_id is not None:
        return backend.execution(run_id)
    newest = next(iter(backend.executions()), None)
    if newest is None:
        raise BackendError("Looking for the newest execution", "nothing has run here", "smp run --local")
    return newest


def _pairs(assignments: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    for assignment in assignments:
        name, equals, value = assignment.partition("=")
        if not name or not equals:
            raise click.BadParameter("write NAME=VALUE", param_hint="--output")
        yield name, value


def _backend(ctx: click.Context) -> LocalBackend:
    from framework.local.backend import LocalBackend

    return LocalBackend(options.state_folder(ctx))
