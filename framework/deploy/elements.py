"""A definition in, what it is made of out: its parameters, its steps wherever they stand, and the rest, each by its name.

Two of these lists tell which step of the one is which step of the other; a step that only has another name is told apart by what
it is otherwise.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from framework.deploy.fields import Keys, canonical
from framework.pipeline.step_graph import INNER_STEPS

_WORDS = re.compile(r"[A-Za-z0-9]+|[^A-Za-z0-9]+")


@dataclass(frozen=True, slots=True)
class Element:
    """One of the things that a pipeline is made of.

    Attributes:
        value: what is compared of it. A step's DependsOn is a mapping here, and the steps that it holds are elements of their own.
        keys: where it stands in the definition.
        within: for a step inside another, the list that holds it, as in "check.IfSteps".
    """

    value: Mapping[str, Any]
    keys: Keys = ()
    within: str = ""

    @property
    def type(self) -> str:
        """The type of a step."""
        return str(self.value.get("Type", ""))


Elements = dict[str, Element]


def root_of(definition: Mapping[str, Any]) -> dict[str, Any]:
    """The members of a definition beside its parameters and steps."""
    lists = [key for key in ("Parameters", "Steps") if isinstance(definition.get(key), list)]
    return {key: value for key, value in definition.items() if key not in lists}


def roots(definition: Mapping[str, Any]) -> Elements:
    """The members of a definition beside its parameters and steps, in alphabetical order."""
    return {key: Element({key: value}) for key, value in sorted(root_of(definition).items())}


def parameters(definition: Mapping[str, Any]) -> Elements:
    """The parameters, in their order."""
    found = _list(definition, "Parameters")
    return _named(Element(_mapping(value), ("Parameters", index)) for index, value in enumerate(found))


def steps(definition: Mapping[str, Any]) -> Elements:
    """Every step, those inside of another one behind it."""
    return _named(_flat(_list(definition, "Steps"), ("Steps",), ""))


def renamed(before: Elements, after: Elements) -> dict[str, str]:
    """For each new name of a step that is otherwise what it was, its old name."""
    gone = {name: len(_WORDS.findall(name)) for name in before if name not in after}
    new = {name: len(_WORDS.findall(name)) for name in after if name not in before}
    left: dict[str, list[str]] = {}
    for name in gone:
        left.setdefault(_nameless(before[name], gone), []).append(name)
    found = ((name, left.get(_nameless(after[name], new))) for name in new)
    return {name: names.pop(0) for name, names in found if names}


def _nameless(step: Element, names: Mapping[str, int]) -> str:
    """What a step is, whatever it is called, and whatever the other steps are whose names changed."""
    words = _WORDS.findall(canonical({**step.value, "Name": ""}))
    longest, position = max(names.values()), 0
    result: list[str] = []
    while position < len(words):
        ends = range(min(position + longest, len(words)), position, -1)
        end = next((end for end in ends if "".join(words[position:end]) in names), None)
        result.append(words[position] if end is None else "\0")
        position = end or position + 1
    return "".join(result)


def _list(holder: Mapping[str, Any], key: str) -> list[Any]:
    found = holder.get(key)
    return found if isinstance(found, list) else []


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {"": value}


def _named(elements: Iterable[Element]) -> Elements:
    """The elements by name, in their order; of two that share a name, the second is called `name#2`."""
    items: Elements = {}
    for element in elements:
        name = label = str(element.value.get("Name", ""))
        number = 1
        while label in items:
            number += 1
            label = f"{name}#{number}"
        items[label] = element
    return items


def _flat(found: Iterable[Any], keys: Keys, within: str) -> Iterator[Element]:
    """Each step without the steps in it, followed by those."""
    for index, step in enumerate(found):
        here, inner = (*keys, index), _branches(step)
        yield Element(_body(_mapping(step), inner), here, within)
        for member, branch in inner.items():
            yield from _flat(branch, (*here, "Arguments", member), f"{step.get('Name', '')}.{member}")


def _branches(step: Any) -> dict[str, list[Any]]:
    arguments = step.get("Arguments") if isinstance(step, Mapping) else None
    if not isinstance(arguments, Mapping):
        return {}
    keys = INNER_STEPS.get(str(step.get("Type")), ())
    return {key: arguments[key] for key in keys if isinstance(arguments.get(key), list)}


def _body(step: Mapping[str, Any], inner: Mapping[str, Any]) -> Mapping[str, Any]:
    own = {key: value for key, value in step["Arguments"].items() if key not in inner} if inner else {}
    waits = _waits(step.get("DependsOn"))
    return {**step, **({"Arguments": own} if inner else {}), **({} if waits is None else {"DependsOn": waits})}


def _waits(entries: Any) -> Any:
    """DependsOn, which is a set, by the names of the steps in it; merely sorted where it does not name each once."""
    if not isinstance(entries, list):
        return None
    names = [str(entry.get("Step", "")) if isinstance(entry, Mapping) else str(entry) for entry in entries]
    return dict(zip(names, entries, strict=True)) if len(set(names)) == len(names) else sorted(entries, key=canonical)
