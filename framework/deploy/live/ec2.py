"""EC2: whether subnets and security groups exist, and those of one job in one VPC."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from framework.deploy.clients import Clients
from framework.deploy.live.asking import Ask
from framework.deploy.live.questions import Network, Uses
from framework.deploy.live.violations import LiveViolation, more
from framework.deploy.live.where import Where
from framework.deploy.refusals import member, told

RULE = "SMP905"
AT_ONCE = 200
"""How many values a filter takes."""


@dataclass(frozen=True, slots=True)
class Lookup:
    """How to look up one part of a network: the operation, how boto3 calls it, what it filters by, and what it answers."""

    what: str
    operation: str
    method: str
    filter: str
    listed: str
    name: str


SUBNETS = Lookup("subnets", "DescribeSubnets", "describe_subnets", "subnet-id", "Subnets", "SubnetId")
GROUPS = Lookup("security groups", "DescribeSecurityGroups", "describe_security_groups", "group-id", "SecurityGroups", "GroupId")


class Networks:
    """The networks of a pipeline: what EC2 tells of their parts, and then what is wrong with each."""

    def __init__(self, networks: Mapping[Network, Uses], clients: Clients, where: Where) -> None:
        self._networks, self._clients, self._where = networks, clients, where
        self._vpcs: dict[str, str | None] = {}

    def asks(self) -> Iterator[Ask]:
        """The questions: EC2 tells of many subnets at once, and of many groups."""
        wanted = {SUBNETS: [each.subnets for each in self._networks], GROUPS: [each.groups for each in self._networks]}
        for lookup, several in wanted.items():
            names = sorted({name for some in several for name in some})
            if names:
                yield Ask("ec2", f"the {lookup.what} {', '.join(names)}", lookup.what, partial(self._ask, lookup, names))

    def violations(self) -> Iterator[LiveViolation]:
        """What is wrong, as far as the questions were answered."""
        for network, uses in self._networks.items():
            vpcs = {name: self._vpcs[name] for name in (*network.subnets, *network.groups) if name in self._vpcs}
            yield from _network(vpcs, uses, self._where)

    def _ask(self, lookup: Lookup, names: Sequence[str]) -> list[LiveViolation]:
        found = _vpcs(lookup, names, self._clients)
        self._vpcs.update({name: found.get(name) for name in names})
        return []


def _network(vpcs: Mapping[str, str | None], uses: Uses, where: Where) -> Iterator[LiveViolation]:
    """What is wrong with one network, given the VPC of each of its parts, None of those that do not exist."""
    missing = [name for name, vpc in vpcs.items() if vpc is None]
    if missing:
        message = f"{_and(missing)} {'does' if len(missing) == 1 else 'do'} not exist in {where.region}"
        hint = "name subnets and security groups of the account, in the region of the pipeline"
        yield LiveViolation(RULE, uses[0].path, message + more(uses), hint)
    inside: dict[str, list[str]] = {}
    for name, vpc in vpcs.items():
        if vpc is not None:
            inside.setdefault(vpc, []).append(name)
    if len(inside) > 1:
        parts = " and ".join(f"{vpc} ({', '.join(parts)})" for vpc, parts in sorted(inside.items()))
        message = f"its subnets and security groups are in {len(inside)} VPCs: {parts}"
        yield LiveViolation(RULE, uses[0].path, message + more(uses), "name subnets and security groups of one VPC")


def _vpcs(lookup: Lookup, names: Sequence[str], clients: Clients) -> dict[str, str]:
    """The VPC of each of these that exists."""
    found: dict[str, str] = {}
    call = lookup.operation, f"{lookup.what} {', '.join(names)}"
    for start in range(0, len(names), AT_ONCE):
        filters = [{"Name": lookup.filter, "Values": names[start : start + AT_ONCE]}]
        with told(*call):
            pages = list(clients.ec2.get_paginator(lookup.method).paginate(Filters=filters))
        found |= {each.get(lookup.name, ""): each.get("VpcId", "") for page in pages for each in member(page, lookup.listed, *call)}
    return found


def _and(names: Sequence[str]) -> str:
    return f"{', '.join(names[:-1])} and {names[-1]}" if len(names) > 1 else names[0]
