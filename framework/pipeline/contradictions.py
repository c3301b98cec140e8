"""Keys of a step that cannot stand together, or say what nothing can be: a step in, findings out."""

from __future__ import annotations

import re
from collections.abc import Callable

from framework.config.values import Map, Seq
from framework.findings import Finding
from framework.steps.base import StepSpec

Report = Callable[[Finding], None]

_DURATION = re.compile(
    r"P?(?=[0-9T])(?:[0-9]+Y)?(?:[0-9]+M)?(?:[0-9]+W)?(?:[0-9]+D)?(?:T(?=[0-9])(?:[0-9]+H)?(?:[0-9]+M)?(?:[0-9]+S)?)?",
    re.IGNORECASE,
)


def report_contradictions(spec: StepSpec, report: Report) -> None:
    """Report what the step's own keys, and those of its section, have against each other."""
    _retries(spec, report)
    _expiry(spec, report)
    if not spec.section.broken:  # else what is wrong with it has been said
        _property_files(spec, report)
        _spot(spec, report)
        _two_models(spec, report)


def _retries(spec: StepSpec, report: Report) -> None:
    given = spec.config.values.get("retry_policies")
    policies = given if isinstance(given, Seq) else Seq()
    for index, policy in enumerate(policies):
        limits = [key for key in ("max_attempts", "expire_after_minutes") if isinstance(policy, Map) and key in policy]
        if isinstance(policy, Map) and len(limits) != 1:
            said = "both max_attempts and expire_after_minutes" if limits else "neither max_attempts nor expire_after_minutes"
            message = f"retry policy {index + 1} of {spec.name} has {said}"
            report(Finding("SMP104", policies.place_of(index), message, "give it exactly one of the two"))


def _expiry(spec: StepSpec, report: Report) -> None:
    given = spec.config.values.get("cache_expire_after")
    if isinstance(given, str) and not _DURATION.fullmatch(given):
        message = f"cache_expire_after of {spec.name} is {given}, which is no duration"
        report(Finding("SMP104", spec.config.values.place_of("cache_expire_after"), message, "P30D, or PT12H"))


def _property_files(spec: StepSpec, report: Report) -> None:
    names: set[str] = set()
    for index, file in enumerate(spec.values.get("property_files") or ()):
        name = str(file.get("name")) if isinstance(file, Map) else ""
        if name in names:
            message = f'{spec.name} has two property files called "{name}"'
            report(Finding("SMP302", spec.place_of("property_files", index, "name"), message, "give each a name of its own"))
        names.update([name] if name else ())


def _two_models(spec: StepSpec, report: Report) -> None:
    if "model_name" in spec.values and "model_package" in spec.values:
        message = f"{spec.name} names a model and a model package, and can use one of the two"
        report(Finding("SMP104", spec.place_of("model_package"), message, "keep model_name or model_package"))


def _spot(spec: StepSpec, report: Report) -> None:
    values = spec.as_training.values
    wait, runtime = values.get("max_wait_seconds"), values.get("max_runtime_seconds")
    if wait is None:
        return
    place = spec.as_training.place_of("max_wait_seconds")
    if values.get("use_spot_instances") in (None, False):
        message = f"max_wait_seconds of {spec.name} is for spot instances, and it uses none"
        report(Finding("SMP104", place, message, "set use_spot_instances: true, or remove it"))
    elif isinstance(wait, int) and isinstance(runtime, int) and wait < runtime:
        message = f"max_wait_seconds of {spec.name} is {wait}, less than the {runtime} seconds that it may run"
        report(Finding("SMP104", place, message, f"at least {runtime}, or a smaller max_runtime_seconds"))
