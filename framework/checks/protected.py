"""Where the requests of the step types say who may look: KMS keys, networks, isolation. A step in, the places out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from framework.checks.subject import PlacedStep
from framework.steps.jobs import LOCAL_STORAGE

Keys = tuple[str, ...]
Place = tuple[Mapping[str, Any], tuple[str | int, ...]]

_JOB = ("ProcessingResources", "ClusterConfig")
_OF_PROCESSING = ((("ProcessingOutputConfig",), "KmsKeyId"), (_JOB, "VolumeKmsKeyId"))
_OF_TRAINING = ((("OutputDataConfig",), "KmsKeyId"), (("ResourceConfig",), "VolumeKmsKeyId"))
_TUNED = tuple(("TrainingJobDefinition*", *keys) for keys, _ in _OF_TRAINING)

KMS: Mapping[str, tuple[tuple[Keys, str], ...]] = {
    "Processing": _OF_PROCESSING,
    "QualityCheck": _OF_PROCESSING,
    "ClarifyCheck": _OF_PROCESSING,
    "Training": _OF_TRAINING,
    "Tuning": tuple((keys, member) for keys, (_, member) in zip(_TUNED, _OF_TRAINING, strict=True)),
    "Transform": ((("TransformOutput",), "KmsKeyId"), (("TransformResources",), "VolumeKmsKeyId")),
    "AutoML": ((("OutputDataConfig",), "KmsKeyId"),),
    "EndpointConfig": (((), "KmsKeyId"),),
}
"""For each step type, the mappings in its Arguments that name a KMS key, and the member that does."""

VPC: Mapping[str, tuple[Keys, str]] = {
    "Processing": (("NetworkConfig",), "VpcConfig"),
    "QualityCheck": (("NetworkConfig",), "VpcConfig"),
    "ClarifyCheck": (("NetworkConfig",), "VpcConfig"),
    "Training": ((), "VpcConfig"),
    "Tuning": (("TrainingJobDefinition*",), "VpcConfig"),
    "Model": ((), "VpcConfig"),
    "AutoML": (("AutoMLJobConfig", "SecurityConfig"), "VpcConfig"),
}
"""Likewise the mapping and the member that put containers into a VPC."""

ISOLATION: Mapping[str, tuple[Keys, str]] = {
    **{kind: (keys, "EnableNetworkIsolation") for kind, (keys, _) in VPC.items() if kind != "AutoML"},
}
"""Likewise the mapping and the member that cut containers off from every network."""


def owners(step: PlacedStep, keys: Keys) -> Iterator[Place]:
    """The mappings that stand in a step's Arguments under some keys; a missing one is empty, at the place of what lacks it.

    A key that ends in `*` stands for itself, and for the list of the same name in the plural where there is one.
    """
    todo: list[tuple[Any, tuple[str | int, ...], Keys]] = [(step.arguments, ("Arguments",), keys)]
    while todo:
        value, path, rest = todo.pop(0)
        if not isinstance(value, Mapping):
            continue
        if not rest:
            yield value, path
            continue
        key = rest[0].removesuffix("*")
        several = value.get(f"{key}s") if rest[0].endswith("*") else None
        if isinstance(several, list):
            todo += [(item, (*path, f"{key}s", index), rest[1:]) for index, item in enumerate(several)]
        if key in value:
            todo.append((value[key], (*path, key), rest[1:]))
        elif not isinstance(several, list):
            yield {}, path


def has_own_storage(owner: Mapping[str, Any]) -> bool:
    """Whether the instances of a cluster have storage of their own, for which no key can be given."""
    return LOCAL_STORAGE.match(str(owner.get("InstanceType"))) is not None
