"""`smp run`: deploys the pipeline and starts it on SageMaker, or runs it on this machine."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from framework.commands import options, planning, watch
from framework.config.start import read_values
from framework.findings import Finding, FindingsError, Place
from framework.pipeline.compiled import CompiledPipeline, Definition, LocalSettings
from framework.pipeline.execution import SUCCEEDED, Execution, Watcher
from framework.pipeline.packages import with_packages
from framework.pipeline.parameters import resolve_parameters
from framework.pipeline.secrets import hidden
from framework.report import text
from framework.road import local_settings

if TYPE_CHECKING:
    from framework.local.backend import LocalBackend

RUNNERS = ("auto", "namespace", "bubblewrap", "plain", "docker", "finch", "podman")
KEPT = ("keep_going", "strict", "select", "source")
"""What a resumed run keeps of how it began."""

LOCAL_ONLY = ("parallelism", "keep_going", "strict", "select", "source", "resume")


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
    "--parallel", "parallelism", type=click.IntRange(min=1), help="With --local: steps that run at a time.  [default: the cores]"
)
@click.option("--keep-going", is_flag=True, help="With --local: after a failure, go on with what does not depend on it.")
@click.option("--strict-local", "strict", is_flag=True, help="With --local: refuse steps that would only be recorded.")
@click.option("--select", multiple=True, metavar="STEP", help="With --local: run these steps, on earlier results.")
@click.option("--source", metavar="RUN", help="With --select: the run whose results count.  [default: the newest that has them]")
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
        raise click.UsageError(
            "--definition, --parallel, --keep-going, --strict-local, --select, --source and --resume go with --local"
        )
    if how["source"] and not how["select"]:
        raise click.UsageError("--source goes with --select, which says what to run")
    if not local and ctx.get_parameter_source("runner") is click.core.ParameterSource.COMMANDLINE:
        raise click.UsageError("--runner goes with --local")
    if how["resume"] and (definition or assignments or parameters_file or dry_run or any(how[name] for name in KEPT)):
        raise click.UsageError("--resume goes on as the run began: only --parallel and --runner can be given beside it")
    if local and wait:
        raise click.UsageError("--wait goes without --local, which always waits")
    parameters = {**(read_values(Path(parameters_file)) if parameters_file else {}), **_parameters(assignments)}
    if how["resume"]:
        backend = _local_backend(ctx, how, local_settings(options.sources(ctx), os.environ))
        definition_of_run = backend.definition(how["resume"])
        ctx.exit(
            _finish_local(
                ctx,
                backend,
                definition_of_run,
                how,
                lambda watch: backend.resume(how["resume"], watch, parallelism=how["parallelism"]),
            )
        )
    compiled = options.compiled_pipeline(ctx) if definition is None else _given(ctx, Path(definition))
    found_later = {request.parameter: str(request) for request in compiled.model_packages}
    resolve_parameters(compiled.definition, {**found_later, **parameters}, compiled.rules)
    if dry_run:
        click.echo(text.dry_run(compiled, hidden(parameters), local, options.wants_json(ctx)), nl=False)
    elif local:
        given = watch.given_words(ctx, definition, [*_file_words(parameters_file), *_assignment_words(assignments)], how)
        ctx.exit(_run_local(ctx, compiled, parameters, how, given))
    else:
        ctx.exit(_run_sagemaker(ctx, compiled, parameters, wait))


def _given(ctx: click.Context, path: Path) -> CompiledPipeline:
    """A definition that somebody else made, and what the framework configuration says of local runs.

    Raises:
        FindingsError: the file holds no definition.
    """
    try:
        definition = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise _no_definition(path, str(error)) from None
    if not isinstance(definition, dict) or not isinstance(definition.get("Steps"), list):
        raise _no_definition(path, "it has no list of Steps")
    return CompiledPipeline(path.stem, definition, local=local_settings(options.sources(ctx), os.environ))


def _no_definition(path: Path, reason: str) -> FindingsError:
    return FindingsError([Finding("SMP101", Place(str(path)), f"not a pipeline definition: {reason}", "give it as JSON")])


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


def _run_sagemaker(ctx: click.Context, compiled: CompiledPipeline, parameters: dict[str, str], wait: bool) -> int:
    backend = planning.sagemaker(compiled)
    plan = planning.whole_plan(backend, compiled, parameters)
    arn = planning.carry_out(backend, plan)
    click.echo(f"{plan.action} {arn}", err=True)
    started = backend.start(compiled.name, parameters)
    if not wait:
        click.echo(text.as_json({"PipelineExecutionArn": started}) if options.wants_json(ctx) else f"started {started}")
        return 0
    click.echo(f"started {started}", err=True)
    with watch.watched(ctx, compiled.definition) as watcher:
        execution = backend.wait(started, watcher)
    if options.wants_json(ctx):
        click.echo(text.as_json(text.execution_data(execution)))
    else:
        text.print_execution(execution, (), sys.stdout)
    watch.tell_reasons(execution)
    return 0 if execution.status == SUCCEEDED else options.FAILED
