"""`smp validate` and `smp compile`: commands that look at the configuration and call nothing."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path

import click

from framework.checks import Violated
from framework.checks.catalogue import RULES, beginning_with
from framework.commands import options, showing
from framework.findings import ERROR, Finding, FindingsError, has_errors
from framework.pipeline.compiled import CompiledPipeline
from framework.report import text
from framework.road import Ask, inspect, travel


@click.command()
@options.findings_options
@click.option("--select", multiple=True, metavar="RULE", help="Report these rules alone: ids, or what they begin with (SMP4).")
@click.option("--ignore", multiple=True, metavar="RULE", help="Leave these rules out; wins over --select.")
@click.option(
    "--definition", type=click.Path(dir_okay=False, exists=True), help="Check this definition in place of the configuration."
)
@click.option("--live", is_flag=True, help="Ask the account, too: roles, buckets, inputs, images, networks, quotas, keys.")
@click.option("-o", "--output", type=click.Path(dir_okay=False), help="Write to a file instead of stdout.")
@click.pass_context
def validate(
    ctx: click.Context,
    select: tuple[str, ...],
    ignore: tuple[str, ...],
    definition: str | None,
    live: bool,
    output: str | None,
) -> None:
    """Report every problem of the configuration and of the pipeline it makes.

    People see each finding with the line that it points at. For a CI job: json; sarif for code scanning; junit for test reports;
    github for notes beside the lines of a pull request. The exit code is 1 when one of the findings is an error.
    """
    chosen = [_rules(words, option) for words, option in ((select, "--select"), (ignore, "--ignore"))]
    if chosen[0] and not live and all(prefix.startswith("SMP9") for prefix in chosen[0]):
        raise click.UsageError("rules that begin with SMP9 go with --live, which asks the account")
    findings = [each for each in _found(ctx, definition, _ask_account if live else None) if _is_chosen(each, *chosen)]
    if output is None:
        click.echo(showing.report(ctx, findings, sys.stdout), nl=False)
    else:
        options.write_text(Path(output), showing.report(ctx, findings))
    if output is not None or options.style(ctx) == "text":
        click.echo(text.summary(findings), err=True)
        if _stopped(findings):
            click.echo("what is sent, files and the policy are checked when these errors are mended", err=True)
    ctx.exit(options.INPUT if has_errors(findings) else 0)


def _found(ctx: click.Context, definition: str | None, ask: Ask | None) -> tuple[Finding, ...]:
    """All findings, of the configuration or of a definition that came from elsewhere."""
    if definition is not None:
        return inspect(Path(definition), ask)
    try:
        return travel(options.sources(ctx), options.variables(), ask)[1]
    except FindingsError as error:
        return error.findings


def _ask_account(compiled: CompiledPipeline) -> Iterable[Violated]:
    from framework.deploy.live import check_live, live_clients  # boto3's own imports take 0.2 s
    from framework.deploy.permissions_check import asks

    return check_live(compiled, live_clients(compiled.region), [asks])


def _rules(words: tuple[str, ...], option: str) -> tuple[str, ...]:
    """The ids that were given, one or several separated by commas in each word."""
    given = tuple(part.strip().upper() for word in words for part in word.split(","))
    for prefix in given:
        if not prefix or not beginning_with(prefix):
            raise click.BadParameter(f'no rule begins with "{prefix}"; smp rules lists them', param_hint=option)
    return given


def _is_chosen(finding: Finding, select: tuple[str, ...], ignore: tuple[str, ...]) -> bool:
    """Whether a finding is reported: always where nothing can be compiled with it, for then the rules that were asked for are not
    checked."""
    if finding.severity == ERROR and RULES[finding.rule].blocking:
        return True
    return (not select or finding.rule.startswith(select)) and not finding.rule.startswith(ignore)


def _stopped(findings: Iterable[Finding]) -> bool:
    """Whether there are errors that nothing can be compiled with, so that the other rules were not checked."""
    return any(each.severity == ERROR and RULES[each.rule].blocking for each in findings)


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
