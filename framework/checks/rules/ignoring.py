"""SMP125 to SMP127: comments and settings that take findings back, and cannot."""

from __future__ import annotations

from framework.findings import WARNING, Rule

RULES = (
    Rule(
        "SMP125",
        "Ignore comment without effect",
        "A comment that is to take findings back names no rule or gives no reason; or it, or a severity in the configuration, is "
        "for an error that nothing can be compiled with. The reason is for whoever reads the line next year.",
        'Write "# smp: ignore SMP512 because …"; correct what cannot be ignored.',
    ),
    Rule(
        "SMP126",
        "Needless ignore comment",
        "A comment takes findings back that are not there. It would hide the next one.",
        "Remove the comment.",
        WARNING,
    ),
    Rule(
        "SMP127",
        "Rule that does not exist",
        "A comment, or conf.checks.severity, names a rule that does not exist, so it changes nothing.",
        "Look the rule up with smp rules.",
    ),
)
