"""A whole plan: a compiled pipeline in, the plan with what only AWS knows out: what is deployed, and what lies in S3 already."""

from __future__ import annotations

from dataclasses import dataclass, replace

from framework.deploy.applying import has_group
from framework.deploy.backend import SageMakerBackend
from framework.deploy.beside import Beside
from framework.deploy.fields import canonical
from framework.deploy.plan import ADD, Change, Plan, diff
from framework.deploy.triggers import FoundTriggers, besides, trigger_changes
from framework.deploy.uploads import Progress, look_for, put_all, quiet
from framework.pipeline.compiled import CompiledPipeline, PackageGroup

GROUP = "model package group"


@dataclass(frozen=True, slots=True)
class Prepared:
    """A plan, and the triggers and notifications that were found when it was made."""

    plan: Plan
    found: FoundTriggers


def prepare(backend: SageMakerBackend, pipeline: CompiledPipeline) -> Prepared:
    """The plan for a pipeline, and for all that goes with it.

    Args:
        backend: asks AWS.
        pipeline: its registered models have been looked up.

    Raises:
        BackendError: AWS, or the way to it, refuses.
    """
    deployed = backend.fetch(pipeline.name)
    plan, found = diff(pipeline, deployed), backend.triggers(pipeline, deployed)
    groups = [group for group in pipeline.package_groups if not has_group(backend.clients, group)]
    beside = (*besides(pipeline, found), *(_beside(group, group not in groups) for group in pipeline.package_groups))
    plan = plan.with_changes([*(Change(ADD, GROUP, group.name) for group in groups), *trigger_changes(pipeline, found)])
    defaults = {each["Name"]: str(each.get("DefaultValue", "")) for each in pipeline.definition.get("Parameters") or ()}
    packages = tuple((request.parameter, defaults.get(request.parameter, "")) for request in pipeline.model_packages)
    missing, unseen = look_for(backend.clients.s3, pipeline.uploads, pipeline.kms_key) if pipeline.uploads else ((), ())
    return Prepared(replace(plan, missing=missing, unseen=unseen, notes=found.notes, packages=packages, beside=beside), found)


def _beside(group: PackageGroup, exists: bool) -> Beside:
    """A group as it was found; of one that exists nothing is changed, whatever it is."""
    wanted = canonical(group.description)
    return Beside(GROUP, group.name, f"{GROUP} {group.name}", wanted if exists else "", wanted)


def send(backend: SageMakerBackend, plan: Plan, progress: Progress = quiet) -> tuple[int, int]:
    """Sends the uploads that the plan did not find; how many those were, and how many were there already.

    Raises:
        BackendError: S3 refused.
    """
    sent = (*(plan.missing or ()), *plan.unseen)
    if sent:
        put_all(backend.clients.s3, sent, plan.pipeline.kms_key, progress)
    return len(sent), len({upload.uri for upload in plan.pipeline.uploads}) - len(sent)
