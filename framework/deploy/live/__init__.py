"""The live checks: a compiled pipeline in, what is wrong in the account it would run in out. Nothing is ever changed there.

What cannot be asked (no permission, no network, an expired token, a service that fails) is one warning, SMP900, and never an error.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from framework.deploy.clients import Clients
from framework.deploy.cures import ACTIONS
from framework.deploy.live import ec2, ecr, iam, kms, quotas, s3
from framework.deploy.live.asking import Ask, ask_all, unanswered
from framework.deploy.live.demand import demands
from framework.deploy.live.questions import Questions, to_ask
from framework.deploy.live.violations import LiveViolation, sorted_violations
from framework.deploy.live.where import Where, find_out
from framework.errors import BackendError
from framework.pipeline.compiled import CompiledPipeline

__all__ = ["PERMISSIONS", "LiveViolation", "check_live", "live_clients"]

PERMISSIONS = tuple(sorted(set(ACTIONS.values()) - {"s3:GetObject", "s3:PutObject"}))
"""The IAM actions that the checks use; all of them only look."""

Questioner = Callable[[CompiledPipeline, Clients, Where], Iterable[Ask]]


def live_clients(region: str | None = None) -> Clients:
    """Clients for `check_live`: what does not answer soon is not waited for as it is in a deployment."""
    return Clients(region, attempts=3, connect_seconds=5, read_seconds=20)


def check_live(compiled: CompiledPipeline, clients: Clients, more: Sequence[Questioner] = ()) -> tuple[LiveViolation, ...]:
    """What a pipeline needs to find in the account and would not.

    Args:
        compiled: the pipeline.
        clients: of the account and the region that it would run in, as `live_clients(compiled.region)` makes them.
        more: make further questions, which are put with the others.

    Returns:
        What is wrong, and what could not be checked, sorted; the paths lead into `compiled.definition`. Without credentials that
        AWS knows, that alone.
    """
    try:
        where = find_out(clients)
    except BackendError as error:
        return (unanswered("what lies in the account", error),)
    asked = to_ask(compiled)
    networks = ec2.Networks(asked.networks, clients, where)
    further = [ask for make in more for ask in make(compiled, clients, where)]
    found = ask_all([*_asks(compiled, asked, clients, where), *further, *networks.asks()])
    return sorted_violations([*found, *networks.violations()])


def _asks(compiled: CompiledPipeline, asked: Questions, clients: Clients, where: Where) -> list[Ask]:
    """What to ask; the quotas first, which take longest."""
    return [
        *quotas.asks(demands(compiled.definition, compiled.parallelism), clients, where),
        *iam.asks(asked.roles, clients, where),
        *s3.asks(asked, compiled.kms_key, clients, where),
        *ecr.asks(asked.images, clients, where),
        *kms.asks(asked.keys, clients, where),
    ]
