"""`smp plan` and `smp drift`: what deploying would change, and whether somebody else changed the pipeline. Both only look."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from framework.commands import options, planning, target
from framework.commands.hiding import plan_data
from framework.findings import printable
from framework.report import plan as shown
from framework.report import text

if TYPE_CHECKING:
    from framework.deploy.mark import Drift
    from framework.deploy.plan import Plan
    from framework.road import Arrival


@click.command("plan")
@options.project_options
@click.option("-o", "--out", type=click.Path(dir_okay=False), help="Save the plan for `smp deploy --plan`.")
@click.option("--markdown", is_flag=True, help="Print the plan for a comment of a pull request.")
@click.option("--html", "page", type=click.Path(dir_okay=False), help="Write the plan as a page, too.")
@click.option("--detailed-exitcode", is_flag=True, help="End with 3 when there is something to deploy.")
@click.pass_context
def plan(ctx: click.Context, out: str | None, markdown: bool, page: str | None, detailed_exitcode: bool) -> None:
    """Print what deploying would change, with the lines behind it, and which steps the next execution runs."""
    if markdown and options.wants_json(ctx):
        raise click.UsageError("--markdown and --format json are two ways to answer")
    arrival = options.arrival(ctx, ask=True)
    backend = target.backend(ctx, arrival.compiled.region)
    made = planning.prepare_with_places(backend, arrival).plan
    if out is not None:
        planning.save(Path(out), made, planning.circumstances(ctx, backend, arrival))
        click.echo(printable(f"saved: `{options.program()} deploy --plan {shlex.quote(out)}` applies exactly this"), err=True)
    show(ctx, made, markdown, page)
    ctx.exit(options.DIFFERENT if detailed_exitcode and not made.is_empty else 0)


def show(ctx: click.Context, made: Plan, markdown: bool = False, page: str | None = None) -> None:
    """Print a plan, and write it to a page where that is asked for. Raises BackendError where the disk refuses."""
    from framework.report.plan_html import html
    from framework.report.plan_markdown import markdown as as_markdown

    data = plan_data(made)
    if page is not None:
        options.write_text(Path(page), html(data))
    if options.wants_json(ctx):
        click.echo(text.as_json(data))
    elif markdown:
        click.echo(as_markdown(data), nl=False)
    else:
        shown.print_plan(data, sys.stdout)


@click.command("drift")
@options.project_options
@click.pass_context
def drift(ctx: click.Context) -> None:
    """Tell whether somebody changed the pipeline outside of this tool since it was deployed last; end with 3 then."""
    from framework.deploy import mark

    arrival = options.arrival(ctx, ask=True)
    made = planning.prepare_with_places(target.backend(ctx, arrival.compiled.region), arrival).plan
    found = mark.drift(made.deployed, made.beside)
    if options.wants_json(ctx):
        about = {"pipeline": made.pipeline.name, "state": found.state, "parts": list(found.parts)}
        click.echo(text.as_json({**about, "plan": plan_data(made)}))
    else:
        _tell(arrival, made, found)
    differs = found.state in {mark.CHANGED, mark.UNFINISHED, mark.MISSING} or (found.state == mark.UNKNOWN and made.changes)
    ctx.exit(options.DIFFERENT if differs else 0)


def _tell(arrival: Arrival, made: Plan, found: Drift) -> None:
    from framework.deploy import mark

    name = made.pipeline.name
    said = {
        mark.SAME: f"pipeline {name} is as it was deployed last",
        mark.CHANGED: f"pipeline {name} was changed outside since it was deployed last: {', '.join(found.parts)}",
        mark.UNFINISHED: f"a deploy of pipeline {name} was begun and not finished; `smp deploy` finishes it",
        mark.UNKNOWN: f"pipeline {name} has no tag {mark.MARK} that says what was deployed last; the next `smp deploy` writes it",
        mark.MISSING: f"there is no pipeline {name}: it was never deployed, or somebody deleted it",
    }
    click.echo(said[found.state])
    if not made.changes:
        return
    back = found.state == mark.CHANGED and mark.is_of(made.pipeline, made.deployed, made.beside)
    click.echo("what a deploy would take back:" if back else "what a deploy of the configuration would change:")
    shown.print_plan(plan_data(made), sys.stdout)
