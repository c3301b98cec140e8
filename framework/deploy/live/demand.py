"""How many instances a pipeline can want at once: a definition in, for each quota the largest demand on it out.

Pure. Steps want instances at once where none of them has to wait for another, no condition chooses between them, and as many steps
may run at a time. Endpoints want theirs from the moment they are made on.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from framework.deploy.live.antichain import Sides, heaviest
from framework.deploy.live.jobs import ENDPOINT, Job, Jobs
from framework.deploy.live.order import Node, Order, each, order_of
from framework.deploy.live.steps import Path
from framework.pipeline.compiled import Definition


@dataclass(frozen=True, slots=True)
class Share:
    """What one step wants of a quota: how many instances, in which step, and where the definition says so."""

    step: str
    step_path: Path
    path: Path
    count: int


@dataclass(frozen=True, slots=True)
class Demand:
    """The demand on a quota.

    Attributes:
        quota: its name, as in "ml.m5.xlarge for processing job usage".
        instance_type: of what.
        most: how many instances can be wanted at once.
        at_once: the steps that want them, in the order of the definition, each once.
        shares: what each step wants on its own, in the order of the definition.
    """

    quota: str
    instance_type: str
    most: int
    at_once: tuple[str, ...]
    shares: tuple[Share, ...]


def demands(definition: Definition, parallelism: int | None = None) -> tuple[Demand, ...]:
    """The largest demand on every quota, sorted by its name.

    Args:
        definition: a pipeline definition.
        parallelism: how many steps may run at a time; None for any number.
    """
    # Without a limit, all iterations of a loop can stand where one of them wants most. With one, each has to be looked at.
    order = order_of(definition, iterations=parallelism or 1)
    jobs = Jobs(definition)
    by_quota: dict[tuple[str, str], dict[int, list[Job]]] = {}
    for number, node in enumerate(order.nodes):
        for job in jobs.of(node.at):
            by_quota.setdefault((job.instance_type, job.usage), {}).setdefault(number, []).append(job)
    return tuple(_demand(order, found, parallelism) for _, found in sorted(by_quota.items()))


def _demand(order: Order, found: Mapping[int, Sequence[Job]], parallelism: int | None) -> Demand:
    """The demand on one quota, given the jobs of each node that count against it."""
    some = next(iter(found.values()))[0]
    wanted = {number: sum(job.count for job in jobs) for number, jobs in found.items()}
    weights = {number: count * (1 if parallelism else order.nodes[number].times) for number, count in wanted.items()}
    stays = some.usage == ENDPOINT
    later = [0] * len(order.nodes) if stays else order.later
    chosen = heaviest(weights, later, _sides(order.nodes, weights), None if stays else parallelism)
    names = dict.fromkeys(order.nodes[number].at.name for number in each(chosen))
    shares: dict[Path, Share] = {}
    for number, jobs in found.items():
        at = order.nodes[number].at
        shares.setdefault(at.path, Share(at.name, at.path, jobs[0].path, wanted[number]))
    return Demand(
        some.quota, some.instance_type, sum(weights[number] for number in each(chosen)), tuple(names), tuple(shares.values())
    )


def _sides(nodes: Sequence[Node], weights: Mapping[int, int]) -> list[Sides]:
    """The branches that exclude each other, as far as steps in question stand in both of them."""
    sides: dict[int, dict[str, int]] = {}
    for number in weights:
        for condition, member in nodes[number].branches:
            branches = sides.setdefault(condition, {})
            branches[member] = branches.get(member, 0) | 1 << number
    return [(first, second) for first, second in (both.values() for both in sides.values() if len(both) == 2)]
