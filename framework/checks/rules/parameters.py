"""Parameters of the pipeline: what is declared, what an execution is started with, what expressions name."""

from __future__ import annotations

from framework.findings import Rule

_GUIDE = "SageMaker developer guide, page build-and-manage-parameters"

RULES = (
    Rule(
        "SMP120",
        "Parameter that contradicts itself",
        'What "sagemakerPipeline.parameters" says of a parameter cannot be true together: it has neither a type nor a default that '
        "shows it, a default or a value of its enum is of another type, the default is none of the enum or outside the limits, the "
        "minimum is above the maximum, or what is no number has limits. No execution could start with it, or one would start with "
        "a value that is not allowed.",
        "Make type, default, enum and limits agree.",
        source=_GUIDE,
        blocking=True,
    ),
    Rule(
        "SMP303",
        "Start value that a parameter does not take",
        "An execution is to start with a value for a parameter that the pipeline does not have, or with one that is of another "
        "type, is not allowed, lies outside the limits or has more than 1,024 characters; or a parameter without a default gets "
        "none; or the file given to --parameters holds something else than values. SageMaker would refuse to start, or start with "
        "a value that the configuration rules out.",
        "Give every parameter without a default a value of its type, with -p NAME=VALUE or in the file given to --parameters.",
        source=f"{_GUIDE}; API StartPipelineExecution",
    ),
    Rule(
        "SMP305",
        "Parameter that is not declared",
        'An expression names a parameter that "sagemakerPipeline.parameters" does not declare. The definition would refer to a '
        "parameter that it does not have.",
        "Correct the name, or declare the parameter.",
        source=_GUIDE,
        blocking=True,
    ),
)
