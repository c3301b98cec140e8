"""`smp local …`: what local runs leave behind, and what they wait for."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from datetime import datetime, timezone
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from framework.commands import history, options
from framework.report import text
from framework.road import local_settings

if TYPE_CHECKING:
    from framework.local.shell import Place


@click.group()
def local() -> None:
    """Look after local runs: their steps, S3, endpoints, callbacks, and the room they take."""


@local.command("runs")
@options.project_options
@click.pass_context
def runs(ctx: click.Context) -> None:
    """List the executions here, newest first.

    Each with when it began, how long it took, and which of its steps failed.
    """
    executions, now = history.backend(ctx).executions(), datetime.now(timezone.utc)
    if options.wants_json(ctx):
        click.echo(text.as_json([text.run_data(execution, now) for execution in executions]))
    for execution in () if options.wants_json(ctx) else executions:
        click.echo(text.run_line(execution, now))


@local.command("shell")
@options.project_options
@click.argument("step")
@click.argument("words", nargs=-1, metavar="[-- COMMAND [ARGUMENT]...]")
@click.option("--run", "run_id", metavar="RUN", help="The execution.  [default: the newest]")
@click.pass_context
def shell(ctx: click.Context, step: str, words: tuple[str, ...], run_id: str | None) -> None:
    """Open a shell where a step ran, or run a command.

    It is in the step's /opt/ml, and has its variables and runner. What a failed step saw is kept as it was; a Processing or
    Training step that succeeded is given its inputs and code again, as they are in the local S3 now, for as long as the shell is
    open. The exit code is that of the shell or of the command.
    """
    from framework.local.shell import run_shell
    from framework.local.state import StateFolder

    execution = history.execution(ctx, run_id)
    state = history.step(execution, step, "shell")
    settings = local_settings(options.sources(ctx), options.variables())
    tell = partial(_tell_place, step, execution.id)
    ctx.exit(run_shell(StateFolder(options.state_folder(ctx)), execution, state, words, settings, tell))


def _tell_place(step: str, run_id: str, place: Place) -> None:
    """Where the shell is, and what the step ran there."""
    click.echo(f"/opt/ml of {step} of {run_id} ({place.status}), {text.runner_line(*_about(place))}", err=True)
    click.echo(f"the step ran, in {place.last.folder}: {text.shown(shlex.join(place.last.words))}", err=True)


def _about(place: Place) -> tuple[str, Sequence[str]]:
    return place.traits.name, place.traits.limits


@local.command("clean")
@options.project_options
@click.option("--keep", type=click.IntRange(min=0), default=5, show_default=True, help="How many of the newest runs stay.")
@click.option("--runs", is_flag=True, help="Remove older runs: their logs and what failed steps saw.  [default: this alone]")
@click.option("--cache", is_flag=True, help="Remove what steps with enable_cache would reuse, digests, and what pip has fetched.")
@click.option("--environments", is_flag=True, help="Remove the packages that were installed for requirements.txt files.")
@click.option("--all", "everything", is_flag=True, help="All three.")
@click.option("--yes", is_flag=True, help="Remove it; without this, it is only listed.")
@click.pass_context
def clean(ctx: click.Context, /, keep: int, everything: bool, yes: bool, **asked: bool) -> None:
    """List what could be removed; remove it with --yes.

    Of the state folder: runs, caches, installed packages, with their sizes. Never removed: runs that go on or that a kept run has
    results from, the local S3, the registry, endpoints.
    """
    from framework.local import cleaning

    parts = {part for part, chosen in asked.items() if chosen or everything} or {cleaning.RUNS}
    state = options.state_folder(ctx)
    found = cleaning.find(state, parts, keep)
    gone = cleaning.remove(state, found) if yes else []
    if options.wants_json(ctx):
        told = [{"Path": item.name, "Bytes": item.size, "Kept": item.kept, "Removed": item in gone} for item in found]
        click.echo(text.as_json(told))
        return
    for item in found:
        verb = f"keeps ({item.kept})" if item.kept else "removed" if item in gone else "left" if yes else "would remove"
        click.echo(f"{verb}  {text.size(item.size):>9}  {item.name}")
    going = [item for item in found if not item.kept]
    total = text.size(sum(item.size for item in (gone if yes else going)))
    click.echo(f"{total} in {len(gone)} places removed" if yes else f"{total} in {len(going)} places; --yes removes them", err=True)


@local.command("ls")
@options.project_options
@click.argument("uri", default="s3://")
@click.pass_context
def ls(ctx: click.Context, uri: str) -> None:
    """List the objects of the local S3 below a URI: size in bytes, and URI."""
    from framework.local.store import LocalStore

    for address, path in LocalStore(options.state_folder(ctx) / "s3").objects(uri):
        click.echo(f"{path.stat().st_size:>12}  {address}")


@local.command("cp")
@options.project_options
@click.argument("source")
@click.argument("target")
@click.pass_context
def cp(ctx: click.Context, source: str, target: str) -> None:
    """Copy a file into the local S3, or an object or everything below a prefix out of it."""
    from framework.local.store import LocalStore

    store = LocalStore(options.state_folder(ctx) / "s3")
    if source.startswith("s3://"):
        store.download(source, Path(target))
    elif target.startswith("s3://") and Path(source).is_file():
        address = target + Path(source).name if target.endswith("/") else target
        store.put(address, Path(source).read_bytes())
    else:
        raise click.UsageError("one of the two is an s3:// URI, the other a file or folder that exists")


@local.command("stop")
@options.project_options
@click.argument("name", required=False)
@click.pass_context
def stop(ctx: click.Context, name: str | None) -> None:
    """Stop an endpoint that a local run deployed, or all of them."""
    from framework.local import endpoints

    for stopped in endpoints.stop(options.state_folder(ctx), name):
        click.echo(f"stopped {stopped}")


@local.command("callback")
@options.project_options
@click.argument("token", required=False)
@click.option("-o", "--output", "outputs", multiple=True, metavar="NAME=VALUE", help="The value of an output parameter.")
@click.option("--fail", "reason", metavar="REASON", help="Let the step fail, and say why.")
@click.pass_context
def callback(ctx: click.Context, token: str | None, outputs: tuple[str, ...], reason: str | None) -> None:
    """Answer a Callback step that waits; without a token, list those that do."""
    from framework.local import callbacks

    state = options.state_folder(ctx)
    if token is None:
        for waiting in callbacks.list(state):
            click.echo(f"{waiting.token}  {waiting.step} of {waiting.execution}")
        return
    answered = callbacks.answer(state, token, reason is None, dict(_pairs(outputs)), reason or "")
    click.echo(f"answered {answered.step} of {answered.execution}")


def _pairs(assignments: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    for assignment in assignments:
        name, equals, value = assignment.partition("=")
        if not name or not equals:
            raise click.BadParameter("write NAME=VALUE", param_hint="--output")
        yield name, value
