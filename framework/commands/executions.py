"""`smp status`, `wait`, `stop` and `history`: the executions of a pipeline, on SageMaker or where asked on this machine."""

from __future__ import annotations

import sys
from datetime import datetime, timezone
from typing import TYPE_CHECKING

import click

from framework.commands import following, history, options, target, watch
from framework.errors import BackendError
from framework.pipeline.execution import LATEST, STOPPED, Execution
from framework.pipeline.secrets import hidden
from framework.report import executions as report
from framework.report import text

if TYPE_CHECKING:
    from framework.deploy.backend import SageMakerBackend

_NAMED = "[EXECUTION]"
POLL_SECONDS = 0.5
"""How often a run of this machine is looked at."""


@click.command()
@options.project_options
@click.argument("which", metavar=_NAMED, default=LATEST)
@target.name_option
@target.local_option
@click.option("--exit-code", is_flag=True, help="End with 4 when it has failed or was stopped.")
@click.pass_context
def status(ctx: click.Context, which: str, name: str | None, local: bool, exit_code: bool) -> None:
    """Print how an execution stands: its steps, its parameters, and why it failed.

    EXECUTION is an ARN, an id, or "latest", which it is when left away.
    A run of this machine is given by its id (local0000007), or by --local.
    """
    run_id = _local_run(which, local)
    here = local or run_id is not None
    execution = _show_here(ctx, run_id) if here else _show(ctx, *target.execution(ctx, which, name))
    ctx.exit(options.FAILED if exit_code and execution.status in report.UNSUCCESSFUL else 0)


def _show_here(ctx: click.Context, run_id: str | None) -> Execution:
    """Print a run of this machine."""
    engine, execution = history.backend(ctx), history.execution(ctx, run_id)
    reports = engine.reports(execution)
    if options.wants_json(ctx):
        click.echo(text.as_json(text.execution_data(execution, reports)))
    else:
        report.print_status(execution, {}, sys.stdout, reports)
    watch.tell_reasons(execution, lambda step: None)
    return execution


def _show(ctx: click.Context, backend: SageMakerBackend, arn: str) -> Execution:
    """Print an execution on SageMaker."""
    execution = backend.describe(arn)
    given = _parameters(backend, arn)
    if options.wants_json(ctx):
        about = {**text.execution_data(execution), "PipelineParameters": [{"Name": n, "Value": v} for n, v in given.items()]}
        click.echo(text.as_json(about))
    else:
        report.print_status(execution, given, sys.stdout)
    following.tell_failures(backend, execution)
    following.tell_studio(arn)
    return execution


def _parameters(backend: SageMakerBackend, arn: str) -> dict[str, str]:
    """What an execution was started with, secrets hidden; nothing, after saying why, where that cannot be asked."""
    from framework.deploy import executions

    try:
        return hidden(executions.parameters(backend.clients, arn))
    except BackendError as error:
        click.echo(str(error), err=True)
        return {}


@click.command()
@options.project_options
@click.argument("which", metavar=_NAMED, default=LATEST)
@target.name_option
@target.local_option
@following.interval_option
@click.option(
    "--timeout", type=options.Seconds(min=0), metavar="SECONDS", help="End with 5 when it has not ended by then; it goes on."
)
@click.pass_context
def wait(ctx: click.Context, which: str, name: str | None, local: bool, interval: float, timeout: float | None) -> None:
    """Follow an execution to its end, as `smp run --wait` does.

    EXECUTION is an ARN, an id, or "latest", which it is when left away.
    Ctrl-C leaves the execution to itself. The exit code is 4 when it fails or is stopped.
    """
    run_id = _local_run(which, local)
    if local or run_id:
        ctx.exit(_wait_here(ctx, run_id, timeout))
    backend, arn = target.execution(ctx, which, name)
    execution = following.follow(ctx, backend, arn, following.definition_of(backend, arn), interval, timeout)
    ctx.exit(following.finish(ctx, backend, execution))


def _wait_here(ctx: click.Context, run_id: str | None, timeout: float | None) -> int:
    """Follow a run of this machine that another terminal has started; the exit code."""
    from framework.deploy.watching import follow

    engine, first = history.backend(ctx), history.execution(ctx, run_id)
    with watch.watched(ctx, engine.definition(first.id)) as watcher:
        execution = follow(lambda: engine.execution(first.id), watcher, POLL_SECONDS, timeout)
    reports = engine.reports(execution)
    if options.wants_json(ctx):
        click.echo(text.as_json(text.execution_data(execution, reports)))
    else:
        text.print_execution(execution, reports, sys.stdout)
    return options.FAILED if execution.status in report.UNSUCCESSFUL else 0


@click.command()
@options.project_options
@click.argument("which", metavar=_NAMED, default=LATEST)
@target.name_option
@click.option("--wait", "until_stopped", is_flag=True, help="Follow it until it has stopped.")
@following.interval_option
@click.pass_context
def stop(ctx: click.Context, which: str, name: str | None, until_stopped: bool, interval: float) -> None:
    """Stop an execution on SageMaker. One that has ended already stays as it is.

    EXECUTION is an ARN, an id, or "latest", which it is when left away.
    A step that calls a Lambda function or waits for a callback ends first.
    """
    if target.local_id(which):
        raise click.UsageError("a run of this machine is stopped with Ctrl-C, where it was started")
    from framework.deploy import executions

    backend, arn = target.execution(ctx, which, name)
    asked = executions.stop(backend.clients, arn)
    execution = backend.describe(arn)
    if until_stopped and asked:
        click.echo(f"stopping {arn}", err=True)
        execution = following.follow(ctx, backend, arn, following.definition_of(backend, arn), interval)
    if options.wants_json(ctx):
        click.echo(text.as_json({**execution.description, "StopRequested": asked}))
    elif not asked:
        click.echo(f"{arn} is {execution.status} already: nothing to stop")
    else:
        click.echo(f"{'stopped' if execution.status == STOPPED else 'stopping'} {arn}")


@click.command("history")
@options.project_options
@target.name_option
@target.local_option
@click.option("-n", "--limit", type=click.IntRange(1, options.MOST), default=20, show_default=True, help="So many of the newest.")
@click.pass_context
def list_executions(ctx: click.Context, name: str | None, local: bool, limit: int) -> None:
    """List the executions of the pipeline, newest first.

    Each with its id, its status, when it began, how long it took, its display name, and which of its steps failed.
    """
    now = datetime.now(timezone.utc)
    if local:
        found = history.backend(ctx).executions(name)[:limit]
    else:
        from framework.deploy import executions

        chosen = target.pipeline(ctx, name)
        found = executions.history(target.backend(ctx, chosen.region).clients, chosen.name, limit)
    if options.wants_json(ctx):
        click.echo(text.as_json([text.run_data(execution, now) for execution in found]))
        return
    for execution in found:
        click.echo(text.run_line(execution, now) if local else report.history_line(execution, now))
    if not found:
        click.echo("there are no executions yet", err=True)


def _local_run(which: str, local: bool) -> str | None:
    """The id of a run of this machine, where one is named."""
    run_id = target.local_id(which)
    if local and run_id is None and which != LATEST:
        raise click.UsageError(f'--local goes with the id of a run of this machine (local0000007) or "{LATEST}"')
    return run_id
