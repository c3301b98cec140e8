"""`smp run`: deploys the pipeline and starts it on SageMaker, or runs it on this machine."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Mapping, Sequence
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from framework.commands import following, options, planning, selection, watch
from framework.commands.definitions import read_definition
from framework.config.start import read_values
from framework.pipeline.compiled import CompiledPipeline, Definition, LocalSettings
from framework.pipeline.execution import SUCCEEDED, Execution, Watcher
from framework.pipeline.packages import with_packages
from framework.pipeline.parameters import resolve_parameters
from framework.pipeline.secrets import hidden
from framework.report import text
from framework.road import local_settings

if TYPE_CHECKING:
    from framework.deploy.backend import SageMakerBackend
    from framework.local.backend import LocalBackend

RUNNERS = ("auto", "namespace", "bubblewrap", "plain", "docker", "finch", "podman")
KEPT = ("keep_going", "strict", "select", "exclude", "state", "source")
"""What a resumed run keeps of how it began."""

LOCAL_ONLY = ("keep_going", "strict", "resume")

SAGEMAKER_ONLY = {"display_name": "--display-name", "token": "--token", "interval": "--interval"}


_DISPLAY_NAME = re.compile(r"[a-zA-Z0-9](-*[a-zA-Z0-9]){0,81}")


def _shown_name(ctx: click.Context, param: click.Parameter, value: str | None) -> str | None:
    if value is not None and not _DISPLAY_NAME.fullmatch(value):
        raise click.BadParameter("SageMaker takes letters, digits and hyphens between them, 82 at most")
    return value


@click.command()
@options.project_options
@click.option("--local", is_flag=True, help="Run the definition on this machine.")
@click.option("--wait", is_flag=True, help="Follow the execution on SageMaker to its end.")
@click.option("-p", "--parameter", "assignments", multiple=True, metavar="NAME=VALUE", help="Set a parameter of the pipeline.")
@click.option("--parameters", "parameters_file", metavar="FILE", help="Values of parameters from a YAML or JSON file; -p wins.")
@click.option("--dry-run", is_flag=True, help="Stop after the checks and print what would happen.")
@click.option("--definition", type=click.Path(dir_okay=False, exists=True), help="With --local: run this definition.")
@click.option(
    "--runner", type=click.Choice(RUNNERS), default="auto", show_default=True, help="With --local: what isolates the steps."
)
@click.option(
    "--parallelism",
    "--parallel",
    "parallelism",
    type=click.IntRange(1, options.MOST),
    metavar="N",
    help="Steps that run at a time.  [default: as the pipeline says; with --local, the cores]",
)
@click.option("--display-name", metavar="NAME", callback=_shown_name, help="What SageMaker shows for the execution.")
@click.option("--token", metavar="TOKEN", help="Starts with the same token are one execution on SageMaker.  [default: a new one]")
@following.interval_option
@click.option("--keep-going", is_flag=True, help="With --local: after a failure, go on with what does not depend on it.")
@click.option("--strict-local", "strict", is_flag=True, help="With --local: refuse steps that would only be recorded.")
@selection.select_options
@click.option(
    "--source",
    metavar="RUN",
    help="With --select: the run whose results count; its id or ARN, or latest.  [default: the newest that has them]",
)
@click.option("--resume", metavar="RUN", help="With --local: go on with a run that failed, was stopped, or was killed.")
@click.pass_context
def run(
    ctx: click.Context,
    /,
    local: bool,
    wait: bool,
    assignments: tuple[str, ...],
    parameters_file: str | None,
    dry_run: bool,
    definition: str | None,
    **how: Any,
) -> None:
    """Deploy the pipeline and start it; or run it here."""
    if not local and (definition or any(how[name] for name in LOCAL_ONLY)):
        raise click.UsageError("--definition, --keep-going, --strict-local and --resume go with --local")
    asked = selection.asked(how)
    _refuse_for_local(ctx, local)
    if not local and _given_on_line(ctx, "runner"):
        raise click.UsageError("--runner goes with --local")
    if how["resume"] and (definition or assignments or parameters_file or dry_run or any(how[name] for name in KEPT)):
        raise click.UsageError("--resume goes on as the run began: only --parallel and --runner can be given beside it")
    if local and wait:
        raise click.UsageError("--wait goes without --local, which always waits")
    parameters = {**(read_values(Path(parameters_file)) if parameters_file else {}), **_parameters(assignments)}
    if how["resume"]:
        ctx.exit(_resume_local(ctx, how))
    compiled = options.compiled_pipeline(ctx, ask=not (local or dry_run)) if definition is None else _given(ctx, Path(definition))
    found_later = {request.parameter: str(request) for request in compiled.model_packages}
    resolve_parameters(compiled.definition, {**found_later, **parameters}, compiled.rules)
    there = cache(partial(_sagemaker, compiled))
    picked = selection.pick(ctx, compiled, asked, None if local else there)
    if picked and not picked.steps:
        selection.tell_nothing(ctx)
        return
    how |= {"select": picked.select, "source": picked.source} if picked else {}
    if dry_run:
        if local:
            _local_backend(ctx, how, compiled.local).check(compiled, {**found_later, **parameters}, how["strict"], how["select"])
        steps = picked.steps if picked else None
        click.echo(text.dry_run(compiled, hidden(parameters), local, options.wants_json(ctx), steps), nl=False)
    elif local:
        given = watch.given_words(ctx, definition, [*_file_words(parameters_file), *_assignment_words(assignments)], how)
        ctx.exit(_run_local(ctx, compiled, parameters, how, given))
    else:
        how["selective"] = picked.selective if picked else None
        ctx.exit(_run_sagemaker(ctx, there(), compiled, parameters, {**how, "wait": wait}))


def _refuse_for_local(ctx: click.Context, local: bool) -> None:
    given = [option for name, option in SAGEMAKER_ONLY.items() if _given_on_line(ctx, name)]
    if local and given:
        raise click.UsageError(f"{given[0]} goes without --local")


def _given_on_line(ctx: click.Context, name: str) -> bool:
    return ctx.get_parameter_source(name) is click.core.ParameterSource.COMMANDLINE


def _given(ctx: click.Context, path: Path) -> CompiledPipeline:
    """A definition that somebody else made, and what the framework configuration says of local runs.

    Raises:
        FindingsError: the file holds no definition.
    """
    return CompiledPipeline(path.stem, read_definition(path), local=local_settings(options.sources(ctx), options.variables()))


def _file_words(parameters_file: str | None) -> list[str]:
    return ["--parameters", parameters_file] if parameters_file else []


def _assignment_words(assignments: tuple[str, ...]) -> list[str]:
    """The assignments as words of a command line, secrets hidden: what is printed and kept is not for them."""
    given = hidden(_parameters(assignments))
    return [word for name, value in given.items() for word in ("-p", f"{name}={value}")]


def _parameters(assignments: tuple[str, ...]) -> dict[str, str]:
    pairs = [assignment.partition("=") for assignment in assignments]
    for name, equals, _ in pairs:
        if not name or not equals:
            raise click.BadParameter("write NAME=VALUE", param_hint="--parameter")
    return {name: value for name, _, value in pairs}


def _local_backend(ctx: click.Context, how: Mapping[str, Any], settings: LocalSettings) -> LocalBackend:
    from framework.local.backend import LocalBackend

    return LocalBackend(options.state_folder(ctx), settings=settings, runner=how["runner"], announce=watch.announce)


def _run_local(
    ctx: click.Context, compiled: CompiledPipeline, parameters: dict[str, str], how: Mapping[str, Any], given: Sequence[str]
) -> int:
    chosen = {name: how[name] for name in ("parallelism", "keep_going", "strict", "select", "source")}
    backend = _local_backend(ctx, how, compiled.local)
    compiled = with_packages(compiled, backend.model_package, parameters)
    go = partial(backend.run, compiled, parameters, given=given, **chosen)
    return _finish_local(ctx, backend, compiled.definition, how, go)


def _resume_local(ctx: click.Context, how: Mapping[str, Any]) -> int:
    backend = _local_backend(ctx, how, local_settings(options.sources(ctx), options.variables()))
    definition = backend.definition(how["resume"])
    return _finish_local(
        ctx, backend, definition, how, lambda watch: backend.resume(how["resume"], watch, parallelism=how["parallelism"])
    )


def _finish_local(
    ctx: click.Context,
    backend: LocalBackend,
    definition: Definition,
    how: Mapping[str, Any],
    go: Callable[[Watcher], Execution],
) -> int:
    """Run, show what came of it; the exit code."""
    with watch.watched(ctx, definition) as watcher:
        execution = go(watcher)
    reports = backend.reports(execution)
    if options.wants_json(ctx):
        runner = {"Name": backend.traits.name, "Limits": list(backend.traits.limits)} if backend.traits else None
        click.echo(text.as_json(text.execution_data(execution, reports, runner)))
    else:
        text.print_execution(execution, reports, sys.stdout)
    if execution.status != SUCCEEDED:
        watch.tell_failures(ctx, backend, execution, how["runner"])
    return 0 if execution.status == SUCCEEDED else options.FAILED


def _sagemaker(compiled: CompiledPipeline) -> SageMakerBackend:
    from framework.deploy.backend import SageMakerBackend  # boto3's own imports take 0.2 s

    return SageMakerBackend(compiled.region)


def _run_sagemaker(
    ctx: click.Context, backend: SageMakerBackend, compiled: CompiledPipeline, parameters: dict[str, str], how: Mapping[str, Any]
) -> int:
    made = planning.prepare(backend, compiled, parameters)
    arn = planning.carry_out(backend, made)
    click.echo(f"{made.plan.action} {arn}", err=True)
    return following.start(ctx, backend, compiled, parameters, how)
