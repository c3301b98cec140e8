"""What compiling yields: the pipeline definition SageMaker gets, and what must lie in S3 for it.

These are the only shapes that `deploy` and `local` know; they never see a configuration.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

Definition = Mapping[str, Any]

THIS_PIPELINE = "(this pipeline)"
"""Stands for the pipeline's ARN, which is known when it is deployed, in what triggers and notifications send."""


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
class Schedule:
    """A trigger that the clock sets off: a schedule of EventBridge Scheduler.

    Attributes:
        name: what the configuration calls it; the schedule's name.
        group: the schedule group of the pipeline, which carries its mark.
        request: the members of CreateSchedule, but for Name and GroupName.
    """

    name: str
    group: str
    request: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class EventRule:
    """A trigger that an event sets off, or a notification: a rule of EventBridge and its one target.

    Attributes:
        name: what the configuration calls it.
        rule: the rule's name.
        bus: name or ARN of the event bus.
        request: the members of PutRule, but for Name, EventBusName and Tags; EventPattern as what its JSON says.
        target: the members of a target of PutTargets, but for its Id.
        bucket: the bucket that has to tell EventBridge of its objects; "" for none.
        configure_bucket: whether that is switched on where it is not.
    """

    name: str
    rule: str
    bus: str
    request: Mapping[str, Any]
    target: Mapping[str, Any]
    bucket: str = ""
    configure_bucket: bool = False


def trigger_group(pipeline: str) -> str:
    """The schedule group of a pipeline, and what the names of its rules begin with; at most 40 characters."""
    return shortened(f"smp-{pipeline}", 40)


def rule_name(pipeline: str, name: str) -> str:
    """The name of a rule of a pipeline. The dot, which no pipeline's name has, tells it from those of all other pipelines."""
    return shortened(f"{trigger_group(pipeline)}.{name}", 64)


def shortened(name: str, limit: int) -> str:
    """A name of at most `limit` characters: where it is longer, its beginning and a digest of the whole."""
    digest = hashlib.sha256(name.encode()).hexdigest()[:8]
    return name if len(name) <= limit else f"{name[: limit - 9]}-{digest}"


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
        triggers: what starts it by itself.
        notifications: who is told of its executions and steps.
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
    triggers: tuple[Schedule | EventRule, ...] = ()
    notifications: tuple[EventRule, ...] = ()
    origins: tuple[StepOrigin, ...] | None = None

    def definition_text(self) -> str:
        """The definition as people read it: indented, in the order it was built, ending in a newline."""
        return json.dumps(self.definition, indent=2, ensure_ascii=False) + "\n"

    def definition_body(self) -> str:
        """The definition as it is sent: no needless white space."""
        return json.dumps(self.definition, separators=(",", ":"), ensure_ascii=False)
