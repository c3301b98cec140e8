"""The command line: which commands there are, and what becomes of what goes wrong. framework/road.py is the way they all go.

Results go to stdout, messages to stderr. Exit codes: 0 fine; 1 mistakes in the input; 2 usage; 3 differences found where asked to
tell; 4 the execution failed or was stopped, or Ctrl-C ended the command; 5 AWS or this machine failed; 141 nobody reads on.
"""

from __future__ import annotations

import os
import sys
from typing import Any

import click

from framework import __version__
from framework.commands import (
    compare,
    definition,
    delete,
    deploy,
    executions,
    explain,
    history,
    iam,
    local,
    lock,
    ls,
    options,
    plan,
    registry,
    rules,
    run,
    showing,
    versions,
)
from framework.errors import BackendError
from framework.findings import FindingsError, printable
from framework.report import text


class Smp(click.Group):
    """The command group; turns what went wrong into messages and exit codes."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command that was asked for."""
        try:
            result = super().invoke(ctx)
            sys.stdout.flush()
        except FindingsError as error:
            click.echo(showing.for_people(ctx, error.findings, sys.stderr), nl=False, err=True)
            self._answer(ctx, text.findings_text(error.findings))
            ctx.exit(options.INPUT)
        except BackendError as error:
            click.echo(str(error), err=True)
            self._answer(ctx, text.as_json({"error": {"what": error.what, "why": error.why, "cure": error.cure}}))
            ctx.exit(options.BACKEND)
        except BrokenPipeError:
            # Nobody reads on, as in `smp plan | head`; what Python writes when it ends must not fail, too.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            ctx.exit(options.UNREAD)
        except OSError as error:
            click.echo(printable(f"This machine failed: {error}"), err=True)
            ctx.exit(options.BACKEND)
        except KeyboardInterrupt:
            click.echo("interrupted", err=True)
            ctx.exit(options.FAILED)
        else:
            return result

    def _answer(self, ctx: click.Context, answer: str) -> None:
        """What a program reads instead of the result."""
        if options.wants_json(ctx):
            click.echo(answer)


@click.group(cls=Smp, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(__version__, prog_name="smp")
@options.any_options
def smp() -> None:
    """Turn per-model YAML into an Amazon SageMaker pipeline: check it, deploy it, run it there or here."""


for command in (
    definition.validate,
    definition.compile_,
    rules.command,
    explain.command,
    lock.command,
    ls.command,
    iam.command,
    plan.plan,
    deploy.deploy,
    plan.drift,
    run.run,
    executions.status,
    executions.wait,
    executions.stop,
    executions.list_executions,
    compare.compare,
    versions.versions,
    versions.rollback,
    delete.command,
    history.logs,
    local.local,
    registry.registry,
):
    smp.add_command(command)


def main() -> None:
    """The `smp` command."""
    smp.main(prog_name="smp")


if __name__ == "__main__":
    main()
