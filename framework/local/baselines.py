"""What the check steps (QualityCheck, ClarifyCheck) share: their settings, which baseline counts when, what they tell in the end.

The rules are those of the developer guide's page "Baseline calculation, drift detection and lifecycle with ClarifyCheck and
QualityCheck steps in Amazon SageMaker Pipelines"; that a check, or carrying a baseline over, needs a previous one is said by the
API pages of QualityCheckStepMetadata and ClarifyCheckStepMetadata.
"""

from __future__ import annotations

import shutil
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from framework.local.files import read_json
from framework.local.job import ML, Job, StepError, StepRun
from framework.local.registry import Registry
from framework.local.store import join_uri

STATISTICS, CONSTRAINTS = "Statistics", "Constraints"
REPORT = "constraint_violations.json"
ROOT = Path(__file__).resolve().parents[2]
"""The folder that `framework` lies in, for programs of several modules."""

REGISTERED: Mapping[str, Mapping[str, tuple[str, str]]] = {
    "DATA_QUALITY": {STATISTICS: ("ModelDataQuality", "Statistics"), CONSTRAINTS: ("ModelDataQuality", "Constraints")},
    "MODEL_QUALITY": {STATISTICS: ("ModelQuality", "Statistics"), CONSTRAINTS: ("ModelQuality", "Constraints")},
    "DATA_BIAS": {CONSTRAINTS: ("Bias", "PreTrainingConstraints")},
    "MODEL_BIAS": {CONSTRAINTS: ("Bias", "PostTrainingConstraints")},
    "MODEL_EXPLAINABILITY": {CONSTRAINTS: ("Explainability", "Constraints")},
}
"""Where a model package's DriftCheckBaselines keep the files of each check type."""

KEYS = (
    "CheckType",
    "SkipCheck",
    "FailOnViolation",
    "RegisterNewBaseline",
    "ModelPackageGroupName",
    "ModelName",
    "SuppliedBaselineStatistics",
    "SuppliedBaselineConstraints",
)
METADATA = (
    "CheckType",
    "BaselineUsedForDriftCheckStatistics",
    "BaselineUsedForDriftCheckConstraints",
    "CalculatedBaselineStatistics",
    "CalculatedBaselineConstraints",
    "ModelPackageGroupName",
    "ViolationReport",
    "CheckJobArn",
    "SkipCheck",
    "RegisterNewBaseline",
)
"""The members of a description that the Metadata of a step's state has too."""


@dataclass(frozen=True)
class Settings:
    """The keys of a check step beside its Arguments.

    Attributes:
        check_type: what is checked, as in "DATA_QUALITY".
        skip: the drift is not checked.
        register: the new baseline is the one that later steps register for drift checks.
        fail: violations fail the step.
        group: the model package group; empty when none is named.
        model: the model; empty when none is named.
        supplied: the URIs of a supplied baseline's files, by kind.
    """

    check_type: str
    skip: bool
    register: bool
    fail: bool
    group: str
    model: str
    supplied: Mapping[str, str]


def read_settings(step: StepRun, check_types: Collection[str]) -> Settings:
    """The settings of a step.

    Raises:
        StepError: they are not what they can be.
    """
    keys = {key: step.step.get(key) for key in KEYS}
    if keys["CheckType"] not in check_types:
        raise StepError(f"ClientError: the CheckType {keys['CheckType']} is none of {', '.join(check_types)}")
    supplied = {kind: str(uri) for kind in (STATISTICS, CONSTRAINTS) if (uri := keys[f"SuppliedBaseline{kind}"])}
    return Settings(
        check_type=str(keys["CheckType"]),
        skip=_flag(keys, "SkipCheck", False),
        register=_flag(keys, "RegisterNewBaseline", False),
        fail=_flag(keys, "FailOnViolation", True),
        group=str(keys["ModelPackageGroupName"] or "").rpartition("/")[2],
        model=str(keys["ModelName"] or ""),
        supplied=supplied,
    )


def _flag(keys: Mapping[str, Any], name: str, default: bool) -> bool:
    value = default if keys[name] is None else keys[name]
    flag = {"true": True, "false": False}.get(str(value).lower())
    if flag is None:
        raise StepError(f"ClientError: {name} is {value!r}; it must be true or false")
    return flag


def previous_baseline(step: StepRun, settings: Settings) -> dict[str, str]:
    """The URIs of the baseline that was there before, by kind: each file is the supplied one, else the latest approved model's.

    Raises:
        StepError: there is none, and the settings need one.
        BackendError: a file of it is not there.
    """
    places = REGISTERED[settings.check_type]
    missing = [kind for kind in places if kind not in settings.supplied]
    registered = _registered(step.site.registry, settings) if missing and settings.group else {}
    found = {kind: uri for kind in places if (uri := settings.supplied.get(kind) or registered.get(kind))}
    if settings.skip and settings.register:
        return found
    if CONSTRAINTS not in found:
        raise StepError(_why_none(settings))
    for uri in found.values():
        step.site.store.object(uri)
    return found


def _why_none(settings: Settings) -> str:
    use = "carry over as RegisterNewBaseline false asks" if settings.skip else "check against as SkipCheck false asks"
    member = ".".join(REGISTERED[settings.check_type][CONSTRAINTS])
    group = f"the latest approved model of the group {settings.group}" if settings.group else "no ModelPackageGroupName"
    return (
        f"ClientError: there is no previous baseline to {use}: SuppliedBaselineConstraints is not given, and {group} gives no "
        f"DriftCheckBaselines.{member}; for a first run set SkipCheck and RegisterNewBaseline to true"
    )


def _registered(registry: Registry, settings: Settings) -> dict[str, str]:
    """The files of the check type that the latest approved version of the group has; none when no version is approved."""
    package = latest_approved(registry, settings.group)
    baselines = package.get("DriftCheckBaselines") or {}
    found = {}
    for kind, (section, member) in REGISTERED[settings.check_type].items():
        if uri := ((baselines.get(section) or {}).get(member) or {}).get("S3Uri"):
            found[kind] = str(uri)
    return found


def latest_approved(registry: Registry, group: str) -> dict[str, Any]:
    """The version of a group with the highest number of those that are approved; empty when there is none.

    Raises:
        BackendError: this cannot be a group's name, or the disk refuses.
    """
    for version in reversed(registry.versions(group)):
        package = registry.package(group, version)
        if package.get("ModelApprovalStatus") == "Approved":
            return package
    return {}


def place(job: Job, step: StepRun, baseline: Mapping[str, str]) -> dict[str, str]:
    """Copies a baseline's files to where the job sees them; their paths, by kind."""
    paths = {}
    for kind, uri in baseline.items():
        paths[kind] = f"{ML}/config/baseline/{kind.lower()}.json"
        target = job.path(paths[kind])
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(step.site.store.object(uri), target)
    return paths


def conclude(
    job: Job, settings: Settings, baseline: Mapping[str, str], output: Mapping[str, str], files: Mapping[str, str]
) -> dict[str, Any]:
    """Puts the job's output to S3; what the step tells then.

    Args:
        job, settings: of the step.
        baseline: what `previous_baseline` found.
        output: the LocalPath of the job's output, and its S3Uri.
        files: by kind, the name of the file that is the new baseline.

    Raises:
        StepError: there are violations, and they fail the step.
    """
    folder = job.path(output["LocalPath"])
    job.run.site.store.upload(folder, output["S3Uri"], job.ml)
    calculated = {kind: join_uri(output["S3Uri"], name) for kind, name in files.items()}
    used = calculated if settings.register else baseline
    report = {} if settings.skip else _report(settings, baseline, folder / REPORT, join_uri(output["S3Uri"], REPORT))
    return {
        "CheckType": settings.check_type,
        "CheckJobArn": job.run.job_arn,
        **{f"CalculatedBaseline{kind}": uri for kind, uri in calculated.items()},
        **{f"BaselineUsedForDriftCheck{kind}": uri for kind, uri in used.items()},
        **({"ModelPackageGroupName": settings.group} if settings.group else {}),
        "SkipCheck": settings.skip,
        "RegisterNewBaseline": settings.register,
        **report,
    }


def _report(settings: Settings, baseline: Mapping[str, str], path: Path, uri: str) -> dict[str, str]:
    violations = read_json(path).get("violations") or [] if path.is_file() else []  # Model Monitor writes no file without any
    if violations and settings.fail:
        first = "; ".join(_named(violation) for violation in violations[:3]) + ("; …" if len(violations) > 3 else "")
        raise StepError(
            f"ClientError: the check {settings.check_type} found {len(violations)} violations of the baseline "
            f"{baseline[CONSTRAINTS]}: {first}; the report is {uri}"
        )
    return {"ViolationReport": uri} if violations else {}


def _named(violation: Mapping[str, Any]) -> str:
    """A violation in a few words: what it is about, which check, why."""
    about = [violation[key] for key in ("feature_name", "facet", "facet_value", "label", "metric_name") if key in violation]
    return f"{' '.join(map(str, about))} ({violation['constraint_check_type']}): {violation['description']}"
