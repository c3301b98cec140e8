"""`smp validate` and `smp compile`: commands that look at the configuration and call nothing."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click

from framework.commands import options, showing
from framework.findings import FindingsError, has_errors
from framework.report import text
from framework.road import travel


@click.command()
@options.findings_options
@click.option("-o", "--output", type=click.Path(dir_okay=False), help="Write to a file instead of stdout.")
@click.pass_context
def validate(ctx: click.Context, output: str | None) -> None:
    """Report every problem of the configuration and of the pipeline it makes.

    People see each finding with the line that it points at. For a CI job: json; sarif for code scanning; junit for test reports;
    github for notes beside the lines of a pull request. The exit code is 1 when one of the findings is an error.
    """
    try:
        _, findings = travel(options.sources(ctx), os.environ)
    except FindingsError as error:
        findings = error.findings
    if output is None:
        click.echo(showing.report(ctx, findings, sys.stdout), nl=False)
    else:
        options.write_text(Path(output), showing.report(ctx, findings))
    if output is not None or options.style(ctx) == "text":
        click.echo(text.summary(findings), err=True)
    ctx.exit(options.INPUT if has_errors(findings) else 0)


@click.command("compile")
@options.project_options
@click.option("-o", "--output", type=click.Path(dir_okay=False), help="Write to a file instead of stdout.")
@click.option("--uploads", is_flag=True, help="List what would be uploaded instead: size in bytes and URI.")
@click.pass_context
def compile_(ctx: click.Context, output: str | None, uploads: bool) -> None:
    """Write the pipeline definition, pretty and stable."""
    compiled = options.compiled_pipeline(ctx)
    result = text.uploads_text(compiled, options.wants_json(ctx)) if uploads else compiled.definition_text()
    if output is None:
        click.echo(result, nl=False)
    else:
        options.write_text(Path(output), result)
