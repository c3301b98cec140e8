"""`smp deploy` and `smp run`: commands that change something, on SageMaker or on this machine."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from framework.commands import options
from framework.pipeline.compiled import CompiledPipeline
from framework.pipeline.execution import SUCCEEDED, Execution
from framework.pipeline.parameters import resolve_parameters
from framework.report import text

if TYPE_CHECKING:
    from framework.deploy.backend import SageMakerBackend
    from framework.deploy.plan import Plan
    from framework.local.backend import LocalBackend


@click.command()
@options.project_options
@click.pass_context
def deploy(ctx: click.Context) -> None:
    """Upload what is missing, and create or update the pipeline on SageMaker."""
    compiled = options.compiled_pipeline(ctx)
    arn, plan = _deployed(_sagemaker(compiled), compiled)
    answer = text.as_json({"PipelineArn": arn, **plan.to_json()}) if options.wants_json(ctx) else f"{plan.action} {arn}"
    click.echo(answer)


@click.command()
@options.project_options
@click.option("--local", is_flag=True, help="Run the definition on this machine.")
@click.option("--wait", is_flag=True, help="Follow the execution on SageMaker to its end.")
@click.option("-p", "--parameter", "assignments", multiple=True, metavar="NAME=VALUE", help="Set a parameter of the pipeline.")
@click.option("--dry-run", is_flag=True, help="Stop after the checks and print what would happen.")
@click.pass_context
def run(ctx: click.Context, local: bool, wait: bool, assignments: tuple[str, ...], dry_run: bool) -> None:
    """Deploy the pipeline and start it; or run it here."""
    parameters = _parameters(assignments)
    compiled = options.compiled_pipeline(ctx)
    resolve_parameters(compiled.definition, parameters)
    if dry_run:
        click.echo(text.dry_run(compiled, parameters, local, options.wants_json(ctx)), nl=False)
    elif local:
        ctx.exit(_run_local(ctx, compiled, parameters))
    else:
        ctx.exit(_run_sagemaker(ctx, compiled, parameters, wait))


def _parameters(assignments: tuple[str, ...]) -> dict[str, str]:
    pairs = [assignment.partition("=") for assignment in assignments]
    for name, equals, _ in pairs:
        if not name or not equals:
            raise click.BadParameter("write NAME=VALUE", param_hint="--parameter")
    return {name: value for name, _, value in pairs}


def _run_local(ctx: click.Context, compiled: CompiledPipeline, parameters: dict[str, str]) -> int:
    from framework.local.backend import LocalBackend

    backend = LocalBackend(options.state_folder(ctx))
    execution = backend.run(compiled, parameters, options.tell_step)
    reports = backend.reports(execution)
    if options.wants_json(ctx):
        click.echo(text.as_json(text.execution_data(execution, reports)))
    else:
        text.print_execution(execution, reports, sys.stdout)
    if execution.status != SUCCEEDED:
        _tell_failures(backend, execution)
    return 0 if execution.status == SUCCEEDED else options.FAILED


def _tell_failures(backend: LocalBackend, execution: Execution) -> None:
    """The last lines of each failed step's log, and where the rest of it is."""
    for state in execution.steps:
        if state["StepStatus"] == "Failed":
            name = str(state["StepName"])
            click.echo(f"\nlast lines of {name}:", err=True)
            for line in backend.log_tail(execution, name):
                click.echo(f"  {line}", err=True)
            log = backend.log_path(execution, name)
            if log.is_file():
                click.echo(f"the whole log: {log}", err=True)


def _sagemaker(compiled: CompiledPipeline) -> SageMakerBackend:
    from framework.deploy.backend import SageMakerBackend  # boto3's own imports take 0.2 s

    return SageMakerBackend(compiled.region)


def _deployed(backend: SageMakerBackend, compiled: CompiledPipeline) -> tuple[str, Plan]:
    """Deploy; the pipeline's ARN, and the plan that was carried out."""
    from framework.deploy.plan import diff

    plan = diff(compiled, backend.fetch(compiled.name))
    sent, present = backend.upload(compiled)
    click.echo(f"{sent} uploaded, {present} already there", err=True)
    return backend.apply(plan), plan


def _run_sagemaker(ctx: click.Context, compiled: CompiledPipeline, parameters: dict[str, str], wait: bool) -> int:
    backend = _sagemaker(compiled)
    arn, plan = _deployed(backend, compiled)
    click.echo(f"{plan.action} {arn}", err=True)
    started = backend.start(compiled.name, parameters)
    if not wait:
        click.echo(text.as_json({"PipelineExecutionArn": started}) if options.wants_json(ctx) else f"started {started}")
        return 0
    click.echo(f"started {started}", err=True)
    execution = backend.wait(started, options.tell_step)
    if options.wants_json(ctx):
        click.echo(text.as_json(text.execution_data(execution)))
    else:
        text.print_execution(execution, (), sys.stdout)
    return 0 if execution.status == SUCCEEDED else options.FAILED
