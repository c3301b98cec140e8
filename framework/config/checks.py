"""What the configuration says of the checks, `conf.checks`, and the policy file that goes with it, given types."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from framework.config import schema
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


def read_policy(given: Any, root: Path) -> tuple[tuple[Clause, ...], list[Finding]]:
    """The clauses of the policy file, and what is wrong with it.

    A file that the configuration does not name need not exist; an empty one asks for nothing.
    """
    path, said = policy_file(given, root), _map(given)
    name = path.relative_to(root).as_posix() if path.is_relative_to(root) else path.as_posix()
    if not path.is_file():
        named = isinstance(said.get("policy"), str)
        message = f"the policy file {name} does not exist"
        missing = Finding("SMP111", said.place_of("policy"), message, "create it, or correct conf.checks.policy")
        return (), [missing] if named else []
    file = read_file(path, name)
    if file.tree is None:
        return (), _unusable(file)
    shaper = schema.Shaper()
    tree = shaper.shape(file.tree, schema.definition("policy"), (), file.tree.place)
    wrong = [*file.findings, *shaper.findings, *schema.check(tree, "policy", ())]
    return () if wrong else tuple(_clauses(tree)), wrong


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
