"""`smp deploy`: makes the account as the configuration says, or as a plan says that was saved before."""

from __future__ import annotations

from pathlib import Path

import click

from framework.commands import following, options, planning, target
from framework.commands.hiding import plan_data
from framework.commands.plan import show
from framework.report import text


@click.command()
@options.project_options
@click.option("--plan", "saved", type=click.Path(dir_okay=False, exists=True), help="Apply exactly this plan of `smp plan -o`.")
@click.option("--dry-run", is_flag=True, help="Print the plan and change nothing, as `smp plan` does.")
@click.pass_context
def deploy(ctx: click.Context, saved: str | None, dry_run: bool) -> None:
    """Upload what is missing, and create or update the pipeline on SageMaker.

    With --plan it is refused where the account, the configuration or the code is no longer what the plan was made from.
    """
    if saved and dry_run:
        raise click.UsageError("--dry-run makes a plan: it goes without --plan")
    kept = planning.read(Path(saved)) if saved else None
    if saved and kept:
        planning.take_options(ctx, Path(saved), kept["options"])
    arrival = options.arrival(ctx, ask=True)
    backend = target.backend(ctx, arrival.compiled.region)
    made = planning.prepare_with_places(backend, arrival)
    plan = made.plan
    if dry_run:
        show(ctx, plan)
        return
    if saved and kept:
        planning.refuse_moved(Path(saved), kept, plan, planning.circumstances(ctx, backend, arrival))
    arn = planning.carry_out(backend, made)
    if plan.is_empty:
        click.echo("no changes", err=True)
    answer = {"PipelineArn": arn, **plan_data(plan)}
    click.echo(text.as_json(answer) if options.wants_json(ctx) else f"{plan.action} {arn}")
    following.tell_studio(arn, plan.pipeline.name)
