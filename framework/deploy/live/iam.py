"""IAM: whether the roles exist, in the account whose credentials these are, and whether the services may assume them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial

from botocore.exceptions import ClientError

from framework.deploy.clients import Clients
from framework.deploy.live.asking import Ask
from framework.deploy.live.questions import ROLE, SAGEMAKER, Role, Uses
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
    parts = ROLE.fullmatch(role.arn)
    account = parts["account"] if parts else ""
    if where.account and account != where.account:
        message = f"the role {role.arn} belongs to account {account}, and the credentials to account {where.account}"
        hint = f"sign in to account {account}, or name a role of account {where.account}: a role is never passed to another account"
        yield LiveViolation(RULE, uses[0].path, message + more(uses), hint)
        return
    policy = _trust_policy(role.arn, parts["name"] if parts else "", clients)
    if policy is None:
        message = f"the role {role.arn} does not exist"
        hint = f"make it, or {ANOTHER} exists" if role.service == SAGEMAKER else "make it, or name one that exists"
        yield LiveViolation(RULE, uses[0].path, message + more(uses), hint)
        return
    yield from _trust(role, uses, policy, Caller(role.service, parts["partition"] if parts else "", where.region, account))


def _trust(role: Role, uses: Uses, policy: Mapping[str, object], caller: Caller) -> Iterator[LiveViolation]:
    verdict = may_assume(policy, caller)
    if not verdict.allowed:
        reason = "denies it" if verdict.denied else "does not allow it"
        message = f"{role.service} cannot assume the role {role.arn}: its trust policy {reason}"
        hint = "remove the deny" if verdict.denied else "add a statement to it"
        statement = f'{{"Effect": "Allow", "Principal": {{"Service": "{role.service}"}}, "Action": "sts:AssumeRole"}}'
        yield LiveViolation(RULE, uses[0].path, message + more(uses), hint if verdict.denied else f"{hint}: {statement}")
    elif verdict.conditions:
        message = (
            f"{role.service} can assume the role {role.arn} under a condition only ({verdict.conditions}), which is not checked"
        )
        yield LiveViolation(RULE, uses[0].path, message + more(uses), "see that it holds for this pipeline", WARNING)


def _trust_policy(arn: str, name: str, clients: Clients) -> Mapping[str, object] | None:
    """The trust policy of a role; None where there is no such role."""
    call = "GetRole", f"role {name}"
    with told(*call):
        try:
            role = clients.iam.get_role(RoleName=name).get("Role", {})
        except ClientError as error:
            if code_of(error) == "NoSuchEntity":
                return None
            raise
    if role.get("Arn") and role["Arn"] != arn:  # IAM looks a role up by its name alone: this one has another path
        return None
    policy = role.get("AssumeRolePolicyDocument")
    if not isinstance(policy, Mapping):
        raise half(*call, "AssumeRolePolicyDocument")
    return policy
