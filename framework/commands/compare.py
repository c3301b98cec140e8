"""`smp compare`: two executions side by side, whether they ran on SageMaker or on this machine."""

from __future__ import annotations

import sys
from itertools import islice, pairwise
from typing import TYPE_CHECKING, Any

import click

from framework.commands import history, options, target
from framework.commands.hiding import found_data
from framework.errors import BackendError
from framework.pipeline.compiled import Definition
from framework.pipeline.execution import LATEST
from framework.pipeline.secrets import HIDDEN, hidden, shown_data
from framework.report import comparison as report
from framework.report import text

if TYPE_CHECKING:
    from framework.deploy.backend import SageMakerBackend
    from framework.deploy.comparing import Run


@click.command()
@options.project_options
@click.argument("left", metavar="[RUN", required=False)
@click.argument("right", metavar="RUN]", required=False)
@target.name_option
@target.local_option
@click.pass_context
def compare(ctx: click.Context, left: str | None, right: str | None, name: str | None, local: bool) -> None:
    """Print what two executions share and where they differ.

    Parameters, definition and code of each step, how long it took, and the numbers of the steps' reports. RUN is the ARN or id of
    an execution, the id of a run of this machine, or "latest". Without the second it is the latest, without both the latest is
    compared with the one before it.
    """
    pair = _chosen(ctx, left, right, name, local)
    first, second = (_run(ctx, which, name) for which in pair)
    pipeline = str(second.execution.description.get("PipelineArn", "")).rpartition("/")[2]
    data = _data(first, second, target.definition(ctx, pipeline))
    if options.wants_json(ctx):
        click.echo(text.as_json(data))
    else:
        report.print_comparison(data, sys.stdout)


def _data(left: Run, right: Run, known: Definition | None) -> dict[str, Any]:
    """All that is printed, secrets hidden; `known` is what the configuration compiles to now."""
    from framework.deploy import comparing

    changes = found_data(comparing.between(left, right), known)["changes"]
    parameters = comparing.parameters(left, right)
    for one in parameters:
        one["values"] = [_shown(one["name"], value, run, known) for value, run in zip(one["values"], (left, right), strict=True)]
    return {
        "runs": [report.about(run.execution) for run in (left, right)],
        "parameters": parameters,
        "steps": comparing.steps(left, right, changes),
        "metrics": comparing.metrics(left, right),
        "changes": changes,
    }


def _shown(name: str, value: str | None, run: Run, known: Definition | None) -> str | None:
    """The value of a parameter; a default that is a text only where the configuration says that it may be seen."""
    if value is None:
        return None
    defaults = [
        {str(one["Name"]): one.get("DefaultValue") for one in definition.get("Parameters") or ()}
        for definition in (run.definition, shown_data(known or {}, ()))
    ]
    if name not in run.parameters and isinstance(defaults[0].get(name), str) and defaults[1].get(name) in (None, HIDDEN):
        return HIDDEN
    return str(hidden({name: value})[name])


def _chosen(ctx: click.Context, left: str | None, right: str | None, name: str | None, local: bool) -> tuple[str, str]:
    """The two, each by its ARN or by the id of a run of this machine."""
    local = local or target.local_id(left) is not None
    second = _resolved(ctx, right or LATEST, name, local and (right is None or right == LATEST))
    if left is not None:
        return _resolved(ctx, left, name, local), second
    before = _before(ctx, second, name)
    if before is None:
        raise BackendError(f"Looking for an execution before {second}", "there is none", "name two: `smp history` lists them")
    return before, second


def _resolved(ctx: click.Context, which: str, name: str | None, local: bool) -> str:
    here = target.local_id(which)
    if here or local:
        return history.execution(ctx, here or (None if which == LATEST else which)).id
    return target.execution(ctx, which, name)[1]


def _before(ctx: click.Context, which: str, name: str | None) -> str | None:
    """The execution of the same pipeline before this one."""
    if target.local_id(which):
        engine = history.backend(ctx)
        pipeline = str(engine.execution(which).description["PipelineArn"]).rpartition("/")[2]
        known = [execution.id for execution in engine.executions(pipeline)]
    else:
        from framework.deploy import executions

        backend, arn = target.execution(ctx, which, name)
        listed = executions.listing(backend.clients, arn.rpartition("/execution/")[0])
        known = [str(summary["PipelineExecutionArn"]) for summary in islice(listed, _FAR)]
    return next((later for this, later in pairwise(known) if this == which), None)


_FAR = 1000


def _run(ctx: click.Context, which: str, name: str | None) -> Run:
    return _run_here(ctx, which) if target.local_id(which) else _run_there(*target.execution(ctx, which, name))


def _run_here(ctx: click.Context, run_id: str) -> Run:
    from framework.deploy.comparing import Run
    from framework.local.state import StateFolder, read_file

    engine = history.backend(ctx)
    execution = engine.execution(run_id)
    given = read_file(StateFolder(options.state_folder(ctx)).existing(run_id) / "parameters.json")
    return Run(execution, engine.definition(run_id), given, _metrics(engine.reports(execution)))


def _run_there(backend: SageMakerBackend, arn: str) -> Run:
    from framework.deploy import executions, reports
    from framework.deploy.comparing import Run

    execution = backend.describe(arn)
    if execution.hidden:
        click.echo(f"the steps cannot be seen: {execution.hidden}", err=True)
    definition = executions.definition(backend.clients, arn)
    found = reports.reports(backend.clients, definition, execution.steps, lambda message: click.echo(message, err=True))
    return Run(execution, definition, executions.parameters(backend.clients, arn), _metrics(found))


def _metrics(found: Any) -> dict[tuple[str, str], float]:
    return {(step, path): value for step, path, value in text.metrics(found)}
