"""All rules in the order of their ids, collected from the modules of `rules`; what their hundreds are about."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from framework.checks.rules import (
    account,
    code,
    control,
    custom,
    definition_references,
    files,
    graph,
    idle,
    ignoring,
    images,
    infrastructure,
    keys,
    limits,
    local_runs,
    parameters,
    policy,
    property_paths,
    protection,
    quotas,
    reading,
    reference_kinds,
    references,
    requirements,
    reuse,
    scripts,
    secrets,
    service_model,
    step_settings,
    triggers,
    units,
    variables,
)
from framework.findings import Rule

MODULES = (
    reading, keys, files, variables, idle, parameters, reuse, images, ignoring,
    graph, units, references, control, infrastructure, custom, triggers, definition_references,
    service_model, reference_kinds, property_paths,
    limits, step_settings, quotas,
    secrets, protection, policy,
    code, scripts, requirements, local_runs, account,
)  # fmt: skip

RULES: Mapping[str, Rule] = {
    rule.id: rule for rule in sorted((rule for module in MODULES for rule in module.RULES), key=lambda rule: rule.id)
}

GROUPS: Mapping[str, str] = {
    "SMP1": "Configuration",
    "SMP2": "Graph",
    "SMP3": "References and steps",
    "SMP4": "Service model",
    "SMP5": "Limits and quotas",
    "SMP6": "Security and policy",
    "SMP7": "Code and files",
    "SMP8": "Local runs",
    "SMP9": "What lies in the account",
}
"""What the rules of each hundred are about, by what their ids begin with."""

OF_COMMANDS = frozenset({"SMP303", "SMP304"} | {name for name in RULES if name.startswith("SMP8")})
"""The rules of what a command is given or asked for. The configuration breaks none of them, so `validate` finds none."""


def rule(rule_id: str) -> Rule:
    """The rule of this id.

    Raises:
        KeyError: there is none.
    """
    return RULES[rule_id]


def beginning_with(prefix: str) -> tuple[Rule, ...]:
    """The rules whose ids begin so, in order."""
    return tuple(rule for name, rule in RULES.items() if name.startswith(prefix))


def grouped(rules: tuple[Rule, ...]) -> Iterator[tuple[str, tuple[Rule, ...]]]:
    """The rules by their hundreds, each with its heading; hundreds without rules are left out."""
    for start, about in GROUPS.items():
        members = tuple(rule for rule in rules if rule.id.startswith(start))
        if members:
            yield f"{start}xx {about}", members


def why_kept(rule: Rule) -> str:
    """Why its findings cannot be ignored; "" where they can."""
    if rule.id in OF_COMMANDS:
        return "a command that finds it ends there"
    return "nothing is compiled where it is an error" if rule.blocking else ""
