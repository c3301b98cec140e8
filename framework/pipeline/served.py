"""Steps that use a registered model: `model_package` on a batch transform or an endpoint configuration.

In: the steps of a pipeline as the configuration describes them. Out: the same steps, each that names a model package behind a Model
step of its own, which stands for that version; and the requests for the versions, which are looked up later (packages.py).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import replace

from framework.config.model import CREATE_MODEL, Section, StepConfig
from framework.config.values import Map
from framework.findings import Finding
from framework.pipeline.compiled import PackageRequest
from framework.steps.base import StepSpec, shortened
from framework.steps.create_model import package_parameter

SUFFIX = "-Model"


def models_of(steps: Iterable[tuple[StepConfig, Section | None]]) -> dict[str, str]:
    """For each step whose section names a model package, the name of the Model step that is made for it."""
    return {
        step.name: shortened(step.name, SUFFIX)
        for step, section in steps
        if step.step_class != CREATE_MODEL and section is not None and isinstance(section.values.get("model_package"), Map)
    }


def with_model(step: StepConfig, section: Section | None, models: Mapping[str, str]) -> Iterator[StepConfig]:
    """The step, behind the Model step that is made for it; both named in the branches that hold it."""
    branches = {
        member: tuple(each for name in names for each in ([models[name], name] if name in models else [name]))
        for member, names in step.branches.items()
    }
    if step.name in models and section is not None:
        yield _model_step(step, section, models[step.name])
    yield replace(step, branches=branches)


def _model_step(step: StepConfig, section: Section, name: str) -> StepConfig:
    values, keys = Map(section.values.place), Map(step.place)
    values.take("model_package", section.values)
    if "role" in step.values:
        keys.take("role", step.values)
    given = Section("model_package", values, section.broken)
    return StepConfig(name, CREATE_MODEL, "", False, (), "", keys, step.model, step.place, given)


def requests(specs: Iterable[StepSpec], declared: Collection[str], report: Callable[[Finding], None]) -> tuple[PackageRequest, ...]:
    """The versions that the Model steps among these stand for, each once, in the order of their parameters.

    Args:
        declared: the parameters of the configuration, which none of the requests' can be.
        report: takes findings.
    """
    found: dict[str, PackageRequest] = {}
    for spec in specs:
        package = spec.values.get("model_package")
        if spec.step_class == CREATE_MODEL and isinstance(package, Map) and not spec.section.broken:
            version = str(package["version"])
            number = int(version) if re.fullmatch(r"[1-9][0-9]*", version) else None
            name = package_parameter(package)
            request = PackageRequest(name, str(package["group"]), str(package["status"]), number)
            if name in declared or found.setdefault(name, request) != request:
                other = "a parameter of the pipeline" if name in declared else f"the {found[name]}"
                message = f"the parameter {name} would stand for the {request} and for {other}"
                report(Finding("SMP202", spec.place_of("model_package"), message, "rename one of the two"))
    return tuple(found[name] for name in sorted(found))
