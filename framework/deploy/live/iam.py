"""IAM: whether the roles exist, in the account whose credentials these are, and whether the services may assume them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

from botocore.exceptions import ClientError

from framework.deploy.clients import Clients
from framework.deploy.live.asking import Ask
from framework.deploy.live.questions import SAGEMAKER, Role, Uses
from framework.deploy.live.trust import Caller, may_assume
from framework.deploy.live.violations import LiveViolation, more
from framework.deploy.live.where import Where
from framework.deploy.refusals import code_of, half, told
from framework.findings import WARNING

RULE = "SMP901"
ANOTHER = "set SMP_ROLE or conf.sagemakerNetworkSecurity.role to one that"


def asks(roles: Mapping[Role, Uses], clients: Clients, where: Where) -> Iterator[Ask]:
    """The questions about roles."""
    for role, uses in roles.items():
        yield Ask("iam", f"the role {role.arn}", "roles", partial(_role, role, uses, clients, where))


def _role(role: Role, uses: Uses, clients: Clients, where: Where) -> Iterator[LiveViolation]:
    if where.account not in ("", role.account):
        message = f"the role {role.arn} belongs to account {role.account}, and the credentials to account {where.account}"
        hint = (
            f"sign in to account {role.account}, or name a role of account {where.account}: none is ever passed to another account"
        )
        yield LiveViolation(RULE, uses[0].path, message + more(uses), hint)
        return
    policy = _trust_policy(role, clients)
    if policy is None:
        message = f"the role {role.arn} does not exist"
        hint = f"make it, or {ANOTHER} exists" if role.service == SAGEMAKER else "make it, or name one that exists"
        yield LiveViolation(RULE, uses[0].path, message + more(uses), hint)
        return
    yield from _trust(role, uses, policy, Caller(role.service, role.partition, where.region, role.account))


def _trust(role: Role, uses: Uses, policy: Mapping[str, Any], caller: Caller) -> Iterator[LiveViolation]:
    verdict = may_assume(policy, caller)
    cannot = f"{role.service} cannot assume the role {role.arn}: its trust policy"
    if verdict.denied:
        yield LiveViolation(RULE, uses[0].path, f"{cannot} denies it{more(uses)}", "remove the deny")
    elif not verdict.allowed:
        statement = f'{{"Effect": "Allow", "Principal": {{"Service": "{role.service}"}}, "Action": "sts:AssumeRole"}}'
        yield LiveViolation(RULE, uses[0].path, f"{cannot} does not allow it{more(uses)}", f"add a statement to it: {statement}")
    elif verdict.conditions:
        condition = f"under a condition only ({verdict.conditions}), which is not checked"
        message = f"{role.service} can assume the role {role.arn} {condition}{more(uses)}"
        yield LiveViolation(RULE, uses[0].path, message, "see that it holds for this pipeline", WARNING)


def _trust_policy(role: Role, clients: Clients) -> Mapping[str, Any] | None:
    """The trust policy of a role; None where there is no such role."""
    call = "GetRole", f"role {role.name}"
    with told(*call):
        try:
            found = clients.iam.get_role(RoleName=role.name).get("Role", {})
        except ClientError as error:
            if code_of(error) == "NoSuchEntity":
                return None
            raise
    if found.get("Arn", role.arn) != role.arn:  # IAM looks a role up by its name alone: this one has another path
        return None
    policy = found.get("AssumeRolePolicyDocument")
    if not isinstance(policy, Mapping):
        raise half(*call, "AssumeRolePolicyDocument")
    return policy
