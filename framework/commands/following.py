"""Starting an execution on SageMaker and following one to its end: what is said meanwhile, and of what has failed."""

from __future__ import annotations

import contextlib
import hashlib
import shlex
import sys
import uuid
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import click

from framework.commands import options, watch
from framework.errors import BackendError
from framework.findings import printable
from framework.pipeline.compiled import CompiledPipeline, Definition
from framework.pipeline.execution import SUCCEEDED, Execution, StepState
from framework.report import text

if TYPE_CHECKING:
    from framework.deploy.backend import SageMakerBackend

TAIL_LINES = 20
SHORTEST_TOKEN, LONGEST_TOKEN = 32, 128
"""Of a ClientRequestToken, in characters."""


def interval_option(command: Any) -> Any:
    """The option that says how often SageMaker is asked."""
    return click.option(
        "--interval",
        type=options.Seconds(min=0, min_open=True),
        default=15,
        show_default=True,
        metavar="SECONDS",
        help="How often to ask how it stands.",
    )(command)


def token_of(given: str | None) -> str:
    """The ClientRequestToken for what was given as a token, which may be shorter or longer than one; a fresh one for nothing."""
    if given is None:
        return uuid.uuid4().hex
    if not given:
        raise click.UsageError("the token is empty: leave --token away for a new one")
    return given if SHORTEST_TOKEN <= len(given) <= LONGEST_TOKEN else hashlib.sha256(given.encode()).hexdigest()


def start(
    ctx: click.Context,
    backend: SageMakerBackend,
    compiled: CompiledPipeline,
    parameters: Mapping[str, str],
    how: Mapping[str, Any],
) -> int:
    """Start the deployed pipeline, and follow it where that is asked for; the exit code.

    Args:
        ctx: the command's.
        backend: talks to AWS.
        compiled: the pipeline.
        parameters: start values.
        how: what the options say: token, display_name, parallelism, selective (as `backend.start` takes it), wait, interval.
    """
    token = token_of(how["token"])
    if how["token"] is None:
        click.echo(f"token {token}; should the answer get lost, --token with it starts nothing a second time", err=True)
    given = {name: how[name] for name in ("display_name", "parallelism", "selective")}
    started = backend.start(compiled.name, parameters, token, **given)
    if how["wait"]:
        click.echo(f"started {started}", err=True)
        tell_studio(started, compiled.name)
        return finish(ctx, backend, follow(ctx, backend, started, compiled.definition, how["interval"]))
    about = {"PipelineExecutionArn": started, "ClientRequestToken": token}
    click.echo(text.as_json(about) if options.wants_json(ctx) else f"started {started}")
    tell_studio(started, compiled.name)
    _advise("to follow it", ["wait", started])
    return 0


def follow(
    ctx: click.Context,
    backend: SageMakerBackend,
    arn: str,
    definition: Definition,
    interval: float,
    timeout: float | None = None,
) -> Execution:
    """Follow an execution to its end. Ctrl-C leaves it to itself and ends the command.

    Raises:
        BackendError: AWS cannot be asked any more, or the time is up; the execution goes on.
    """
    try:
        with watch.watched(ctx, definition) as watcher:
            return backend.wait(arn, watcher, interval, timeout, _bear)
    except KeyboardInterrupt:
        _detach(ctx, arn)
        raise click.exceptions.Exit(options.FAILED) from None
    except BackendError as error:
        raise _goes_on(error, arn) from error


def _goes_on(error: BackendError, arn: str) -> BackendError:
    """The error, and that the execution does not care; unless there is no such execution."""
    from framework.deploy.cures import NOT_FOUND
    from framework.deploy.refusals import code_of

    if isinstance(error.__cause__, Exception) and code_of(error.__cause__) in NOT_FOUND:
        return error
    cure = [error.cure] if error.cure else []
    return BackendError(error.what, error.why, "; ".join([*cure, f"the execution goes on: `{_command(['wait', arn])}` follows it"]))


def _bear(error: BackendError) -> bool:
    """Whether to ask again; that is said."""
    from framework.deploy.refusals import is_passing

    if is_passing(error):
        click.echo(printable(f"{error.what} failed: {error.why}; asking again"), err=True)
        return True
    return False


def _detach(ctx: click.Context, arn: str) -> None:
    click.echo("\ndetached: the execution goes on", err=True)
    _advise("to follow it again", ["wait", arn])
    _advise("to stop it", ["stop", arn])
    if options.wants_json(ctx):
        click.echo(text.as_json({"PipelineExecutionArn": arn, "Detached": True}))


def finish(ctx: click.Context, backend: SageMakerBackend, execution: Execution) -> int:
    """Show an execution that has ended, and say why what has failed did; the exit code."""
    if options.wants_json(ctx):
        click.echo(text.as_json(text.execution_data(execution)))
    else:
        text.print_execution(execution, (), sys.stdout)
    tell_failures(backend, execution)
    if execution.status == SUCCEEDED:
        return 0
    tell_studio(str(execution.description["PipelineExecutionArn"]))
    return options.FAILED


def tell_failures(backend: SageMakerBackend, execution: Execution) -> None:
    """Say of each failed step why, with the last lines of its job's log and where to look at it; or that no step can be seen."""
    if execution.hidden:
        click.echo(f"the steps cannot be seen: {execution.hidden}", err=True)
    watch.tell_reasons(execution, lambda step: _tell_job(backend, execution, step))


def _tell_job(backend: SageMakerBackend, execution: Execution, step: StepState) -> None:
    from framework.deploy import links, logs

    log = logs.job_log(step)
    if log is None:
        return
    try:
        lines = logs.tail(backend.clients, log, TAIL_LINES)
    except BackendError as error:
        click.echo(f"the log cannot be read: {error}", err=True)
        lines = []
    if lines:
        click.echo(f"last lines of {text.shown(str(step['StepName']))}:", err=True)
        click.echo("".join(f"  {text.shown(line)}\n" for line in lines), nl=False, err=True)
        arn = str(execution.description["PipelineExecutionArn"])
        _advise("the whole log", ["logs", str(step["StepName"]), "--execution", arn])
    if page := links.job_page(log.arn):
        click.echo(f"the job in the console: {page}", err=True)


def tell_studio(arn: str, pipeline: str = "") -> None:
    """Say where Studio shows an execution, or a pipeline, when this is a terminal of Studio."""
    if page := studio_page(arn, pipeline):
        click.echo(f"in Studio: {page}", err=True)


def studio_page(arn: str, pipeline: str = "") -> str:
    """Where Studio shows an execution or a pipeline of this ARN; "" outside of Studio, and for what it does not show."""
    here, parts = options.studio(), arn.split(":", 5)
    if here is None or len(parts) < 6 or (parts[1], parts[3]) != (here.partition, here.region):
        return ""
    from framework.deploy import links

    words = parts[5].split("/")
    execution = words[3] if len(words) > 3 else ""
    return links.studio_page(here.domain, here.region, pipeline or words[1], execution, here.partition)


def definition_of(backend: SageMakerBackend, arn: str) -> Definition:
    """What an execution runs; no steps where who asks may not see it."""
    from framework.deploy import executions

    with contextlib.suppress(BackendError):
        return executions.definition(backend.clients, arn)
    return {"Steps": []}


def _command(words: list[str]) -> str:
    return f"{options.program()} {shlex.join(words)}"


def _advise(what: str, words: list[str]) -> None:
    click.echo(f"{what}: {_command(words)}", err=True)
