"""What the configuration says of the checks, `conf.checks`, and the policy file that goes with it, given types."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from framework.config import schema
from framework.config.ignores import Ignore
from framework.config.model import MAX_BUNDLE_MB, Checks, Clause
from framework.config.reader import BEGIN, FileTree, read_file
from framework.config.values import Map
from framework.findings import Finding, Place

POLICY = "conf/policy.yaml"
"""Where the policy lies when the configuration does not say."""

_DENY, _WARN = "deny", "warn"


def policy_file(given: Any, root: Path) -> Path:
    """Where the policy lies; `given` is `conf.checks` of the configuration."""
    named = _map(given).get("policy")
    return root / (named if isinstance(named, str) else POLICY)


@dataclass(slots=True)
class Policy:
    """What the policy file holds.

    Attributes:
        path: where it lies, or would.
        clauses: what it asks for.
        findings: what is wrong with it.
        ignores: the comments in it that are to take findings back, by its name.
    """

    path: Path
    clauses: tuple[Clause, ...] = ()
    findings: list[Finding] = field(default_factory=list)
    ignores: dict[str, tuple[Ignore, ...]] = field(default_factory=dict)


def read_policy(given: Any, root: Path) -> Policy:
    """Read the policy file. One that the configuration does not name need not exist; an empty one asks for nothing."""
    path, said = policy_file(given, root), _map(given)
    name = path.relative_to(root).as_posix() if path.is_relative_to(root) else path.as_posix()
    if not path.is_file():
        named = isinstance(said.get("policy"), str)
        message = f"the policy file {name} does not exist"
        missing = Finding("SMP111", said.place_of("policy"), message, "create it, or correct conf.checks.policy")
        return Policy(path, findings=[missing] if named else [])
    file = read_file(path, name)
    policy = Policy(path, ignores={name: file.ignores})
    if file.tree is None:
        policy.findings = _unusable(file)
        return policy
    shaper = schema.Shaper()
    tree = shaper.shape(file.tree, schema.definition("policy"), (), file.tree.place)
    policy.findings = [*file.findings, *shaper.findings, *schema.check(tree, "policy", ())]
    policy.clauses = () if policy.findings else tuple(_clauses(tree))
    return policy


def checks_of(given: Any, policy: tuple[Clause, ...]) -> Checks:
    """The settings that `conf.checks` makes; what is not of the right type has been said by its schema and is passed over."""
    settings = _map(given)
    severity = _map(settings.get("severity"))
    limit = settings.get("max_bundle_mb")
    return Checks(
        severity={rule: value for rule, value in severity.items() if isinstance(value, str)},
        severity_places={rule: severity.key_place_of(rule) for rule in severity},
        max_bundle_mb=float(limit) if isinstance(limit, (int, float)) else MAX_BUNDLE_MB,
        policy=policy,
    )


def _unusable(file: FileTree) -> list[Finding]:
    """What is wrong with a file without a mapping; nothing where it holds comments alone."""
    said = [finding for finding in file.findings if finding.hint != BEGIN]
    if file.root is not None and not said:
        message = "the file does not hold a mapping"
        return [Finding("SMP101", Place(file.name, 1, 1), message, 'begin it with "deny:" or "warn:"')]
    return said


def _clauses(tree: Map) -> Iterator[Clause]:
    for effect in (_DENY, _WARN):
        clauses = _map(tree.get(effect))
        for key, value in clauses.items():
            yield Clause(key, value, effect == _DENY, clauses.key_place_of(key))


def _map(value: Any) -> Map:
    return value if isinstance(value, Map) else Map()
