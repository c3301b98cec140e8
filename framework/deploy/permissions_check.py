"""Whether the role of a pipeline may do what the pipeline needs: a compiled pipeline in, what the role lacks out.

IAM itself is asked, statement by statement of the smallest policy, which it knows the role's policies, its boundary and the
organisation's for. What a bucket, a key, a queue, a function or a repository allows by a policy of its own it does not look at.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

from botocore.exceptions import ClientError

from framework.deploy.clients import Clients
from framework.deploy.live.asking import Ask, ask_all, unanswered
from framework.deploy.live.questions import ROLE
from framework.deploy.live.violations import LiveViolation, sorted_violations
from framework.deploy.live.where import Where, find_out
from framework.deploy.permissions.execution import execution
from framework.deploy.permissions.policy import Statement
from framework.deploy.refusals import code_of, member, told
from framework.errors import BackendError
from framework.findings import ERROR, WARNING
from framework.pipeline.compiled import CompiledPipeline

RULE = "SMP908"
ALLOWED, DENIED = "allowed", "explicitDeny"
GRANTING = frozenset({"ecr", "kms", "lambda", "s3", "sqs"})
"""Services whose resources may allow what the policies of a role do not."""

SHOWN = 3
"""How many resources a message names."""

Lack = tuple[str, str, str]
"""An action, a resource, and what IAM decided."""


def lacking(compiled: CompiledPipeline, clients: Clients) -> tuple[LiveViolation, ...]:
    """What the role of the pipeline lacks, and what could not be asked, sorted; nothing is changed."""
    try:
        where = find_out(clients)
    except BackendError as error:
        return (unanswered("what the role of the pipeline may do", error),)
    return sorted_violations(ask_all(list(asks(compiled, clients, where))))


def asks(compiled: CompiledPipeline, clients: Clients, where: Where) -> Iterator[Ask]:
    """The question about the role of the pipeline; none where that belongs to another account, which is said of the role."""
    role = ROLE.fullmatch(compiled.role)
    if role is None or where.account not in ("", role["account"]):
        return
    yield Ask("iam", f"what the role {compiled.role} may do", "rights of roles", partial(_role, compiled, clients))


def _role(compiled: CompiledPipeline, clients: Clients) -> Iterator[LiveViolation]:
    for statement in execution(compiled).statements:
        yield from _statement(statement, compiled.role, clients)


def _statement(statement: Statement, role: str, clients: Clients) -> Iterator[LiveViolation]:
    lacks = [lack for context in _contexts(statement) for lack in _decisions(statement, context, role, clients)]
    lacks = sorted({lack for lack in lacks if lack[2] != ALLOWED})
    denied = [lack for lack in lacks if lack[2] == DENIED]
    if denied:
        yield _violation(role, "is denied", denied, "remove the deny from its policies, or ask who keeps that policy", ERROR)
    if left := [lack for lack in lacks if lack[2] != DENIED]:
        granting = all(action.partition(":")[0] in GRANTING for action, _, _ in left)
        severity, more = (WARNING, ", unless the policies of those resources do") if granting else (ERROR, "")
        hint = f"allow it in its policies{more}: smp iam-policy --for execution prints all that it needs"
        yield _violation(role, "lacks", left, hint, severity)


def _violation(role: str, verb: str, lacks: Sequence[Lack], hint: str, severity: str) -> LiveViolation:
    actions = sorted({action for action, _, _ in lacks})
    resources = sorted({resource for _, resource, _ in lacks})
    shown = ", ".join(resources[:SHOWN])
    others = f" and {len(resources) - SHOWN} more" if len(resources) > SHOWN else ""
    message = f"the role {role} {verb} {', '.join(actions)} on {shown}{others}"
    return LiveViolation(RULE, (), message, hint, severity)


def _contexts(statement: Statement) -> list[list[dict[str, Any]]]:
    """The context keys that the statement's condition is about, once for each value that it lets through."""
    tests = [(key, value) for operator in (statement.condition or {}).values() for key, value in operator.items()]
    if not tests:
        return [[]]
    ((key, given),) = tests
    values = [given] if isinstance(given, str) else list(given)
    kind = "stringList" if key == "kms:ResourceAliases" else "string"
    return [[{"ContextKeyName": key, "ContextKeyValues": [value], "ContextKeyType": kind}] for value in values]


def _decisions(statement: Statement, context: Sequence[Mapping[str, Any]], role: str, clients: Clients) -> list[Lack]:
    """What IAM decides for each action and resource."""
    call = "SimulatePrincipalPolicy", f"role {role.rpartition('/')[2]}"
    request: dict[str, Any] = {
        "PolicySourceArn": role,
        "ActionNames": list(statement.actions),
        "ResourceArns": list(statement.resources),
        "ContextEntries": list(context),
    }
    with told(*call):
        try:
            pages = list(clients.iam.get_paginator("simulate_principal_policy").paginate(**request))
        except ClientError as error:
            if code_of(error) == "NoSuchEntity":  # that there is no such role is said already
                return []
            raise
    return [lack for page in pages for result in member(page, "EvaluationResults", *call) for lack in _of(result)]


def _of(result: Mapping[str, Any]) -> Iterable[Lack]:
    action, several = str(result["EvalActionName"]), result.get("ResourceSpecificResults")
    if several:
        return [(action, str(each["EvalResourceName"]), str(each["EvalResourceDecision"])) for each in several]
    return [(action, str(result.get("EvalResourceName", "*")), str(result["EvalDecision"]))]
