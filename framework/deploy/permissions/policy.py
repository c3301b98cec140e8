"""A policy in the making: actions, resources and conditions in; statements in a fixed order out.

Equal statements are equal whatever order they were made in, and no resource is named that another one covers.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from framework.pipeline.compiled import CompiledPipeline

Condition = Mapping[str, Mapping[str, Any]]

ANY = ("*",)
"""The resource of actions that cannot be limited to some."""

LONGEST = 6144
"""Characters of a managed policy without white space; of a role's own policies all together 10,240."""

_PARTITIONS = {
    "cn-": "aws-cn",
    "eu-isoe-": "aws-iso-e",
    "eusc-": "aws-eusc",
    "us-gov-": "aws-us-gov",
    "us-iso-": "aws-iso",
    "us-isob-": "aws-iso-b",
    "us-isof-": "aws-iso-f",
}
"""The partitions besides `aws`, by what the names of their regions begin with."""

_ROLE = re.compile(r"arn:(?P<partition>aws[a-z-]*):iam::(?P<account>\d{12}):role/.+")


@dataclass(frozen=True, slots=True)
class Statement:
    """What is allowed. `actions` and `resources` are sorted; `condition` is None where there is none."""

    sid: str
    actions: tuple[str, ...]
    resources: tuple[str, ...]
    condition: Condition | None = None

    def to_json(self) -> dict[str, Any]:
        """The statement as IAM takes it."""
        condition = {"Condition": self.condition} if self.condition else {}
        return {
            "Sid": self.sid,
            "Effect": "Allow",
            "Action": list(self.actions),
            "Resource": list(self.resources),
            **condition,
        }


@dataclass(frozen=True, slots=True)
class Policy:
    """A policy.

    Attributes:
        statements: sorted by their Sids.
        notes: what it cannot say, sentences.
    """

    statements: tuple[Statement, ...]
    notes: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """The policy as IAM takes it."""
        return {"Version": "2012-10-17", "Statement": [statement.to_json() for statement in self.statements]}

    def limited(self, beginnings: tuple[str, ...]) -> Policy:
        """The policy with those actions alone whose names begin so, as "Get" of s3:GetObject."""
        kept = [(each, tuple(it for it in each.actions if it.partition(":")[2].startswith(beginnings))) for each in self.statements]
        return replace(self, statements=tuple(replace(each, actions=actions) for each, actions in kept if actions))

    def __str__(self) -> str:
        return json.dumps(self.to_json(), indent=2, ensure_ascii=False) + "\n"


@dataclass(frozen=True, slots=True)
class Where:
    """The partition, the region and the account that a pipeline lives in; "*" for what is not known before."""

    partition: str
    region: str
    account: str

    @classmethod
    def of(cls, compiled: CompiledPipeline) -> Where:
        """Where a pipeline lives: its region, and the account of its role."""
        role, region = _ROLE.fullmatch(compiled.role), compiled.region or ""
        by_region = next((name for start, name in _PARTITIONS.items() if region.startswith(start)), "aws")
        partition = role["partition"] if role and not region else by_region
        return cls(partition, region or "*", role["account"] if role else "*")

    def arn(self, service: str, resource: str, account: str | None = None, region: str | None = None) -> str:
        """The ARN of a resource, which may hold wildcards; of this account and region where no others are given."""
        return f"arn:{self.partition}:{service}:{region or self.region}:{account or self.account}:{resource}"

    def named(self, kind: str, name: str, ending: str = "") -> list[str]:
        """The ARNs that a resource of SageMaker may have: those of many kinds have its name in lower case."""
        return [self.arn("sagemaker", f"{kind}/{each}{ending}") for each in sorted({name, name.lower()})]

    def role(self, name: str) -> str:
        """The ARN of a role, which may be one already."""
        return name if name.startswith("arn:") else f"arn:{self.partition}:iam::{self.account}:role/{name}"

    def stored(self, bucket: str, key: str = "") -> str:
        """The ARN of a bucket, or of an object."""
        return f"arn:{self.partition}:s3:::{bucket}" + (f"/{key}" if key else "")


@dataclass(slots=True)
class Draft:
    """A policy in the making."""

    where: Where
    _found: dict[tuple[str, tuple[str, ...], str], tuple[set[str], Condition | None]] = field(default_factory=dict)
    _notes: list[str] = field(default_factory=list)

    def allow(self, sid: str, actions: Iterable[str], resources: Iterable[str], condition: Condition | None = None) -> None:
        """Allow actions on resources; nothing where there are none. What has the same Sid has the same actions."""
        wanted = set(resources)
        if not wanted:
            return
        key = sid, tuple(sorted(set(actions))), json.dumps(condition, sort_keys=True)
        self._found.setdefault(key, (set(), condition))[0].update(wanted)

    def note(self, text: str) -> None:
        """Say what the policy cannot."""
        self._notes.append(text)

    def policy(self) -> Policy:
        """What was allowed."""
        statements = [
            Statement(sid, actions, without_covered(resources), condition)
            for (sid, actions, _), (resources, condition) in sorted(self._found.items(), key=lambda item: item[0])
        ]
        policy, notes = Policy(tuple(statements)), sorted(set(self._notes))
        size = len(json.dumps(policy.to_json(), separators=(",", ":")))
        if size > LONGEST:
            notes.append(f"the policy has {size} characters, and a managed policy takes {LONGEST}: split it")
        return Policy(policy.statements, tuple(notes))


def without_covered(resources: Iterable[str]) -> tuple[str, ...]:
    """The resources, sorted, without those that another one covers."""
    names = sorted(set(resources))
    return tuple(name for name in names if not any(other != name and like(other, name) for other in names))


def like(pattern: str, text: str) -> bool:
    """Whether a text fits a pattern of IAM, in which * is any text and ? any character."""
    words = re.escape(pattern).replace(r"\*", ".*").replace(r"\?", ".")
    return bool(re.fullmatch(words, text, re.DOTALL))
