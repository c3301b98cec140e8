"""Whether a value certainly fits a schema, told much faster than a validator does: a schema in, a function of values out.

Nearly every section of a configuration is right. Where this says no, the validator says what is wrong, or that nothing is: for what
is not known here, expressions and keywords, the answer is no.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sized
from typing import Any

from framework.config.expressions import Expression

Certain = Callable[[Any], bool]

_KINDS: Mapping[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "array": (list,),
    "object": (dict,),
    "null": (type(None),),
}
_SAY_NOTHING = frozenset({"$schema", "default", "description", "title"})
_OF_TEXTS = frozenset({"pattern", "minLength", "maxLength"})
_OF_NUMBERS = frozenset({"minimum", "maximum", "exclusiveMinimum"})
_OF_LISTS = frozenset({"items", "minItems", "maxItems"})
_OF_MAPPINGS = frozenset({"properties", "additionalProperties", "required", "propertyNames", "minProperties", "maxProperties"})
_KNOWN = {"type", "enum", *_OF_TEXTS, *_OF_NUMBERS, *_OF_LISTS, *_OF_MAPPINGS, *_SAY_NOTHING}


def certain(schema: Mapping[str, Any]) -> Certain:
    """A function that says whether a value certainly fits the schema, whose references are replaced by what they stand for."""
    if any(word not in _KNOWN and not word.startswith("x-") for word in schema):
        return lambda value: False
    tests = [*_kind(schema), *_text(schema), *_number(schema), *_list(schema), *_mapping(schema)]
    return lambda value: not isinstance(value, Expression) and all(test(value) for test in tests)


def _kind(schema: Mapping[str, Any]) -> list[Certain]:
    tests: list[Certain] = []
    if "type" in schema:
        names = [schema["type"]] if isinstance(schema["type"], str) else schema["type"]
        kinds = tuple(kind for name in names for kind in _KINDS[name])
        truth = "boolean" in names
        tests.append(lambda value: isinstance(value, kinds) and (truth or not isinstance(value, bool)))
    if "enum" in schema:
        legal = [choice for choice in schema["enum"] if isinstance(choice, str)]
        tests.append(lambda value: isinstance(value, str) and value in legal)
    return tests


def _text(schema: Mapping[str, Any]) -> list[Certain]:
    tests: list[Certain] = []
    if "pattern" in schema:
        pattern = re.compile(schema["pattern"])
        tests.append(lambda value: not isinstance(value, str) or pattern.search(value) is not None)
    return tests + _sizes(schema, "Length", str)


def _number(schema: Mapping[str, Any]) -> list[Certain]:
    if _OF_NUMBERS.isdisjoint(schema):
        return []
    low, high, above = (schema.get(word) for word in ("minimum", "maximum", "exclusiveMinimum"))
    return [
        lambda value: (
            not isinstance(value, (int, float))
            or ((low is None or value >= low) and (high is None or value <= high) and (above is None or value > above))
        )
    ]


def _list(schema: Mapping[str, Any]) -> list[Certain]:
    tests = _sizes(schema, "Items", list)
    if "items" in schema:
        item = certain(schema["items"])
        tests.append(lambda value: not isinstance(value, list) or all(item(each) for each in value))
    return tests


def _mapping(schema: Mapping[str, Any]) -> list[Certain]:
    tests = _sizes(schema, "Properties", dict)
    if "propertyNames" in schema:
        name = certain(schema["propertyNames"])
        tests.append(lambda value: not isinstance(value, dict) or all(name(key) for key in value))
    if "required" in schema:
        required = frozenset(schema["required"])
        tests.append(lambda value: not isinstance(value, dict) or required <= value.keys())
    if "properties" in schema or "additionalProperties" in schema:
        tests.append(_members(schema))
    return tests


def _members(schema: Mapping[str, Any]) -> Certain:
    members = {key: certain(member) for key, member in schema.get("properties", {}).items()}
    given = schema.get("additionalProperties", True)
    other: Certain = certain(given) if isinstance(given, dict) else lambda value: bool(given)
    return lambda value: not isinstance(value, dict) or all(members.get(key, other)(each) for key, each in value.items())


def _sizes(schema: Mapping[str, Any], what: str, kind: type[Sized]) -> list[Certain]:
    low, high = schema.get(f"min{what}", 0), schema.get(f"max{what}")
    if not low and high is None:
        return []
    return [lambda value: not isinstance(value, kind) or (low <= len(value) and (high is None or len(value) <= high))]
