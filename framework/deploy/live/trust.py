"""Who may assume a role: a trust policy and who asks in, whether it may out. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

ASSUME = "sts:AssumeRole"
EQUALS = ("ArnEquals", "ArnLike", "StringEquals", "StringLike")
"""Operators of conditions that are looked into."""


@dataclass(frozen=True, slots=True)
class Caller:
    """The service that assumes a role, and where; the account may be "", which is one that is not known."""

    service: str
    partition: str
    region: str
    account: str

    @property
    def arns(self) -> str:
        """What the ARNs of the service's resources begin with."""
        return f"arn:{self.partition}:{self.service.partition('.')[0]}:{self.region}:{self.account}:"


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a role may be assumed; where that hangs on conditions which are not known to hold, `conditions` says them."""

    allowed: bool
    denied: bool = False
    conditions: str = ""


def may_assume(policy: Mapping[str, Any], caller: Caller) -> Verdict:
    """Whether a trust policy lets a service assume the role; a deny overrules every allow."""
    conditions: dict[str, list[str]] = {"Allow": [], "Deny": []}
    for statement in _mappings(policy.get("Statement")):
        effect = str(statement.get("Effect"))
        if effect in conditions and _names(statement, caller.service) and _covers(statement):
            conditions[effect].append(", ".join(_open_conditions(statement, caller)))
    allows, denies = conditions["Allow"], conditions["Deny"]
    if "" in denies or not allows:
        return Verdict(False, denied="" in denies)
    return Verdict(True, conditions=" or ".join(denies or ([] if "" in allows else allows)))


def _names(statement: Mapping[str, Any], service: str) -> bool:
    """Whether a statement is about the service."""
    if "NotPrincipal" in statement:
        return not _among(statement["NotPrincipal"], service)
    return _among(statement.get("Principal"), service)


def _among(principal: Any, service: str) -> bool:
    return principal == "*" or (isinstance(principal, Mapping) and service in _texts(principal.get("Service")))


def _covers(statement: Mapping[str, Any]) -> bool:
    """Whether a statement is about assuming the role."""
    if "NotAction" in statement:
        return not any(_like(pattern, ASSUME) for pattern in _texts(statement["NotAction"]))
    return any(_like(pattern, ASSUME) for pattern in _texts(statement.get("Action")))


def _open_conditions(statement: Mapping[str, Any], caller: Caller) -> Iterator[str]:
    """The conditions of a statement that are not known to hold."""
    blocks = statement.get("Condition")
    for operator, tests in sorted(blocks.items()) if isinstance(blocks, Mapping) else ():
        for key, values in sorted(tests.items()) if isinstance(tests, Mapping) else ():
            if not _holds(operator, key, _texts(values), caller):
                yield f"{operator} {key}"


def _holds(operator: str, key: str, values: list[str], caller: Caller) -> bool:
    """Whether a condition is one that keeps others from getting at the role through the service, and lets the caller through."""
    if operator.removesuffix("IfExists") not in EQUALS or not caller.account:
        return False
    if key.lower() == "aws:sourceaccount":
        return any(_like(value, caller.account) for value in values)
    if key.lower() == "aws:sourcearn":
        return any(value.endswith("*") and _like(value[:-1], caller.arns) for value in values)
    return False


def _like(pattern: str, text: str) -> bool:
    """Whether a text fits a pattern of IAM, in which * is any text and ? any character."""
    words = re.escape(pattern).replace(r"\*", ".*").replace(r"\?", ".")
    return bool(re.fullmatch(words, text, re.IGNORECASE | re.DOTALL))


def _texts(value: Any) -> list[str]:
    return [str(each) for each in (value if isinstance(value, list) else [value]) if each is not None]


def _mappings(value: Any) -> list[Mapping[str, Any]]:
    return [each for each in (value if isinstance(value, list) else [value]) if isinstance(each, Mapping)]
