"""What jobs of all kinds have in common: tags, network, encryption, environment."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from framework.config.expressions import Parameter
from framework.config.model import Config
from framework.steps.base import Arguments, StepSpec, Surroundings, as_text

LOCAL_STORAGE = re.compile(r"ml\.(?:[a-z]+\d+[a-z]*d[a-z]*|g5|g[67]e?|g6f|gr6f?|i\d\w*|p4de?|p5e?n?|p6[\w-]*|trn[12]n?)\.")
"""Instance types with storage of their own. It is encrypted by the hardware, and a job on them that asks for a KMS key on its
volume is refused (API reference of CreateTrainingJob, ResourceConfig, VolumeKmsKeyId)."""


def without_nothing(arguments: Mapping[str, Any]) -> Arguments:
    """The arguments without those that are None or empty."""
    return {key: value for key, value in arguments.items() if value is not None and value != {} and value != []}


def tags(spec: StepSpec, around: Surroundings) -> list[dict[str, str]]:
    """The pipeline's tags with the section's over them, by key."""
    pipeline = around.config.pipeline
    inherited: Iterable[Mapping[str, str]] = pipeline.tags if pipeline else ()
    merged = {tag["Key"]: tag["Value"] for tag in (*inherited, *spec.values.get("tags", ()))}
    return [{"Key": key, "Value": as_text(value)} for key, value in merged.items()]


def vpc(config: Config) -> Arguments | None:
    """VpcConfig, where the framework configuration asks for one."""
    network = config.network
    if not network.subnets or not network.security_groups:
        return None
    return {"SecurityGroupIds": list(network.security_groups), "Subnets": list(network.subnets)}


def volume_key(spec: StepSpec, config: Config) -> str | None:
    """The KMS key of the job's volume, unless the instance type encrypts its own storage."""
    return None if own_storage(spec.values["instance_type"], config) else config.network.kms_key


def own_storage(instance_type: Any, config: Config) -> bool:
    """Whether instances of a type have storage of their own, for which no key can be given."""
    return LOCAL_STORAGE.match(_typical(instance_type, config)) is not None


def _typical(value: Any, config: Config) -> str:
    """A value, or what a parameter that stands for it is by default."""
    declared = config.pipeline.parameters if config.pipeline and isinstance(value, Parameter) else ()
    return next((str(parameter.default) for parameter in declared if parameter.name == value.name), str(value))


def job_name(spec: StepSpec, around: Surroundings) -> Any:
    """The prefix of the job's name; None where the pipeline takes none."""
    pipeline = around.config.pipeline
    return spec.values.get("base_job_name") if pipeline is None or pipeline.custom_job_prefixes else None


def environment(spec: StepSpec) -> Arguments:
    """The environment variables of the section."""
    return {name: as_text(value) for name, value in spec.values.get("env", {}).items()}
