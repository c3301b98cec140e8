"""Pipeline parameters: the strings given for an execution become typed values, or findings (rule SMP303)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from framework.config.scalars import typed as typed  # local reads results with it
from framework.findings import Finding, FindingsError, Place, nearest
from framework.pipeline.compiled import Definition, ParameterRule
from framework.pipeline.secrets import HIDDEN, is_secret

RULE = "SMP303"
PLACE = Place("parameters")
TYPES: Mapping[str, tuple[type, ...]] = {"String": (str,), "Integer": (int,), "Float": (int, float), "Boolean": (bool,)}
LONGEST_VALUE = 1024
"""Of Parameter.Value in the API."""


def resolve_parameters(definition: Definition, given: Mapping[str, str], rules: Iterable[ParameterRule] = ()) -> dict[str, Any]:
    """The value of every parameter of the definition.

    Args:
        definition: has the parameters' types, defaults and legal values.
        given: what the execution is started with, as strings.
        rules: what the configuration says of them beyond that.

    Raises:
        FindingsError: names that are unknown, values that are missing, of another type or not allowed; all at once.
    """
    findings = list(_misshapen(definition.get("Parameters") or []))
    if findings:
        raise FindingsError(findings)
    declared = {parameter["Name"]: parameter for parameter in definition.get("Parameters") or []}
    found = {name: _value(parameter, given) for name, parameter in declared.items()}
    findings = [*_unknown(declared, given), *(value for value in found.values() if isinstance(value, Finding))]
    findings += [finding for rule in rules for finding in _broken(rule, found.get(rule.name))]
    if findings:
        raise FindingsError(findings)
    return found


def _misshapen(parameters: Any) -> Iterator[Finding]:
    """What declarations that anybody may have written are not made of."""
    if not isinstance(parameters, list):
        yield Finding(RULE, PLACE, "Parameters is not a list", "make it one")
        return
    for number, parameter in enumerate(parameters):
        if not isinstance(parameter, Mapping) or not isinstance(parameter.get("Name"), str):
            yield Finding(RULE, PLACE, f"the parameter at place {number} is not an object with a Name", "make it one")
            continue
        legal = parameter.get("EnumValues")
        values = [parameter.get("Type"), parameter.get("DefaultValue"), *(legal if isinstance(legal, list) else ())]
        if legal is not None and not isinstance(legal, list):
            yield Finding(RULE, PLACE, f"EnumValues of parameter {parameter['Name']} is not a list", "make it one")
        if any(isinstance(value, (Mapping, list)) for value in values):
            message = f"a value of parameter {parameter['Name']} is a list or an object"
            yield Finding(RULE, PLACE, message, "write a text, a number, true or false")


def _unknown(declared: Mapping[str, Any], given: Mapping[str, str]) -> Iterator[Finding]:
    for name in given:
        if name not in declared:
            hint = nearest(name, declared) or "leave -p out: it has none"
            yield Finding(RULE, PLACE, f"the pipeline has no parameter {name}", hint)


def _broken(rule: ParameterRule, value: Any) -> Iterator[Finding]:
    """What a value has against the parameter's limits."""
    if value is None or isinstance(value, Finding):
        return
    said = f"parameter {rule.name} is {_shown(rule.name, value)}"
    if rule.enum and value not in rule.enum:
        yield Finding(RULE, PLACE, f"{said}, which is not allowed", f"one of {', '.join(map(str, rule.enum))}")
    elif rule.minimum is not None and value < rule.minimum:
        yield Finding(RULE, PLACE, f"{said}, below its minimum", f"at least {rule.minimum}")
    elif rule.maximum is not None and value > rule.maximum:
        yield Finding(RULE, PLACE, f"{said}, above its maximum", f"at most {rule.maximum}")


def _value(parameter: Mapping[str, Any], given: Mapping[str, str]) -> Any:
    """The parameter's value, or what is wrong with it."""
    name, kind, legal = parameter["Name"], str(parameter.get("Type", "String")), parameter.get("EnumValues")
    if name not in given and "DefaultValue" not in parameter:
        return Finding(RULE, PLACE, f"parameter {name} has no value and no default", f"{name}=…, a value of type {kind}")
    try:
        value = _given(kind, given[name]) if name in given else _default(kind, parameter["DefaultValue"])
    except ValueError as error:
        reason = f"is {HIDDEN}, which is not of type {kind}" if is_secret(name) else error
        return Finding(RULE, PLACE, f"parameter {name} {reason}", f"a value of type {kind}")
    if legal and value not in legal:
        message = f"parameter {name} is {_shown(name, value)}, which is not allowed"
        return Finding(RULE, PLACE, message, f"one of {', '.join(map(str, legal))}")
    return value


def _shown(name: str, value: Any) -> str:
    return HIDDEN if is_secret(name) else repr(value)


def _given(kind: str, text: str) -> Any:
    if len(text) > LONGEST_VALUE:
        raise ValueError(f"has {len(text)} characters, and at most {LONGEST_VALUE} are allowed")
    return typed(kind, text)


def _default(kind: str, value: Any) -> Any:
    """A default as it stands in the definition, in the type of JSON that goes with its own."""
    fits = kind in TYPES and isinstance(value, TYPES[kind]) and (kind == "Boolean" or not isinstance(value, bool))
    if not fits:
        raise ValueError(f"has the default {value!r}, which is not of type {kind}")
    return value
