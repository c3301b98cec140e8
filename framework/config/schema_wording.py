"""What is said of values that the schema does not take, as findings.

In: errors of the validator. Out: findings in words that people use, with a cure where there is one.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from framework.config.expressions import Expression, Join, written
from framework.config.values import Map, Seq, dotted, place_at, quoted
from framework.config.values import Path as ValuePath
from framework.findings import Finding, Place, nearest

Schema = Mapping[str, Any]

_TYPE_WORDS = {
    "string": "text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "array": "a list",
    "object": "a mapping",
    "null": "empty",
}


def described(error: Any, path: ValuePath, place: Place, tree: Any) -> Iterator[Finding]:
    """The findings for one error of the validator, in a tree; the value that is wrong stands at `path`."""
    name, keyword = dotted(path) or "the file", error.validator
    if keyword == "x-constant":
        yield not_constant(name, error.instance, place)
    elif keyword == "additionalProperties":
        yield from _unknown_keys(error, name)
    elif keyword == "required":
        yield from _missing_keys(error, name, place)
    elif "propertyNames" in error.schema_path:  # the instance is a key, the path that of its mapping
        place = place_at(tree, (*error.absolute_path, error.instance), key=True)
        yield Finding("SMP104", place, f"{name} cannot have the key {_shown(error.instance, path)}", pattern_hint(error.schema))
    else:
        yield Finding("SMP104", place, f"{name} {_complaint(error, path)}", _value_hint(error))


def not_constant(name: str, value: Expression, place: Place) -> Finding:
    """The finding for an expression where only a constant can stand."""
    message = f"{name} must be known when the pipeline is compiled, and {quoted(written(value))} is known only when it runs"
    return Finding("SMP119", place, message, "write the value itself, or take it from an environment variable")


def constants(value: Any, path: ValuePath, place: Place, allowed: tuple[type, ...] = ()) -> Iterator[Finding]:
    """Findings for every expression in a value that must be known when the pipeline is compiled, those `allowed` left out."""
    if isinstance(value, Expression):
        parts = value.values if isinstance(value, Join) else (value,)
        if not all(isinstance(part, (str, *allowed)) for part in parts):
            yield not_constant(dotted(path), value, place)
    elif isinstance(value, Map):
        for key, item in value.items():
            yield from constants(item, (*path, key), value.place_of(key), allowed)
    elif isinstance(value, Seq):
        for index, item in enumerate(value):
            yield from constants(item, (*path, index), value.place_of(index), allowed)


def _unknown_keys(error: Any, name: str) -> Iterator[Finding]:
    properties = error.schema.get("properties", {})
    for key in error.instance:
        if key not in properties:
            place = error.instance.key_place_of(key) if isinstance(error.instance, Map) else Place("")
            yield Finding("SMP103", place, f'unknown key "{key}" in {name}', nearest(key, properties))


def _missing_keys(error: Any, name: str, place: Place) -> Iterator[Finding]:
    properties = error.schema.get("properties", {})
    # A misspelt key is one mistake: it is reported as unknown, with the name it should have, and not as missing as well.
    misspelt = {nearest(key, properties) for key in error.instance if key not in properties}
    for key in error.validator_value:
        if key not in error.instance and key not in misspelt and f"'{key}'" in error.message:
            about = properties.get(key, {}).get("description", "").rstrip(".")
            hint = f"add {key}" + (f" ({_uncapitalised(about)})" if about else "")
            yield Finding("SMP105", place, f"{name} needs {key}", hint)


def _uncapitalised(text: str) -> str:
    return text if text[1:2].isupper() else text[:1].lower() + text[1:]


def _complaint(error: Any, path: ValuePath) -> str:
    keyword, limit = error.validator, error.validator_value
    shown = _shown(error.instance, path)
    if keyword == "type":
        kinds = limit if isinstance(limit, list) else [limit]
        return f"must be {' or '.join(_TYPE_WORDS[kind] for kind in kinds)}, not {shown}"
    if keyword in {"minItems", "minProperties", "minLength"}:
        return f"must have at least {limit} {'character' if keyword == 'minLength' else 'element'}{'s' if limit != 1 else ''}"
    if keyword in {"maxItems", "maxProperties", "maxLength"}:
        return f"must have at most {limit} {'character' if keyword == 'maxLength' else 'element'}{'s' if limit != 1 else ''}"
    if keyword == "minimum":
        return f"must be at least {limit}, not {shown}"
    return f"cannot be {shown}"


def _value_hint(error: Any) -> str:
    if error.validator == "type" and isinstance(error.instance, Expression):
        return "write it out: an expression is one value, and may stand inside for one"
    if error.validator == "enum":
        return nearest(error.instance, map(str, error.validator_value))
    if error.validator == "pattern":
        return pattern_hint(error.schema)
    return ""


_PATTERNS = {
    "^s3://": "an s3:// URI",
    "^SMP[0-9]{3}$": "the id of a rule, such as SMP512",
    "^.+\\.py:[A-Za-z_][A-Za-z0-9_]*$": "the handler as path/file.py:function",
    r"^/opt/ml/processing/(?!.*\.\.)": "a folder below /opt/ml/processing/",
    r"^(?!\.{1,2}$)[^/]+$": "one name, without slashes",
    "^[^/].*\\.py$": "the path of a .py file, relative to source_directory",
    "^[A-Za-z0-9_-]{1,64}$": "letters, digits, hyphens and underscores, at most 64",
    "^[A-Za-z0-9._-]{1,64}$": "letters, digits, dots, hyphens and underscores, at most 64",
    "^[a-zA-Z0-9](-*[a-zA-Z0-9]){0,255}$": "letters, digits and hyphens, at most 256, a letter or digit first and last",
    "^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$": "the bucket's bare name: lower-case letters, digits, dots and hyphens",
    "^[a-z]{2}(-[a-z]+)+-[0-9]+$": "a region like eu-west-1",
    "^[A-Za-z0-9][A-Za-z0-9_-]{0,255}$": "letters, digits, hyphens and underscores, a letter or digit first, at most 256",
    "^arn:aws[a-z-]*:lambda:": "the function's ARN, arn:aws:lambda:REGION:ACCOUNT:function:NAME",
    "^[A-Za-z_][A-Za-z0-9_]*([.][A-Za-z_][A-Za-z0-9_]*)*:[A-Za-z_][A-Za-z0-9_]*$": "the function as package.module:function",
    "^[^/].*\\.ipynb$": "the path of an .ipynb file, relative to source_directory",
    "^[^/]": "a path relative to source_directory",
    "^[-+]?([0-9]+[.]?[0-9]*|[.][0-9]+)([eE][-+]?[0-9]+)?$": "a number",
    "^[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}$": "letters, digits and hyphens, at most 63, a letter or digit first and last",
    "^[A-Za-z0-9_-]+$": "letters, digits, hyphens and underscores",
    "^latest$": "latest, or the number of a version",
    "^https?://": "the queue's URL, https://sqs.REGION.amazonaws.com/ACCOUNT/NAME",
    "^(P(?=[0-9T])[0-9YMWDTHS]+|[0-9T][0-9]*[0-9a-zA-Z]*)$": "a duration such as P30D, PT12H or 30d",
    "^(arn:aws[a-z-]*:events:[a-z0-9-]+:[0-9]{12}:event-bus/)?[/._A-Za-z0-9-]{1,256}$": "the name or the ARN of an event bus",
    "^arn:aws[a-z-]*:sns:[a-z0-9-]+:[0-9]{12}:[A-Za-z0-9_-]{1,256}$": "the topic's ARN, arn:aws:sns:REGION:ACCOUNT:NAME",
    "^arn:aws[a-z-]*:sqs:[a-z0-9-]+:[0-9]{12}:[A-Za-z0-9_-]{1,80}$": "the ARN of a standard queue, arn:aws:sqs:REGION:ACCOUNT:NAME",
    "^arn:aws[a-z-]*:iam::[0-9]{12}:role/.+$": "the role's ARN, arn:aws:iam::ACCOUNT:role/NAME",
}


def pattern_hint(schema: Schema) -> str:
    """What a text must be like that the schema's pattern refuses, in words."""
    pattern = schema.get("pattern") or schema.get("propertyNames", {}).get("pattern", "")
    return _PATTERNS.get(pattern.replace(r"\Z", "$"), f"a value that matches {pattern}")


def _shown(value: Any, path: ValuePath) -> str:
    """A value as a message may show it: short, and never one that could be a secret."""
    if isinstance(value, Expression):
        return quoted(written(value))
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list):
        return "a list"
    if "env" in path or "hyperparameters" in path:
        return "text" if isinstance(value, str) else "a number or a truth value"
    if isinstance(value, str):
        return quoted(value)
    text = json.dumps(value)
    return text if len(text) <= 60 else "a number of many digits"
