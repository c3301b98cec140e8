"""What a live check finds, and the words that all of them share."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from framework.deploy.live.questions import Path, Use
from framework.findings import ERROR

UNANSWERED = "SMP900"


@dataclass(frozen=True, slots=True)
class LiveViolation:
    """What is wrong in the account; where it was written in the configuration is not known here.

    Attributes:
        rule: the rule's id.
        path: the keys and indices that lead to the value in the definition; () for the pipeline as a whole.
        message, hint, severity: as those of a `Finding`; the message does not name the step.
    """

    rule: str
    path: Path
    message: str
    hint: str = ""
    severity: str = ERROR


def sorted_violations(violations: Iterable[LiveViolation]) -> tuple[LiveViolation, ...]:
    """The violations in the order of their paths, each once; those of the pipeline as a whole come first."""
    return tuple(sorted(set(violations), key=lambda each: (_position(each.path), each.rule, each.message)))


def more(uses: Sequence[Use], one: str = "uses it", several: str = "use it") -> str:
    """The end of a message that is about the first use: how many steps besides it do the same; "" when none does."""
    others = len({use.step for use in uses} - {uses[0].step, ()})
    if not others:
        return ""
    besides, too = (" more", "") if uses[0].step else ("", " too")
    return f"; {others}{besides} {f'step {one}' if others == 1 else f'steps {several}'}{too}"


def _position(path: Path) -> tuple[tuple[int, int, str], ...]:
    return tuple((0, part, "") if isinstance(part, int) else (1, 0, part) for part in path)
