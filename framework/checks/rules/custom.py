"""Steps that a function of the user makes."""

from __future__ import annotations

from framework.findings import Rule

RULES = (
    Rule(
        "SMP321",
        "Factory that makes no step",
        "The function of a Custom step is not there, cannot be imported, fails, or returns what is no step of the SDK or what no "
        "definition can hold. There is nothing that could stand in the pipeline. It is a warning where the step that it makes has "
        "another name than in the configuration, by which other things made with the SDK do not find it.",
        'Correct the function at the line that is named. It is written as "package.module:function", a module in the root or in '
        '"source_directory", and returns a step such as "ProcessingStep"; "context.step_name" is the name to give it.',
        source="SageMaker Python SDK, steps and their to_request()",
        blocking=True,
    ),
)
