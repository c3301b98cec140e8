"""What a run shows while it goes on, and what it says when steps have failed; shared by the commands that follow runs."""

from __future__ import annotations

import contextlib
import os
import re
import shlex
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import click

from framework.commands import options
from framework.pipeline.compiled import Definition
from framework.pipeline.execution import FAILED, Execution, StepState, Watcher
from framework.report import live, text

if TYPE_CHECKING:
    from framework.local.backend import LocalBackend
    from framework.local.isolation import Traits

EXIT_CODE = re.compile(r"exit code: ([0-9]+)")
TAIL_LINES = 20


@contextlib.contextmanager
def watched(ctx: click.Context, definition: Definition) -> Iterator[Watcher]:
    """How the changes of steps are shown: in a table on a terminal, as lines elsewhere.

    Args:
        ctx: the command's.
        definition: what runs.
    """
    if options.wants_json(ctx) or not live.wanted(sys.stderr, os.environ):
        yield options.tell_step
        return
    from framework.pipeline.step_graph import flat

    kinds = {str(step.get("Name")): str(step.get("Type")) for step, _ in flat(definition.get("Steps") or [])}
    with live.table(kinds, sys.stderr) as watch:
        yield watch


def announce(traits: Traits) -> None:
    """Say what isolates the steps, and what it cannot."""
    click.echo(text.runner_line(traits.name, traits.limits), err=True)


def given_words(ctx: click.Context, definition: str | None, parameters: Sequence[str], how: Mapping[str, Any]) -> list[str]:
    """The options of this run that count for another run of a part of it, as words of a command line.

    `parameters` are the words that set parameters.
    """
    words = options.words(ctx)
    words += ["--definition", definition] if definition else []
    words += parameters
    words += ["--runner", how["runner"]] if how["runner"] != "auto" else []
    return words + (["--strict-local"] if how["strict"] else [])


def tell_failures(ctx: click.Context, backend: LocalBackend, execution: Execution, runner: str) -> None:
    """Say of each failed step why, where its log is, and how to go on."""
    from framework.local.earlier import rerun
    from framework.local.state import RunOptions, StateFolder

    state = StateFolder(options.state_folder(ctx))
    given = RunOptions.read(state.run(execution.id)).given or options.words(ctx)
    said: set[str] = set()
    for step in execution.steps:
        if step["StepStatus"] != FAILED:
            continue
        _tell_failure(backend, execution, step)
        name = str(step["StepName"])
        if (state.step(execution, name) / "ml").is_dir():
            _advise("a shell where it failed", ["local", "shell", name, "--run", execution.id, *options.place_words(ctx)])
        found = rerun(state, execution, step)
        if found and found.step not in said:
            said.add(found.step)
            source = ["--source", found.source] if found.source else []
            what = f"to run {found.step} again on the results of this run, with your files as they are then"
            _advise(what, ["run", "--local", "--select", found.step, *source, *given])
    resume = ["run", "--local", "--resume", execution.id, *options.words(ctx), *(["--runner", runner] if runner != "auto" else [])]
    click.echo("", err=True)
    _advise("to go on from what succeeded, with the definition and code that this run began with", resume)


def tell_reasons(execution: Execution, more: Callable[[StepState], None]) -> None:
    """Say of each failed step why, and what `more` has to say; a table that is gone by now has not kept it."""
    for step in execution.steps:
        if step["StepStatus"] == FAILED:
            _tell_reason(step)
            more(step)


def _tell_reason(step: StepState) -> None:
    reason = str(step.get("FailureReason") or "no reason was given")
    click.echo(f"\n{text.shown(str(step['StepName']))} failed: {text.shown(reason)}", err=True)
    if codes := EXIT_CODE.findall(reason):
        click.echo(f"exit code: {codes[-1]}", err=True)


def _tell_failure(backend: LocalBackend, execution: Execution, step: StepState) -> None:
    name = str(step["StepName"])
    _tell_reason(step)
    lines = backend.log_tail(execution, name, TAIL_LINES)
    if lines:
        click.echo(f"last lines of {name}:", err=True)
    for line in lines:
        click.echo(f"  {text.shown(line)}", err=True)
    log = backend.log_path(execution, name)
    if log.is_file():
        click.echo(f"the whole log: {log}", err=True)


def _advise(what: str, words: Sequence[str]) -> None:
    click.echo(f"{what}:\n  {' '.join([options.program(), shlex.join(words)])}", err=True)
