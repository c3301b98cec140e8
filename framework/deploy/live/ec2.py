"""EC2: whether subnets and security groups exist, and those of one job in one VPC."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from framework.deploy.clients import Clients
from framework.deploy.live.asking import Ask, unanswered
from framework.deploy.live.questions import Network, Uses
from framework.deploy.live.violations import LiveViolation, more
from framework.deploy.live.where import Where
from framework.deploy.refusals import told
from framework.errors import BackendError

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


def asks(networks: Mapping[Network, Uses], clients: Clients, where: Where) -> Iterator[Ask]:
    """The question about all networks: EC2 tells of many at once."""
    if networks:
        yield Ask("ec2", "the subnets", "networks", partial(_networks, networks, clients, where))


def _networks(networks: Mapping[Network, Uses], clients: Clients, where: Where) -> Iterator[LiveViolation]:
    wanted = {SUBNETS: [network.subnets for network in networks], GROUPS: [network.groups for network in networks]}
    vpcs: dict[str, str] = {}
    asked: set[str] = set()
    for lookup, several in wanted.items():
        names = sorted({name for some in several for name in some})
        try:
            vpcs |= _vpcs(lookup, names, clients)
            asked |= set(names)
        except BackendError as error:
            yield unanswered(f"the {lookup.what} {', '.join(names)}", error)
    for network, uses in networks.items():
        yield from _network([name for name in (*network.subnets, *network.groups) if name in asked], uses, vpcs, where)


def _network(names: Sequence[str], uses: Uses, vpcs: Mapping[str, str], where: Where) -> Iterator[LiveViolation]:
    """What is wrong with one network, given the VPC of each of its parts that exists."""
    missing = [name for name in names if name not in vpcs]
    if missing:
        message = f"{_and(missing)} {'does' if len(missing) == 1 else 'do'} not exist in {where.region}"
        hint = "name subnets and security groups of the account, in the region of the pipeline"
        yield LiveViolation(RULE, uses[0].path, message + more(uses), hint)
    inside: dict[str, list[str]] = {}
    for name in names:
        if name in vpcs:
            inside.setdefault(vpcs[name], []).append(name)
    if len(inside) > 1:
        parts = " and ".join(f"{vpc} ({', '.join(parts)})" for vpc, parts in sorted(inside.items()))
        message = f"its subnets and security groups are in {len(inside)} VPCs: {parts}"
        yield LiveViolation(RULE, uses[0].path, message + more(uses), "name subnets and security groups of one VPC")


def _vpcs(lookup: Lookup, names: Sequence[str], clients: Clients) -> dict[str, str]:
    """The VPC of each of these that exists."""
    found: dict[str, str] = {}
    for start in range(0, len(names), AT_ONCE):
        filters = [{"Name": lookup.filter, "Values": names[start : start + AT_ONCE]}]
        with told(lookup.operation, f"{lookup.what} {', '.join(names)}"):
            pages = list(clients.ec2.get_paginator(lookup.method).paginate(Filters=filters))
        found |= {each.get(lookup.name, ""): each.get("VpcId", "") for page in pages for each in page.get(lookup.listed, [])}
    return found


def _and(names: Sequence[str]) -> str:
    return f"{', '.join(names[:-1])} and {names[-1]}" if len(names) > 1 else names[0]
