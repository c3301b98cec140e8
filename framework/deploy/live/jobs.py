"""The instances that a step takes while it runs, by the quota that they count against: a step of a definition in, its jobs out.

A value that is a parameter is taken at its default. What is known only when the pipeline runs is left out; a count that is, is 1.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from framework.deploy.live.steps import Path, StepAt, every_step
from framework.pipeline.compiled import Definition

# What AWS calls the quotas: "ml.m5.xlarge for processing job usage".
PROCESSING, TRAINING, SPOT = "processing job usage", "training job usage", "spot training job usage"
WARM_POOL, TRANSFORM, ENDPOINT = "training warm pool usage", "transform job usage", "endpoint usage"

PROCESSING_STEPS = frozenset({"ClarifyCheck", "Processing", "QualityCheck"})
VARIANTS = ("ProductionVariants", "ShadowProductionVariants")


@dataclass(frozen=True, slots=True)
class Job:
    """Instances of one type that a step takes at once.

    Attributes:
        instance_type, usage: of what, and for what; together they name the quota.
        count: how many.
        path: of the instance type in the definition.
    """

    instance_type: str
    usage: str
    count: int
    path: Path

    @property
    def quota(self) -> str:
        """The name of the quota."""
        return f"{self.instance_type} for {self.usage}"


class Jobs:
    """The jobs of the steps of one definition."""

    def __init__(self, definition: Definition) -> None:
        self._defaults = {
            f"Parameters.{each.get('Name')}": each.get("DefaultValue") for each in _list(definition.get("Parameters"))
        }
        self._configs = [at for at in every_step(definition) if at.type == "EndpointConfig"]

    def of(self, at: StepAt) -> tuple[Job, ...]:
        """The jobs of a step."""
        arguments, path = at.arguments, (*at.path, "Arguments")
        if at.type in PROCESSING_STEPS:
            resources = _at(arguments, "ProcessingResources", "ClusterConfig")
            return tuple(self._job(resources, (*path, "ProcessingResources", "ClusterConfig"), PROCESSING))
        if at.type == "Transform":
            return tuple(self._job(_at(arguments, "TransformResources"), (*path, "TransformResources"), TRANSFORM))
        if at.type == "Training":
            return tuple(self._training(arguments, path))
        if at.type == "Tuning":
            return tuple(self._tuning(arguments, path))
        return tuple(self._endpoint(at)) if at.type == "Endpoint" else ()

    def _training(self, request: Mapping[str, Any], path: Path, jobs: int = 1) -> Iterator[Job]:
        resources, path = _at(request, "ResourceConfig"), (*path, "ResourceConfig")
        spot = self._known(request.get("EnableManagedSpotTraining")) is True
        kept = self._count(resources.get("KeepAlivePeriodInSeconds"), unknown=0) > 0
        for usage in (SPOT if spot else TRAINING, *([WARM_POOL] if kept else [])):
            yield from self._job(resources, path, usage, jobs)
            for index, group in enumerate(_list(resources.get("InstanceGroups"))):
                yield from self._job(group, (*path, "InstanceGroups", index), usage, jobs)

    def _tuning(self, arguments: Mapping[str, Any], path: Path) -> Iterator[Job]:
        """The jobs of a search at its widest; of several algorithms of one instance type, those of the largest."""
        at_once = self._count(_at(arguments, "HyperParameterTuningJobConfig", "ResourceLimits").get("MaxParallelTrainingJobs"))
        several = [((*path, "TrainingJobDefinitions", index), each) for index, each in
                   enumerate(_list(arguments.get("TrainingJobDefinitions")))]  # fmt: skip
        largest: dict[str, Job] = {}
        for here, request in [((*path, "TrainingJobDefinition"), _at(arguments, "TrainingJobDefinition")), *several]:
            usage = SPOT if self._known(request.get("EnableManagedSpotTraining")) is True else TRAINING
            flexible = "HyperParameterTuningResourceConfig"
            for job in (
                *self._training(request, here, at_once),
                *self._job(_at(request, flexible), (*here, flexible), usage, at_once),
            ):
                largest[job.quota] = max(largest.get(job.quota, job), job, key=lambda each: each.count)
        yield from largest.values()

    def _endpoint(self, at: StepAt) -> Iterator[Job]:
        """The instances of the configuration that an endpoint gets, where a step of the pipeline makes it."""
        wanted = at.arguments.get("EndpointConfigName")
        for config in self._configs:
            own = config.arguments.get("EndpointConfigName")
            if wanted == {"Get": f"Steps.{config.name}.EndpointConfigName"} or (wanted is not None and wanted == own):
                for member in VARIANTS:
                    for index, variant in enumerate(_list(config.arguments.get(member))):
                        path = (*config.path, "Arguments", member, index)
                        yield from self._job(variant, path, ENDPOINT, count="InitialInstanceCount")

    def _job(
        self, resources: Mapping[str, Any], path: Path, usage: str, jobs: int = 1, count: str = "InstanceCount"
    ) -> Iterator[Job]:
        instance_type = self._known(resources.get("InstanceType"))
        number = jobs * self._count(resources.get(count))
        if isinstance(instance_type, str) and number > 0:
            yield Job(instance_type, usage, number, (*path, "InstanceType"))

    def _count(self, value: Any, unknown: int = 1) -> int:
        known = self._known(value)
        return known if isinstance(known, int) and not isinstance(known, bool) else unknown

    def _known(self, value: Any) -> Any:
        """The value, or the default of the parameter that it is; None for what is known only when the pipeline runs."""
        if isinstance(value, Mapping):
            return self._defaults.get(str(value.get("Get")))
        return value


def _at(value: Any, *keys: str) -> Mapping[str, Any]:
    """The mapping at these keys; empty where there is none."""
    for key in keys:
        value = value.get(key) if isinstance(value, Mapping) else None
    return value if isinstance(value, Mapping) else {}


def _list(value: Any) -> list[Mapping[str, Any]]:
    return [each if isinstance(each, Mapping) else {} for each in value] if isinstance(value, list) else []
