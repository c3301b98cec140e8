"""One checker per shape of the API: a value and its place in; violations, and the parts still to be checked, out.

Checkers are made from botocore's shapes when they are first needed, and kept; a shape that contains itself finds its own checker. A
checker never calls another: `walk` goes through a value with a list of what is left, so no depth of nesting can exhaust the stack.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import inf
from typing import Any, TypeAlias

from framework.checks import shape_wording as wording
from framework.checks.botocore_model import Shape, compile_pattern
from framework.findings import ERROR

UNKNOWN, TYPE, MISSING, ENUM, PATTERN, SIZE = "SMP401", "SMP402", "SMP403", "SMP404", "SMP405", "SMP406"
_FUNCTIONS = frozenset({"Get", "Std:Join", "Std:JsonGet"})

# A place from the inside out: (place of the owner, key or index). A path is made of it only when there is something to say.
Trail: TypeAlias = "tuple[Trail, str | int] | None"
Part: TypeAlias = "tuple[Checker, Any, Trail]"


@dataclass(frozen=True, slots=True)
class Violation:
    """One thing in what is sent that is wrong.

    Attributes:
        rule: of the walk here: SMP401 unknown member, SMP402 wrong type, SMP403 missing member, SMP404 not in the enumeration,
            SMP405 pattern, SMP406 length, size or range.
        path: keys and indices from the root of the definition; for a missing member, of what lacks it. What is sent beside the
            definition has the name of its member of CreatePipeline: Tags, RoleArn, …
        message: what is wrong and why, a sentence without its full stop.
        hint: what to do, a sentence without its full stop.
        lacks: the missing member, where one is.
    """

    rule: str
    path: tuple[str | int, ...]
    message: str
    hint: str
    severity: str = ERROR
    lacks: str = ""


@dataclass(slots=True)
class Found:
    """What a walk finds.

    Attributes:
        violations: what the API will refuse, in document order.
        references: what is known only when the pipeline runs: the checker of the shape that is wanted, the reference, its place.
    """

    violations: list[Violation] = field(default_factory=list)
    references: list[tuple[Checker, Any, Trail]] = field(default_factory=list)


def walk(checker: Checker, value: Any, trail: Trail, found: Found) -> None:
    """Check a value and everything in it, in document order; what is wrong goes into `found`."""
    todo: list[Part] = [(checker, value, trail)]
    while todo:
        checker, value, trail = todo.pop()
        todo += reversed(checker.check(value, trail, found))


def is_reference(value: Any) -> bool:
    """Whether a value is known only when the pipeline runs."""
    return isinstance(value, dict) and len(value) == 1 and not _FUNCTIONS.isdisjoint(value)


def missing(trail: Trail, member: str, owner: str, cure: str) -> Violation:
    """The violation "what stands at `trail` lacks a member that `owner` requires"."""
    path = path_of(trail)
    message = f"{wording.label(path)} lacks {member}, which {owner} requires"
    return Violation(MISSING, path, message, f"add {member}, {cure}", lacks=member)


class Checkers:
    """The checkers of an API's shapes by name, each made when it is first asked for."""

    def __init__(self, shapes: Mapping[str, Shape]) -> None:
        self.shapes = shapes
        self._made: dict[str, Checker] = {}

    def __getitem__(self, name: str) -> Checker:
        found = self._made.get(name)
        if found is None:
            found = self._made[name] = self.make(name, self.shapes[name])
        return found

    def make(self, name: str, shape: Shape) -> Checker:
        """A checker of this shape, which need not be the one that has the name in the model."""
        return _CHECKERS.get(shape["type"], Checker)(name, shape, self)


class Checker:
    """Checks the values of one shape; this one, for types that botocore does not describe further, takes any value."""

    def __init__(self, name: str, shape: Shape, checkers: Checkers) -> None:
        self.name, self.shape, self.checkers = name, shape, checkers
        self.low, self.high = shape.get("min", -inf), shape.get("max", inf)

    def check(self, value: Any, trail: Trail, found: Found) -> Sequence[Part]:
        """The parts of a value that are still to be checked; what is wrong with the value itself goes into `found`."""
        return ()

    def mistyped(self, value: Any, trail: Trail, found: Found) -> Sequence[Part]:
        """Say that a value has the wrong type; a reference is kept for later. Neither has parts to look at."""
        if is_reference(value):
            found.references.append((self, value, trail))
        else:
            what = f"is {wording.typed(self.shape, value)}, but {self.name} is {wording.kind(self.shape)}"
            found.violations.append(self.violation(TYPE, trail, what, wording.type_cure(self.name, self.shape, value)))
        return ()

    def missized(self, value: Any, trail: Trail) -> Violation:
        """The violation "too long, too short, too many, …"."""
        what = f"{wording.size(self.shape, value)}, but {self.name} takes {wording.bounds(self.shape)}"
        return self.violation(SIZE, trail, what, f"write {wording.wanted(self.name, self.shape)}")

    def violation(self, rule: str, trail: Trail, what: str, hint: str) -> Violation:
        """A violation by what stands at `trail`."""
        path = path_of(trail)
        return Violation(rule, path, f"{wording.label(path)} {what}", hint)


class _Structure(Checker):
    def __init__(self, name: str, shape: Shape, checkers: Checkers) -> None:
        super().__init__(name, shape, checkers)
        self.members: dict[str, str] = shape["members"]
        self.required: Sequence[str] = shape.get("required", ())
        self._unknown = _Unknown(name, shape, checkers)
        self._known: dict[str, Checker] = {}

    def check(self, value: Any, trail: Trail, found: Found) -> Sequence[Part]:
        if not isinstance(value, dict) or is_reference(value):
            return self.mistyped(value, trail, found)
        absent = [member for member in self.required if member not in value]
        if absent:
            found.violations += self._missing(absent, value, trail)
        known = self._known
        return [(known.get(key) or self._of(key), item, (trail, key)) for key, item in value.items()]

    def _of(self, member: str) -> Checker:
        if member not in self.members:
            return self._unknown
        return self._known.setdefault(member, self.checkers[self.members[member]])

    def _missing(self, absent: Sequence[str], value: Mapping[str, Any], trail: Trail) -> list[Violation]:
        # A misspelt member is one mistake: it is reported as unknown, with the name it should have, and not as missing as well.
        misspelt = {wording.closest(str(key), tuple(self.members)) for key in value if key not in self.members}
        return [missing(trail, member, self.name, self._wanted(member)) for member in absent if member not in misspelt]

    def _wanted(self, member: str) -> str:
        name = self.members[member]
        return wording.wanted(name, self.checkers.shapes[name])


class _Unknown(Checker):
    """Stands for every member that a structure does not have."""

    def check(self, value: Any, trail: Trail, found: Found) -> Sequence[Part]:
        path = path_of(trail)
        hint = wording.member_cure(self.name, tuple(self.shape["members"]), str(path[-1]))
        found.violations.append(Violation(UNKNOWN, path, f"{self.name} has no member {path[-1]}", hint))
        return ()


class _List(Checker):
    def check(self, value: Any, trail: Trail, found: Found) -> Sequence[Part]:
        if not isinstance(value, list):
            return self.mistyped(value, trail, found)
        if not self.low <= len(value) <= self.high:
            found.violations.append(self.missized(value, trail))
        checker = self.checkers[self.shape["member"]]
        return [(checker, item, (trail, at)) for at, item in enumerate(value)]


class _Map(Checker):
    def __init__(self, name: str, shape: Shape, checkers: Checkers) -> None:
        super().__init__(name, shape, checkers)
        self.keys = _Key(shape["key"], checkers.shapes[shape["key"]], checkers)

    def check(self, value: Any, trail: Trail, found: Found) -> Sequence[Part]:
        if not isinstance(value, dict) or is_reference(value):
            return self.mistyped(value, trail, found)
        if not self.low <= len(value) <= self.high:
            found.violations.append(self.missized(value, trail))
        keys, values = self.keys, self.checkers[self.shape["value"]]
        return [part for key, item in value.items() for part in ((keys, key, (trail, key)), (values, item, (trail, key)))]


class _String(Checker):
    def __init__(self, name: str, shape: Shape, checkers: Checkers) -> None:
        super().__init__(name, shape, checkers)
        self.enum: tuple[str, ...] = tuple(shape.get("enum", ()))
        self.legal = frozenset(self.enum)
        self.pattern = compile_pattern(shape["pattern"]) if "pattern" in shape else None

    def check(self, value: Any, trail: Trail, found: Found) -> Sequence[Part]:
        if not isinstance(value, str):
            return self.mistyped(value, trail, found)
        if self.legal and value not in self.legal:
            what = f"is {wording.shown(self.shape, value)}, which is no value of {self.name}"
            found.violations.append(self.violation(ENUM, trail, what, wording.enum_cure(self.name, self.enum, value)))
        elif not self.low <= len(value) <= self.high:
            found.violations.append(self.missized(value, trail))
        elif self.pattern and not self.pattern.fullmatch(value):
            what = f"is {wording.shown(self.shape, value)}, which does not match the pattern of {self.name}"
            found.violations.append(self.violation(PATTERN, trail, what, wording.pattern_cure(self.pattern, value)))
        return ()


class _Key(_String):
    """A key of a map, whose place is that of its value."""

    def violation(self, rule: str, trail: Trail, what: str, hint: str) -> Violation:
        path = path_of(trail)
        return Violation(rule, path, f"Key {wording.label(path)} of {wording.label(path[:-1])} {what}", hint)


class _Number(Checker):
    def __init__(self, name: str, shape: Shape, checkers: Checkers) -> None:
        super().__init__(name, shape, checkers)
        self.types = (int,) if shape["type"] in ("integer", "long") else (int, float)

    def check(self, value: Any, trail: Trail, found: Found) -> Sequence[Part]:
        if isinstance(value, bool) or not isinstance(value, self.types):
            return self.mistyped(value, trail, found)
        if value < self.low or value > self.high:
            found.violations.append(self.missized(value, trail))
        return ()


class _Boolean(Checker):
    def check(self, value: Any, trail: Trail, found: Found) -> Sequence[Part]:
        return () if isinstance(value, bool) else self.mistyped(value, trail, found)


_CHECKERS: Mapping[str, type[Checker]] = {
    "structure": _Structure,
    "list": _List,
    "map": _Map,
    "string": _String,
    "integer": _Number,
    "long": _Number,
    "float": _Number,
    "double": _Number,
    "boolean": _Boolean,
}


def path_of(trail: Trail) -> tuple[str | int, ...]:
    """A place as keys and indices from the root."""
    inside_out: list[str | int] = []
    while trail is not None:
        trail, key = trail
        inside_out.append(key)
    return tuple(reversed(inside_out))
