"""The values of a definition as far as they are known before an execution: a value with references in, what they stand for out.

What is the same in every execution can be compared with what it was in another definition. What is not is `Fresh`, like nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from framework.deploy.elements import Elements
from framework.deploy.fields import ABSENT, canonical, value_at
from framework.pipeline.cache_keys import FRESH

ECHOED = ("OutputDataConfig", "ProcessingInputs", "ProcessingOutputConfig", "TransformOutput")
"""The members of a step's result that are what its arguments say."""

DEEPEST = 40
"""Places that lead to other places, one behind the other, are followed so far."""


class Fresh(str):
    """Stands for a value that is another one in every execution; `why` it is, as in "comes from prep, which runs"."""

    __slots__ = ("why",)
    why: str

    def __new__(cls, target: str, why: str) -> Fresh:
        """The value of a reference."""
        made = super().__new__(cls, f"\0fresh {target}")
        made.why = why
        return made


@dataclass(frozen=True, slots=True)
class Values:
    """The values of a definition.

    Attributes:
        steps, parameters: what it is made of.
        runs: whether a step runs in the next execution, of those that this is known of.
        is_next: whether it is the definition of the next execution, and not the one of those before.
    """

    steps: Elements
    parameters: Elements
    runs: Mapping[str, bool]
    is_next: bool

    def known(self, value: Any, step: str, depth: int = 0) -> Any:
        """A value of a step with what its references stand for; one that stands for what it did before is told by its name."""
        if isinstance(value, list):
            return [self.known(each, step, depth) for each in value]
        if not isinstance(value, Mapping):
            return value
        if set(value) == {"Get"}:
            return self._got(str(value["Get"]), step, depth)
        inner = {key: self.known(each, step, depth) for key, each in value.items()}
        if set(value) in ({"Std:Join"}, {"Std:JsonGet"}):
            fresh = next(_fresh(inner), None)
            return _joined(inner) if fresh is None else fresh
        return inner

    def _got(self, target: str, step: str, depth: int) -> Any:
        kind, _, rest = target.partition(".")
        name, _, path = rest.partition(".")
        if kind == "Parameters" and name in self.parameters:
            return self.parameters[name].value.get("DefaultValue", f"\0{target}")
        if kind == "Execution" and name in FRESH:
            return self._new(target, f"holds {target}, which is new in every execution")
        if kind in {"Steps", "IterationOutput"} and self.runs.get(name, True):
            echo = self._echo(name, path, depth) if kind == "Steps" else ABSENT
            return self._new(target, f"comes from {name}, which runs") if echo is ABSENT else echo
        return self._item(target, step, depth) if kind == "ForEach" else f"\0{target}"

    def _new(self, target: str, why: str) -> str:
        """What is another value in every execution. Of those before there is one that counts, that of the last."""
        return Fresh(target, why) if self.is_next else f"\0{target}"

    def _echo(self, name: str, path: str, depth: int) -> Any:
        """What a step's arguments say of its result at a path; ABSENT where they do not, or not the same in every execution."""
        if name not in self.steps or not path.startswith(ECHOED) or depth > DEEPEST:
            return ABSENT
        found = value_at(self.steps[name].value.get("Arguments"), path)
        known = ABSENT if found is ABSENT else self.known(found, name, depth + 1)
        return ABSENT if any(_fresh(known)) else known

    def _item(self, target: str, step: str, depth: int) -> str:
        """What the step of a loop's body sees of an item: it is what it was as long as all items are."""
        loop = self._loop(step)
        arguments = self.steps[loop].value.get("Arguments") if loop else None
        items = self.known((arguments or {}).get("IterableItems"), loop, depth + 1)
        fresh = next(_fresh(items), None)
        return fresh or f"\0{target} of {canonical(items)}"

    def _loop(self, step: str) -> str:
        """The innermost loop that a step stands in; "" for none."""
        while step in self.steps and self.steps[step].within:
            step, _, member = self.steps[step].within.rpartition(".")
            if member == "ForEachBody":
                return step if step in self.steps else ""
        return ""


def _joined(function: Mapping[str, Any]) -> Any:
    """A function as it is, or the text that it makes where all of it is known."""
    join = function.get("Std:Join")
    values = join.get("Values") if isinstance(join, Mapping) else None
    if isinstance(values, list) and all(isinstance(each, str) and not each.startswith("\0") for each in values):
        return str(join.get("On", "")).join(values) if isinstance(join, Mapping) else function
    return function


def _fresh(value: Any) -> Iterator[Fresh]:
    """The fresh values in a value."""
    if isinstance(value, Fresh):
        yield value
    for inner in value.values() if isinstance(value, Mapping) else value if isinstance(value, list) else ():
        yield from _fresh(inner)
