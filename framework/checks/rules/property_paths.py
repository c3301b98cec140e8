"""SMP408: a property that no step of that type tells."""

from __future__ import annotations

from collections.abc import Iterator

from framework.checks.paths import step_and_path
from framework.checks.properties import NoPropertyError, kind_of
from framework.checks.shapes import Violation, path_of
from framework.checks.subject import Subject
from framework.findings import Rule

PROPERTY = "SMP408"
RULES = (
    Rule(
        PROPERTY,
        "Property that does not exist",
        "A reference to another step names a property that a step of its type does not tell: a member that the Describe call of "
        "its job does not answer, an index beyond the end of a list, a key or a name that the step does not put out.",
        "Name a property that is there. What a step tells is what the Describe call of its job answers (DescribeTrainingJob for a "
        'Training step, and so on). For outputs and reports "${steps.NAME.outputs.CHANNEL}" and "${steps.NAME.report.PATH}" are '
        "shorter.",
        source="botocore, the output shape of the Describe operation; developer guide, build-and-manage-properties",
    ),
)


def violations(subject: Subject) -> Iterator[Violation]:
    """The references to properties that do not exist."""
    for reference in subject.references:
        named = step_and_path(reference.target)
        if reference.is_file or named is None or named[0] not in subject.by_name:
            continue
        name, path = named
        step = subject.by_name[name]
        try:
            kind_of(step, path)
        except NoPropertyError as error:
            message = f"{reference.target} names nothing: {error}"
            yield Violation(PROPERTY, path_of(reference.trail), message, error.hint)
