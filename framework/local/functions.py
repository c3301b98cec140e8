"""The functions of a definition: Get, Std:Join and Std:JsonGet, wherever they stand, become values.

In: JSON with functions in it, and what is known so far: parameters, execution variables, descriptions of finished steps, and in
the body of a loop its item. Out: plain JSON. What cannot be found is an `UnresolvedError`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from framework.findings import nearest
from framework.local.graph import Iteration

PART = re.compile(r"\.([^.\[\]]+)|\['([^']*)'\]|\[\"([^\"]*)\"\]|\[([0-9]+)\]")
STEP = re.compile(r"Steps\.([^.\[\]]+)(.+)", re.DOTALL)
ITEM = re.compile(r"ForEach\.CurrentItem(.*)", re.DOTALL)
NAMES = ("OutputName", "InputName", "ChannelName", "MetricName", "ContainerHostname", "Name", "Key")
"""The members by which the API's lists of named things name them."""


class UnresolvedError(Exception):
    """A function leads nowhere; the message is a sentence without its full stop."""


def parse_path(path: str) -> list[str | int]:
    """The parts of a path such as `a.b['c'][0]`.

    Raises:
        UnresolvedError: it cannot be read.
    """
    rest = path if path.startswith(("[", ".")) else f".{path}"
    parts: list[str | int] = []
    while rest:
        match = PART.match(rest)
        if not match:
            raise UnresolvedError(f"{path!r} is not a path; it breaks off at {rest!r}")
        name, quoted, double, index = match.groups()
        parts.append(int(index) if index is not None else name or quoted or double or "")
        rest = rest[match.end() :]
    return parts


def look_up(value: Any, path: str) -> Any:
    """The value at a path of maps, lists and lists of named things.

    Raises:
        UnresolvedError: there is none.
    """
    so_far = ""
    for part in parse_path(path):
        value = _member(value, part, so_far)
        so_far += f"[{part}]" if isinstance(part, int) else f".{part}"
    return value


def _member(value: Any, part: str | int, so_far: str) -> Any:
    where = so_far.lstrip(".") or "the top"
    if isinstance(part, int):
        if isinstance(value, list) and part < len(value):
            return value[part]
        raise UnresolvedError(f"there is no element {part} at {where}")
    members = value if isinstance(value, Mapping) else _named(value)
    if part in members:
        return members[part]
    hint = nearest(part, members)
    raise UnresolvedError(f"there is no {part} at {where}" + (f"; there is {hint}" if hint else ""))


def _named(value: Any) -> dict[str, Any]:
    elements = [element for element in value if isinstance(element, Mapping)] if isinstance(value, list) else []
    return {str(element[key]): element for element in elements for key in reversed(NAMES) if key in element}


def text(value: Any) -> str:
    """A scalar as it is written where a string is expected.

    Raises:
        UnresolvedError: it is not a scalar.
    """
    if isinstance(value, str):
        return value
    if isinstance(value, (bool, int, float)):
        return json.dumps(value)
    raise UnresolvedError(f"a string or a number was expected, not {json.dumps(value)[:100]}")


@dataclass(frozen=True)
class Resolver:
    """Turns functions into values.

    Attributes:
        parameters: the typed values of the pipeline parameters.
        execution: the execution variables, less those that change.
        descriptions: what finished steps tell, by step name.
        read: reads the object at an s3:// URI.
        iteration: the iteration of a loop that the value belongs to.
    """

    parameters: Mapping[str, Any]
    execution: Mapping[str, Any]
    descriptions: Mapping[str, Mapping[str, Any]]
    read: Callable[[str], bytes]
    iteration: Iteration | None = None

    def resolve(self, value: Any) -> Any:
        """The value with every function in it replaced.

        Raises:
            UnresolvedError: a function leads nowhere.
        """
        if isinstance(value, Mapping):
            function = self._function(value)
            return function() if function else {key: self.resolve(member) for key, member in value.items()}
        if isinstance(value, list):
            return [self.resolve(member) for member in value]
        return value

    def as_far_as_known(self, value: Any) -> Any:
        """As `resolve`, but a function that leads nowhere stays as it is."""
        if isinstance(value, Mapping) and self._function(value):
            try:
                return self.resolve(value)
            except UnresolvedError:
                return value
        if isinstance(value, Mapping):
            return {key: self.as_far_as_known(member) for key, member in value.items()}
        return [self.as_far_as_known(member) for member in value] if isinstance(value, list) else value

    def _function(self, value: Mapping[str, Any]) -> Callable[[], Any] | None:
        if len(value) != 1:
            return None
        (name, argument), *_ = value.items()
        if name == "Get" and isinstance(argument, str):
            return lambda: self._get(argument)
        if name == "Std:Join" and isinstance(argument, Mapping):
            return lambda: self._join(argument)
        if name == "Std:JsonGet" and isinstance(argument, Mapping):
            return lambda: self._json_get(argument)
        return None

    def _get(self, path: str) -> Any:
        scope, _, name = path.partition(".")
        try:
            if scope == "Parameters":
                return _known(self.parameters, name, "parameter")
            if scope == "Execution":
                return _known(self.execution, name, "execution variable")
            if self.iteration and (match := ITEM.fullmatch(path)):
                return _of_item(self.iteration.item, match[1])
            return self._of_step(path)
        except UnresolvedError as error:
            raise UnresolvedError(f"{{'Get': {path!r}}} leads nowhere: {error}") from None

    def _of_step(self, path: str) -> Any:
        match = STEP.fullmatch(path)
        if not match:
            raise UnresolvedError("it begins with none of Parameters., Execution., Steps.<name>.")
        step, rest = match.groups()
        step = self.iteration.aliases.get(step, step) if self.iteration else step
        if step not in self.descriptions:
            raise UnresolvedError(f"no step {step} has run before this one")
        return look_up(self.descriptions[step], rest)

    def _join(self, argument: Mapping[str, Any]) -> str:
        values = self.resolve(argument.get("Values") or [])
        if not isinstance(values, list):
            raise UnresolvedError("the Values of a Std:Join are not a list")
        return str(argument.get("On", "")).join(text(value) for value in values)

    def _json_get(self, argument: Mapping[str, Any]) -> Any:
        path = str(argument.get("Path", ""))
        if "S3Uri" in argument:
            uri = text(self.resolve(argument["S3Uri"]))
            content = _parsed(self.read(uri), uri)
        else:
            file = argument.get("PropertyFile")
            uri = str(file.get("Get")) if isinstance(file, Mapping) else ""
            content = self._get(uri)
        try:
            return look_up(content, path)
        except UnresolvedError as error:
            raise UnresolvedError(f"Std:JsonGet finds no {path} in {uri}: {error}") from None


def _of_item(item: Any, path: str) -> Any:
    """A loop's item, or what is at a path of it where it is an object or the text of one."""
    if not path:
        return item if isinstance(item, (str, bool, int, float)) else json.dumps(item)
    if isinstance(item, str):
        try:
            item = json.loads(item)
        except ValueError:
            raise UnresolvedError(f"the item {item[:100]!r} is not the text of a JSON object") from None
    return look_up(item, path)


def _known(values: Mapping[str, Any], name: str, kind: str) -> Any:
    if name not in values:
        raise UnresolvedError(f"there is no {kind} {name}")
    return values[name]


def _parsed(content: bytes, uri: str) -> Any:
    try:
        return json.loads(content)
    except ValueError as error:
        raise UnresolvedError(f"{uri} is not JSON: {error}") from None
