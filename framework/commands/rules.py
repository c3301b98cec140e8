"""`smp rules`: what the rules are about; needs no configuration."""

from __future__ import annotations

import click

from framework.checks.catalogue import RULES, beginning_with, grouped, why_kept
from framework.commands import options
from framework.findings import nearest
from framework.report import rules as shown
from framework.report import text


@click.command("rules")
@options.project_options
@click.argument("rule_id", metavar="[RULE]", default="SMP")
@click.option("--markdown", is_flag=True, help="Print the page docs/rules.md.")
@click.pass_context
def command(ctx: click.Context, rule_id: str, markdown: bool) -> None:
    """List the rules of findings, or those whose ids begin so (SMP3); explain one (SMP301)."""
    wanted = rule_id.upper()
    rules = beginning_with(wanted)
    if not rules:
        near = nearest(wanted, RULES)
        raise click.BadParameter(f"there is no rule {rule_id}.{f' Try: {near}.' if near else ''}", param_hint="RULE")
    if markdown and (wanted != "SMP" or options.wants_json(ctx)):
        raise click.UsageError("--markdown goes without a rule and without --format json: the page holds them all")
    if markdown:
        pairs = ((heading, [(rule, why_kept(rule)) for rule in members]) for heading, members in grouped(rules))
        click.echo(shown.page(pairs), nl=False)
    elif options.wants_json(ctx):
        every = [shown.data(rule, why_kept(rule)) for rule in rules]
        click.echo(text.as_json(every[0] if wanted in RULES else {"rules": every}))
    elif wanted in RULES:
        click.echo(shown.explained(rules[0], why_kept(rules[0])))
    else:
        click.echo(shown.listed(grouped(rules)))
