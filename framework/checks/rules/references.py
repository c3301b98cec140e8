"""What names refer to inside steps: outputs, reports, inputs, and what a command is asked for."""

from __future__ import annotations

from framework.findings import Rule

RULES = (
    Rule(
        "SMP301",
        "Output, report or input that does not exist",
        'An expression, a chain input, "property_files" or "input_paths" names an output, a channel, a property file or an input '
        "that the step does not have. The definition would refer to what is not there.",
        "Take one of the names that the step has, or declare the output or the property file there.",
        source="SageMaker developer guide, page build-and-manage-steps (step properties)",
        blocking=True,
    ),
    Rule(
        "SMP302",
        "Two of one name in one step",
        "A job has two inputs or channels of one name, a step two property files, or a notebook two files beside it. The service "
        "refuses that, or one would hide the other.",
        'Give each a name of its own: data files by "sourceName", property files by "name", files beside a notebook by renaming '
        "them.",
        blocking=True,
    ),
    Rule(
        "SMP304",
        "Step or value that a command does not find",
        '"smp explain" is asked for a step that the pipeline does not have or for a value that the step does not have, or "smp '
        'logs" or "smp local shell" for a step that the run does not have.',
        'Name it as the pipeline or the run lists it; "smp explain STEP" lists the values of a step.',
    ),
)
