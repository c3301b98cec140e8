"""What compiling yields: the pipeline definition SageMaker gets, and what must lie in S3 for it.

These are the only shapes that `deploy` and `local` know; they never see a configuration.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

Definition = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Upload:
    """An object that the definition refers to. `sha256` is the hexadecimal digest of `content`."""

    uri: str
    sha256: str
    content: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class PackageGroup:
    """A model package group whose description the configuration sets."""

    name: str
    description: str


@dataclass(frozen=True, slots=True)
class PackageRequest:
    """A version of a registered model that the pipeline uses.

    Attributes:
        parameter: the parameter of the definition that holds its ARN.
        group: its model package group.
        status: its ModelApprovalStatus.
        version: its number; None for the newest.
    """

    parameter: str
    group: str
    status: str = "Approved"
    version: int | None = None

    def __str__(self) -> str:
        which = "newest" if self.version is None else f"version {self.version}"
        return f"{which} {self.status} of model package group {self.group}"


@dataclass(frozen=True, slots=True)
class ParameterRule:
    """What the configuration says of a parameter beyond the definition; the limits are None where there are none.

    Attributes:
        enum: what it may be.
        description: what it is for.
    """

    name: str
    minimum: float | None = None
    maximum: float | None = None
    enum: tuple[Any, ...] = ()
    description: str = ""


@dataclass(frozen=True, slots=True)
class StepOrigin:
    """What the configuration says of a step beyond the definition.

    Attributes:
        step: its name.
        step_class: its class; "" for a step that no line of the configuration asks for.
        model: the model that it is of; "" for none.
    """

    step: str
    step_class: str = ""
    model: str = ""


@dataclass(frozen=True, slots=True)
class StandIn:
    """What stands for a container image on this machine.

    Attributes:
        python: the interpreter that its `python` is; "" for the one the tool runs in.
        process, train, serve: the commands that stand for the image's own entry points; empty where there are none.
        environment: variables that the image sets.
    """

    python: str = ""
    process: tuple[str, ...] = ()
    train: tuple[str, ...] = ()
    serve: tuple[str, ...] = ()
    environment: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class LocalSettings:
    """What the configuration says of local runs (`conf.local`); a definition alone says nothing of it.

    Attributes:
        data: pairs of an s3:// prefix and the absolute folder that stands for it.
        images: pairs of a glob over image URIs and what stands for the images it matches; the first match counts.
        lambdas: pairs of a glob over function ARNs and the handler that stands for it, "/abs/file.py:function".
        environment: names of the caller's variables that steps may see.
    """

    data: tuple[tuple[str, str], ...] = ()
    images: tuple[tuple[str, StandIn], ...] = ()
    lambdas: tuple[tuple[str, str], ...] = ()
    environment: tuple[str, ...] = ()

    def over(self, other: LocalSettings) -> LocalSettings:
        """These settings, and what others say beside them; where both speak of the same, these count."""
        return LocalSettings(
            **{each.name: tuple(dict.fromkeys((*getattr(self, each.name), *getattr(other, each.name)))) for each in fields(self)}
        )


@dataclass(frozen=True, slots=True)
class CompiledPipeline:
    """Everything that deploying or running needs; equal inputs give equal values.

    Attributes:
        name: the pipeline's name.
        definition: schema 2020-12-01, made of JSON types only.
        uploads: sorted by `uri`, each once.
        role: ARN of the execution role.
        bucket: bucket of the uploads and of a definition too large to go inline.
        tags: the pipeline's tags, `{"Key": …, "Value": …}`.
        kms_key: encrypts the uploads; None leaves it to the bucket.
        region: None when the configuration names none.
        description: None when the configuration has none.
        package_groups: groups that must exist, with their descriptions, before the pipeline runs.
        local: what the configuration says of local runs.
        rules: what start values of parameters must keep to.
        display_name: what the console calls the pipeline; None when the configuration does not say.
        parallelism: how many steps may run at a time; None leaves it to the service, or to the machine.
        model_packages: versions of registered models that are looked up when it is deployed or run.
        origins: what the configuration says of its steps; None for a definition that did not come from one.
    """

    name: str
    definition: Definition
    uploads: tuple[Upload, ...] = ()
    role: str = ""
    bucket: str = ""
    tags: tuple[Mapping[str, str], ...] = ()
    kms_key: str | None = None
    region: str | None = None
    description: str | None = None
    package_groups: tuple[PackageGroup, ...] = ()
    local: LocalSettings = field(default_factory=LocalSettings)
    rules: tuple[ParameterRule, ...] = ()
    display_name: str | None = None
    parallelism: int | None = None
    model_packages: tuple[PackageRequest, ...] = ()
    origins: tuple[StepOrigin, ...] | None = None

    def definition_text(self) -> str:
        """The definition as people read it: indented, in the order it was built, ending in a newline."""
        return json.dumps(self.definition, indent=2, ensure_ascii=False) + "\n"

    def definition_body(self) -> str:
        """The definition as it is sent: no needless white space."""
        return json.dumps(self.definition, separators=(",", ":"), ensure_ascii=False)
