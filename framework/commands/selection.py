"""How commands take a selection of steps: the options, what they are compared with, and what a run of a part is told.

On this machine `state:` and `result:` look at local runs, else at what is deployed and has run on SageMaker.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from framework.commands import history, options
from framework.commands.definitions import read_definition
from framework.findings import Finding, FindingsError
from framework.pipeline.compiled import CompiledPipeline, Definition
from framework.pipeline.execution import LATEST, Execution, StepState
from framework.pipeline.partial import PLACE, RULE, part
from framework.pipeline.selecting import Chosen, Subject, choose
from framework.report import text

if TYPE_CHECKING:
    from framework.deploy.backend import SageMakerBackend

There = Callable[[], "SageMakerBackend"]
"""Makes the backend of SageMaker, the same one each time; only where it is asked for is boto3 imported."""

MOST_STEPS = 50
"""Of SelectiveExecutionConfig.SelectedSteps in the API."""

_SELECT = click.option(
    "--select", multiple=True, metavar="STEPS", help="Only these steps: NAME, NAME+, +NAME, model:, class:, type:, state:, result:"
)
_EXCLUDE = click.option("--exclude", multiple=True, metavar="STEPS", help="Not these steps; written as for --select.")
_STATE = click.option(
    "--state",
    metavar="FILE",
    type=click.Path(dir_okay=False, exists=True),
    help="The definition that state: compares with.  [default: that of --source, else what is deployed, or the newest local run]",
)


@dataclass(frozen=True, slots=True)
class Asked:
    """What was given of the options."""

    select: tuple[str, ...]
    exclude: tuple[str, ...]
    state: str | None
    source: str | None


@dataclass(frozen=True, slots=True)
class Picked:
    """What runs.

    Attributes:
        steps: the names of the steps; what stands in the body of a loop is not named.
        whole: whether they are the whole pipeline.
        source: the id or the ARN of the execution that results are taken from; None leaves that to the backend.
    """

    steps: tuple[str, ...]
    whole: bool = True
    source: str | None = None

    @property
    def select(self) -> tuple[str, ...]:
        """What a run of a part is told; empty for a run of all."""
        return () if self.whole else self.steps

    @property
    def selective(self) -> Mapping[str, Any] | None:
        """The SelectiveExecutionConfig; None for a run of all."""
        if self.whole:
            return None
        source = {"SourcePipelineExecutionArn": self.source} if self.source else {}
        return {"SelectedSteps": [{"StepName": name} for name in self.steps], **source}


def select_options(command: Any) -> Any:
    """The options that say which steps are meant."""
    return _SELECT(_EXCLUDE(_STATE(command)))


def asked(how: Mapping[str, Any]) -> Asked:
    """What was given.

    Raises:
        UsageError: options that mean nothing without others.
    """
    given = Asked(how["select"], how["exclude"], how["state"], how["source"])
    if not (given.select or given.exclude):
        for name in ("source", "state"):
            if how[name]:
                raise click.UsageError(f"--{name} goes with --select, which says what to run")
    return given


def subject(ctx: click.Context, compiled: CompiledPipeline, given: Asked, there: There | None) -> Subject:
    """The pipeline, and what `state:` and `result:` compare it with: there, or on this machine."""
    past = _There(compiled, given.source, there) if there else _Local(ctx, compiled, given.source)
    before = past.before if given.state is None else lambda: read_definition(Path(given.state or ""))
    return Subject(compiled.definition, compiled.origins, before, past.results)


def pick(ctx: click.Context, compiled: CompiledPipeline, given: Asked, there: There | None) -> Picked | None:
    """What of a pipeline is to run; None when no part was asked for.

    Args:
        ctx: the command's.
        compiled: the pipeline.
        given: the options.
        there: makes the backend where it is to run; None for this machine.

    Raises:
        FindingsError: what was given names nothing, or cannot run by itself.
    """
    if not (given.select or given.exclude):
        return None
    chosen = choose(subject(ctx, compiled, given, there), given.select, given.exclude)
    if there:
        part_of = chosen.runs and not chosen.every
        return _picked_there(compiled, chosen, given, there()) if part_of else Picked(chosen.runs, chosen.every)
    latest = given.source == LATEST and not chosen.every
    return Picked(chosen.runs, chosen.every, _Local(ctx, compiled, LATEST).source() if latest else given.source)


def tell_nothing(ctx: click.Context) -> None:
    """Say that no step is selected, which is no mistake: so it is where nothing has changed."""
    click.echo("no step is selected: nothing runs", err=True)
    if options.wants_json(ctx):
        click.echo(text.as_json({"PipelineExecutionArn": None, "SelectedSteps": []}))


def _picked_there(compiled: CompiledPipeline, chosen: Chosen, given: Asked, backend: SageMakerBackend) -> Picked:
    run = part(compiled.definition["Steps"], chosen.runs)
    if len(run.steps) > MOST_STEPS:
        message = f"{len(run.steps)} steps are chosen, and SageMaker takes {MOST_STEPS} at most"
        hint = "choose fewer, or run the whole pipeline: steps with enable_cache are reused"
        raise FindingsError([Finding(RULE, PLACE, message, hint)])
    return Picked(run.steps, False, backend.earlier(compiled.name).source(run.needed, given.source))


class _Local:
    """What has run here."""

    def __init__(self, ctx: click.Context, compiled: CompiledPipeline, source: str | None) -> None:
        self._backend, self._name, self._source = history.backend(ctx), compiled.name, source

    def before(self) -> Definition | None:
        """What the execution ran that results are taken from; None when nothing has run."""
        found = self._execution()
        return self._backend.definition(found.id) if found else None

    def results(self) -> Sequence[StepState]:
        """How its steps ended."""
        return _there_is(self._execution(), f"no execution of {self._name} here").steps

    def source(self) -> str:
        """Its id."""
        return _there_is(self._execution(), f"no execution of {self._name} here").id

    def _execution(self) -> Execution | None:
        if self._source not in (None, LATEST):
            return self._backend.execution(str(self._source))
        return next(iter(self._backend.executions(self._name)), None)


class _There:
    """What is deployed, and has run on SageMaker."""

    def __init__(self, compiled: CompiledPipeline, source: str | None, backend: There) -> None:
        self._name, self._source, self._backend = compiled.name, source, backend

    def before(self) -> Definition | None:
        """What the given execution ran; else what is deployed, None when nothing is."""
        if self._source is not None:
            earlier = self._backend().earlier(self._name)
            return earlier.definition(earlier.named(self._source))
        deployed = self._backend().fetch(self._name)
        return deployed.definition if deployed else None

    def results(self) -> Sequence[StepState]:
        """How the steps of the given execution ended, or those of the newest that has ended."""
        earlier = self._backend().earlier(self._name)
        return earlier.steps(earlier.named(self._source or LATEST))


def _there_is(found: Execution | None, nothing: str) -> Execution:
    if found is None:
        raise FindingsError([Finding(RULE, PLACE, f"there is {nothing} to take results from", "run the whole pipeline first")])
    return found
