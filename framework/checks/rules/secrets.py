"""SMP601 to SMP603: secrets in what is sent. Their values are never part of a message."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from framework.checks.shape_wording import label
from framework.checks.shapes import Violation, path_of
from framework.checks.subject import PlacedStep, Subject, Text
from framework.findings import WARNING, Rule
from framework.pipeline.secrets import credential_in, flagged, gives_secret, looks_random

NAMED, CREDENTIAL, RANDOM = "SMP601", "SMP602", "SMP603"
_WHY = "Whoever may call DescribePipeline, or look at a job, reads it there."
_CURE = (
    "Keep the secret in Secrets Manager or Parameter Store, hand its name over, and let the script read it with the role of the "
    "job. A secret that was committed or deployed must be changed."
)
RULES = (
    Rule(
        NAMED,
        "Secret by its name",
        "A variable, hyperparameter, argument or parameter is called like a secret, and its value stands in the definition. "
        + _WHY,
        _CURE,
        WARNING,
        source="developer guide, build-and-manage-pipeline",
    ),
    Rule(
        CREDENTIAL,
        "Credential by its form",
        "A text in the definition has the form of a credential: an AWS access key, a private key, a token of a known service, a "
        "URL with "
        "a password. " + _WHY,
        _CURE,
        source="developer guide, build-and-manage-pipeline",
    ),
    Rule(
        RANDOM,
        "Value that looks like a key",
        "A value that programs get is one long word without a pattern, as keys and tokens are. " + _WHY,
        _CURE + " Where it is no secret, ignore the rule in its line.",
        WARNING,
        source="detect-secrets takes the same limit of entropy for base64",
    ),
)

_FOR_PROGRAMS = frozenset({
    "Environment", "HyperParameters", "StaticHyperParameters", "ContainerArguments", "ContainerEntrypoint", "Args", "Properties",
    "entryPointArguments", "sparkSubmitParameters",
})  # fmt: skip
_ARGUMENTS = frozenset({"ContainerArguments", "ContainerEntrypoint", "Args", "entryPointArguments"})
_POINTERS = ("arn:", "s3://", "/", "ssm:", "{{resolve:", "<", "[", "alias/")
"""What values begin with that say where a secret is, or that none is meant."""

_HINT = "keep it in Secrets Manager, and let the script read it by its name"


def violations(subject: Subject) -> Iterator[Violation]:
    """The texts that are secrets by their names, by their form, or by their looks."""
    credential = cache(credential_in)  # most texts stand in many steps
    for text in subject.texts:
        yield from _text(text, credential(text.value))
    for step in subject.steps:
        yield from _flags(step)
    for name, (at, parameter) in subject.parameters.items():
        yield from _default(name, at, parameter)


def _text(text: Text, what: str) -> Iterator[Violation]:
    if what:
        yield _violation(CREDENTIAL, path_of(text.trail), f"holds {what}")
        return
    value = _bare(text.value)
    keys = _keys(text) if _may_be_secret(value) else ()
    if not keys:
        return
    path = path_of(text.trail)
    if gives_secret(keys[-1]) and keys[-1] not in _FOR_PROGRAMS:
        yield _violation(NAMED, path, "is called like a secret, and its value stands in the definition")
    elif looks_random(value):
        yield _violation(RANDOM, path, "looks like a key or a token")


def _keys(text: Text) -> list[str]:
    """The keys of a text, if it stands where programs get it; none otherwise."""
    keys: list[str] = []
    trail = text.trail
    for_program = text.owner.type in {"Lambda", "Callback"}
    while trail is not None and trail is not text.owner.trail:
        trail, key = trail
        if isinstance(key, str):
            keys.append(key)
            for_program |= key in _FOR_PROGRAMS
    named = [key for key in keys if key not in {"Values", "Std:Join", "Arguments"}]
    return named[::-1] if for_program else []


def _bare(text: str) -> str:
    """A value without the quotes that hyperparameters in JSON have."""
    return text[1:-1] if len(text) > 1 and text[0] == text[-1] == '"' else text


def _may_be_secret(value: str) -> bool:
    return len(value) >= 6 and not value.startswith(_POINTERS) and not value.replace(".", "").replace("-", "").isdigit()


def _flags(step: PlacedStep) -> Iterator[Violation]:
    """Secrets behind a flag of a command line: `--token x`, `--token=x`."""
    todo: list[tuple[Any, tuple[str | int, ...]]] = [(step.arguments, ("Arguments",))]
    while todo:
        value, keys = todo.pop()
        if isinstance(value, Mapping):
            todo += [(item, (*keys, key)) for key, item in value.items() if isinstance(item, (dict, list)) and key not in _BRANCHES]
        elif isinstance(value, list) and keys[-1] in _ARGUMENTS:
            for at in flagged(value):
                yield _violation(NAMED, (*path_of(step.trail), *keys, at), "is a secret by the flag it follows")
        elif isinstance(value, list):
            todo += [(item, (*keys, at)) for at, item in enumerate(value) if isinstance(item, dict)]


_BRANCHES = frozenset({"IfSteps", "ElseSteps", "ForEachBody"})


def _default(name: str, at: int, parameter: Mapping[str, Any]) -> Iterator[Violation]:
    value = parameter.get("DefaultValue")
    if not isinstance(value, str):
        return
    path, what = ("Parameters", at, "DefaultValue"), credential_in(value)
    if what:
        yield _violation(CREDENTIAL, path, f"the default of the parameter {name} holds {what}")
    elif gives_secret(name) and _may_be_secret(value):
        yield _violation(
            NAMED, path, f"the default of the parameter {name}, which is called like a secret, stands in the definition"
        )
    elif looks_random(value) and _may_be_secret(value):
        yield _violation(RANDOM, path, f"the default of the parameter {name} looks like a key or a token")


def _violation(rule: str, path: tuple[str | int, ...], what: str) -> Violation:
    severity = {} if rule == CREDENTIAL else {"severity": WARNING}
    message = what if path[:1] == ("Parameters",) else f"{label(path)} {what}"
    return Violation(rule, path, message, _HINT, **severity)
