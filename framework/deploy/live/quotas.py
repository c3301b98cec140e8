"""Service Quotas: whether the account may use as many instances at once as the pipeline can want."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from framework.deploy.clients import Clients
from framework.deploy.live.asking import Ask, unanswered
from framework.deploy.live.demand import Demand
from framework.deploy.live.questions import Use
from framework.deploy.live.violations import LiveViolation, more
from framework.deploy.live.where import Where
from framework.deploy.refusals import member, told
from framework.errors import BackendError
from framework.findings import WARNING

RULE = "SMP906"
SERVICE = "sagemaker"
PAGE = 100
LISTS = {"ListServiceQuotas": "list_service_quotas", "ListAWSDefaultServiceQuotas": "list_aws_default_service_quotas"}
"""The operations that tell quotas, and how boto3 calls them: those that apply to the account, and those that apply to all."""
SHOWN = 4
"""How many steps a message names."""


@dataclass(frozen=True, slots=True)
class Quota:
    """A quota: what it allows, and its code."""

    value: float
    code: str

    def __str__(self) -> str:
        return f"{self.value:g}"


def asks(demands: Sequence[Demand], clients: Clients, where: Where) -> Iterator[Ask]:
    """The question about all quotas: they are only told in lists."""
    if demands:
        yield Ask("service-quotas", "the quotas of instances", "quotas", partial(_quotas, demands, clients, where))


def _quotas(demands: Sequence[Demand], clients: Clients, where: Where) -> Iterator[LiveViolation]:
    quotas = _listed({demand.quota for demand in demands}, clients)
    for demand in demands:
        if demand.quota in quotas:
            yield from _against(demand, quotas[demand.quota], where)
    unknown = [demand.quota for demand in demands if demand.quota not in quotas]
    if unknown:
        reason = f"Service Quotas does not list {'it' if len(unknown) == 1 else 'them'} in {where.region}"
        error = BackendError("", reason, "check that the instance type is offered there")
        yield unanswered(f"the quota{'' if len(unknown) == 1 else 's'} {', '.join(unknown)}", error)


def _against(demand: Demand, quota: Quota, where: Where) -> Iterator[LiveViolation]:
    """What a quota does not allow."""
    limit = f'the quota "{demand.quota}" in {where.region} is {quota}'
    ask = (
        f"ask for more with `aws service-quotas request-service-quota-increase --service-code {SERVICE} "
        f"--quota-code {quota.code} --desired-value {demand.most}`"
    )
    over = [share for share in demand.shares if share.count > quota.value]
    if over:
        uses = [Use(share.path, share.step_path) for share in over]
        others = more(uses, "needs more than that", "need more than that")
        message = f"it needs {over[0].count} {demand.instance_type} at once, and {limit}"
        yield LiveViolation(RULE, over[0].path, message + others, f"use fewer or another instance type, or {ask}")
    elif demand.most > quota.value:
        message = f"up to {demand.most} {demand.instance_type} are wanted at once, by {_names(demand.at_once)}, and {limit}"
        hint = f"set parallelism, let steps wait for each other, retry SageMaker.RESOURCE_LIMIT, or {ask}"
        yield LiveViolation(RULE, (), f"{message}: what goes beyond it fails with ResourceLimitExceeded", hint, WARNING)


def _names(names: Sequence[str]) -> str:
    if len(names) <= SHOWN:
        return " and ".join(filter(None, (", ".join(names[:-1]), names[-1])))
    return f"{', '.join(names[: SHOWN - 1])} and {len(names) - SHOWN + 1} more steps"


def _listed(names: Collection[str], clients: Clients) -> dict[str, Quota]:
    """The quotas of these names, as they apply to the account, else as they apply to all."""
    found: dict[str, Quota] = {}
    for operation, method in LISTS.items():
        pages = clients.quotas.get_paginator(method).paginate(ServiceCode=SERVICE, PaginationConfig={"PageSize": PAGE})
        call = operation, f"quotas of {SERVICE}"
        with told(*call):
            for page in pages:
                found = {**_of_page(member(page, "Quotas", *call), names), **found}
                if len(found) == len(names):
                    return found
    return found


def _of_page(listed: Sequence[Mapping[str, Any]], names: Collection[str]) -> dict[str, Quota]:
    quotas = [each for each in listed if each.get("QuotaName") in names and each.get("Value") is not None]
    return {each["QuotaName"]: Quota(each["Value"], each.get("QuotaCode", "")) for each in quotas}
