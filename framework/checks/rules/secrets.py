"""SMP601 to SMP603: secrets in what is sent. Their values are never part of a message."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

from framework.checks.shape_wording import label
from framework.checks.shapes import Violation, path_of
from framework.checks.subject import JOIN, PlacedStep, Subject, Text
from framework.findings import ERROR, WARNING, Rule
from framework.pipeline.secrets import credential_in, decoded, flagged, gives_secret, looks_random
from framework.pipeline.step_graph import INNER_STEPS

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
        "URL with a password. " + _WHY,
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
_POINTERS = re.compile(
    r"arn:|s3://|/|ssm:|secretsmanager:|vault:|env:|file:|projects/|\{\{resolve:|[<\[{$%]|alias/|https?://[^@\s]*\Z"
    r"|(?:[a-z0-9_.-]+/)+[a-z0-9_.-]+\Z|[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+\Z"
    r"|(?i:true|false|none|null|yes|no|on|off|enabled|disabled|required|optional|default)\Z"
)
"""What values look like that say where a secret is (prod/churn/password, DB_PASSWORD), or that none is meant."""

_KEY_ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_PHRASES = re.compile(r"pass|pwd|conn|dsn|credential|authorization", re.IGNORECASE)
"""In the names of secrets that may hold blanks."""

_HINT = "keep it in Secrets Manager, and let the script read it by its name"
_RANKS = {CREDENTIAL: 0, NAMED: 1, RANDOM: 2}

Path = tuple[str | int, ...]


def violations(subject: Subject) -> Iterator[Violation]:
    """The texts that are secrets by their form, by their names, or by their looks; each is named once."""
    found: dict[Path, Violation] = {}
    for violation in _all(subject):
        known = found.setdefault(violation.path, violation)
        if _RANKS[violation.rule] < _RANKS[known.rule]:
            found[violation.path] = violation
    yield from found.values()


def _all(subject: Subject) -> Iterator[Violation]:
    for text in subject.texts:
        yield from _text(text)
    for step in subject.steps:
        yield from _flags(step)
    for name, (at, parameter) in subject.parameters.items():
        yield from _default(name, at, parameter)


def _text(text: Text) -> Iterator[Violation]:
    what = _credential(text.value)
    if what:
        path = path_of(text.trail)
        yield _violation(CREDENTIAL, path, f"{label(_whole(path))} holds {what}")
        return
    keys = _keys(text)
    for name, value in _named(keys[-1], text.value) if keys else ():
        if is_given(name, value) and name not in _FOR_PROGRAMS and JOIN not in text.keys:
            path = path_of(text.trail)
            said = name if name == keys[-1] else f'{label(path)} holds "{name}", which'
            yield _violation(NAMED, path, f"{said} is called like a secret, and its value stands in the definition")
        elif looks_random(value) and not _POINTERS.match(value):
            path = path_of(text.trail)
            yield _violation(RANDOM, path, f"{label(_whole(path))} looks like a key or a token")


def _whole(path: Path) -> Path:
    """The path of a text or, of a part of a joined one, that of the whole."""
    return path[: path.index(JOIN)] if JOIN in path else path


@lru_cache(maxsize=16_384)  # most texts stand in many steps
def _credential(text: str) -> str:
    """What kind of credential a text, or what it is the base64 of, holds."""
    return credential_in(text) or credential_in(decoded(text))


def _keys(text: Text) -> list[str]:
    """The keys of a text in its step's Arguments, if it stands where programs get it; none otherwise."""
    inside = text.keys
    keys = [part for part in inside[1:] if isinstance(part, str) and part not in {"Values", JOIN}]
    if not keys or inside[0] != "Arguments" or not (text.owner.type in _ASKED or _FOR_PROGRAMS.intersection(keys)):
        return []
    if keys[-1] == "Value":
        above = text.above(1)
        keys[-1] = str(above.get("Key", "Value")) if isinstance(above, Mapping) else "Value"
    return keys


_ASKED = {"Lambda", "Callback"}
"""Step types whose Arguments are a program's input."""


def _named(name: str, value: str) -> Iterator[tuple[str, str]]:
    """A text under its name, and the texts inside it under theirs, where it is a mapping in JSON as hyperparameters are."""
    try:
        held = json.loads(value) if value.startswith(("{", '"')) else value
    except (ValueError, RecursionError):
        held = value
    todo = [(name, held)]
    while todo:
        name, held = todo.pop()
        if isinstance(held, str):
            yield name, held
        elif isinstance(held, Mapping):
            todo += list(held.items())


def is_given(name: str, value: str) -> bool:
    """Whether what is called so is a secret, and the value is that, not its name or place."""
    if not gives_secret(name) or len(value) < _SHORTEST or _POINTERS.match(value):
        return False
    if re.search(r"\s", value) and not _PHRASES.search(name):
        return False
    return not value.replace(".", "").replace("-", "").isdigit() and not ("ncryption" in name and _KEY_ID.fullmatch(value))


_SHORTEST = 6


def _flags(step: PlacedStep) -> Iterator[Violation]:
    """Secrets behind a flag of a command line: `--token x`, `--token=x`."""
    todo: list[tuple[Any, Path]] = [(step.arguments, ("Arguments",))]
    while todo:
        value, keys = todo.pop()
        if isinstance(value, Mapping):
            todo += [(item, (*keys, key)) for key, item in value.items() if isinstance(item, (dict, list)) and key not in _BRANCHES]
        elif isinstance(value, list) and keys[-1] in _ARGUMENTS:
            for at, flag, word in flagged(value):
                if is_given(flag, word):
                    path = (*path_of(step.trail), *keys, at)
                    yield _violation(NAMED, path, f"{label(path)} is a secret by the flag it follows")
        elif isinstance(value, list):
            todo += [(item, (*keys, at)) for at, item in enumerate(value) if isinstance(item, dict)]


_BRANCHES = frozenset(key for keys in INNER_STEPS.values() for key in keys)


def _default(name: str, at: int, parameter: Mapping[str, Any]) -> Iterator[Violation]:
    value = parameter.get("DefaultValue")
    if not isinstance(value, str):
        return
    path, default = ("Parameters", at, "DefaultValue"), f"the default of the parameter {name}"
    what = _credential(value)
    if what:
        yield _violation(CREDENTIAL, path, f"{default} holds {what}")
    elif is_given(name, value):
        yield _violation(NAMED, path, f"{default}, which is called like a secret, stands in the definition")
    elif looks_random(value) and not _POINTERS.match(value):
        yield _violation(RANDOM, path, f"{default} looks like a key or a token")


def _violation(rule: str, path: Path, message: str) -> Violation:
    return Violation(rule, path, message, _HINT, ERROR if rule == CREDENTIAL else WARNING)
