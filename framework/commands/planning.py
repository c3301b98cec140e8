"""What the commands share that plan: the plan of the configuration, where it is kept, and how it is carried out."""

from __future__ import annotations

import json
import sys
from collections.abc import Collection, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from framework.commands import options
from framework.commands.hiding import option_data, plan_data
from framework.errors import BackendError
from framework.findings import Finding, FindingsError, Place, printable
from framework.pipeline.compiled import CompiledPipeline
from framework.pipeline.packages import with_packages
from framework.pipeline.secrets import HIDDEN
from framework.report import progress, text
from framework.road import Arrival

if TYPE_CHECKING:
    from framework.deploy.backend import SageMakerBackend
    from framework.deploy.plan import Plan
    from framework.deploy.planning import Prepared
    from framework.deploy.saved import Circumstances

_NOT_KEPT = ("root", "style")
"""The options that say where the project lies here, and how to answer."""


def prepare(backend: SageMakerBackend, compiled: CompiledPipeline, given: Collection[str] = ()) -> Prepared:
    """The plan for a pipeline. Registered models are looked up, but for parameters that are `given` a value otherwise.

    Raises:
        BackendError: AWS refuses.
    """
    from framework.deploy import planning

    return planning.prepare(backend, with_packages(compiled, backend.model_package, given))


def prepare_with_places(backend: SageMakerBackend, arrival: Arrival) -> Prepared:
    """As `prepare`, with the lines of the configuration that are behind the changes."""
    from framework.deploy.plan import placed

    made = prepare(backend, arrival.compiled)
    return replace(made, plan=placed(made.plan, arrival.where))


def carry_out(backend: SageMakerBackend, made: Prepared) -> str:
    """Send the uploads, make the changes; the pipeline's ARN. How that goes is told on stderr.

    Raises:
        BackendError: AWS refuses.
    """
    from framework.deploy import planning
    from framework.deploy.triggers import STARTING

    plan, warned = made.plan, set[str]()

    def warn(message: str) -> None:
        if message not in warned:
            _warn(message)
        warned.add(message)

    with progress.bar("uploading", len(plan.missing or ()) + len(plan.unseen), sys.stderr) as told:
        sent, present = planning.send(backend, plan, told)
    click.echo(f"{sent} uploaded, {present} already there", err=True)
    arn = backend.apply(plan, warn)
    backend.apply_triggers(plan, arn, made.found, warn)
    backend.finish(plan, warn)
    for change in plan.changes:
        if change.what in STARTING:
            click.echo(f"{change.action} {change.what} {change.name}", err=True)
    for note in plan.notes:
        _warn(note)
    return arn


def _warn(message: str) -> None:
    click.echo(printable(f"warning: {message}"), err=True)


def circumstances(ctx: click.Context, backend: SageMakerBackend, arrival: Arrival) -> Circumstances:
    """What a plan is made in. Raises BackendError where a file can no longer be read or there is no region."""
    from framework.deploy.identity import identity
    from framework.deploy.saved import Circumstances

    settings = ctx.find_root().ensure_object(dict)
    kept = {key: list(value) if isinstance(value, tuple) else value for key, value in settings.items() if key not in _NOT_KEPT}
    return Circumstances(identity(backend.clients), arrival.inputs(), option_data(kept))


def save(path: Path, plan: Plan, around: Circumstances) -> None:
    """Keep a plan in a file. Raises BackendError where the disk refuses."""
    from framework.deploy.saved import saved

    options.write_text(path, text.as_json({**saved(plan, around), "plan": plan_data(plan)}) + "\n")


def read(path: Path) -> dict[str, Any]:
    """A plan that was kept in a file.

    Raises:
        FindingsError: the file holds none.
    """
    from framework.deploy.saved import is_saved

    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise _no_plan(path, f": {error}") from None
    if not is_saved(data):
        raise _no_plan(path, " of this version of the tool")
    return dict(data)


def take_options(ctx: click.Context, path: Path, kept: Mapping[str, Any]) -> None:
    """Use the options that a plan was made with, where none are given now.

    Raises:
        BackendError: one of them was a secret, which is not kept.
    """
    settings = ctx.find_root().ensure_object(dict)
    for name, value in kept.items():
        if not settings.get(name) and name not in _NOT_KEPT:
            if isinstance(value, list) and any(str(each).endswith(f"={HIDDEN}") for each in value):
                cure = "give every --set again that the plan was made with"
                raise BackendError(f"Applying {path}", "it was made with a --set whose value is a secret, which is not kept", cure)
            settings[name] = tuple(value) if isinstance(value, list) else value


def refuse_moved(path: Path, data: Mapping[str, Any], plan: Plan, around: Circumstances) -> None:
    """Go on only if everything is as it was when the plan was made.

    Raises:
        BackendError: says all that is not.
    """
    from framework.deploy.saved import moved

    reasons = moved(data, plan, around)
    if reasons:
        shown = [*reasons[:_REASONS], *([f"and {len(reasons) - _REASONS} more"] if len(reasons) > _REASONS else [])]
        raise BackendError(f"Applying {path}", printable("; ".join(shown)), "make the plan again and read it before it is applied")


_REASONS = 8


def _no_plan(path: Path, reason: str) -> FindingsError:
    return FindingsError([Finding("SMP101", Place(str(path)), f"not a saved plan{reason}", "make one: smp plan -o FILE")])
