"""`smp delete`: take a pipeline, its triggers and its notifications away, and say what stays."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from framework.commands import options, target
from framework.findings import printable
from framework.report import text

if TYPE_CHECKING:
    from framework.deploy.deleting import Removal


@click.command("delete")
@options.project_options
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--dry-run", is_flag=True, help="List what would go and what would stay, and delete nothing.")
@click.pass_context
def command(ctx: click.Context, yes: bool, dry_run: bool) -> None:
    """Delete the pipeline on SageMaker, with its triggers, notifications and the history of its executions.

    Registered models, objects in S3, endpoints and logs stay, and are listed.
    """
    if not (yes or dry_run) and options.wants_json(ctx):
        raise click.UsageError("there is nobody to ask: give --yes, or --dry-run to see what would go")
    compiled = options.compiled_pipeline(ctx)
    backend = target.backend(ctx, compiled.region)
    removal = backend.removal(compiled)
    for_program = options.wants_json(ctx)
    if dry_run or not removal.goes:
        click.echo(text.as_json({**removal.to_json(), "dryRun": dry_run}) if for_program else _told(removal, "would"))
        return
    click.echo(_told(removal, "will"), err=True)
    if not yes and _answer(compiled.name) != compiled.name:
        click.echo("nothing was deleted", err=True)
        ctx.exit(options.INPUT)
    backend.delete(removal)
    click.echo(text.as_json(removal.to_json()) if for_program else f"deleted {compiled.name}")


def _answer(name: str) -> str:
    try:
        return str(click.prompt(f"Type {name} to delete it", default="", show_default=False, err=True))
    except click.Abort:
        raise click.UsageError("there is nobody to ask: give --yes, or --dry-run to see what would go") from None


def _told(removal: Removal, verb: str) -> str:
    """What goes and what stays, line by line."""
    if not removal.goes:
        return f"nothing to delete: there is no pipeline {removal.pipeline}, and nothing that starts it"
    lines = [f"{verb} delete", *(f"  {what} {name}{_more(what)}" for what, name in removal.goes)]
    lines += [f"{verb} leave", *(f"  {each.what}: {each.name}{f' ({each.how})' if each.how else ''}" for each in removal.left)]
    return "\n".join(map(printable, lines))


def _more(what: str) -> str:
    return ", with the history of its executions" if what == "pipeline" else ""
