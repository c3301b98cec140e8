"""The checks of what was compiled: every problem at once, each traced back to the line of the configuration that caused it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Protocol

from framework.checks.places import innermost, place_of
from framework.checks.rules import (
    definition_graph,
    definition_references,
    definition_steps,
    definition_values,
    limits,
    policy,
    property_paths,
    protection,
    quotas,
    reference_kinds,
    requirements,
    scripts,
    secrets,
    step_settings,
    triggers,
)
from framework.checks.service_model import default_check
from framework.checks.shapes import Violation
from framework.checks.subject import Subject
from framework.findings import Finding
from framework.pipeline.build import Pipeline
from framework.pipeline.compiled import CompiledPipeline

_OF_DEFINITIONS = (
    definition_graph, definition_steps, definition_references, definition_values, property_paths, limits, step_settings, quotas,
    secrets, protection, policy,
)  # fmt: skip
"""The modules of rules that look at what is sent."""

_OF_PIPELINES = (scripts, requirements, triggers)
"""Those that look at the pipeline, and at the files that it is made from."""


class Violated(Protocol):
    """What is wrong at a path of a definition, whoever found it; a `Violation`, or one that was found in the account."""

    @property
    def rule(self) -> str:
        """The rule's id."""

    @property
    def path(self) -> tuple[str | int, ...]:
        """Keys and indices from the root of the definition."""

    @property
    def message(self) -> str:
        """What is wrong and why."""

    @property
    def hint(self) -> str:
        """What to do."""

    @property
    def severity(self) -> str:
        """As that of a finding."""


def check(pipeline: Pipeline, compiled: CompiledPipeline, more: Iterable[Violated] = ()) -> tuple[Finding, ...]:
    """Findings about what `pipeline` compiled to, those made on the way to it and `more` violations included."""
    config = pipeline.config
    subject = Subject(compiled, config.network, config.checks.policy)
    traced = (_finding(violation, pipeline, compiled) for violation in (*violations(subject), *more))
    return (*pipeline.findings, *traced, *(finding for module in _OF_PIPELINES for finding in module.findings(pipeline)))


def check_definition(compiled: CompiledPipeline) -> list[Violation]:
    """What is wrong with a definition, whoever made it, as far as it alone tells.

    Raises:
        BackendError: botocore, whose model of the API is read, is missing or damaged.
    """
    return violations(Subject(compiled))


def violations(subject: Subject) -> list[Violation]:
    """What is wrong with what is sent, in the order of the rules."""
    found = default_check().look(subject.steps)
    special = [violation for module in _OF_DEFINITIONS for violation in module.violations(subject)]
    general = [*found.violations, *reference_kinds.violations(subject, found)]
    return [*_without(general, special), *special]


def _without(general: Sequence[Violation], special: Sequence[Violation]) -> Iterator[Violation]:
    """What a rule of its own says better is not said of the shape, too."""
    said = {violation.path for violation in special if violation.rule in {limits.INPUTS}}
    return (violation for violation in general if violation.path not in said)


def _finding(violation: Violated, pipeline: Pipeline, compiled: CompiledPipeline) -> Finding:
    lacks = violation.lacks if isinstance(violation, Violation) else ""
    place = place_of(violation.path, compiled.definition, pipeline, lacks)
    name, _ = innermost(violation.path, compiled.definition, pipeline.steps)
    said = not name or violation.message.startswith((f"{name} ", f"{name}: "))
    message = violation.message if said else f"{name}: {violation.message}"
    return Finding(violation.rule, place, message, violation.hint, violation.severity)
