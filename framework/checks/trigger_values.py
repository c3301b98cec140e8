"""What triggers give to the parameters of the pipeline, held against what the parameters take.

In: a trigger and the pipeline. Out: the faults, each with the parameter whose value is wrong, what is wrong and what to do.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from framework.config import triggers as t
from framework.config.expressions import Event, Join
from framework.config.model import ParameterConfig
from framework.config.scalars import typed
from framework.config.values import Map, quoted
from framework.findings import nearest
from framework.pipeline.build import Pipeline
from framework.pipeline.secrets import HIDDEN, is_secret
from framework.pipeline.triggers import start_value

Fault = tuple[str, str, str]
"""The parameter whose value is wrong ("" for one that has none), what is wrong, and a hint."""

ATTRIBUTES: Mapping[str, str] = {
    "schedule-arn": "String", "scheduled-time": "String", "execution-id": "String", "attempt-number": "Integer",
}  # fmt: skip
"""The facts of the Scheduler, and what they are."""

LONGEST = 1024
_ATTRIBUTE = re.compile(r"<aws\.scheduler\.([^<>]*)>")
_OF_RULES = re.compile(r"[a-zA-Z0-9](-*[a-zA-Z0-9])*")
_LISTED = ", ".join(f"<aws.scheduler.{name}>" for name in ATTRIBUTES)


def value_faults(trigger: t.TriggerConfig, pipeline: Pipeline) -> Iterator[Fault]:
    """All that is wrong with the values of a trigger's parameters."""
    declared = {parameter.name: parameter for parameter in pipeline.settings.parameters}
    packages = {
        request.parameter: ParameterConfig(request.parameter, "String", trigger.place) for request in pipeline.model_packages
    }
    known = {**declared, **packages}
    given = trigger.values.get("parameters")
    given = given if isinstance(given, Map) else Map()
    for name in given:
        if name not in known:
            hint = nearest(name, known) or "leave it out: the pipeline has none"
            yield name, f"sets a parameter {name}, which the pipeline does not have", hint
        else:
            yield from ((name, message, hint) for message, hint in _value(trigger.kind, known[name], given))
    for name, parameter in declared.items():
        if parameter.default is None and name not in given:
            hint = f"set it under parameters, or give {name} a default"
            yield "", f"sets no value for the parameter {name}, which has no default", hint


def _value(kind: str, parameter: ParameterConfig, given: Map) -> Iterator[tuple[str, str]]:
    name, value = parameter.name, given[parameter.name]
    sets = f"sets the parameter {name}"
    if kind != t.SCHEDULE and not _OF_RULES.fullmatch(name):
        yield f"{sets}, and EventBridge takes no name with an underscore", "rename the parameter: letters, digits and hyphens"
    if isinstance(value, (Event, Join)):
        yield from _of_event(kind, value, sets)
        return
    text = start_value(given, name)
    attributes = _ATTRIBUTE.findall(text)
    if attributes:
        yield from _of_scheduler(kind, attributes, text, parameter, sets)
    elif kind == t.SCHEDULE or not text.startswith("$."):
        yield from _constant(parameter, text, sets)
    if len(text) > LONGEST:
        yield f"{sets} to a text of {len(text):,} characters", f"at most {LONGEST:,}"
    if kind == t.SCHEDULE and not text:
        yield f"{sets} to nothing, which the Scheduler does not take", "leave it out, and make the empty text its default"


def _of_event(kind: str, value: Event | Join, sets: str) -> Iterator[tuple[str, str]]:
    if kind == t.SCHEDULE:
        yield f"{sets} to a part of an event, and a schedule has none", f"one of {_LISTED}"
    elif isinstance(value, Join):
        hint = "give each part to a parameter of its own, and join them where they are used: s3://${parameters.A}/${parameters.B}"
        yield f"{sets} to a text with a part of the event inside, and EventBridge hands over a part alone", hint


def _of_scheduler(kind: str, attributes: list[str], text: str, parameter: ParameterConfig, sets: str) -> Iterator[tuple[str, str]]:
    unknown = [name for name in attributes if name not in ATTRIBUTES]
    if kind != t.SCHEDULE:
        yield f"{sets} to a fact of the Scheduler, which only schedules have", "take a part of the event: ${event.time}"
    elif unknown:
        hint = nearest(unknown[0], ATTRIBUTES)
        yield (
            f"{sets} to <aws.scheduler.{unknown[0]}>, which there is not",
            f"<aws.scheduler.{hint}>" if hint in ATTRIBUTES else _LISTED,
        )
    elif parameter.kind != "String":
        whole = text == f"<aws.scheduler.{attributes[0]}>"
        if not (whole and ATTRIBUTES[attributes[0]] == "Integer" and parameter.kind in {"Integer", "Float"}):
            yield f"{sets} to a text, and it is of type {parameter.kind}", "make it a String"


def _constant(parameter: ParameterConfig, text: str, sets: str) -> Iterator[tuple[str, str]]:
    shown = HIDDEN if is_secret(parameter.name) else quoted(text)
    try:
        value: Any = typed(parameter.kind, text)
    except ValueError:
        yield f"{sets} to {shown}, which is not of its type, {parameter.kind}", f"a value of type {parameter.kind}"
        return
    if parameter.enum and value not in parameter.enum:
        yield f"{sets} to {shown}, which is not allowed", f"one of {', '.join(map(str, parameter.enum))}"
    elif parameter.minimum is not None and value < parameter.minimum:
        yield f"{sets} to {shown}, below its minimum", f"at least {parameter.minimum}"
    elif parameter.maximum is not None and value > parameter.maximum:
        yield f"{sets} to {shown}, above its maximum", f"at most {parameter.maximum}"
