"""The merged and checked configuration, as the rest of the framework reads it. Nothing here changes after loading."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from framework.config.values import Map
from framework.findings import NOWHERE, Finding, Place

PROCESSING, TRAINING, CREATE_MODEL = "Processing", "Training", "CreateModel"
TRANSFORM, METRICS, REGISTER_MODEL = "Transform", "Metrics", "RegisterModel"

DEFAULT_SECTIONS = {
    PROCESSING: "preprocess",
    TRAINING: "train",
    CREATE_MODEL: "registry",
    TRANSFORM: "transform",
    METRICS: "evaluate",
    REGISTER_MODEL: "registry",
}
"""For each step class, the section that parametrises it when the step has no `step_type`."""


@dataclass(frozen=True, slots=True)
class Section:
    """A section of a model, its defaults filled in. A broken one has errors and must not be built from."""

    name: str
    values: Map
    broken: bool = False


@dataclass(frozen=True, slots=True)
class Model:
    """What a configuration says of one model. `source_directory` is relative to the root, or absolute."""

    name: str
    sections: Mapping[str, Section]
    place: Place
    source_directory: str | None = None
    source_place: Place = NOWHERE


@dataclass(frozen=True, slots=True)
class StepConfig:
    """One element of a unit's `steps`. `values` keeps the places of its keys."""

    name: str
    step_class: str
    section: str
    enable_cache: bool
    chain: tuple[str, ...]
    prefix: str
    values: Map
    model: str
    place: Place


@dataclass(frozen=True, slots=True)
class UnitConfig:
    """The steps of one model's unit; None asks for the default unit.

    Attributes:
        left_out: names of steps too broken to be looked at, which has been said; "" for one whose name is not known.
    """

    model: str
    steps: tuple[StepConfig, ...] | None
    place: Place
    left_out: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PipelineConfig:
    """The `sagemakerPipeline` of the anchor model, or the default one."""

    name: str
    units: tuple[UnitConfig, ...]
    dependencies: tuple[tuple[str, Place], ...]
    place: Place
    description: str | None = None
    tags: tuple[Mapping[str, str], ...] = ()

    def names(self, name: str) -> bool:
        """Whether a step may be called so, even if it cannot be built: why it cannot has been said, and is not said again."""
        declared = {step.name for unit in self.units for step in unit.steps or ()}
        declared.update(name for unit in self.units for name in unit.left_out)
        return name in declared or "" in declared


@dataclass(frozen=True, slots=True)
class Network:
    """Who the jobs run as and where: the framework configuration's `sagemakerNetworkSecurity`."""

    role: str
    subnets: tuple[str, ...] = ()
    security_groups: tuple[str, ...] = ()
    kms_key: str | None = None


@dataclass(frozen=True, slots=True)
class Local:
    """What the configuration says of local runs: `conf.local`. Paths are absolute.

    Attributes:
        data: pairs of an s3:// prefix and the folder that stands for it.
        images: pairs of a glob over image URIs and what stands for the images it matches, in the order they are written.
        lambdas: pairs of a glob over function ARNs and the handler that stands for it, "file.py:function".
        environment: names of the caller's variables that steps may see.
    """

    data: tuple[tuple[str, str], ...] = ()
    images: tuple[tuple[str, Mapping[str, Any]], ...] = ()
    lambdas: tuple[tuple[str, str], ...] = ()
    environment: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Config:
    """Everything the configuration says.

    Attributes:
        root: folder that relative paths start from.
        files: every configuration file that was read, absolute; they stay out of source bundles.
        findings: all that is wrong with the configuration so far, errors and warnings.
        local: what is said of local runs.
    """

    root: Path
    files: tuple[Path, ...]
    bucket: str
    region: str | None
    network: Network
    models: Mapping[str, Model]
    pipeline: PipelineConfig | None
    findings: tuple[Finding, ...] = ()
    local: Local = Local()
