"""`smp ls`: the steps of a pipeline, or those that a selection means."""

from __future__ import annotations

import sys
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from framework.commands import options, selection
from framework.commands.definitions import read_definition
from framework.findings import printable
from framework.pipeline.compiled import CompiledPipeline
from framework.pipeline.selecting import choose
from framework.report import listed, text

if TYPE_CHECKING:
    from framework.deploy.backend import SageMakerBackend


@click.command("ls")
@options.project_options
@selection.select_options
@click.option("--source", metavar="RUN", help="The run that result: and state: look at: its id or ARN, or latest.")
@click.option("--local", is_flag=True, help="Let result: and state: look at runs on this machine.")
@click.option("--definition", type=click.Path(dir_okay=False, exists=True), help="List the steps of this definition.")
@click.option("--output", type=click.Choice(["table", "name"]), default="table", help="How to list them; name: one a line.")
@click.pass_context
def command(ctx: click.Context, /, local: bool, definition: str | None, output: str, **how: Any) -> None:
    """List the steps, in the order of the pipeline: all of them, or those that --select would run."""
    given = selection.asked(how)
    compiled = options.compiled_pipeline(ctx) if definition is None else _given(Path(definition))
    about = selection.subject(ctx, compiled, given, None if local else cache(partial(_sagemaker, compiled)))
    chosen = choose(about, given.select, given.exclude).steps
    steps = [about.steps[name] for name in chosen]
    if options.wants_json(ctx):
        click.echo(text.as_json({"steps": listed.data(steps, chosen)}))
    elif output == "name":
        for name in chosen:
            click.echo(printable(name))
    elif steps:
        columns, rows = listed.table(steps, chosen)
        text.print_table(f"Steps of {compiled.name}", columns, rows, sys.stdout)
    if not steps:
        click.echo("no step is selected", err=True)


def _sagemaker(compiled: CompiledPipeline) -> SageMakerBackend:
    from framework.deploy.backend import SageMakerBackend  # boto3's own imports take 0.2 s

    return SageMakerBackend(compiled.region)


def _given(path: Path) -> CompiledPipeline:
    return CompiledPipeline(path.stem, read_definition(path))
