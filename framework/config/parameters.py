"""The parameters that `sagemakerPipeline.parameters` declares: what each may be, and what it is by default, typed and checked."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from framework.config.model import ParameterConfig
from framework.config.scalars import typed
from framework.config.schema import definition
from framework.config.values import Map, Seq, quoted
from framework.findings import Finding, Place

RULE = "SMP120"
_KINDS: tuple[tuple[type, str], ...] = ((bool, "Boolean"), (int, "Integer"), (float, "Float"), (str, "String"))


def read_parameters(declared: Any) -> tuple[tuple[ParameterConfig, ...], list[Finding]]:
    """The parameters, in the order they are written, and what is wrong with them beyond what their schema says."""
    parameters: list[ParameterConfig] = []
    findings: list[Finding] = []
    for name, values in declared.items() if isinstance(declared, Map) else ():
        if isinstance(values, Map):
            place = declared.key_place_of(name)
            parameter = _parameter(name, values, place, findings)
            parameters.append(parameter)
            findings += _contradictions(parameter, values)
    return tuple(parameters), findings


def _parameter(name: str, values: Map, place: Place, findings: list[Finding]) -> ParameterConfig:
    default = values.get("default")
    kind = values.get("type") or _kind_of(default)
    if not isinstance(kind, str) or kind not in {word for _, word in _KINDS}:
        kind = "String"
        if "type" not in values and default is None and values.keys() <= definition("parameter")["properties"].keys():
            message = f"the parameter {name} needs a type, or a default that shows it"
            findings.append(Finding(RULE, place, message, "set type: String, Integer, Float or Boolean"))
    choices = values["enum"] if isinstance(values.get("enum"), Seq) else Seq()
    return ParameterConfig(
        name=name,
        kind=kind,
        place=place,
        default=_typed(name, "default", default, kind, values.place_of("default"), findings),
        enum=tuple(
            _typed(name, "enum", item, kind, choices.place_of(at), findings)
            for at, item in enumerate(choices)
            if _kind_of(item) is not None
        ),
        minimum=_limit(values.get("minimum")),
        maximum=_limit(values.get("maximum")),
        description=str(values.get("description") or ""),
    )


def _kind_of(value: Any) -> str | None:
    return next((word for kind, word in _KINDS if isinstance(value, kind)), None)


def _typed(name: str, key: str, value: Any, kind: str, place: Place, findings: list[Finding]) -> Any:
    """The value in the parameter's type (environment variables give texts); as it is, after a finding, where it is of another.

    None for what is no single value, which its schema has said, and for an empty text where no text can stand.
    """
    if _kind_of(value) is None or (value == "" and kind != "String"):
        return None
    try:
        return _converted(value, kind)
    except (ValueError, OverflowError):
        shown = quoted(value) if isinstance(value, str) else repr(value) if isinstance(value, (bool, float)) else _whole(value)
        message = f"{key} of the parameter {name} is {shown}, which is not of its type, {kind}"
        findings.append(Finding(RULE, place, message, f"a value of type {kind}"))
        return value


def _converted(value: Any, kind: str) -> Any:
    if isinstance(value, str):
        return typed(kind, value)
    if isinstance(value, bool) == (kind == "Boolean") and kind != "String" and not (kind == "Integer" and isinstance(value, float)):
        return float(value) if kind == "Float" else value
    raise ValueError


def _limit(value: Any) -> float | None:
    """A limit; None for what is no number, which its schema has said."""
    return value if isinstance(value, (int, float)) and not isinstance(value, bool) else None


def _whole(value: int) -> str:
    return str(value) if value.bit_length() <= 200 else "a number of many digits"


def _contradictions(parameter: ParameterConfig, values: Map) -> Iterator[Finding]:
    """What the parameter says of itself that cannot be true together."""
    low, high, default = parameter.minimum, parameter.maximum, parameter.default
    for key in ("minimum", "maximum"):
        if key in values and parameter.kind not in {"Integer", "Float"}:
            message = f"the parameter {parameter.name} is a {parameter.kind}, which has no {key}"
            yield Finding(RULE, values.key_place_of(key), message, "remove it, or make the parameter an Integer or a Float")
            return
    if low is not None and high is not None and low > high:
        message = f"the parameter {parameter.name} can have no value: its minimum is above its maximum"
        yield Finding(RULE, values.place_of("minimum"), message, "swap the two")
    elif default is not None and parameter.enum and default not in parameter.enum:
        message = f"the default of the parameter {parameter.name} is none of its enum"
        yield Finding(RULE, values.place_of("default"), message, "one of " + ", ".join(map(str, parameter.enum)))
    elif isinstance(default, (int, float)) and _outside(default, low, high):
        message = f"the default of the parameter {parameter.name} is {default}, outside {_bounds(low, high)}"
        yield Finding(RULE, values.place_of("default"), message, "a value within its limits")


def _outside(value: float, low: float | None, high: float | None) -> bool:
    return (low is not None and value < low) or (high is not None and value > high)


def _bounds(low: float | None, high: float | None) -> str:
    parts = [*([f"at least {low}"] if low is not None else []), *([f"at most {high}"] if high is not None else [])]
    return f"its limits ({', '.join(parts)})"
