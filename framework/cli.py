"""The command line: arguments in, the road from configuration to a running pipeline, exit codes out; nothing else.

Results go to stdout, messages to stderr. Exit codes: 0 fine; 1 mistakes in the input; 2 usage; 3 differences found where asked to
tell; 4 the execution failed or was stopped; 5 AWS or this machine failed.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from framework import __version__
from framework.checks import check
from framework.config.load import Sources, load_config
from framework.errors import BackendError
from framework.findings import Finding, FindingsError, has_errors, sort_findings
from framework.pipeline.build import build_pipeline
from framework.pipeline.compiled import CompiledPipeline
from framework.pipeline.definition import compile_pipeline
from framework.pipeline.execution import SUCCEEDED, Execution, StepState
from framework.pipeline.parameters import resolve_parameters
from framework.report import text

if TYPE_CHECKING:
    from framework.deploy.backend import SageMakerBackend
    from framework.deploy.plan import Plan

INPUT, FAILED, BACKEND = 1, 4, 5
STATE = ".smp"


def road(sources: Sources) -> tuple[CompiledPipeline | None, tuple[Finding, ...]]:
    """The way every command goes: configuration, pipeline, definition, findings. No definition where there are errors before it."""
    config = load_config(sources, os.environ)
    pipeline = build_pipeline(config)
    if has_errors(pipeline.findings):
        return None, sort_findings(pipeline.findings)
    compiled = compile_pipeline(pipeline)
    return compiled, sort_findings(check(pipeline, compiled))


def main() -> None:
    """The `smp` command."""
    smp.main(prog_name="smp")


def _keep(ctx: click.Context, param: click.Parameter, value: Any) -> None:
    """Collect a project option, wherever on the line it was given; repeated ones add up, others are replaced."""
    settings = ctx.find_root().ensure_object(dict)
    name = str(param.name)
    if isinstance(value, tuple):
        settings[name] = settings.get(name, ()) + value
    elif value is not None:
        settings[name] = value


def _option(*names: str, **attributes: Any) -> Callable[[Any], Any]:
    return click.option(*names, callback=_keep, expose_value=False, **attributes)


_PROJECT_OPTIONS = (
    _option(
        "--root", type=click.Path(file_okay=False, exists=True), help="Folder that relative paths start from.  [default: here]"
    ),
    _option("--framework-conf", metavar="FILE", help="Framework configuration.  [default: conf/conf.yaml]"),
    _option(
        "-c", "--config", "patterns", multiple=True, metavar="GLOB", help="Model configurations.  [default: SMP_MODEL_CONFIGPATH]"
    ),
    _option("-e", "--env", "environment_name", metavar="NAME", help="Overlay conf/environments/NAME.yaml."),
    _option(
        "--env-file", metavar="FILE", help='Variables from a file of export NAME="value" lines; they win over the environment.'
    ),
    _option("--set", "overrides", multiple=True, metavar="A.B=VALUE", help="Set one value of the configuration; applied last."),
)


def project_options(command: Any) -> Any:
    """The options that say what the project is. They may stand before the command or behind it."""
    for option in reversed(_PROJECT_OPTIONS):
        command = option(command)
    return command


def format_option(command: Any) -> Any:
    """--format, for people or for programs."""
    return click.option("--format", "style", type=click.Choice(["text", "json"]), default="text", show_default=True)(command)


class Smp(click.Group):
    """The command group; turns what went wrong into messages and exit codes."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command that was asked for."""
        try:
            return super().invoke(ctx)
        except FindingsError as error:
            for finding in error.findings:
                click.echo(str(finding), err=True)
            ctx.exit(INPUT)
        except BackendError as error:
            click.echo(str(error), err=True)
            ctx.exit(BACKEND)


@click.group(cls=Smp, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(__version__, prog_name="smp")
@project_options
def smp() -> None:
    """Turn per-model YAML into an Amazon SageMaker pipeline: check it, deploy it, run it there or here."""


@smp.command()
@project_options
@format_option
@click.pass_context
def validate(ctx: click.Context, style: str) -> None:
    """Report every problem of the configuration and of the pipeline it makes."""
    try:
        _, findings = road(_sources(ctx))
    except FindingsError as error:
        findings = error.findings
    if style == "json":
        click.echo(text.as_json({"findings": [text.finding_data(finding) for finding in findings]}))
    else:
        for finding in findings:
            click.echo(str(finding))
        click.echo(text.summary(findings), err=True)
    ctx.exit(INPUT if has_errors(findings) else 0)


@smp.command("compile")
@project_options
@format_option
@click.option("-o", "--output", type=click.Path(dir_okay=False, writable=True), help="Write to a file instead of stdout.")
@click.option("--uploads", is_flag=True, help="List what would be uploaded instead: size in bytes and URI.")
@click.pass_context
def compile_(ctx: click.Context, style: str, output: str | None, uploads: bool) -> None:
    """Write the pipeline definition, pretty and stable."""
    compiled = _compiled(ctx)
    result = text.uploads_text(compiled, style) if uploads else compiled.definition_text()
    if output is None:
        click.echo(result, nl=False)
    else:
        _write(Path(output), result)


@smp.command()
@project_options
@format_option
@click.pass_context
def deploy(ctx: click.Context, style: str) -> None:
    """Upload what is missing, and create or update the pipeline on SageMaker."""
    compiled = _compiled(ctx)
    arn, plan = _deployed(_sagemaker(compiled), compiled)
    click.echo(text.as_json({"PipelineArn": arn, **plan.to_json()}) if style == "json" else f"{plan.action} {arn}")


@smp.command()
@project_options
@format_option
@click.option("--local", is_flag=True, help="Run the definition on this machine.")
@click.option("--wait", is_flag=True, help="Follow the execution on SageMaker to its end.")
@click.option("-p", "--parameter", "assignments", multiple=True, metavar="NAME=VALUE", help="Set a parameter of the pipeline.")
@click.option("--dry-run", is_flag=True, help="Stop after the checks and print what would happen.")
@click.pass_context
def run(ctx: click.Context, style: str, local: bool, wait: bool, assignments: tuple[str, ...], dry_run: bool) -> None:
    """Deploy the pipeline and start it; or run it here."""
    parameters = _parameters(assignments)
    compiled = _compiled(ctx)
    if dry_run:
        click.echo(text.dry_run(compiled, parameters, local, style), nl=False)
    elif local:
        ctx.exit(_run_local(ctx, compiled, parameters, style))
    else:
        resolve_parameters(compiled.definition, parameters)
        ctx.exit(_run_sagemaker(compiled, parameters, style, wait))


def _sources(ctx: click.Context) -> Sources:
    settings = dict(ctx.find_root().ensure_object(dict))
    return Sources(root=Path(settings.pop("root", ".")), **settings)


def _compiled(ctx: click.Context) -> CompiledPipeline:
    """The compiled pipeline; its warnings are shown, its errors end the command."""
    compiled, findings = road(_sources(ctx))
    if compiled is None or has_errors(findings):
        raise FindingsError(findings)
    for finding in findings:
        click.echo(str(finding), err=True)
    return compiled


def _parameters(assignments: tuple[str, ...]) -> dict[str, str]:
    pairs = [assignment.partition("=") for assignment in assignments]
    for name, equals, _ in pairs:
        if not name or not equals:
            raise click.BadParameter("write NAME=VALUE", param_hint="--parameter")
    return {name: value for name, _, value in pairs}


def _write(path: Path, result: str) -> None:
    try:
        path.write_text(result, encoding="utf-8", newline="\n")
    except OSError as error:
        raise BackendError(f"writing {path}", error.strerror or str(error), "check the folder and its permissions") from None


def _watch(state: StepState) -> None:
    click.echo(text.step_line(state), err=True)


def _run_local(ctx: click.Context, compiled: CompiledPipeline, parameters: dict[str, str], style: str) -> int:
    from framework.local.backend import LocalBackend

    root = Path(ctx.find_root().ensure_object(dict).get("root", "."))
    backend = LocalBackend(root.absolute() / STATE, compiled.local_data)
    execution = backend.run(compiled, parameters, _watch)
    if style == "json":
        click.echo(text.as_json(text.execution_data(execution)))
    else:
        text.print_execution(execution, backend.reports(execution), sys.stdout)
    if execution.status != SUCCEEDED:
        _tell_failures(backend, execution)
    return 0 if execution.status == SUCCEEDED else FAILED


def _tell_failures(backend: Any, execution: Execution) -> None:
    """The last lines of each failed step's log, and where the rest of it is."""
    for state in execution.steps:
        if state["StepStatus"] == "Failed":
            name = str(state["StepName"])
            click.echo(f"\n{text.step_line(state)}", err=True)
            for line in backend.log_tail(execution, name):
                click.echo(f"  {line}", err=True)
            click.echo(f"the whole log: {backend.log_path(execution, name)}", err=True)


def _sagemaker(compiled: CompiledPipeline) -> SageMakerBackend:
    from framework.deploy.backend import SageMakerBackend

    return SageMakerBackend(compiled.region)


def _deployed(backend: SageMakerBackend, compiled: CompiledPipeline) -> tuple[str, Plan]:
    """Deploy; the pipeline's ARN, and the plan that was carried out."""
    from framework.deploy.plan import diff

    plan = diff(compiled, backend.fetch(compiled.name))
    sent, present = backend.upload(compiled)
    click.echo(f"{sent} uploaded, {present} already there", err=True)
    return backend.apply(plan), plan


def _run_sagemaker(compiled: CompiledPipeline, parameters: dict[str, str], style: str, wait: bool) -> int:
    backend = _sagemaker(compiled)
    arn, plan = _deployed(backend, compiled)
    click.echo(f"{plan.action} {arn}", err=True)
    started = backend.start(compiled.name, parameters)
    if not wait:
        click.echo(text.as_json({"PipelineExecutionArn": started}) if style == "json" else f"started {started}")
        return 0
    click.echo(f"started {started}", err=True)
    execution = backend.wait(started, _watch)
    if style == "json":
        click.echo(text.as_json(text.execution_data(execution)))
    else:
        text.print_execution(execution, (), sys.stdout)
    return 0 if execution.status == SUCCEEDED else FAILED


if __name__ == "__main__":
    main()
