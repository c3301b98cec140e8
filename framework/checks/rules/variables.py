"""Environment variables in the configuration: rules found broken while they are put in."""

from __future__ import annotations

from framework.findings import WARNING, Rule

RULES = (
    Rule(
        "SMP109",
        "Environment variable not set",
        "A value names an environment variable that is not set, and gives no default. An optional setting of the framework "
        "configuration (subnets, security groups, KMS key) may stay unset; this one may not.",
        'Export the variable, put it into the file given to --env-file, or write a default: "${NAME:-value}".',
        blocking=True,
    ),
    Rule(
        "SMP110",
        "Variable or expression that cannot be read",
        "What stands between ${ and } is no name of a variable and no expression, or a line of the env file sets no variable. "
        "Nothing in a configuration is evaluated, so only these two have a meaning there.",
        'Write "${NAME}", "${NAME:-default}" or an expression such as "${parameters.Name}"; "$${" is a plain "${".',
        blocking=True,
    ),
    Rule(
        "SMP115",
        "Name of a variable inside a word",
        "A name that begins with SMP_ stands inside a longer word, where it is not replaced: only a whole part of a value is.",
        'Write "${SMP_NAME}" where the variable is meant.',
        WARNING,
    ),
)
