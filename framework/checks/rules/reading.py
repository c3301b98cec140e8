"""Files as text: rules found broken before anything is known of what they say."""

from __future__ import annotations

from framework.findings import Rule

RULES = (
    Rule(
        "SMP100",
        "File that cannot be read",
        "A configuration file, or the file given to --env-file or --parameters, does not exist, cannot be opened, is not UTF-8 "
        "text or has more than 10 MB. Nothing is known of what it sets, so nothing can be built on it.",
        "Check the path and its permissions, save the file as UTF-8, or split it: one file for each model.",
        blocking=True,
    ),
    Rule(
        "SMP101",
        "Text that is no plain YAML or JSON",
        "A file is not valid YAML or JSON, is empty, holds no mapping or more than one document, or goes beyond plain data: it has "
        "tags, keys that are no line of text, anchors that are not defined or contain themselves, more than 100 levels or more "
        "than a million values. Nothing in a configuration is evaluated, and no file may exhaust the machine that reads it. It is "
        "also said of a value given to --set, and of a file given to --definition that holds no pipeline definition.",
        "Correct the line that is named. Most often an indentation is wrong, or a value with a colon or a special character at its "
        "beginning needs quotes.",
        blocking=True,
    ),
    Rule(
        "SMP102",
        "Key that stands twice",
        'A mapping has one key twice, or an older file has a model both under "models" and under "models.modelContainer". Parsers '
        "silently take one of the two, so what the other one says would be lost.",
        "Keep one of them.",
        blocking=True,
    ),
)
