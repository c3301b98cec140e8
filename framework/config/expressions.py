"""Expressions: `${parameters.X}`, `${steps.a.outputs.train}`, … — values that are known only when the pipeline runs.

In: what stands between `${` and `}`. Out: an `Expression`, or an `ExpressionError` that says at which character it cannot be read.
Nothing is evaluated here or anywhere: an expression names a value, and the service looks it up.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from framework.findings import nearest

EXECUTION_VARIABLES = (
    "CurrentDateTime", "PipelineArn", "PipelineExecutionArn", "PipelineExecutionId", "PipelineName", "ProcessingJobName",
    "StartDateTime", "TrainingJobName",
)  # fmt: skip
"""What an execution knows of itself: the SDK's ExecutionVariables, and the two that the guide gives for custom job names."""

ROOTS = ("parameters", "execution", "steps", "item", "iteration")
EVENT = "event"
"""The root of what triggers and notifications alone know: the event that EventBridge hands over."""

EVENT_MEMBERS = ("account", "detail", "detail-type", "id", "region", "resources", "source", "time", "version")
_LOOKS_LIKE = re.compile(rf"\s*(?:{'|'.join(ROOTS)})\s*(?:[.\[]|\Z)")
_LOOKS_LIKE_EVENT = re.compile(rf"\s*{EVENT}\s*(?:[.\[]|\Z)")
_SEGMENT = re.compile(r"\.(?P<name>[A-Za-z0-9_-]+)|\[(?P<index>[0-9]{1,9})\]|\['(?P<key>[^'\]]+)'\]|\[\"(?P<quoted>[^\"\]]+)\"\]")
_DRILL = re.compile(r"[A-Za-z0-9_-]+\Z")

Segment = tuple[str, str]
"""A part of a path: ("name", "a") for `.a`, ("key", "a b") for `['a b']`, ("index", "0") for `[0]`."""


class ExpressionError(ValueError):
    """An expression that cannot be read. `offset` counts the characters before the place that is wrong."""

    def __init__(self, message: str, offset: int, hint: str = "") -> None:
        super().__init__(message)
        self.offset = offset
        self.hint = hint


class Expression:
    """A value known only when the pipeline runs."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Parameter(Expression):
    """A parameter of the pipeline; `kind` is its type once the pipeline is known: String, Integer, Float or Boolean."""

    name: str
    kind: str = ""


@dataclass(frozen=True, slots=True)
class Variable(Expression):
    """A fact of the execution, such as PipelineExecutionId."""

    name: str


@dataclass(frozen=True, slots=True)
class Ref(Expression):
    """A property of another step in the service's notation: `Ref("train", "ModelArtifacts.S3ModelArtifacts")`.

    `kind` is its type where the configuration tells it: String, Integer, Float or Boolean.
    """

    step: str
    path: str
    kind: str = ""


@dataclass(frozen=True, slots=True)
class Output(Expression):
    """What a step puts out under a name; which property that is, its step class says."""

    step: str
    name: str


@dataclass(frozen=True, slots=True)
class Report(Expression):
    """A value of a step's report. `file` names one of several property files; "" is for a step that has one."""

    step: str
    file: str
    path: str


@dataclass(frozen=True, slots=True)
class JsonGet(Expression):
    """A value in a property file, both named as the service names them."""

    step: str
    file: str
    path: str


@dataclass(frozen=True, slots=True)
class Item(Expression):
    """The item of the loop that the step runs in, or a part of it."""

    path: str = ""


@dataclass(frozen=True, slots=True)
class Iteration(Expression):
    """What a step of a loop tells in each iteration; only the loop's selector can look at it."""

    step: str
    path: str


@dataclass(frozen=True, slots=True)
class Event(Expression):
    """A part of the event that sets off a trigger or a notification: `Event("detail.object.key")`."""

    path: str


@dataclass(frozen=True, slots=True)
class Join(Expression):
    """Parts joined into one text when the pipeline runs."""

    on: str
    values: tuple[Any, ...]


def is_expression(text: str) -> bool:
    """Whether what stands in `${…}` is meant as an expression, and not as the name of an environment variable."""
    return _LOOKS_LIKE.match(text) is not None


def is_event(text: str) -> bool:
    """Whether what stands in `${…}` is meant as a part of an event."""
    return _LOOKS_LIKE_EVENT.match(text) is not None


def parse(text: str) -> Expression:
    """The expression that stands in `${…}`.

    Raises:
        ExpressionError: it cannot be read.
    """
    root = text.strip().partition(".")[0].partition("[")[0].strip()
    start = text.index(root) + len(root)
    segments = list(_segments(text, start))
    if root == "parameters":
        return Parameter(_only_name(text, segments, start, "a parameter", "parameters.Name"))
    if root == "execution":
        return _variable(_only_name(text, segments, start, "a fact of the execution", "execution.PipelineExecutionId"), start)
    if root == "item":
        return Item(notation(segments))
    if root == EVENT:
        return _of_event(segments, start)
    if not segments:
        raise ExpressionError(f"{root} needs the name of a step", start, f"{root}.NAME.…")
    step, path = segments[0][1], segments[1:]
    if root == "iteration":
        return _inside(step, path, start)
    return _of_step(step, path, start)


def _segments(text: str, start: int) -> Iterator[Segment]:
    position, end = start, len(text.rstrip())
    while position < end:
        match = _SEGMENT.match(text, position)
        if match is None:
            raise ExpressionError(f'"{text[position:end]}" is no path', position, "write .name, ['name'] or [0]")
        kind = str(match.lastgroup)
        yield ("key" if kind == "quoted" else kind, match[kind])
        position = match.end()


def _only_name(text: str, segments: Sequence[Segment], start: int, what: str, example: str) -> str:
    if len(segments) == 1 and segments[0][0] != "index":
        return segments[0][1]
    message = f"{text.strip()} goes on behind the name" if segments else f"{text.strip()} names nothing"
    raise ExpressionError(f"{message}; {what} is one name", start, example)


def _variable(name: str, start: int) -> Variable:
    if name not in EXECUTION_VARIABLES:
        raise ExpressionError(f"an execution has no {name}", start + 1, nearest(name, EXECUTION_VARIABLES))
    return Variable(name)


def _of_event(segments: Sequence[Segment], start: int) -> Event:
    """EventBridge reads paths of letters, digits, hyphens, underscores and indices; nothing in brackets and quotes."""
    root = segments[0][1] if segments else ""
    if root not in EVENT_MEMBERS:
        what = f"an event has no {root}" if root else "event names no member"
        raise ExpressionError(what, start + bool(root), nearest(root, EVENT_MEMBERS) or "event.detail.NAME")
    strange = next((name for kind, name in segments if kind == "key" and not _DRILL.match(name)), "")
    if strange:
        hint = "name a member of letters, digits, hyphens and underscores"
        raise ExpressionError(f'EventBridge cannot read the name "{strange}"', start, hint)
    return Event(notation([("name" if kind == "key" else kind, name) for kind, name in segments]))


def _inside(step: str, path: Sequence[Segment], start: int) -> Expression:
    if len(path) == 2 and path[0] == ("name", "outputs"):
        return Iteration(step, f"OutputParameters{bracketed(path[1][1])}")
    if not path:
        raise ExpressionError(f"iteration.{step} names no property", start, f"iteration.{step}.outputs.NAME")
    return Iteration(step, notation(path))


def _of_step(step: str, path: Sequence[Segment], start: int) -> Expression:
    word = path[0] if path else ("", "")
    if not path:
        raise ExpressionError(f"steps.{step} names no property", start, f"steps.{step}.outputs.NAME")
    if word == ("name", "outputs"):
        if len(path) != 2 or path[1][0] == "index":
            raise ExpressionError(f"steps.{step}.outputs needs the name of one output", start, f"steps.{step}.outputs.NAME")
        return Output(step, path[1][1])
    if word == ("name", "report") and len(path) > 1:
        return Report(step, "", notation(path[1:]))
    if word == ("name", "reports") and len(path) > 2:
        return Report(step, path[1][1], notation(path[2:]))
    if word[1] in {"report", "reports"}:
        raise ExpressionError(f"steps.{step}.{word[1]} needs the path of a value", start, f"steps.{step}.report.metrics.f1.value")
    return Ref(step, notation(path))


def notation(segments: Sequence[Segment]) -> str:
    """A path as the service writes it: a.b['c d'][0]."""
    text = ""
    for kind, value in segments:
        text += f"[{value}]" if kind == "index" else bracketed(value) if kind == "key" else f".{value}" if text else value
    return text


def bracketed(key: str) -> str:
    """A key as a part of a path: ['a b']; in the other quotes where it holds these."""
    return f'["{key}"]' if "'" in key else f"['{key}']"


def written(value: Any) -> str:
    """An expression, or a text between expressions, as people write it."""
    if isinstance(value, Join):
        return value.on.join(map(written, value.values))
    return f"${{{_source(value)}}}" if isinstance(value, Expression) else str(value)


def _source(value: Expression) -> str:
    if isinstance(value, Parameter):
        return f"parameters{_step(value.name)}"
    if isinstance(value, Variable):
        return f"execution.{value.name}"
    if isinstance(value, Item):
        return f"item{_behind(value.path)}"
    if isinstance(value, Iteration):
        return f"iteration{_step(value.step)}{_behind(value.path)}"
    if isinstance(value, Event):
        return f"{EVENT}.{value.path}"
    if isinstance(value, Output):
        return f"steps{_step(value.step)}.outputs{_step(value.name)}"
    if isinstance(value, (Report, JsonGet)):
        file = f"s{_step(value.file)}" if value.file else ""
        return f"steps{_step(value.step)}.report{file}{_behind(value.path)}"
    assert isinstance(value, Ref)
    return f"steps{_step(value.step)}{_behind(value.path)}"


def _step(name: str) -> str:
    return f".{name}" if _DRILL.match(name) else bracketed(name)


def _behind(path: str) -> str:
    return path if not path or path.startswith("[") else f".{path}"
