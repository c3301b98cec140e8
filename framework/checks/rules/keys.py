"""Keys and their values, each by itself: rules found broken while the configuration is brought into shape, and steps are built."""

from __future__ import annotations

from framework.findings import Rule

RULES = (
    Rule(
        "SMP103",
        "Unknown key",
        "A mapping has a key that nothing reads, most often a misspelt one. What it was to set would silently keep its default.",
        "Take the name that is suggested, or look the key up in docs/configuration.md. A member of the SageMaker API that has no "
        'key of its own goes below "arguments".',
        blocking=True,
    ),
    Rule(
        "SMP104",
        "Value that is not allowed",
        "A value has another type than its key takes, is none of those that it takes, does not look as such a name, URI, path or "
        "duration must, is too short or too long, or contradicts another value of the step (a retry policy with both limits or "
        "none, a waiting time where no spot instances are used, a range that ends below its beginning). It has no meaning, or one "
        "that SageMaker refuses.",
        "Write a value of the kind that the finding names.",
        blocking=True,
    ),
    Rule(
        "SMP105",
        "Missing key",
        "The configuration, a section or a step lacks a key that it cannot do without, or has one of several that only make sense "
        "together, such as subnets and security groups. There is no default that would be right for everyone.",
        "Add what is named; the finding says what it is for.",
        blocking=True,
    ),
    Rule(
        "SMP106",
        "Two values for one setting",
        "Two files set one key to different values, a mapping gives different values to two names of one key, or it has both "
        '"image" and "image_uri". Which of them counts would depend on the order in which they are read, so neither does.',
        'Keep one of the two. A value that differs between environments goes into "conf/environments/NAME.yaml", or is given with '
        "--set.",
        blocking=True,
    ),
    Rule(
        "SMP119",
        "Expression where a constant is needed",
        "The value says what the definition is made of (a name, a script, a folder, the configuration of an analysis), so it must "
        'be known when the pipeline is compiled. An expression such as "${parameters.Name}" has a value only when the pipeline '
        "runs.",
        "Write the value itself, or take it from an environment variable, which is put in when the pipeline is compiled.",
        blocking=True,
    ),
)
