"""`smp iam-policy`: the smallest IAM policy that the pipeline needs."""

from __future__ import annotations

import sys

import click

from framework.commands import options
from framework.findings import printable

PURPOSES = ("execution", "deploy", "trigger", "plan", "delete")


@click.command("iam-policy")
@options.project_options
@click.option(
    "--for",
    "purpose",
    type=click.Choice(PURPOSES),
    required=True,
    help=(
        "execution: the pipeline's role; deploy: who deploys and runs it; trigger: the role of what starts it by itself; "
        "plan: who looks at everything and changes nothing; delete: who takes it away."
    ),
)
@click.pass_context
def command(ctx: click.Context, purpose: str) -> None:
    """Print the smallest IAM policy that this pipeline needs, as JSON; what it cannot say goes to stderr."""
    compiled = options.compiled_pipeline(ctx)
    from framework.deploy.permissions import POLICIES  # what it reads definitions with imports botocore

    policy = POLICIES[purpose](compiled)
    sys.stdout.write(str(policy))
    for note in policy.notes:
        click.echo(printable(note), err=True)
