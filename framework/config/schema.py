"""The schema of the configuration (schema.json beside this file): how values are brought into its shape, and checked against it.

JSON Schema says what is legal. Some keywords say how the dialect's many spellings become one: `x-aliases` (other names of a key),
`x-split` (a string that is a list), `x-single` (one value that is a list of one), `x-no-effect` (a key that does nothing, and why),
`x-blank` (a key whose empty text says something), and `default`, which is filled in. An expression may stand for any text, number
or truth value, and for a list where `x-expression` says so, unless `x-constant` says that it must be known when compiling.
`x-steps` marks lists of steps, which stand on a step itself, and says what else holds for them there. What stands beside a `$ref`
comes over what it refers to, `properties` one by one.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.resources import files
from typing import Any

from framework.config.certain import Certain, certain
from framework.config.expressions import Expression
from framework.config.scalars import as_number
from framework.config.schema_wording import Schema, described
from framework.config.values import Map, Seq, dotted, place_at
from framework.config.values import Path as ValuePath
from framework.findings import WARNING, Finding, Place

_TRUE = frozenset({"true", "yes", "on"})
_FALSE = frozenset({"false", "no", "off"})
_WHOLE = re.compile(r"[-+]?[0-9]{1,18}")


@cache
def definition(name: str) -> Schema:
    """The schema of `name`, its references replaced by what they stand for.

    Args:
        name: a key of $defs; "" for the whole file; "step:" and the schema of a step class for the steps of that class, which
            take the keys of the class's section beside their own. What those hold is checked with the section.
    """
    document = _document()
    if name.startswith("step:"):
        own, section = definition("step"), definition(name.removeprefix("step:"))
        others = {key: _on_the_step(section["properties"].get(key, {})) for key in [*section["properties"], *_aliases(section)]}
        return {**own, "properties": {**others, **own["properties"]}}
    chosen = document["$defs"][name] if name else {key: value for key, value in document.items() if key != "$defs"}
    return dict(_inlined(chosen, document))


def _on_the_step(prop: Schema) -> Schema:
    """What holds for a key of a section that stands on a step: nothing yet, but for the lists of the steps inside it."""
    return {**prop, **prop["x-steps"]} if "x-steps" in prop else {}


@cache
def _document() -> dict[str, Any]:
    text = files("framework.config").joinpath("schema.json").read_text(encoding="utf-8")
    return dict(json.loads(text))


def _aliases(schema: Schema) -> Mapping[str, str]:
    """Other names of the keys of a mapping, and the names that they stand for."""
    return {alias: name for name, prop in schema.get("properties", {}).items() for alias in prop.get("x-aliases", ())}


def _inlined(schema: Any, document: Schema) -> Any:
    if isinstance(schema, list):
        return [_inlined(item, document) for item in schema]
    if not isinstance(schema, dict):
        return schema
    result = {key: _inlined(value, document) for key, value in schema.items() if key != "$ref"}
    if isinstance(result.get("pattern"), str):  # in Python, "$" also matches before a line break at the end
        result["pattern"] = re.sub(r"\$$", r"\\Z", result["pattern"])
    if "$ref" in schema:
        target = _inlined(document["$defs"][schema["$ref"].rpartition("/")[2]], document)
        properties = {"properties": {**target["properties"], **result.get("properties", {})}} if "properties" in target else {}
        result = {**target, **result, **properties}
    return result


@cache
def same_keys() -> Mapping[str, frozenset[str]]:
    """For each key that has several names: all of them, itself included."""
    groups: dict[str, frozenset[str]] = {}
    for name in _document()["$defs"]:
        for key, prop in _named_properties(definition(name)):
            group = frozenset({key, *prop["x-aliases"]})
            for member in group:
                groups[member] = groups.get(member, frozenset()) | group
    return groups


def _named_properties(schema: Any) -> Iterator[tuple[str, Schema]]:
    if isinstance(schema, dict):
        for key, prop in schema.get("properties", {}).items():
            if isinstance(prop, dict) and "x-aliases" in prop:  # a key may itself be called properties
                yield key, prop
        for value in schema.values():
            yield from _named_properties(value)


class Shaper:
    """Brings a tree into the shape of a schema; what it finds on the way is in `findings`."""

    def __init__(self) -> None:
        self.findings: list[Finding] = []

    def shape(self, value: Any, schema: Schema, path: ValuePath, place: Place, raw: str | None = None) -> Any:
        """`value` with aliases renamed, strings split, scalars converted and defaults filled in; illegal values pass unchanged."""
        if isinstance(value, Map) and "x-single" not in schema:
            return self._mapping(value, schema, path)
        if isinstance(value, str) and "x-split" in schema:
            return _split(value, schema["x-split"], place)
        if "x-single" in schema and value is not None and not isinstance(value, Seq):
            value = _single(value, place, raw)
        if isinstance(value, Seq):
            return self._sequence(value, schema, path)
        return _converted(value, schema, raw)

    def _mapping(self, value: Map, schema: Schema, path: ValuePath) -> Map:
        properties = schema.get("properties", {})
        other = schema.get("additionalProperties")
        aliases = _aliases(schema)
        result = Map(value.place)
        for key in value:
            name = aliases.get(key, key)
            prop = properties.get(name, other if isinstance(other, dict) else {})
            if name != key and not _is_nothing(value.get(name)):
                self._twice(value, key, name, path)
            elif not _is_blank(value[key], prop, name in properties):
                self._entry(result, value, key, name, prop, path)
        for name, prop in properties.items():
            if "default" in prop and name not in result:
                result[name] = prop["default"]
        return result

    def _entry(self, result: Map, value: Map, key: str, name: str, prop: Schema, path: ValuePath) -> None:
        if "x-no-effect" in prop:
            message = f"{dotted((*path, key))} has no effect: {prop['x-no-effect']}"
            self.findings.append(Finding("SMP113", value.key_place_of(key), message, "remove it", WARNING))
            return
        shaped = self.shape(value[key], prop, (*path, name), value.place_of(key), value.raw.get(key))
        raw = None if isinstance(shaped, str) else value.raw.get(key)
        result.put(name, shaped, value.key_place_of(key), value.place_of(key), raw)
        if key in value.replaced:
            result.replaced[name] = value.replaced[key]

    def _twice(self, value: Map, key: str, name: str, path: ValuePath) -> None:
        if not _is_nothing(value[key]) and value[key] != value[name]:
            message = f'"{key}" and "{name}" are two names of one key and have different values in {dotted(path)}'
            self.findings.append(Finding("SMP106", value.key_place_of(key), message, f"keep {name}"))

    def _sequence(self, value: Seq, schema: Schema, path: ValuePath) -> Seq:
        items = schema.get("items", {})
        result = Seq(value.place)
        for index, item in enumerate(value):
            place = value.place_of(index)
            shaped = self.shape(item, items, (*path, index), place, value.raw.get(index))
            result.add(shaped, place, value.raw.get(index))
        return result


def _is_blank(value: Any, prop: Schema, named: bool) -> bool:
    """Whether a key was written with nothing behind it, which is the same as not writing it."""
    return named and _is_nothing(value) and "null" not in prop.get("type", ()) and not (value == "" and "x-blank" in prop)


def _is_nothing(value: Any) -> bool:
    return value is None or value == ""


def _split(value: str, separator: str, place: Place) -> Seq:
    result = Seq(place)
    for part in value.split(separator):
        if part.strip():
            result.add(part.strip(), place)
    return result


def _single(value: Any, place: Place, raw: str | None) -> Seq:
    result = Seq(place)
    result.add(value, place, raw)
    return result


def _converted(value: Any, schema: Schema, raw: str | None) -> Any:
    kind = schema.get("type")
    if kind == "string" and raw is not None and not isinstance(value, (str, Map, Seq)):
        return raw if value is not None else ""
    if kind == "integer" and isinstance(value, float) and value.is_integer():
        return int(value)
    if not isinstance(value, str):
        return value
    if kind == "integer":
        return int(value) if _WHOLE.fullmatch(value.strip()) else value
    if kind == "number":
        return as_number(value)
    if kind == "boolean":
        word = value.strip().lower()
        return True if word in _TRUE else False if word in _FALSE else value
    if "enum" in schema:
        return next((choice for choice in schema["enum"] if str(choice).lower() == value.lower()), value)
    return value


@cache
def _certain(name: str) -> Certain:
    return certain(definition(name))


@cache
def _validator(name: str) -> Any:
    return _validator_class()(definition(name))


@cache
def _validator_class() -> Any:
    """JSON Schema, in which an expression is a value of any type that is not made of others."""
    from jsonschema import Draft202012Validator, ValidationError, validators  # 60 ms: only for commands that read a configuration

    kind, choice = (Draft202012Validator.VALIDATORS[word] for word in ("type", "enum"))

    def typed(validator: Any, limit: Any, instance: Any, schema: Schema) -> Any:
        allowed = isinstance(instance, Expression) and _may_be_expression(limit, schema)
        return () if allowed else kind(validator, limit, instance, schema)

    def chosen(validator: Any, limit: Any, instance: Any, schema: Schema) -> Any:
        return () if isinstance(instance, Expression) else choice(validator, limit, instance, schema)

    def constant(_: Any, wanted: bool, instance: Any, __: Schema) -> Iterator[Any]:
        if wanted and isinstance(instance, Expression):
            yield ValidationError("")

    extend: Any = validators.extend
    return extend(Draft202012Validator, {"type": typed, "enum": chosen, "x-constant": constant})


def _may_be_expression(types: Any, schema: Schema) -> bool:
    """Whether an expression may be a value of one of these types; where only a constant can stand, that is said instead."""
    kinds = {types} if isinstance(types, str) else set(types)
    return bool(kinds - {"array", "object", "null"}) or bool({"x-expression", "x-constant"} & schema.keys())


def check(tree: Any, name: str, path: ValuePath) -> Iterator[Finding]:
    """Findings for all that `tree` (which stands at `path`) has against the schema of `name`."""
    if _certain(name)(tree):
        return
    for error in _validator(name).iter_errors(tree):
        where = (*path, *error.absolute_path)
        yield from described(error, where, place_at(tree, tuple(error.absolute_path)), tree)
