"""Which pipeline and which execution a command is about: its arguments in, names and ARNs out.

An execution is named by its ARN, which also tells the region, by its id, or as the latest. Those of this machine have ids of their
own.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from framework.commands import options
from framework.config.load import load_config
from framework.config.model import Config
from framework.findings import FindingsError
from framework.pipeline.compiled import Definition
from framework.road import definition_of

if TYPE_CHECKING:
    from framework.deploy.backend import SageMakerBackend

NAME = re.compile(r"[a-zA-Z0-9](-*[a-zA-Z0-9]){0,255}")
NO_ENVIRONMENT = "SMP114"
"""The rule of an overlay that is not there: it might have named another pipeline."""

_LOCAL = re.compile(r"(arn:aws:sagemaker:local:\d{12}:pipeline/[^/]+/execution/)?(local\d{7})")
_REGION = re.compile(r"arn:aws[a-z-]*:sagemaker:(?!local:)([a-z0-9-]+):\d{12}:pipeline/[^/]+/execution/[^/]+")


@dataclass(frozen=True)
class Pipeline:
    """A pipeline on SageMaker: its name, its region (None leaves it to boto3), and where uploads go, as far as that is known."""

    name: str
    region: str | None
    bucket: str = ""
    kms_key: str | None = None


def name_option(command: Any) -> Any:
    """The option that names a pipeline in place of the configuration."""
    about = "The pipeline.  [default: that of the configuration]"
    return click.option("--name", metavar="NAME", callback=_checked, help=about)(command)


def _checked(ctx: click.Context, param: click.Parameter, value: str | None) -> str | None:
    if value is not None and not NAME.fullmatch(value):
        raise click.BadParameter("a pipeline is called with letters, digits and hyphens between them, 256 at most")
    return value


def local_option(command: Any) -> Any:
    """The option that means this machine."""
    return click.option("--local", is_flag=True, help="Of this machine, not of SageMaker.")(command)


def pipeline(ctx: click.Context, name: str | None) -> Pipeline:
    """The pipeline of that name, or of the configuration. Errors of the configuration that do not touch its name do not matter.

    Raises:
        FindingsError: the configuration names none.
    """
    try:
        config = load_config(options.sources(ctx), options.variables())
    except FindingsError:
        if name is None:
            raise
        variables = options.variables()
        return Pipeline(name, variables.get("SMP_REGION"), variables.get("SMP_S3BUCKETNAME", ""))
    if any(finding.rule == NO_ENVIRONMENT for finding in config.findings) or (name is None and not _has_name(config)):
        raise FindingsError(config.findings)
    return Pipeline(name or _name(config), config.region, config.bucket, config.network.kms_key)


def definition(ctx: click.Context, name: str) -> Definition | None:
    """What the configuration says that the pipeline of this name is; None where it says nothing."""
    return definition_of(options.sources(ctx), options.variables(), name)


def _has_name(config: Config) -> bool:
    return config.pipeline is not None and NAME.fullmatch(config.pipeline.name) is not None


def _name(config: Config) -> str:
    return config.pipeline.name if config.pipeline else ""


def local_id(which: str | None) -> str | None:
    """The id of an execution of this machine; None for any other text."""
    match = _LOCAL.fullmatch(which or "")
    return match[2] if match else None


def is_arn(which: str) -> bool:
    """Whether a text is the ARN of an execution on SageMaker."""
    return _REGION.fullmatch(which) is not None


def execution(ctx: click.Context, which: str, name: str | None) -> tuple[SageMakerBackend, str]:
    """What talks to AWS in the region of an execution, and its ARN.

    Raises:
        BackendError: there is no such execution, or AWS refuses.
        FindingsError: the configuration names no pipeline, and the execution is not given by its ARN.
    """
    from framework.deploy import executions

    match = _REGION.fullmatch(which)
    if match:
        return backend(ctx, match[1]), which
    chosen = pipeline(ctx, name)
    talking = backend(ctx, chosen.region)
    return talking, executions.find(talking.clients, chosen.name, which)


def backend(ctx: click.Context, region: str | None) -> SageMakerBackend:
    """What talks to AWS in a region; made once for a command."""
    from framework.deploy.backend import SageMakerBackend  # boto3's own imports take 0.2 s

    made: dict[str | None, SageMakerBackend] = ctx.meta.setdefault(__name__, {})
    if region not in made:
        made[region] = SageMakerBackend(region)
    return made[region]
