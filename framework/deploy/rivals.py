"""Two deploys of one pipeline at once: what a plan was made against and what is there now in, whether somebody else is at work out.

SageMaker refuses an update while another one is under way, but has no write that depends on what is there. So a deploy claims the
pipeline with its mark, looks again before it writes, and once more after that. What cannot be excluded is an update that arrives
between the second look and the write: it is seen afterwards, and the pipeline is then made as the later deploy says.
"""

from __future__ import annotations

from dataclasses import replace

from framework.deploy.fields import canonical
from framework.deploy.mark import drift, mark_of, under_way
from framework.deploy.plan import SERVICE_TAGS, Deployed, Plan, expected
from framework.deploy.triggers import FoundTriggers, wanted_triggers
from framework.errors import BackendError
from framework.pipeline.compiled import CompiledPipeline

_CURE = "make the plan again and read it before it is applied"


def refuse_moved(plan: Plan, planned: Deployed, now: Deployed | None, claim: str = "") -> None:
    """Go on only if the pipeline is what the plan was made against. For a create, CreatePipeline sees to that itself.

    Args:
        plan: what is to be applied.
        planned: what it was made against.
        now: what is there.
        claim: the mark that this deploy has written; "" while it has not.

    Raises:
        BackendError: it is not, or another deploy has begun.
    """
    what = f"Applying the plan for pipeline {plan.pipeline.name}"
    if now is None or _content(now) != _content(planned):
        found = f"it was changed at {now.modified}" if now else "it is gone"
        raise BackendError(what, f"the plan was made against the pipeline of {planned.modified}, and since then {found}", _CURE)
    # What is read may be a little old: the mark of before says nothing.
    if now.mark not in (planned.mark, claim) and "/" in now.mark:
        raise BackendError(what, "another deploy of it has begun since the plan was made", f"wait until it has ended, {_CURE}")


def interfered(plan: Plan, planned: Deployed, now: Deployed | None) -> list[str]:
    """The parts of a pipeline that somebody else has changed while the plan was applied: neither as before nor as planned."""
    if now is None:
        return ["pipeline"]
    tags, wanted, before = (_tags(each) for each in (now, expected(plan.pipeline, planned), planned))
    parts = drift(replace(now, mark=under_way(mark_of(plan.pipeline, planned), planned))).parts
    keys = sorted(key for key in {*tags, *wanted, *before} if tags.get(key) not in (wanted.get(key), before.get(key)))
    return [*parts, *(f"tag {key}" for key in keys)]


def unending(pipeline: str) -> BackendError:
    """The error of a deploy that gives up."""
    why = "another deploy goes on changing it"
    return BackendError(f"Deploying pipeline {pipeline}", why, "wait until it has ended, and run the command again")


def overtaken(pipeline: str) -> BackendError:
    """The error of a deploy during which another one came, and made everything as it says."""
    why = "another deploy of it came at the same time, and it may be as that one says"
    return BackendError(f"Deploying pipeline {pipeline}", why, "see what there is with `smp plan`, and run the command again")


def strange(compiled: CompiledPipeline, before: FoundTriggers, now: FoundTriggers) -> list[str]:
    """The triggers and notifications that somebody else has made or changed while they were made as they are to be."""
    wanted = wanted_triggers(compiled)
    return [held.name for key, held in sorted(now.held.items()) if held not in (wanted.get(key), before.held.get(key))]


def _content(deployed: Deployed) -> str:
    """What a plan compares, as text: when it was modified does not matter as long as it is the same again."""
    tags = [dict(tag) for tag in deployed.tags]
    told = [deployed.arn, deployed.definition, deployed.role, deployed.description]
    return canonical([*told, deployed.display_name, deployed.parallelism, tags])


def _tags(deployed: Deployed) -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in deployed.tags if not tag["Key"].startswith(SERVICE_TAGS)}
