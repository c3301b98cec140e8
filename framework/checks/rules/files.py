"""Which files, options and models make the configuration: rules found broken while they are put together."""

from __future__ import annotations

from framework.findings import Rule

RULES = (
    Rule(
        "SMP107",
        "Two anchor models",
        'More than one file has "sagemakerPipeline". All models of a configuration make one pipeline, and nobody can tell which of '
        "the two is meant.",
        "Keep it in one file. Where a project has two pipelines, name the files of the one that is meant with -c.",
        blocking=True,
    ),
    Rule(
        "SMP108",
        "Several models and no pipeline",
        'Several models are configured, and no file has a "sagemakerPipeline" that makes one pipeline of them. A single model gets '
        "a default pipeline; how several depend on each other, only the configuration can say.",
        'Give one of the files a "sagemakerPipeline" with the models and their dependencies.',
        blocking=True,
    ),
    Rule(
        "SMP111",
        "No configuration",
        "A pattern of model files matches no file, or no configuration is named at all. A pattern is relative to the root, so one "
        "that is right elsewhere may match nothing here; what it should have matched would be missing from the pipeline.",
        'Check the pattern and the folder given to --root. Model files are named with -c or "SMP_MODEL_CONFIGPATH"; quote '
        "patterns, so that the shell does not expand them.",
        blocking=True,
    ),
    Rule(
        "SMP112",
        "Assignment that leads nowhere",
        'What is given to --set is not of the form "a.b=value", or its path goes through a value that is neither a mapping nor a '
        "list, or to an element that a list does not have. It would set nothing.",
        'Write it as "--set models.NAME.train.instance_count=2". Elements of lists are counted from 0.',
        blocking=True,
    ),
    Rule(
        "SMP114",
        "Unknown environment",
        'There is no file in "conf/environments" for the name given to --env. Without it the pipeline would be built with the '
        "values of no environment, or of another one.",
        'Correct the name, or make the file "conf/environments/NAME.yaml".',
        blocking=True,
    ),
)
