"""Where the requests of the step types say who may look: KMS keys, networks, isolation. A step in, the places out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from framework.checks.subject import PlacedStep, Subject
from framework.steps.jobs import LOCAL_STORAGE

Keys = tuple[str, ...]
Path = tuple[str | int, ...]
Place = tuple[Mapping[str, Any], Path]


@dataclass(frozen=True, slots=True)
class Encryption:
    """A mapping in a step's Arguments that names a KMS key, the member that does, and what the key encrypts."""

    keys: Keys
    member: str = "KmsKeyId"
    what: str = "what it puts out"

    @property
    def of_volumes(self) -> bool:
        """Whether it is that of volumes, which some instances do not have."""
        return self.what == _VOLUME


_VOLUME = "its volume"
_OF_PROCESSING = (
    Encryption(("ProcessingOutputConfig?",)),
    Encryption(("ProcessingResources", "ClusterConfig"), "VolumeKmsKeyId", _VOLUME),
)
_JOBS = "TrainingJobDefinition*"

KMS: Mapping[str, tuple[Encryption, ...]] = {
    "Processing": _OF_PROCESSING,
    "QualityCheck": _OF_PROCESSING,
    "ClarifyCheck": _OF_PROCESSING,
    "Training": (Encryption(("OutputDataConfig",)), Encryption(("ResourceConfig",), "VolumeKmsKeyId", _VOLUME)),
    "Tuning": (
        Encryption((_JOBS, "OutputDataConfig")),
        Encryption((_JOBS, "ResourceConfig|HyperParameterTuningResourceConfig"), "VolumeKmsKeyId", _VOLUME),
    ),
    "Transform": (Encryption(("TransformOutput",)), Encryption(("TransformResources",), "VolumeKmsKeyId", _VOLUME)),
    "AutoML": (
        Encryption(("OutputDataConfig",)),
        Encryption(("AutoMLJobConfig", "SecurityConfig"), "VolumeKmsKeyId", _VOLUME),
    ),
    "EndpointConfig": (
        Encryption((), "KmsKeyId", _VOLUME),
        Encryption(("DataCaptureConfig?",), what="the data it captures"),
        Encryption(("AsyncInferenceConfig?", "OutputConfig")),
    ),
}
"""For each step type, where its Arguments name KMS keys."""

VPC: Mapping[str, tuple[Keys, str]] = {
    "Processing": (("NetworkConfig",), "VpcConfig"),
    "QualityCheck": (("NetworkConfig",), "VpcConfig"),
    "ClarifyCheck": (("NetworkConfig",), "VpcConfig"),
    "Training": ((), "VpcConfig"),
    "Tuning": ((_JOBS,), "VpcConfig"),
    "Model": ((), "VpcConfig"),
    "AutoML": (("AutoMLJobConfig", "SecurityConfig"), "VpcConfig"),
}
"""Likewise the mapping and the member that put containers into a VPC."""

ISOLATION: Mapping[str, tuple[Keys, str]] = {
    kind: (keys, "EnableNetworkIsolation") for kind, (keys, _) in VPC.items() if kind != "AutoML"
}
"""Likewise the mapping and the member that cut containers off from every network."""


def owners(step: PlacedStep, keys: Keys) -> Iterator[Place]:
    """The mappings that stand in a step's Arguments under some keys; a missing one is empty, at the place of what lacks it.

    A key that ends in `*` stands for itself, and for the list of the same name in the plural where there is one; one that ends in
    `?` need not be there; of several with `|` between them, the first that is there counts.
    """
    todo: list[tuple[Any, Path, Keys]] = [(step.arguments, ("Arguments",), keys)]
    while todo:
        value, path, rest = todo.pop(0)
        if not isinstance(value, Mapping):
            continue
        if not rest:
            yield value, path
            continue
        names = rest[0].rstrip("*?").split("|")
        key = next((name for name in names if name in value), names[0])
        several = value.get(f"{key}s") if rest[0].endswith("*") else None
        if isinstance(several, list):
            todo += [(item, (*path, f"{key}s", index), rest[1:]) for index, item in enumerate(several)]
        if key in value:
            todo.append((value[key], (*path, key), rest[1:]))
        elif not isinstance(several, list) and not rest[0].endswith("?"):
            yield {}, path


def encrypted(subject: Subject, step: PlacedStep) -> Iterator[tuple[Encryption, Any, Path]]:
    """What of a step could be encrypted with a KMS key: with which it is (None for none), and where that is or should be said.

    Volumes that take no key are left out: those of instances with storage of their own, and what serverless variants have.
    """
    for encryption in KMS.get(step.type, ()):
        for owner, path in owners(step, encryption.keys):
            key = owner.get(encryption.member) or None
            if key is not None or not (encryption.of_volumes and _takes_no_key(subject, owner)):
                yield encryption, key, path


def _takes_no_key(subject: Subject, owner: Mapping[str, Any]) -> bool:
    """Whether a key for the volumes of what is described here would be refused: one kind of instances is enough."""
    instances = [owner]
    for member in ("InstanceGroups", "InstanceConfigs", "ProductionVariants", "ShadowProductionVariants"):
        listed = owner.get(member)
        instances += [each for each in listed if isinstance(each, Mapping)] if isinstance(listed, list) else []
    if "ProductionVariants" in owner and all("ServerlessConfig" in each for each in instances[1:]):
        return True
    return any(LOCAL_STORAGE.match(_typical(subject, each.get("InstanceType"))) for each in instances)


def _typical(subject: Subject, value: Any) -> str:
    """A text, or the default of the parameter that stands for it."""
    target = value.get("Get") if isinstance(value, Mapping) else None
    name = target.removeprefix("Parameters.") if isinstance(target, str) else ""
    return str(subject.parameters[name][1].get("DefaultValue") if name in subject.parameters else value)
