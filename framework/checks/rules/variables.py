"""Environment variables in the configuration: rules found broken while they are put in."""

from __future__ import annotations

from framework.findings import WARNING, Rule

RULES = (
    Rule(
        "SMP109",
        "Environment variable not set",
        "A value names an environment variable that is not set, or is set to nothing, and gives no default; or a setting that no "
        'file makes, such as the role, would be taken from a variable that is not set. What may be left out ("subnets", '
        '"security_groups_id", "kms_key") may name one that is not set; everything else would be built with a gap.',
        'Export the variable, put it into the file given to --env-file, or write a default: "${NAME:-value}".',
        blocking=True,
    ),
    Rule(
        "SMP110",
        "Variable or expression that cannot be read",
        'What stands between "${" and "}" is neither the name of a variable nor an expression, the brace is not closed, or an '
        "expression stands where none can (in a key, or that of a matrix outside of its unit); or a line of the file given to "
        "--env-file sets no variable. Nothing in a configuration is evaluated, so nothing else has a meaning there.",
        'Write "${NAME}", "${NAME:-default}" or an expression such as "${parameters.Name}"; "$${" is a plain "${". In the file '
        "given to --env-file, write \"export NAME='value'\".",
        blocking=True,
    ),
    Rule(
        "SMP115",
        "Name of a variable that is no whole part of a value",
        'A name that begins with "SMP_" stands in a value and is not replaced: without braces, only a whole part of a value is, '
        'between slashes in "s3://" values, between dots elsewhere. The value is sent to SageMaker with the name in it.',
        'Write "${SMP_NAME}" where the variable is meant.',
        WARNING,
    ),
)
