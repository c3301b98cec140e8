"""`smp versions` and `smp rollback`: the definitions that a pipeline has had on SageMaker, and back to one of them."""

from __future__ import annotations

import contextlib
import sys
from itertools import islice
from typing import TYPE_CHECKING, Any

import click

from framework.commands import following, options, target
from framework.commands.hiding import found_data
from framework.errors import BackendError
from framework.pipeline.compiled import CompiledPipeline
from framework.report import text
from framework.report.executions import moment
from framework.report.plan import print_plan

if TYPE_CHECKING:
    from framework.deploy.backend import SageMakerBackend
    from framework.deploy.plan import Plan
    from framework.deploy.versions import Version


@click.command("versions")
@options.project_options
@target.name_option
@click.option("-n", "--limit", type=click.IntRange(1, options.MOST), default=20, show_default=True, help="So many of the newest.")
@click.pass_context
def versions(ctx: click.Context, name: str | None, limit: int) -> None:
    """List the definitions that the pipeline has had, newest first: number, when it was made, last execution, name.

    Where SageMaker keeps no versions, they are told from the newest executions, and each is called after one that ran it.
    """
    from framework.deploy import versions as found

    chosen = target.pipeline(ctx, name)
    known = list(islice(found.versions(target.backend(ctx, chosen.region).clients, chosen.name), limit))
    if options.wants_json(ctx):
        click.echo(text.as_json([_data(version) for version in known]))
        return
    for version in known:
        click.echo(_line(version))
    if not known:
        click.echo("there are no versions and no executions yet", err=True)


def _data(version: Version) -> dict[str, Any]:
    about = {"CreationTime": version.created, "PipelineExecutionArn": version.execution or None}
    if not version.kept:
        return {"PipelineVersionId": None, **about}
    named = {"PipelineVersionDisplayName": version.name or None, "PipelineVersionDescription": version.description or None}
    return {"PipelineVersionId": int(version.id), **about, **named}


def _line(version: Version) -> str:
    execution = version.execution.rpartition("/")[2] or "never run"
    said = [text.shown(word) for word in (version.name, version.description) if word]
    start = [f"{version.id:>4}"] if version.kept else []
    return "  ".join([*start, moment(version.created), f"{execution:<12}", *said]).rstrip()


@click.command("rollback")
@options.project_options
@click.argument("which", metavar="[VERSION]", required=False)
@target.name_option
@click.option("--yes", is_flag=True, help="Do it without asking.")
@click.option("--dry-run", is_flag=True, help="Print the plan and change nothing.")
@click.pass_context
def rollback(ctx: click.Context, which: str | None, name: str | None, yes: bool, dry_run: bool) -> None:
    """Give the pipeline a definition again that it had before; the plan is shown, and confirmed, first.

    VERSION is a number of `smp versions`, or the ARN or id of an execution, whose definition it is then; without it, the newest
    version that is not what is deployed, so that a second rollback takes back the first: scripts had better give a number. Role,
    description, tags and triggers stay as they are. So does the configuration: the next `smp deploy` or `smp run` brings it back.
    """
    if not (yes or dry_run) and (options.wants_json(ctx) or not sys.stdin.isatty()):
        raise click.UsageError("there is nobody to ask: give --yes, or --dry-run to see the plan")
    chosen = target.pipeline(ctx, name)
    backend = target.backend(ctx, chosen.region)
    version, plan = _plan(backend, chosen, which)
    data = found_data(plan, target.definition(ctx, chosen.name))
    if not plan.changes:
        if not dry_run:
            backend.mend_mark(plan)
        _tell_nothing(ctx, version, data)
        return
    _refuse_gone(backend, version, plan)
    _show(ctx, version, data, dry_run)
    if dry_run:
        return
    if not yes and not click.confirm(f"Roll back to {version}?", err=True):
        click.echo("nothing was changed", err=True)
        ctx.exit(options.INPUT)
    _tell(ctx, backend, version, data, backend.apply(plan))


def _plan(backend: SageMakerBackend, chosen: target.Pipeline, which: str | None) -> tuple[Version, Plan]:
    """The version that is asked for, and what going back to it would change."""
    from framework.deploy import versions as found
    from framework.deploy.applying import INLINE_LIMIT
    from framework.deploy.plan import diff
    from framework.deploy.uploads import location

    if which and not found.is_of(chosen.name, which):
        raise click.UsageError(f"{which} is an execution of another pipeline than {chosen.name}")
    deployed = backend.fetch(chosen.name)
    if deployed is None:
        raise BackendError(f"Rolling back pipeline {chosen.name}", "it is not deployed", "deploy it with `smp deploy`")
    version, definition = found.choose(backend.clients, chosen.name, which, deployed.definition)
    bucket = chosen.bucket or next((location(uri)[0] for uri in found.uploads(definition)), "")
    pipeline = CompiledPipeline(
        chosen.name, definition, role=deployed.role, bucket=bucket, tags=deployed.tags, kms_key=chosen.kms_key
    )
    if not bucket and len(pipeline.definition_body().encode()) >= INLINE_LIMIT:
        cure = "set SMP_S3BUCKETNAME, or run this where the configuration is"
        raise BackendError(f"Rolling back pipeline {chosen.name}", "its definition is too large to be sent without a bucket", cure)
    return version, diff(pipeline, deployed)


def _tell_nothing(ctx: click.Context, version: Version, data: dict[str, Any]) -> None:
    if options.wants_json(ctx):
        click.echo(text.as_json({"Version": version.id, **data}))
    else:
        click.echo(f"pipeline {data['pipeline']} is as in {version} already")


def _show(ctx: click.Context, version: Version, data: dict[str, Any], dry_run: bool) -> None:
    if not options.wants_json(ctx):
        click.echo(f"back to {version}:", err=True)
        print_plan(data, sys.stdout)
    elif dry_run:
        click.echo(text.as_json({"Version": version.id, **data}))


def _refuse_gone(backend: SageMakerBackend, version: Version, plan: Plan) -> None:
    """Go on only if the uploads of the version are still there.

    Raises:
        BackendError: names those that are not.
    """
    from framework.deploy import versions as found

    gone, hidden = found.gone(backend.clients, found.uploads(plan.pipeline.definition))
    for uri in hidden:
        click.echo(f"warning: whether {uri} is still there cannot be seen (s3:GetObject is denied)", err=True)
    if gone:
        cure = "check out the commit that it was deployed from, and `smp deploy`"
        raise BackendError(f"Rolling back pipeline {plan.pipeline.name} to {version}", f"S3 no longer has {', '.join(gone)}", cure)


def _tell(ctx: click.Context, backend: SageMakerBackend, version: Version, data: dict[str, Any], arn: str) -> None:
    from framework.deploy import versions as found

    now = None
    with contextlib.suppress(BackendError):  # it is done; what number it got is only nice to know
        now = next(found.versions(backend.clients, data["pipeline"]), None)
    number = now.id if now and now.kept else None
    if options.wants_json(ctx):
        about = {"PipelineArn": arn, "Version": version.id, "PipelineVersionId": int(number) if number else None}
        click.echo(text.as_json({**about, **data}))
    else:
        click.echo(f"rolled back {arn} to {version}" + (f", which is version {number} now" if number else ""))
    following.tell_studio(arn, data["pipeline"])
