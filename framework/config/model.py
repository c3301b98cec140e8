"""The merged and checked configuration, as the rest of the framework reads it. Nothing here changes after loading."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from framework.config.ignores import Ignore
from framework.config.values import Map
from framework.findings import NOWHERE, Finding, Place

PROCESSING, TRAINING, CREATE_MODEL = "Processing", "Training", "CreateModel"
TRANSFORM, METRICS, REGISTER_MODEL = "Transform", "Metrics", "RegisterModel"
CONDITION, FAIL, FOR_EACH, LAMBDA, CALLBACK, RAW = "Condition", "Fail", "ForEach", "Lambda", "Callback", "Raw"
ENDPOINT_CONFIG, ENDPOINT, INFERENCE_COMPONENT = "EndpointConfig", "Endpoint", "InferenceComponent"
LINEAGE, CLEANUP, EMR, EMR_SERVERLESS, CUSTOM = "Lineage", "Cleanup", "EMR", "EMRServerless", "Custom"
TUNING, AUTO_ML, NOTEBOOK_JOB = "Tuning", "AutoML", "NotebookJob"
QUALITY_CHECK, CLARIFY_CHECK, MONITOR = "QualityCheck", "ClarifyCheck", "MonitorBatchTransform"


@dataclass(frozen=True, slots=True)
class StepClass:
    """What the configuration calls a kind of step.

    Attributes:
        kind: the schema of the sections that parametrise such steps.
        section: the section that does when the step has no `step_type`; "" where all keys stand on the step.
        branches: keys of the section that hold steps, and the members of the definition's Arguments that they become.
    """

    kind: str
    section: str = ""
    branches: Mapping[str, str] = field(default_factory=dict)


STEP_CLASSES: Mapping[str, StepClass] = {
    PROCESSING: StepClass("processing", "preprocess"),
    TRAINING: StepClass("train", "train"),
    CREATE_MODEL: StepClass("create_model", "registry"),
    TRANSFORM: StepClass("transform", "transform"),
    METRICS: StepClass("evaluate", "evaluate"),
    REGISTER_MODEL: StepClass("registry", "registry"),
    CONDITION: StepClass("condition", branches={"if_steps": "IfSteps", "else_steps": "ElseSteps"}),
    FOR_EACH: StepClass("for_each", branches={"steps": "ForEachBody"}),
    FAIL: StepClass("fail"),
    LAMBDA: StepClass("lambda"),
    CALLBACK: StepClass("callback"),
    RAW: StepClass("raw"),
    ENDPOINT_CONFIG: StepClass("endpoint_config"),
    ENDPOINT: StepClass("endpoint"),
    INFERENCE_COMPONENT: StepClass("inference_component"),
    LINEAGE: StepClass("lineage"),
    CLEANUP: StepClass("cleanup"),
    EMR: StepClass("emr"),
    EMR_SERVERLESS: StepClass("emr_serverless"),
    CUSTOM: StepClass("custom"),
    TUNING: StepClass("tune", "tune"),
    QUALITY_CHECK: StepClass("quality_check"),
    CLARIFY_CHECK: StepClass("clarify_check"),
    MONITOR: StepClass("monitor", "transform"),
    AUTO_ML: StepClass("auto_ml"),
    NOTEBOOK_JOB: StepClass("notebook_job"),
}

UNIT_CLASSES = (PROCESSING, TRAINING, CREATE_MODEL, TRANSFORM, METRICS, REGISTER_MODEL)
"""The classes of the original dialect, which a default unit is made of."""


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
    """One step as the configuration describes it. `values` keeps the places of its keys.

    Attributes:
        section: name of the section that parametrises it; "" where it has none.
        chain: the steps it chains from; prefix: what is appended to the URI of a transform's chain input.
        model: name of the model it belongs to; "" for none.
        given: what parametrises it where keys stand on the step itself: the section with those keys over it.
        branches: for a Condition or ForEach step, the names of the steps in each of its branches, by member of the Arguments.
    """

    name: str
    step_class: str
    section: str
    enable_cache: bool
    chain: tuple[str, ...]
    prefix: str
    values: Map
    model: str
    place: Place
    given: Section | None = None
    branches: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ParameterConfig:
    """A parameter of the pipeline. `kind`: String, Integer, Float or Boolean; `default` and the limits are None when not given."""

    name: str
    kind: str
    place: Place
    default: str | int | float | bool | None = None
    enum: tuple[str | int | float | bool, ...] = ()
    minimum: float | None = None
    maximum: float | None = None
    description: str = ""


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
    """The `sagemakerPipeline` of the anchor model, or the default one.

    Attributes:
        steps: those that stand outside the units.
        left_out: names of steps outside the units that are too broken to be looked at; "" for one whose name is not known.
        parallelism: how many steps may run at a time; None leaves it to the service.
        experiment: name and trial of the experiment, each None for what the service would take; None for no experiment.
        mlflow: members of MlflowConfig; None for none.
        custom_job_prefixes: whether base_job_name becomes the prefix of jobs' names.
    """

    name: str
    units: tuple[UnitConfig, ...]
    dependencies: tuple[tuple[str, Place], ...]
    place: Place
    description: str | None = None
    tags: tuple[Mapping[str, str], ...] = ()
    steps: tuple[StepConfig, ...] = ()
    left_out: tuple[str, ...] = ()
    parameters: tuple[ParameterConfig, ...] = ()
    display_name: str | None = None
    parallelism: int | None = None
    experiment: tuple[Any, Any] | None = (None, None)
    mlflow: Mapping[str, Any] | None = None
    custom_job_prefixes: bool = True

    def names(self, name: str) -> bool:
        """Whether a step may be called so, even if it cannot be built: why it cannot has been said, and is not said again."""
        declared = {step.name for unit in self.units for step in unit.steps or ()}
        declared.update(step.name for step in self.steps)
        declared.update(name for unit in self.units for name in unit.left_out)
        return name in declared or name in self.left_out or "" in declared or "" in self.left_out


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


MAX_BUNDLE_MB = 100.0


@dataclass(frozen=True, slots=True)
class Clause:
    """One line of the policy: what is asked for (`key`, `value`), whether a violation is an error, and where it was written."""

    key: str
    value: Any
    denies: bool
    place: Place


@dataclass(frozen=True, slots=True)
class Checks:
    """What the configuration says of the checks.

    Attributes:
        severity: for rules, by id, what their findings are: error, warning or off.
        severity_places: where that was written.
        max_bundle_mb: the size of a bundle that is worth a warning, in millions of bytes.
        policy: the clauses of the policy file, in its order.
    """

    severity: Mapping[str, str] = field(default_factory=dict)
    severity_places: Mapping[str, Place] = field(default_factory=dict)
    max_bundle_mb: float = MAX_BUNDLE_MB
    policy: tuple[Clause, ...] = ()


@dataclass(frozen=True, slots=True)
class ImageRequest:
    """An image that a section names.

    Attributes:
        region: where it is to run.
        words: what the section says of it, as pairs in the order of their names: framework, version, py_version, scope, …
        instance_type: what it is to run on; "" where that is not known.
    """

    region: str
    words: tuple[tuple[str, str], ...]
    instance_type: str
    place: Place

    @property
    def key(self) -> str:
        """The request as text: what tells it from others. Of the instance type only what makes images differ."""
        words = dict(self.words)
        name = ":".join(words.pop(word) for word in ("framework", "version") if word in words)
        family = self.instance_type.removeprefix("ml.")
        device = next((kind for kind in ("inf", "trn", "p", "g") if family.startswith(kind)), "cpu")
        return " ".join([name, *(f"{word}={value}" for word, value in words.items()), device, self.region])


@dataclass(frozen=True, slots=True)
class Config:
    """Everything the configuration says.

    Attributes:
        root: folder that relative paths start from.
        files: every configuration file that was read, absolute; they stay out of source bundles.
        findings: all that is wrong with the configuration so far, errors and warnings.
        local: what is said of local runs.
        images: every image that a section names instead of giving its URI.
        checks: what is said of the checks.
        ignores: the comments that take findings back, by the name of their file.
        tree: all that was read, as one; for the places of what the members above say.
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
    images: tuple[ImageRequest, ...] = ()
    checks: Checks = Checks()
    ignores: Mapping[str, tuple[Ignore, ...]] = field(default_factory=dict)
    tree: Map = field(default_factory=Map, repr=False, compare=False)
