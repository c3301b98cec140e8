"""A whole plan: a compiled pipeline in, the plan with what only AWS knows out: what is deployed, and what lies in S3 already."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from framework.deploy.applying import has_group
from framework.deploy.backend import SageMakerBackend
from framework.deploy.plan import ADD, Change, Plan, diff
from framework.deploy.uploads import Progress, find_missing, put_all, quiet
from framework.pipeline.compiled import CompiledPipeline

GROUP = "model package group"


def make(backend: SageMakerBackend, pipeline: CompiledPipeline, more: Iterable[Change] = ()) -> Plan:
    """The plan for a pipeline.

    Args:
        backend: asks AWS.
        pipeline: its registered models have been looked up.
        more: changes of things that go with the pipeline, such as its triggers.

    Raises:
        BackendError: AWS, or the way to it, refuses.
    """
    plan = diff(pipeline, backend.fetch(pipeline.name))
    groups = [group for group in pipeline.package_groups if not has_group(backend.clients, group)]
    plan = plan.with_changes([*(Change(ADD, GROUP, group.name) for group in groups), *more])
    defaults = {each["Name"]: str(each.get("DefaultValue", "")) for each in pipeline.definition.get("Parameters") or ()}
    packages = tuple((request.parameter, defaults.get(request.parameter, "")) for request in pipeline.model_packages)
    wanted = pipeline.uploads
    return replace(plan, missing=find_missing(backend.clients.s3, wanted, pipeline.kms_key) if wanted else (), packages=packages)


def send(backend: SageMakerBackend, plan: Plan, progress: Progress = quiet) -> tuple[int, int]:
    """Sends the uploads that the plan found missing; how many those were, and how many were there already.

    Raises:
        BackendError: S3 refused.
    """
    if plan.missing is None:
        return backend.upload(plan.pipeline, progress)
    if plan.missing:
        put_all(backend.clients.s3, plan.missing, plan.pipeline.kms_key, progress)
    return len(plan.missing), len({upload.uri for upload in plan.pipeline.uploads}) - len(plan.missing)
