"""`smp registry …`: the model registry of this machine."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from framework.commands import options
from framework.report import text

if TYPE_CHECKING:
    from framework.local.registry import Registry


@click.group()
def registry() -> None:
    """Look at the models that local runs registered, approve or reject them."""


@registry.command("list")
@options.project_options
@click.argument("group", required=False)
@click.pass_context
def list_(ctx: click.Context, group: str | None) -> None:
    """List the versions of a model package group, or of all groups."""
    models = _registry(ctx)
    packages = [models.package(name, number) for name in models.groups(group) for number in models.versions(name)]
    if options.wants_json(ctx):
        click.echo(text.as_json(packages))
    for package in () if options.wants_json(ctx) else packages:
        name, number = package["ModelPackageGroupName"], package["ModelPackageVersion"]
        click.echo(f"{name}  {number}  {package.get('ModelApprovalStatus', '')}  {package['CreationTime']}")


@registry.command()
@options.project_options
@click.argument("group")
@click.argument("version", type=click.IntRange(min=1))
@click.pass_context
def show(ctx: click.Context, group: str, version: int) -> None:
    """Print everything that is kept of a version, its metrics included."""
    click.echo(text.as_json(_registry(ctx).package(group, version)))


@registry.command()
@options.project_options
@click.argument("group")
@click.argument("version", type=click.IntRange(min=1))
@click.pass_context
def approve(ctx: click.Context, group: str, version: int) -> None:
    """Approve a version."""
    _decide(ctx, group, version, "Approved")


@registry.command()
@options.project_options
@click.argument("group")
@click.argument("version", type=click.IntRange(min=1))
@click.pass_context
def reject(ctx: click.Context, group: str, version: int) -> None:
    """Reject a version."""
    _decide(ctx, group, version, "Rejected")


def _decide(ctx: click.Context, group: str, version: int, status: str) -> None:
    package = _registry(ctx).decide(group, version, status)
    click.echo(f"{package['ModelPackageArn']} {status}")


def _registry(ctx: click.Context) -> Registry:
    from framework.local.registry import Registry

    return Registry(options.state_folder(ctx) / "registry")
