"""`smp explain`: where a value of a step comes from, and what it becomes."""

from __future__ import annotations

import click

from framework.commands import options
from framework.config.load import load_config
from framework.findings import Finding, FindingsError, Place, nearest, printable
from framework.pipeline.build import Pipeline, build_pipeline
from framework.pipeline.explaining import DEFAULT, Explained, explain
from framework.report import text


@click.command("explain")
@options.project_options
@click.argument("what", metavar="STEP[.KEY]")
@click.pass_context
def command(ctx: click.Context, what: str) -> None:
    """Print the values that a step is built from: each layer that set one, nearest first, with its line, and what it becomes."""
    pipeline = build_pipeline(load_config(options.sources(ctx), options.variables()))
    name, key = _step(pipeline, what)
    explained = explain(pipeline, name, key)
    if not explained:
        keys = [value.key.partition(".")[0] for value in explain(pipeline, name, ())]
        message = f"{name} has no value {'.'.join(key)}"
        raise FindingsError([*pipeline.findings, Finding("SMP304", Place("explain"), message, nearest(key[0], keys))])
    if options.wants_json(ctx):
        click.echo(
            text.as_json(
                {"step": name, "section": pipeline.steps[name].spec.section.name, "values": [it.to_json() for it in explained]}
            )
        )
        return
    for value in explained:
        for line in _lines(name, value):
            click.echo(printable(line))


def _step(pipeline: Pipeline, what: str) -> tuple[str, list[str]]:
    """The step and the key that an argument names."""
    name, _, rest = what.partition(".")
    if name not in pipeline.steps:
        finding = Finding("SMP304", Place("explain"), f"there is no step {name}", nearest(name, pipeline.steps))
        raise FindingsError([*pipeline.findings, finding])
    return name, rest.split(".") if rest else []


def _lines(name: str, value: Explained) -> list[str]:
    (shown, place), *below = value.layers
    becomes = f"  → {value.becomes}" if value.becomes else ""
    lines = [f"{name}.{value.key} = {shown}  ({str(place) or DEFAULT}){becomes}"]
    return [*lines, *(f"    over {older}  ({str(where) or DEFAULT})" for older, where in below)]
