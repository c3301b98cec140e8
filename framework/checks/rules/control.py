"""Conditions and loops: what they decide by, and what is known there."""

from __future__ import annotations

from framework.findings import Rule

RULES = (
    Rule(
        "SMP307",
        "Condition that cannot be decided",
        "A condition does not follow the notation, has a type or a member that conditions do not have or lacks one that they need, "
        "or compares what cannot be compared: values of different kinds, or truth values by their order. The pipeline could not "
        "tell which branch to take.",
        'Write it as "${steps.evaluate.report.f1} >= 0.8", texts in quotes as in "${parameters.Kind} == \'a\'"; or in the form of '
        "the definition, with all members of its type.",
        source="SageMaker developer guide, page build-and-manage-steps-types (Condition step); SageMaker Python SDK, conditions",
        blocking=True,
    ),
    Rule(
        "SMP308",
        "Loop or expression without a value",
        'An expression has no value where it stands: "${item}" outside of a loop, "${iteration.STEP.NAME}" outside of the selector '
        "of one, what a step tells in a setting of the pipeline, which is read before any step runs. Or a loop cannot go over its "
        "items or select among them: they are not the text of a JSON list, one stands there twice, so that two iterations would "
        'put out to one place, "item_key" names a part that they do not have, or the selector looks at nothing that a step of the '
        "loop tells.",
        "Put the step into the loop, or use a value that is known there, such as a parameter; give the loop items that differ, and "
        'its selector "${iteration.STEP.outputs.NAME}" of one of its steps.',
        source="SageMaker Python SDK, ForEachStep and ForEachSelector",
        blocking=True,
    ),
)
