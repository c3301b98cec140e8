"""What the commands share: options, exit codes, and where a project's state lies."""

from __future__ import annotations

import math
import os
import shlex
import shutil
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from framework.config.load import Sources
from framework.config.paths import is_file
from framework.errors import BackendError
from framework.pipeline.compiled import CompiledPipeline
from framework.pipeline.execution import StepState
from framework.report import text
from framework.road import Arrival, arrive_with_places

if TYPE_CHECKING:
    from framework.deploy.studio import Studio

INPUT, DIFFERENT, FAILED, BACKEND = 1, 3, 4, 5
UNREAD = 141
"""As a shell tells of a program that SIGPIPE ended."""

STATE = ".smp"
STYLES = text.FORMATS[:2]
"""The formats that every command knows."""


class Seconds(click.FloatRange):
    """A finite number of seconds."""

    name = "seconds"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """The number; usage errors for what is none, and for nan and infinity."""
        seconds = float(super().convert(value, param, ctx))
        if not math.isfinite(seconds) or seconds > LONGEST_WAIT:
            self.fail(f"{value} is not a number of seconds up to {LONGEST_WAIT}", param, ctx)
        return seconds


LONGEST_WAIT = 31_536_000
"""A year, in seconds: no execution takes longer."""

MOST = 1_000_000
"""More executions or versions nobody asks for."""


def _keep(ctx: click.Context, param: click.Parameter, value: Any) -> None:
    """Collect a project option, wherever on the line it was given; repeated ones add up, others are replaced."""
    settings = ctx.find_root().ensure_object(dict)
    name = str(param.name)
    if isinstance(value, tuple):
        settings[name] = settings.get(name, ()) + value
    elif value is not None:
        settings[name] = value


def _keep_style(ctx: click.Context, param: click.Parameter, value: str | None) -> None:
    """Collect the format; one given before a command that does not know it is refused there."""
    _keep(ctx, param, value)
    style = ctx.find_root().ensure_object(dict).get("style", STYLES[0])
    if isinstance(param.type, click.Choice) and style not in param.type.choices:
        raise click.UsageError(f"--format {style} goes with validate; {ctx.info_name} knows {' and '.join(STYLES)}", ctx)


def _option(*names: str, help: str, **attributes: Any) -> Callable[[Any], Any]:  # noqa: A002  (click's own name)
    return click.option(*names, **{"callback": _keep, "expose_value": False, "help": help, **attributes})


_FOLDER = click.Path(file_okay=False, exists=True)
_PROJECT_OPTIONS = (
    _option("--root", type=_FOLDER, help="Folder that relative paths start from.  [default: here]"),
    _option("--framework-conf", metavar="FILE", help="Framework configuration.  [default: conf/conf.yaml]"),
    _option("-c", "--config", "patterns", multiple=True, metavar="GLOB", help="Model files.  [default: SMP_MODEL_CONFIGPATH]"),
    _option("-e", "--env", "environment_name", metavar="NAME", help="Overlay conf/environments/NAME.yaml."),
    _option("--env-file", metavar="FILE", help='Variables from lines of export NAME="value"; they win over the environment.'),
    _option("--set", "overrides", multiple=True, metavar="A.B=VALUE", help="Set one value of the configuration; applied last."),
)


def project_options(command: Any) -> Any:
    """The options that every command has: what the project is, how to answer. They may stand before the command or behind it."""
    return _project_options(command, STYLES, "Output for people or for programs.  [default: text]")


def findings_options(command: Any) -> Any:
    """The same for a command that can also answer in the formats that other tools read findings in."""
    return _project_options(
        command, text.FORMATS, "Output for people, for programs, or for tools that show findings.  [default: text]"
    )


def any_options(command: Any) -> Any:
    """The same for what stands before the commands."""
    return _project_options(
        command, text.FORMATS, "Output for people or for programs; all but text and json for validate.  [default: text]"
    )


def _project_options(command: Any, styles: Sequence[str], about: str) -> Any:
    style = _option("--format", "style", type=click.Choice(styles), callback=_keep_style, help=about)
    for option in reversed((*_PROJECT_OPTIONS, style)):
        command = option(command)
    return command


def style(ctx: click.Context) -> str:
    """The format of the answer."""
    return str(ctx.find_root().ensure_object(dict).get("style", STYLES[0]))


def wants_json(ctx: click.Context) -> bool:
    """Whether the output is for a program: --format json."""
    return style(ctx) == "json"


def root(ctx: click.Context) -> Path:
    """The project's root folder."""
    return Path(ctx.find_root().ensure_object(dict).get("root", "."))


def state_folder(ctx: click.Context) -> Path:
    """Where local runs keep everything."""
    return root(ctx).absolute() / STATE


def words(ctx: click.Context) -> list[str]:
    """The project options that were given, as words of a command line; not how to answer."""
    settings = ctx.find_root().ensure_object(dict)
    names = {"framework_conf": "--framework-conf", "environment_name": "--env", "env_file": "--env-file"}
    found = place_words(ctx) + [word for name, option in names.items() if name in settings for word in (option, settings[name])]
    for name, option in (("patterns", "-c"), ("overrides", "--set")):
        found += [word for value in settings.get(name, ()) for word in (option, value)]
    return found


def place_words(ctx: click.Context) -> list[str]:
    """As `words`, the option alone that says where the state folder lies."""
    settings = ctx.find_root().ensure_object(dict)
    return ["--root", settings["root"]] if "root" in settings else []


def program() -> str:
    """How this tool was called, as a shell would take it."""
    called = Path(sys.argv[0])
    if called.name == "__main__.py" and called.parent.name == "framework":
        return f"{shlex.quote(sys.executable)} -m framework"
    if called.name != "smp" or shutil.which("smp") == str(called):
        return "smp"
    return shlex.quote(sys.argv[0])


def sources(ctx: click.Context) -> Sources:
    """Where the configuration comes from, as the project options say."""
    settings = dict(ctx.find_root().ensure_object(dict))
    settings.pop("style", None)
    for name in ("env_file", "framework_conf"):
        typed = Path(settings.get(name) or "")
        if name in settings and is_file(typed) and not is_file(root(ctx) / typed):  # completed by the shell, from here
            settings[name] = str(typed.absolute())
    return Sources(root=Path(settings.pop("root", ".")), **settings)


def compiled_pipeline(ctx: click.Context, ask: bool = False) -> CompiledPipeline:
    """The compiled pipeline; its warnings are shown, and what of it comes from Studio.

    Args:
        ctx: the command's.
        ask: whether AWS may be asked for the execution role of Studio.

    Raises:
        FindingsError: it has errors.
    """
    return arrival(ctx, ask).compiled


def arrival(ctx: click.Context, ask: bool = False) -> Arrival:
    """The compiled pipeline with the places of what it is made from; as `compiled_pipeline` otherwise."""
    environment = variables(ask)
    found = arrive_with_places(sources(ctx), environment)
    for finding in found.warnings:
        click.echo(str(finding), err=True)
    _tell_studio(found.compiled, environment)
    return found


def studio() -> Studio | None:
    """The SageMaker Studio that this terminal is in; None outside of it."""
    from framework.deploy import studio as found

    return found.read()


def variables(ask: bool = False) -> dict[str, str]:
    """The environment; in a terminal of Studio with the region, account, bucket and role of Studio where they are not set.

    `ask` says whether AWS may be asked for the role.
    """
    environment = {name: value for name, value in os.environ.items() if value or not name.startswith("SMP_")}
    here = studio()
    if here is None:
        return dict(os.environ)
    if ask and not here.role and "SMP_ROLE" not in environment:
        from framework.deploy.clients import Clients
        from framework.deploy.studio_role import ask_role

        here = replace(here, role=ask_role(Clients(here.region), here))
    return {**here.variables(), **environment}


def _tell_studio(compiled: CompiledPipeline, environment: Mapping[str, str]) -> None:
    """Say which settings were found in Studio: those that nobody has set, and that the pipeline has."""
    settings = (("region", "SMP_REGION", compiled.region), ("role", "SMP_ROLE", compiled.role))
    named = (*settings, ("bucket", "SMP_S3BUCKETNAME", compiled.bucket))
    found = {name: value for label, name, value in named if not os.environ.get(name) and value and environment.get(name) == value}
    if found and studio() is not None:
        said = ", ".join(f"{label} {value}" for label, name, value in named if name in found)
        click.echo(f"from SageMaker Studio: {said}; set {', '.join(found)} for others", err=True)


def tell_step(state: StepState) -> None:
    """Say a step's new status, on stderr."""
    click.echo(text.step_line(state), err=True)


def write_text(path: Path, content: str) -> None:
    """Write a file that the user asked for.

    Raises:
        BackendError: the disk refuses.
    """
    try:
        path.write_text(content, encoding="utf-8", newline="\n")
    except OSError as error:
        raise BackendError(f"Writing {path}", error.strerror or str(error), "check the folder and its permissions") from None
