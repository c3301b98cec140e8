"""SMP407: a reference whose value is of another kind than what stands there; also what a parameter may be, against the API."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from framework.checks.paths import step_and_path
from framework.checks.properties import ANY, BOOLEAN, FLOAT, INTEGER, LIST, MAPPING, STRING, NoPropertyError, kind_of
from framework.checks.shape_wording import kind, label
from framework.checks.shapes import Checker, Found, Trail, Violation, path_of, walk
from framework.checks.subject import JOIN, Subject
from framework.findings import Rule

KINDS = "SMP407"
RULES = (
    Rule(
        KINDS,
        "Reference of the wrong kind",
        "The API takes a value of one kind in this place, and the parameter, property or text that stands for it is of another: a "
        "Float for a number of instances, a text for a list. The service finds out when the step starts.",
        "Refer to something of the kind that is wanted, or change the type of the parameter. Numbers and truth values may stand "
        "where a text is wanted.",
        source="botocore, the input shape of the step's operation; developer guide, build-and-manage-properties",
    ),
)

_FITS = {
    "string": {STRING, INTEGER, FLOAT, BOOLEAN},
    "timestamp": {STRING},
    "integer": {INTEGER},
    "long": {INTEGER},
    "float": {INTEGER, FLOAT},
    "double": {INTEGER, FLOAT},
    "boolean": {BOOLEAN},
    "list": {LIST},
    "map": {MAPPING},
    "structure": {MAPPING},
}
_WORDS = {STRING: "a text", INTEGER: "a whole number", FLOAT: "a number with decimals", BOOLEAN: "true or false", LIST: "a list"}
_PARAMETER = re.compile(r"Parameters\.(.+)\Z", re.DOTALL)


def violations(subject: Subject, found: Found) -> Iterator[Violation]:
    """What is wrong with the references that a walk over the Arguments met."""
    checked: dict[tuple[str, str], Checker] = {}
    for checker, reference, trail in found.references:
        given = _kind(subject, reference)
        legal = _FITS.get(checker.shape["type"])
        name = _parameter(reference)
        if legal is None or given == ANY:
            continue
        if given not in legal:
            yield _misfit(checker, reference, given, trail)
        elif name in subject.parameters:
            checked.setdefault((name, checker.name), checker)
    yield from _values(subject, checked)


def _kind(subject: Subject, reference: Mapping[str, Any]) -> str:
    """Of which kind the value of a reference is, as far as that is known."""
    if JOIN in reference:
        return STRING
    target = reference.get("Get")
    if not isinstance(target, str):
        return ANY
    parameter = subject.parameters.get(_parameter(reference))
    if parameter is not None:
        stated = parameter[1].get("Type")
        return stated if isinstance(stated, str) and stated in _WORDS else ANY
    if target.startswith("Execution."):
        return STRING
    named = step_and_path(target)
    if named is None or named[0] not in subject.by_name:
        return ANY
    try:
        return kind_of(subject.by_name[named[0]], named[1])
    except NoPropertyError:
        return ANY  # SMP408 says it


def _parameter(reference: Mapping[str, Any]) -> str:
    match = _PARAMETER.match(str(reference.get("Get")))
    return match[1] if match else ""


def _misfit(checker: Checker, reference: Mapping[str, Any], given: str, trail: Trail) -> Violation:
    path = path_of(trail)
    source = "a joined text" if JOIN in reference else str(reference["Get"])
    is_what = f", which is {_WORDS.get(given, 'a mapping')}" if JOIN not in reference else ""
    message = f"{label(path)} is {source}{is_what}, but {checker.name} is {kind(checker.shape)}"
    if _parameter(reference):
        wanted = {"integer": INTEGER, "long": INTEGER, "float": FLOAT, "double": FLOAT, "boolean": BOOLEAN}.get(
            checker.shape["type"]
        )
        hint = f"give the parameter the type {wanted}" if wanted else "write it out: a parameter holds one value"
    else:
        hint = f"refer to {kind(checker.shape)}, or write it out"
    return Violation(KINDS, path, message, hint)


def _values(subject: Subject, checked: Mapping[tuple[str, str], Checker]) -> Iterator[Violation]:
    """What the API will refuse of the values that parameters have or may get, wherever they are used."""
    for (name, _), checker in checked.items():
        at, parameter = subject.parameters[name]
        for trail, value in _legal_values(("Parameters", at), parameter):
            found = Found()
            if _comparable(value, checker):
                walk(checker, value, trail, found)
            for violation in found.violations:
                what = "the default" if violation.path[2] == "DefaultValue" else "a choice"
                message = violation.message.replace(label(violation.path), f"{what} of the parameter {name}", 1)
                yield replace(violation, message=message)


def _legal_values(path: tuple[str, int], parameter: Mapping[str, Any]) -> Iterable[tuple[Trail, Any]]:
    trail: Trail = ((None, path[0]), path[1])
    default, choices = parameter.get("DefaultValue"), parameter.get("EnumValues")
    if default is not None and not (isinstance(choices, list) and default in choices):
        yield (trail, "DefaultValue"), default
    for index, choice in enumerate(choices if isinstance(choices, list) else ()):
        yield ((trail, "EnumValues"), index), choice


def _comparable(value: Any, checker: Checker) -> bool:
    """Whether the API would get the value as it is; a number in place of a text becomes one on the way."""
    return isinstance(value, (str, int, float, bool)) and (checker.shape["type"] != "string" or isinstance(value, str))
